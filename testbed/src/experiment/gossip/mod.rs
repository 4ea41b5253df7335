//! `testbed gossip --protocol gossipsub`: messages of random peers to all
//! others, over libp2p's gossipsub.
//!
//! Nothing is sent before every mesh has formed. Messages have times at which
//! they are to be sent, and their ways are measured from these: a laboratory
//! that falls behind shows in the figures, instead of hiding there.

mod arrivals;
mod results;

use std::fs::File;
use std::time::{Duration, Instant, SystemTime};

use algorithms::NodeId;
use node::channel::unix_nano;
use node::gossip::{Counts, Event, Parameters, Watch};
use node::steps::key;
use node::telemetry::to_wire;
use opentelemetry::trace::{SpanContext, SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use proto::{Bytes, Envelope};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::{sleep_until, timeout_at};

use super::{Bench, Experiment};
use crate::network::{self, Builder, Members};
use crate::run::Record;
use crate::store::Store;
use crate::{Error, run};
use arrivals::Arrivals;

/// What all peers subscribe to.
const TOPIC: &str = "testbed";

/// The kind of a message in its envelope.
const KIND: &str = "GOSSIP";

/// How many events wait for the laboratory. A guess: those of a message to
/// thousands of peers fit.
const ROOM: usize = 1 << 16;

/// When no copy has come for so long, none is under way. A guess.
const QUIET: Duration = Duration::from_millis(200);

/// Meshes that have not changed for so many heartbeats will not soon. A guess.
const SETTLED: u32 = 3;

/// How often meshes are looked at while they form. A heartbeat takes longer.
const LOOK: Duration = Duration::from_millis(50);

/// The options of the experiment, checked.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many messages.
    pub messages: u32,
    /// The time from one to the next.
    pub interval: Duration,
    /// How many bytes each carries.
    pub size: usize,
    /// How long to wait: for meshes to form, and after the last message or
    /// arrival for others.
    pub patience: Duration,
    /// How peers gossip.
    pub parameters: Parameters,
}

/// The experiment.
#[derive(Debug)]
pub struct Gossip {
    options: Options,
    watch: Watch,
    events: mpsc::Receiver<Event>,
    /// What has come, once peers are connected.
    arrivals: Option<Arrivals>,
}

impl Gossip {
    /// With these options.
    pub fn new(options: Options) -> Self {
        let (watch, events) = Watch::new(ROOM);
        Self {
            options,
            watch,
            events,
            arrivals: None,
        }
    }

    /// What `run.json` says of it.
    pub fn describe(&self) -> run::Experiment {
        let Parameters {
            mesh,
            mesh_low,
            mesh_high,
            mesh_outbound,
            heartbeat,
            flood_publish,
            signed,
        } = self.options.parameters;
        let Options {
            messages,
            interval,
            size,
            patience,
            ..
        } = self.options;
        run::Experiment {
            name: "gossip",
            options: json!({
                "protocol": "gossipsub",
                "messages": messages,
                "interval_seconds": interval.as_secs_f64(),
                "size_bytes": size,
                "patience_seconds": patience.as_secs_f64(),
                "mesh": { "n": mesh, "low": mesh_low, "high": mesh_high, "outbound": mesh_outbound },
                "heartbeat_seconds": heartbeat.as_secs_f64(),
                "flood_publish": flood_publish,
                "signed": signed,
            }),
        }
    }
}

