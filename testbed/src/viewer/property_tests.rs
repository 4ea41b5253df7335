//! Random query strings, read by every parser.

use axum::http::Uri;
use property::check;
use property::proptest::collection::vec;
use property::proptest::prelude::{Just, Strategy, any, prop_oneof};
use property::proptest::sample::select;
use property::proptest::{prop_assert, prop_assert_eq};
use trace::store::hex;

use super::answer::Refusal;
use super::parameters::{length, parameters, span_id, trace_id};
use super::{search, v1};

/// The names that the parsers know, of both generations.
const NAMES: [&str; 22] = [
    "service",
    "operation",
    "start",
    "end",
    "minDuration",
    "maxDuration",
    "limit",
    "tag",
    "tags",
    "endTs",
    "query.serviceName",
    "query.operation_name",
    "query.startTimeMin",
    "query.start_time_max",
    "query.durationMin",
    "query.duration_max",
    "query.searchDepth",
    "query.num_traces",
    "query.attributes",
    "after",
    "states",
    "",
];

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?[0-9]{0,22}",
        "[0-9]{0,12}(\\.[0-9]{0,10})?(ns|us|µs|μs|ms|s|m|h|d|y)",
        "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,9})?Z",
        "[0-9a-fA-F]{0,40}",
        "\\{\"[a-z.]{0,8}\":(\"[a-z]{0,8}\"|[0-9]{1,3}|null)\\}",
        "[a-z]{0,4}:[a-z]{0,4}",
        vec(any::<char>(), 0..12).prop_map(String::from_iter),
    ]
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = prop_oneof![9 => select(&NAMES[..]).prop_map(str::to_owned), 1 => texts()];
    vec((name, texts()), 0..5)
}

/// Percent signs, plus signs and everything else that a query can consist of.
fn queries() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        select(&NAMES[..]).prop_map(str::to_owned),
        Just("=".to_owned()),
        Just("&".to_owned()),
        Just("+".to_owned()),
        "%[0-9a-fA-G]{0,2}",
        "[!-\"$-~]{0,4}",
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn message(refusal: Refusal) -> String {
    refusal.into_parts().1
}

#[test]
fn queries_are_read_or_refused() {
    check(1_024, queries(), |query| {
        let Ok(uri) = format!("/api/traces?{query}").parse::<Uri>() else {
            return Ok(());
        };
        match parameters(&uri) {
            Ok(pairs) => {
                prop_assert!(pairs.iter().all(|(_, value)| !value.is_empty()));
                let _ = search::parse(pairs.clone());
                let _ = v1::query(&pairs);
            }
            Err(refusal) => prop_assert!(!message(refusal).is_empty()),
        }
        Ok(())
    });
}

#[test]
fn parameters_are_read_or_refused_with_their_value() {
    check(2_048, pairs(), |pairs| {
        let named = |message: &str| {
            pairs.iter().any(|(name, value)| {
                let value = [value.clone(), format!("{value:?}")];
                message.contains(&**name) && value.iter().any(|value| message.contains(&**value))
            })
        };
        if let Err(refusal) = search::parse(pairs.clone()) {
            let message = message(refusal);
            prop_assert!(named(&message), "{}", message);
        }
        if let Err(refusal) = v1::query(&pairs) {
            let message = message(refusal);
            let of_all = message.contains("is required") || message.contains("should be greater");
            let of_tags = message.starts_with("malformed 'tags'");
            prop_assert!(of_all || of_tags || named(&message), "{}", message);
        }
        Ok(())
    });
}

#[test]
fn ids_and_durations_are_read_as_they_are_written() {
    check(256, (any::<u128>(), any::<u64>()), |(trace, span)| {
        let written = hex(&trace.to_be_bytes());
        let read = trace_id(&written).ok();
        prop_assert_eq!(read, (trace != 0).then(|| trace.to_be_bytes()));
        let read = span_id(&hex(&span.to_be_bytes())).ok();
        prop_assert_eq!(read, (span != 0).then_some(span));
        // As in Go, no duration has more than 63 bits.
        let half = span >> 1;
        prop_assert_eq!(length(&format!("{half}ns")), Some(half));
        Ok(())
    });
    check(1_024, texts(), |text| {
        let id = trace_id(&text).ok();
        prop_assert!(id.is_none_or(|id| hex(&id).ends_with(&text.to_lowercase())));
        let id = span_id(&text).ok().map(|id| hex(&id.to_be_bytes()));
        prop_assert!(id.is_none_or(|id| id == text.to_lowercase()));
        let _ = length(&text);
        Ok(())
    });
}
