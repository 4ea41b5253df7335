//! A program that simulates and checks one system.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, FromArgMatches as _};
use serde_json::{Map, Value};
use trace::recorder::StoreRecorder;
use trace::steps::Processes;
use trace::store::Store;
use trace::telemetry::Sink;

use super::cli::{Cli, Command, RunArgs};
use crate::model::{Exploration, Plan};
use crate::options::own;
use crate::shell;
use crate::simulator::{Limits, Scenario, Trial};
use crate::system::{self, Engine, Setup, System};
use crate::topology;
use crate::verdict::{Findings, Status, Verdict};
use crate::{Error, memory, options};

/// The default numbers of processes: under the model checker, and simulated.
const FEW: u32 = 3;
const MANY: u32 = 20;

/// Simulates or checks the system that `system` builds, as the command line says.
/// Returns the exit status.
///
/// `testbed::own::main` takes the same, and also runs the system over real peers.
///
/// The closure returns the [`System`], and not a process of it or anything else:
///
/// ```compile_fail,E0277
/// lab::own::main(|setup| setup.peers);
/// ```
pub fn main<S: System>(system: impl FnOnce(&Setup) -> S) -> ExitCode {
    main_with(|setup, ()| system(setup))
}

/// As [`main`], with options of the program's own: a struct that derives [`clap::Args`]. An
/// option stands before or after the engine, and may not have the name of another.
///
/// ```no_run
/// use lab::own::{self, clap};
///
/// #[derive(clap::Args)]
/// struct Options {
///     /// How many rounds each process takes part in
///     #[arg(long, default_value_t = 30)]
///     rounds: u32,
/// }
///
/// # fn averages(_: &own::Setup, _: u32) -> impl own::System {
/// #     lab::system::election::Election::new(3, 3, 1)
/// # }
/// fn main() -> std::process::ExitCode {
///     own::main_with(|setup, options: Options| averages(setup, options.rounds))
/// }
/// ```
pub fn main_with<O: Args, S: System>(system: impl FnOnce(&Setup, O) -> S) -> ExitCode {
    match parse()
        .and_then(|(cli, options, values)| run(&cli, &values, |setup| system(setup, options)))
    {
        Ok(status) => status.into(),
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::from(if error.is_usage() { 2 } else { 1 })
        }
    }
}

/// The command line, with the program's own options and their values.
fn parse<O: Args>() -> Result<(Cli, O, Map<String, Value>), Error> {
    let command = own::command::<Cli, O>().map_err(options::Error::from)?;
    let matches = command.get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let (options, values) = own::read(&matches).map_err(options::Error::from)?;
    Ok((cli, options, values))
}

fn run<S: System>(
    cli: &Cli,
    values: &Map<String, Value>,
    system: impl FnOnce(&Setup) -> S,
) -> Result<Status, Error> {
    let seed = cli.run.seed.unwrap_or_else(|| rand::random::<u32>().into());
    let search = Search::new(cli, seed)?;
    let setup = &search.setup;
    cli.net.check(setup.peers)?;
    let system = system(setup);
    system::check(&system, setup.peers)?;
    let store = Arc::new(Store::new());
    let recorder = StoreRecorder::start(Arc::clone(&store));
    let sink = Sink::new(Some(Arc::new(recorder)), None);
    let mut text = format!(
        "{}: {} processes, topology {}, seed {seed}\n",
        system::name::<S>(),
        setup.peers,
        setup.topology
    );
    for (name, value) in values {
        text.push_str(&format!("  {name:<15} {value}\n"));
    }
    let (found, mut findings) = search.carry_out(system, &store, &sink)?;
    text.push_str(&found);
    let counts = sink.counts();
    if counts.stored < counts.started {
        let lost = counts.started - counts.stored;
        findings.untrusted.push(format!("{lost} spans were lost"));
    }
    let Verdict { status, reasons } = findings.verdict(Vec::new());
    let reasons = match reasons.is_empty() {
        true => String::new(),
        false => format!(": {}", reasons.join("; ")),
    };
    text.push_str(&format!("verdict           {status}{reasons}\n"));
    print(&text);
    // The result is printed before the file is written, which may fail.
    if let Some(path) = &cli.run.spans {
        let written =
            File::create(path).and_then(|file| store.write_jsonl(&mut BufWriter::new(file)));
        written.map_err(|source| options::Error::Write {
            path: path.clone(),
            source,
        })?;
    }
    Ok(status)
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
    fn new(cli: &Cli, seed: u64) -> Result<Self, Error> {
        let Cli { run, net, engine } = cli;
        let default = match engine {
            Command::Simulate(_) => MANY,
            Command::Check(_) => FEW,
        };
        let RunArgs {
            peers, topology, ..
        } = run;
        let peers = match peers {
            Some(peers) => *peers,
            None => topology.peers()?.unwrap_or(default),
        };
        fits(peers, topology.count(peers)?)?;
        let neighbours = topology::neighbours(peers, &topology.edges(peers, seed)?);
        let processes = Processes::new(peers).with_neighbours(neighbours.clone());
        let mut setup = Setup {
            peers,
            topology: topology.to_string(),
            neighbours: topology::ids(neighbours),
            seed,
            engine: Engine::ModelChecker,
            stops: Vec::new(),
            fifo: true,
        };
        let (engine, without_order) = match engine {
            Command::Simulate(schedules) => {
                let scenario = schedules.scenario(net, peers)?;
                setup.engine = Engine::Simulator;
                setup.stops.clone_from(&scenario.crash);
                setup.fifo = scenario.fifo;
                let unordered = schedules.without_order(&scenario, net);
                let engine = Prepared::Simulator {
                    processes,
                    scenario,
                    limits: schedules.limits(),
                    seeds: [schedules.schedule.unwrap_or(seed), schedules.seeds],
                };
                (engine, unordered)
            }
            Command::Check(states) => {
                let plan = states.plan(net, processes, seed)?;
                setup.fifo = plan.network.fifo;
                (Prepared::ModelChecker(plan), None)
            }
        };
        Ok(Self {
            setup,
            engine,
            without_order,
        })
    }

    /// Runs the engine, and records one run. Returns the results as text, and the
    /// findings.
    fn carry_out<S: System>(
        self,
        system: S,
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
                let command: Vec<_> = std::env::args().collect();
                let again = |schedule| shell::again(&command, self.setup.seed, schedule);
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

/// Bytes of an edge: 8 in the list of edges, and 4 in each of two lists of neighbours.
/// These lists exist twice, and may have twice the capacity that they need.
const EDGE: u64 = 40;

/// Bytes of a process without its algorithm. A guess.
const PROCESS: u64 = 1024;

/// Requires that the processes and their edges fit into memory.
fn fits(peers: u32, edges: u64) -> Result<(), options::Error> {
    let needed = u64::from(peers) * PROCESS;
    let needed = needed.saturating_add(edges.saturating_mul(EDGE));
    match memory::available() {
        free if needed > free => Err(options::Error::TooLarge {
            peers,
            edges,
            needed,
            free,
        }),
        _ => Ok(()),
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
