//! The encoding of messages: protobuf 3, the same bytes as prost's.
//!
//! `#[derive(Message)]` implements [`Body`] for a message, whose fields are [`Wire`].
//! An element of a oneof or of a list is one value, a [`Single`]. Fields with the default
//! value are left out, as protobuf requires; unknown fields are skipped.
//!
//! The bytes come from peers. Nothing here panics, a length beyond the end of the input
//! is rejected, and messages nest at most [`DEEPEST`] deep.

mod plain;

use std::collections::{BTreeMap, BTreeSet};

use proto::Bytes;
use proto::prost::encoding::{self, DecodeContext, WireType, encode_key, encode_varint};

use crate::NodeId;

/// How deep messages may nest: prost's bound.
pub const DEEPEST: u32 = 100;

/// A protobuf message: its fields, without a length prefix.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a single value of a message",
    label = "neither a plain value nor a message",
    note = "a type of your own derives Message; for f64 take Fraction; a list, a set, a map or an Option is a field with a tag of its own, `#[message(tag = 1)]`"
)]
pub trait Body: Sized {
    /// A value of this type that is only partly decoded.
    type Partial: Default;

    /// Appends the fields to `buf`.
    fn encode(&self, buf: &mut Vec<u8>);

    /// Reads the field of that key. `None`: it is malformed.
    fn merge(partial: &mut Self::Partial, key: Key, input: &mut Input) -> Option<()>;

    /// The message, if all required fields are there.
    fn finish(partial: Self::Partial) -> Option<Self>;
}

/// A value that occupies one field: all but options and collections.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in a variant, or in a list, by itself",
    label = "a variant holds exactly one value",
    note = "give the field a tag of its own, `#[message(tag = 1)]`, and the variant holds a message of its fields"
)]
pub trait Single: Sized {
    /// A value of this type that is only partly decoded.
    type Partial: Default;

    /// Its wire type.
    const TYPE: WireType;

    /// Whether it is the default value, which protobuf leaves out.
    fn is_default(&self) -> bool;

    /// Appends the value without its key.
    fn put(&self, buf: &mut Vec<u8>);

    /// Reads the value behind that key. `None`: it is malformed.
    fn merge(partial: &mut Self::Partial, key: Key, input: &mut Input) -> Option<()>;

    /// The value, if it is complete.
    fn finish(partial: Self::Partial) -> Option<Self>;
}

/// A field of a message.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a message",
    label = "no form on the wire",
    note = "fields are integers up to 64 bits, bool, char, String, Bytes, NodeId, Duration, Fraction (for f64), tuples, types that derive Message, and Option, Vec, BTreeSet and BTreeMap of these"
)]
pub trait Wire: Sized {
    /// A value of this type that is only partly decoded.
    type Partial: Default;

    /// Appends the field, if it is not the default.
    fn encode(&self, tag: u32, buf: &mut Vec<u8>);

    /// Reads the value behind that key. `None`: it is malformed.
    fn merge(partial: &mut Self::Partial, key: Key, input: &mut Input) -> Option<()>;

    /// The field's value, if it is complete.
    fn finish(partial: Self::Partial) -> Option<Self>;
}

/// The key in front of a value.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The field's number.
    pub tag: u32,
    wire_type: WireType,
}

/// The bytes being decoded.
#[derive(Debug)]
pub struct Input {
    bytes: Bytes,
    /// How deep the messages in it may still nest.
    depth: u32,
}

/// A message as a payload.
pub fn encode(message: &impl Body) -> Bytes {
    let mut buf = Vec::with_capacity(64);
    Body::encode(message, &mut buf);
    // The payload may wait in a queue: a copy has no spare capacity.
    Bytes::copy_from_slice(&buf)
}

/// The message in a payload.
pub fn decode<T: Body>(payload: Bytes) -> Option<T> {
    let mut partial = T::Partial::default();
    let depth = DEEPEST;
    let mut input = Input {
        bytes: payload,
        depth,
    };
    input.each(|key, input| <T as Body>::merge(&mut partial, key, input))?;
    <T as Body>::finish(partial)
}

/// Appends a value with its key, even if it is the default.
pub fn member<T: Single>(value: &T, tag: u32, buf: &mut Vec<u8>) {
    encode_key(tag, T::TYPE, buf);
    value.put(buf);
}

/// Appends a message with its key, whose fields `body` appends.
pub fn nested(tag: u32, buf: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    encode_key(tag, WireType::LengthDelimited, buf);
    delimited(buf, body);
}

