//! How messages of gossip spread, whatever protocol spreads them: one measure for
//! the flood, which is read from the record of a run, and for gossipsub, whose
//! deliveries are watched as they come.
//!
//! A message has the time at which it is to be published, and all its times are
//! measured from that. Peers on one machine read the same clock; the clocks of
//! several machines may differ. A delivery is the first copy of a message at a peer
//! other than its publisher.

mod bound;
mod lines;
mod message;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use algorithms::NodeId;
use serde::Serialize;

pub use self::bound::Bound;
pub use self::message::{Arrival, Delivery, Message, Stopped};
use crate::stats::{Measure, Summary, Times, least_median_most};

/// The name of the measure of copies that were not needed.
pub const DUPLICATES: &str = "duplicates a delivery";

/// The percentages of the other peers: for each, the time is measured until so
/// many have a message.
const PERCENT: [u32; 4] = [50, 95, 99, 100];

/// What was observed of a run.
#[derive(Clone, Debug)]
pub struct Observed<'a> {
    /// The number of neighbours of each peer.
    pub degrees: &'a [u64],
    /// The number of messages that were to be published.
    pub planned: u64,
    /// How many of them never were, because their publishers had stopped.
    pub unpublished: u64,
    /// The messages that were published, or refused.
    pub messages: Vec<&'a Message>,
    /// The peers that stopped.
    pub stopped: &'a Stopped,
    /// Copies of the messages.
    pub copies: Copies,
    /// How a message spreads at best.
    pub bound: Bound,
}

/// Copies of messages.
#[derive(Clone, Copy, Debug, Default)]
pub struct Copies {
    /// How many were received, the deliveries among them.
    pub received: u64,
    /// How many were sent, where that is known.
    pub sent: Option<u64>,
    /// The bytes of data in those sent, or else in those received.
    pub bytes: u64,
}

/// How messages spread: what was measured of a run.
#[derive(Debug, Serialize)]
pub struct Spread {
    /// The number of messages that were to be published.
    pub messages: u64,
    /// How many were.
    pub published: u64,
    /// Why the others were refused.
    pub refused: BTreeMap<String, u64>,
    /// Expected deliveries.
    pub expected: u64,
    /// Deliveries that were made.
    pub delivered: u64,
    /// Copies that were received, the deliveries among them.
    pub copies: u64,
    /// Bytes of data in the copies.
    pub copied_bytes: u64,
    /// Copies that were sent, where that is known.
    #[serde(skip)]
    pub sent: Option<u64>,
    /// The number of neighbours of a peer: the least, the median, the greatest.
    pub degree: [u64; 3],
    /// The peers that stopped, and after how many seconds.
    pub stopped: BTreeMap<String, f64>,
    /// Deliveries that are not expected, because peers stopped.
    pub excused: u64,
    /// The number of peers.
    pub peers: u64,
    /// How many deliveries took so many hops; 0: not known.
    pub hops: BTreeMap<u64, u64>,
    /// From when a message was to be published until a peer had it.
    pub delivery_ns: Option<Summary>,
    /// The same until a part of the other peers had it.
    pub spread: Vec<Reached>,
    /// Deliveries of published messages that had not been made when the run was
    /// interrupted. They are not expected.
    pub under_way: u64,
    /// How a message spreads at best.
    #[serde(skip)]
    pub bound: Bound,
}

/// How long messages took to reach a part of the other peers.
#[derive(Debug, Serialize)]
pub struct Reached {
    /// The part, in percent.
    pub percent: u32,
    /// The times of the messages that got so far.
    pub time_ns: Option<Summary>,
    /// The number of published messages that never did.
    pub never: u64,
}

