//! Judges of a recorded run. They share no code with the algorithms, and read
//! nothing but the [`History`](crate::history::History), so a mistake in an
//! algorithm cannot excuse itself.

#[cfg(test)]
mod by_hand;
pub mod flood;
pub mod leader;
pub mod mutual_exclusion;
pub mod ping;
pub mod snapshot;
pub mod termination;
pub mod wave;

use std::fmt;

use serde::Serialize;

/// What a checker found out about one property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Property {
    /// The property, as the literature names it.
    pub name: &'static str,
    /// How many things were looked at. With none, that it holds says nothing.
    pub checked: u64,
    /// What is wrong, with the steps and messages named.
    pub violations: Vec<String>,
}

impl Property {
    /// A property of which nothing is known yet.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            checked: 0,
            violations: Vec::new(),
        }
    }

    /// Looks at one more thing: notes what is wrong with it unless it `holds`.
    pub fn check(&mut self, holds: bool, violation: impl FnOnce() -> String) {
        self.checked += 1;
        if !holds {
            self.violations.push(violation());
        }
    }

    /// Whether nothing is wrong.
    pub fn holds(&self) -> bool {
        self.violations.is_empty()
    }
}

/// `I1 no orphan: holds (380 checked)`
impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, checked, .. } = self;
        match &self.violations[..] {
            [] => write!(f, "{name}: holds ({checked} checked)"),
            [only] => write!(f, "{name}: VIOLATED: {only}"),
            [first, rest @ ..] => {
                write!(f, "{name}: VIOLATED: {first}, and {} more", rest.len())
            }
        }
    }
}
