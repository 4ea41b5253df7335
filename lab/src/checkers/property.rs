//! A property of a run, and what a checker found out about it.

use std::fmt;

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use trace::history::History;

/// What a checker found out about one property.
///
/// A property for which nothing was checked is not known to hold: its checker may
/// look for a kind of message that the run does not have. Where a correct run has
/// nothing to check, the checker says so with [`Property::idle`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// The property, as the literature names it.
    pub name: &'static str,
    /// How many checks were made.
    pub checked: u64,
    /// What is wrong, with the steps and messages named.
    pub violations: Vec<String>,
    /// What is checked: "output Elected".
    looks_at: Option<&'static str>,
    /// Why the run was cut short, if it was.
    unfinished: Option<String>,
    /// Why it is not known whether the property holds.
    unknown: Option<String>,
    /// Why a correct run has nothing to check.
    idle: Option<String>,
}

/// What is known of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It holds in every check.
    Holds,
    /// It is violated.
    Violated,
    /// Nothing was checked, or the run was cut short before it could hold.
    Unknown,
    /// Nothing was checked, and this run need not have anything to check.
    Idle,
}

impl Property {
    /// A property of which nothing is known yet.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            checked: 0,
            violations: Vec::new(),
            looks_at: None,
            unfinished: None,
            unknown: None,
            idle: None,
        }
    }

    /// The same, for a run that may have been cut short:
    /// [`Property::check_in_the_end`] depends on that.
    pub fn of(name: &'static str, history: &History) -> Self {
        Self {
            unfinished: history.unfinished.clone(),
            ..Self::new(name)
        }
    }

    /// Names what is checked, for the reason if the run has none of it.
    #[must_use]
    pub fn looks_at(self, what: &'static str) -> Self {
        let looks_at = Some(what);
        Self { looks_at, ..self }
    }

    /// Makes a check: records the violation unless it `holds`.
    pub fn check(&mut self, holds: bool, violation: impl FnOnce() -> String) {
        self.checked += 1;
        if !holds {
            self.violations.push(violation());
        }
    }

    /// Checks something that has to hold by the end of the run. If it does not
    /// hold yet in a run that was cut short ([`History::unfinished`]), that is no
    /// violation: the property is then not known.
    pub fn check_in_the_end(&mut self, holds: bool, violation: impl FnOnce() -> String) {
        match &self.unfinished {
            Some(why) if !holds => {
                let so_far = || format!("{why}; until then {}", violation());
                self.unknown.get_or_insert_with(so_far);
            }
            Some(_) | None => self.check(holds, violation),
        }
    }

    /// The same property, with nothing checked.
    pub(crate) fn unchecked(&self) -> Self {
        Self {
            checked: 0,
            violations: Vec::new(),
            unknown: None,
            ..self.clone()
        }
    }

    /// Adds what was found at one more moment of the run, which follows the step `place`.
    /// An invariant that is violated once is listed once.
    pub(crate) fn add(&mut self, found: Self, place: impl FnOnce() -> String) {
        self.checked += found.checked;
        if self.violations.is_empty() && !found.violations.is_empty() {
            let place = place();
            let violations = found.violations.into_iter();
            self.violations = violations
                .map(|violation| format!("after {place}: {violation}"))
                .collect();
        }
        self.unknown = self.unknown.take().or(found.unknown);
    }

    /// Marks the property as not known, and replaces any earlier reason.
    pub fn not_known(&mut self, why: impl Into<String>) {
        self.unknown = Some(why.into());
    }

    /// Marks the property as idle: a correct run has nothing to check here, for
    /// that reason.
    pub fn idle(&mut self, why: impl Into<String>) {
        self.idle = Some(why.into());
    }

    /// Marks the property as not known, unless it is violated. The first reason
    /// is kept.
    pub fn unknown(&mut self, why: impl Into<String>) {
        self.unknown.get_or_insert_with(|| why.into());
    }

    /// Whether no violation was found.
    pub fn holds(&self) -> bool {
        self.violations.is_empty()
    }

    /// What is known of it.
    pub fn outcome(&self) -> Outcome {
        match (self.violations.is_empty(), &self.unknown) {
            (false, _) => Outcome::Violated,
            (true, Some(_)) => Outcome::Unknown,
            (true, None) if self.checked > 0 => Outcome::Holds,
            (true, None) if self.idle.is_some() => Outcome::Idle,
            (true, None) => Outcome::Unknown,
        }
    }

    /// Why it is not known, or idle.
    pub fn reason(&self) -> Option<&str> {
        let vacuous = || Some(self.looks_at.unwrap_or("nothing was looked at"));
        match self.outcome() {
            Outcome::Holds | Outcome::Violated => None,
            Outcome::Unknown => self.unknown.as_deref().or_else(vacuous),
            Outcome::Idle => self.idle.as_deref(),
        }
    }

    /// Called after all checks. If there were none, the reason becomes what the
    /// run lacks, and what it has instead.
    pub fn settle(&mut self, history: &History) {
        if self.outcome() != Outcome::Unknown || self.unknown.is_some() {
            return;
        }
        self.unknown = Some(match (&history.unfinished, self.looks_at) {
            (Some(why), _) => why.clone(),
            (None, Some(what)) => format!("no {what}; there were {}", history.kinds()),
            (None, None) => format!("nothing was looked at; there were {}", history.kinds()),
        });
    }
}

