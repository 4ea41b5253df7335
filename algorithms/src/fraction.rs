//! Fractions whose arithmetic is exact, or says that it is not.
//!
//! The result of a float's addition depends on the order of the additions, so a sum over
//! all processes would differ from run to run, and no mass would be conserved. A float is
//! neither `Eq` nor `Hash` either. A [`Fraction`] is an integer that counts a small unit.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};
use std::str::FromStr;

/// How many decimal places a fraction has.
const PLACES: usize = 18;

/// How many units are 1.
const ONE: i128 = 10_i128.pow(PLACES as u32);

/// A decimal number with 18 places, from about −9.2·10¹⁸ to 9.2·10¹⁸: its whole part is an
/// `i64`.
///
/// Addition and subtraction are exact. [`ratio`](Self::ratio), multiplication and division
/// round towards zero, to a multiple of 10⁻¹⁸. Nothing wraps around: an operator panics on
/// a result beyond the range, as a division by zero does, and a process that panics fails
/// its run. The `checked` functions return `None` instead.
///
/// To share a value without loss, take [`halves`](Self::halves):
///
/// ```
/// use algorithms::Fraction;
///
/// let third = Fraction::ratio(1, 3);
/// let [kept, sent] = third.halves();
/// assert_eq!(kept + sent, third);
/// assert_eq!(third.to_string(), "0.333333333333333333");
/// assert_eq!("0.5".parse(), Ok(Fraction::ratio(1, 2)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fraction(i128);

impl Fraction {
    /// 0.
    pub const ZERO: Self = Self(0);
    /// 1.
    pub const ONE: Self = Self(ONE);
    /// The largest value.
    pub const MAX: Self = Self(i64::MAX as i128 * ONE + (ONE - 1));
    /// The least value.
    pub const MIN: Self = Self(i64::MIN as i128 * ONE);

    /// `numerator / denominator`, rounded towards zero.
    ///
    /// # Panics
    /// The denominator is 0.
    pub fn ratio(numerator: i64, denominator: i64) -> Self {
        Self::from(numerator) / Self::from(denominator)
    }

    /// The value as two parts that differ by 10⁻¹⁸ at most. Their sum is the value.
    #[must_use]
    pub fn halves(self) -> [Self; 2] {
        let half = self.0 / 2;
        [Self(half), Self(self.0 - half)]
    }

    /// The distance from zero.
    #[must_use]
    #[track_caller]
    pub fn abs(self) -> Self {
        if self < Self::ZERO { -self } else { self }
    }

    /// The sum, unless it is beyond the range.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Self::within(self.0 + other.0)
    }

    /// The difference, unless it is beyond the range.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        Self::within(self.0 - other.0)
    }

    /// The product, unless it is beyond the range.
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        let (whole, rest) = (other.0 / ONE, other.0 % ONE);
        let (own_whole, own_rest) = (self.0 / ONE, self.0 % ONE);
        // Only the first term may exceed an i128: the others are below 10³⁷.
        let whole = self.0.checked_mul(whole)?;
        let all = whole.checked_add(own_whole * rest + own_rest * rest / ONE)?;
        Self::within(all)
    }

    /// The quotient, unless it is beyond the range or `other` is 0.
    pub fn checked_div(self, other: Self) -> Option<Self> {
        let mut quotient = self.0.checked_div(other.0)?;
        let mut rest = self.0 % other.0;
        for _ in 0..PLACES {
            // Below 10³⁸, since the rest is less than the divisor.
            rest *= 10;
            quotient = quotient.checked_mul(10)?.checked_add(rest / other.0)?;
            rest %= other.0;
        }
        Self::within(quotient)
    }

    /// The nearest float: for measures, and not for a process.
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / ONE as f64
    }

    /// Its form in a message: the whole part and the rest in units of 10⁻¹⁸, both with the
    /// sign.
    pub(crate) fn parts(self) -> (i64, i64) {
        ((self.0 / ONE) as i64, (self.0 % ONE) as i64)
    }

    /// `None`: the parts are not of that form.
    pub(crate) fn from_parts((whole, rest): (i64, i64)) -> Option<Self> {
        let fraction = Self::within(i128::from(whole) * ONE + i128::from(rest))?;
        (fraction.parts() == (whole, rest)).then_some(fraction)
    }

    fn within(units: i128) -> Option<Self> {
        let is_valid = (Self::MIN.0..=Self::MAX.0).contains(&units);
        is_valid.then_some(Self(units))
    }
}

/// Operators, each by its checked function.
macro_rules! operators {
    ($($trait:ident $name:ident $checked:ident $symbol:literal;)+) => {$(
        impl $trait for Fraction {
            type Output = Self;

            #[track_caller]
            fn $name(self, other: Self) -> Self {
                match self.$checked(other) {
                    Some(result) => result,
                    None => panic!(
                        "{self} {} {other} is no Fraction: the whole part of one is an i64",
                        $symbol
                    ),
                }
            }
        }
    )+};
}

operators! {
    Add add checked_add "+";
    Sub sub checked_sub "-";
    Mul mul checked_mul "*";
    Div div checked_div "/";
}

impl AddAssign for Fraction {
    #[track_caller]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Fraction {
    #[track_caller]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Neg for Fraction {
    type Output = Self;

    #[track_caller]
    fn neg(self) -> Self {
        Self::ZERO - self
    }
}

impl Sum for Fraction {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Add::add)
    }
}

