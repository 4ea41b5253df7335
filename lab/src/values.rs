//! Values on the command line that clap does not know: sizes, times, rates.

use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use proto::MAX_BODY;
use serde::{Serialize, Serializer};

use crate::delay::Delay;
pub use trace::time::duration;

/// A number of bytes that fits into one message. `K` and `M` mean 1,024 and
/// 1,048,576.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Size(pub usize);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = bytes(text, "512, 4K or 1M")?;
        match usize::try_from(bytes) {
            Ok(size) if size <= MAX_BODY => Ok(Self(size)),
            _ => Err(format!(
                "{bytes} bytes are over the limit of {MAX_BODY} bytes (1M) a message"
            )),
        }
    }
}

/// A number of bytes of memory. `M` and `G` mean 2^20 and 2^30.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory(pub usize);

impl Memory {
    /// The default for collected spans: two and a half million
    /// steps.
    pub const DEFAULT: Self = Self(1 << 30);
}

/// The smallest amount of memory: less holds no trace worth looking at.
const LEAST_MEMORY: u64 = 16 << 20;

impl FromStr for Memory {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = bytes(text, "256M or 1G")?;
        match usize::try_from(bytes) {
            Ok(size) if bytes >= LEAST_MEMORY => Ok(Self(size)),
            _ => Err(
                "less than 16M holds no trace worth looking at; write for example 256M or 1G"
                    .into(),
            ),
        }
    }
}

/// A number of bytes with a binary unit.
fn bytes(text: &str, examples: &str) -> Result<u64, String> {
    let parsed = parse_size::Config::new().with_binary().parse_size(text);
    parsed.map_err(|_| format!("no number of bytes; write for example {examples}"))
}

/// A number from 1 on, as [`number`] reads it.
///
/// # Errors
/// What the text lacks, with an example.
pub fn count<N: TryFrom<u64> + PartialEq + Default>(text: &str) -> Result<N, String> {
    match number(text)? {
        zero if zero == N::default() => Err("take a number from 1 on, for example 20".to_owned()),
        number => Ok(number),
    }
}

/// A number. `k` and `M` mean 1,000 and 1,000,000.
///
/// # Errors
/// What the text lacks, with an example.
pub fn number<N: TryFrom<u64>>(text: &str) -> Result<N, String> {
    let (digits, unit) = match text.as_bytes().last() {
        Some(b'k' | b'K') => (&text[..text.len() - 1], 1_000),
        Some(b'M') => (&text[..text.len() - 1], 1_000_000),
        Some(_) | None => (text, 1),
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number {
        return Err("not a number; write for example 20 or 10k".to_owned());
    }
    let number = digits
        .parse()
        .ok()
        .and_then(|number: u64| number.checked_mul(unit));
    let number = number.and_then(|number| N::try_from(number).ok());
    number.ok_or_else(|| {
        let most = match N::try_from(u64::MAX) {
            Ok(_) => u64::MAX,
            Err(_) => u32::MAX.into(),
        };
        format!("too large; it is at most {most}")
    })
}

/// A probability: `0.05` or `5%`.
///
/// # Errors
/// What the text lacks, with an example.
pub fn probability(text: &str) -> Result<f64, String> {
    let (digits, unit) = match text.strip_suffix('%') {
        Some(digits) => (digits, 100.0),
        None => (text, 1.0),
    };
    match digits.parse::<f64>().map(|value| value / unit) {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        Ok(_) | Err(_) => {
            Err("not a probability between 0 and 1; write for example 0.05 or 5%".to_owned())
        }
    }
}

/// How long a peer is up: a distribution. A Weibull distribution without a shape has 0.5, as
/// measured sessions nearly have (Stutzbach and Rejaie, IMC 2006: 0.34 to 0.59).
///
/// # Errors
/// What the text lacks, with an example.
pub fn session(text: &str) -> Result<Delay, String> {
    let session: Delay = match text.strip_prefix("weibull:") {
        Some(scale) if !scale.contains(',') => format!("{text},0.5").parse(),
        Some(_) | None => text.parse(),
    }
    .map_err(
        |_| "no distribution of times; write for example weibull:20m, exponential:5m or 1m..10m",
    )?;
    match session.median() {
        Duration::ZERO => {
            Err("peers have to be up for some time; write for example weibull:20m".into())
        }
        _ => Ok(session),
    }
}

/// A value as it stands on the command line.
pub fn name_of(value: impl ValueEnum) -> String {
    let value = value.to_possible_value().expect("no value is hidden");
    value.get_name().to_owned()
}

/// A time as a number of seconds, for `run.json`.
///
/// # Errors
/// Those of the serializer.
pub fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    time.as_secs_f64().serialize(serializer)
}

