//! Faults that are planned for a run, and what came of them.
//!
//! A run that ends before a planned fault strikes shows nothing of that fault,
//! and one in which nothing meets it shows little. So the first is `unknown`, and
//! the second is reported. Where many schedules are tried, a fault has to strike
//! in one of them.

use std::fmt::Write as _;
use std::str::FromStr;
use std::time::Duration;

use algorithms::NodeId;
use serde::Serialize;
use trace::time::duration;

use crate::simulator::{Crash, Frequency, Memory};
use crate::stats::show;

/// How many faults are reported one by one. A guess: more would not be read.
const SHOWN: usize = 20;

/// A planned fault, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Planned {
    /// "the crash of peer-03"
    name: String,
    at_seconds: f64,
    /// The place of the fault that has to happen before this one: a partition is
    /// healed only after it began.
    #[serde(skip)]
    after: Option<usize>,
    /// In how many runs it happened.
    runs: u64,
    /// How many messages, timers and commands it stopped; `None` where that is
    /// not counted.
    met: Option<u64>,
    /// In how many runs nothing met it.
    #[serde(skip)]
    unmet: u64,
    /// In how many it came after the last step.
    #[serde(skip)]
    late: u64,
}

/// A peer that is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kill {
    /// Its number.
    pub node: u32,
    /// When, after the start.
    pub at: Duration,
}

/// `3@100ms`
impl FromStr for Kill {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} names no peer and time; write for example 3@100ms");
        let (node, at) = text.split_once('@').ok_or_else(wrong)?;
        Ok(Self {
            node: node.parse().map_err(|_| wrong())?,
            at: duration(at).map_err(|_| wrong())?,
        })
    }
}

/// Crashes of processes that restart, without all but their durable fields.
#[derive(Clone, Debug, PartialEq)]
pub enum Crashes {
    /// One process, at these times.
    At(Crash),
    /// Processes and times that are drawn.
    Random(Frequency),
}

/// `3@100ms..2s`, or `2`, or `0.1/s`.
impl FromStr for Crashes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} names no peer and two times, and no number or rate of crashes; write \
                 for example 3@100ms..2s, or in simulate 2 or 0.1/s"
            )
        };
        if !text.contains('@') {
            return text.parse().map(Self::Random).map_err(|_| wrong());
        }
        let (first, restart) = text.split_once("..").ok_or_else(wrong)?;
        let Kill { node, at } = first.parse().map_err(|_| wrong())?;
        let restart = duration(restart).map_err(|_| wrong())?;
        match at < restart {
            true => Ok(Self::At(Crash {
                process: node,
                at,
                restart: Some(restart),
                state: Memory::Lost,
            })),
            false => Err(format!(
                "{text:?} restarts before it crashes; write for example 3@100ms..2s"
            )),
        }
    }
}

/// What came of a fault in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strike {
    /// The run ended before it.
    Never,
    /// It happened, and what met it was not counted.
    Happened,
    /// It happened after the last step of the run.
    Late,
    /// It happened, and stopped so many messages, timers and commands.
    Met(u64),
}

/// All planned faults, over one run or many. In `run.json`, the list of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Faults {
    planned: Vec<Planned>,
    #[serde(skip)]
    runs: u64,
    /// How long the longest run took.
    #[serde(skip)]
    longest: Duration,
}

impl Planned {
    /// A fault at a time after the start.
    pub fn new(name: String, at: Duration) -> Self {
        Self {
            name,
            at_seconds: at.as_secs_f64(),
            after: None,
            runs: 0,
            met: None,
            unmet: 0,
            late: 0,
        }
    }

    /// That peer crashes, for a time or for ever.
    pub fn crash(node: u32, at: Duration) -> Self {
        Self::new(format!("the crash of {}", NodeId(node)), at)
    }

    /// That peer restarts after a crash.
    pub fn restart(node: u32, at: Duration) -> Self {
        Self::new(format!("the restart of {}", NodeId(node)), at)
    }

    /// The same, which cannot happen unless the fault at that place does.
    #[must_use]
    pub fn after(self, place: usize) -> Self {
        let after = Some(place);
        Self { after, ..self }
    }

    fn at(&self) -> String {
        show(Duration::from_secs_f64(self.at_seconds))
    }
}

impl Faults {
    /// Faults that are planned, in no run so far.
    pub fn new(planned: Vec<Planned>) -> Self {
        Self {
            planned,
            ..Self::default()
        }
    }

    /// Adds a run that took so long. `strike` says what came of the fault at each
    /// place.
    pub fn add(&mut self, took: Duration, strike: impl Fn(usize) -> Strike) {
        self.runs += 1;
        self.longest = self.longest.max(took);
        for (place, fault) in self.planned.iter_mut().enumerate() {
            match strike(place) {
                Strike::Never => {}
                Strike::Happened => fault.runs += 1,
                Strike::Late => {
                    fault.runs += 1;
                    fault.late += 1;
                }
                Strike::Met(count) => {
                    fault.runs += 1;
                    fault.unmet += u64::from(count == 0);
                    *fault.met.get_or_insert(0) += count;
                }
            }
        }
    }

