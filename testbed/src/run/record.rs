//! `run.json`: what was run, on what, and what came of it.
//!
//! Its form is documented by `run.schema.json` beside this file, and a test
//! holds the two together.

use std::time::Duration;

use jiff::Timestamp;
pub use lab::verdict::{Status, Verdict};
use node::export::redacted;
use node::{Security, Transport};
use serde::Serialize;
use serde_json::Value;
use trace::telemetry::Counts;

use super::{Membership, RunOptions};
use crate::host::{Footprint, Host, Use};
use crate::limits::Limits;

/// The name and version of the form. The number rises when a field changes
/// its meaning or goes.
pub const SCHEMA: &str = "testbed-run/2";

/// A run, as `run.json` has it.
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
    /// Where all keys and choices came from.
    pub seed: u64,
    /// What it was made with.
    pub versions: Versions,
    /// What it ran on.
    pub host: Host,
    /// What it needed of the machine, and what there was.
    pub limits: Limits,
    /// How many peers.
    pub peers: u32,
    /// Which peers dial each other.
    pub topology: String,
    /// What carried the connections, or `simulated`.
    pub transport: String,
    /// What secured them: `noise`, `tls`, or `none`, as in virtual time.
    pub security: &'static str,
    /// How many connections were made.
    pub connections: u64,
    /// Where peers listened, and which others connected.
    #[serde(flatten)]
    pub membership: Membership,
    /// How much memory peers and connections took.
    pub footprint: Footprint,
    /// What was done with them.
    pub experiment: Experiment,
    /// How long the parts took.
    pub phases: Vec<Phase>,
    /// What was measured; its form is the experiment's. `null` until the run has
    /// ended, and where it ended before anything could be measured.
    pub results: Value,
    /// What the host did meanwhile, once the run has ended.
    pub host_use: Option<Use>,
    /// What became of the spans.
    pub spans: Spans,
    /// Whether it was right.
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
    /// Those that this program is made of. A test compares with `Cargo.lock`.
    pub const THIS: Self = Self {
        testbed: env!("CARGO_PKG_VERSION"),
        libp2p: "0.57.1",
    };
}

/// What was done, with all its options.
#[derive(Clone, Debug, Serialize)]
pub struct Experiment {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its options after defaults and choices.
    pub options: Value,
}

/// A part of a run that has ended.
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
    /// Began.
    pub started: u64,
    /// Are in the run folder.
    pub stored: u64,
    /// Began and are not stored.
    pub lost: u64,
    /// Are stored and name a parent that is not.
    pub without_parent: u64,
    /// The collector's address, if there was one.
    pub collector: Option<String>,
    /// Were accepted by the collector.
    pub exported: u64,
    /// Were not accepted by the collector.
    pub not_exported: u64,
    /// Why some were not, or what the collector warned of.
    pub export_error: Option<String>,
}

impl Spans {
    /// Takes over the sink's counts.
    pub fn count(&mut self, counts: Counts) {
        self.started = counts.started;
        self.stored = counts.stored;
        self.lost = counts.started - counts.stored;
        self.exported = counts.exported;
        self.not_exported = counts.not_exported;
    }

    /// None came into the run folder.
    pub fn lose(&mut self) {
        self.stored = 0;
        self.lost = self.started;
    }
}

impl Record {
    /// A run that begins now. Until it ends, its verdict is that it has not.
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

    /// A part has ended.
    pub fn phase(&mut self, name: &'static str, took: Duration) {
        let seconds = took.as_secs_f64();
        self.phases.push(Phase { name, seconds });
    }

    /// The run has ended with these results.
    pub fn set_results(&mut self, results: &impl Serialize) {
        self.results = serde_json::to_value(results).expect("results have no keys but strings");
    }

    /// The record as it is saved.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).expect("a record has no keys but strings")
    }
}

/// The command line, without the credentials in URLs. What is no UTF-8 in it is
/// shown with replacement characters.
fn arguments() -> Vec<String> {
    let all = std::env::args_os();
    all.map(|word| redacted(&word.to_string_lossy())).collect()
}
