//! The envelopes of spans: each scope gets a copy of its resource. A request of some
//! megabytes can hold a large resource and a hundred thousand scopes: the copies are
//! bounded.

use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use prost::Message as _;

/// The limit on all copies of one resource, in bytes. A guess: enough for thousands of
/// scopes of any resource that a program reports.
const MOST: usize = 64 << 20;

/// The scopes of a resource, each with its envelope and its spans. Scopes whose copy of
/// the resource would exceed the limit have no envelope.
pub(super) fn scopes(
    around: ResourceSpans,
) -> impl Iterator<Item = (Option<ResourceSpans>, Vec<Span>)> {
    scopes_within(around, MOST)
}

fn scopes_within(
    mut around: ResourceSpans,
    most: usize,
) -> impl Iterator<Item = (Option<ResourceSpans>, Vec<Span>)> {
    let scopes = std::mem::take(&mut around.scope_spans).into_iter();
    let copy = around.encoded_len();
    // The first copy is always made.
    let copies = most.checked_div(copy).map_or(usize::MAX, |all| all.max(1));
    scopes.enumerate().map(move |(place, mut scope)| {
        let spans = std::mem::take(&mut scope.spans);
        let envelope = (place < copies).then(|| ResourceSpans {
            scope_spans: vec![scope],
            ..around.clone()
        });
        (envelope, spans)
    })
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::trace::v1::ScopeSpans;

    use super::*;
    use crate::store::samples::{PING, resource, span};
    use crate::store::{BadSpan, Store};

    fn around(scopes: usize, name: &str) -> ResourceSpans {
        let scope = |number: usize| ScopeSpans {
            spans: vec![span(PING, number as u8 + 1, 0, "PING", 0)],
            schema_url: number.to_string(),
            ..ScopeSpans::default()
        };
        ResourceSpans {
            resource: Some(resource(name)),
            scope_spans: (0..scopes).map(scope).collect(),
            schema_url: String::new(),
        }
    }

    #[test]
    fn copies_of_a_resource_are_bounded() {
        let size = around(0, "peer-0").encoded_len();
        for (most, copies) in [(usize::MAX, 5), (3 * size, 3), (size, 1), (0, 1)] {
            let all: Vec<_> = scopes_within(around(5, "peer-0"), most).collect();
            assert_eq!(all.len(), 5, "no scope is lost");
            assert!(all.iter().all(|(_, spans)| spans.len() == 1));
            let with = all.iter().filter(|(envelope, _)| envelope.is_some());
            assert_eq!(with.count(), copies, "{most}");
        }
    }

    /// 30 MiB, and three scopes: a request that is not too long.
    #[test]
    fn spans_without_a_copy_are_left_out_and_counted() {
        let taken = Store::new().insert_all(around(3, &"x".repeat(30 << 20)));
        assert_eq!((taken.stored, taken.left_out.spans), (2, 1));
        let why = taken.left_out.first.unwrap_or_default();
        assert!(why.contains(&BadSpan::Around.to_string()), "{why}");
    }
}
