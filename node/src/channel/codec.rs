//! The bytes of a channel: envelopes behind unsigned-varint length prefixes.

use std::io;

use asynchronous_codec::{Decoder, Encoder};
use bytes::{Buf, BytesMut};
use proto::{Envelope, MAX_ENVELOPE};

/// The largest frame: an envelope and its length prefix.
pub const MAX_FRAME: usize = MAX_ENVELOPE + MAX_PREFIX;

/// The length of the longest prefix that can name a length up to
/// [`MAX_ENVELOPE`]: 7 bits a byte.
const MAX_PREFIX: usize = 4;

/// Reads and writes frames. Memory is taken for bytes that have come, never
/// for a length that a prefix only claims.
#[derive(Debug, Default)]
pub(crate) struct Codec;

impl Encoder for Codec {
    type Item<'a> = Envelope;
    type Error = io::Error;

    fn encode(&mut self, envelope: Envelope, dst: &mut BytesMut) -> io::Result<()> {
        let bytes = envelope.encode().map_err(io::Error::other)?;
        let mut prefix = unsigned_varint::encode::usize_buffer();
        dst.extend_from_slice(unsigned_varint::encode::usize(bytes.len(), &mut prefix));
        dst.extend_from_slice(&bytes);
        Ok(())
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

/// The length that the prefix at the start of `src` names, and the prefix's
/// own length; `None` while the prefix is not complete.
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

    #[test]
    fn frames_survive_being_cut_anywhere() {
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
    fn hostile_prefixes_are_refused_before_memory_is_taken() {
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
    fn a_claimed_length_takes_no_memory() {
        let mut src = BytesMut::from(&[0xff, 0xff, 0x3f][..]);
        assert!(matches!(Codec.decode(&mut src), Ok(None)));
        assert!(src.capacity() < 1024, "{} bytes", src.capacity());
    }
}
