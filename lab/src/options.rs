//! Options of the network, of the simulator and of the model checker: as the
//! command line has them, and as an engine takes them.

use std::collections::BTreeSet;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use trace::steps::Processes;

use crate::delay::Delay;
use crate::model::{Bounds, Network, Plan, UNLIMITED};
use crate::planned::Kill;
use crate::simulator::{self, Crash, Limits, Scenario, ScenarioError};
use crate::values::{self, Memory};

/// Why options make no sense together or for a run: change them.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A peer to stop is not in the run.
    #[error("--kill {peer}: there are {peers} peers, from 0 to {}", peers.saturating_sub(1))]
    UnknownPeer {
        /// The peer.
        peer: u32,
        /// How many there are.
        peers: u32,
    },
    /// A peer is to stop twice.
    #[error("--kill: a peer is named twice, and can stop only once; name it once")]
    KilledTwice,
    /// All peers are to stop.
    #[error("--kill: all {peers} peers are to stop; leave one that goes on")]
    AllKilled {
        /// How many there are.
        peers: u32,
    },
    /// A schedule has its own time, to which `--timeout` does not apply.
    #[error("--timeout: a schedule has its own time; leave --timeout out, or take --max-time")]
    Timeout,
    /// The model checker has neither faults of processes nor time.
    #[error("{option}: the model checker has no times; take --crashes N, or simulate")]
    NotChecked {
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
    /// The scenario, with the options that take precedence, cannot be simulated.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
}

/// What happens to messages and peers.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of the network")]
pub struct Net {
    /// How long messages travel: 5ms, 1ms..10ms, 0..100ms or exponential:5ms
    /// [default: 0..20ms live, but as they do in gossip; 1ms..10ms simulated]
    #[arg(long, global = true, value_name = "D")]
    pub delay: Option<Delay>,
    /// What carries messages between two peers, and so whether they keep their
    /// order
    #[arg(long, global = true, value_name = "C", default_value = "stream")]
    pub channel: Channel,
    /// Stop a peer: 3@100ms. May be given several times
    #[arg(long, global = true, value_name = "PEER@TIME")]
    pub kill: Vec<Kill>,
    /// How long a live run may take [default: 30s, or what its options need, after
    /// the last operation is to begin], and a check [default: 5m]
    #[arg(long, global = true, value_name = "TIME", value_parser = values::duration)]
    pub timeout: Option<Duration>,
}

/// What order a channel keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Channel {
    /// One stream: first in, first out
    Stream,
    /// A stream for each message: any may overtake another
    PerMessage,
}

/// What the simulator tries.
#[derive(Clone, Debug, Args)]
pub struct Schedules {
    /// How many schedules to try; the seed of each is the one after the last
    #[arg(long, global = true, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub seeds: u64,
    /// The seed of the first schedule: what the network does, while --seed
    /// decides what is run [default: that of --seed]
    #[arg(long, global = true, value_name = "S")]
    pub schedule: Option<u64>,
    /// What the network does, from a TOML file: delay, loss, duplication, fifo,
    /// crash, partition
    #[arg(long, global = true, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// The probability that a message is lost
    #[arg(long, global = true, value_name = "P")]
    pub loss: Option<f64>,
    /// The probability that a message comes twice
    #[arg(long, global = true, value_name = "P")]
    pub duplication: Option<f64>,
    /// How many commands, messages and timers a schedule may have
    #[arg(long, global = true, value_name = "N", default_value_t = Limits::EVENTS, value_parser = clap::value_parser!(u64).range(1..))]
    pub max_events: u64,
    /// How long a schedule may take, in its own time
    #[arg(long, global = true, value_name = "TIME", default_value = "600s", value_parser = values::duration)]
    pub max_time: Duration,
    /// How much memory a schedule may take, as estimated; two run at once on two
    /// processors
    #[arg(long, global = true, value_name = "BYTES", default_value = "2G")]
    pub max_memory: Memory,
}

impl Schedules {
    /// The limits of a schedule.
    pub fn limits(&self) -> Limits {
        Limits {
            events: self.max_events,
            time: self.max_time,
            memory: self.max_memory.0 as u64,
        }
    }
}

