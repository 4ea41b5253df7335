//! The deliveries of all messages.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use algorithms::NodeId;
use lab::planned::Faults;
use lab::spread::{self, Bound, Copies, Delivery, Message, Observed, Stopped};
use lab::stats::{least_median_most, nanos};
use lab::world::Settled;
use node::PeerId;
use node::gossip::{self, Counts, Tally};
use node::traffic;
use opentelemetry::trace::{Span as _, SpanContext, SpanKind, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use proto::Envelope;
use trace::steps::key;
use trace::telemetry::Tracer;
use trace::time::unix_nano;

use super::metrics::Metrics;
use super::pace::Tried;
use super::places::Places;
use super::results::Results;
use super::standing::Standing;
use super::traffic::Traffic;
use crate::experiment::Error;
use crate::experiment::planned::Drawn;
use crate::network::Members;
use crate::rows::Rows;

/// The messages that were published, and their deliveries so far.
#[derive(Debug)]
pub(super) struct Arrivals {
    /// The id of the first message. Lower ids belong to earlier attempts.
    first: u64,
    expected: u32,
    mesh: Mesh,
    /// The number of each peer, by its PeerId.
    numbers: HashMap<PeerId, u32>,
    /// The number of neighbours of each peer that is no attacker.
    degrees: Vec<u64>,
    messages: Vec<Sent>,
    /// How many messages were published, and how many deliveries were made.
    published: u64,
    there: u64,
    /// How many messages were not published, since no peer ran.
    unpublished: u64,
    /// The peers that have stopped.
    stopped: Stopped,
    /// The counts before the first message.
    before: Tally,
    /// Deliveries of unknown messages, and duplicate deliveries.
    strange: u64,
    /// Deliveries to peers that had restarted, and had forgotten that they had the message.
    again: u64,
    metrics: Option<Metrics>,
    /// The world in which the peers sit.
    world: Option<Arc<Settled>>,
}

/// The meshes when the first message is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mesh {
    /// The target number of peers of each mesh.
    pub(super) size: usize,
    /// Whether publishers send to all of their neighbours.
    pub(super) flood_publish: bool,
    /// How many meshes have fewer peers than their minimum.
    pub(super) small: usize,
    /// The numbers of the peers that are no attackers are below it.
    pub(super) honest: u32,
}

/// A delivery.
enum Arrived {
    /// The first copy of a message.
    First(Delivery),
    /// A copy at a peer that had the message before it restarted.
    Again,
    /// Of no message that is known, or a second one.
    Strange,
}

/// A message that was to be published, and its span, if it was published.
#[derive(Debug)]
struct Sent {
    message: Message,
    span: Option<SpanContext>,
}

impl Arrivals {
    /// No deliveries yet. Each message is expected at all honest peers but its publisher,
    /// until they stop.
    pub(super) fn new(
        members: &Members,
        messages: u32,
        mesh: Mesh,
        counts: &Counts,
        metrics: Option<Metrics>,
        patience: Duration,
        world: Option<Arc<Settled>>,
    ) -> Self {
        let degrees = members.neighbours.iter().map(|all| all.len() as u64);
        let degrees = degrees.take(mesh.honest as usize);
        Self {
            first: 0,
            expected: messages,
            mesh,
            numbers: members.numbers.clone(),
            degrees: degrees.collect(),
            messages: Vec::new(),
            published: 0,
            there: 0,
            stopped: Stopped::with_patience(patience),
            unpublished: 0,
            before: counts.now(),
            strange: 0,
            again: 0,
            metrics,
            world,
        }
    }

    /// An empty state for the next attempt, whose message ids follow those so far.
    pub(super) fn next_attempt(self, messages: u32, counts: &Counts) -> Self {
        Self {
            first: self.next(),
            expected: messages,
            messages: Vec::new(),
            published: 0,
            there: 0,
            unpublished: 0,
            before: counts.now(),
            strange: 0,
            ..self
        }
    }

