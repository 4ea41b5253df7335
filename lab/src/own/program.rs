//! A program that simulates and checks one system.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;
use trace::recorder::StoreRecorder;
use trace::steps::Processes;
use trace::store::Store;
use trace::telemetry::Sink;

use super::cli::{Cli, Command, Engine, RunArgs};
use super::report::Report;
use crate::model::{Exploration, Plan};
use crate::saved::Saved;
use crate::shell;
use crate::simulator::{Limits, Scenario, Trial};
use crate::system::{self, EngineTraits, Setup, System};
use crate::topology::{self, Topology};
use crate::verdict::{Findings, Status};
use crate::{Error, options};

/// The default numbers of processes: under the model checker, and simulated.
const FEW: u32 = 3;
const MANY: u32 = 20;

/// Simulates or checks the system that `system` builds, as the command line says.
/// Returns the exit status.
///
/// `testbed::own::main` takes the same, and also runs the system over real peers.
pub fn main<S: System>(system: impl FnOnce(&Setup) -> S) -> ExitCode {
    let command: Vec<_> = std::env::args().collect();
    match execute(&Cli::parse(), &command, system) {
        Ok(status) => status.into(),
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::from(if error.is_usage() { 2 } else { 1 })
        }
    }
}

/// Simulates or checks the system that `system` builds, as the program would with the
/// words of `command` as its arguments, and returns what it would print. For tests.
///
/// ```
/// use lab::own::{self, Setup};
/// use lab::system::wave::Waves;
///
/// let wave = |setup: &Setup| Waves { neighbours: setup.neighbours.clone(), initiators: 1 };
/// own::run("simulate --peers 10 --seeds 100", wave).passes();
/// own::run("check --peers 3 --topology ring", wave).passes();
/// ```
///
/// # Panics
/// With the error that the program would print, if it could not run.
#[track_caller]
pub fn run<S: System>(command: &str, system: impl FnOnce(&Setup) -> S) -> Report {
    let words = shlex::split(command).unwrap_or_default();
    let typed = ["cargo", "run", "--"].map(str::to_owned);
    let typed: Vec<_> = typed.into_iter().chain(words).collect();
    let cli = Cli::try_parse_from(&typed[2..]);
    let cli = cli.unwrap_or_else(|error| panic!("{command}: {error}"));
    let ran = Ran::new(&cli, &typed, system);
    ran.unwrap_or_else(|error| panic!("{command}: {error}"))
        .report
}

fn execute<S: System>(
    cli: &Cli,
    command: &[String],
    system: impl FnOnce(&Setup) -> S,
) -> Result<Status, Error> {
    let Ran { report, store } = Ran::new(cli, command, system)?;
    print(&report.text);
    // The result is printed before the file is written, which may fail.
    if let Some(path) = &cli.run.spans {
        let written =
            File::create(path).and_then(|file| store.write_jsonl(&mut BufWriter::new(file)));
        written.map_err(|source| options::Error::Write {
            path: path.clone(),
            source,
        })?;
    }
    Ok(report.status)
}

/// A run that has ended.
struct Ran {
    report: Report,
    /// The spans of the recorded run.
    store: Arc<Store>,
}

impl Ran {
    /// Runs a system. `command` is what the user typed.
    fn new<S: System>(
        cli: &Cli,
        command: &[String],
        system: impl FnOnce(&Setup) -> S,
    ) -> Result<Self, Error> {
        let engine = match cli.command.clone().unwrap_or_default() {
            Command::Judge { run } => return Self::judge(&cli.run, &run, system),
            Command::Engine(engine) => engine,
        };
        let seed = cli.run.seed.unwrap_or_else(|| rand::random::<u32>().into());
        let search = Search::new(cli, &engine, seed)?;
        let setup = &search.setup;
        cli.net.check(setup.peers)?;
        let system = system(setup);
        system::check(&system, setup.peers)?;
        let store = Arc::new(Store::new());
        let recorder = StoreRecorder::start(Arc::clone(&store));
        let sink = Sink::new(Some(Arc::new(recorder)), None);
        let heading = heading(setup);
        let (found, mut findings) = search.carry_out(system, command, &store, &sink)?;
        let counts = sink.counts();
        if counts.stored < counts.started {
            let lost = counts.started - counts.stored;
            findings.untrusted.push(format!("{lost} spans were lost"));
        }
        let report = Report::new(heading + &found, &findings.verdict(Vec::new()));
        Ok(Self { report, store })
    }

