//! Outages of peers and of links: drawn from a distribution of how long they last, or read from a
//! trace.
//!
//! Read from text, for example on a command line:
//!
//! | text | outages |
//! |---|---|
//! | `45%<2m` | so many of them end within that time: an exponential distribution through the point |
//! | `45%<2m,55%<3m` | the same with several points: a Weibull distribution ([`Quantiles`]) |
//! | `exponential:3m`, `weibull:4m,0.7`, `1m..5m` | of that distribution ([`Delay`]) |
//! | `outages.csv` | those of a file ([`Trace`]) |
//!
//! A [`Churn`](crate::simulator::Churn) has sessions of peers; here a link may have an outage as
//! well, and what is known of outages is often a few quantiles.

mod quantiles;
#[cfg(test)]
mod tests;
mod trace;

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

pub use self::quantiles::{Point, Quantiles};
pub use self::trace::Trace;
use crate::delay::Delay;
use crate::stats::show;

/// The most outages of a run. A guess, as for sessions of churn.
const MOST: usize = 100_000;

/// What is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A peer.
    Peer(u32),
    /// The link between two peers, of which the first has the lower number.
    Link(u32, u32),
}

/// An outage: from its begin until before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// What is out.
    pub of: Subject,
    /// When it begins, after the start of the run.
    pub from: Duration,
    /// When it ends.
    pub until: Duration,
}

/// Outages, as they are asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Outages {
    /// Drawn ones.
    Drawn {
        /// How long each lasts.
        lasts: Delay,
        /// What that was fitted to, if it was.
        fitted: Option<Quantiles>,
    },
    /// Those of a file.
    Traced(Trace),
}

/// Why there are no such outages.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The text says nothing that is known.
    #[error(
        "{text:?} is neither a distribution of outages nor a file; write for example 45%<2m, \
         45%<2m,55%<3m, exponential:3m, weibull:4m,0.7 or outages.csv"
    )]
    Unknown {
        /// The text.
        text: String,
    },
    /// Points that are those of no distribution.
    #[error("{text:?}: {why}")]
    Quantiles {
        /// The text.
        text: String,
        /// What is wrong.
        why: String,
    },
    /// The file cannot be read.
    #[error("{path}: {why}")]
    File {
        /// The file.
        path: String,
        /// What the system says.
        why: String,
    },
    /// A line of the file is wrong.
    #[error("{path}: line {line}: {why}")]
    Line {
        /// The file.
        path: String,
        /// The number of the line, from 1 on.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// There would be too many.
    #[error(
        "{subjects} peers and links that have an outage every {cycle}, for {until}, have more than \
         {MOST}; take longer times between them, or a shorter run"
    )]
    TooMany {
        /// How many may have one.
        subjects: usize,
        /// The median of a time without an outage, and of the outage.
        cycle: String,
        /// How long the run takes.
        until: String,
    },
}

impl Outages {
    /// The outages of a run in the order of time. Each subject is up for an exponential time
    /// whose mean is `every`, then out, and so on: without memory, as independent causes add up
    /// to. What is out at the end of the run ends with it. Traced ones are those of the file,
    /// whatever the subjects.
    ///
    /// Each subject has a stream of random numbers of its own, so that others do not change its
    /// outages.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub fn draw(
        &self,
        subjects: &[Subject],
        every: Duration,
        until: Duration,
        seed: u64,
    ) -> Result<Vec<Outage>, Error> {
        let lasts = match self {
            Self::Drawn { lasts, .. } => lasts,
            Self::Traced(trace) => return Ok(trace.outages().to_vec()),
        };
        let up = Delay::Exponential(every);
        let cycle = up.median().saturating_add(lasts.median());
        let cycles = until.as_secs_f64() / cycle.as_secs_f64() * subjects.len() as f64;
        let too_many = || Error::TooMany {
            subjects: subjects.len(),
            cycle: show(cycle),
            until: show(until),
        };
        // With a cycle of no time it is no number.
        if until > Duration::ZERO
            && !subjects.is_empty()
            && (cycles.is_nan() || cycles > MOST as f64)
        {
            return Err(too_many());
        }
        let mut outages = Vec::new();
        for subject in subjects {
            let mut rng = generator(*subject, seed);
            let mut from = up.draw(&mut rng);
            while from < until {
                let end = from.saturating_add(lasts.draw(&mut rng)).min(until);
                if outages.len() == MOST {
                    return Err(too_many());
                }
                outages.push(Outage {
                    of: *subject,
                    from,
                    until: end,
                });
                from = end.saturating_add(up.draw(&mut rng));
            }
        }
        outages.sort_by_key(|outage| (outage.from, outage.of));
        Ok(outages)
    }

    /// Whether a run of so many peers has all peers of a trace.
    ///
    /// # Errors
    /// [`Error::Line`] names the line with another one.
    pub fn check(&self, peers: u32) -> Result<(), Error> {
        match self {
            Self::Drawn { .. } => Ok(()),
            Self::Traced(trace) => trace.check(peers),
        }
    }
}

fn generator(subject: Subject, seed: u64) -> ChaCha8Rng {
    let (kind, one, other) = match subject {
        Subject::Peer(peer) => (0, peer, 0),
        Subject::Link(one, other) => (1, one, other),
    };
    let mut key = [0; 32];
    let words = [seed, kind, one.into(), other.into()];
    for (bytes, word) in key.chunks_exact_mut(8).zip(words) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

impl FromStr for Outages {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text.contains('<') {
            let fitted: Quantiles = text.parse()?;
            return Ok(Self::Drawn {
                lasts: fitted.fit(),
                fitted: Some(fitted),
            });
        }
        if let Ok(lasts) = text.parse() {
            return Ok(Self::Drawn {
                lasts,
                fitted: None,
            });
        }
        match Path::new(text).extension() {
            Some(_) => Ok(Self::Traced(Trace::read(text)?)),
            None => Err(Error::Unknown {
                text: text.to_owned(),
            }),
        }
    }
}

/// `weibull:246s,0.71 (45% < 120s: 45.0%)`, or the file.
impl fmt::Display for Outages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Drawn {
                lasts,
                fitted: None,
            } => write!(f, "{lasts}"),
            Self::Drawn {
                lasts,
                fitted: Some(points),
            } => write!(f, "{lasts} for {points}"),
            Self::Traced(trace) => f.write_str(trace.path()),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peer(peer) => write!(f, "{peer}"),
            Self::Link(one, other) => write!(f, "{one}-{other}"),
        }
    }
}
