//! A session: messages are published at their times, and deliveries recorded.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use node::gossip::{Counts, Delivery};
use opentelemetry::trace::{SpanContext, SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use proto::{Bytes, Envelope};
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};
use trace::steps::key;
use trace::telemetry::to_wire;
use trace::time::{self, unix_nano};

use super::arrivals::Arrivals;
use super::bandwidth::{self, Bandwidth};
use super::watched::Watched;

use crate::experiment::Error;
use crate::experiment::injected::Injected;
use crate::network::Members;
use crate::rows::Rows;

/// The kind of a message in its envelope.
const KIND: &str = "GOSSIP";

/// When no copy has arrived for so long, none is in flight. A guess.
const QUIET: Duration = Duration::from_millis(200);

/// A session of messages.
pub(super) struct Session<'a> {
    pub(super) size: usize,
    pub(super) patience: Duration,
    pub(super) members: &'a mut Members,
    pub(super) deliveries: &'a mut mpsc::Receiver<Delivery>,
    pub(super) arrivals: &'a mut Arrivals,
    pub(super) counts: &'a Counts,
    /// Where arrivals are saved.
    pub(super) rows: Option<&'a mut Rows>,
    pub(super) rng: &'a mut ChaCha8Rng,
    /// The name of a message's trace.
    pub(super) name: &'static str,
    /// Publishing stops when it is late by more than this.
    pub(super) late: Duration,
    /// The faults during the session.
    pub(super) faults: Injected<'a>,
    /// What is sampled meanwhile: bytes, and what peers think of each other.
    pub(super) samples: Option<(&'a mut Bandwidth, &'a mut Watched)>,
    /// The numbers of the peers that are no attackers are below it.
    pub(super) honest: u32,
    /// Messages are published to them in turn.
    pub(super) topics: Vec<String>,
}

/// A scheduled action.
enum Due {
    Publish,
    /// The planned change at that place.
    Fault(usize),
    /// A sample is taken.
    Sample,
}

