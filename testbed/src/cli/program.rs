//! `testbed program` on the command line.

mod limits;

use std::path::PathBuf;
use std::time::Duration;

use algorithms::NodeId;
use clap::{Args, ValueEnum as _};
use lab::delay::Delay;
use lab::program::expect::Expectation;
use lab::program::member::Noise;
use lab::program::nemesis::{Nemesis, schedule};
use lab::program::roster::Roster;
use lab::program::workload::{Consistency, Neighbours, Pace, Workload};
use lab::program::{Programs, TOPOLOGY, patience};
use lab::system::System as _;
use lab::system::clients::Clients;
use lab::topology::Topology;
use lab::values::probability;
use serde_json::json;

use super::{Common, Error, Measure, Usage, values};
use crate::experiment::live::Live;
use crate::limits::Need;
use crate::network::Links;
use crate::program::{self, Spec};
use crate::run::{self, RunOptions};

/// How many programs there are, if the command line does not say: as in Maelstrom.
const PROGRAMS: u32 = 5;

/// The most programs: each is a process of the system. A guess.
const MOST: u32 = 200;

/// The most operations of a run: the loop of a live run looks at all of them for each one.
const OPERATIONS: f64 = 20_000.0;

/// How long the run may go on after the last client has stopped waiting. A guess.
const AFTERWARDS: Duration = Duration::from_secs(30);

/// Options of `testbed program`.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of program")]
pub struct Program {
    /// The program: each of --peers runs it
    #[arg(long, value_name = "FILE", required_unless_present = "attach")]
    pub bin: Option<PathBuf>,
    /// Start no program, and wait for --peers of them at this socket: unix:/run/user/1000/p2p.sock
    #[arg(long, value_name = "unix:PATH", conflicts_with = "bin", value_parser = socket)]
    pub attach: Option<PathBuf>,
    /// What clients ask for
    #[arg(long, short, value_name = "W")]
    pub workload: Workload,
    /// How many operations a second, by all clients together
    #[arg(long, value_name = "N", default_value_t = 5.0, value_parser = rate)]
    pub rate: f64,
    /// For how many seconds
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub seconds: u64,
    /// How long nothing is asked then, before the last reads of a set or a counter
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = values::duration)]
    pub recovery: Duration,
    /// How many clients; each asks one program [default: as many as programs]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST)))]
    pub clients: Option<u32>,
    /// The delay of each message: 100ms, 0ms..200ms or exponential:100ms
    #[arg(long, value_name = "D", default_value = "0ms")]
    pub latency: Delay,
    /// What happens to programs, in turns
    #[arg(long, value_name = "FAULT,...", value_delimiter = ',')]
    pub nemesis: Vec<Nemesis>,
    /// How long a fault lasts, and the time to the next one; a third of the run at most
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = values::interval)]
    pub nemesis_interval: Duration,
    /// The probability that a message between programs is lost
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = probability)]
    pub loss: f64,
    /// The probability that it comes twice
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = probability)]
    pub duplication: f64,
    /// The neighbours that programs are told in broadcast
    #[arg(long, value_name = "N", default_value = "grid")]
    pub neighbours: Neighbours,
    /// What transactions are to be in txn-list-append
    #[arg(long, value_name = "MODEL", default_value = "strict-serializable")]
    pub consistency: Consistency,
    /// What the run is expected to be, besides right: msgs-per-op, stable-p50, stable-p99
    /// or stable-max, with < or > and a bound; may be given more than once
    #[arg(long, value_name = "'Q < BOUND'")]
    pub expect: Vec<Expectation>,
    /// What a program may take.
    #[command(flatten)]
    pub limits: limits::Limits,
    /// What the program is started with, after --
    #[arg(last = true, value_name = "ARGUMENT")]
    pub args: Vec<String>,
}

