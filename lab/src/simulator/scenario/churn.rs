//! Churn: processes come and go all the time.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use trace::time::duration;

use super::{Crash, Error, Memory, written};
use crate::delay::Delay;
use crate::stats::show;

/// The stream of random numbers of churn, apart from those of
/// [`RandomFaults`](super::RandomFaults).
const CHURN: u64 = u64::MAX - 2;

/// The most sessions that a run may be expected to have. A guess.
const MOST: f64 = 100_000.0;

/// Processes that come and go. Each is up for a session, then down, and so on. Read from a
/// table of a scenario:
///
/// ```toml
/// [churn]
/// session = "weibull:10m,0.5"      # how long a process is up
/// downtime = "exponential:1m"      # and then down
/// from = "10s"                     # until then, all are up
/// until = "1h"                     # from then on, all are up
/// state = "lost"                   # what a process still knows, or "kept"
/// keep = [0]                       # processes that stay
/// ```
///
/// or, from a file of lines `90s,3,down`:
///
/// ```toml
/// [churn]
/// trace = "churn.csv"
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Churn {
    /// How long a process is up; `None` if there is no such churn.
    #[serde(deserialize_with = "written::some_delay")]
    pub session: Option<Delay>,
    /// How long it is down.
    #[serde(deserialize_with = "written::delay")]
    pub downtime: Delay,
    /// When the first sessions begin to count.
    #[serde(deserialize_with = "written::time")]
    pub from: Duration,
    /// When no process leaves any more, and those that are down come back.
    #[serde(deserialize_with = "written::time")]
    pub until: Duration,
    /// What a process still knows when it comes back.
    pub state: Memory,
    /// Processes that stay.
    pub keep: Vec<u32>,
    /// The file of a trace, in place of distributions.
    pub trace: Option<Trace>,
}

/// The times at which processes leave and come back.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "PathBuf")]
pub struct Trace {
    /// Its file.
    pub path: PathBuf,
    leaves: Vec<(Duration, u32, Option<Duration>)>,
}

impl Default for Churn {
    /// None. The downtime is a guess.
    fn default() -> Self {
        Self {
            session: None,
            downtime: Delay::Exponential(Duration::from_secs(60)),
            from: Duration::ZERO,
            until: Duration::ZERO,
            state: Memory::Lost,
            keep: Vec::new(),
            trace: None,
        }
    }
}

impl Churn {
    /// Whether no process leaves.
    pub fn is_none(&self) -> bool {
        self.session.is_none() && self.trace.is_none()
    }

    /// Whether it makes sense for so many processes.
    pub(super) fn check(&self, processes: u32) -> Result<(), Error> {
        let traced = self.trace.iter().flat_map(|trace| &trace.leaves);
        let named = traced.map(|(_, process, _)| process).chain(&self.keep);
        if let Some(&process) = named.copied().collect::<Vec<_>>().iter().max()
            && process >= processes
        {
            return Err(Error::UnknownProcess { process, processes });
        }
        let Some(session) = &self.session else {
            return Ok(());
        };
        if self.trace.is_some() {
            return Err(Error::TwoChurns);
        }
        if self.until <= self.from {
            return Err(Error::NoChurnTime);
        }
        // A distribution with a shape below 1 has sessions that are longer on average.
        let cycle = session.median().saturating_add(self.downtime.median());
        let time = self.until - self.from;
        let sessions = f64::from(processes) * time.as_secs_f64() / cycle.as_secs_f64();
        match sessions <= MOST {
            true => Ok(()),
            false => Err(Error::TooMuchChurn {
                cycle,
                until: show(time),
                most: MOST,
            }),
        }
    }

    /// When processes leave and come back, in the order of time, by that seed.
    pub(super) fn draw(&self, processes: u32, seed: u64) -> Vec<Crash> {
        let mut crashes = Vec::new();
        let crash = |process, at, restart| Crash {
            process,
            at,
            restart,
            state: self.state,
        };
        let traced = self.trace.iter().flat_map(|trace| &trace.leaves);
        crashes.extend(traced.map(|(at, process, back)| crash(*process, *at, *back)));
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(CHURN);
        if let Some(session) = &self.session {
            for process in (0..processes).filter(|process| !self.keep.contains(process)) {
                let mut leaves = self.from.saturating_add(session.draw(&mut rng));
                while leaves < self.until {
                    let back = leaves.saturating_add(self.downtime.draw(&mut rng));
                    let back = back.min(self.until);
                    crashes.push(crash(process, leaves, Some(back)));
                    leaves = back.saturating_add(session.draw(&mut rng));
                }
            }
        }
        crashes.sort_by_key(|crash| (crash.at, crash.process));
        crashes
    }
}