impl Session<'_> {
    /// Publishes messages and stops peers at their times. Records the deliveries, also
    /// those after the last message.
    pub(super) async fn run(
        &mut self,
        messages: u32,
        interval: Duration,
        step: impl Fn(),
    ) -> Result<(), Error> {
        let (start, epoch) = (Instant::now(), time::now());
        self.arrivals.begin(epoch);
        let last = interval * messages.saturating_sub(1);
        let samples = self.samples.is_some().then(|| bandwidth::times(last));
        let schedule = schedule(messages, interval, self.faults.due(), samples);
        for (at, due) in schedule {
            while self.hear(start + at).await? {}
            if start.elapsed().saturating_sub(at) > self.late {
                break;
            }
            match due {
                Due::Publish => {
                    self.publish_next(epoch + at).await;
                    step();
                }
                Due::Fault(place) => self.strike(place),
                Due::Sample => self.sample(start.elapsed()).await?,
            }
        }
        while !self.arrivals.all_there() {
            if !self.hear(Instant::now() + self.patience).await? {
                break;
            }
        }
        self.settle().await?;
        match &mut self.rows {
            Some(rows) => self.arrivals.save_losses(rows),
            None => Ok(()),
        }
    }

    /// Records the next delivery, or a peer that is back. `false` if there is none until then.
    async fn hear(&mut self, until: Instant) -> Result<bool, Error> {
        tokio::select! {
            biased;
            () = sleep_until(until) => return Ok(false),
            returned = self.members.returned() => self.came_back(returned?),
            delivery = self.deliveries.recv() => self.take(delivery)?,
        }
        Ok(true)
    }

    async fn sample(&mut self, at: Duration) -> Result<(), Error> {
        let Some((bandwidth, watched)) = &mut self.samples else {
            return Ok(());
        };
        bandwidth.take(self.counts, self.members, self.honest, at);
        match watched.is_on() {
            true => watched.take(self.members, at).await,
            false => Ok(()),
        }
    }

    fn strike(&mut self, place: usize) {
        if let Some(peer) = self.faults.strike(place, self.members) {
            self.arrivals.stopped(peer, time::now());
        }
    }

    fn came_back(&mut self, peer: u32) {
        self.faults.came_back(peer, self.members);
        self.arrivals.came_back(peer, time::now());
    }

    /// Waits for the copies that are still in flight: until none arrives for a while.
    async fn settle(&mut self) -> Result<(), Error> {
        let end = Instant::now() + self.patience;
        let mut copies = None;
        while copies != Some(self.counts.copies()) && Instant::now() < end {
            copies = Some(self.counts.copies());
            let quiet = Instant::now() + QUIET;
            while let Ok(delivery) = timeout_at(quiet, self.deliveries.recv()).await {
                self.take(delivery)?;
            }
        }
        Ok(())
    }

    /// Records a delivery. `None` if no peer is left to report one.
    fn take(&mut self, delivery: Option<Delivery>) -> Result<(), Error> {
        match delivery {
            Some(delivery) => {
                let rows = self.rows.as_deref_mut();
                self.arrivals.take(delivery, self.members, rows)
            }
            None => Ok(()),
        }
    }

    /// Publishes the next message, from a random peer that runs and is not paused.
    async fn publish_next(&mut self, intended: SystemTime) {
        let mut active = self.members.active();
        active.retain(|peer| *peer < self.honest);
        let Some(publisher) = active.choose(self.rng).copied() else {
            self.arrivals.unpublished();
            return;
        };
        let published = self.publish(publisher, self.arrivals.next()).await;
        let degree = self.members.neighbours[publisher as usize].len();
        self.arrivals
            .published((publisher, degree), intended, published);
    }

    /// Publishes one message, as a trace of its own. Returns its span, or why it was
    /// not published.
    async fn publish(&self, publisher: u32, id: u64) -> Result<SpanContext, String> {
        let tracer = &self.members.tracers[publisher as usize];
        let span = tracer
            .span_builder(self.name)
            .with_kind(SpanKind::Producer)
            .with_attributes([
                KeyValue::new(key::ID, format!("{id:016x}")),
                KeyValue::new("p2p.message.size", self.size as i64),
            ])
            .start_with_context(tracer, &Context::new());
        let context = Context::new().with_span(span);
        let span = context.span();
        let envelope = Envelope {
            id,
            kind: KIND.into(),
            created_unix_nano: unix_nano(time::now()),
            deadline_unix_nano: None,
            trace: to_wire(span.span_context()),
            sequence: 0,
            incarnation: 0,
            payload: Bytes::from(vec![0; self.size]),
        };
        let topic = &self.topics[(id % self.topics.len() as u64) as usize];
        let data = envelope.encode().map_err(|error| error.to_string())?;
        let published = self.members.handles[&publisher].publish(topic, data).await;
        if let Err(error) = &published {
            span.set_attribute(KeyValue::new("error.type", "lost"));
            span.set_status(Status::error(error.to_string()));
        }
        span.end();
        let context = span.span_context().clone();
        published
            .map(|()| context)
            .map_err(|error| error.to_string())
    }
}

/// The actions of the session, in the order of time.
fn schedule(
    messages: u32,
    interval: Duration,
    faults: Vec<(Duration, usize)>,
    samples: Option<impl Iterator<Item = Duration>>,
) -> VecDeque<(Duration, Due)> {
    let publish = (0..messages).map(|number| (interval * number, Due::Publish));
    let faults = faults
        .into_iter()
        .map(|(at, place)| (at, Due::Fault(place)));
    let samples = samples.into_iter().flatten();
    let samples = samples.map(|at| (at, Due::Sample));
    let mut all: Vec<_> = publish.chain(faults).chain(samples).collect();
    all.sort_by_key(|(at, _)| *at);
    all.into()
}
