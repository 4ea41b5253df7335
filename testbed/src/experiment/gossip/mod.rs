//! `testbed gossip --protocol gossipsub`: messages of random peers to all
//! others, over libp2p's gossipsub.
//!
//! Nothing is sent before every mesh has formed. Each message has an intended send
//! time, and its latency is measured from that: a laboratory that falls behind
//! raises the measured latencies instead of hiding its delay.

mod arrivals;
mod bandwidth;
mod meshes;
mod metrics;
mod options;
mod pace;
mod places;
mod results;
mod session;
mod standing;
mod traffic;
mod watched;

use csv::StringRecord;
use std::time::Duration;
use tokio::time::Instant;

use lab::planned::Faults;
use lab::planned::Kill;
use lab::simulator::{Crash, Memory};
use node::gossip::{Delivery, Parameters, Watch};
use prometheus_client::registry::Registry;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use tokio::sync::mpsc;
use trace::LABORATORY;
use trace::store::Store;
use trace::telemetry::Tracer;

use super::injected::Injected;
use super::planned::{Drawn, Plan, Struck};
use super::{Experiment, Findings, RunContext};
use crate::experiment::Error;
use crate::network::{self, Attackers, Members, Speaks};
use crate::rows::columns;
use crate::run;
use crate::run::{Record, RunOptions};
use arrivals::{Arrivals, Mesh};
use bandwidth::Bandwidth;
use metrics::Metrics;
use pace::{Next, Search};
use results::Results;
use session::Session;
use watched::Watched;

/// What all peers subscribe to; of several topics, the first part.
const TOPIC: &str = "testbed";

/// How many deliveries may wait for the laboratory. A guess: those of one message
/// to thousands of peers fit.
const ROOM: usize = 1 << 16;

/// The options of the experiment, checked.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many messages.
    pub messages: u32,
    /// The time from one message to the next; `None` searches for it.
    pub interval: Option<Duration>,
    /// To how many topics they are published in turn. All peers subscribe to all.
    pub topics: u32,
    /// How many bytes each carries.
    pub size: usize,
    /// How long to wait for meshes to form, and for further deliveries after the last
    /// message or delivery.
    pub patience: Duration,
    /// How peers gossip.
    pub parameters: Parameters,
    /// The peers that are stopped, and when.
    pub kill: Vec<Kill>,
    /// The peers that attack.
    pub attackers: Option<Attackers>,
}

impl Options {
    fn topics(&self) -> Vec<String> {
        match self.topics {
            1 => vec![TOPIC.to_owned()],
            several => (0..several).map(|one| format!("{TOPIC}-{one}")).collect(),
        }
    }

    /// The numbers of the peers that are no attackers are below it.
    fn honest(&self) -> u32 {
        self.attackers.map_or(u32::MAX, |attackers| attackers.first)
    }

    /// The faults of the scenario, and the kills.
    fn plan(&self, options: &RunOptions) -> Plan {
        let mut scenario = options.scenario();
        scenario.crash.extend(self.kill.iter().map(|kill| Crash {
            process: kill.node,
            at: kill.at,
            restart: None,
            state: Memory::Lost,
        }));
        Plan::new(&scenario, options.peers, options.seed, Duration::ZERO)
    }
}

/// The experiment.
#[derive(Debug)]
pub struct Gossip {
    options: Options,
    watch: Watch,
    deliveries: mpsc::Receiver<Delivery>,
    /// The deliveries so far, once peers are connected.
    arrivals: Option<Arrivals>,
    /// The time between messages, and how it was found.
    interval: Duration,
    search: Search,
    /// How long the messages took, once all were delivered or are no longer awaited.
    took: Option<Duration>,
    metrics: Option<Metrics>,
    /// The faults, once peers are connected, and when they struck.
    plan: Option<Plan>,
    struck: Struck,
    /// Whether the scenario has faults.
    is_disturbed: bool,
    /// What peers think of each other.
    standing: Watched,
    /// Bytes over time.
    bandwidth: Bandwidth,
    /// Whether the run came to its end.
    is_over: bool,
}

