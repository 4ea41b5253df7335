//! Why options make no sense.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::delay::Delay;
use crate::simulator::{Frequency, ScenarioError};

/// Why options make no sense together or for a run: change them.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A peer to stop is not in the run.
    #[error("{option} {peer}: there are {peers} peers, from 0 to {}", peers.saturating_sub(1))]
    UnknownPeer {
        /// The option that names it.
        option: &'static str,
        /// The peer.
        peer: u32,
        /// How many there are.
        peers: u32,
    },
    /// A peer is to stop twice.
    #[error("--kill: a peer is named twice, and can stop only once; name it once")]
    KilledTwice,
    /// A peer is to stop while it is down.
    #[error(
        "--crash {peer}: it is to stop again before it has restarted; leave time between, for \
         example --crash {peer}@1s..2s --crash {peer}@3s..4s"
    )]
    StopsWhileDown {
        /// The peer.
        peer: u32,
    },
    /// Crashes at random times, outside of the simulator.
    #[error(
        "--crash {frequency}: only simulate draws the times of crashes; name a peer and its \
         times, for example --crash 3@100ms..2s"
    )]
    RandomCrashes {
        /// How often.
        frequency: Frequency,
    },
    /// There is no churn to end.
    #[error(
        "--churn-until {until:?}: no peer comes and goes; add --churn weibull:20m, or leave it out"
    )]
    NoChurn {
        /// When it was to end.
        until: Duration,
    },
    /// There is churn already.
    #[error("--churn {session}: the scenario has a table churn; leave one of them out")]
    TwoChurns {
        /// How long peers are up.
        session: Delay,
    },
    /// There are no outages to say more of.
    #[error("{option} {time:?}: no link has an outage; add --outages 45%<2m, or leave it out")]
    NoOutages {
        /// The option.
        option: &'static str,
        /// Its value.
        time: Duration,
    },
    /// A trace says when its outages are.
    #[error("{option} {time:?}: the lines of --outages {file} have their times; leave it out")]
    TracedOutages {
        /// The option.
        option: &'static str,
        /// Its value.
        time: Duration,
        /// The trace.
        file: String,
    },
    /// There are outages already.
    #[error("--outages {outages}: the scenario has a table outages; leave one of them out")]
    TwoOutages {
        /// What the option says.
        outages: String,
    },
    /// All peers are to stop.
    #[error("--kill: all {peers} peers are to stop; leave one that goes on")]
    AllKilled {
        /// How many there are.
        peers: u32,
    },
    /// A peer that is to lie is not in the run.
    #[error("--liars {peer}: there are {peers} peers, from 0 to {}", peers.saturating_sub(1))]
    UnknownLiar {
        /// The peer.
        peer: u32,
        /// How many there are.
        peers: u32,
    },
    /// A peer is to lie in two ways.
    #[error("--liars: peer {peer} is named twice, and lies in one way; name it once")]
    LiesTwice {
        /// The peer.
        peer: u32,
    },
    /// A schedule has its own time, to which `--timeout` does not apply.
    #[error("--timeout: a schedule has its own time; leave --timeout out, or take --max-time")]
    Timeout,
    /// A message may travel longer than a schedule lasts.
    #[error(
        "a message may travel {most:?}, and a schedule ends after {limit:?}; take shorter delays, \
         or a longer --max-time"
    )]
    DelayBeyondTime {
        /// How long a message may travel.
        most: Duration,
        /// How long a schedule lasts.
        limit: Duration,
    },
    /// The model checker has neither faults of processes nor time.
    #[error("{option}: the model checker has no times; take --crashes N, or simulate")]
    NotChecked {
        /// The option.
        option: &'static str,
    },
    /// A judge records nothing.
    #[error("{option} has no effect on `judge`, which records nothing; leave it out")]
    NotJudged {
        /// The option.
        option: &'static str,
    },
    /// The file of the scenario cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The processes do not fit into memory.
    #[error(
        "--peers {peers}: they and their {edges} edges take some {} MiB of memory, and {} MiB \
         are free; take fewer, or --topology random:8",
        needed >> 20,
        free >> 20
    )]
    TooLarge {
        /// How many processes.
        peers: u32,
        /// How many edges between them.
        edges: u64,
        /// About how many bytes they take.
        needed: u64,
        /// How many bytes are free.
        free: u64,
    },
    /// A file cannot be written.
    #[error("{}: {source}; take a file that can be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The scenario turns FIFO off for a system that needs it.
    #[error(
        "{}: fifo = false: this algorithm needs channels that keep the order; to see what goes \
         wrong without it, add --channel per-message", path.display()
    )]
    WithoutOrder {
        /// The file.
        path: PathBuf,
    },
    /// The file is not a scenario.
    #[error("{}: {source}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ScenarioError,
    },
    /// The program's own options do not fit, or lack a value.
    #[error(transparent)]
    Own(#[from] super::own::OwnError),
    /// The scenario, with the options that take precedence, cannot be simulated.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
}
