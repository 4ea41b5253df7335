//! The parameters of a search, as Jaeger's v3 API names them.
//!
//! Jaeger requires the range of start times. Here it may be left out: a run has one
//! beginning and one end, and usually all of it is wanted.

use std::collections::BTreeMap;

use jiff::Timestamp;
use trace::store::Query;

use super::answer::Refusal;
use super::parameters::length;

/// The default number of traces that are listed (Jaeger's own default).
const DEFAULT_DEPTH: usize = 100;

/// Parses a query from name-value pairs. Like Jaeger, accepts both `query.serviceName`
/// and `query.service_name`. Unknown names are ignored, so that newer clients work.
pub(super) fn parse(parameters: Vec<(String, String)>) -> Result<Query, Refusal> {
    let mut query = Query {
        limit: Some(DEFAULT_DEPTH),
        ..Query::default()
    };
    for (name, value) in parameters {
        let wrong = |what: &str| Refusal::bad_request(format!("{name}: {value:?} is not {what}"));
        let time = || nanoseconds(&value).ok_or_else(|| wrong("an RFC 3339 time after 1970"));
        let duration = || length(&value).ok_or_else(|| wrong("a duration such as 1.2s or 100ms"));
        match name.strip_prefix("query.").unwrap_or_default() {
            "serviceName" | "service_name" => query.service = Some(value),
            "operationName" | "operation_name" => query.operation = Some(value),
            "startTimeMin" | "start_time_min" => query.start_min = Some(time()?),
            "startTimeMax" | "start_time_max" => query.start_max = Some(time()?),
            "durationMin" | "duration_min" => query.duration_min = Some(duration()?),
            "durationMax" | "duration_max" => {
                query.duration_max = Some(duration()?).filter(|most| *most > 0);
            }
            // Older clients use another name.
            "searchDepth" | "search_depth" | "numTraces" | "num_traces" => {
                query.limit = Some(value.parse().map_err(|_| wrong("a number of traces"))?);
            }
            "attributes" => {
                let map: Result<BTreeMap<_, _>, _> = serde_json::from_str(&value);
                query.attributes = map.map_err(|_| wrong("a JSON object of strings"))?;
            }
            _ => {}
        }
    }
    Ok(query)
}

fn nanoseconds(text: &str) -> Option<u64> {
    let time: Timestamp = text.parse().ok()?;
    time.as_nanosecond().try_into().ok()
}