impl Observed<'_> {
    /// How the messages spread.
    pub fn spread(&self) -> Spread {
        let (peers, messages) = (self.degrees.len() as u64, &self.messages);
        let others = peers.saturating_sub(1);
        let published = messages.iter().filter(|message| message.refused.is_none());
        let missed: u64 = published
            .clone()
            .map(|message| message.missed(self.stopped))
            .sum();
        let excused = missed + self.unpublished * others;
        let (mut delivery, mut hops) = (Times::new(), BTreeMap::new());
        for message in messages {
            for (peer, arrival) in &message.arrivals {
                delivery.record(arrival.after);
                *hops.entry(message.hops(*peer).unwrap_or(0)).or_default() += 1;
            }
        }
        let mut refused = BTreeMap::new();
        for why in messages.iter().filter_map(|one| one.refused.clone()) {
            *refused.entry(why).or_default() += 1;
        }
        let stopped = self.stopped.first();
        let stopped = stopped.map(|(peer, at)| (NodeId(peer).to_string(), at.as_secs_f64()));
        Spread {
            messages: self.planned,
            published: published.count() as u64,
            refused,
            expected: (self.planned * others).saturating_sub(excused),
            delivered: messages.iter().map(|one| one.arrivals.len() as u64).sum(),
            copies: self.copies.received,
            copied_bytes: self.copies.bytes,
            sent: self.copies.sent,
            degree: least_median_most(self.degrees),
            stopped: stopped.collect(),
            excused,
            peers,
            hops,
            delivery_ns: delivery.summary(),
            spread: PERCENT.map(|percent| self.reached(percent)).into(),
            under_way: 0,
            bound: self.bound,
        }
    }

    /// A row for each message and each peer that it was to come to.
    pub fn rows(&self) -> Vec<Delivery> {
        let all = self.messages.iter().enumerate();
        let rows = all.flat_map(|(number, message)| {
            let peers = message.receivers(self.degrees.len());
            peers.map(move |peer| message.delivery(number, peer, self.stopped))
        });
        rows.collect()
    }

    fn reached(&self, percent: u32) -> Reached {
        let (mut times, mut never) = (Times::new(), 0);
        let published = self.messages.iter();
        for message in published.filter(|message| message.refused.is_none()) {
            let others = self.degrees.len() as u64 - 1;
            let others = others.saturating_sub(message.missed(self.stopped));
            match message.reached((others * u64::from(percent)).div_ceil(100)) {
                Some(after) => times.record(after),
                None => never += 1,
            }
        }
        Reached {
            percent,
            time_ns: times.summary(),
            never,
        }
    }
}

impl Spread {
    /// The run was interrupted: deliveries of messages that were not published are
    /// not expected, and those that had not been made are under way.
    pub fn interrupt(&mut self) {
        let others = self.peers.saturating_sub(1);
        let published = (self.published * others).saturating_sub(self.excused);
        self.under_way = published.saturating_sub(self.delivered);
        self.expected = self.delivered;
        self.spread.iter_mut().for_each(|reached| reached.never = 0);
    }

    /// Copies of messages that the peer had already.
    pub fn duplicates(&self) -> u64 {
        self.copies.saturating_sub(self.delivered)
    }

    /// After how many hops all peers can have a message, if no peer gets it twice.
    fn theory(&self) -> f64 {
        self.bound.hops(self.peers)
    }

    /// The hops of deliveries, and the number of those whose hops are not known.
    fn known_hops(&self) -> (Option<Summary>, u64) {
        let mut known = Times::new();
        for (hops, deliveries) in self.hops.range(1..) {
            known.count(*hops, *deliveries);
        }
        let unknown = self.hops.get(&0).copied().unwrap_or(0);
        (known.summary(), unknown)
    }

    /// The number per delivery.
    fn each(&self, number: u64) -> f64 {
        ratio(number, self.delivered)
    }

    /// What was measured, in the form of all experiments.
    pub fn measures(&self) -> Vec<Measure> {
        let missing = self.expected.saturating_sub(self.delivered);
        let mut all = Vec::new();
        for reached in &self.spread {
            let name = format!("time to {} %", reached.percent);
            all.push(Measure::times(&name, reached.time_ns, reached.never));
        }
        all.push(Measure::times("time to a peer", self.delivery_ns, missing));
        let (hops, unknown) = self.known_hops();
        all.push(Measure::numbers("hops", hops, missing + unknown).with_theory(self.theory()));
        let parts = [
            (DUPLICATES, self.each(self.duplicates())),
            ("bytes a delivery", self.each(self.copied_bytes)),
        ];
        let parts = parts.map(|(name, part)| Measure::ratio(name, part, self.delivered));
        all.extend(parts);
        let delivered = ratio(self.delivered, self.expected);
        all.push(Measure::ratio("delivered", delivered, self.expected));
        all
    }
}

fn ratio(of: u64, to: u64) -> f64 {
    of as f64 / to.max(1) as f64
}
