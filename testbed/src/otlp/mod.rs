//! OTLP as JSON, as its readers are told to take it.
//!
//! It is the JSON of protobuf 3 with ids as hexadecimal digits: any field may be
//! left out or `null`, names may have underscores, numbers may be texts and
//! enums names, and what is no finite number is a word. `opentelemetry-proto`
//! has the types, but its own reader takes none of that, and its writer writes
//! `null` for `NaN`.
//!
//! <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>,
//! <https://protobuf.dev/programming-guides/json/>

mod messages;
mod scalars;

use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, TracesData};
use serde::de::Error as _;
use serde::{Deserialize, Serialize, Serializer};

use messages::{Message, Whole};

/// What is reported.
///
/// # Errors
/// What is wrong with it, and where.
pub fn read(text: &[u8]) -> Result<TracesData, serde_json::Error> {
    serde_json::from_slice(text).map(|Whole(data)| data)
}

/// What stands in a file: the same, or what Jaeger's v3 API answers, where it
/// is the `result`.
///
/// # Errors
/// As for [`read`].
pub fn read_saved(text: &[u8]) -> Result<TracesData, serde_json::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Saved {
        result: Option<Whole<TracesData>>,
        #[serde(alias = "resource_spans")]
        resource_spans: Option<Vec<Whole<ResourceSpans>>>,
    }
    let saved: Saved = serde_json::from_slice(text)?;
    match (saved.result, saved.resource_spans) {
        (Some(Whole(data)), _) => Ok(data),
        (None, Some(all)) => Ok(TracesData {
            resource_spans: all.into_iter().map(|Whole(around)| around).collect(),
        }),
        // Of a request that would be nothing; of a file it is a mistake.
        (None, None) => Err(serde_json::Error::missing_field("resourceSpans")),
    }
}

/// Writes them.
///
/// # Errors
/// Those of `to`.
pub fn write<S: Serializer>(data: &TracesData, to: S) -> Result<S::Ok, S::Error> {
    data.write(to)
}

/// The same, for [`serde_json::to_writer`] and its like.
#[derive(Debug)]
pub struct Json<'a>(pub &'a TracesData);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        write(self.0, to)
    }
}

#[cfg(test)]
mod tests;
