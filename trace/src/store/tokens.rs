//! The attributes of a span as searchable tokens, and in their encoded form.
//!
//! A search has a key and a value as text, while a span has typed values. So one
//! condition can be several tokens: `7` is a text, an integer and a number. The token
//! of a list or a map is that of its key alone.

use std::hash::Hasher as _;

use opentelemetry_proto::tonic::common::v1::AnyValue;
use prost::Message as _;
use rustc_hash::FxHasher;

use super::value::{self, Nested};
use super::{encode, keys};
use crate::jaeger;

/// The numbers of fields, from opentelemetry/proto/trace/v1/trace.proto and
/// common/v1/common.proto.
mod field {
    pub(super) const ATTRIBUTES: u32 = 9;
    pub(super) const EVENTS: u32 = 11;
    pub(super) const EVENT_ATTRIBUTES: u32 = 3;
    pub(super) const KEY: u32 = 1;
    pub(super) const VALUE: u32 = 2;
    pub(super) const KEY_NUMBER: u32 = 3;
    pub(super) const STRING: u32 = 1;
    pub(super) const BOOL: u32 = 2;
    pub(super) const INT: u32 = 3;
    pub(super) const DOUBLE: u32 = 4;
    pub(super) const LIST: u32 = 5;
    pub(super) const MAP: u32 = 6;
    pub(super) const BYTES: u32 = 7;
}

/// A hash of an attribute or a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token(pub(super) u64);

