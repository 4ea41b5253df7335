//! `testbed nat` on the command line.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use lab::values::probability;
use node::Transport;
use node::export::redacted;

use super::values;
use super::{Common, Error, Usage};
use crate::nat::{Carrier, Collector, Kind, Links, Plan, Program, Programs, Special};

/// The most attempts in a cell, and cells at a time. A guess.
const MOST: i64 = 1000;

/// Options of `testbed nat`.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of nat")]
pub struct Nat {
    /// The kinds of NAT: each dials each. none has a public address; fullcone admits
    /// everyone; cone admits whom the host has sent to; symmetric takes another port for
    /// each destination
    #[arg(
        long,
        value_name = "KIND,...",
        value_delimiter = ',',
        default_value = "none,fullcone,cone,symmetric"
    )]
    pub matrix: Vec<Kind>,
    /// Networks beside the matrix: double (a cone behind a cone), hairpin (both behind the
    /// same router), firewall (IPv6 without NAT, behind routers that admit answers alone),
    /// restart (the dialler's router forgets its connections), upnp (the listener's router
    /// maps its port)
    #[arg(long, value_name = "NETWORK,...", value_delimiter = ',')]
    pub also: Vec<Special>,
    /// What carries the connections: tcp, quic, or both
    #[arg(
        long,
        value_name = "T,...",
        value_delimiter = ',',
        default_value = "tcp,quic"
    )]
    pub transport: Vec<Transport>,
    /// How often each cell is measured, in fresh namespaces each time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=MOST))]
    pub runs: u32,
    /// The round trip between two hosts with public addresses
    #[arg(long, value_name = "TIME", default_value = "40ms", value_parser = values::duration)]
    pub rtt: Duration,
    /// The most by which a packet is delayed further, at random
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = values::duration)]
    pub jitter: Duration,
    /// The probability that a packet is lost between two public addresses
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = probability)]
    pub loss: f64,
    /// How many cells are measured at a time
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=MOST))]
    pub parallel: u32,
    /// The program of the peer that is dialled, by its path: any that takes the arguments of
    /// testbed-node and prints its lines. The default is testbed-node
    #[arg(long, value_name = "PROGRAM")]
    pub listener: Option<PathBuf>,
    /// The program of the peer that dials, by its path
    #[arg(long, value_name = "PROGRAM")]
    pub dialler: Option<PathBuf>,
    /// Without hole punching: what was punched has to stay relayed
    #[arg(long)]
    pub control: bool,
    /// Only verify that each NAT does what it should, without peers
    #[arg(long, conflicts_with = "control")]
    pub verify: bool,
    /// This program is inside namespaces of its own already; spans go to this socket.
    #[arg(long, hide = true, value_name = "SOCKET")]
    pub inside: Option<PathBuf>,
}

impl Nat {
    /// The options, checked.
    ///
    /// # Errors
    /// [`Usage`], with the value and a remedy.
    pub fn plan(&self, common: &Common) -> Result<Plan, Error> {
        let carriers = self.transport.iter().copied().map(carrier);
        Ok(Plan {
            kinds: without_doubles(&self.matrix),
            also: without_doubles(&self.also),
            carriers: without_doubles(&carriers.collect::<Result<Vec<_>, _>>()?),
            runs: self.runs,
            links: Links {
                rtt: self.rtt,
                jitter: self.jitter,
                loss: self.loss,
            },
            parallel: self.parallel as usize,
            seed: common.seed.unwrap_or_else(|| rand::random::<u32>().into()),
            punching: !self.control,
            verify: self.verify,
            programs: Programs {
                dialler: program("--dialler", self.dialler.as_deref())?,
                listener: program("--listener", self.listener.as_deref())?,
            },
            otlp: collector(common.otlp.as_deref())?,
        })
    }
}

