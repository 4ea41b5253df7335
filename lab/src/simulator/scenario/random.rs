//! Faults at random times: each schedule draws its own from its seed.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

use super::{Crash, Error, Memory, Partition, written};
use crate::delay::Delay;

/// The streams of random numbers. Faults are drawn apart from what the network does, and
/// crashes apart from partitions: to add one does not change the others. The ids of spans
/// have the streams from 1 on.
const CRASHES: u64 = u64::MAX;
const PARTITIONS: u64 = u64::MAX - 1;

/// The most faults of a kind that a schedule may be expected to have. A guess: each event
/// is compared with all of them.
const MOST: f64 = 1000.0;

/// How often a process is drawn until one is found that is up. A guess: among a hundred
/// processes of which one is up, it is found half of the time.
const TRIES: usize = 64;

/// Faults that are drawn for each schedule. Read from a table of a scenario:
///
/// ```toml
/// [random]
/// crash = 2                        # in each schedule, or "0.1/s" a process
/// partition = "0.5/s"              # or a number in each schedule
/// until = "1s"                     # when all faults are over
/// duration = "exponential:100ms"   # how long each lasts
/// state = "lost"                   # what a process still knows after its crash, or "kept"
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RandomFaults {
    /// How often processes crash; a rate is that of one process.
    #[serde(deserialize_with = "written::frequency")]
    pub crash: Frequency,
    /// How often the network is partitioned, at random places.
    #[serde(deserialize_with = "written::frequency")]
    pub partition: Frequency,
    /// Faults begin before this time after the start. Those that last are over then.
    #[serde(deserialize_with = "written::time")]
    pub until: Duration,
    /// How long a process is down, and a partition lasts.
    #[serde(deserialize_with = "written::delay")]
    pub duration: Delay,
    /// What a process still knows after its crash.
    pub state: Memory,
}

impl Default for RandomFaults {
    /// None. The times are guesses.
    fn default() -> Self {
        Self {
            crash: Frequency::NEVER,
            partition: Frequency::NEVER,
            until: Duration::from_secs(1),
            duration: Delay::Exponential(Duration::from_millis(100)),
            state: Memory::Lost,
        }
    }
}

/// How often something happens: `2`, or `0.1/s`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Frequency {
    /// So many times in a schedule, at times that are equally likely.
    Count(u32),
    /// So many times a second on average, whatever happened before: a Poisson process.
    Rate(f64),
}

impl Frequency {
    /// Not at all.
    pub const NEVER: Self = Self::Count(0);

    /// Whether it never happens.
    pub fn is_never(self) -> bool {
        matches!(self, Self::Count(0) | Self::Rate(0.0))
    }

    /// How many times it happens on average before `until`, at one of so many processes.
    fn expected(self, until: Duration, processes: u32) -> f64 {
        match self {
            Self::Count(count) => f64::from(count),
            Self::Rate(rate) => rate * until.as_secs_f64() * f64::from(processes),
        }
    }

    /// Draws the times before `until`.
    fn draw(self, until: Duration, rng: &mut ChaCha8Rng) -> Vec<Duration> {
        match self {
            Self::Count(count) => (0..count)
                .map(|_| until.mul_f64(rng.random::<f64>()))
                .collect(),
            Self::Rate(rate) => {
                // The times between two are exponential, by the inverse of the distribution
                // function.
                let mut at = 0.0;
                let times = std::iter::from_fn(|| {
                    at += -(1.0 - rng.random::<f64>()).ln() / rate;
                    (at < until.as_secs_f64()).then(|| Duration::from_secs_f64(at))
                });
                times.collect()
            }
        }
    }
}

impl FromStr for Frequency {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("{text:?} is no number of faults and no rate; write for example 2 or 0.1/s");
        let Some(rate) = text.strip_suffix("/s") else {
            return text.parse().map(Self::Count).map_err(|_| wrong());
        };
        match rate.parse::<f64>() {
            Ok(rate) if rate.is_finite() && rate >= 0.0 => Ok(Self::Rate(rate)),
            Ok(_) | Err(_) => Err(wrong()),
        }
    }
}

impl fmt::Display for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Rate(rate) => write!(f, "{rate}/s"),
        }
    }
}