    /// The faults that never happened, a line each.
    pub fn never(&self) -> Vec<String> {
        let longest = show(self.longest);
        let ended = match self.runs {
            1 => format!("the run ended after {longest}"),
            runs => format!("the longest of {runs} schedules ended after {longest}"),
        };
        let struck = |place: Option<usize>| place.is_none_or(|at| self.planned[at].runs > 0);
        let all = self.planned.iter();
        let never = all.filter(|fault| self.runs > 0 && fault.runs == 0 && struck(fault.after));
        never
            .map(|fault| format!("{} at {} never happened: {ended}", fault.name, fault.at()))
            .collect()
    }

    /// What came of those that happened, a line each.
    pub fn text(&self) -> String {
        let happened = self.planned.iter().filter(|fault| fault.runs > 0);
        let mut text = String::new();
        for fault in happened.clone().take(SHOWN) {
            let _ = write!(text, "fault             {} at {}", fault.name, fault.at());
            if self.runs > 1 {
                let _ = write!(text, " in {} of {} schedules", fault.runs, self.runs);
            }
            let _ = match (fault.met, fault.unmet) {
                (None, _) if fault.late == fault.runs => {
                    write!(
                        text,
                        ": it changed nothing, since it came after the last step"
                    )
                }
                (None, _) => Ok(()),
                (Some(0), _) => write!(
                    text,
                    ": it changed nothing, since no message, timer or command met it"
                ),
                (Some(count), 0) => write!(text, " stopped {count} messages, timers and commands"),
                (Some(count), unmet) => write!(
                    text,
                    " stopped {count} messages, timers and commands; in {unmet} nothing met it"
                ),
            };
            text.push('\n');
        }
        let rest = happened.count().saturating_sub(SHOWN);
        if rest > 0 {
            let _ = writeln!(text, "                  and {rest} more faults");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn faults() -> Faults {
        Faults::new(vec![
            Planned::crash(3, 40 * MS),
            Planned::restart(3, 60 * MS).after(0),
        ])
    }

    #[test]
    fn a_crash_has_a_peer_and_two_times() {
        let read = "2@1s..1500ms".parse().expect("a crash");
        let expected = Crash {
            process: 2,
            at: 1000 * MS,
            restart: Some(1500 * MS),
            state: Memory::Lost,
        };
        assert_eq!(Crashes::At(expected), read);
        let rate = "0.5/s".parse().expect("a rate");
        assert_eq!(Crashes::Random(Frequency::Rate(0.5)), rate);
        for (text, part) in [
            ("2@1s", "two times"),
            ("1s..2s", "two times"),
            ("2@1s..", "two times"),
            ("2@2s..1s", "before it crashes"),
            ("2@1s..1s", "before it crashes"),
        ] {
            let why = text.parse::<Crashes>().expect_err(text);
            assert!(why.contains(part) && why.contains(text), "{why}");
        }
    }

    #[test]
    fn planned_faults_that_did_not_happen_are_named() {
        let restart = "the restart of peer-03 at 60.0 ms never happened: ";
        type Run = (u32, Strike, Strike);
        let cases: [(&[Run], &[&str]); 5] = [
            (&[], &[]),
            (
                &[(30, Strike::Never, Strike::Never)],
                &["the crash of peer-03 at 40.0 ms never happened: the run ended after 30.0 ms"],
            ),
            (&[(50, Strike::Met(2), Strike::Never)], &[restart]),
            (
                &[
                    (50, Strike::Met(2), Strike::Never),
                    (45, Strike::Met(0), Strike::Never),
                ],
                &[restart],
            ),
            (
                &[
                    (30, Strike::Never, Strike::Never),
                    (70, Strike::Met(0), Strike::Happened),
                ],
                &[],
            ),
        ];
        for (runs, expected) in cases {
            let mut faults = faults();
            for (took, kill, restart) in runs {
                faults.add(*took * MS, |place| [*kill, *restart][place]);
            }
            let never = faults.never();
            assert_eq!(never.len(), expected.len(), "{never:?}");
            for (line, expected) in never.iter().zip(expected) {
                assert!(line.starts_with(expected), "{line}");
            }
        }
    }

    #[test]
    fn faults_that_affected_nothing_are_reported() {
        let mut faults = faults();
        faults.add(50 * MS, |place| [Strike::Met(0), Strike::Never][place]);
        let text = "fault             the crash of peer-03 at 40.0 ms: it changed nothing, since no message, timer or command met it\n";
        assert_eq!(faults.text(), text);
        let mut late = self::faults();
        late.add(50 * MS, |place| [Strike::Late, Strike::Never][place]);
        assert!(late.text().ends_with("since it came after the last step\n"));
        faults.add(70 * MS, |_| Strike::Met(3));
        let text = faults.text();
        let first = text.lines().next().expect("a line");
        assert!(first.ends_with(
            " in 2 of 2 schedules stopped 3 messages, timers and commands; in 1 nothing met it"
        ));
        assert_eq!(text.lines().count(), 2);
    }
}
