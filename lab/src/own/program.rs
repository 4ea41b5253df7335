//! A program that simulates and checks one system.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgMatches, Args, FromArgMatches as _};
use serde_json::{Map, Value};
use trace::recorder::StoreRecorder;
use trace::steps::Processes;
use trace::store::Store;
use trace::telemetry::Sink;

use super::cli::{Cli, Command, Format, RunArgs, Task};
use super::document::{self, Document};
use super::report::Report;
use crate::model::{Exploration, Plan};
use crate::options::{own, tips};
use crate::saved::Saved;
use crate::simulator::{Limits, Observer, Rebuild, Scenario, Shrinking, Trial};
use crate::system::{self, Engine, Setup, System};
use crate::topology::{self, Topology};
use crate::verdict::{Findings, Status};
use crate::{Error, options, shell};

/// The default numbers of processes: under the model checker, and simulated.
const FEW: u32 = 3;
const MANY: u32 = 20;

/// Simulates or checks the system that `system` builds, as the command line says.
/// Returns the exit status.
///
/// `testbed::own::main` takes the same, and also runs the system over real peers.
///
/// The simulator calls `system` again for fewer processes, to make a failure smaller.
///
/// The closure returns the [`System`], and not a process of it or anything else:
///
/// ```compile_fail,E0277
/// lab::own::main(|setup| setup.peers);
/// ```
pub fn main<S: System + 'static>(system: impl Fn(&Setup) -> S + Send + Sync + 'static) -> ExitCode {
    main_with(move |setup, ()| system(setup))
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
/// # fn averages(_: &own::Setup, _: u32) -> lab::system::election::Election {
/// #     lab::system::election::Election::new(3, 3, 1)
/// # }
/// fn main() -> std::process::ExitCode {
///     own::main_with(|setup, options: Options| averages(setup, options.rounds))
/// }
/// ```
pub fn main_with<O: Args, S: System + 'static>(
    system: impl Fn(&Setup, O) -> S + Send + Sync + 'static,
) -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    let typed = words.iter().map(|word| word.to_string_lossy().into_owned());
    let typed = shell::typed(typed.collect());
    let parsed = parse::<O>(&words);
    let parsed = parsed.map(|parsed| parsed.unwrap_or_else(|error| error.exit()));
    match parsed.and_then(|parsed| execute(parsed, &typed, system)) {
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
/// use lab::system::election::Election;
///
/// let election = |setup: &Setup| Election::new(setup.peers, setup.peers, setup.seed);
/// own::run("simulate --peers 10 --seeds 100", election).passes();
/// own::run("check --peers 3 --topology ring", election).passes();
/// ```
///
/// # Panics
/// With the error that the program would print, if it could not run.
#[track_caller]
pub fn run<S: System + 'static>(
    command: &str,
    system: impl Fn(&Setup) -> S + Send + Sync + 'static,
) -> Report {
    run_with(command, move |setup, ()| system(setup))
}

/// As [`run`], with options of the program's own, as [`main_with`] takes them.
///
/// # Panics
/// With the error that the program would print, if it could not run.
#[track_caller]
pub fn run_with<O: Args, S: System + 'static>(
    command: &str,
    system: impl Fn(&Setup, O) -> S + Send + Sync + 'static,
) -> Report {
    let words = shlex::split(command).unwrap_or_default();
    let typed = ["cargo", "run", "--"].map(str::to_owned);
    let typed: Vec<_> = typed.into_iter().chain(words).collect();
    let parsed = parse::<O>(&typed[2..]).unwrap_or_else(|error| panic!("{command}: {error}"));
    let parsed = parsed.unwrap_or_else(|error| panic!("{command}: {error}"));
    let ran = Ran::new(parsed, &typed, system);
    ran.unwrap_or_else(|error| panic!("{command}: {error}"))
        .report
}

/// A command line, with the values of the program's own options.
struct Parsed {
    cli: Cli,
    matches: ArgMatches,
    values: Map<String, Value>,
}

fn parse<O: Args>(
    words: &[impl Clone + Into<OsString>],
) -> Result<Result<Parsed, clap::Error>, Error> {
    let command = own::command::<Cli, O>().map_err(options::Error::from)?;
    let words: Vec<OsString> = words.iter().cloned().map(Into::into).collect();
    let parsed = command.clone().try_get_matches_from(&words);
    let parsed = parsed.map_err(|error| tips::add(error, &command, &words));
    let parsed = parsed.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return Ok(Err(error)),
    };
    let (_, values) = own::read::<O>(&matches).map_err(options::Error::from)?;
    Ok(Ok(Parsed {
        cli,
        matches,
        values,
    }))
}