fn socket(text: &str) -> Result<PathBuf, String> {
    match text.strip_prefix("unix:") {
        Some(path) if !path.is_empty() => Ok(path.into()),
        _ => Err("write unix: and a path, for example unix:/run/user/1000/p2p.sock".to_owned()),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    match rate > 0.0 && rate <= 10_000.0 {
        true => Ok(rate),
        false => Err("take more than 0 and at most 10000 operations a second".to_owned()),
    }
}

impl Program {
    /// What it requires of real peers, its clients and services included.
    pub fn need(&self, common: &Common) -> Result<Need, Error> {
        let peers = self.roster(common)?.processes();
        Ok(Need::of(1, peers))
    }

    /// Whether a run can have these options. Its program need not be there.
    ///
    /// # Errors
    /// [`Usage`].
    pub fn check(&self, common: &Common) -> Result<(), Error> {
        self.check_operations()?;
        self.roster(common)?;
        Ok(())
    }

    fn roster(&self, common: &Common) -> Result<Roster, Error> {
        let programs = common.peers.unwrap_or(PROGRAMS);
        if programs > MOST {
            let given = format!("--peers {programs}");
            let reason = format!("each is a process of the system; take at most {MOST}");
            return Err(Usage::value(given, reason).into());
        }
        Ok(Roster {
            programs,
            clients: self.clients.unwrap_or(programs),
        })
    }

    fn lasts(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// What clients ask for, and the judge of it.
    fn system(&self, roster: Roster, seed: u64) -> Programs {
        Programs {
            workload: self.workload,
            consistency: self.consistency,
            roster,
            pace: Pace {
                rate: self.rate,
                lasts: self.lasts(),
                recovery: self.recovery,
            },
            neighbours: self.neighbours,
            patience: patience(&self.latency),
            expect: self.expect.clone(),
            noise: Noise {
                lost: of_a_million(self.loss),
                doubled: of_a_million(self.duplication),
            },
            nemeses: self.nemesis.clone(),
            seed,
        }
    }

    /// The judge of a run of that seed.
    ///
    /// # Errors
    /// [`Usage`]: there would be too many programs.
    pub fn judge(&self, common: &Common, seed: u64) -> Result<Programs, Error> {
        Ok(self.system(self.roster(common)?, seed))
    }

    /// A run takes so many operations, and no more.
    fn check_operations(&self) -> Result<(), Usage> {
        let operations = self.rate * self.seconds as f64;
        if operations <= OPERATIONS {
            return Ok(());
        }
        let given = format!("--rate {} --seconds {}", self.rate, self.seconds);
        let reason = format!(
            "these are {operations:.0} operations, and a run has at most {OPERATIONS}; take \
             --seconds {} or less, or a lower --rate",
            (OPERATIONS / self.rate).floor()
        );
        Err(Usage::value(given, reason))
    }

    /// What was not started here cannot be killed, nor given arguments.
    fn check_attached(&self) -> Result<(), Usage> {
        if self.attach.is_none() {
            return Ok(());
        }
        if let Some(nemesis) = self.nemesis.iter().find(|nemesis| !nemesis.cuts()) {
            let name = nemesis.to_possible_value();
            let name = name.as_ref().map_or("", |value| value.get_name());
            let reason = "programs that attach run by themselves; partition, one-way and ring \
                          need no more than their messages";
            return Err(Usage::value(format!("--nemesis {name}"), reason));
        }
        let given = [
            (!self.args.is_empty(), "--"),
            (self.limits.max_memory.is_some(), "--max-memory"),
            (self.limits.max_output.is_some(), "--max-output"),
            (self.limits.no_network, "--no-network"),
        ];
        let reason = "programs that attach run by themselves";
        match given.into_iter().find(|(is_given, _)| *is_given) {
            None => Ok(()),
            Some((_, name)) => Err(Usage::option(name, reason)),
        }
    }

    /// The run with its programs.
    #[cfg(unix)]
    fn beside(
        &self,
        live: Live<Programs>,
        roster: Roster,
    ) -> Result<Live<Programs>, program::Error> {
        let crew = match (&self.bin, &self.attach) {
            (_, Some(socket)) => program::Crew::attached(socket, roster)?,
            (bin, None) => {
                let spec = Spec {
                    bin: bin.clone().unwrap_or_default(),
                    args: self.args.clone(),
                    limits: self.limits.clone().into(),
                };
                program::Crew::new(spec, roster)?
            }
        };
        Ok(live.beside(Box::new(crew)))
    }

    #[cfg(not(unix))]
    fn beside(&self, _: Live<Programs>, _: Roster) -> Result<Live<Programs>, program::Error> {
        Err(program::Error::Elsewhere)
    }

    /// Those of the run: each client is connected with its program, programs with each other
    /// and with the services.
    fn options(&self, common: &Common, roster: Roster) -> Result<RunOptions, Error> {
        if let Some(topology) = &common.topology {
            let given = format!("--topology {topology}");
            let reason = "programs are connected with each other; in broadcast, --neighbours \
                          says whom they are to talk to";
            return Err(Usage::value(given, reason).into());
        }
        if common.scenario.is_some() {
            let reason = "--nemesis says what happens to programs; leave it out";
            return Err(Usage::option("--scenario", reason).into());
        }
        let common = Common {
            peers: Some(roster.processes()),
            topology: Some(Topology::Full),
            ..common.clone()
        };
        let options = common.checked(Need::of(1, PROGRAMS))?;
        Ok(RunOptions {
            topology: TOPOLOGY.to_owned(),
            edges: roster.edges().into_iter().collect(),
            ..options
        })
    }

    fn description(&self, roster: Roster) -> run::Experiment {
        run::Experiment {
            name: "program".into(),
            options: json!({
                "bin": self.bin,
                "attach": self.attach,
                "args": self.args,
                "workload": self.workload,
                "names": (0..roster.processes())
                    .map(|process| roster.name(NodeId(process)))
                    .collect::<Vec<_>>(),
                "programs": roster.programs,
                "clients": roster.clients,
                "rate": self.rate,
                "seconds": self.seconds,
                "recovery_seconds": self.recovery.as_secs_f64(),
                "latency": self.latency.to_string(),
                "nemesis": self.nemesis,
                "nemesis_interval_seconds": self.nemesis_interval.as_secs_f64(),
                "loss": self.loss,
                "duplication": self.duplication,
                "neighbours": self.neighbours,
                "consistency": self.consistency,
                "expect": self.expect,
                "max_memory_bytes": self.limits.max_memory,
                "max_output_bytes": self.limits.max_output,
                "no_network": self.limits.no_network,
            }),
        }
    }
}

impl Measure for Program {
    type Experiment = Live<Programs>;

    fn checked(&self, common: &Common) -> Result<(Live<Programs>, RunOptions), Error> {
        self.check_operations()?;
        let roster = self.roster(common)?;
        let options = self.options(common, roster)?;
        let system = self.system(roster, options.seed);
        self.check_attached()?;
        let links = Links {
            delay: self.latency.clone(),
            in_order: true,
        };
        let scenario = schedule(
            &self.nemesis,
            self.nemesis_interval,
            self.lasts(),
            roster,
            options.seed,
        );
        let timeout = Clients::new(system.clients()).last() + AFTERWARDS;
        let live = Live::new(self.description(roster), system, links, scenario, timeout);
        Ok((self.beside(live, roster)?, options))
    }
}

/// A probability as a number of a million.
fn of_a_million(probability: f64) -> u32 {
    (probability * 1e6).round() as u32
}