/// The faults that a schedule has drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DrawnFaults {
    /// Processes that stop: those of churn, in the order of time, and then others.
    pub crash: Vec<Crash>,
    /// How many of them are of churn.
    pub churn: usize,
    /// Times in which some processes cannot reach others: outages, in the order of time, and then
    /// others.
    pub partition: Vec<Partition>,
    /// How many of them are outages.
    pub outages: usize,
}

impl RandomFaults {
    /// Whether none are drawn.
    pub fn is_none(&self) -> bool {
        self.crash.is_never() && self.partition.is_never()
    }

    /// Whether they make sense for so many processes.
    ///
    /// # Errors
    /// [`Error`] with the invalid value.
    pub(super) fn check(&self, processes: u32) -> Result<(), Error> {
        let until = self.until;
        if !self.is_none() && until.is_zero() {
            return Err(Error::NoTime);
        }
        if !self.partition.is_never() && processes < 2 {
            return Err(Error::OneProcess);
        }
        for (name, frequency, processes) in [
            ("crash", self.crash, processes),
            ("partition", self.partition, 1),
        ] {
            let expected = frequency.expected(until, processes);
            if expected > MOST {
                return Err(Error::TooManyFaults {
                    name,
                    frequency,
                    expected,
                    most: MOST,
                    until,
                });
            }
        }
        Ok(())
    }

    /// The faults of the schedule with that seed, beside crashes that have fixed times.
    pub(super) fn draw(&self, fixed: &[Crash], processes: u32, seed: u64) -> DrawnFaults {
        let rng = |stream| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(stream);
            rng
        };
        DrawnFaults {
            churn: 0,
            outages: 0,
            crash: match self.crash.is_never() || processes == 0 {
                true => Vec::new(),
                false => self.crashes(fixed, processes, &mut rng(CRASHES)),
            },
            partition: match self.partition.is_never() || processes < 2 {
                true => Vec::new(),
                false => self.partitions(processes, &mut rng(PARTITIONS)),
            },
        }
    }

    /// A process crashes only while it is up.
    fn crashes(&self, fixed: &[Crash], processes: u32, rng: &mut ChaCha8Rng) -> Vec<Crash> {
        let mut times = Vec::new();
        match self.crash {
            Frequency::Count(_) => {
                let all = self.crash.draw(self.until, rng).into_iter();
                times.extend(all.map(|at| (at, None)));
            }
            Frequency::Rate(_) => {
                for process in 0..processes {
                    let all = self.crash.draw(self.until, rng).into_iter();
                    times.extend(all.map(|at| (at, Some(process))));
                }
            }
        }
        times.sort_unstable();
        let mut crashes = Vec::<Crash>::new();
        let mut down = HashMap::<u32, Vec<(Duration, Option<Duration>)>>::new();
        for crash in fixed {
            let of = down.entry(crash.process).or_default();
            of.push((crash.at, crash.restart));
        }
        for (at, process) in times {
            let restart = self.end(at, rng);
            let is_up = |process: &u32| {
                let mut others = down.get(process).into_iter().flatten();
                others.all(|(other, end)| {
                    let is_over = end.is_some_and(|end| end <= at);
                    restart < *other || is_over
                })
            };
            let mut any = (0..TRIES).map(|_| rng.random_range(0..processes));
            let process = match process {
                Some(process) => Some(process).filter(is_up),
                None => any.find(is_up),
            };
            if let Some(process) = process {
                down.entry(process).or_default().push((at, Some(restart)));
                crashes.push(Crash {
                    process,
                    at,
                    restart: Some(restart),
                    state: self.state,
                });
            }
        }
        crashes
    }

    /// The smaller side has any size that is possible, and any processes.
    fn partitions(&self, processes: u32, rng: &mut ChaCha8Rng) -> Vec<Partition> {
        let mut times = self.partition.draw(self.until, rng);
        times.sort_unstable();
        let partition = |at| {
            let heal = self.end(at, rng);
            let size = rng.random_range(1..=processes / 2);
            let group = rand::seq::index::sample(rng, processes as usize, size as usize);
            let mut group: Vec<_> = group.into_iter().map(|process| process as u32).collect();
            group.sort_unstable();
            Partition {
                at,
                heal: Some(heal),
                group,
                ..Partition::default()
            }
        };
        times.into_iter().map(partition).collect()
    }

    /// When a fault that begins at that time is over.
    fn end(&self, at: Duration, rng: &mut ChaCha8Rng) -> Duration {
        at.saturating_add(self.duration.draw(rng)).min(self.until)
    }
}

#[cfg(test)]
mod tests;