/// A value that can be searched for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Plain<'a> {
    Text(&'a [u8]),
    Flag(bool),
    Integer(i64),
    Number(f64),
    Bytes(&'a [u8]),
    /// A list or a map, encoded.
    Nested(&'a [u8]),
}

impl Token {
    /// The token of an attribute.
    pub(super) fn attribute(key: &[u8], value: Plain<'_>) -> Self {
        match value {
            Plain::Text(text) => Self::of(1, key, text),
            Plain::Flag(flag) => Self::of(2, key, &[flag.into()]),
            Plain::Integer(number) => Self::of(3, key, &number.to_le_bytes()),
            // There are two zeros, which are equal.
            Plain::Number(number) => Self::of(4, key, &(number + 0.0).to_le_bytes()),
            Plain::Bytes(bytes) => Self::of(7, key, bytes),
            Plain::Nested(_) => Self::of(8, key, &[]),
        }
    }

    /// The token of a span's name.
    pub(super) fn name(name: &str) -> Self {
        Self::of(5, name.as_bytes(), &[])
    }

    /// The token of a service's name.
    pub(super) fn service(name: &str) -> Self {
        Self::of(6, name.as_bytes(), &[])
    }

    fn of(kind: u8, key: &[u8], value: &[u8]) -> Self {
        let mut hasher = FxHasher::default();
        hasher.write_u8(kind);
        hasher.write(key);
        hasher.write(value);
        // The finalizer of MurmurHash3: all bits depend on all.
        let mut hash = hasher.finish();
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        Self(hash ^ (hash >> 33))
    }
}

/// The key and the value of a condition, as text.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    key: String,
    text: String,
    flag: Option<bool>,
    integer: Option<i64>,
    number: Option<f64>,
    bytes: Vec<Vec<u8>>,
    nested: Option<Nested>,
}

impl Wanted {
    pub(super) fn new(key: &str, text: &str) -> Self {
        Self {
            key: key.to_owned(),
            text: text.to_owned(),
            flag: text.parse().ok(),
            integer: text.parse().ok(),
            number: text.parse().ok(),
            bytes: value::read_bytes(text),
            nested: Nested::read(text),
        }
    }

    /// The tokens of all its interpretations.
    pub(super) fn tokens(&self) -> Vec<Token> {
        let values = [
            Some(Plain::Text(self.text.as_bytes())),
            self.flag.map(Plain::Flag),
            self.integer.map(Plain::Integer),
            self.number.map(Plain::Number),
            self.nested.as_ref().map(|_| Plain::Nested(&[])),
        ];
        let bytes = self.bytes.iter().map(|bytes| Plain::Bytes(bytes));
        let token = |value| Token::attribute(self.key.as_bytes(), value);
        values
            .into_iter()
            .flatten()
            .chain(bytes)
            .map(token)
            .collect()
    }

    /// Whether an encoded span has it, among its attributes or its events'.
    pub(super) fn is_in(&self, rest: &[u8]) -> bool {
        attributes(rest).any(|(key, value)| {
            key == self.key.as_bytes()
                && match value {
                    Plain::Text(text) => text == self.text.as_bytes(),
                    Plain::Flag(flag) => self.flag == Some(flag),
                    Plain::Integer(number) => self.integer == Some(number),
                    Plain::Number(number) => self.number == Some(number),
                    Plain::Bytes(bytes) => self.bytes.iter().any(|wanted| wanted == bytes),
                    Plain::Nested(any) => self.nested.as_ref().is_some_and(|wanted| {
                        let value = AnyValue::decode(any).ok().and_then(|any| any.value);
                        value.is_some_and(|value| wanted.is(&value))
                    }),
                }
        })
    }
}

/// Collects the tokens of an encoded span, and those of its kind and status as Jaeger
/// writes them.
pub(super) fn collect(kind: u8, error: bool, rest: &[u8], tokens: &mut Vec<Token>) {
    tokens.extend(attributes(rest).map(|(key, value)| Token::attribute(key, value)));
    if error {
        tokens.push(Token::attribute(b"error", Plain::Flag(true)));
    }
    if let Some(kind) = jaeger::kind_name(kind.into()) {
        let kind = Plain::Text(kind.as_bytes());
        tokens.push(Token::attribute(b"span.kind", kind));
    }
}

/// The attributes of an encoded span and of its events.
pub(super) fn attributes(rest: &[u8]) -> impl Iterator<Item = (&[u8], Plain<'_>)> {
    let numbered = encode::is_numbered(rest);
    Fields(rest).flat_map(move |(number, value)| {
        let (own, inner) = match (number, value) {
            (field::ATTRIBUTES, Wire::Bytes(bytes)) => (Some(bytes), &[][..]),
            (field::EVENTS, Wire::Bytes(bytes)) => (None, bytes),
            _ => (None, &[][..]),
        };
        let of_event = Fields(inner).filter_map(|(number, value)| match value {
            Wire::Bytes(bytes) if number == field::EVENT_ATTRIBUTES => Some(bytes),
            _ => None,
        });
        own.into_iter()
            .chain(of_event)
            .filter_map(move |bytes| attribute(bytes, numbered))
    })
}

/// An attribute, and whether its name may be a number.
fn attribute(bytes: &[u8], numbered: bool) -> Option<(&[u8], Plain<'_>)> {
    let (mut key, mut any) = (&[][..], &[][..]);
    for (number, wire) in Fields(bytes) {
        match (number, wire) {
            (field::KEY, Wire::Bytes(bytes)) => key = bytes,
            (field::KEY_NUMBER, Wire::Varint(number)) if numbered => {
                key = keys::name(number).map_or(key, str::as_bytes);
            }
            (field::VALUE, Wire::Bytes(bytes)) => any = bytes,
            _ => {}
        }
    }
    Some((
        key,
        match Fields(any).next()? {
            (field::STRING, Wire::Bytes(text)) => Plain::Text(text),
            (field::BOOL, Wire::Varint(flag)) => Plain::Flag(flag != 0),
            (field::INT, Wire::Varint(number)) => Plain::Integer(number.cast_signed()),
            (field::DOUBLE, Wire::Fixed(bits)) => Plain::Number(f64::from_bits(bits)),
            (field::BYTES, Wire::Bytes(bytes)) => Plain::Bytes(bytes),
            (field::LIST | field::MAP, _) => Plain::Nested(any),
            _ => return None,
        },
    ))
}

/// How many messages an encoded `TracesData` has that take memory when it is
/// decoded: resources, scopes, spans, attributes, events and links. Nothing is
/// allocated to count them.
pub fn message_count(data: &[u8]) -> usize {
    /// Counts the fields with the numbers in `path`, which has a list for each depth.
    fn inside(bytes: &[u8], path: &[&[u32]]) -> usize {
        let Some((wanted, deeper)) = path.split_first() else {
            return 0;
        };
        Fields(bytes)
            .map(|(number, wire)| match wire {
                Wire::Bytes(bytes) if wanted.contains(&number) => 1 + inside(bytes, deeper),
                _ => 0,
            })
            .sum()
    }
    // resource_spans; resource, scope_spans; spans and the resource's
    // attributes; attributes, events, links; the attributes of these.
    inside(data, &[&[1], &[1, 2], &[1, 2], &[9, 11, 13], &[2, 3, 4]])
}

/// A field's value as protobuf writes it.
#[derive(Clone, Copy)]
enum Wire<'a> {
    Varint(u64),
    Fixed(u64),
    Bytes(&'a [u8]),
    Short,
}

/// The fields of an encoded message. The store's own encoding is well-formed; otherwise
/// the iterator would end early.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = (u32, Wire<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Fixed(u64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Wire::Bytes(self.take(length)?)
            }
            5 => {
                self.take(4)?;
                Wire::Short
            }
            _ => return None,
        };
        Some(((tag >> 3) as u32, value))
    }
}

