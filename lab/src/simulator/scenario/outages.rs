//! Outages: links that stop for a time, as paths of the internet do.

mod quantiles;
#[cfg(test)]
mod tests;
mod trace;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

use super::{Error, Partition, written};
use crate::delay::Delay;
use crate::stats::show;
use crate::system::OutagesEnd;
use quantiles::Quantiles;
use trace::Trace;

/// The stream of random numbers of outages, apart from those of other faults.
const OUTAGES: u64 = u64::MAX - 3;

/// The most outages of a run. A guess, as for sessions of churn.
pub(super) const MOST: usize = 100_000;

/// Links that have outages: each works for a time, then nothing passes between its two processes,
/// and so on. Read from a table of a scenario:
///
/// ```toml
/// [outages]
/// length = "45%<2m"        # how long each lasts: points of the distribution, or a delay
/// every = "1h"             # for how long a link works between two, on average
/// from = "1m"              # when the first times begin to count
/// until = "5h"             # when all links work again; without it they go out until the run ends
/// ```
///
/// or, from a file of lines `90s,3.5m,7` and `90s,3.5m,7-9`:
///
/// ```toml
/// [outages]
/// trace = "outages.csv"
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Outages {
    /// How long each lasts; `None` if none are drawn.
    pub length: Option<Length>,
    /// The mean of the times between two of a link, which have an exponential distribution:
    /// without memory, as independent causes add up to.
    #[serde(deserialize_with = "written::time")]
    pub every: Duration,
    /// When the first times begin to count.
    #[serde(deserialize_with = "written::time")]
    pub from: Duration,
    /// When all links work again. Without it links go out until the run ends, and those that are
    /// out then stay so.
    #[serde(deserialize_with = "written::some_time")]
    pub until: Option<Duration>,
    /// The file of a trace, in place of a distribution.
    pub trace: Option<Trace>,
}

/// How long outages last.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Length {
    /// The distribution.
    pub delay: Delay,
    /// The points that it was fitted to, if it was.
    pub fitted: Option<Quantiles>,
}

/// What an option asks for: a distribution, or a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// Outages that the seed draws.
    Length(Length),
    /// Those of a file.
    Trace(Trace),
}

/// What is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Subject {
    /// All links of a process.
    Process(u32),
    /// The link between two, of which the first has the lower number.
    Link(u32, u32),
}

/// An outage: from its begin until before its end, if it ends in the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Outage {
    of: Subject,
    from: Duration,
    until: Option<Duration>,
}

impl Default for Outages {
    /// None. The time between two is a guess.
    fn default() -> Self {
        Self {
            length: None,
            every: Duration::from_secs(60 * 60),
            from: Duration::ZERO,
            until: None,
            trace: None,
        }
    }
}

impl Outages {
    /// Whether no link has any.
    pub fn is_none(&self) -> bool {
        self.length.is_none() && self.trace.is_none()
    }

    /// When all links work again, if any goes out.
    pub fn end(&self) -> Option<OutagesEnd> {
        if let Some(trace) = &self.trace {
            let last = trace
                .outages()
                .iter()
                .filter_map(|outage| outage.until)
                .max();
            return last.map(OutagesEnd::At);
        }
        self.length.as_ref()?;
        Some(self.until.map_or(OutagesEnd::WithTheRun, OutagesEnd::At))
    }

    /// Whether they make sense for so many processes.
    pub(super) fn check(&self, processes: u32) -> Result<(), Error> {
        if let Some(trace) = &self.trace {
            trace.check(processes)?;
        }
        if self.length.is_none() {
            return Ok(());
        }
        if self.trace.is_some() {
            return Err(Error::TwoOutages);
        }
        if processes < 2 {
            return Err(Error::OneProcess);
        }
        match self.until {
            Some(until) if until <= self.from => Err(Error::NoOutageTime),
            Some(until) => self.check_until(processes, until),
            None => Ok(()),
        }
    }

