//! The encoding of an envelope, written straight into the buffer of its channel.
//!
//! prost would need the ids in buffers of their own. The bytes are those of
//! prost's encoding of [`v1::Envelope`](crate::v1::Envelope): fields in the order of
//! their tags, without those that are zero.

use prost::bytes::BufMut;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};

use super::{Envelope, TraceContext};

/// The bytes of a field's key, alone and with a fixed value of 32 or 64 bits.
const KEY: usize = 1;
const FIXED32: usize = KEY + 4;
const FIXED64: usize = KEY + 8;

impl Envelope {
    /// The length of the encoding, in bytes.
    pub(super) fn length(&self) -> usize {
        fixed64(self.id)
            + delimited(self.kind.len())
            + fixed64(self.created_unix_nano)
            + fixed64(self.deadline_unix_nano.unwrap_or(0))
            + self.trace.map_or(0, |trace| delimited(trace.length()))
            + varint(self.sequence)
            + varint(self.incarnation.into())
            + delimited(self.payload.len())
    }

    pub(super) fn write(&self, buffer: &mut impl BufMut) {
        put_fixed64(1, self.id, buffer);
        put_bytes(2, self.kind.as_bytes(), buffer);
        put_fixed64(3, self.created_unix_nano, buffer);
        put_fixed64(4, self.deadline_unix_nano.unwrap_or(0), buffer);
        if let Some(trace) = self.trace {
            encode_key(5, WireType::LengthDelimited, buffer);
            encode_varint(trace.length() as u64, buffer);
            trace.write(buffer);
        }
        put_varint(6, self.sequence, buffer);
        put_varint(7, self.incarnation.into(), buffer);
        put_bytes(8, &self.payload, buffer);
    }
}

impl TraceContext {
    fn length(self) -> usize {
        let flags = if self.flags == 0 { 0 } else { FIXED32 };
        delimited(self.trace_id.len()) + delimited(self.span_id.len()) + flags
    }

    fn write(self, buffer: &mut impl BufMut) {
        put_bytes(1, &self.trace_id, buffer);
        put_bytes(2, &self.span_id, buffer);
        if self.flags != 0 {
            encode_key(3, WireType::ThirtyTwoBit, buffer);
            buffer.put_u32_le(self.flags);
        }
    }
}

fn fixed64(value: u64) -> usize {
    if value == 0 { 0 } else { FIXED64 }
}

fn varint(value: u64) -> usize {
    match value {
        0 => 0,
        value => KEY + encoded_len_varint(value),
    }
}

fn delimited(length: usize) -> usize {
    match length {
        0 => 0,
        length => KEY + encoded_len_varint(length as u64) + length,
    }
}

fn put_fixed64(tag: u32, value: u64, buffer: &mut impl BufMut) {
    if value != 0 {
        encode_key(tag, WireType::SixtyFourBit, buffer);
        buffer.put_u64_le(value);
    }
}

fn put_varint(tag: u32, value: u64, buffer: &mut impl BufMut) {
    if value != 0 {
        encode_key(tag, WireType::Varint, buffer);
        encode_varint(value, buffer);
    }
}

fn put_bytes(tag: u32, bytes: &[u8], buffer: &mut impl BufMut) {
    if !bytes.is_empty() {
        debug_assert_eq!(key_len(tag), KEY);
        encode_key(tag, WireType::LengthDelimited, buffer);
        encode_varint(bytes.len() as u64, buffer);
        buffer.put_slice(bytes);
    }
}