fn execute<O: Args, S: System + 'static>(
    parsed: Parsed,
    typed: &[String],
    system: impl Fn(&Setup, O) -> S + Send + Sync + 'static,
) -> Result<Status, Error> {
    let RunArgs { spans, format, .. } = parsed.cli.run.clone();
    let ran = Ran::new(parsed, typed, system)?;
    match format {
        Format::Text => print(&ran.report.text),
        Format::Json => print(&format!("{:#}\n", ran.document)),
    }
    let Ran { report, store, .. } = ran;
    // The result is printed before the file is written, which may fail.
    if let Some(path) = spans {
        write(&path, &store).map_err(|source| options::Error::Write { path, source })?;
    }
    Ok(report.status)
}

/// A run that has ended.
struct Ran {
    report: Report,
    /// The same for a program.
    document: Value,
    /// The spans of the recorded run.
    store: Arc<Store>,
}

impl Ran {
    /// Runs a system. `typed` is what the user typed.
    fn new<O: Args, S: System + 'static>(
        parsed: Parsed,
        typed: &[String],
        system: impl Fn(&Setup, O) -> S + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let Parsed {
            cli,
            matches,
            values,
        } = parsed;
        let build = own::builder(system, matches);
        let command = match cli.task.clone().unwrap_or_default() {
            Task::Judge { run } => return Self::judge(&cli.run, &values, &run, build),
            Task::Run(command) => command,
        };
        let seed = cli.run.seed.unwrap_or_else(|| rand::random::<u32>().into());
        let search = Search::new(&cli, &command, seed)?;
        let setup = &search.setup;
        match command {
            Command::Simulate(_) => cli.net.check_simulated(setup.peers)?,
            Command::Check(_) => cli.net.check(setup.peers)?,
        }
        let system = build(setup);
        system::check(&system, setup.peers)?;
        system::check_liars(&system, &setup.liars)?;
        let store = Arc::new(Store::new());
        let recorder = StoreRecorder::start(Arc::clone(&store));
        let sink = Sink::new(Some(Arc::new(recorder)), None);
        let heading = heading::<S>(setup, &values);
        let topology = cli.run.topology.clone().unwrap_or(Topology::Full);
        let rebuild = Rebuild::new(setup, topology, move |setup| Some(build(setup)));
        let spans = cli.run.spans.as_deref();
        let setup = setup.clone();
        let Found {
            text,
            results,
            mut findings,
        } = search.carry_out(system, rebuild, spans, typed, &store, &sink)?;
        let counts = sink.counts();
        if counts.stored < counts.started {
            let lost = counts.started - counts.stored;
            findings.untrusted.push(format!("{lost} spans were lost"));
        }
        let verdict = findings.verdict(Vec::new());
        let document = Document {
            name: &system::name::<S>(),
            setup: &setup,
            options: &values,
            results,
            verdict: &verdict,
        };
        Ok(Self {
            document: document.of_run(typed),
            report: Report::new(heading + &text, &verdict),
            store,
        })
    }

    /// Judges a saved run again, by the judge of the system.
    fn judge<S: System>(
        options: &RunArgs,
        values: &Map<String, Value>,
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
        let heading = heading::<S>(&setup, values);
        let document = Document {
            name: &system::name::<S>(),
            setup: &setup,
            options: values,
            results: document::value(&judged.judgement),
            verdict: &judged.verdict,
        };
        Ok(Self {
            document: document.of_judge(&judged.narrative),
            report: Report::new(heading + &judged.text(), &judged.verdict),
            store: Arc::new(Store::new()),
        })
    }
}

/// `le-lann: 20 processes, topology full, seed 1`, and the program's own options.
fn heading<S: System>(setup: &Setup, values: &Map<String, Value>) -> String {
    let Setup {
        peers,
        topology,
        seed,
        ..
    } = setup;
    let name = system::name::<S>();
    let mut text = format!("{name}: {peers} processes, topology {topology}, seed {seed}\n");
    for (name, value) in values {
        text.push_str(&format!("  {name:<15} {value}\n"));
    }
    text
}

fn write(path: &Path, store: &Store) -> io::Result<()> {
    store.write_jsonl(&mut BufWriter::new(File::create(path)?))
}

/// Writes the spans of other schedules beside the file of the recorded one, if there is
/// one: `spans.original.jsonl` beside `spans.jsonl`.
struct Beside<'a>(Option<&'a Path>);