/// What the model checker tries.
#[derive(Clone, Debug, Args)]
pub struct States {
    /// Any message may be lost; with a number, at most so many in a run
    #[arg(long, global = true, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = ANY, value_parser = at_most)]
    pub lossy: Option<u32>,
    /// Any message may come twice; with a number, at most so many in a run
    #[arg(long, global = true, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = ANY, value_parser = at_most)]
    pub duplicating: Option<u32>,
    /// How many times a process may crash in a run, at any moment
    #[arg(long, global = true, value_name = "N", default_value_t = 0)]
    pub crashes: u32,
    /// How many times a process that has crashed restarts in a run, with its durable
    /// fields; until then it loses all messages
    #[arg(long, global = true, value_name = "N", default_value_t = 0)]
    pub restarts: u32,
    /// How many different states are tried at most
    #[arg(long, global = true, value_name = "N", default_value_t = Bounds::STATES)]
    pub max_states: NonZeroUsize,
    /// How many steps the runs have at most that are tried
    #[arg(long, global = true, value_name = "N", default_value_t = Bounds::DEPTH)]
    pub max_depth: u64,
    /// How much memory the process takes at most [default: half of what is free]
    #[arg(long, global = true, value_name = "BYTES")]
    pub max_memory: Option<Memory>,
}

impl Net {
    /// The processes to be stopped for ever.
    pub fn stops(&self) -> impl Iterator<Item = Crash> {
        self.kill.iter().map(|kill| Crash {
            process: kill.node,
            at: kill.at,
            restart: None,
            state: simulator::Memory::Kept,
        })
    }

    /// Requires that each process to be stopped exists, is named once, and that
    /// one goes on.
    ///
    /// # Errors
    /// [`Error`] names the value and the way out.
    pub fn check(&self, peers: u32) -> Result<(), Error> {
        if let Some(kill) = self.kill.iter().find(|kill| kill.node >= peers) {
            let peer = kill.node;
            return Err(Error::UnknownPeer { peer, peers });
        }
        let stopped: BTreeSet<_> = self.kill.iter().map(|kill| kill.node).collect();
        if stopped.len() < self.kill.len() {
            return Err(Error::KilledTwice);
        }
        match stopped.len() < peers as usize {
            true => Ok(()),
            false => Err(Error::AllKilled { peers }),
        }
    }
}

impl Schedules {
    /// The scenario of the file and of the options, which take precedence.
    ///
    /// # Errors
    /// [`Error`] names the value and the way out.
    pub fn scenario(&self, net: &Net, peers: u32) -> Result<Scenario, Error> {
        if net.timeout.is_some() {
            return Err(Error::Timeout);
        }
        net.check(peers)?;
        let mut scenario = match &self.scenario {
            None => Scenario::default(),
            Some(path) => read(path)?,
        };
        scenario.loss = self.loss.unwrap_or(scenario.loss);
        scenario.duplication = self.duplication.unwrap_or(scenario.duplication);
        scenario.fifo &= net.channel == Channel::Stream;
        if let Some(delay) = &net.delay {
            scenario.delay = delay.clone();
        }
        scenario.crash.extend(net.stops());
        scenario.check(peers)?;
        Ok(scenario)
    }
}

impl Schedules {
    /// The error for a system that needs FIFO channels, if the file of the scenario
    /// turns FIFO off and the command line does not.
    pub fn without_order(&self, scenario: &Scenario, net: &Net) -> Option<Error> {
        let by_file = !scenario.fifo && net.channel == Channel::Stream;
        let path = self.scenario.clone().filter(|_| by_file)?;
        Some(Error::WithoutOrder { path })
    }
}

impl States {
    /// The search that the options ask for.
    ///
    /// # Errors
    /// [`Error`] names the value and the way out.
    pub fn plan(&self, net: &Net, processes: Processes, seed: u64) -> Result<Plan, Error> {
        let ignored = [
            ("--kill", !net.kill.is_empty()),
            ("--delay", net.delay.is_some()),
        ];
        if let Some((option, _)) = ignored.iter().find(|(_, given)| *given) {
            return Err(Error::NotChecked { option });
        }
        let network = Network {
            fifo: net.channel == Channel::Stream,
            losses: self.lossy.unwrap_or(0),
            duplicates: self.duplicating.unwrap_or(0),
            crashes: self.crashes,
            restarts: self.restarts,
        };
        let usual = Bounds::default();
        let bounds = Bounds {
            states: self.max_states,
            depth: self.max_depth,
            memory: self.max_memory.map_or(usual.memory, |most| most.0 as u64),
            time: net.timeout.unwrap_or(usual.time),
        };
        Ok(Plan {
            bounds,
            ..Plan::new(network, processes, seed)
        })
    }
}

/// The text for faults without a limit.
const ANY: &str = "any";

/// The limit of a kind of fault.
fn at_most(text: &str) -> Result<u32, String> {
    match text {
        ANY => Ok(UNLIMITED),
        number => number.parse().map_err(|_| {
            format!("{number} is no number of faults; expected for example 2, or any")
        }),
    }
}

fn read(path: &Path) -> Result<Scenario, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })?;
    Scenario::parse(&text).map_err(|source| Error::Malformed {
        path: path.to_owned(),
        source,
    })
}
