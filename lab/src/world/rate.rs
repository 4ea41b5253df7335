//! How much a line carries.

use std::fmt;
use std::str::FromStr;

/// A rate of a line, in bits a second.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Rate(f64);

/// The units, decimal as network engineers use them.
const UNITS: [(&str, f64); 4] = [
    ("kbit/s", 1e3),
    ("Mbit/s", 1e6),
    ("Gbit/s", 1e9),
    ("bit/s", 1.0),
];

impl Rate {
    /// Bytes a second.
    pub fn bytes_per_second(self) -> f64 {
        self.0 / 8.0
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no rate; write for example 50Mbit/s or 1Gbit/s");
        let known = UNITS.iter().find_map(|(unit, size)| {
            let number = text.strip_suffix(unit)?;
            Some((number.trim_end(), size))
        });
        let (number, size) = known.ok_or_else(wrong)?;
        let rate = number.parse::<f64>().map_err(|_| wrong())? * size;
        match (1.0..=1e15).contains(&rate) {
            true => Ok(Self(rate)),
            false => Err(format!(
                "{text:?} carries nothing, or more than any line; write for example 50Mbit/s"
            )),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, size): &&(&str, f64)| self.0 >= *size;
        let (unit, size) = UNITS[..3].iter().rev().find(fits).unwrap_or(&UNITS[3]);
        write!(f, "{}{unit}", self.0 / size)
    }
}