impl From<i64> for Fraction {
    fn from(whole: i64) -> Self {
        Self(i128::from(whole) * ONE)
    }
}

impl From<i32> for Fraction {
    fn from(whole: i32) -> Self {
        i64::from(whole).into()
    }
}

impl From<u32> for Fraction {
    fn from(whole: u32) -> Self {
        i64::from(whole).into()
    }
}

/// All places that are not zero: `0.25`.
impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) = (self.0.abs() / ONE, self.0.abs() % ONE);
        let places = format!("{rest:018}");
        match places.trim_end_matches('0') {
            "" => write!(f, "{sign}{whole}"),
            places => write!(f, "{sign}{whole}.{places}"),
        }
    }
}

/// Why a text is no fraction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAFraction(String);

impl fmt::Display for NotAFraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text) = self;
        write!(
            f,
            "{text:?} is no decimal number with at most {PLACES} places and a whole part of 64 \
             bits; expected for example 0.25"
        )
    }
}

impl std::error::Error for NotAFraction {}

/// The form that `Display` has: `-0.25`.
impl FromStr for Fraction {
    type Err = NotAFraction;

    fn from_str(text: &str) -> Result<Self, NotAFraction> {
        parse(text).ok_or_else(|| NotAFraction(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Fraction> {
    let digits = text.strip_prefix('-');
    let (whole, places) = match digits.unwrap_or(text).split_once('.') {
        Some((whole, places)) if !places.is_empty() => (whole, places),
        Some(_) => return None,
        None => (digits.unwrap_or(text), ""),
    };
    let is_number = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number(whole) || !is_number(places) || places.len() > PLACES {
        return None;
    }
    let whole = i128::from(whole.parse::<u64>().ok()?);
    let places = format!("{places:0<PLACES$}").parse::<i128>().ok()?;
    let units = whole * ONE + places;
    Fraction::within(if digits.is_some() { -units } else { units })
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn fraction(text: &str) -> Fraction {
        text.parse().expect(text)
    }

    #[test]
    fn text_survives_the_round_trip() {
        for text in [
            "0",
            "1",
            "-1",
            "0.5",
            "-0.000000000000000001",
            "12.000000000000000034",
            "9223372036854775807.999999999999999999",
            "-9223372036854775808",
        ] {
            assert_eq!(fraction(text).to_string(), text);
        }
        for text in [
            "",
            "-",
            ".5",
            "1.",
            "+1",
            "1e3",
            "--1",
            "0x1",
            "1.0000000000000000001",
            "9223372036854775808",
            "-9223372036854775808.1",
        ] {
            let error = text.parse::<Fraction>().expect_err(text);
            assert!(error.to_string().contains("0.25"), "{error}");
        }
    }

    #[test]
    fn arithmetic_rounds_towards_zero() {
        let third = Fraction::ratio(1, 3);
        assert_eq!(third, fraction("0.333333333333333333"));
        assert_eq!(-third, Fraction::ratio(-1, 3));
        assert_eq!(third * Fraction::from(3), fraction("0.999999999999999999"));
        assert_eq!(fraction("1.5") * fraction("-2.5"), fraction("-3.75"));
        assert_eq!(fraction("-3.75") / fraction("1.5"), fraction("-2.5"));
        let tiny = fraction("0.000000000000000001");
        assert_eq!(tiny * fraction("0.5"), Fraction::ZERO);
        assert_eq!(tiny / tiny, Fraction::ONE);
        assert_eq!(Fraction::MAX / Fraction::MAX, Fraction::ONE);
        assert_eq!(Fraction::MAX * Fraction::ONE, Fraction::MAX);
        assert_eq!(Fraction::MIN / Fraction::ONE, Fraction::MIN);
        assert_eq!(Fraction::from(7) / Fraction::from(i64::MAX), tiny - tiny);
    }

    #[test]
    fn results_beyond_the_range_are_errors() {
        let (max, tiny) = (Fraction::MAX, fraction("0.000000000000000001"));
        assert_eq!(max.checked_add(tiny), None);
        assert_eq!(Fraction::MIN.checked_sub(tiny), None);
        assert_eq!(max.checked_mul(fraction("1.1")), None);
        assert_eq!(max.checked_mul(max), None);
        assert_eq!(Fraction::ONE.checked_div(Fraction::ZERO), None);
        assert_eq!(max.checked_div(tiny), None);
        assert_eq!(Fraction::from(i64::MIN), Fraction::MIN);
        let panics = std::panic::catch_unwind(|| max + Fraction::ONE);
        let message = panics.expect_err("beyond the range");
        let message = message.downcast_ref::<String>().expect("a text");
        assert!(
            message.ends_with("the whole part of one is an i64"),
            "{message}"
        );
    }

    /// Shares that are halved and passed on at random lose nothing.
    #[test]
    fn halves_conserve_the_sum() {
        for seed in 0..20 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let mut shares: Vec<_> = (1..=9).map(|n| Fraction::ratio(n - 5, 7)).collect();
            let before: Fraction = shares.iter().copied().sum();
            for _ in 0..1000 {
                let (from, to) = (rng.random_range(0..9), rng.random_range(0..9));
                let [kept, sent] = shares[from].halves();
                shares[from] = kept;
                shares[to] += sent;
            }
            assert_eq!(shares.into_iter().sum::<Fraction>(), before, "seed {seed}");
        }
    }
}
