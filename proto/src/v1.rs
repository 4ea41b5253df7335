//! The messages of `proto/testbed/v1/envelope.proto`, as prost encodes them.
//!
//! They are written here and not generated: the compiler of `.proto` files would
//! take longer to build than the rest of this crate. A test compares them with the file.

use prost::Message;
use prost::bytes::Bytes;

/// `testbed.v1.Envelope`, unchecked.
#[derive(Clone, PartialEq, Message)]
pub struct Envelope {
    /// Unique among the messages of its sender.
    #[prost(fixed64, tag = "1")]
    pub id: u64,
    /// The name of the message in its algorithm.
    #[prost(string, tag = "2")]
    pub kind: String,
    /// When the sender made it.
    #[prost(fixed64, tag = "3")]
    pub created_unix_nano: u64,
    /// When it stops being of use; 0: never.
    #[prost(fixed64, tag = "4")]
    pub deadline_unix_nano: u64,
    /// The step that sent it.
    #[prost(message, optional, tag = "5")]
    pub trace: Option<TraceContext>,
    /// Its place in the channel, from 0.
    #[prost(uint64, tag = "6")]
    pub sequence: u64,
    /// Which opening of the channel it belongs to.
    #[prost(uint32, tag = "7")]
    pub incarnation: u32,
    /// The message, in its algorithm's encoding.
    #[prost(bytes = "bytes", tag = "8")]
    pub payload: Bytes,
}

/// `testbed.v1.TraceContext`, unchecked.
#[derive(Clone, PartialEq, Message)]
pub struct TraceContext {
    /// 16 bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub trace_id: Bytes,
    /// 8 bytes.
    #[prost(bytes = "bytes", tag = "2")]
    pub span_id: Bytes,
    /// W3C trace flags.
    #[prost(fixed32, tag = "3")]
    pub flags: u32,
}

#[cfg(test)]
mod tests {
    use prost::encoding::{DecodeContext, WireType, decode_key, skip_field};

    use super::*;

    const DEFINITION: &str = include_str!("../proto/testbed/v1/envelope.proto");

    /// The tags and wire types of a message in `envelope.proto`.
    fn defined(message: &str) -> Vec<(u32, WireType)> {
        let (_, body) = DEFINITION
            .split_once(&format!("message {message} {{"))
            .expect("it is defined");
        let (body, _) = body.split_once('}').expect("it ends");
        let fields = body.lines().filter_map(|line| {
            let (field, tag) = line.trim().strip_suffix(';')?.split_once(" = ")?;
            let (kind, _) = field.split_once(' ')?;
            let wire_type = match kind {
                "fixed64" => WireType::SixtyFourBit,
                "fixed32" => WireType::ThirtyTwoBit,
                "uint64" | "uint32" => WireType::Varint,
                "string" | "bytes" | "TraceContext" => WireType::LengthDelimited,
                other => panic!("{other}: a type that this test does not know"),
            };
            Some((tag.parse().ok()?, wire_type))
        });
        fields.collect()
    }

    /// The tags and wire types of the fields of an encoded message.
    fn encoded(message: &impl Message) -> Vec<(u32, WireType)> {
        let (mut bytes, mut found) = (Bytes::from(message.encode_to_vec()), Vec::new());
        while !bytes.is_empty() {
            let (tag, wire_type) = decode_key(&mut bytes).expect("a key");
            skip_field(wire_type, tag, &mut bytes, DecodeContext::default()).expect("a value");
            found.push((tag, wire_type));
        }
        found
    }

    #[test]
    fn fields_are_those_of_the_definition() {
        let trace = TraceContext {
            trace_id: Bytes::from_static(&[1; 16]),
            span_id: Bytes::from_static(&[2; 8]),
            flags: 1,
        };
        let envelope = Envelope {
            id: 1,
            kind: "PING".into(),
            created_unix_nano: 2,
            deadline_unix_nano: 3,
            trace: Some(trace.clone()),
            sequence: 4,
            incarnation: 5,
            payload: Bytes::from_static(b"hello"),
        };
        assert_eq!(encoded(&envelope), defined("Envelope"));
        assert_eq!(encoded(&trace), defined("TraceContext"));
    }
}
