//! `testbed kad`: operations on libp2p's Kademlia, checked by an oracle that knows
//! all peers.
//!
//! No operation begins before every peer has filled its routing table. Each
//! operation has an intended start time, and its duration is measured from that.

mod metrics;
mod oracle;
mod plan;
mod results;
mod tables;

use csv::StringRecord;
use std::time::Duration;
use trace::time;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use node::lookup::{Error as LookupError, Found};
use opentelemetry::trace::{SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use prometheus_client::registry::Registry;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use tokio::time::{Instant, sleep_until, timeout};
use trace::store::{Store, hex};

use super::{Experiment, Findings, RunContext};
use crate::experiment::Error;
use crate::network::{Members, Speaks, Tables};
use crate::rows::columns;
use crate::run;
use crate::run::Record;
use metrics::Metrics;
use oracle::Oracle;
pub use plan::{KEY, Kind};
use plan::{Operation, Plan};
use results::{Outcome, Results, Row, Tally};

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
}

/// The experiment.
#[derive(Debug)]
pub struct Kad {
    options: Options,
    tally: Tally,
    metrics: Option<Metrics>,
}

impl Kad {
    /// With these options.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            tally: Tally::default(),
            metrics: None,
        }
    }
}

/// Begins each operation at its time, whether or not the others have ended.
async fn carry_out(
    operations: &[Operation],
    interval: Duration,
    patience: Duration,
    members: &Members,
    mut each: impl FnMut(usize, Outcome) -> Result<(), Error>,
) -> Result<(), Error> {
    let (start, epoch) = (Instant::now(), time::now());
    let all = (0_u32..).zip(operations).map(|(number, operation)| {
        let due = interval * number;
        async move {
            sleep_until(start + due).await;
            let found = ask(members, operation, patience).await;
            let outcome = Outcome {
                intended: epoch + due,
                after: (start + due).elapsed(),
                found,
            };
            (number as usize, outcome)
        }
    });
    let mut all: FuturesUnordered<_> = all.collect();
    while let Some((number, outcome)) = all.next().await {
        each(number, outcome)?;
    }
    Ok(())
}

/// Executes one operation, as a trace of its own.
async fn ask(
    members: &Members,
    operation: &Operation,
    patience: Duration,
) -> Result<Found, LookupError> {
    let tracer = &members.tracers[operation.peer as usize];
    let key = hex(&operation.key);
    let span = tracer
        .span_builder(operation.name())
        .with_kind(SpanKind::Client)
        .with_attributes([KeyValue::new("p2p.kad.key", key)])
        .start_with_context(tracer, &Context::new());
    let context = Context::new().with_span(span);
    let span = context.span();
    let asked = members.handles[&operation.peer].look_up(operation.lookup());
    let found = match timeout(patience, asked).await {
        Ok(found) => found,
        Err(_) => Err(LookupError::TimedOut),
    };
    match &found {
        Ok(found) => {
            span.set_attribute(KeyValue::new("p2p.kad.requests", i64::from(found.requests)));
            if let Some(hops) = found.hops {
                span.set_attribute(KeyValue::new("p2p.kad.hops", i64::from(hops)));
            }
        }
        Err(error) => {
            span.set_attribute(KeyValue::new("error.type", "lookup"));
            span.set_status(Status::error(error.to_string()));
        }
    }
    span.end();
    found
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
        } = &self.options;
        run::Experiment {
            name: "kad".into(),
            options: json!({
                "tables": tables,
                "operations": operations,
                "mix": mix,
                "size_bytes": size,
                "interval_seconds": interval.as_secs_f64(),
                "patience_seconds": patience.as_secs_f64(),
            }),
        }
    }

    fn register(&mut self, registry: &mut Registry) {
        self.metrics = Some(Metrics::new(registry));
    }

    async fn run(&mut self, context: RunContext<'_>) -> Result<(), Error> {
        let builder = context.builder(Speaks::Kademlia(self.options.tables));
        let (members, _) = builder.connect(context.record).await?;
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
        } = self.options;
        let rng = ChaCha8Rng::seed_from_u64(context.options.seed);
        let plan = Plan::new(operations, mix, size, &oracle, context.options.peers, rng);
        let began = Instant::now();
        let all = &plan.before;
        let prepare = carry_out(all, Duration::ZERO, patience, &members, |_, outcome| {
            outcome.found.map(drop).map_err(Error::Store)
        });
        prepare.await?;
        // The preparation has opened connections, and peers look up others when they
        // meet a new one.
        tables::settled(&members).await?;
        context.record.phase("Prepare", began.elapsed());
        let _measuring = context.host.measuring();
        let began = Instant::now();
        let bar = context.progress.bar("operations", operations.into());
        self.tally = Tally::new(tables, how, context.options.peers, operations);
        let all = &plan.operations;
        let asked = carry_out(all, interval, patience, &members, |number, outcome| {
            bar.step();
            let row = self
                .tally
                .take(number, &all[number], &outcome, &oracle, &members);
            if let Some(metrics) = &self.metrics {
                metrics.take(&row, outcome.after);
            }
            Ok(context.rows.save(row)?)
        });
        let asked = asked.await;
        context.record.phase("Operations", began.elapsed());
        asked
    }

    fn results(&mut self, _: &mut Record, _: &Store) -> Results {
        self.tally.results()
    }

    fn judge(&self, results: &Results, _: &Record) -> Findings {
        results.findings()
    }

    fn columns(&self, _: &Results) -> StringRecord {
        columns::<Row>()
    }

    fn render(&self, results: &Results) -> String {
        let lines = results.summary.iter();
        lines.map(|line| format!("{line}\n")).collect()
    }
}