impl Options {
    /// Waits until every mesh has as many peers as it needs, and has had them for
    /// two heartbeats: by then those that are too large have given some up. Who
    /// was given up may not come again for a minute, so a mesh can stay small;
    /// when none changes for some heartbeats and none is empty, that is how they
    /// are. Returns how many are small.
    async fn meshes(&self, members: &Members) -> Result<usize, Error> {
        let Parameters {
            mesh_low,
            heartbeat,
            ..
        } = self.parameters;
        let wanted = |node: usize| mesh_low.min(members.neighbours[node].len());
        let end = Instant::now() + self.patience;
        let (mut last, mut since) = (Vec::new(), Instant::now());
        loop {
            let mut sizes = Vec::with_capacity(members.handles.len());
            for handle in &members.handles {
                sizes.push(handle.mesh(TOPIC).await.unwrap_or(0));
            }
            let all = sizes.iter().enumerate();
            let small: Vec<_> = all.filter(|(node, has)| **has < wanted(*node)).collect();
            let empty = small.iter().find(|(_, has)| **has == 0);
            let beats = match (small.first(), empty) {
                (None, _) => 2,
                (Some(_), None) => SETTLED,
                (Some(_), Some(_)) => u32::MAX,
            };
            let now = Instant::now();
            if sizes != last && !small.is_empty() || last.is_empty() {
                since = now;
            }
            if now - since >= heartbeat.saturating_mul(beats) {
                return Ok(small.len());
            }
            if let (Some((node, has)), true) = (empty.or(small.first()), now > end) {
                return Err(Error::Failed(format!(
                    "no mesh: after {:?} {} has {has} of {} peers in its mesh; give it more \
                     --patience, or other mesh parameters",
                    self.patience,
                    NodeId(*node as u32),
                    wanted(*node)
                )));
            }
            last = sizes;
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Messages under way.
struct Session<'a> {
    options: Options,
    members: Members,
    events: &'a mut mpsc::Receiver<Event>,
    arrivals: &'a mut Arrivals,
    counts: &'a Counts,
    rows: &'a mut csv::Writer<File>,
}

impl Session<'_> {
    /// Publishes all messages at their times, takes what comes meanwhile, and
    /// what comes after the last.
    async fn run(&mut self, seed: u64, step: impl Fn()) -> Result<(), Error> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (start, epoch) = (Instant::now(), SystemTime::now());
        for number in 0..self.options.messages {
            let due = self.options.interval * number;
            loop {
                tokio::select! {
                    biased;
                    () = sleep_until((start + due).into()) => break,
                    event = self.events.recv() => self.take(event)?,
                }
            }
            let publisher = rng.random_range(0..self.members.handles.len());
            let published = self.publish(publisher, number).await;
            self.arrivals
                .published(publisher as u32, epoch + due, published);
            step();
        }
        while !self.arrivals.all_there() {
            let end = Instant::now() + self.options.patience;
            match timeout_at(end.into(), self.events.recv()).await {
                Ok(event) => self.take(event)?,
                Err(_) => break,
            }
        }
        self.settle().await?;
        self.arrivals.save_losses(self.rows)
    }

    /// Waits for the copies that are under way still: until none comes for a
    /// while.
    async fn settle(&mut self) -> Result<(), Error> {
        let end = Instant::now() + self.options.patience;
        let mut copies = None;
        while copies != Some(self.counts.copies()) && Instant::now() < end {
            copies = Some(self.counts.copies());
            let quiet = Instant::now() + QUIET;
            while let Ok(event) = timeout_at(quiet.into(), self.events.recv()).await {
                self.take(event)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, event: Option<Event>) -> Result<(), Error> {
        self.arrivals.take(event, &self.members, self.rows)
    }

    /// One message, as a trace of its own. Returns its span, or why it was not
    /// sent.
    async fn publish(&self, publisher: usize, number: u32) -> Result<SpanContext, String> {
        let tracer = &self.members.tracers[publisher];
        let span = tracer
            .span_builder("publish")
            .with_kind(SpanKind::Producer)
            .with_attributes([
                KeyValue::new(key::ID, format!("{number:016x}")),
                KeyValue::new("p2p.message.size", self.options.size as i64),
            ])
            .start_with_context(tracer, &Context::new());
        let context = Context::new().with_span(span);
        let span = context.span();
        let envelope = Envelope {
            id: number.into(),
            kind: KIND.into(),
            created_unix_nano: unix_nano(SystemTime::now()),
            deadline_unix_nano: None,
            trace: to_wire(span.span_context()),
            sequence: 0,
            incarnation: 0,
            payload: Bytes::from(vec![0; self.options.size]),
        };
        let data = envelope.encode().map_err(|error| error.to_string())?;
        let published = self.members.handles[publisher].publish(TOPIC, data).await;
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

impl Experiment for Gossip {
    async fn run(&mut self, bench: Bench<'_>) -> Result<(), Error> {
        let gossip = network::Gossip {
            parameters: self.options.parameters,
            topic: TOPIC,
            watch: self.watch.clone(),
        };
        let builder = Builder {
            options: bench.options,
            outsider: None,
            sink: bench.sink,
            tasks: bench.tasks,
            progress: bench.progress,
            links: None,
            gossip: Some(&gossip),
        };
        let members = builder.connect(bench.record).await?;
        let began = Instant::now();
        let formed = self.options.meshes(&members).await;
        bench.record.phase("Mesh", began.elapsed());
        let small = formed?;
        bench.record.footprint.connected(bench.record.connections);
        let _measuring = bench.host.measuring();
        let began = Instant::now();
        let bar = bench.progress.bar("messages", self.options.messages.into());
        let arrivals = Arrivals::new(&members, self.options, small);
        let mut session = Session {
            options: self.options,
            members,
            events: &mut self.events,
            arrivals: self.arrivals.insert(arrivals),
            counts: self.watch.counts(),
            rows: bench.rows,
        };
        let done = session.run(bench.options.seed, || bar.step()).await;
        bench.record.phase("Gossip", began.elapsed());
        done
    }

    fn judge(&mut self, record: &mut Record, _: &Store) -> Vec<String> {
        if let Some(arrivals) = &self.arrivals {
            let results = arrivals.results(self.watch.counts());
            record.results = serde_json::to_value(results).expect("no keys but strings");
        }
        results::judge(&record.results)
    }

    fn tell(&self, record: &Record) -> String {
        results::tell(&record.results)
    }
}
