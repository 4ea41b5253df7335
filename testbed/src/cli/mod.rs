//! The command line. clap parses it; [`Common::checked`] and [`Measure::checked`]
//! check it; the library runs it. No other module imports this one.

pub mod choice;
pub mod commands;
mod common;
pub mod doctor;
mod error;
pub mod gossip;
pub mod grade;
pub mod graph;
pub mod interop;
pub mod kad;
pub mod latency;
pub mod nat;
pub mod need;
pub mod own;
mod parse;
pub mod ping;
pub mod program;
pub mod registry;
mod scenario;
#[cfg(test)]
mod shortest;
pub mod sweep;
mod template;
mod usage;
mod values;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use lab::options::{Schedules, States};

use crate::experiment::Experiment;
use crate::run::RunOptions;
pub use common::{AnyFormat, Common};
pub use error::Error;
pub use parse::{matches, parse};
pub use ping::Ping;
use registry::{System, Virtual};
pub use template::Template;
pub use usage::Usage;
use values::Memory;

/// The program, from its command line to its exit status. It is not generic, so
/// that the binary does not compile all experiments a second time.
pub fn main() -> ExitCode {
    let mut args = std::env::args_os();
    match args.nth(1) {
        Some(first) if first == node::daemon::NAME => {
            node::daemon::main_with(std::iter::once(first).chain(args))
        }
        #[cfg(unix)]
        Some(first) if first == crate::program::NAME => crate::program::main(args),
        _ => commands::exit(run()),
    }
}

fn run() -> Result<ExitCode, Error> {
    let cli: Cli = parse()?;
    node::logs::start(cli.common.verbose);
    commands::block_on(commands::run(cli))
}

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
  testbed --time virtual --network regions --peers 200 gossip --protocol gossipsub
  testbed --peers 128 kad --operations 500     the hash table, and its oracle
  testbed --peers 64 latency --size 1K,64K     what the stack costs, beside plain TCP
  testbed sweep gossip --peers 8,16,32 --repeat 5   a table and plots of many runs
  testbed check snapshot --peers 3             the same file, in every schedule
  testbed ping --to /ip4/127.0.0.1/tcp/4001/p2p/12D3Koo...   a testbed-node, from outside
  testbed view                                 look at the last run again
  testbed export --format jaeger --to run.json    write it for another tool

Exit status: 0 the run passed, 1 it failed, 2 wrong usage, 3 unknown
(interrupted, spans were lost, nothing to check, or the host was saturated).";

const INTEROP: &str = "\
The scenario subnet-blob-msg of gossipsub-interop in libp2p's test plans: publishers send to
their mesh alone (as with --no-flood-publish), and --validation is 5ms unless it is given.
--peers is 700, --topology random:20, --network regions and --time virtual.";

const PROGRAM: &str = "\
Examples:
  testbed program --bin ./echo.py --workload echo
  testbed program --bin ./broadcast.py --workload broadcast --peers 25 --rate 100 --latency 100ms
  testbed program --bin ./broadcast.py --workload broadcast --expect 'msgs-per-op < 30'
  testbed program --bin ./raft.py --workload lin-kv --nemesis partition,kill --seconds 60
  testbed program --bin /usr/bin/node --workload g-set -- /path/to/set.js

A program reads and writes one JSON object a line, as docs/programs.md describes. It is started
in a folder of its own, so name files by their whole paths.";

const GRADE: &str = "\
Examples:
  testbed grade --assignment docs/assignments/broadcast/assignment.toml --bin ./student.py
  testbed grade --assignment lin-kv.toml --bin ./student.py --report gradescope:results.json
  testbed grade --assignment echo.toml --bin /usr/bin/java -- /path/to/Student.java
  testbed grade --assignment wave.toml --crate ./student

Exit status: 0 all runs passed, 1 one failed, 2 wrong usage, 3 it could not be graded (the assignment is
wrong, there is no program, or the machine was too slow).";

