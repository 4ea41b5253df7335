//! Envelopes at random, and what is left of them after damage.

use property::proptest::collection::vec;
use property::proptest::prelude::{Strategy, any};
use property::proptest::{option, prop_assert, prop_assert_eq};
use property::{check, hostile};

use super::*;

/// Any envelope whose kind and payload have lengths in these ranges.
fn envelopes(
    kinds: std::ops::RangeInclusive<usize>,
    payloads: std::ops::RangeInclusive<usize>,
) -> impl Strategy<Value = Envelope> {
    let kinds = vec(any::<char>(), kinds.clone()).prop_map(move |chars| {
        let mut kind = String::new();
        for char in chars {
            if kind.len() + char.len_utf8() <= *kinds.end() {
                kind.push(char);
            }
        }
        kind.into()
    });
    let trace =
        (1..=u128::MAX, 1..=u64::MAX, any::<u32>()).prop_map(|(trace, span, flags)| TraceContext {
            trace_id: trace.to_be_bytes(),
            span_id: span.to_be_bytes(),
            flags,
        });
    let times = (any::<u64>(), option::of(1..=u64::MAX));
    let place = (any::<u64>(), any::<u32>());
    let payload = vec(any::<u8>(), payloads);
    (
        any::<u64>(),
        kinds,
        times,
        option::of(trace),
        place,
        payload,
    )
        .prop_map(
            |(id, kind, (created_unix_nano, deadline_unix_nano), trace, place, payload)| Envelope {
                id,
                kind,
                created_unix_nano,
                deadline_unix_nano,
                trace,
                sequence: place.0,
                incarnation: place.1,
                payload: payload.into(),
            },
        )
}

#[test]
fn envelopes_survive_the_round_trip() {
    let good = envelopes(1..=MAX_KIND, 0..=300);
    check(256, good, |envelope| {
        let bytes = envelope.encode();
        let bytes = bytes.expect("within its limits");
        let by_prost = v1::Envelope::from(envelope.clone()).encode_to_vec();
        prop_assert_eq!(&bytes, &by_prost);
        prop_assert!(bytes.len() <= MAX_ENVELOPE);
        prop_assert_eq!(Envelope::decode(bytes.into()), Ok(envelope));
        Ok(())
    });
}

#[test]
fn the_sender_rejects_the_same_envelopes_as_the_receiver() {
    let any_length = envelopes(0..=2 * MAX_KIND, 0..=8);
    check(256, any_length, |envelope| {
        let bytes = v1::Envelope::from(envelope.clone()).encode_to_vec();
        let read = Envelope::decode(bytes.into()).map(|_| ());
        prop_assert_eq!(envelope.encode().map(|_| ()), read);
        Ok(())
    });
}

#[test]
fn damaged_envelopes_are_decoded_or_rejected_with_the_value() {
    let good = envelopes(1..=MAX_KIND, 0..=64);
    let bytes = good.prop_map(|envelope| envelope.encode().expect("within its limits"));
    check(2_048, hostile(bytes), |bytes| {
        let length = bytes.len();
        match Envelope::decode(bytes.into()) {
            Ok(envelope) => {
                prop_assert!(envelope.kind.len() + envelope.payload.len() <= length);
                let again = envelope.encode().expect("it was within its limits");
                prop_assert_eq!(Envelope::decode(again.into()), Ok(envelope));
            }
            Err(error) => {
                let text = error.to_string();
                let named = match error {
                    Error::TooLong { length }
                    | Error::PayloadTooLong { length }
                    | Error::Kind { length } => length.to_string(),
                    Error::IdLength { id, length } => format!("{id} of {length} bytes"),
                    Error::ZeroId { id } => id.to_owned(),
                    Error::Malformed(why) => why,
                };
                prop_assert!(!named.is_empty() && text.contains(&named), "{}", text);
            }
        }
        Ok(())
    });
}
