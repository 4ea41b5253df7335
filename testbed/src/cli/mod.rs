//! The command line: clap parses, [`options`] checks, the library runs.

pub mod gossip;
pub mod kad;
pub mod latency;
pub mod need;
pub mod options;
pub mod own;
mod parse;
pub mod select;
#[cfg(test)]
mod shortest;
pub mod sweep;
pub mod systems;
mod values;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use lab::model::Bounds;
use lab::simulator::Limits;
use lab::topology::Topology;
use node::admission::Guests;
use trace::export::ExportFormat;

use crate::Error;
use crate::experiment::ping;
pub use parse::parse;
pub use values::Memory;
use values::Size;

/// Where `--view` and `testbed view` listen unless told otherwise.
pub const VIEW: &str = "127.0.0.1:8700";

const EXAMPLES: &str = "\
Examples:
  testbed --peers 20 ping                      20 peers, 190 connections, one PING
  testbed ping --count 1000 --size 4K          round trips of 4 KiB, with percentiles
  testbed --peers 50 --topology ring ping --every-pair
  testbed --peers 10000 --transport memory --topology random:8 ping
  testbed --peers 20 --view ping               look at it: http://127.0.0.1:8700
  testbed --otlp http://127.0.0.1:4318 ping    send the spans to Jaeger
  testbed --metrics 127.0.0.1:9464 kad         let Prometheus read while it goes on
  testbed --peers 20 snapshot                  a consistent cut of a bank that goes on
  testbed simulate snapshot --seeds 10000      the same file, in 10,000 schedules
  testbed --peers 64 --topology random:8 gossip --protocol gossipsub
  testbed --peers 128 kad --operations 500     the hash table, and its oracle
  testbed --peers 64 latency --size 1K,64K     what the stack costs, beside plain TCP
  testbed sweep gossip --peers 8,16,32 --repeat 5   a table and plots of many runs
  testbed check snapshot --peers 3             the same file, in every schedule
  testbed ping --to /ip4/127.0.0.1/tcp/4001/p2p/12D3Koo...   a testbed-node, from outside
  testbed view                                 look at the last run again
  testbed export --format jaeger --to run.json    write it for another tool

Exit status: 0 the run passed, 1 it failed, 2 wrong usage, 3 unknown
(interrupted, spans were lost, nothing to check, or the host was saturated).";

const VIEW_EXAMPLES: &str = "\
Examples:
  testbed view                    the last run
  testbed view runs/2026-...-ping --listen 127.0.0.1:8701
  testbed view --collect          OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:8700 elsewhere
  testbed view traces.json        what Jaeger's page has saved, or an OTLP tool";

const SWEEP_EXAMPLES: &str = "\
Examples:
  testbed sweep gossip --peers 8,16,32,64 --size 1K,64K --repeat 5
  testbed sweep kad --peers 16,32,64,128 --operations 200
  testbed --out results sweep latency --size 1K,4K,16K,64K

The same command goes on where it was stopped. Lists of numbers, sizes and times
stand in order.";

const EXPORT_EXAMPLES: &str = "\
Examples:
  testbed export --format jaeger --to run.json       the last run; Jaeger's page opens it
  testbed export RUN --format otlp --to run.jsonl    lines of OTLP JSON
  testbed export RUN --format shiviz | xclip         for bestchai.bitbucket.io/shiviz
  testbed export RUN --format perfetto --to run.pftrace   for ui.perfetto.dev";

