//! What has come where, and how.

use std::collections::BTreeMap;
use std::fs::File;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use algorithms::NodeId;
use node::PeerId;
use node::gossip::{Counts, Event};
use node::steps::key;
use opentelemetry::trace::{Span as _, SpanContext, SpanKind, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;
use proto::Envelope;
use serde::Serialize;

use super::Options;
use super::results::{Results, Spread};
use crate::Error;
use crate::network::Members;
use crate::stats::Times;

/// What has come of all messages.
#[derive(Debug)]
pub(super) struct Arrivals {
    expected: u32,
    mesh: usize,
    /// How many meshes have fewer peers than they should have at least.
    small_meshes: usize,
    /// How many neighbours each peer has, in order.
    degrees: Vec<usize>,
    messages: Vec<Message>,
    there: u64,
    /// Copies that were given up because a peer was slow, by that peer.
    slow: BTreeMap<u32, u64>,
    /// What came and is none of our messages, or came twice.
    strange: u64,
}

/// A message that was to be sent.
#[derive(Debug)]
struct Message {
    publisher: u32,
    intended: SystemTime,
    published: Result<SpanContext, String>,
    /// When it came to whom, and from whom that copy was.
    arrivals: BTreeMap<u32, Arrival>,
}

#[derive(Clone, Copy, Debug)]
struct Arrival {
    via: u32,
    after: Duration,
}

/// A line of `results.csv`.
#[derive(Serialize)]
struct Row<'a> {
    message: usize,
    publisher: u32,
    peer: u32,
    /// From whom it got it.
    via: Option<u32>,
    sent_unix_ns: u64,
    after_ns: Option<u64>,
    lost: Option<&'a str>,
}

impl Arrivals {
    /// Nothing has come; each message is expected at all peers but one.
    pub(super) fn new(members: &Members, options: Options, small_meshes: usize) -> Self {
        let mut degrees: Vec<_> = members.neighbours.iter().map(Vec::len).collect();
        degrees.sort_unstable();
        Self {
            expected: options.messages,
            mesh: options.parameters.mesh,
            small_meshes,
            degrees,
            messages: Vec::new(),
            there: 0,
            slow: BTreeMap::new(),
            strange: 0,
        }
    }

    fn peers(&self) -> usize {
        self.degrees.len()
    }

    /// The next message was published, or was not.
    pub(super) fn published(
        &mut self,
        publisher: u32,
        intended: SystemTime,
        published: Result<SpanContext, String>,
    ) {
        self.messages.push(Message {
            publisher,
            intended,
            published,
            arrivals: BTreeMap::new(),
        });
    }

    /// Whether nothing more can come.
    pub(super) fn all_there(&self) -> bool {
        let sent = self.messages.iter().filter(|m| m.published.is_ok()).count();
        self.there == (sent * (self.peers() - 1)) as u64
    }

    /// Something has happened; `None` when all peers have stopped.
    pub(super) fn take(
        &mut self,
        event: Option<Event>,
        members: &Members,
        rows: &mut csv::Writer<File>,
    ) -> Result<(), Error> {
        let number = |peer: &PeerId| members.numbers.get(peer).copied();
        match event {
            Some(Event::Delivered { to, via, data, at }) => {
                let known = number(&to).zip(number(&via));
                let message = Envelope::decode(data.into()).ok().zip(known);
                let arrived = message.and_then(|(message, (to, via))| {
                    self.arrived(message.id, (to, via), at, &members.tracers[to as usize])
                });
                match arrived {
                    Some(row) => rows.serialize(row).map_err(failed)?,
                    None => self.strange += 1,
                }
            }
            Some(Event::Slow { peer, messages, .. }) => {
                if let Some(peer) = number(&peer) {
                    *self.slow.entry(peer).or_default() += messages as u64;
                }
            }
            None => {}
        }
        Ok(())
    }