impl TryFrom<PathBuf> for Trace {
    type Error = String;

    fn try_from(path: PathBuf) -> Result<Self, String> {
        let text = std::fs::read_to_string(&path);
        let text = text.map_err(|error| format!("{}: {error}", path.display()))?;
        let leaves = leaves(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self { path, leaves })
    }
}

/// Reads lines `90s,3,down` and `100s,3,up`, in the order of time.
fn leaves(text: &str) -> Result<Vec<(Duration, u32, Option<Duration>)>, String> {
    let mut leaves = Vec::<(Duration, u32, Option<Duration>)>::new();
    // The places of those that have not come back.
    let mut open = HashMap::new();
    let mut last = Duration::ZERO;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = |why: &str| format!("line {number}: {line:?} {why}");
        let fields: Vec<_> = line.split(',').map(str::trim).collect();
        let &[at, process, state] = &fields[..] else {
            return Err(wrong("has not three fields; write for example 90s,3,down"));
        };
        let at = duration(at).map_err(|_| wrong("begins with no time; write for example 90s"))?;
        let process = process.parse();
        let process = process.map_err(|_| wrong("has no number of a peer in its second field"))?;
        if at < last {
            return Err(wrong("comes after a later time; sort the lines by time"));
        }
        last = at;
        match (state, open.get(&process).copied()) {
            ("down", None) if leaves.len() as f64 >= MOST => {
                return Err(format!(
                    "line {number}: a run has at most {MOST:.0} sessions"
                ));
            }
            ("down", None) => {
                open.insert(process, leaves.len());
                leaves.push((at, process, None));
            }
            ("up", Some(place)) => {
                leaves[place].2 = Some(at);
                open.remove(&process);
            }
            // All are up at the start.
            ("up", None) => return Err(wrong("names a peer that is up already")),
            ("down", Some(_)) => return Err(wrong("names a peer that is down already")),
            _ => return Err(wrong("ends with neither up nor down")),
        }
    }
    Ok(leaves)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::Scenario;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_trace_is_read_in_the_order_of_time() {
        let text = "# peers\n1s,3,down\n2s,0,down\n\n2s,3,up\n4s,3,down\n";
        let expected = vec![
            (SECOND, 3, Some(2 * SECOND)),
            (2 * SECOND, 0, None),
            (4 * SECOND, 3, None),
        ];
        assert_eq!(leaves(text), Ok(expected));
        for (text, part) in [
            ("1s,3", "line 1: \"1s,3\" has not three"),
            ("1,3,down", "no time"),
            ("1s,x,down", "no number"),
            ("2s,1,down\n1s,2,down", "line 2: \"1s,2,down\" comes after"),
            ("1s,1,up", "up already"),
            (
                "1s,1,down\n2s,1,down",
                "line 2: \"2s,1,down\" names a peer that is down",
            ),
            ("1s,1,away", "neither up nor down"),
        ] {
            let error = leaves(text).expect_err(text);
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn sessions_and_downtimes_have_their_distributions() {
        let text = "[churn]\nsession = \"weibull:10s,0.5\"\ndowntime = \"5s\"\n\
                    until = \"10000s\"\nkeep = [1]";
        let churn = Scenario::parse(text).expect("a scenario").churn;
        let crashes = churn.draw(3, 1);
        assert_eq!(crashes, churn.draw(3, 1));
        assert!(crashes.is_sorted_by_key(|crash| crash.at));
        assert!(crashes.iter().all(|crash| crash.process != 1));
        let mine: Vec<_> = crashes.iter().filter(|crash| crash.process == 0).collect();
        for (crash, next) in mine.iter().zip(&mine[1..]) {
            assert_eq!(crash.restart, Some(crash.at + 5 * SECOND));
            assert!(next.at >= crash.at + 5 * SECOND);
        }
        // The mean of a Weibull distribution: scale * gamma(1 + 1/shape), 20 s here.
        let expected = 10_000.0 / 25.0;
        let count = mine.len() as f64;
        assert!((count - expected).abs() < expected / 4.0, "{count}");
    }
}
