//! Files at random, in each form that is read.

use property::proptest::prelude::{Just, Strategy, prop_oneof};
use property::proptest::{prop_assert, prop_assert_eq};
use property::{check, damaged, hostile};

use super::*;
use crate::export::{self, ExportFormat};
use crate::jaeger::property_tests::files as jaeger;
use crate::otlp::property_tests::{json, traces};

/// A document, lines, or Jaeger's.
fn files() -> impl Strategy<Value = Vec<u8>> {
    let document = || traces().prop_map(|data| json(&data));
    let lines = (document(), document()).prop_map(|(a, b)| [a, b].join(&b'\n'));
    // As a pretty-printer indents it: the value starts on the next line.
    let result = document().prop_map(|text| [&b"{\"result\":\n"[..], &text, b"}"].concat());
    let mark = Just(b"\xEF\xBB\xBF".to_vec());
    let marked = (mark, document()).prop_map(|(mark, text)| [mark, text].concat());
    prop_oneof![document(), lines, result, marked, jaeger()]
}

fn lines(store: &Store) -> Vec<u8> {
    let mut text = Vec::new();
    export::write(store, ExportFormat::Otlp, &mut text).expect("memory takes everything");
    text
}

#[test]
fn stored_spans_survive_the_round_trip() {
    check(128, files(), |text| {
        // All its ids may be wrong.
        let Ok(store) = read(&text) else {
            return Ok(());
        };
        let written = lines(&store);
        if !store.is_empty() {
            let again = read(&written).map_err(|error| error.to_string());
            let again = again.expect("our own file");
            prop_assert_eq!(again.len(), store.len());
            prop_assert_eq!(again.left_out().spans, 0);
            prop_assert_eq!(String::from_utf8(lines(&again)), String::from_utf8(written));
        }
        Ok(())
    });
}

#[test]
fn damaged_files_are_read_or_rejected_with_the_place() {
    let texts = prop_oneof![hostile(files()), damaged(Just(sample()))];
    check(512, texts, |text| {
        match read(&text) {
            Ok(store) => {
                let left_out = store.left_out();
                prop_assert_eq!(left_out.first.is_some(), left_out.spans > 0);
            }
            Err(error) => {
                let text = error.to_string();
                let all_wrong = matches!(error, Error::Lines(store::Error::AllWrong(_)));
                prop_assert!(all_wrong || text.contains("line "), "{}", text);
            }
        }
        Ok(())
    });
}

/// Spans of a run, so that damage hits what is usual.
fn sample() -> Vec<u8> {
    lines(&crate::store::samples::store())
}