const NAT: &str = "\
Examples:
  testbed nat                              all kinds, over TCP and over QUIC
  testbed nat --matrix cone,symmetric --transport quic --runs 5
  testbed nat --matrix cone --control      without hole punching it stays relayed

Each cell has a network of its own, in namespaces of the kernel that vanish with the command.
It needs ip, nft, ethtool and unshare, and a user who may make namespaces; where they are not
permitted, one line says so, and the exit status is 77.";

const GRAPH: &str = "\
Examples:
  testbed graph                                        distances of 100 to 12,800 nodes
  testbed graph --peers 100..102400 --links 5,10,20,50 --model re6stnet
  testbed graph --peers 10k --links 10 --kill 0..0.9   who is cut off when nodes fail
  testbed graph --peers 10k --links 20 --kill 0.6,0.8 --model total --graphs 50

There are no messages and no time. The mean distance is that of nodes with a path, by
breadth-first search from random nodes; theory is ln n / ln(d-1) for n living nodes of mean
degree d. Who is cut off is exact in each graph, by its components. Intervals are of 95 %:
Student's over the graphs; of the pairs that are cut off the wider of that and of what follows
from Wilson's interval of the share of nodes outside of the largest component.";

const VIEW_EXAMPLES: &str = "\
Examples:
  testbed view                    the last run
  testbed view runs/2026-...-ping --listen 127.0.0.1:8701
  testbed view --collect          OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:8700 elsewhere
  testbed view traces.json        what Jaeger's page has saved, or an OTLP tool";

const NEW_EXAMPLES: &str = "\
Examples:
  testbed new my-wave                      then: cd my-wave; cargo run; cargo test
  testbed new my-consensus --like raft
  testbed new my-wave --source ../testbed  the sources beside it, as on another machine

The crate simulates and checks. With `cargo run --features live` it also runs over
real libp2p peers.";

const DOCTOR_EXAMPLES: &str = "\
Examples:
  testbed doctor /ip4/127.0.0.1/tcp/4001                  who is there?
  testbed doctor /ip4/127.0.0.1/tcp/4002/ws/p2p/12D3Koo...
  testbed doctor /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo.../p2p-circuit/p2p/12D3Koo...

Exit status: 0 all steps worked, 1 one failed, 2 wrong usage. A protocol that the peer
does not offer is skipped.";

const SWEEP_EXAMPLES: &str = "\
Examples:
  testbed sweep gossip --peers 8,16,32,64 --size 1K,64K --repeat 5
  testbed sweep kad --peers 16,32,64,128 --operations 200
  testbed --out results sweep latency --size 1K,4K,16K,64K
  testbed sweep simulate wave --loss 0,0.01,0.1 --repeat 20

The same command goes on where it was stopped. Lists of numbers, sizes and times
stand in order.";

const JUDGE_EXAMPLES: &str = "\
Examples:
  testbed judge                   the last run, by the judge of its system
  testbed judge RUN --with wave   by another judge: is this run a wave?
  testbed judge RUN --with target/debug/my-wave   by the judge of a program of your own
  testbed judge spans.jsonl --with elect --topology ring --seed 7

