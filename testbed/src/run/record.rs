//! `run.json`: what was run, on what machine, and the outcome.
//!
//! Its format is documented by `run.schema.json` beside this file; a test checks that
//! the two agree.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
pub use lab::verdict::{Status, Verdict};
use lab::world::Settled;
use node::export::redacted;
use node::{Security, Transport};
use serde::Serialize;
use serde_json::Value;
use trace::telemetry::Counts;

use super::{Membership, RunOptions, Time};
use crate::host::{Footprint, Host, Use};
use crate::limits::Limits;

/// The name and version of the format. The version increases when a field changes its
/// meaning or is removed.
pub const SCHEMA: &str = "testbed-run/2";

/// The record of a run: the contents of `run.json`.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The name of the run and of its folder.
    pub id: String,
    /// The command line, without the credentials in URLs.
    pub command: Vec<String>,
    /// When it began.
    pub started: Timestamp,
    /// How long it took, once it has ended.
    pub seconds: Option<f64>,
    /// How much CPU time this process had used by then, in seconds.
    pub cpu_seconds: Option<f64>,
    /// The clock of the phases, of the spans and of what was measured.
    pub time: Time,
    /// Where all keys and choices came from.
    pub seed: u64,
    /// The versions of the software.
    pub versions: Versions,
    /// The machine.
    pub host: Host,
    /// What it needed of the machine, and what was available.
    pub limits: Limits,
    /// How many peers.
    pub peers: u32,
    /// Which peers dial each other.
    pub topology: String,
    /// What carried the connections, or `simulated`.
    pub transport: String,
    /// What secured them: `noise`, `tls`, or `none`, as in virtual time.
    pub security: &'static str,
    /// The world in which the peers sit; `None` for links as the machine has them.
    pub network: Option<Network>,
    /// The scenario of a run over real peers, as an inline table.
    pub scenario: Option<String>,
    /// How many connections were made.
    pub connections: u64,
    /// Where peers listened, and which others connected.
    #[serde(flatten)]
    pub membership: Membership,
    /// How much memory peers and connections took.
    pub footprint: Footprint,
    /// The experiment.
    pub experiment: Experiment,
    /// The phases, with their durations.
    pub phases: Vec<Phase>,
    /// The results, in the experiment's own format. `null` until the run has ended, and
    /// if it ended before anything could be measured.
    pub results: Value,
    /// The host's load during the run, once it has ended.
    pub host_use: Option<Use>,
    /// What became of the spans.
    pub spans: Spans,
    /// The verdict.
    pub verdict: Verdict,
}

/// Versions of what a run depends on.
#[derive(Clone, Debug, Serialize)]
pub struct Versions {
    /// This program.
    pub testbed: &'static str,
    /// rust-libp2p.
    pub libp2p: &'static str,
}

impl Versions {
    /// The versions of this program. A test compares them with `Cargo.lock`.
    pub const THIS: Self = Self {
        testbed: env!("CARGO_PKG_VERSION"),
        libp2p: "0.57.1",
    };
}

/// The experiment of a run, with all its options.
#[derive(Clone, Debug, Serialize)]
pub struct Experiment {
    /// Its name on the command line; that of the algorithm's type in a program of its own.
    pub name: Cow<'static, str>,
    /// Its effective options, with defaults and random choices.
    pub options: Value,
}

/// The world of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Network {
    /// The name of the preset, or the path of the file.
    pub name: String,
    /// How many peers sit in each region.
    pub regions: BTreeMap<String, usize>,
    /// How many peers are of each class.
    pub classes: BTreeMap<String, usize>,
}

impl From<&Settled> for Network {
    fn from(settled: &Settled) -> Self {
        let owned = |(name, peers): (&str, usize)| (name.to_owned(), peers);
        Self {
            name: settled.world().name.clone(),
            regions: settled.regions().map(owned).collect(),
            classes: settled.classes().map(owned).collect(),
        }
    }
}

/// A phase of a run that has ended.
#[derive(Clone, Debug, Serialize)]
pub struct Phase {
    /// Its name, as in the trace.
    pub name: &'static str,
    /// How long it took.
    pub seconds: f64,
}

/// What became of the spans.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Spans {
    /// Spans that were started.
    pub started: u64,
    /// Spans in the run folder.
    pub stored: u64,
    /// Spans that were started but are not stored.
    pub lost: u64,
    /// Stored spans whose parent is not stored.
    pub without_parent: u64,
    /// The collector's address, if there was one.
    pub collector: Option<String>,
    /// Spans that the collector accepted.
    pub exported: u64,
    /// Spans that the collector did not accept.
    pub not_exported: u64,
    /// Why some were not accepted, or the collector's warning.
    pub export_error: Option<String>,
}

impl Spans {
    /// Copies the sink's counts.
    pub fn count(&mut self, counts: Counts) {
        self.started = counts.started;
        self.stored = counts.stored;
        self.lost = counts.started - counts.stored;
        self.exported = counts.exported;
        self.not_exported = counts.not_exported;
    }

    /// Counts all spans as lost: none could be saved in the run folder.
    pub fn lose(&mut self) {
        self.stored = 0;
        self.lost = self.started;
    }
}

impl Record {
    /// The record of a run that begins now. Until it ends, its verdict says that it has
    /// not ended.
    pub fn new(options: &RunOptions, experiment: Experiment) -> Self {
        let started = Timestamp::now();
        Self {
            schema: SCHEMA,
            id: format!(
                "{}-{}",
                started.strftime("%Y-%m-%dT%H-%M-%SZ"),
                experiment.name
            ),
            command: arguments(),
            started,
            seconds: None,
            cpu_seconds: None,
            time: options.time,
            seed: options.seed,
            versions: Versions::THIS,
            host: Host::this(),
            limits: options.limits.clone(),
            peers: options.peers,
            topology: options.topology.clone(),
            transport: options.transport.to_string(),
            security: match (options.transport, options.security) {
                (Transport::Quic, _) => "tls",
                (_, Security::Noise) => "noise",
                (_, Security::Plaintext) => "none",
            },
            network: options.network.as_deref().map(Network::from),
            scenario: options
                .scenario
                .as_ref()
                .map(|file| file.scenario.to_string()),
            connections: 0,
            membership: Membership::default(),
            footprint: Footprint::default(),
            experiment,
            phases: Vec::new(),
            results: Value::Null,
            host_use: None,
            spans: Spans {
                collector: options.otlp.as_ref().map(ToString::to_string),
                ..Spans::default()
            },
            verdict: Verdict {
                status: Status::Unknown,
                reasons: vec!["the run has not ended".into()],
            },
        }
    }

    /// Records a phase that has ended.
    pub fn phase(&mut self, name: &'static str, took: Duration) {
        let seconds = took.as_secs_f64();
        self.phases.push(Phase { name, seconds });
    }

    /// Sets the results of the ended run.
    pub fn set_results(&mut self, results: &impl Serialize) {
        self.results = serde_json::to_value(results).expect("results have no keys but strings");
    }

    /// The instance of the laboratory in the spans. In virtual time the same seed gives the
    /// same spans.
    pub fn instance(&self) -> String {
        match self.time {
            Time::Wall => self.id.clone(),
            Time::Virtual => format!("{}-{}", self.experiment.name, self.seed),
        }
    }

    /// The record as it is saved.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).expect("a record has no keys but strings")
    }
}

/// The command line, without the credentials in URLs. Invalid UTF-8 becomes replacement
/// characters.
fn arguments() -> Vec<String> {
    let all = std::env::args_os();
    all.map(|word| redacted(&word.to_string_lossy())).collect()
}
