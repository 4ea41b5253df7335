//! What has come where, and how.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use algorithms::NodeId;
use lab::planned::Faults;
use lab::stats::{Times, least_median_most, nanos};
use lab::system::Delivery;
use node::PeerId;
use node::gossip::{self, Counts, Tally};
use opentelemetry::trace::{Span as _, SpanContext, SpanKind, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use proto::Envelope;
use trace::steps::key;
use trace::telemetry::Tracer;

use super::metrics::Metrics;
use super::pace::Tried;
use super::results::{Results, Spread};
use crate::Error;
use crate::network::Members;
use crate::rows::Rows;

/// What has come of all messages.
#[derive(Debug)]
pub(super) struct Arrivals {
    /// The id of the first message. Those before were of an attempt.
    first: u64,
    expected: u32,
    mesh: Mesh,
    /// Whose PeerId it is.
    numbers: HashMap<PeerId, u32>,
    /// How many neighbours each peer has, in order.
    degrees: Vec<usize>,
    messages: Vec<Message>,
    /// How many of them were published, and how many deliveries were made.
    published: u64,
    there: u64,
    /// Who has stopped, and when, and how many deliveries to them there cannot
    /// be any more.
    stopped: BTreeMap<u32, Duration>,
    excused: u64,
    /// What was counted before.
    before: Tally,
    /// What came and is none of our messages, or came twice.
    strange: u64,
    metrics: Option<Metrics>,
}

/// The meshes when the first message is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mesh {
    /// How many peers each should have.
    pub(super) size: usize,
    /// Whether publishers send to all of their neighbours.
    pub(super) flood_publish: bool,
    /// How many meshes have fewer than they should have at least.
    pub(super) small: usize,
}

/// A message that was to be sent.
#[derive(Debug)]
struct Message {
    publisher: u32,
    /// How many neighbours its publisher has.
    degree: usize,
    intended: SystemTime,
    published: Result<SpanContext, String>,
    /// When it came to whom, and from whom that copy was.
    arrivals: BTreeMap<u32, Arrival>,
}

#[derive(Clone, Copy, Debug)]
struct Arrival {
    /// `None`: a guest.
    via: Option<u32>,
    after: Duration,
}

impl Arrivals {
    /// Nothing has come; each message is expected at all peers but one, until
    /// they stop.
    pub(super) fn new(
        members: &Members,
        messages: u32,
        mesh: Mesh,
        metrics: Option<Metrics>,
    ) -> Self {
        let degrees = members.neighbours.iter().map(Vec::len).collect();
        Self {
            first: 0,
            expected: messages,
            mesh,
            numbers: members.numbers.clone(),
            degrees,
            messages: Vec::new(),
            published: 0,
            there: 0,
            stopped: BTreeMap::new(),
            excused: 0,
            before: Tally::default(),
            strange: 0,
            metrics,
        }
    }

    /// As new, for messages after all that these were told of.
    pub(super) fn next_attempt(self, messages: u32, counts: &Counts) -> Self {
        Self {
            first: self.next(),
            expected: messages,
            messages: Vec::new(),
            published: 0,
            there: 0,
            excused: 0,
            before: counts.now(),
            strange: 0,
            ..self
        }
    }

    /// The id of the next message.
    pub(super) fn next(&self) -> u64 {
        self.first + self.messages.len() as u64
    }

    /// A peer has stopped; nothing is expected of it any more.
    pub(super) fn stopped(&mut self, node: u32, at: Duration) {
        self.stopped.insert(node, at);
        let owed = self.messages.iter().filter(|message| {
            let to_it = message.publisher != node && !message.arrivals.contains_key(&node);
            message.published.is_ok() && to_it
        });
        self.excused += owed.count() as u64;
    }

    /// Whether that peer was stopped.
    pub(super) fn has_stopped(&self, node: u32) -> bool {
        self.stopped.contains_key(&node)
    }

