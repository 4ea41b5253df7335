//! The bytes of a channel: envelopes behind unsigned-varint length prefixes.

use std::io;

use asynchronous_codec::{Decoder, Encoder};
use bytes::{Buf, BytesMut};
use proto::{Envelope, MAX_ENVELOPE};

/// The largest frame: an envelope and its length prefix.
pub const MAX_FRAME: usize = MAX_ENVELOPE + MAX_PREFIX;

/// The longest prefix that is read, in bytes. At 7 bits a byte it suffices for all
/// lengths up to [`MAX_ENVELOPE`].
const MAX_PREFIX: usize = 4;

/// Reads and writes frames. Memory is allocated for received bytes, never for a
/// length that a prefix only claims.
#[derive(Debug, Default)]
pub struct Codec;

impl Encoder for Codec {
    type Item<'a> = Envelope;
    type Error = io::Error;

    fn encode(&mut self, envelope: Envelope, dst: &mut BytesMut) -> io::Result<()> {
        let prefix = |length, dst: &mut BytesMut| {
            let mut prefix = unsigned_varint::encode::usize_buffer();
            let prefix = unsigned_varint::encode::usize(length, &mut prefix);
            dst.reserve(prefix.len() + length);
            dst.extend_from_slice(prefix);
        };
        envelope.append(dst, prefix).map_err(io::Error::other)
    }
}

impl Decoder for Codec {
    type Item = Envelope;
    type Error = io::Error;

    fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<Envelope>> {
        let Some((length, prefix)) = length(src)? else {
            return Ok(None);
        };
        if src.len() < prefix + length {
            return Ok(None);
        }
        src.advance(prefix);
        let frame = src.split_to(length).freeze();
        Envelope::decode(frame).map(Some).map_err(invalid)
    }
}

/// The length in the prefix at the start of `src`, and the prefix's own length;
/// `None` while the prefix is incomplete.
fn length(src: &[u8]) -> io::Result<Option<(usize, usize)>> {
    match unsigned_varint::decode::usize(&src[..src.len().min(MAX_PREFIX)]) {
        Ok((length, _)) if length > MAX_ENVELOPE => Err(too_long()),
        Ok((length, rest)) => Ok(Some((length, src.len().min(MAX_PREFIX) - rest.len()))),
        Err(unsigned_varint::decode::Error::Insufficient) if src.len() < MAX_PREFIX => Ok(None),
        Err(unsigned_varint::decode::Error::Insufficient) => Err(too_long()),
        Err(error) => Err(invalid(error)),
    }
}