impl Gossip {
    /// With these options.
    pub fn new(options: Options) -> Self {
        let (watch, deliveries) = Watch::new(ROOM);
        let scoring = options.parameters.scoring.is_some();
        let watched = Watched::new(options.attackers, scoring, options.topics);
        Self {
            interval: options.interval.unwrap_or_default(),
            standing: watched,
            bandwidth: Bandwidth::default(),
            options,
            watch,
            deliveries,
            arrivals: None,
            search: Search::default(),
            took: None,
            metrics: None,
            plan: None,
            struck: Struck::new(),
            is_disturbed: false,
            is_over: false,
        }
    }

    /// Tries intervals, a few seconds each, until the shortest is found at which the
    /// host is not saturated. The deliveries of these attempts are discarded.
    async fn find_pace(
        &mut self,
        members: &mut Members,
        context: &RunContext<'_>,
        rng: &mut ChaCha8Rng,
        laboratory: &Tracer,
    ) -> Result<Duration, Error> {
        loop {
            let (interval, messages) = match self.search.next() {
                Next::Try { interval, messages } => (interval, messages),
                Next::Done(Some(found)) => {
                    self.next_attempt(self.options.messages);
                    return Ok(found);
                }
                Next::Done(None) => {
                    self.arrivals = None;
                    return Err(Error::NoPace);
                }
            };
            self.next_attempt(messages);
            let bar = context.progress.bar("trying an interval", messages.into());
            let began = Instant::now();
            let mut session = self.session(members, rng, laboratory, false);
            (session.late, session.name) = (pace::LATE, "try publish");
            session.run(messages, interval, || bar.step()).await?;
            let whole = |arrivals: &Arrivals| arrivals.all_sent() && arrivals.all_there();
            let late = !self.arrivals.as_ref().is_some_and(whole);
            // An attempt during which the process was paused is repeated.
            if context.host.stood_still(began.into_std()) && self.search.again() {
                continue;
            }
            let too_short = late || context.host.saturated(began.into_std()).is_some();
            self.search.tried(interval, too_short);
        }
    }

    /// What came of the planned faults, and of those that were drawn.
    fn faults(&self) -> (Faults, Drawn) {
        let Some(plan) = &self.plan else {
            return Default::default();
        };
        let last = self.arrivals.as_ref().and_then(Arrivals::last);
        let faults = plan.faults(&self.struck, self.took, last);
        (faults, plan.drawn(&self.struck))
    }

    fn next_attempt(&mut self, messages: u32) {
        let last = self.arrivals.take();
        self.arrivals = last.map(|last| last.next_attempt(messages, self.watch.counts()));
    }

    /// A session of messages between these peers, with faults or without.
    fn session<'a>(
        &'a mut self,
        members: &'a mut Members,
        rng: &'a mut ChaCha8Rng,
        laboratory: &'a Tracer,
        with_faults: bool,
    ) -> Session<'a> {
        let plan = self.plan.as_ref().filter(|_| with_faults);
        Session {
            size: self.options.size,
            patience: self.options.patience,
            members,
            deliveries: &mut self.deliveries,
            arrivals: self.arrivals.as_mut().expect("peers are connected"),
            counts: self.watch.counts(),
            rows: None,
            rng,
            name: "publish",
            late: Duration::MAX,
            faults: Injected::new(plan, &mut self.struck, laboratory),
            samples: with_faults.then_some((&mut self.bandwidth, &mut self.standing)),
            honest: self.options.honest(),
            topics: self.options.topics(),
        }
    }
}

impl Experiment for Gossip {
    /// `None` if the run ended before the meshes had formed.
    type Results = Option<Results>;

    fn describe(&self) -> run::Experiment {
        let Options {
            messages,
            interval,
            size,
            topics,
            patience,
            ref kill,
            ..
        } = self.options;
        let kill: Vec<_> = kill
            .iter()
            .map(|k| json!({ "peer": k.node, "at_seconds": k.at.as_secs_f64() }))
            .collect();
        let mut options = json!({
            "protocol": "gossipsub",
            "messages": messages,
            "interval_seconds": interval.map(|interval| interval.as_secs_f64()),
            "size_bytes": size,
            "topics": topics,
            "patience_seconds": patience.as_secs_f64(),
            "kill": kill,
            "attack": self.options.attackers.map(|attackers| attackers.attack),
            "first_attacker": self.options.attackers.map(|attackers| attackers.first),
        });
        let parameters = options::of(&self.options.parameters);
        let all = options.as_object_mut().expect("an object");
        all.extend(parameters);
        run::Experiment {
            name: "gossip".into(),
            options,
        }
    }