    /// Whether a message was to be sent, or came, later than that after the first
    /// was to be sent.
    pub(super) fn any_after(&self, at: Duration) -> bool {
        let Some(first) = self.messages.first() else {
            return false;
        };
        self.messages.iter().any(|message| {
            let sent = message.intended.duration_since(first.intended);
            let sent = sent.unwrap_or_default();
            let arrivals = message.arrivals.values();
            let last = arrivals.map(|arrival| arrival.after).max();
            sent + last.unwrap_or_default() > at
        })
    }

    fn peers(&self) -> usize {
        self.degrees.len()
    }

    /// The next message was published, or was not.
    pub(super) fn published(
        &mut self,
        (publisher, degree): (u32, usize),
        intended: SystemTime,
        published: Result<SpanContext, String>,
    ) {
        if published.is_ok() {
            self.published += 1;
            self.excused += self.stopped.len() as u64;
            if let Some(metrics) = &self.metrics {
                metrics.published();
            }
        }
        self.messages.push(Message {
            publisher,
            degree,
            intended,
            published,
            arrivals: BTreeMap::new(),
        });
    }

    /// Whether all were published, or refused.
    pub(super) fn all_sent(&self) -> bool {
        self.messages.len() == self.expected as usize
    }

    /// Whether nothing more can come.
    pub(super) fn all_there(&self) -> bool {
        self.there + self.excused >= self.published * (self.peers() - 1) as u64
    }

    /// A first copy has come.
    pub(super) fn take(
        &mut self,
        gossip::Delivery {
            to, via, data, at, ..
        }: gossip::Delivery,
        members: &Members,
        rows: Option<&mut Rows>,
    ) -> Result<(), Error> {
        let number = |peer: &PeerId| self.numbers.get(peer).copied();
        let via = number(&via).ok_or(via);
        let message = Envelope::decode(data.into()).ok().zip(number(&to));
        let before = |message: &Envelope| message.id < self.first;
        if message.as_ref().is_some_and(|(message, _)| before(message)) {
            return Ok(());
        }
        let arrived = message.and_then(|(message, to)| {
            self.arrived(message.id, (to, via), at, &members.tracers[to as usize])
        });
        match (arrived, rows) {
            (Some(row), Some(rows)) => rows.save(row)?,
            (Some(_), None) => {}
            (None, _) => self.strange += 1,
        }
        Ok(())
    }

