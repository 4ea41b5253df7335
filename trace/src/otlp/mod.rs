//! OTLP as JSON, with everything that its specification asks of readers.
//!
//! It is the JSON of protobuf 3 with ids as hexadecimal digits: any field may be
//! left out or `null`, names may have underscores, numbers may be texts and
//! enums names, and NaN and infinities are words. `opentelemetry-proto` has the
//! types, but its own reader accepts none of that, and its writer writes `null`
//! for `NaN`.
//!
//! <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>,
//! <https://protobuf.dev/programming-guides/json/>

mod messages;
mod protobuf;
mod read;
mod scalars;

use opentelemetry_proto::tonic::trace::v1::TracesData;
use serde::de::Error as _;
use serde::{Deserialize, Serialize, Serializer};

use crate::json::{Object, utf8};
use crate::store::LeftOut;
use messages::Message;
pub use protobuf::read_protobuf;
use read::{Around, Traces};

/// The spans of a request or a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Read {
    /// The spans that could be read.
    pub data: TracesData,
    /// The spans that were left out.
    pub left_out: LeftOut,
}

/// Reads a request of the OTLP exporter.
///
/// # Errors
/// It is malformed outside of its spans. The error has the place.
pub fn read(text: &[u8]) -> Result<Read, serde_json::Error> {
    let text = utf8(text);
    let Object(traces) = serde_json::from_str::<Object<Traces<'_>>>(&text)?;
    let groups = traces.resource_spans.unwrap_or_default();
    Ok(read::spans(&text, 1, groups))
}

/// Reads a file: a request, or an answer of Jaeger's v3 API, which has it as `result`.
/// The text begins in that line, counted from 1.
///
/// # Errors
/// As for [`read`], with a line that is counted from 1 in the text.
pub fn read_saved(text: &[u8], line: u64) -> Result<Read, serde_json::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Saved<'a> {
        #[serde(borrow)]
        result: Option<Object<Traces<'a>>>,
        #[serde(borrow, alias = "resource_spans")]
        resource_spans: Option<Vec<Object<Around<'a>>>>,
    }
    let text = utf8(text);
    let saved: Saved<'_> = serde_json::from_str(&text)?;
    let groups = match (saved.result, saved.resource_spans) {
        (Some(Object(traces)), _) => traces.resource_spans.unwrap_or_default(),
        (None, Some(groups)) => groups,
        // An empty request is valid; such a file is an error.
        (None, None) => return Err(serde_json::Error::missing_field("resourceSpans")),
    };
    Ok(read::spans(&text, line, groups))
}

/// Writes the spans.
///
/// # Errors
/// Those of `to`.
pub fn write<S: Serializer>(data: &TracesData, to: S) -> Result<S::Ok, S::Error> {
    data.write(to)
}

/// The same, for [`serde_json::to_writer`] and similar functions.
#[derive(Debug)]
pub struct Json<'a>(pub &'a TracesData);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        write(self.0, to)
    }
}

#[cfg(test)]
pub(crate) mod property_tests;
#[cfg(test)]
mod tests;
