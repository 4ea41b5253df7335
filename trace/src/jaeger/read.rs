//! Jaeger's JSON from a file, a span at a time: a malformed span does not affect the
//! others.
//!
//! Files that Jaeger's page saves have passed through JavaScript: integers are rounded,
//! and texts are cut within a character. They are accepted, with the nearest integer and
//! with U+FFFD for invalid text.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::to_otlp::Groups;
use super::{Process, Span};
use crate::json::{Object, mended, read_part, utf8};
use crate::otlp::Read;

/// The spans of a file: an answer of Jaeger's API, a list of traces, or one trace.
///
/// # Errors
/// It is malformed outside of its spans. The error has the place.
pub fn read(text: &[u8]) -> Result<Read, serde_json::Error> {
    let text = mended(utf8(text));
    let File(traces) = serde_json::from_str(&text)?;
    let mut read = Read::default();
    for (place, Object(trace)) in traces.into_iter().enumerate() {
        spans(&text, place, trace, &mut read);
    }
    Ok(read)
}

/// A trace whose spans and processes are unparsed texts.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Parts<'a> {
    #[serde(borrow)]
    spans: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    processes: Option<BTreeMap<String, &'a RawValue>>,
}

fn spans(text: &str, place: usize, trace: Parts<'_>, read: &mut Read) {
    let processes = trace.processes.unwrap_or_default().into_iter();
    let processes = processes.map(|(key, part)| (key, read_part::<Process>(text, 1, part)));
    let mut groups = Groups::new(processes.collect());
    for (number, part) in trace.spans.unwrap_or_default().into_iter().enumerate() {
        let span = read_part::<Span>(text, 1, part);
        if let Err(why) = span.and_then(|span| groups.add(span)) {
            let message = || format!("data[{place}].spans[{number}]: {why}");
            read.left_out.add(message);
        }
    }
    read.data
        .resource_spans
        .extend(groups.into_resource_spans());
}

/// The traces in any of the enclosing forms. An untagged enum would lose the place of an
/// error.
struct File<'a>(Vec<Object<Parts<'a>>>);

impl<'de: 'a, 'a> Deserialize<'de> for File<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Shapes)
    }
}

struct Shapes;

/// All fields of all forms.
#[derive(Deserialize)]
struct Any<'a> {
    #[serde(borrow)]
    data: Option<Vec<Object<Parts<'a>>>>,
    #[serde(borrow)]
    spans: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    processes: Option<BTreeMap<String, &'a RawValue>>,
}

impl<'de> Visitor<'de> for Shapes {
    type Value = File<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("traces of Jaeger's")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<File<'de>, A::Error> {
        Deserialize::deserialize(SeqAccessDeserializer::new(list)).map(File)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<File<'de>, A::Error> {
        let any = Any::deserialize(MapAccessDeserializer::new(map))?;
        match (any.data, any.spans) {
            (Some(traces), _) => Ok(File(traces)),
            (None, spans @ Some(_)) => Ok(File(vec![Object(Parts {
                spans,
                processes: any.processes,
            })])),
            (None, None) => Err(A::Error::custom(
                "there is neither `data` nor `spans` in it",
            )),
        }
    }
}
