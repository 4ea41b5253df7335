//! A message, and when each peer had it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::stats::nanos;

/// Peers that stopped, by number, and those that came back. Times count from when the first
/// message was to be published.
#[derive(Clone, Debug, Default)]
pub struct Stopped {
    /// When the first message was to be published, in nanoseconds since 1970.
    pub began_unix_ns: u64,
    /// How long a message is awaited; `None`: for ever.
    patience: Option<Duration>,
    down: BTreeMap<u32, Vec<Downtime>>,
}

/// From when on a peer was down, and until when, if it came back.
type Downtime = (Duration, Option<Duration>);

impl Stopped {
    /// No peer.
    pub fn new() -> Self {
        Self::default()
    }

    /// No peer, where a message is awaited so long.
    pub fn with_patience(patience: Duration) -> Self {
        Self {
            patience: Some(patience),
            ..Self::new()
        }
    }

    /// A peer stops.
    pub fn stop(&mut self, peer: u32, at: Duration) {
        self.down.entry(peer).or_default().push((at, None));
    }

    /// It comes back.
    pub fn come_back(&mut self, peer: u32, at: Duration) {
        let last = self.down.get_mut(&peer).and_then(|all| all.last_mut());
        if let Some((_, back)) = last {
            back.get_or_insert(at);
        }
    }

    /// Whether that peer has stopped, and may have come back.
    pub fn any(&self, peer: u32) -> bool {
        self.down.contains_key(&peer)
    }

    /// Whether that peer, which gets a message again that it had, has come back since, and has
    /// forgotten it. One that has not come back yet runs again, and still dials its neighbours.
    pub fn has_forgotten(&self, peer: u32, since_unix_ns: u64) -> bool {
        let since = self.since_began(since_unix_ns);
        let mut all = self.down.get(&peer).into_iter().flatten();
        all.any(|(from, back)| since <= back.unwrap_or(*from))
    }

    fn since_began(&self, unix_ns: u64) -> Duration {
        Duration::from_nanos(unix_ns.saturating_sub(self.began_unix_ns))
    }

    /// How many peers have stopped.
    pub fn len(&self) -> usize {
        self.down.len()
    }

    /// Whether none has.
    pub fn is_empty(&self) -> bool {
        self.down.is_empty()
    }

    /// When peers stopped for the first time.
    pub fn first(&self) -> impl Iterator<Item = (u32, Duration)> {
        let first = self.down.iter();
        first.filter_map(|(peer, all)| Some((*peer, all.first()?.0)))
    }

    /// Whether that peer need not get a message of that time: it was down then, or while the
    /// message was awaited.
    fn excuses(&self, peer: u32, sent_unix_ns: u64) -> bool {
        let sent = self.since_began(sent_unix_ns);
        let mut all = self.down.get(&peer).into_iter().flatten();
        let awaited = self.patience.map(|patience| sent.saturating_add(patience));
        all.any(|(from, back)| {
            let over = back.is_some_and(|back| back <= sent);
            !over && awaited.is_none_or(|awaited| *from <= awaited)
        })
    }
}

impl FromIterator<(u32, Duration)> for Stopped {
    fn from_iter<I: IntoIterator<Item = (u32, Duration)>>(peers: I) -> Self {
        let mut stopped = Self::new();
        for (peer, at) in peers {
            stopped.stop(peer, at);
        }
        stopped
    }
}

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
        let peers = stopped.down.keys();
        let missed = peers.filter(|peer| {
            let is_to_get = **peer != self.publisher && !self.arrivals.contains_key(peer);
            is_to_get && stopped.excuses(**peer, self.sent_unix_ns)
        });
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
            None if stopped.excuses(peer, self.sent_unix_ns) => "the peer had stopped".into(),
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