    /// `None` if nobody was to get it, or has it already.
    fn arrived(
        &mut self,
        id: u64,
        (to, via): (u32, u32),
        at: SystemTime,
        tracer: &SdkTracer,
    ) -> Option<Row<'_>> {
        let number = usize::try_from(id).ok()?;
        let message = self.messages.get_mut(number)?;
        let published = message.published.as_ref().ok()?.clone();
        if to == message.publisher || message.arrivals.contains_key(&to) {
            return None;
        }
        let after = at.duration_since(message.intended).unwrap_or_default();
        message.arrivals.insert(to, Arrival { via, after });
        self.there += 1;
        let mut span = tracer
            .span_builder("deliver")
            .with_kind(SpanKind::Consumer)
            .with_start_time(at)
            .with_attributes([
                KeyValue::new(key::ID, format!("{id:016x}")),
                KeyValue::new(key::REMOTE, NodeId(via).to_string()),
            ])
            .start_with_context(tracer, &Context::new().with_remote_span_context(published));
        span.end_with_timestamp(at);
        Some(Row {
            via: Some(via),
            after_ns: Some(nanos(after)),
            ..message.row(number, to)
        })
    }

    /// One line for each message and each peer that it did not come to.
    pub(super) fn save_losses(&self, rows: &mut csv::Writer<File>) -> Result<(), Error> {
        for (number, message) in self.messages.iter().enumerate() {
            let without = (0..self.peers() as u32)
                .filter(|to| *to != message.publisher && !message.arrivals.contains_key(to));
            for to in without {
                let row = Row {
                    lost: Some(match &message.published {
                        Ok(_) => "did not arrive in time",
                        Err(why) => why,
                    }),
                    ..message.row(number, to)
                };
                rows.serialize(row).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// All that is told of them.
    pub(super) fn results(&self, counts: &Counts) -> Results {
        let degrees = &self.degrees;
        let others = self.peers() - 1;
        let (mut delivery, mut hops) = (Times::new(), BTreeMap::new());
        let mut spread = [Spread::new(50), Spread::new(95), Spread::new(100)];
        for message in &self.messages {
            let mut after: Vec<_> = message.arrivals.values().map(|a| a.after).collect();
            after.sort_unstable();
            after.iter().for_each(|after| delivery.record(*after));
            for spread in &mut spread {
                spread.record(&after, others);
            }
            for peer in message.arrivals.keys() {
                *hops
                    .entry(message.hops(*peer).unwrap_or(0))
                    .or_insert(0_u64) += 1;
            }
        }
        let published = self.messages.iter().filter(|m| m.published.is_ok());
        let mut refused = BTreeMap::new();
        for why in self
            .messages
            .iter()
            .filter_map(|m| m.published.as_ref().err())
        {
            *refused.entry(why.clone()).or_insert(0) += 1;
        }
        Results {
            messages: self.expected.into(),
            published: published.count() as u64,
            refused,
            expected: u64::from(self.expected) * others as u64,
            delivered: self.there,
            copies: counts.copies(),
            copied_bytes: counts.bytes(),
            not_watched: counts.missed(),
            strange: self.strange,
            slow: self
                .slow
                .iter()
                .map(|(peer, n)| (NodeId(*peer).to_string(), *n))
                .collect(),
            degree: [
                degrees[0],
                degrees[degrees.len() / 2],
                degrees[degrees.len() - 1],
            ],
            mesh: self.mesh,
            small_meshes: self.small_meshes,
            peers: self.peers(),
            hops,
            delivery_ns: delivery.summary(),
            spread: spread.map(Spread::told).into(),
            told: Vec::new(),
        }
        .told()
    }
}

impl Message {
    /// What its lines begin with.
    fn row(&self, message: usize, peer: u32) -> Row<'_> {
        Row {
            message,
            publisher: self.publisher,
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
            at = self.arrivals.get(&at)?.via;
            if at == self.publisher {
                return Some(hops);
            }
        }
        None
    }
}

fn failed(error: csv::Error) -> Error {
    Error::Failed(format!("results.csv: {error}"))
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