/// Name, outcome, number of checks, violations, and the reason if it is not known
/// or idle.
impl Serialize for Property {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut property = serializer.serialize_struct("Property", 5)?;
        property.serialize_field("name", self.name)?;
        property.serialize_field("outcome", &self.outcome())?;
        property.serialize_field("checked", &self.checked)?;
        property.serialize_field("violations", &self.violations)?;
        property.serialize_field("reason", &self.reason())?;
        property.end()
    }
}

/// `I1 no orphan: holds (380 checked)`
impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, checked, .. } = self;
        let reason = self.reason().unwrap_or_default();
        match self.outcome() {
            Outcome::Holds => write!(f, "{name}: holds ({checked} checked)"),
            Outcome::Unknown => write!(f, "{name}: not known ({checked} checked: {reason})"),
            Outcome::Idle => write!(f, "{name}: nothing to check ({reason})"),
            Outcome::Violated => {
                let rest = self.violations.len().saturating_sub(1);
                let first = self.violations.first().map_or("", String::as_str);
                write!(f, "{name}: VIOLATED: {first}")?;
                match rest {
                    0 => Ok(()),
                    rest => write!(f, ", and {rest} more"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkers::by_hand::ByHand;

    /// A run with one message and one output.
    fn run() -> History {
        let mut run = ByHand::new(["peer-00", "peer-01"]);
        let message = run.send("peer-00", "peer-01", "PING", []);
        run.receive("peer-01", message);
        run.say("peer-01", "Joined", []);
        run.history
    }

    #[test]
    fn outcomes_in_words() {
        let unfinished = History {
            unfinished: Some("the run was interrupted".into()),
            ..run()
        };
        let missing = || "peer-01 never joins".to_owned();
        type Checks = fn(&mut Property);
        let cases: [(&History, Checks, Outcome, &str); 7] = [
            (
                &run(),
                |p| p.check(true, String::new),
                Outcome::Holds,
                "joins: holds (1 checked)",
            ),
            (
                &run(),
                |p| p.check(false, || "A".into()),
                Outcome::Violated,
                "joins: VIOLATED: A",
            ),
            (
                &run(),
                |_| {},
                Outcome::Unknown,
                "joins: not known (0 checked: no output Join; there were the message PING (1), the output Joined (1))",
            ),
            (
                &run(),
                |p| p.idle("one process has nothing to join"),
                Outcome::Idle,
                "joins: nothing to check (one process has nothing to join)",
            ),
            (
                &unfinished,
                |_| {},
                Outcome::Unknown,
                "joins: not known (0 checked: the run was interrupted)",
            ),
            (
                &unfinished,
                |p| {
                    p.check(true, String::new);
                    p.check_in_the_end(false, || "peer-01 never joins".into());
                },
                Outcome::Unknown,
                "joins: not known (1 checked: the run was interrupted; until then peer-01 never joins)",
            ),
            (
                &unfinished,
                |p| {
                    p.check_in_the_end(false, || "peer-01 never joins".into());
                    p.check(false, || "A".into());
                },
                Outcome::Violated,
                "joins: VIOLATED: A",
            ),
        ];
        for (history, checks, outcome, words) in cases {
            let mut property = Property::of("joins", history).looks_at("output Join");
            checks(&mut property);
            property.settle(history);
            assert_eq!(property.outcome(), outcome, "{words}");
            assert_eq!(property.to_string(), words);
        }
        let mut ended = Property::of("joins", &run());
        ended.check_in_the_end(false, missing);
        assert_eq!(
            ended.outcome(),
            Outcome::Violated,
            "the run came to its end"
        );
    }
}