/// Appends the bytes that `body` appends, after their length.
fn delimited(buf: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    let start = buf.len();
    // Most lengths take one byte.
    buf.push(0);
    body(buf);
    let length = (buf.len() - start - 1) as u64;
    if length < 0x80 {
        buf[start] = length as u8;
    } else {
        let mut prefix = Vec::with_capacity(10);
        encode_varint(length, &mut prefix);
        buf.splice(start..=start, prefix);
    }
}

impl Input {
    /// Calls `field` with each key; it reads the value behind the key.
    pub fn each(&mut self, mut field: impl FnMut(Key, &mut Self) -> Option<()>) -> Option<()> {
        while !self.bytes.is_empty() {
            let (tag, wire_type) = encoding::decode_key(&mut self.bytes).ok()?;
            field(Key { tag, wire_type }, self)?;
        }
        Some(())
    }

    /// The message behind that key.
    pub fn nested(&mut self, key: Key) -> Option<Self> {
        let depth = self.depth.checked_sub(1)?;
        if key.wire_type != WireType::LengthDelimited {
            return None;
        }
        let length = encoding::decode_varint(&mut self.bytes).ok()?;
        let length = usize::try_from(length).ok()?;
        let bytes = (length <= self.bytes.len()).then(|| self.bytes.split_to(length))?;
        Some(Self { bytes, depth })
    }

    /// Skips an unknown field.
    pub fn skip(&mut self, key: Key) -> Option<()> {
        let Key { tag, wire_type } = key;
        let context = DecodeContext::default();
        encoding::skip_field(wire_type, tag, &mut self.bytes, context).ok()
    }
}

/// Numbers, as varints.
macro_rules! numbers {
    ($($type:ty as $form:ident;)+) => {$(
        impl Single for $type {
            type Partial = Self;
            const TYPE: WireType = WireType::Varint;

            fn is_default(&self) -> bool {
                *self == Self::default()
            }

            fn put(&self, buf: &mut Vec<u8>) {
                encode_varint(*self as u64, buf);
            }

            fn merge(partial: &mut Self, key: Key, input: &mut Input) -> Option<()> {
                let context = DecodeContext::default();
                encoding::$form::merge(key.wire_type, partial, &mut input.bytes, context).ok()
            }

            fn finish(partial: Self) -> Option<Self> {
                Some(partial)
            }
        }
    )+};
}

numbers! {
    u32 as uint32;
    u64 as uint64;
    i32 as int32;
    i64 as int64;
    bool as bool;
}

/// Texts and bytes, with their length in front.
macro_rules! strings {
    ($($type:ty as $form:ident;)+) => {$(
        impl Single for $type {
            type Partial = Self;
            const TYPE: WireType = WireType::LengthDelimited;

            fn is_default(&self) -> bool {
                self.is_empty()
            }

            fn put(&self, buf: &mut Vec<u8>) {
                // With space for this length and those of the enclosing messages.
                buf.reserve(self.len() + 32);
                encode_varint(self.len() as u64, buf);
                buf.extend_from_slice(self.as_ref());
            }

            fn merge(partial: &mut Self, key: Key, input: &mut Input) -> Option<()> {
                let context = DecodeContext::default();
                encoding::$form::merge(key.wire_type, partial, &mut input.bytes, context).ok()
            }

            fn finish(partial: Self) -> Option<Self> {
                Some(partial)
            }
        }
    )+};
}

strings! {
    String as string;
    Bytes as bytes;
}

/// A number of 32 bits.
impl Single for NodeId {
    type Partial = u32;
    const TYPE: WireType = u32::TYPE;

    fn is_default(&self) -> bool {
        self.0.is_default()
    }

    fn put(&self, buf: &mut Vec<u8>) {
        self.0.put(buf);
    }

    fn merge(partial: &mut u32, key: Key, input: &mut Input) -> Option<()> {
        <u32 as Single>::merge(partial, key, input)
    }

    fn finish(partial: u32) -> Option<Self> {
        Some(Self(partial))
    }
}

/// A nested message is never left out. Several occurrences are merged.
#[diagnostic::do_not_recommend]
impl<T: Body> Single for T {
    type Partial = Option<T::Partial>;
    const TYPE: WireType = WireType::LengthDelimited;

    fn is_default(&self) -> bool {
        false
    }

    fn put(&self, buf: &mut Vec<u8>) {
        delimited(buf, |buf| Body::encode(self, buf));
    }

    fn merge(partial: &mut Self::Partial, key: Key, input: &mut Input) -> Option<()> {
        let partial = partial.get_or_insert_default();
        let mut body = input.nested(key)?;
        body.each(|key, input| <T as Body>::merge(partial, key, input))
    }