    /// The id of the next message.
    pub(super) fn next(&self) -> u64 {
        self.first + self.messages.len() as u64
    }

    /// The first message is to be published then.
    pub(super) fn begin(&mut self, at: SystemTime) {
        self.stopped.began_unix_ns = unix_nano(at);
    }

    /// A peer has stopped.
    pub(super) fn stopped(&mut self, peer: u32, at: SystemTime) {
        self.stopped.stop(peer, self.since(at));
    }

    /// A peer has restarted.
    pub(super) fn came_back(&mut self, peer: u32, at: SystemTime) {
        self.stopped.come_back(peer, self.since(at));
    }

    fn since(&self, at: SystemTime) -> Duration {
        Duration::from_nanos(unix_nano(at).saturating_sub(self.stopped.began_unix_ns))
    }

    /// When a message was last to be sent, or delivered: in nanoseconds since 1970.
    pub(super) fn last(&self) -> Option<u64> {
        let all = self.messages.iter().map(|sent| &sent.message);
        let last = all.map(|message| {
            let arrivals = message.arrivals.values();
            let after = arrivals.map(|arrival| arrival.after).max();
            message.sent_unix_ns + nanos(after.unwrap_or_default())
        });
        last.max()
    }

    /// A message was not published, since no peer ran.
    pub(super) fn unpublished(&mut self) {
        self.unpublished += 1;
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
            if let Some(metrics) = &self.metrics {
                metrics.published();
            }
        }
        let (span, refused) = match published {
            Ok(span) => (Some(span), None),
            Err(why) => (None, Some(why)),
        };
        let message = Message {
            publisher,
            degree,
            sent_unix_ns: unix_nano(intended),
            refused,
            arrivals: BTreeMap::new(),
        };
        self.messages.push(Sent { message, span });
    }

    /// Whether all messages were published or refused.
    pub(super) fn all_sent(&self) -> bool {
        self.messages.len() as u64 + self.unpublished == u64::from(self.expected)
    }

    /// Whether all expected deliveries were made.
    pub(super) fn all_there(&self) -> bool {
        let published = self.messages.iter().filter(|sent| sent.span.is_some());
        let excused = published.map(|sent| sent.message.missed(&self.stopped));
        let excused = match self.stopped.is_empty() {
            true => 0,
            false => excused.sum(),
        };
        self.there + excused >= self.published * (self.peers() - 1) as u64
    }

    /// Records a delivery: a peer got the first copy of a message.
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
        let arrived = message.map_or(Arrived::Strange, |(message, to)| {
            self.arrived(message.id, (to, via), at, &members.tracers[to as usize])
        });
        match (arrived, rows) {
            (Arrived::First(row), Some(rows)) => rows.save(row)?,
            (Arrived::First(_), None) => {}
            (Arrived::Again, _) => self.again += 1,
            (Arrived::Strange, _) => self.strange += 1,
        }
        Ok(())
    }

    fn arrived(
        &mut self,
        id: u64,
        (to, via): (u32, Result<u32, PeerId>),
        at: SystemTime,
        tracer: &Tracer,
    ) -> Arrived {
        let number = id.checked_sub(self.first);
        let number = number.and_then(|number| usize::try_from(number).ok());
        let sent = number.and_then(|number| Some((number, self.messages.get_mut(number)?)));
        let Some((number, Sent { message, span })) = sent else {
            return Arrived::Strange;
        };
        let Some(published) = span.clone() else {
            return Arrived::Strange;
        };
        let had = match message.arrivals.get(&to) {
            Some(arrival) => Some(message.sent_unix_ns + nanos(arrival.after)),
            None => (to == message.publisher).then_some(message.sent_unix_ns),
        };
        if let Some(since) = had {
            return match self.stopped.has_forgotten(to, since) {
                true => Arrived::Again,
                false => Arrived::Strange,
            };
        }
        let after = unix_nano(at).saturating_sub(message.sent_unix_ns);
        let after = Duration::from_nanos(after);
        let from = via.map_or_else(|guest| guest.to_string(), |via| NodeId(via).to_string());
        let arrival = spread::Arrival {
            via: via.ok(),
            after,
            hops: None,
        };
        message.arrivals.insert(to, arrival);
        self.there += 1;
        if let Some(metrics) = &self.metrics {
            metrics.delivered(after);
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
        Arrived::First(message.delivery(number, to, &self.stopped))
    }

    /// Saves a row for each message and each peer that did not get it.
    pub(super) fn save_losses(&self, rows: &mut Rows) -> Result<(), Error> {
        for (number, Sent { message, .. }) in self.messages.iter().enumerate() {
            let mut peers = message.receivers(self.peers());
            peers.try_for_each(|peer| match message.arrivals.contains_key(&peer) {
                true => Ok(()),
                false => rows.save(message.delivery(number, peer, &self.stopped)),
            })?;
        }
        Ok(())
    }

    /// The theoretical bound on how a message spreads: a peer sends it to its mesh, or
    /// to all of its neighbours if these are fewer, and never back.
    fn bound(&self) -> Bound {
        let [_, degree, _] = least_median_most(&self.degrees);
        let mesh = degree.min(self.mesh.size as u64);
        let first = if self.mesh.flood_publish {
            degree
        } else {
            mesh
        };
        Bound::new(first, mesh.saturating_sub(1))
    }

    /// The messages that were to be published.
    pub(super) fn messages(&self) -> Vec<&Message> {
        self.messages.iter().map(|sent| &sent.message).collect()
    }

    /// What the attackers have sent and received.
    pub(super) fn traffic_of_attackers(&self, counts: &Counts) -> Vec<traffic::Traffic> {
        let honest = self.degrees.len() as u32;
        let traffic = traffic::since(counts.traffic(), &self.before.traffic);
        let attackers = traffic.into_iter().filter(|(peer, _)| {
            let number = self.numbers.get(peer);
            number.is_some_and(|number| *number >= honest)
        });
        attackers.map(|(_, traffic)| traffic).collect()
    }

    /// The results so far.
    pub(super) fn results(
        &self,
        counts: &Counts,
        interval: Duration,
        tried: &[Tried],
        faults: Faults,
        drawn_faults: Drawn,
        is_disturbed: bool,
    ) -> Results {
        let counted = counts.now() - &self.before;
        let slow = counted.given_up.iter().filter_map(|(peer, copies)| {
            let number = self.numbers.get(peer)?;
            Some((NodeId(*number).to_string(), *copies))
        });
        let observed = Observed {
            degrees: &self.degrees,
            planned: self.expected.into(),
            unpublished: self.unpublished,
            messages: self.messages(),
            stopped: &self.stopped,
            copies: Copies {
                received: counted.copies,
                sent: None,
                bytes: counted.bytes,
            },
            bound: self.bound(),
        };
        let numbered = |(peer, traffic)| Some((*self.numbers.get(&peer)?, traffic));
        let mut traffic: BTreeMap<_, _> =
            counted.traffic.into_iter().filter_map(numbered).collect();
        let peers = self.degrees.len() as u32;
        traffic.split_off(&peers);
        let places = self.world.as_ref();
        let places = places.map(|world| Places::new(world, peers, &observed.messages, &traffic));
        let measured = observed.spread();
        let traffic: Vec<_> = traffic.into_values().collect();
        Results {
            traffic: Traffic::new(&traffic, measured.delivered),
            places,
            measured,
            not_watched: counted.missed,
            strange: self.strange,
            again: self.again,
            slow: slow.collect(),
            mesh: self.mesh.size,
            flood_publish: self.mesh.flood_publish,
            faults,
            drawn_faults,
            is_disturbed,
            standing: Standing::default(),
            small_meshes: self.mesh.small,
            interval_seconds: interval.as_secs_f64(),
            tried: tried.to_vec(),
            measures: Vec::new(),
            summary: Vec::new(),
        }
    }
}