    /// Judges a saved run again, by the judge of the system.
    fn judge<S: System>(
        options: &RunArgs,
        path: &Path,
        system: impl FnOnce(&Setup) -> S,
    ) -> Result<Self, Error> {
        if options.spans.is_some() {
            let option = "--spans";
            return Err(options::Error::NotJudged { option }.into());
        }
        let mut saved = Saved::open(path)?;
        saved.peers = options.peers.unwrap_or(saved.peers);
        saved.topology = options.topology.clone().or(saved.topology);
        saved.seed = options.seed.or(saved.seed);
        let setup = saved.setup(&Topology::Full)?;
        let judged = saved.judge(&system(&setup));
        let report = Report::new(heading(&setup) + &judged.text(), &judged.verdict);
        let store = Arc::new(Store::new());
        Ok(Self { report, store })
    }
}

/// `20 processes, topology full, seed 1`
fn heading(setup: &Setup) -> String {
    let Setup {
        peers,
        topology,
        seed,
        ..
    } = setup;
    format!("{peers} processes, topology {topology}, seed {seed}\n")
}

/// A run as its options describe it.
struct Search {
    setup: Setup,
    engine: Prepared,
    without_order: Option<options::Error>,
}

/// An engine, with its inputs.
enum Prepared {
    Simulator {
        processes: Processes,
        scenario: Scenario,
        limits: Limits,
        seeds: [u64; 2],
    },
    ModelChecker(Plan),
}

impl Search {
    fn new(cli: &Cli, engine: &Engine, seed: u64) -> Result<Self, Error> {
        let Cli { run, net, .. } = cli;
        let (default, acts) = match engine {
            Engine::Simulate(_) => (MANY, None),
            Engine::Check(_) => (FEW, Some(1)),
        };
        let topology = run.topology.clone().unwrap_or(Topology::Full);
        let peers = match run.peers {
            Some(peers) => peers,
            None => topology.peers()?.unwrap_or(default),
        };
        options::fits(peers, topology.count(peers)?)?;
        let neighbours = topology::neighbours(peers, &topology.edges(peers, seed)?);
        let processes = Processes::new(peers).with_neighbours(neighbours.clone());
        let (engine, traits, without_order) = match engine {
            Engine::Simulate(schedules) => {
                let scenario = schedules.scenario(net, peers)?;
                let traits = EngineTraits {
                    acts,
                    stops: scenario.crash.clone(),
                    fifo: scenario.fifo,
                };
                let unordered = schedules.without_order(&scenario, net);
                let engine = Prepared::Simulator {
                    processes,
                    scenario,
                    limits: schedules.limits(),
                    seeds: [schedules.schedule.unwrap_or(seed), schedules.seeds],
                };
                (engine, traits, unordered)
            }
            Engine::Check(states) => {
                let plan = states.plan(net, processes, seed)?;
                let traits = EngineTraits {
                    acts,
                    stops: Vec::new(),
                    fifo: plan.network.fifo,
                };
                (Prepared::ModelChecker(plan), traits, None)
            }
        };
        let setup = Setup {
            peers,
            topology: topology.to_string(),
            neighbours,
            seed,
            engine: traits,
        };
        Ok(Self {
            setup,
            engine,
            without_order,
        })
    }

    /// Runs the engine, and records one run. Returns the results as text, and the
    /// findings. `command` is what the user typed.
    fn carry_out<S: System>(
        self,
        system: S,
        command: &[String],
        store: &Store,
        sink: &Arc<Sink>,
    ) -> Result<(String, Findings), Error> {
        if let (Some(error), true) = (self.without_order, system.needs_fifo()) {
            return Err(error.into());
        }
        Ok(match self.engine {
            Prepared::Simulator {
                processes,
                scenario,
                limits,
                seeds,
            } => {
                let trial = Trial::new(system, processes, scenario, limits, seeds);
                let tried = Some(trial.run(sink, || {}));
                sink.counts();
                let results = trial.results(tried.as_ref(), store);
                let again = |schedule| shell::again(command, self.setup.seed, schedule);
                let findings = trial.findings(&results, tried.as_ref(), again);
                (trial.text(&results, tried.as_ref()), findings)
            }
            Prepared::ModelChecker(plan) => {
                let search = Exploration::new(system, plan);
                search.run(sink, |_, _| {});
                sink.counts();
                let results = search.results(store);
                let findings = search.findings(results.as_ref());
                (search.text(results.as_ref()), findings)
            }
        })
    }
}

/// Prints the result. A pipe that the reader has closed (`| head`) is no error.
fn print(text: &str) {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let _ = writeln!(io::stderr(), "error: standard output: {error}");
        }
        _ => {}
    }
}