    fn finish(partial: Self::Partial) -> Option<Self> {
        <T as Body>::finish(partial?)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Single> Wire for T {
    type Partial = <T as Single>::Partial;

    fn encode(&self, tag: u32, buf: &mut Vec<u8>) {
        if !self.is_default() {
            member(self, tag, buf);
        }
    }

    fn merge(partial: &mut Self::Partial, key: Key, input: &mut Input) -> Option<()> {
        <T as Single>::merge(partial, key, input)
    }

    fn finish(partial: Self::Partial) -> Option<Self> {
        <T as Single>::finish(partial)
    }
}

/// A field that may be absent; the default is written.
impl<T: Single> Wire for Option<T> {
    type Partial = Option<T::Partial>;

    fn encode(&self, tag: u32, buf: &mut Vec<u8>) {
        if let Some(value) = self {
            member(value, tag, buf);
        }
    }

    fn merge(partial: &mut Self::Partial, key: Key, input: &mut Input) -> Option<()> {
        <T as Single>::merge(partial.get_or_insert_default(), key, input)
    }

    fn finish(partial: Self::Partial) -> Option<Self> {
        match partial {
            None => Some(None),
            Some(partial) => <T as Single>::finish(partial).map(Some),
        }
    }
}

impl<T: Single> Wire for Vec<T> {
    type Partial = Self;

    fn encode(&self, tag: u32, buf: &mut Vec<u8>) {
        repeated(self.iter(), tag, buf);
    }

    fn merge(partial: &mut Self, key: Key, input: &mut Input) -> Option<()> {
        one_or_more(key, input, |value| partial.push(value))
    }

    fn finish(partial: Self) -> Option<Self> {
        Some(partial)
    }
}

/// A set, written in the order of its elements.
impl<T: Single + Ord> Wire for BTreeSet<T> {
    type Partial = Self;

    fn encode(&self, tag: u32, buf: &mut Vec<u8>) {
        repeated(self.iter(), tag, buf);
    }

    fn merge(partial: &mut Self, key: Key, input: &mut Input) -> Option<()> {
        let insert = |value| {
            partial.insert(value);
        };
        one_or_more(key, input, insert)
    }

    fn finish(partial: Self) -> Option<Self> {
        Some(partial)
    }
}

/// A map: a list of messages with a key and a value. Of two with the same key the
/// later counts.
impl<K: Wire + Ord, V: Wire> Wire for BTreeMap<K, V> {
    type Partial = Self;

    fn encode(&self, tag: u32, buf: &mut Vec<u8>) {
        for (key, value) in self {
            nested(tag, buf, |buf| {
                key.encode(1, buf);
                value.encode(2, buf);
            });
        }
    }

    fn merge(partial: &mut Self, key: Key, input: &mut Input) -> Option<()> {
        let (mut k, mut v) = (K::Partial::default(), V::Partial::default());
        input.nested(key)?.each(|key, input| match key.tag {
            1 => K::merge(&mut k, key, input),
            2 => V::merge(&mut v, key, input),
            _ => input.skip(key),
        })?;
        partial.insert(K::finish(k)?, V::finish(v)?);
        Some(())
    }

    fn finish(partial: Self) -> Option<Self> {
        Some(partial)
    }
}

/// Appends a list: numbers packed into one field, any other element as a field.
fn repeated<'a, T: Single + 'a>(
    values: impl ExactSizeIterator<Item = &'a T>,
    tag: u32,
    buf: &mut Vec<u8>,
) {
    if T::TYPE == WireType::LengthDelimited {
        values.for_each(|value| member(value, tag, buf));
    } else if values.len() > 0 {
        nested(tag, buf, |buf| values.for_each(|value| value.put(buf)));
    }
}

/// Reads an element of a list, or all elements if they are packed.
fn one_or_more<T: Single>(key: Key, input: &mut Input, mut push: impl FnMut(T)) -> Option<()> {
    let mut one = |key, input: &mut Input| {
        let mut partial = T::Partial::default();
        <T as Single>::merge(&mut partial, key, input)?;
        push(<T as Single>::finish(partial)?);
        Some(())
    };
    if key.wire_type != WireType::LengthDelimited || T::TYPE == WireType::LengthDelimited {
        return one(key, input);
    }
    let mut packed = input.nested(key)?;
    let (tag, wire_type) = (key.tag, T::TYPE);
    while !packed.bytes.is_empty() {
        one(Key { tag, wire_type }, &mut packed)?;
    }
    Some(())
}

#[cfg(test)]
mod tests;