/// A time, if there is one, as a number of seconds.
///
/// # Errors
/// Those of the serializer.
pub fn some_seconds<S: Serializer>(
    time: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    time.map(|time| time.as_secs_f64()).serialize(serializer)
}

/// A time that is not 0, between one message and the next.
///
/// # Errors
/// What the text lacks, with an example.
pub fn interval(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => {
            Err("there has to be time between two messages; write for example 50ms".to_owned())
        }
        interval => Ok(interval),
    }
}

/// The shortest time that a process may wait again and again. Clocks of live runs tick about as
/// often, and less than that is no load but a loop.
const PACE: Duration = Duration::from_millis(1);

/// How often a process does something.
///
/// # Errors
/// What the text lacks, with an example.
pub fn pace(text: &str) -> Result<Duration, String> {
    match interval(text)? {
        time if time < PACE => {
            Err("one each 1ms is the most that a process does; write for example 500ms".to_owned())
        }
        time => Ok(time),
    }
}

/// The same, or 0 for never.
///
/// # Errors
/// What the text lacks, with an example.
pub fn pace_or_never(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Ok(Duration::ZERO),
        _ => pace(text),
    }
}

/// A time between messages; `None` for `auto`, a time to be found by trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval(pub Option<Duration>);

impl FromStr for Interval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self(None)),
            text => interval(text).map(|time| Self(Some(time))),
        }
    }
}

/// A positive number of times a second.
///
/// # Errors
/// What the text lacks, with an example.
pub fn rate(text: &str) -> Result<f64, String> {
    let wrong = || "no rate; write for example 50 or 0.5 (times a second)".to_owned();
    let rate: f64 = text.parse().map_err(|_| wrong())?;
    match rate.is_finite() && (1e-6..=1e6).contains(&rate) {
        true => Ok(rate),
        false => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_probabilities_have_units() {
        for (text, expected) in [("20", Ok(20)), ("10k", Ok(10_000)), ("2M", Ok(2_000_000))] {
            assert_eq!(count::<u32>(text), expected, "{text}");
        }
        for (text, why) in [
            ("twenty", "write for example 20"),
            ("", "write for example 20"),
            ("k", "write for example 20"),
            ("-1", "write for example 20"),
            ("1.5k", "write for example 20"),
            ("0", "from 1 on"),
            ("5000M", "too large"),
            ("99999999999999999999", "too large"),
        ] {
            let error = count::<u32>(text).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
        assert_eq!(number::<u64>("0"), Ok(0));
        for (text, expected) in [("0.05", 0.05), ("5%", 0.05), ("100%", 1.0), ("0", 0.0)] {
            assert_eq!(probability(text), Ok(expected), "{text}");
        }
        for text in ["5", "-1%", "101%", "NaN", "inf", "half", "%", ""] {
            let error = probability(text).expect_err(text);
            assert!(error.ends_with("0.05 or 5%"), "{text}: {error}");
        }
    }

    #[test]
    fn sessions_have_a_shape_of_their_own() {
        for (text, session) in [
            ("weibull:20m", "weibull:1200s,0.5"),
            ("weibull:20m,0.4", "weibull:1200s,0.4"),
            ("exponential:5m", "exponential:300s"),
        ] {
            assert_eq!(super::session(text), session.parse(), "{text}");
        }
        for text in [
            "",
            "weibull:",
            "weibull:x",
            "20",
            "weibull:20m,x",
            "0s",
            "exponential:0s",
        ] {
            let error = super::session(text).expect_err(text);
            assert!(error.contains("weibull:20m"), "{text}: {error}");
        }
    }

    #[test]
    fn sizes_are_binary_and_bounded() {
        for (text, size) in [
            ("0", 0),
            ("512", 512),
            ("4K", 4096),
            ("4KiB", 4096),
            ("1M", 1 << 20),
        ] {
            assert_eq!(text.parse(), Ok(Size(size)), "{text}");
        }
        for text in ["", "-1", "x", "1048577", "2M", "99999999999999999999"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }

    #[test]
    fn memory_is_binary_and_not_too_little() {
        assert_eq!("16M".parse(), Ok(Memory(16 << 20)));
        assert_eq!("1G".parse(), Ok(Memory(1 << 30)));
        for text in ["", "0", "15M", "-1G", "much"] {
            assert!(text.parse::<Memory>().is_err(), "{text}");
        }
    }

    #[test]
    fn times_have_units() {
        for (text, millis) in [("0s", 0), ("50ms", 50), ("1.5s", 1500), ("2m", 120_000)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in [
            "",
            "5",
            "-1s",
            "soon",
            "1e9s",
            "366d",
            "9223372036854775807s",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
