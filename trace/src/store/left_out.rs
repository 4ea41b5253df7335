//! The spans that were left out of foreign input.

use std::fmt;

use serde::Serialize;

/// Spans that could not be read or stored. The other spans of their request or file are
/// stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// How many.
    pub spans: u64,
    /// The error of the first, with its place if that is known.
    pub first: Option<String>,
    /// The line in which the file was cut short: spans from there on are not counted.
    pub cut_in_line: Option<u64>,
}

impl LeftOut {
    /// Counts one more.
    pub fn add(&mut self, why: impl FnOnce() -> String) {
        self.spans += 1;
        self.first.get_or_insert_with(why);
    }

    /// Adds spans that were left out later.
    pub fn extend(&mut self, others: Self) {
        self.spans += others.spans;
        if self.first.is_none() {
            self.first = others.first;
        }
        self.cut_in_line = self.cut_in_line.or(others.cut_in_line);
    }

    /// Whether something is missing.
    pub fn is_some(&self) -> bool {
        self.spans > 0 || self.cut_in_line.is_some()
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (spans, first) = (self.spans, self.first.as_deref().unwrap_or("not known"));
        match (spans, self.cut_in_line) {
            (0, None) => write!(f, "no span was left out"),
            (0, Some(_)) => Ok(()),
            (1, _) => write!(f, "1 span was left out: {first}"),
            _ => write!(f, "{spans} spans were left out; the first: {first}"),
        }?;
        let Some(line) = self.cut_in_line else {
            return Ok(());
        };
        let and = if spans > 0 { "; " } else { "" };
        write!(
            f,
            "{and}line {line}: the file was cut short here; what stood before is shown"
        )
    }
}
