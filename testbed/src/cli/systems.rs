//! The algorithms on the command line: the same for every engine.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use lab::delay::Delay;

use super::gossip::Gossip;
use super::values;
use crate::experiment::live::Kill;

/// Systems that every engine can run.
#[derive(Clone, Debug, Subcommand)]
pub enum System {
    /// Record the state of a bank that never stands still: the cut, and whether it is consistent
    Snapshot(Snapshot),
    /// Elect a leader on a ring (Chang-Roberts)
    Elect(Elect),
    /// Let one at a time into the critical section (Ricart-Agrawala)
    Mutex(Mutex),
    /// Reach everybody and hear from everybody: the echo algorithm
    Wave(Wave),
    /// Let everybody hear of everything, by flooding or by gossipsub: how fast, how often, over how many hops
    Gossip(Gossip),
    /// Find out that a computation has ended (Dijkstra-Scholten)
    Terminate(Terminate),
    /// PING and PONG; over real peers it is a command of its own.
    #[command(skip)]
    Ping(Pings),
}

/// Systems that run without a network.
#[derive(Clone, Debug, Subcommand)]
pub enum Virtual {
    /// Those that also run over real peers.
    #[command(flatten)]
    System(System),
    /// Everybody pings a neighbour: PING and PONG
    Ping(Pings),
}

impl Virtual {
    /// Which one it is.
    pub fn system(&self) -> System {
        match self {
            Self::System(system) => system.clone(),
            Self::Ping(args) => System::Ping(args.clone()),
        }
    }
}

/// Options of `ping` without a network.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of ping")]
pub struct Pings {
    /// How many PINGs each peer sends
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub count: u32,
    /// What happens to messages and peers.
    #[command(flatten)]
    pub net: Net,
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

/// Options of `snapshot`.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of snapshot")]
pub struct Snapshot {
    /// Which algorithm records
    #[arg(long, value_name = "A", default_value = "chandy-lamport")]
    pub algorithm: SnapshotAlgorithm,
    /// What is recorded
    #[arg(long, value_name = "W", default_value = "bank")]
    pub workload: Workload,
    /// How many peers start snapshots: the first ones
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub initiators: u32,
    /// How many snapshots each of them starts
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub snapshots: u32,
    /// The time until the first snapshot, and to the next
    #[arg(long, value_name = "TIME", default_value = "200ms", value_parser = values::duration)]
    pub every: Duration,
    /// How often a peer acts, in times a second
    #[arg(long, value_name = "R", default_value_t = 50.0, value_parser = values::rate)]
    pub rate: f64,
    /// How often a peer acts at most [default: without end; 1 in a check]
    #[arg(long, value_name = "N")]
    pub acts: Option<u64>,
    /// How long a peer waits for the others before it gives up
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = values::duration)]
    pub patience: Duration,
    /// What happens to messages and peers.
    #[command(flatten)]
    pub net: Net,
}

/// Who records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SnapshotAlgorithm {
    /// Markers, in channels that keep the order.
    ChandyLamport,
    /// Colours and counters, in channels of any kind.
    LaiYang,
    /// Everybody just reports on being asked. Wrong on purpose.
    Naive,
}

/// What is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Workload {
    /// Transfers between accounts.
    Bank,
    /// Tokens that move at random.
    Token,
    /// Producers and consumers.
    ProducerConsumer,
}

/// Options of `elect`.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of elect")]
pub struct Elect {
    /// How many peers stand for election: the first ones [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub candidates: Option<u32>,
    /// What happens to messages and peers.
    #[command(flatten)]
    pub net: Net,
}

/// Options of `mutex`.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of mutex")]
pub struct Mutex {
    /// How often each peer wants to enter
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    pub entries: u32,
    /// How long a peer stays inside
    #[arg(long, value_name = "TIME", default_value = "5ms", value_parser = values::duration)]
    pub hold: Duration,
    /// What happens to messages and peers.
    #[command(flatten)]
    pub net: Net,
}

/// Options of `wave`.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of wave")]
pub struct Wave {
    /// How many peers start a wave: the first ones
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub initiators: u32,
    /// What happens to messages and peers.
    #[command(flatten)]
    pub net: Net,
}

/// Options of `terminate`.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of terminate")]
pub struct Terminate {
    /// How much work there is to hand on
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub jobs: u32,
    /// How long a piece of work takes on average
    #[arg(long, value_name = "TIME", default_value = "5ms", value_parser = values::duration)]
    pub pace: Duration,
    /// What happens to messages and peers.
    #[command(flatten)]
    pub net: Net,
}

impl System {
    /// Its name on the command line.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Snapshot(_) => "snapshot",
            Self::Elect(_) => "elect",
            Self::Mutex(_) => "mutex",
            Self::Wave(_) => "wave",
            Self::Gossip(_) => "gossip",
            Self::Terminate(_) => "terminate",
            Self::Ping(_) => "ping",
        }
    }

    /// What happens to messages and peers.
    pub fn net(&self) -> &Net {
        match self {
            Self::Snapshot(args) => &args.net,
            Self::Elect(args) => &args.net,
            Self::Mutex(args) => &args.net,
            Self::Wave(args) => &args.net,
            Self::Gossip(args) => &args.net,
            Self::Terminate(args) => &args.net,
            Self::Ping(args) => &args.net,
        }
    }
}

impl std::str::FromStr for Kill {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} names no peer and time; it looks like 3@100ms");
        let (node, at) = text.split_once('@').ok_or_else(wrong)?;
        Ok(Self {
            node: node.parse().map_err(|_| wrong())?,
            at: values::duration(at).map_err(|_| wrong())?,
        })
    }
}