/// A laboratory for distributed algorithms on real libp2p peers.
#[derive(Debug, Parser)]
#[command(name = "testbed", version, after_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    /// What holds for every run.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every run, accepted before and after the experiment's name.
#[derive(Clone, Debug, PartialEq, Args)]
#[command(next_help_heading = "Options of every run")]
pub struct Common {
    /// How many peers to start [default: 20, or all that a topology file names]
    #[arg(long, global = true, value_name = "N")]
    pub peers: Option<u32>,
    /// Who dials whom: full, line, ring, star, tree, grid, random:K (K
    /// neighbours each, connected), file:PATH (an edge list, "0 1" a line)
    /// [default: full; of gossip and kad random:8, unless there are fewer peers;
    /// of kad --tables given a ring]
    #[arg(long, global = true, value_name = "T")]
    pub topology: Option<Topology>,
    /// What carries the connections [default: tcp; of `ping --to ADDR`, what the
    /// address says]
    #[arg(long, global = true, value_name = "T")]
    pub transport: Option<Transport>,
    /// What secures connections within the process: nothing saves memory, and
    /// is for --transport memory alone [TCP: noise, QUIC: TLS]
    #[arg(long, global = true, value_name = "S", default_value = "noise")]
    pub security: Security,
    /// Where all keys and choices come from [default: a new one, printed]
    #[arg(long, global = true, value_name = "S")]
    pub seed: Option<u64>,
    /// How long a dial may take, with its handshake
    #[arg(long, global = true, value_name = "TIME", default_value = "30s", value_parser = values::duration)]
    pub dial_timeout: Duration,
    /// The folder that gets a folder for each run, with a report.html that any
    /// browser opens
    #[arg(long, global = true, value_name = "DIR", default_value = "runs")]
    pub out: PathBuf,
    /// How the result is printed: text or json. What `export` writes: one of the
    /// others
    #[arg(long, global = true, value_name = "F", default_value = "text")]
    pub format: AnyFormat,
    /// Send the spans to this OTLP collector: http://HOST:4318 for HTTP, :4317
    /// for gRPC. OTEL_EXPORTER_OTLP_* variables are honoured
    #[arg(long, global = true, value_name = "URL")]
    pub otlp: Option<String>,
    /// Show the run in the browser while it goes on, and until Ctrl-C. An address
    /// that other machines can reach, as 0.0.0.0:8700, gets a token
    #[arg(
        long,
        global = true,
        value_name = "ADDR",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = VIEW,
        value_parser = values::address
    )]
    pub view: Option<SocketAddr>,
    /// Serve Prometheus metrics at http://ADDR/metrics while the run goes on, and
    /// as long as its page is there
    #[arg(long, global = true, value_name = "ADDR", value_parser = values::address)]
    pub metrics: Option<SocketAddr>,
    /// Processors that are busier set the pace, not the network: what was
    /// measured is then unknown
    #[arg(long, global = true, value_name = "PERCENT", default_value_t = 95.0, value_parser = values::percent)]
    pub max_cpu: f64,
    /// So does a machine that wakes tasks later; and a process that stands still
    /// for longer measures its own pause
    #[arg(long, global = true, value_name = "TIME", default_value = "50ms", value_parser = values::interval)]
    pub max_lag: Duration,
    /// Peers of other programs that may connect to those of the run: their
    /// PeerIds, or any. All others are refused, and counted. Addresses are in
    /// run.json as soon as peers listen
    #[arg(long, global = true, value_name = "PEERID,...|any", value_parser = values::guests)]
    pub guests: Option<Guests>,
    /// No progress and no hints, only the result
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Log to standard error: -v what happens, -vv more, -vvv everything
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// One peer pings others: PING, PONG, and the round trip
    Ping(Ping),
    /// A distributed algorithm over real peers.
    #[command(flatten)]
    System(systems::System),
    /// Ask libp2p's Kademlia, and an oracle whether its answers are right
    Kad(kad::Kad),
    /// Send messages between pairs of peers, and the same over plain TCP
    Latency(latency::Latency),
    /// Run an experiment over lists of options: a table, plots, one CSV file
    #[command(after_help = SWEEP_EXAMPLES)]
    Sweep(sweep::Sweep),
    /// Run a distributed algorithm in virtual time, by many seeds
    Simulate(Simulate),
    /// Try every schedule of a distributed algorithm
    Check(Check),
    /// List what there is to run
    List,
    /// Explain an algorithm: idea, messages, state, costs, what to try
    Explain {
        /// Which [see `testbed list`]
        algorithm: String,
    },
    /// Open a saved run in the browser, or a file of spans
    #[command(after_help = VIEW_EXAMPLES)]
    View(View),
    /// Write a saved run for Jaeger, ShiViz or Perfetto, or as OTLP
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(Export),
    /// Print a completion script for a shell
    Completions {
        /// For which shell.
        shell: Shell,
    },
}

/// Options of `testbed ping`.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of ping")]
pub struct Ping {
    /// Who pings
    #[arg(long, value_name = "PEER", default_value_t = 0)]
    pub from: u32,
    /// Who is pinged: a peer's number, or the address of a testbed-node or any other
    /// libp2p peer that runs elsewhere (/ip4/…/tcp/…/p2p/…) [default: a random
    /// neighbour]
    #[arg(long, value_name = "PEER|ADDR")]
    pub to: Option<ping::Destination>,
    /// How many PINGs to send to each
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub count: u64,
    /// How many bytes each PING carries there and back (0 to 1M)
    #[arg(long, value_name = "BYTES", default_value = "0")]
    pub size: Size,
    /// The time from one PING to the next [default: as soon as the answer came]
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = values::duration)]
    pub interval: Duration,
    /// How long to wait for a PONG
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = values::duration)]
    pub timeout: Duration,
    /// Every peer pings every neighbour
    #[arg(long, conflicts_with_all = ["from", "to"])]
    pub every_pair: bool,
}