    /// `None` if nobody was to get it, or has it already.
    fn arrived(
        &mut self,
        id: u64,
        (to, via): (u32, Result<u32, PeerId>),
        at: SystemTime,
        tracer: &Tracer,
    ) -> Option<Delivery<'_>> {
        let number = usize::try_from(id.checked_sub(self.first)?).ok()?;
        let message = self.messages.get_mut(number)?;
        let published = message.published.as_ref().ok()?.clone();
        if to == message.publisher || message.arrivals.contains_key(&to) {
            return None;
        }
        let after = at.duration_since(message.intended).unwrap_or_default();
        let from = via.map_or_else(|guest| guest.to_string(), |via| NodeId(via).to_string());
        let via = via.ok();
        message.arrivals.insert(to, Arrival { via, after });
        self.there += 1;
        if let Some(metrics) = &self.metrics {
            metrics.delivered(after);
        }
        if self.stopped.contains_key(&to) {
            self.excused -= 1; // It came before that.
        }
        let mut span = tracer
            .span_builder("deliver")
            .with_kind(SpanKind::Consumer)
            .with_start_time(at)
            .with_attributes([
                KeyValue::new(key::ID, format!("{id:016x}")),
                KeyValue::new(key::REMOTE, from),
            ])
            .start_with_context(tracer, &Context::new().with_remote_span_context(published));
        span.end_with_timestamp(at);
        Some(Delivery {
            via,
            after_ns: Some(nanos(after)),
            ..message.row(number, to)
        })
    }

    /// One line for each message and each peer that it did not come to.
    pub(super) fn save_losses(&self, rows: &mut Rows) -> Result<(), Error> {
        for (number, message) in self.messages.iter().enumerate() {
            let without = (0..self.peers() as u32)
                .filter(|to| *to != message.publisher && !message.arrivals.contains_key(to));
            for to in without {
                let row = Delivery {
                    lost: Some(match &message.published {
                        Ok(_) if self.stopped.contains_key(&to) => "the peer had stopped",
                        Ok(_) => "did not arrive in time",
                        Err(why) => why,
                    }),
                    ..message.row(number, to)
                };
                rows.save(row)?;
            }
        }
        Ok(())
    }

    /// All that is told of them.
    pub(super) fn results(
        &self,
        counts: &Counts,
        interval: Duration,
        tried: &[Tried],
        faults: Faults,
    ) -> Results {
        let counted = counts.now() - &self.before;
        let counts: Vec<_> = self.degrees.iter().map(|all| *all as u64).collect();
        let others = self.peers() - 1;
        let excused = |message: &Message| {
            let gone = self.stopped.keys();
            let gone = gone.filter(|gone| **gone != message.publisher);
            gone.filter(|gone| !message.arrivals.contains_key(gone))
                .count()
        };
        let (mut delivery, mut hops) = (Times::new(), BTreeMap::new());
        let mut spread = [Spread::new(50), Spread::new(95), Spread::new(100)];
        for message in &self.messages {
            let mut after: Vec<_> = message.arrivals.values().map(|a| a.after).collect();
            after.sort_unstable();
            after.iter().for_each(|after| delivery.record(*after));
            for spread in &mut spread {
                spread.record(&after, others - excused(message));
            }
            for peer in message.arrivals.keys() {
                *hops
                    .entry(message.hops(*peer).unwrap_or(0))
                    .or_insert(0_u64) += 1;
            }
        }
        let mut refused = BTreeMap::new();
        for why in self
            .messages
            .iter()
            .filter_map(|m| m.published.as_ref().err())
        {
            *refused.entry(why.clone()).or_insert(0) += 1;
        }
        let slow = counted.given_up.iter().filter_map(|(peer, copies)| {
            let number = self.numbers.get(peer)?;
            Some((NodeId(*number).to_string(), *copies))
        });
        Results {
            messages: self.expected.into(),
            published: self.published,
            refused,
            expected: u64::from(self.expected) * others as u64 - self.excused,
            delivered: self.there,
            copies: counted.copies,
            copied_bytes: counted.bytes,
            not_watched: counted.missed,
            strange: self.strange,
            slow: slow.collect(),
            degree: least_median_most(&counts).map(|count| count as usize),
            stopped: self
                .stopped
                .iter()
                .map(|(peer, at)| (NodeId(*peer).to_string(), at.as_secs_f64()))
                .collect(),
            excused: self.excused,
            mesh: self.mesh.size,
            flood_publish: self.mesh.flood_publish,
            faults,
            small_meshes: self.mesh.small,
            peers: self.peers(),
            hops,
            delivery_ns: delivery.summary(),
            spread: spread.map(Spread::told).into(),
            interval_seconds: interval.as_secs_f64(),
            tried: tried.to_vec(),
            under_way: 0,
            measures: Vec::new(),
            told: Vec::new(),
        }
    }
}

impl Message {
    /// What its lines begin with.
    fn row(&self, message: usize, peer: u32) -> Delivery<'_> {
        Delivery {
            message,
            publisher: self.publisher,
            publisher_degree: self.degree,
            peer,
            via: None,
            sent_unix_ns: nanos(self.intended.duration_since(UNIX_EPOCH).unwrap_or_default()),
            after_ns: None,
            lost: None,
        }
    }

    /// How many hops it took to a peer; nothing if that is not known.
    fn hops(&self, peer: u32) -> Option<u32> {
        let mut at = peer;
        for hops in 1..=self.arrivals.len() as u32 {
            at = self.arrivals.get(&at)?.via?;
            if at == self.publisher {
                return Some(hops);
            }
        }
        None
    }
}
