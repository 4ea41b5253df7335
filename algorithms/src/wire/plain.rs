//! Values whose form on the wire is that of another type.

use std::time::Duration;

use super::{Body, Input, Key, Single, Wire, WireType};
use crate::Fraction;

/// Values that travel as a wider number. One beyond their own range is rejected.
macro_rules! narrow {
    ($($type:ty as $wide:ty;)+) => {$(
        impl Single for $type {
            type Partial = $wide;
            const TYPE: WireType = <$wide as Single>::TYPE;

            fn is_default(&self) -> bool {
                *self == Self::default()
            }

            fn put(&self, buf: &mut Vec<u8>) {
                (*self as $wide).put(buf);
            }

            fn merge(partial: &mut $wide, key: Key, input: &mut Input) -> Option<()> {
                <$wide as Single>::merge(partial, key, input)
            }

            fn finish(partial: $wide) -> Option<Self> {
                partial.try_into().ok()
            }
        }
    )+};
}

narrow! {
    u8 as u32;
    u16 as u32;
    usize as u64;
    i8 as i32;
    i16 as i32;
    isize as i64;
    char as u32;
}

/// Values that travel as a message of the fields of a tuple.
macro_rules! as_tuple {
    ($($type:ty as $tuple:ty, $to:expr, $from:expr;)+) => {$(
        impl Body for $type {
            type Partial = <$tuple as Body>::Partial;

            fn encode(&self, buf: &mut Vec<u8>) {
                let to: fn(&Self) -> $tuple = $to;
                Body::encode(&to(self), buf);
            }

            fn merge(partial: &mut Self::Partial, key: Key, input: &mut Input) -> Option<()> {
                <$tuple as Body>::merge(partial, key, input)
            }

            fn finish(partial: Self::Partial) -> Option<Self> {
                let from: fn($tuple) -> Option<Self> = $from;
                from(<$tuple as Body>::finish(partial)?)
            }
        }
    )+};
}

as_tuple! {
    // google.protobuf.Duration: seconds and nanoseconds.
    Duration as (u64, u32),
        |time| (time.as_secs(), time.subsec_nanos()),
        |(seconds, nanos)| (nanos < 1_000_000_000).then(|| Self::new(seconds, nanos));
    Fraction as (i64, i64), |fraction| fraction.parts(), |parts| Self::from_parts(parts);
}

/// Tuples: messages of their parts, from the tag 1 on.
macro_rules! tuples {
    ($(($($type:ident $part:ident $index:tt $tag:literal),+);)+) => {$(
        impl<$($type: Wire),+> Body for ($($type,)+) {
            type Partial = ($($type::Partial,)+);

            fn encode(&self, buf: &mut Vec<u8>) {
                $(<$type as Wire>::encode(&self.$index, $tag, buf);)+
            }

            fn merge(partial: &mut Self::Partial, key: Key, input: &mut Input) -> Option<()> {
                match key.tag {
                    $($tag => <$type as Wire>::merge(&mut partial.$index, key, input),)+
                    _ => input.skip(key),
                }
            }

            fn finish(($($part,)+): Self::Partial) -> Option<Self> {
                Some(($(<$type as Wire>::finish($part)?,)+))
            }
        }
    )+};
}

tuples! {
    (A a 0 1, B b 1 2);
    (A a 0 1, B b 1 2, C c 2 3);
    (A a 0 1, B b 1 2, C c 2 3, D d 3 4);
}