/// Options of `testbed simulate`.
#[derive(Clone, Debug, Args)]
pub struct Simulate {
    /// What runs.
    #[command(subcommand)]
    pub system: systems::Virtual,
    /// In which schedules.
    #[command(flatten)]
    pub schedules: Schedules,
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
    /// What a schedule may take.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            events: self.max_events,
            time: self.max_time,
            memory: self.max_memory.0 as u64,
        }
    }
}

/// Options of `testbed check`.
#[derive(Clone, Debug, Args)]
pub struct Check {
    /// What is checked.
    #[command(subcommand)]
    pub system: systems::Virtual,
    /// In which states.
    #[command(flatten)]
    pub states: States,
}

/// What the model checker tries.
#[derive(Clone, Debug, Args)]
pub struct States {
    /// Any message may be lost
    #[arg(long, global = true)]
    pub lossy: bool,
    /// Any message may come twice
    #[arg(long, global = true)]
    pub duplicating: bool,
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

/// Options of `testbed export`.
#[derive(Clone, Debug, Args)]
pub struct Export {
    /// The run's folder, or a file of spans [default: the last run under --out]
    pub run: Option<PathBuf>,
    /// The file to write; a pipe or a device is written to as it is, and - is
    /// standard output [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
}

/// Options of `testbed view`.
#[derive(Clone, Debug, Args)]
pub struct View {
    /// The run's folder, or a file of spans: Jaeger's JSON, OTLP JSON, or lines
    /// of OTLP JSON [default: the last run under --out]
    pub run: Option<PathBuf>,
    /// Where the page is served. An address that other machines can reach, as
    /// 0.0.0.0:8700, gets a token
    #[arg(long, value_name = "ADDR", default_value = VIEW, value_parser = values::address)]
    pub listen: SocketAddr,
    /// Show what other programs report over OTLP (HTTP and gRPC) from now on
    #[arg(long)]
    pub collect: bool,
    /// How much memory collected spans may take; then the oldest go [default: 1G]
    #[arg(long, value_name = "BYTES")]
    pub store_limit: Option<Memory>,
}

/// What carries the connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Transport {
    /// TCP on loopback, secured by Noise, multiplexed by Yamux.
    Tcp,
    /// QUIC on loopback.
    Quic,
    /// Within the process, secured by Noise, multiplexed by Yamux.
    Memory,
}

impl Transport {
    /// What it is called on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Quic => "quic",
            Self::Memory => "memory",
        }
    }
}

/// What secures a connection that its transport does not secure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Security {
    /// Noise.
    Noise,
    /// Nothing: plaintext.
    None,
}

/// How a result is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs: the contents of run.json.
    Json,
}

/// A value of `--format`: some are for runs, the others for `export`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "they are those of the two above")]
pub enum AnyFormat {
    Text,
    Json,
    Jaeger,
    Otlp,
    Shiviz,
    Perfetto,
}

impl TryFrom<AnyFormat> for Format {
    type Error = Error;

    fn try_from(format: AnyFormat) -> Result<Self, Error> {
        match format {
            AnyFormat::Text => Ok(Self::Text),
            AnyFormat::Json => Ok(Self::Json),
            other => Err(Error::Usage(format!(
                "--format {name} is for a saved run, as in `testbed export --format {name}`; \
                 a result is printed as text or json",
                name = other.name()
            ))),
        }
    }
}

impl TryFrom<AnyFormat> for ExportFormat {
    type Error = Error;

    fn try_from(format: AnyFormat) -> Result<Self, Error> {
        match format {
            AnyFormat::Jaeger => Ok(Self::Jaeger),
            AnyFormat::Otlp => Ok(Self::Otlp),
            AnyFormat::Shiviz => Ok(Self::Shiviz),
            AnyFormat::Perfetto => Ok(Self::Perfetto),
            other => Err(Error::Usage(format!(
                "--format {}: a run is exported as jaeger, otlp, shiviz or perfetto, \
                 as in --format jaeger",
                other.name()
            ))),
        }
    }
}

impl AnyFormat {
    fn name(self) -> String {
        let value = self.to_possible_value().expect("none is hidden");
        value.get_name().to_owned()
    }
}