fn too_long() -> io::Error {
    invalid(format!("a frame longer than {MAX_ENVELOPE} bytes"))
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
mod property_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use proto::{Bytes, MAX_PAYLOAD};

    fn envelope(size: usize) -> Envelope {
        Envelope {
            id: 1,
            kind: "PING".into(),
            created_unix_nano: 2,
            deadline_unix_nano: None,
            trace: None,
            sequence: 0,
            incarnation: 1,
            payload: Bytes::from(vec![7; size]),
        }
    }

    /// The test vectors of `docs/channel-protocol.md`: its blocks of JSON, each a
    /// list of lines.
    fn vectors() -> Vec<Vec<serde_json::Value>> {
        let page = include_str!("../../../docs/channel-protocol.md");
        let blocks = page.split("```json\n").skip(1);
        let lines = blocks.map(|block| block.split("```").next().unwrap_or_default().lines());
        let read = |line| serde_json::from_str(line).expect("JSON");
        lines.map(|lines| lines.map(read).collect()).collect()
    }

    fn hex(value: &serde_json::Value) -> Vec<u8> {
        let text = value.as_str().expect("hexadecimal digits");
        let pairs = (0..text.len()).step_by(2).map(|at| &text[at..at + 2]);
        let byte = |pair| u8::from_str_radix(pair, 16).expect("hexadecimal digits");
        pairs.map(byte).collect()
    }

    #[test]
    fn documented_test_vectors_are_encoded_and_decoded() {
        let all = vectors();
        let [valid, refused] = &all[..] else {
            panic!("{} blocks", all.len());
        };
        assert!(valid.len() >= 4 && refused.len() >= 7);
        for vector in valid {
            let trace = vector["trace"]
                .as_object()
                .map(|trace| proto::TraceContext {
                    trace_id: hex(&trace["trace_id"]).try_into().expect("16 bytes"),
                    span_id: hex(&trace["span_id"]).try_into().expect("8 bytes"),
                    flags: trace["flags"].as_u64().expect("a number") as u32,
                });
            let number = |field: &str| vector[field].as_u64();
            let expected = Envelope {
                id: number("id").expect("an id"),
                kind: vector["kind"].as_str().expect("a kind").to_owned().into(),
                created_unix_nano: number("created_unix_nano").expect("a time"),
                deadline_unix_nano: number("deadline_unix_nano"),
                trace,
                sequence: number("sequence").expect("a number"),
                incarnation: number("incarnation").expect("a number") as u32,
                payload: hex(&vector["payload"]).into(),
            };
            let frame = hex(&vector["frame"]);
            let mut written = BytesMut::new();
            Codec
                .encode(expected.clone(), &mut written)
                .expect("a frame");
            assert_eq!(&written[..], &frame[..], "{}", vector["name"]);
            let read = Codec.decode(&mut BytesMut::from(&frame[..]));
            assert_eq!(read.expect("a frame"), Some(expected), "{}", vector["name"]);
        }
        for vector in refused {
            let read = Codec.decode(&mut BytesMut::from(&hex(&vector["frame"])[..]));
            let error = read.expect_err(&vector["name"].to_string());
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{vector}");
        }
    }

    #[test]
    fn frames_are_decoded_from_pieces_of_any_size() {
        let mut wire = BytesMut::new();
        for size in [0, 1, 200, 70_000] {
            Codec.encode(envelope(size), &mut wire).unwrap();
        }
        for cut in [1, 2, 3, 127, 128, 4096] {
            let (mut src, mut sizes) = (BytesMut::new(), vec![]);
            for piece in wire.chunks(cut) {
                src.extend_from_slice(piece);
                while let Some(envelope) = Codec.decode(&mut src).unwrap() {
                    sizes.push(envelope.payload.len());
                }
            }
            assert_eq!(sizes, [0, 1, 200, 70_000], "cut every {cut} bytes");
            assert!(src.is_empty());
        }
    }

    #[test]
    fn the_largest_frame_passes() {
        let mut wire = BytesMut::new();
        Codec.encode(envelope(MAX_PAYLOAD), &mut wire).unwrap();
        assert!(wire.len() <= MAX_FRAME);
        assert_eq!(
            Codec.decode(&mut wire).unwrap(),
            Some(envelope(MAX_PAYLOAD))
        );
    }

    #[test]
    fn hostile_prefixes_are_rejected_before_allocation() {
        let over = |length: u64| {
            let mut buffer = unsigned_varint::encode::u64_buffer();
            unsigned_varint::encode::u64(length, &mut buffer).to_vec()
        };
        let cases = [
            ("2^63", over(1 << 63)),
            ("one over the limit", over(MAX_ENVELOPE as u64 + 1)),
            ("a prefix without end", vec![0xff; 64]),
            ("a prefix with a superfluous byte", vec![0x80, 0x00]),
            ("an HTTP request", b"GET / HTTP/1.1\r\n\r\n".repeat(8)),
        ];
        for (name, bytes) in cases {
            let mut src = BytesMut::from(&bytes[..]);
            let capacity = src.capacity();
            let error = Codec.decode(&mut src).expect_err(name);
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{name}");
            assert!(src.capacity() <= capacity, "{name}");
        }
    }

    #[test]
    fn claimed_length_allocates_no_memory() {
        let mut src = BytesMut::from(&[0xff, 0xff, 0x3f][..]);
        assert!(matches!(Codec.decode(&mut src), Ok(None)));
        assert!(src.capacity() < 1024, "{} bytes", src.capacity());
    }
}
