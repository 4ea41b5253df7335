//! Frames come out the same, in one piece or byte by byte.
#![no_main]

use asynchronous_codec::Decoder as _;
use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use node::channel::Codec;
use proto::Envelope;

fn read(wire: &[u8], piece: usize) -> (Vec<Envelope>, Option<String>) {
    let (mut src, mut envelopes) = (BytesMut::new(), Vec::new());
    for bytes in wire.chunks(piece) {
        src.extend_from_slice(bytes);
        loop {
            match Codec.decode(&mut src) {
                Ok(Some(envelope)) => envelopes.push(envelope),
                Ok(None) => break,
                Err(error) => return (envelopes, Some(error.to_string())),
            }
        }
        assert!(src.capacity() <= 2 * wire.len() + 64);
    }
    (envelopes, None)
}

fuzz_target!(|wire: &[u8]| {
    assert_eq!(read(wire, wire.len().max(1)), read(wire, 1));
});
