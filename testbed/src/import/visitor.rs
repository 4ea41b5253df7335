//! Tells the shapes of Jaeger's files apart while they are read: an untagged
//! enum would forget where in the file it was.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};

use crate::jaeger::{Span, Trace};

/// Reads what Jaeger's API answers, a list of traces, or one trace.
pub(super) struct Traces;

/// All fields of all shapes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Any {
    data: Option<Vec<Trace>>,
    #[serde(rename = "traceID", default)]
    trace_id: String,
    spans: Option<Vec<Span>>,
    #[serde(default)]
    processes: std::collections::BTreeMap<String, crate::jaeger::Process>,
}

impl<'de> Visitor<'de> for Traces {
    type Value = super::Traces;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("traces of Jaeger's")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<super::Traces, A::Error> {
        Deserialize::deserialize(SeqAccessDeserializer::new(list)).map(super::Traces)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<super::Traces, A::Error> {
        let any: Any = de::Deserialize::deserialize(MapAccessDeserializer::new(map))?;
        match (any.data, any.spans) {
            (Some(traces), _) => Ok(super::Traces(traces)),
            (None, Some(spans)) => Ok(super::Traces(vec![Trace {
                trace_id: any.trace_id,
                spans,
                processes: any.processes,
                warnings: None,
            }])),
            (None, None) => Err(A::Error::custom(
                "there is neither `data` nor `spans` in it",
            )),
        }
    }
}
