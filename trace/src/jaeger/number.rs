//! Numbers as JavaScript writes them: rounded, with a point or an exponent.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{Error, Unexpected, Visitor};

/// An integer type that is read from any number, as the nearest integer.
pub(super) trait Nearest: Sized {
    const NAME: &'static str;
    fn of_int(number: i128) -> Option<Self>;
    /// Converts a rounded number.
    fn of_float(number: f64) -> Self;
}

impl Nearest for u64 {
    const NAME: &'static str = "a number that is not negative";

    fn of_int(number: i128) -> Option<Self> {
        (number >= 0).then(|| Self::try_from(number).unwrap_or(Self::MAX))
    }

    fn of_float(number: f64) -> Self {
        number as Self
    }
}

impl Nearest for i64 {
    const NAME: &'static str = "a number";

    fn of_int(number: i128) -> Option<Self> {
        let nearest = number.clamp(Self::MIN.into(), Self::MAX.into());
        Self::try_from(nearest).ok()
    }

    fn of_float(number: f64) -> Self {
        number as Self
    }
}

/// The nearest integer to the number in the input.
pub(super) fn nearest<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Nearest,
{
    from.deserialize_any(Number(PhantomData))
}

struct Number<T>(PhantomData<T>);

impl<T: Nearest> Visitor<'_> for Number<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(T::NAME)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        let nearest = T::of_int(number.into());
        nearest.ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        let nearest = T::of_int(number.into());
        nearest.ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        let rounded = number.round();
        let known = T::of_int(if rounded < 0.0 { -1 } else { 0 });
        known
            .map(|_| T::of_float(rounded))
            .ok_or_else(|| E::invalid_value(Unexpected::Float(number), &self))
    }
}
