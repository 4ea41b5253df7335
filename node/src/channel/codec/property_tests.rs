//! Random frames: cut anywhere, damaged, or arbitrary.

use std::ops::Range;

use property::proptest::collection::vec;
use property::proptest::prelude::{Strategy, any};
use property::proptest::{prop_assert, prop_assert_eq};
use property::{check, hostile};

use super::*;

fn envelopes(payload: Range<usize>) -> impl Strategy<Value = Vec<Envelope>> {
    let one = (any::<u64>(), "[A-Z]{1,8}", vec(any::<u8>(), payload));
    vec(one, 0..6).prop_map(|messages| {
        let numbered = (0..).zip(messages);
        let envelope = |(sequence, (id, kind, payload)): (u64, (u64, String, Vec<u8>))| Envelope {
            id,
            kind: kind.into(),
            created_unix_nano: id,
            deadline_unix_nano: None,
            trace: None,
            sequence,
            incarnation: 1,
            payload: payload.into(),
        };
        numbered.map(envelope).collect()
    })
}

fn written(envelopes: &[Envelope]) -> Vec<u8> {
    let mut wire = BytesMut::new();
    for envelope in envelopes {
        let written = Codec.encode(envelope.clone(), &mut wire);
        written.expect("within its limits");
    }
    wire.to_vec()
}

/// Decodes bytes that arrive in these pieces: the envelopes, and the error that ends
/// them. The buffer takes memory for received unread bytes, and never for the length
/// that a prefix claims.
fn read(wire: &[u8], pieces: &[usize]) -> (Vec<Envelope>, Option<String>) {
    let (mut src, mut rest, mut envelopes) = (BytesMut::new(), wire, Vec::new());
    let mut pieces = pieces.iter().cycle();
    while !rest.is_empty() {
        let piece = pieces.next().map_or(rest.len(), |piece| *piece);
        let (now, later) = rest.split_at(piece.clamp(1, rest.len()));
        rest = later;
        src.extend_from_slice(now);
        loop {
            match Codec.decode(&mut src) {
                Ok(Some(envelope)) => envelopes.push(envelope),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
                    return (envelopes, Some(error.to_string()));
                }
            }
        }
        assert!(src.capacity() <= 2 * wire.len() + 64, "{}", src.capacity());
    }
    (envelopes, None)
}

#[test]
fn frames_are_the_same_however_they_are_cut() {
    let cuts = vec(1_usize..400, 1..8);
    check(256, (envelopes(0..300), cuts), |(sent, cuts)| {
        prop_assert_eq!(read(&written(&sent), &cuts), (sent, None));
        Ok(())
    });
}

#[test]
fn damaged_frames_are_read_or_rejected_however_they_are_cut() {
    let wire = envelopes(0..40).prop_map(|envelopes| written(&envelopes));
    let cuts = vec(1_usize..64, 1..4);
    check(1_024, (hostile(wire), cuts), |(wire, cuts)| {
        let (whole, error) = read(&wire, &[wire.len()]);
        prop_assert_eq!((whole, error.clone()), read(&wire, &cuts));
        prop_assert!(error.is_none_or(|error| !error.is_empty()));
        Ok(())
    });
}
