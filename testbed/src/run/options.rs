//! The options of every run, checked, from the command line or another program.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use lab::simulator::Scenario;
use lab::topology::Edges;
use lab::world::Settled;
use node::admission::Guests;
use node::export::Target;
use node::{Security, Transport};
use serde::Serialize;

use crate::host::Bounds;
use crate::limits::Limits;

/// A run's options: they are valid, and the run fits this machine.
#[derive(Debug)]
pub struct RunOptions {
    /// How many peers.
    pub peers: u32,
    /// The topology as given.
    pub topology: String,
    /// The connections.
    pub edges: Edges,
    /// What carries the connections.
    pub transport: Transport,
    /// What secures them, if the transport does not.
    pub security: Security,
    /// Which clock the run has.
    pub time: Time,
    /// The world in which the peers sit; `None` for links as the machine has them.
    pub network: Option<Arc<Settled>>,
    /// The scenario with faults.
    pub scenario: Option<ScenarioFile>,
    /// Whether links change while it goes on.
    pub changes_links: bool,
    /// Where all keys and choices come from.
    pub seed: u64,
    /// How long a dial may take.
    pub dial_timeout: Duration,
    /// The folder that gets a folder for each run.
    pub out: PathBuf,
    /// How the result is printed.
    pub format: Format,
    /// Where spans are exported to.
    pub otlp: Option<Target>,
    /// Warnings to print before the run begins.
    pub warnings: Vec<String>,
    /// Where the page is served.
    pub view: Option<SocketAddr>,
    /// Where metrics are served to Prometheus.
    pub metrics: Option<SocketAddr>,
    /// The bounds above which the host is saturated.
    pub bounds: Bounds,
    /// Which other peers may connect.
    pub guests: Guests,
    /// No progress and no hints.
    pub quiet: bool,
    /// What the run needs of the machine, and what is available.
    pub limits: Limits,
}

/// The scenario of a run.
#[derive(Clone, Debug)]
pub struct ScenarioFile {
    /// Its file, or the text itself.
    pub path: PathBuf,
    /// What it says.
    pub scenario: Arc<Scenario>,
}

impl RunOptions {
    /// The scenario, or one without faults.
    pub fn scenario(&self) -> Scenario {
        let file = self.scenario.as_ref();
        file.map_or_else(Scenario::default, |file| (*file.scenario).clone())
    }
}

impl ScenarioFile {
    /// Its file as the user named it, or the text.
    pub fn name(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }
}

/// The clock of a run over real peers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Time {
    /// That of this machine
    #[default]
    Wall,
    /// A paused one, which jumps to the next timer when nothing else can happen: the same
    /// seed gives the same run, and waiting costs nothing
    Virtual,
}

/// How a result is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For programs: the contents of run.json.
    Json,
}
