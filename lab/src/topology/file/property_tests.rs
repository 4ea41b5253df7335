//! Random edge lists, valid and damaged.

use std::fmt::Write as _;

use property::proptest::collection::{btree_set, vec};
use property::proptest::prelude::{Strategy, any, prop_oneof};
use property::proptest::{prop_assert, prop_assert_eq};
use property::{check, hostile};

use super::*;

/// Edges of up to so many peers: each once, and the smaller number first.
fn edges() -> impl Strategy<Value = BTreeSet<(u32, u32)>> {
    let edge = (0_u32..200, 1_u32..200).prop_map(|(a, apart)| (a, a + apart));
    btree_set(edge, 1..40)
}

/// A file with these edges, in either direction, some of them twice, and with
/// comments between.
fn written(edges: &BTreeSet<(u32, u32)>, forms: &[u8]) -> String {
    let mut text = String::new();
    for ((a, b), form) in edges.iter().zip(forms.iter().cycle()) {
        let line = match form % 5 {
            0 => writeln!(text, "{a} {b}"),
            1 => writeln!(text, "{b}\t{a}"),
            2 => writeln!(text, "# an edge\n\n  {a}   {b}  # {b} {a}"),
            3 => writeln!(text, "{a} {b}\r\n{b} {a}\r"),
            _ => writeln!(text, "+{a} 0{b}"),
        };
        line.expect("memory takes everything");
    }
    text
}

#[test]
fn edge_list_survives_the_round_trip() {
    let forms = vec(any::<u8>(), 1..8);
    check(256, (edges(), forms), |(edges, forms)| {
        let text = written(&edges, &forms);
        let lines = parse(&text).expect(&text);
        let read = lines.iter().map(|(_, a, b)| (*a.min(b), *a.max(b)));
        prop_assert_eq!(read.collect::<BTreeSet<_>>(), edges);
        Ok(())
    });
}

#[test]
fn damaged_edge_lists_are_read_or_rejected_with_the_line() {
    let good = edges().prop_map(|edges| written(&edges, &[0, 1, 2, 3, 4]).into_bytes());
    let texts =
        prop_oneof![4 => hostile(good), 1 => "[0-9 #\n]{0,60}".prop_map(String::into_bytes)];
    check(1_024, texts, |bytes| {
        let text = String::from_utf8_lossy(&bytes);
        let lines = text.lines().count();
        match parse(&text) {
            Ok(edges) => prop_assert!((1..=lines).contains(&edges.len())),
            Err(error) => {
                let named = match error {
                    FileError::NoEdge { line, .. } | FileError::SelfLoop { line, .. } => {
                        (1..=lines).contains(&line)
                    }
                    FileError::Empty => true,
                    FileError::Read(_) | FileError::TooLong | FileError::UnknownPeer { .. } => {
                        false
                    }
                };
                prop_assert!(named, "{}", error);
                prop_assert!(error.to_string().len() < 300, "{}", error);
            }
        }
        Ok(())
    });
}