/// The program at that path, or testbed-node.
fn program(option: &str, path: Option<&Path>) -> Result<Program, Usage> {
    let Some(path) = path else {
        return Ok(Program::Node);
    };
    let refused = |reason: String| Usage::value(format!("{option} {}", path.display()), reason);
    let found = std::path::absolute(path).and_then(|path| Ok((path.metadata()?, path)));
    match found {
        Err(error) => Err(refused(format!("{error}; name a program by its path"))),
        Ok((metadata, _)) if !is_executable(&metadata) => {
            Err(refused("it is not an executable file".to_owned()))
        }
        Ok((_, path)) => Ok(Program::Other(path)),
    }
}

#[cfg(unix)]
fn is_executable(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.is_file() && metadata.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(metadata: &Metadata) -> bool {
    metadata.is_file()
}

fn collector(url: Option<&str>) -> Result<Option<Collector>, Usage> {
    let parsed = url.map(Collector::parse).transpose();
    let given = || format!("--otlp {}", redacted(url.unwrap_or_default()));
    parsed.map_err(|reason| Usage::value(given(), reason))
}

fn carrier(transport: Transport) -> Result<Carrier, Usage> {
    match transport {
        Transport::Tcp => Ok(Carrier::Tcp),
        Transport::Quic => Ok(Carrier::Quic),
        Transport::WebSocket => Err(Usage::value(
            "--transport ws",
            "it is TCP to a router, and libp2p punches no holes for it; take tcp, quic, or tcp,quic",
        )),
        Transport::Memory => Err(Usage::value(
            "--transport memory",
            "no router stands within a process; take tcp, quic, or tcp,quic",
        )),
    }
}

/// In the order in which they stand first.
fn without_doubles<T: Copy + PartialEq>(all: &[T]) -> Vec<T> {
    let mut kept = Vec::new();
    for one in all {
        if !kept.contains(one) {
            kept.push(*one);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn plan(line: &str) -> Result<Plan, String> {
        let words = format!("testbed nat {line}");
        let cli = Cli::try_parse_from(words.split_whitespace()).map_err(|e| e.to_string())?;
        let Command::Nat(nat) = cli.command else {
            panic!("{line}: not nat");
        };
        nat.plan(&cli.common).map_err(|error| error.to_string())
    }

    #[test]
    fn lists_make_the_matrix() {
        let all = plan("").expect("the defaults");
        assert_eq!(all.cells().len(), 32);
        assert!(all.punching);
        let few = plan("--matrix cone,none,cone --transport quic --also double --control");
        let few = few.expect("a plan");
        assert_eq!(few.kinds, [Kind::Cone, Kind::None]);
        assert_eq!(few.carriers, [Carrier::Quic]);
        assert_eq!(few.cells().len(), 5);
        assert!(!few.punching);
    }

    #[test]
    fn a_program_may_be_on_either_side() {
        let here = std::env::current_exe().expect("a path");
        let line = format!("--listener {}", here.display());
        let programs = plan(&line).expect("a plan").programs;
        assert_eq!(programs.listener, Program::Other(here));
        assert_eq!(programs.dialler, Program::Node);
    }

    #[test]
    fn transport_may_stand_before_the_command() {
        let cli = Cli::try_parse_from(["testbed", "--transport", "quic", "nat"]).expect("a line");
        let Command::Nat(nat) = cli.command else {
            panic!("not nat");
        };
        assert_eq!(nat.transport, [Transport::Quic]);
    }

    #[test]
    fn invalid_values_are_refused() {
        for (line, part) in [
            ("--matrix moat", "moat"),
            ("--transport memory", "--transport memory"),
            ("--loss 2", "--loss"),
            ("--runs 0", "--runs"),
            ("--parallel 0", "--parallel"),
            ("--rtt soon", "--rtt"),
            ("--otlp https://jaeger:4318", "--otlp"),
            ("--listener no/such/peer", "--listener no/such/peer"),
            ("--dialler Cargo.toml", "not an executable file"),
            ("--dialler src", "not an executable file"),
        ] {
            let error = plan(line).expect_err(line);
            assert!(error.contains(part), "{line}: {error}");
        }
    }
}
