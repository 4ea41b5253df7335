//! What a run is expected to be, besides right: `msgs-per-op < 30`, `stable-p50 < 400ms`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;
use trace::history::History;
use trace::time::duration;

use crate::checkers::Property;
use crate::stats::{Measure, show};

/// The measure of messages between programs.
pub(super) const MESSAGES: &str = "messages an operation";

/// The measure of the time from an acknowledgement to the last read without the element.
pub(super) const STABLE: &str = "until all have it";

/// Something that is expected.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(into = "String")]
pub struct Expectation {
    quantity: Quantity,
    is_above: bool,
    /// A number, or nanoseconds.
    bound: f64,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantity {
    MsgsPerOp,
    StableP50,
    StableP99,
    StableMax,
}

impl Quantity {
    const ALL: [Self; 4] = [
        Self::MsgsPerOp,
        Self::StableP50,
        Self::StableP99,
        Self::StableMax,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::MsgsPerOp => "msgs-per-op",
            Self::StableP50 => "stable-p50",
            Self::StableP99 => "stable-p99",
            Self::StableMax => "stable-max",
        }
    }

    fn is_time(self) -> bool {
        self != Self::MsgsPerOp
    }

    fn of(self, measures: &[Measure]) -> Option<f64> {
        let named = |name| measures.iter().find(|measure| measure.name == name);
        match self {
            Self::MsgsPerOp => named(MESSAGES)?.p50,
            Self::StableP50 => named(STABLE)?.p50,
            Self::StableP99 => named(STABLE)?.p99,
            Self::StableMax => named(STABLE)?.max,
        }
    }

    /// A value, as the command line has it.
    fn text(self, value: f64) -> String {
        match self.is_time() {
            true => show(Duration::from_nanos(value as u64)),
            false => format!("{value:.2}"),
        }
    }
}

impl Expectation {
    /// Whether the measures of a run are as expected.
    pub(super) fn check(&self, measures: &[Measure], history: &History) -> Property {
        let mut property = Property::of("expectations are met", history);
        let Some(value) = self.quantity.of(measures) else {
            property.unknown(format!(
                "{} was not measured in this workload",
                self.quantity.name()
            ));
            return property;
        };
        let holds = match self.is_above {
            true => value > self.bound,
            false => value < self.bound,
        };
        property.check(holds, || {
            let value = self.quantity.text(value);
            format!(
                "{} is {value}, and {self} was expected",
                self.quantity.name()
            )
        });
        property
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_above { '>' } else { '<' };
        let bound = self.quantity.text(self.bound);
        write!(f, "{} {sign} {bound}", self.quantity.name())
    }
}

impl From<Expectation> for String {
    fn from(expectation: Expectation) -> Self {
        expectation.to_string()
    }
}

impl FromStr for Expectation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let at = text.find(['<', '>']);
        let at = at.ok_or("there is no < or >; write for example msgs-per-op < 30")?;
        let (name, rest) = (text[..at].trim(), text[at + 1..].trim());
        let found = Quantity::ALL
            .into_iter()
            .find(|quantity| quantity.name() == name);
        let quantity = found.ok_or_else(|| {
            let names = Quantity::ALL.map(Quantity::name).join(", ");
            format!("{name:?} is none of {names}")
        })?;
        let bound = match quantity.is_time() {
            true => {
                let time = duration(rest).map_err(|why| format!("{rest:?}: {why}"))?;
                time.as_nanos() as f64
            }
            false => {
                let number: f64 = rest.parse().map_err(|_| format!("{rest:?} is no number"))?;
                if !number.is_finite() {
                    return Err(format!("{rest:?} is no number"));
                }
                number
            }
        };
        Ok(Self {
            quantity,
            is_above: text[at..].starts_with('>'),
            bound,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expectations_are_read_and_written() {
        for text in [
            "msgs-per-op < 30.00",
            "stable-p50 < 400 ms",
            "stable-max > 1.00 s",
        ] {
            let spaced: Expectation = text.replace(' ', "").parse().expect(text);
            assert_eq!(spaced.to_string(), text);
        }
        for (text, why) in [
            ("msgs-per-op = 30", "no < or >"),
            ("speed < 30", "none of msgs-per-op"),
            ("msgs-per-op < many", "no number"),
            ("msgs-per-op < NaN", "no number"),
            ("stable-p50 < 400", "400"),
        ] {
            let error = text.parse::<Expectation>().expect_err(text);
            assert!(error.contains(why), "{error}");
        }
    }
}
