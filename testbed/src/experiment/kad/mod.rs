//! `testbed kad`: operations on libp2p's Kademlia, checked by an oracle that knows
//! all peers.
//!
//! No operation begins before every peer has filled its routing table. Each
//! operation has an intended start time, and its duration is measured from that.

mod metrics;
mod operations;
mod oracle;
mod plan;
mod results;
mod tables;

use csv::StringRecord;
use std::collections::BTreeMap;
use std::time::Duration;

use node::PeerId;
use node::lookup::Intervals;
use node::traffic::{self, Traffic, Wires};
use prometheus_client::registry::Registry;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use tokio::time::Instant;
use trace::LABORATORY;
use trace::store::Store;

use super::injected::Injected;
use super::planned::{self, Struck};
use super::{Experiment, Findings, RunContext};
use crate::experiment::Error;
use crate::network::{Speaks, Tables};
use crate::rows::columns;
use crate::run;
use crate::run::Record;
use metrics::Metrics;
use operations::Operations;
use oracle::Oracle;
pub use plan::{KEY, Kind};
use plan::{Operation, Plan};
use results::{Results, Row, Tally};

/// The options of the experiment, checked.
#[derive(Clone, Debug)]
pub struct Options {
    /// How routing tables are filled.
    pub tables: Tables,
    /// How many operations.
    pub operations: u32,
    /// The kinds from which each operation's is drawn.
    pub mix: Vec<Kind>,
    /// How many bytes a value has.
    pub size: usize,
    /// The time from one operation to the next.
    pub interval: Duration,
    /// How long an operation may take.
    pub patience: Duration,
    /// How often peers repeat what they have done.
    pub intervals: Intervals,
}

/// The experiment.
#[derive(Debug)]
pub struct Kad {
    options: Options,
    tally: Tally,
    metrics: Option<Metrics>,
    /// The faults, once operations have begun, and when they struck.
    faults: Option<planned::Plan>,
    struck: Struck,
    /// How long the operations took.
    took: Option<Duration>,
    /// What peers send and receive, and had when operations began.
    wires: Wires,
    before: BTreeMap<PeerId, Traffic>,
}

impl Kad {
    /// With these options.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            tally: Tally::default(),
            metrics: None,
            faults: None,
            struck: Struck::new(),
            took: None,
            wires: Wires::default(),
            before: BTreeMap::new(),
        }
    }
}

impl Experiment for Kad {
    type Results = Results;

    fn describe(&self) -> run::Experiment {
        let Options {
            tables,
            operations,
            mix,
            size,
            interval,
            patience,
            intervals,
        } = &self.options;
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
        run::Experiment {
            name: "kad".into(),
            options: json!({
                "tables": tables,
                "operations": operations,
                "mix": mix,
                "size_bytes": size,
                "interval_seconds": interval.as_secs_f64(),
                "patience_seconds": patience.as_secs_f64(),
                "refresh_seconds": seconds(intervals.refresh),
                "republish_seconds": seconds(intervals.republish),
            }),
        }
    }

    fn register(&mut self, registry: &mut Registry) {
        self.metrics = Some(Metrics::new(registry));
    }

    async fn run(&mut self, context: RunContext<'_>) -> Result<(), Error> {
        let builder = context.builder(Speaks::Kademlia(
            self.options.tables,
            self.options.intervals,
            &self.wires,
        ));
        let (mut members, _) = builder.connect(context.record).await?;
        let began = Instant::now();
        let tables = tables::settled(&members).await?;
        context.record.phase("Tables", began.elapsed());
        let connected = members.handles.values().map(|h| h.connected() as u64);
        context
            .record
            .footprint
            .connected(connected.sum::<u64>() / 2);
        let ids = members.handles.values().map(|h| h.peer_id().to_bytes());
        let oracle = Oracle::new(ids);
        let Options {
            tables: how,
            operations,
            ref mix,
            size,
            interval,
            patience,
            ..
        } = self.options;
        let rng = ChaCha8Rng::seed_from_u64(context.options.seed);
        let plan = Plan::new(operations, mix, size, &oracle, context.options.peers, rng);
        let began = Instant::now();
        let all = &plan.before;
        let laboratory = context
            .sink
            .tracer_among_others(LABORATORY, &context.record.instance());
        let prepare = Operations {
            all,
            interval: Duration::ZERO,
            patience,
            members: &mut members,
            faults: Injected::new(None, &mut self.struck, &laboratory),
        };
        let prepare =
            prepare.carry_out(|_, _, outcome, _| outcome.found.map(drop).map_err(Error::Store));
        prepare.await?;
        // The preparation has opened connections, and peers look up others when they
        // meet a new one.
        tables::settled(&members).await?;
        context.record.phase("Prepare", began.elapsed());
        let _measuring = context.host.measuring();
        let began = Instant::now();
        let bar = context.progress.bar("operations", operations.into());
        self.before = self.wires.now();
        self.tally = Tally::new(tables, how, context.options.peers, operations);
        let all = &plan.operations;
        let scenario = context.options.scenario();
        self.tally.is_disturbed = scenario.has_faults();
        let (peers, seed) = (context.options.peers, context.options.seed);
        let plan = &*self
            .faults
            .insert(planned::Plan::new(&scenario, peers, seed, Duration::ZERO));
        let asked = Operations {
            all,
            interval,
            patience,
            members: &mut members,
            faults: Injected::new(Some(plan), &mut self.struck, &laboratory),
        };
        let asked = asked.carry_out(|number, peer, outcome, members| {
            bar.step();
            let operation = Operation {
                peer,
                ..all[number].clone()
            };
            let row = self
                .tally
                .take(number, &operation, &outcome, &oracle, members);
            if let Some(metrics) = &self.metrics {
                metrics.take(&row, outcome.after);
            }
            Ok(context.rows.save(row)?)
        });
        let asked = asked.await;
        context.record.phase("Operations", began.elapsed());
        self.took = Some(began.elapsed());
        asked
    }

    fn results(&mut self, _: &mut Record, _: &Store) -> Results {
        let traffic = traffic::since(self.wires.now(), &self.before);
        let traffic: Vec<_> = traffic.into_values().collect();
        let mut results = self.tally.results(&traffic);
        if let Some(plan) = &self.faults {
            let faults = plan.faults(&self.struck, self.took, self.tally.last());
            results.set_faults(faults, plan.drawn(&self.struck));
        }
        results
    }

    fn judge(&self, results: &Results, _: &Record) -> Findings {
        results.findings()
    }

    fn columns(&self, _: &Results) -> StringRecord {
        columns::<Row>()
    }

    fn render(&self, results: &Results) -> String {
        let lines = results.summary.iter();
        let lines: String = lines.map(|line| format!("{line}\n")).collect();
        lines + &results.faults_text()
    }
}