impl Observer for Beside<'_> {
    fn keep(&self, name: &'static str, spans: &Store) -> Option<PathBuf> {
        let path = self.0?.with_extension(format!("{name}.jsonl"));
        let written = write(&path, spans).inspect_err(|error| {
            let _ = writeln!(io::stderr(), "warning: {}: {error}", path.display());
        });
        written.is_ok().then_some(path)
    }
}

/// What an engine found.
struct Found {
    /// The results in lines.
    text: String,
    /// The same for a program.
    results: Value,
    findings: Findings,
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
        scenario: Box<Scenario>,
        limits: Limits,
        seeds: [u64; 2],
        shrink: Duration,
        /// Whether a schedule is recorded as spans.
        is_recorded: bool,
    },
    ModelChecker(Plan),
}

impl Search {
    fn new(cli: &Cli, command: &Command, seed: u64) -> Result<Self, Error> {
        let Cli { run, net, .. } = cli;
        let default = match command {
            Command::Simulate(_) => MANY,
            Command::Check(_) => FEW,
        };
        let topology = run.topology.clone().unwrap_or(Topology::Full);
        let peers = match run.peers {
            Some(peers) => peers,
            None => topology.peers()?.unwrap_or(default),
        };
        options::fits(peers, topology.count(peers)?)?;
        let neighbours = topology::neighbours(peers, &topology.edges(peers, seed)?);
        let processes = Processes::new(peers).with_neighbours(neighbours.clone());
        let mut setup = Setup {
            peers,
            topology: topology.to_string(),
            neighbours: topology::ids(neighbours),
            seed,
            liars: net.liars(),
            engine: Engine::ModelChecker,
            stops: Vec::new(),
            random_crashes: false,
            outages: None,
            fifo: true,
        };
        let path = run.scenario.as_deref();
        let file = path.map(options::read_scenario).transpose()?;
        let (engine, without_order) = match command {
            Command::Check(_) if path.is_some() => {
                let option = "--scenario";
                return Err(options::Error::NotChecked { option }.into());
            }
            Command::Simulate(schedules) => {
                let scenario = schedules.scenario(file.unwrap_or_default(), net, peers)?;
                setup.engine = Engine::Simulator;
                setup.stops.clone_from(&scenario.crash);
                setup.random_crashes = scenario.crashes_at_random();
                setup.fifo = scenario.fifo;
                setup.outages = scenario.outages.end();
                let unordered = options::Schedules::without_order(path, &scenario, net);
                let engine = Prepared::Simulator {
                    processes,
                    scenario: Box::new(scenario),
                    limits: schedules.limits(),
                    seeds: [schedules.schedule.unwrap_or(seed), schedules.seeds],
                    shrink: schedules.shrink,
                    is_recorded: !schedules.no_record,
                };
                (engine, unordered)
            }
            Command::Check(states) => {
                let plan = states.plan(net, processes, seed)?;
                setup.random_crashes = plan.network.crashes > 0;
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

    /// Runs the engine, and records one run. `typed` is what the user typed.
    fn carry_out<S: System>(
        self,
        system: S,
        rebuild: Rebuild<S>,
        spans: Option<&Path>,
        typed: &[String],
        store: &Store,
        sink: &Arc<Sink>,
    ) -> Result<Found, Error> {
        if let (Some(error), true) = (self.without_order, system.needs_fifo()) {
            return Err(error.into());
        }
        Ok(match self.engine {
            Prepared::Simulator {
                processes,
                scenario,
                limits,
                seeds,
                shrink,
                is_recorded,
            } => {
                scenario.check_commands(system.commands().len())?;
                scenario.check_end(system.processes(), system::last_command(&system))?;
                let shrinking = Shrinking {
                    budget: shrink,
                    rebuild,
                };
                let trial = Trial::new(system, processes, *scenario, limits, seeds);
                let trial = match is_recorded {
                    true => trial.with_shrinking(shrinking),
                    false => trial.without_spans(),
                };
                trial.run(sink, &Beside(spans));
                sink.counts();
                let results = trial.results(store, typed, self.setup.seed);
                Found {
                    text: trial.text(&results),
                    findings: trial.findings(&results),
                    results: document::value(&results),
                }
            }
            Prepared::ModelChecker(plan) => {
                let search = Exploration::new(system, plan);
                search.run(sink, |_, _| {});
                sink.counts();
                let results = search.results(store);
                Found {
                    text: search.text(results.as_ref()),
                    findings: search.findings(results.as_ref()),
                    results: document::value(&results),
                }
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
