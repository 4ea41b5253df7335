//! A message, and when each peer had it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::stats::nanos;

/// Peers that stopped, by number, and how long after the first message was to be
/// published.
pub type Stopped = BTreeMap<u32, Duration>;

/// A message that was to be published.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its publisher.
    pub publisher: u32,
    /// The number of neighbours of its publisher.
    pub degree: usize,
    /// When it was to be published, in nanoseconds since 1970.
    pub sent_unix_ns: u64,
    /// Why it was not published.
    pub refused: Option<String>,
    /// The first copy at each peer that got one.
    pub arrivals: BTreeMap<u32, Arrival>,
}

/// A first copy.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// Where it came from, if that is a peer of the run.
    pub via: Option<u32>,
    /// How long after the message was to be published.
    pub after: Duration,
    /// How many hops it took, where the copy says so.
    pub hops: Option<u64>,
}

/// A message and one of its receivers, as a row of `results.csv`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Delivery {
    /// The number of the message.
    pub message: usize,
    /// Its publisher.
    pub publisher: u32,
    /// The number of neighbours of its publisher.
    pub publisher_degree: usize,
    /// The receiver.
    pub peer: u32,
    /// The peer that the first copy came from.
    pub via: Option<u32>,
    /// When it was to be published, in nanoseconds since 1970.
    pub sent_unix_ns: u64,
    /// After how long it came.
    pub after_ns: Option<u64>,
    /// Why it did not.
    pub lost: Option<Cow<'static, str>>,
}

impl Message {
    /// The number of stopped peers that never got it.
    pub fn missed(&self, stopped: &Stopped) -> u64 {
        let stopped = stopped.keys().filter(|peer| **peer != self.publisher);
        let missed = stopped.filter(|peer| !self.arrivals.contains_key(peer));
        missed.count() as u64
    }

    /// The number of hops to a peer: as its copy states, or else counted along the
    /// first copies from the publisher; `None` if that is not known.
    pub fn hops(&self, peer: u32) -> Option<u64> {
        if let Some(hops) = self.arrivals.get(&peer)?.hops {
            return Some(hops);
        }
        let mut at = peer;
        for hops in 1..=self.arrivals.len() as u64 {
            at = self.arrivals.get(&at)?.via?;
            if at == self.publisher {
                return Some(hops);
            }
        }
        None
    }

    /// After how long so many peers had it; zero for no peers.
    pub(super) fn reached(&self, peers: u64) -> Option<Duration> {
        let Some(last) = peers.checked_sub(1) else {
            return Some(Duration::ZERO);
        };
        let arrivals = self.arrivals.values();
        let mut after: Vec<_> = arrivals.map(|arrival| arrival.after).collect();
        after.sort_unstable();
        after.get(last as usize).copied()
    }

    /// The row of this message, which has that number, for a peer, whether the
    /// peer got it or not.
    pub fn delivery(&self, number: usize, peer: u32, stopped: &Stopped) -> Delivery {
        let arrival = self.arrivals.get(&peer);
        let lost = || match &self.refused {
            Some(why) => Cow::Owned(why.clone()),
            None if stopped.contains_key(&peer) => "the peer had stopped".into(),
            None => "did not arrive in time".into(),
        };
        Delivery {
            message: number,
            publisher: self.publisher,
            publisher_degree: self.degree,
            peer,
            via: arrival.and_then(|arrival| arrival.via),
            sent_unix_ns: self.sent_unix_ns,
            after_ns: arrival.map(|arrival| nanos(arrival.after)),
            lost: arrival.is_none().then(lost),
        }
    }

    /// The receivers among so many peers.
    pub fn receivers(&self, peers: usize) -> impl Iterator<Item = u32> {
        let publisher = self.publisher;
        (0..peers as u32).filter(move |peer| *peer != publisher)
    }
}