impl<'a> Fields<'a> {
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use opentelemetry_proto::tonic::common::v1::{ArrayValue, KeyValueList};

    use super::*;
    use crate::store::{codec, samples};

    #[test]
    fn encoded_attributes_are_found_by_text() {
        let mut span = samples::rich_span();
        span.attributes
            .push(samples::attribute("zero", Value::DoubleValue(-0.0)));
        let any = |value| AnyValue { value: Some(value) };
        let map = |values| Value::KvlistValue(KeyValueList { values });
        let list = [
            Value::DoubleValue(1.0),
            Value::StringValue("x".into()),
            Value::BoolValue(true),
            Value::BytesValue(vec![0, 255]),
        ];
        let values = list.map(any).to_vec();
        span.attributes.push(samples::attribute(
            "map",
            map(vec![
                samples::attribute("a", map(vec![])),
                samples::attribute("b", Value::ArrayValue(ArrayValue { values })),
            ]),
        ));
        let mut rest = Vec::new();
        codec::split(&span, &mut rest).expect("a good span");
        let tokens: Vec<_> = attributes(&rest)
            .map(|(k, v)| Token::attribute(k, v))
            .collect();
        for (key, text, found) in [
            ("p2p.sequence", "9223372036854775807", true),
            ("p2p.sequence", "9223372036854775806", false),
            ("negative", "-9223372036854775808", true),
            ("ratio", "0.1", true),
            ("ratio", "0.10", true),
            ("ok", "false", true),
            ("ok", "true", false),
            ("zero", "0", true),
            ("to", "peer-1", true),
            ("to", "peer-2", false),
            ("why", "fan-in", false), // Of a link.
            ("payload", "AP+A", true),
            ("payload", "00 ff 80", true),
            ("payload", "AP+B", false),
            ("list", "[-1,null]", true),
            ("list", "[ -1, null ]", true),
            ("list", "[-1, –]", true),
            ("list", "[-1]", false),
            ("list", "[-1", false),
            ("map", r#"{"b":[1,"x",true,"AP8="],"a":{}}"#, true),
            ("map", "{a: {}, b: [1, x, true, 00 ff]}", true),
            ("map", r#"{"a":{}}"#, false),
            ("empty", "", false),
        ] {
            let wanted = Wanted::new(key, text);
            assert_eq!(wanted.is_in(&rest), found, "{key}={text}");
            let token = wanted.tokens().iter().any(|token| tokens.contains(token));
            // Of a list, the token is only the key.
            let may_be = text.starts_with(['[', '{']) && !found;
            assert!(token == found || may_be, "{key}={text}");
        }
    }
}
