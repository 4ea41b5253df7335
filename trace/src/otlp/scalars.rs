//! Numbers, ids, bytes and enums, each in all its permitted forms.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serializer};

/// With its padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// An integer, as a number or as text.
pub(super) fn number<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + TryFrom<i128> + FromStr,
{
    from.deserialize_any(Number(|_: &str| None, PhantomData))
}

/// A kind, as its number or by its name.
pub(super) fn kind<'de, D: Deserializer<'de>>(from: D) -> Result<i32, D::Error> {
    let named = |name: &str| SpanKind::from_str_name(name).map(i32::from);
    from.deserialize_any(Number(named, PhantomData))
}

/// A status code, as its number or by its name.
pub(super) fn status<'de, D: Deserializer<'de>>(from: D) -> Result<i32, D::Error> {
    let named = |name: &str| StatusCode::from_str_name(name).map(i32::from);
    from.deserialize_any(Number(named, PhantomData))
}

/// As text: JavaScript's numbers do not represent all of them exactly.
pub(super) fn as_text<S: Serializer>(number: &u64, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(number)
}

/// Hexadecimal digits.
pub(super) mod id {
    use super::{Deserializer, Error, Serializer};
    use crate::json::or_default;
    use crate::store::hex;

    pub(in crate::otlp) fn serialize<S: Serializer>(id: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex(id))
    }

    pub(in crate::otlp) fn deserialize<'de, D>(from: D) -> Result<Vec<u8>, D::Error>
    where
        D: Deserializer<'de>,
    {
        let digits: String = or_default(from)?;
        const_hex::decode(digits).map_err(D::Error::custom)
    }
}

/// A 64-bit integer inside an attribute.
pub(super) struct Integer(pub(super) i64);

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        number(from).map(Self)
    }
}

/// Bytes in base64, in either of its alphabets.
pub(super) struct Bytes(pub(super) Vec<u8>);

impl Bytes {
    pub(super) fn write(bytes: &[u8]) -> String {
        STANDARD.encode(bytes)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?
            .replace('-', "+")
            .replace('_', "/");
        BASE64.decode(text).map(Self).map_err(D::Error::custom)
    }
}

/// A number, or the word for NaN and infinities.
pub(super) struct Double(pub(super) f64);

impl Double {
    /// The word for a number that JSON cannot represent.
    pub(super) fn word(number: f64) -> Option<&'static str> {
        match number {
            f64::INFINITY => Some("Infinity"),
            f64::NEG_INFINITY => Some("-Infinity"),
            number => number.is_nan().then_some("NaN"),
        }
    }
}

impl<'de> Deserialize<'de> for Double {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(DoubleVisitor).map(Self)
    }
}

struct DoubleVisitor;

impl Visitor<'_> for DoubleVisitor {
    type Value = f64;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number, or one of \"NaN\", \"Infinity\", \"-Infinity\"")
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<f64, E> {
        Ok(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<f64, E> {
        Ok(number as f64)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<f64, E> {
        Ok(number as f64)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<f64, E> {
        match text {
            "NaN" => Ok(f64::NAN),
            "Infinity" => Ok(f64::INFINITY),
            "-Infinity" => Ok(f64::NEG_INFINITY),
            _ => text
                .parse()
                .ok()
                .filter(|number: &f64| number.is_finite())
                .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
}

/// Reads integers: as numbers, as text, and by the names they have.
struct Number<T, F>(F, PhantomData<T>);

impl<T, F> Visitor<'_> for Number<T, F>
where
    T: Default + TryFrom<i128> + FromStr,
    F: Fn(&str) -> Option<T>,
{
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = 8 * size_of::<T>();
        write!(formatter, "an integer of {bits} bits")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        let wrong = |_| E::invalid_value(Unexpected::Unsigned(number), &self);
        T::try_from(number.into()).map_err(wrong)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        let wrong = |_| E::invalid_value(Unexpected::Signed(number), &self);
        T::try_from(number.into()).map_err(wrong)
    }

    /// Some tools write whole numbers with a point or an exponent.
    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        let whole = (number.fract() == 0.0).then(|| format!("{number:.0}").parse().ok());
        let wrong = || E::invalid_value(Unexpected::Float(number), &self);
        whole.flatten().ok_or_else(wrong)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        let number = text.parse().ok().or_else(|| self.0(text));
        number.ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_unit<E: Error>(self) -> Result<T, E> {
        Ok(T::default())
    }
}