    /// Whether there are not too many until then.
    pub(super) fn check_until(&self, processes: u32, until: Duration) -> Result<(), Error> {
        let Some(length) = &self.length else {
            return Ok(());
        };
        let time = self.until.unwrap_or(until).saturating_sub(self.from);
        let cycle = self.every.saturating_add(length.delay.median());
        let links = links(processes);
        // Without a cycle there is no end of them, and the quotient is no number.
        let expected = links as f64 * time.as_secs_f64() / cycle.as_secs_f64();
        match expected <= MOST as f64 {
            true => Ok(()),
            false => Err(Error::TooManyOutages {
                cycle,
                until: show(time),
                links,
                most: MOST,
            }),
        }
    }

    /// The outages as partitions, in the order of time: those of the trace, or those of that seed in
    /// a run that ends at `end`. Each link has random numbers of its own, so that others do not change
    /// its outages.
    pub(super) fn draw(&self, processes: u32, seed: u64, end: Duration) -> Vec<Partition> {
        let traced = self.trace.iter().flat_map(Trace::outages).copied();
        let mut all: Vec<_> = traced.collect();
        if let Some(length) = &self.length {
            for one in 0..processes {
                for other in one + 1..processes {
                    self.draw_one((one, other), length, seed, end, &mut all);
                }
            }
            all.sort_by_key(|outage| (outage.from, outage.of));
        }
        all.into_iter().map(Outage::partition).collect()
    }

    fn draw_one(
        &self,
        (one, other): (u32, u32),
        length: &Length,
        seed: u64,
        end: Duration,
        all: &mut Vec<Outage>,
    ) {
        let mut key = [0; 32];
        let words = [seed, OUTAGES, one.into(), other.into()];
        for (bytes, word) in key.chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        let mut rng = ChaCha8Rng::from_seed(key);
        let up = Delay::Exponential(self.every);
        let last = self.until.unwrap_or(end);
        let mut from = self.from.saturating_add(up.draw(&mut rng));
        while from < last && all.len() < MOST {
            let until = from.saturating_add(length.delay.draw(&mut rng));
            let until = until.min(self.until.unwrap_or(Duration::MAX));
            all.push(Outage {
                of: Subject::Link(one, other),
                from,
                until: Some(until).filter(|until| *until <= last),
            });
            from = until.saturating_add(up.draw(&mut rng));
        }
    }
}

fn links(processes: u32) -> u64 {
    let processes = u64::from(processes);
    processes * processes.saturating_sub(1) / 2
}

impl Outage {
    fn partition(self) -> Partition {
        let (group, others) = match self.of {
            Subject::Process(process) => (vec![process], None),
            Subject::Link(one, other) => (vec![one], Some(vec![other])),
        };
        Partition {
            at: self.from,
            heal: self.until,
            group,
            others,
            ..Partition::default()
        }
    }
}

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains('<') {
            let fitted: Quantiles = text.parse()?;
            return Ok(Self {
                delay: fitted.fit(),
                fitted: Some(fitted),
            });
        }
        let delay = text.parse().map_err(|_| {
            format!(
                "{text:?} is no distribution of outages; write for example 45%<2m, \
                 45%<2m,55%<3m, exponential:3m or weibull:4m,0.7"
            )
        })?;
        Ok(Self {
            delay,
            fitted: None,
        })
    }
}

impl TryFrom<String> for Length {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// As it was asked for.
impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fitted {
            Some(points) => points.fmt(f),
            None => self.delay.fmt(f),
        }
    }
}

impl FromStr for Asked {
    type Err = String;

    /// A name with an ending is a file.
    fn from_str(text: &str) -> Result<Self, String> {
        let is_file = !text.contains('<') && Path::new(text).extension().is_some();
        match (is_file, text.parse()) {
            (true, Err(_)) => Ok(Self::Trace(Trace::try_from(PathBuf::from(text))?)),
            (_, Ok(length)) => Ok(Self::Length(length)),
            (false, Err(why)) if text.contains('<') => Err(why),
            (false, Err(why)) => Err(format!("{why}, or name a file, for example outages.csv")),
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(length) => length.fmt(f),
            Self::Trace(trace) => trace.path.display().fmt(f),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(process) => write!(f, "{process}"),
            Self::Link(one, other) => write!(f, "{one}-{other}"),
        }
    }
}