    fn register(&mut self, registry: &mut Registry) {
        let metrics = Metrics::new(self.watch.clone());
        registry.register_collector(Box::new(metrics.clone()));
        self.metrics = Some(metrics);
    }

    async fn run(&mut self, context: RunContext<'_>) -> Result<(), Error> {
        let gossip = network::Gossip {
            parameters: self.options.parameters,
            topics: self.options.topics(),
            watch: self.watch.clone(),
            attackers: self.options.attackers,
        };
        let builder = context.builder(Speaks::Gossip(&gossip));
        let (mut members, _) = builder.connect(context.record).await?;
        let began = Instant::now();
        let formed = self.options.meshes(&members).await;
        context.record.phase("Mesh", began.elapsed());
        let small = formed?;
        for handle in members
            .handles
            .range(self.options.honest()..)
            .map(|(_, handle)| handle)
        {
            handle.attack().await;
        }
        context
            .record
            .footprint
            .connected(context.record.connections);
        let mesh = Mesh {
            size: self.options.parameters.mesh,
            flood_publish: self.options.parameters.flood_publish,
            small,
            honest: self.options.honest(),
        };
        let rng = &mut ChaCha8Rng::seed_from_u64(context.options.seed);
        let laboratory = context
            .sink
            .tracer_among_others(LABORATORY, &context.record.instance());
        self.plan = Some(self.options.plan(context.options));
        self.is_disturbed =
            context.options.scenario().has_faults() || self.options.attackers.is_some();
        if let (Some(folder), true) = (context.folder, self.standing.is_on()) {
            self.standing.save_to(Some(folder.scores()?));
        }
        let messages = self.options.messages;
        let arrivals = Arrivals::new(
            &members,
            messages,
            mesh,
            self.watch.counts(),
            self.metrics.clone(),
            self.options.patience,
            context.options.network.clone(),
        );
        self.arrivals = Some(arrivals);
        if self.options.interval.is_none() {
            let began = Instant::now();
            let found = self
                .find_pace(&mut members, &context, rng, &laboratory)
                .await;
            context.record.phase("Pace", began.elapsed());
            self.interval = found?;
        }
        let _measuring = context.host.measuring();
        let began = Instant::now();
        let bar = context.progress.bar("messages", messages.into());
        let interval = self.interval;
        let mut session = self.session(&mut members, rng, &laboratory, true);
        session.rows = Some(context.rows);
        let done = session.run(messages, interval, || bar.step()).await;
        self.standing.finish()?;
        context.record.phase("Gossip", began.elapsed());
        self.is_over = true;
        self.took = Some(began.elapsed());
        done
    }

    fn results(&mut self, _: &mut Record, _: &Store) -> Self::Results {
        let arrivals = self.arrivals.as_ref()?;
        let (counts, tried) = (self.watch.counts(), &self.search.tried);
        let (faults, drawn) = self.faults();
        let disturbed = self.is_disturbed;
        let mut results = arrivals.results(counts, self.interval, tried, faults, drawn, disturbed);
        results.traffic.over_time = self.bandwidth.samples.clone();
        let traffic = arrivals.traffic_of_attackers(counts);
        results.standing = self.standing.results(&traffic, &arrivals.messages());
        if !self.is_over {
            results.measured.interrupt();
        }
        Some(results.with_summary())
    }

    fn judge(&self, results: &Self::Results, _: &Record) -> Findings {
        match results {
            Some(results) => results.findings(),
            None => Findings {
                incomplete: vec!["nothing was sent".into()],
                ..Findings::default()
            },
        }
    }

    fn columns(&self, _: &Self::Results) -> StringRecord {
        columns::<lab::spread::Delivery>()
    }

    fn render(&self, results: &Self::Results) -> String {
        let parameters = self.options.parameters;
        let to = match parameters.flood_publish {
            true => "to all neighbours (flood publishing)",
            false => "to the mesh alone (no flood publishing)",
        };
        let signed = match parameters.signed {
            true => "signed",
            false => "unsigned",
        };
        format!(
            "publishing        {to}, {signed}\n{}",
            results.as_ref().map(Results::text).unwrap_or_default()
        )
    }
}
