//! Many snapshots at once over real peers, under load, all of them judged.

use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use lab::checkers::snapshot::overview;
use lab::delay::Delay;
use lab::simulator::Scenario;
use lab::stats::show;
use serde_json::json;
use testbed::cli::Cli;
use testbed::control::control;
use testbed::experiment::live::Live;
use testbed::experiment::{Experiment as _, RunContext};
use testbed::host::Watch;
use testbed::limits::Need;
use testbed::network::Links;
use testbed::progress::Progress;
use testbed::rows::Rows;
use testbed::run::{Experiment, Record};
use tokio::runtime::Runtime;
use tokio_util::task::TaskTracker;
use trace::history::History;
use trace::recorder::StoreRecorder;
use trace::store::Store;
use trace::telemetry::Sink;

use crate::bank::{BankSnapshots, bank};
use crate::figures::{median, thousands};

const PEERS: u32 = 64;
const INITIATORS: u32 = 16;

/// Snapshots that each initiator starts in a run, and the time from one to the
/// next. A run is kept small because all its spans are in memory when it is
/// judged: a snapshot has 4,032 markers.
const EACH: u32 = 8;
const EVERY: Duration = Duration::from_secs(1);

/// Transfers a second in all.
const TRANSFERS: u32 = 20_000;

/// The sums over all runs.
#[derive(Default)]
struct All {
    complete: u64,
    violations: usize,
    lost: u64,
    transfers: u64,
    messages: u64,
    seconds: f64,
    nanos: Vec<f64>,
}

/// Runs of 128 snapshots each.
pub(crate) fn live(runs: u64) -> String {
    let mut all = All::default();
    for seed in 0..runs {
        let runtime = Runtime::new().expect("a machine that can run threads");
        all = runtime
            .block_on(async move { tokio::spawn(one(seed, all)).await })
            .expect("a measurement that does not panic");
    }
    let asked = runs * u64::from(INITIATORS * EACH);
    format!(
        "{} violations in {} of {asked} snapshots complete (target 0 in 1,000), {} messages lost; {} in the median to complete; {} transfers a second (asked: {}), {} messages a second in all; {PEERS} peers, {INITIATORS} initiators, {runs} runs",
        all.violations,
        all.complete,
        all.lost,
        show(Duration::from_nanos(median(all.nanos) as u64)),
        thousands(all.transfers as f64 / all.seconds),
        thousands(TRANSFERS.into()),
        thousands(all.messages as f64 / all.seconds)
    )
}

/// One run, from the peers to the verdict.
async fn one(seed: u64, mut all: All) -> All {
    let words = format!("testbed -q --peers {PEERS} --transport memory --seed {seed} list");
    let cli = Cli::parse_from(words.split_whitespace());
    let need = Need::of(2, PEERS);
    let options = cli.common.checked(need).expect("good options");
    let description = Experiment {
        name: "snapshot".into(),
        options: json!(null),
    };
    let mut record = Record::new(&options, description.clone());
    let store = Arc::new(Store::new());
    let recorder = StoreRecorder::start(Arc::clone(&store));
    let sink = Sink::new(Some(Arc::new(recorder)), None);
    let system = BankSnapshots {
        initiators: INITIATORS,
        each: EACH,
        every: EVERY,
        pace: Duration::from_secs(1) * PEERS / TRANSFERS,
        amount: 10_000,
        patience: Duration::from_secs(60),
        ..bank(PEERS)
    };
    let links = Links {
        delay: Delay::NONE,
        in_order: true,
    };
    let timeout = Duration::from_secs(120);
    let mut live = Live::new(description, system, links, Scenario::default(), timeout);
    let tasks = TaskTracker::new();
    let bench = RunContext {
        options: &options,
        record: &mut record,
        folder: None,
        rows: &mut Rows::new(
            "results.csv",
            tempfile::tempfile().expect("a temporary file"),
        ),
        sink: &sink,
        metrics: None,
        tasks: &tasks,
        host: &Watch::start(options.bounds),
        progress: &Progress::new(true),
        fault_requests: &mut control().1,
    };
    live.run(bench).await.expect("a network on this machine");
    tasks.close();
    tasks.wait().await;
    let counts = sink.counts();
    assert_eq!(counts.started, counts.stored, "no span is lost");
    let results = live.results(&mut record, &store);
    let findings = live.judge(&results, &record);
    all.violations += findings.violations.len() + findings.incomplete.len();
    let history = History::read(&store);
    let counts = overview(&history);
    all.complete += counts.complete;
    all.lost += results.engine.lost;
    all.transfers += history.count("TRANSFER");
    all.messages += history.sends().count() as u64;
    let run = record.phases.iter().find(|phase| phase.name == "Run");
    all.seconds += run.map_or(0.0, |phase| phase.seconds);
    all.nanos
        .extend(counts.nanos.iter().map(|&nanos| nanos as f64));
    all
}