A file of spans has no record of its run: give the options that the run had.";

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

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// One peer pings others: PING, PONG, and the round trip
    Ping(Ping),
    /// A distributed algorithm over real peers.
    #[command(flatten)]
    System(System),
    /// Ask libp2p's Kademlia, and an oracle whether its answers are right
    Kad(kad::Kad),
    /// gossipsub as libp2p compares its implementations: 700 peers in eight regions, in virtual time
    #[command(after_help = INTEROP)]
    Interop(interop::Interop),
    /// Send messages between pairs of peers, and the same over plain TCP
    Latency(latency::Latency),
    /// Run programs in any language on peers, as Maelstrom does: JSON lines, clients, faults, a judge
    #[command(after_help = PROGRAM)]
    Program(Box<program::Program>),
    /// Grade a program, or a Rust crate, by the runs of an assignment: points, reasons, reports
    #[command(after_help = GRADE)]
    Grade(Box<grade::Grade>),
    /// Put peers behind kinds of NAT: who reaches whom, and how (on Linux)
    #[command(after_help = NAT)]
    Nat(Box<nat::Nat>),
    /// Compute what random overlays look like: distances, and who is cut off when nodes fail
    #[command(after_help = GRAPH)]
    Graph(Box<graph::Graph>),
    /// Run an experiment over lists of options: a table, plots, one CSV file
    #[command(after_help = SWEEP_EXAMPLES)]
    Sweep(sweep::Sweep),
    /// Run a distributed algorithm in virtual time, by many seeds
    Simulate(Simulate),
    /// Try every schedule of a distributed algorithm
    Check(Check),
    /// Dial an address, and find the step that fails
    #[command(after_help = DOCTOR_EXAMPLES)]
    Doctor(doctor::Doctor),
    /// List what there is to run
    List,
    /// Explain an algorithm: idea, messages, state, costs, what to try
    Explain {
        /// Which [see `testbed list`]
        algorithm: String,
    },
    /// Write a crate for an algorithm of your own: algorithm, judge, tests
    #[command(after_help = NEW_EXAMPLES)]
    New(New),
    /// Open a saved run in the browser, or a file of spans
    #[command(after_help = VIEW_EXAMPLES)]
    View(View),
    /// Judge a saved run again, or by the judge of another system
    #[command(after_help = JUDGE_EXAMPLES)]
    Judge(Judge),
    /// Write a saved run for Jaeger, ShiViz or Perfetto, or as OTLP
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(Export),
    /// Print a completion script for a shell
    Completions {
        /// For which shell.
        shell: Shell,
    },
}

/// Options of a command that measures real peers.
pub trait Measure {
    /// What measures them.
    type Experiment: Experiment;

    /// Checks these options, together with those of the run.
    ///
    /// # Errors
    /// [`Usage`], with the value and a remedy.
    fn checked(&self, common: &Common) -> Result<(Self::Experiment, RunOptions), Error>;
}

/// Options of `testbed simulate`.
#[derive(Clone, Debug, Args)]
pub struct Simulate {
    /// What runs.
    #[command(subcommand)]
    pub system: Virtual,
    /// In which schedules.
    #[command(flatten)]
    pub schedules: Schedules,
}

/// Options of `testbed check`.
#[derive(Clone, Debug, Args)]
pub struct Check {
    /// What is checked.
    #[command(subcommand)]
    pub system: Virtual,
    /// In which states.
    #[command(flatten)]
    pub states: States,
}

/// Options of `testbed judge`.
#[derive(Clone, Debug, Args)]
pub struct Judge {
    /// The run's folder, or a file of spans [default: the last run under --out]
    pub run: Option<PathBuf>,
    /// Whose judge judges: a system with its options, as in `--with wave` or
    /// `--with "snapshot --algorithm naive"`, or the program of a crate of your own, as in
    /// `--with target/debug/my-wave` [default: that of the run]
    #[arg(long, value_name = "SYSTEM|PROGRAM", value_parser = values::judge)]
    pub with: Option<With>,
}

/// Whose judge judges.
#[derive(Clone, Debug)]
pub enum With {
    /// That of a system, with its options.
    System(Box<Virtual>),
    /// That of another program.
    Program(PathBuf),
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

/// Options of `testbed new`.
#[derive(Clone, Debug, Args)]
pub struct New {
    /// The name of the crate, and of its folder here
    pub name: String,
    /// What the crate begins with
    #[arg(long, value_name = "ALGORITHM", default_value = "echo")]
    pub like: Template,
    /// Where the sources of this program are, from here [default: where it was built]
    #[arg(long, value_name = "PATH")]
    pub source: Option<PathBuf>,
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
