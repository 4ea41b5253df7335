//! What a user of the testbed gets: a run as its command line describes it,
//! through the functions that the `testbed` binary calls.

use std::sync::Arc;

use algorithms::ping_pong::PingPong;
use clap::Parser as _;
use testbed::cli::{Cli, Command, Measure as _};
use testbed::control::control;
use testbed::experiment::{Experiment as _, Findings, RunContext, ping::Ping};
use testbed::host::Watch;
use testbed::network::{Builder, Network, Speaks};
use testbed::progress::Progress;
use testbed::rows::Rows;
use testbed::run::{Record, RunOptions};
use tokio_util::task::TaskTracker;
use trace::recorder::StoreRecorder;
use trace::store::Store;
use trace::telemetry::Sink;

/// Random topologies are the same on both sides, and in every round.
pub(crate) const SEED: u64 = 1;

/// A run of `testbed … ping` that saves nothing.
pub(crate) struct Ours {
    options: RunOptions,
    ping: Ping,
    record: Record,
    sink: Arc<Sink>,
}

impl Ours {
    /// Everything that has to be there before peers start, as for
    /// `testbed` with these arguments.
    pub(crate) fn new(arguments: &str) -> Self {
        let words = format!("testbed --quiet {arguments}");
        let cli = Cli::parse_from(words.split_whitespace());
        let Command::Ping(args) = cli.command else {
            panic!("{arguments}: the benchmarks ping");
        };
        let (ping, options) = args.checked(&cli.common).expect("good options");
        let record = Record::new(&options, ping.describe());
        Self {
            options,
            ping,
            record,
            sink: Sink::new(Some(Arc::new(StoreRecorder::start(Arc::default()))), None),
        }
    }

    /// Starts and connects the peers.
    pub(crate) async fn build(&mut self) -> Network<PingPong> {
        let builder = Builder {
            options: &self.options,
            external: None,
            folder: None,
            sink: &self.sink,
            metrics: None,
            progress: &Progress::new(true),
            tasks: &TaskTracker::new(),
            links: None,
            speaks: Speaks::Channels,
        };
        let network = builder.build(&mut self.record, |_| PingPong::default());
        network.await.expect("a network on this machine")
    }

    /// Runs the whole experiment. Returns the median of the round trips, in
    /// seconds.
    pub(crate) async fn ping(&mut self) -> f64 {
        let file = tempfile::tempfile().expect("a folder for temporary files");
        let bench = RunContext {
            options: &self.options,
            record: &mut self.record,
            folder: None,
            rows: &mut Rows::new("results.csv", file),
            sink: &self.sink,
            metrics: None,
            host: &Watch::start(self.options.bounds),
            progress: &Progress::new(true),
            tasks: &TaskTracker::new(),
            fault_requests: &mut control().1,
        };
        self.ping.run(bench).await.expect("pings on this machine");
        let results = self.ping.results(&mut self.record, &Store::new());
        let findings = self.ping.judge(&results, &self.record);
        assert_eq!(findings, Findings::default());
        let round_trips = results.and_then(|results| results.round_trip_ns);
        round_trips.expect("pings that were answered").p50 as f64 / 1e9
    }
}

/// The arguments of the run that connects so many peers.
pub(crate) fn arguments(transport: &str, topology: &str, peers: u32) -> String {
    format!("--peers {peers} --transport {transport} --topology {topology} --seed {SEED} ping")
}
