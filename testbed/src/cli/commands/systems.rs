//! A system on an engine.

mod engine;

use std::any::Any;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use lab::delay::Delay;
use lab::liars::Liars;
use lab::options::{Channel, Net, Schedules, States};
use lab::simulator::{Rebuild, Scenario, Shrinking, Trial};
use lab::system::clients::Clients;
use lab::system::{self, Setup, System, Visitor};
use lab::topology;
use lab::world::Settled;
use node::Transport;
use node::admission::Guests;
use node::interrupt;
use serde_json::Value;
use trace::steps::Processes;

use self::engine::Engine;
use super::described::Described;
use super::judge;
use super::run_erased;
use crate::cli::choice::{Choice, Description};
use crate::cli::common::without_links;
use crate::cli::need::{self, FEW, MANY};
use crate::cli::own::{self, Task};
use crate::cli::registry;
use crate::cli::scenario::Takes;
use crate::cli::{Check, Common, Simulate};
use crate::cli::{Error, Usage};
use crate::experiment::Experiment;
use crate::experiment::checked::Checked;
use crate::experiment::erased::{Erased, Measured};
use crate::experiment::live::Live;
use crate::experiment::simulated::Simulated;
use crate::limits::Need;
use crate::network::{Links, neighbours};
use crate::run::{self, RunOptions, ScenarioFile};

/// The default delay of a message in a live run: long enough that a cut finds some
/// messages in flight.
const LIVE_DELAY: Delay = Delay::Uniform(Duration::ZERO..Duration::from_millis(20));

/// The shortest time that operations get after the last of them has begun. A guess.
const USUAL: Duration = Duration::from_secs(30);

pub(crate) type Outcome = BoxFuture<'static, Result<ExitCode, Error>>;

/// `testbed snapshot` and the other systems.
pub(super) async fn live(common: &Common, chosen: &registry::System) -> Result<ExitCode, Error> {
    let options = common.checked(need::of_system(chosen, MANY))?;
    let spec = RunSpec::live(chosen.description(), chosen.net(), options)?;
    spec.run_choice(chosen)?.await
}

/// `testbed simulate`.
pub(super) async fn simulate(common: &Common, args: &Simulate) -> Result<ExitCode, Error> {
    let chosen = &args.system;
    let options = without_sockets(common).checked(need::of_system(chosen, MANY))?;
    let (description, net) = (chosen.description(), chosen.net());
    let spec = RunSpec::simulated(description, net, options, &args.schedules)?;
    spec.run_choice(chosen)?.await
}

/// `testbed check`.
pub(super) async fn check(common: &Common, args: &Check) -> Result<ExitCode, Error> {
    let chosen = &args.system;
    let options = without_sockets(common).checked(need::of_system(chosen, FEW))?;
    let spec = RunSpec::checked(chosen.description(), chosen.net(), options, &args.states)?;
    spec.run_choice(chosen)?.await
}

/// Runs a system of another program as its command line says. `values` are those of the
/// program's own options.
///
/// # Errors
/// [`Error`], as [`run`](super::run).
pub(crate) fn own<S: System + 'static>(
    run: &own::Run,
    values: Value,
    build: impl Fn(&Setup) -> S + Send + Sync + 'static,
) -> Result<Outcome, Error> {
    let own::Run { common, net, task } = run;
    let description = own_description::<S>(values);
    let spec = match task {
        Task::Live => RunSpec::live(description, net, common.checked(Need::of(2, MANY))?)?,
        Task::Simulate(schedules) => {
            let options = without_sockets(common).checked(Need::of(2, MANY))?;
            RunSpec::simulated(description, net, options, schedules)?
        }
        Task::Check(states) => {
            let options = without_sockets(common).checked(Need::of(2, FEW))?;
            RunSpec::checked(description, net, options, states)?
        }
        Task::Judge { run } => {
            let judged = judge::own(common, run.as_deref(), &description, build);
            return Ok(std::future::ready(judged).boxed());
        }
    };
    spec.check(net)?;
    let system = build(&spec.setup());
    Ok(spec.run(system, move |setup| Some(build(setup))))
}

/// The description of a system of which only the type is known.
fn own_description<S: System>(options: Value) -> Description {
    let name = system::name::<S>();
    Description {
        name: name.clone().into(),
        algorithm: name,
        workload: None,
        options,
        topology: topology::Topology::Full,
        more_peers: 0,
        measures: false,
    }
}

/// The options with the memory transport, which opens no sockets.
pub(super) fn without_sockets(common: &Common) -> Common {
    Common {
        transport: Some(Transport::Memory),
        // They have a virtual time of their own.
        time: None,
        ..common.clone()
    }
}

/// The specification of a run of a system: its engine and its options.
struct RunSpec {
    options: RunOptions,
    description: run::Experiment,
    liars: Liars,
    engine: Engine,
}

impl RunSpec {
    fn live(description: Description, net: &Net, mut options: RunOptions) -> Result<Self, Error> {
        if let Some(settled) = &options.network {
            not_with_delay(net, settled)?;
        }
        Takes::Messages.check(&options)?;
        let file = options.scenario.as_ref();
        let mut scenario = options.scenario();
        scenario.crash.extend(net.stops());
        let churn = net.add_churn(&mut scenario, options.peers);
        churn.map_err(lab::Error::from)?;
        let outages = net.add_outages(&mut scenario, options.peers);
        outages.map_err(lab::Error::from)?;
        if let Some(outages) = &net.outages {
            let has_guests = options.guests != Guests::None;
            if let Some(reason) = without_links(options.transport, has_guests) {
                return Err(Usage::value(format!("--outages {outages}"), reason).into());
            }
            options.changes_links = true;
        }
        let usual = match description.measures || options.network.is_some() {
            // Its measured times must be those of the machine, or of the links, alone.
            true => Delay::NONE,
            false if file.is_some() => scenario.delay.clone(),
            false => LIVE_DELAY,
        };
        let links = Links {
            delay: net.delay.clone().unwrap_or(usual),
            in_order: net.channel == Channel::Stream,
        };
        Ok(Self {
            description: Described::new(description, net.liars()).live(
                &links,
                net,
                &scenario,
                file.map(ScenarioFile::name),
            ),
            options,
            liars: net.liars(),
            engine: Engine::Live {
                links,
                net: net.clone(),
                scenario: Box::new(scenario),
            },
        })
    }

    fn simulated(
        description: Description,
        net: &Net,
        mut options: RunOptions,
        args: &Schedules,
    ) -> Result<Self, Error> {
        let mut base = options.scenario();
        let file = options.scenario.take();
        // Each schedule places the processes anew, by its own seed.
        if let Some(settled) = options.network.take() {
            not_with_delay(net, &settled)?;
            base.network = Some(settled.world().clone());
        }
        let scenario = args.scenario(base, net, options.peers);
        let scenario = scenario.map_err(lab::Error::from)?;
        let path = file.as_ref().map(|file| &*file.path);
        Ok(Self {
            description: Described::new(description, net.liars())
                .simulated(&scenario, file.as_ref().map(ScenarioFile::name)),
            liars: net.liars(),
            engine: Engine::Simulator {
                without_order: Schedules::without_order(path, &scenario, net),
                scenario: Box::new(scenario),
                limits: args.limits(),
                seeds: [args.schedule.unwrap_or(options.seed), args.seeds],
                shrink: args.shrink,
                is_recorded: !args.no_record,
            },
            options,
        })
    }

    fn checked(
        description: Description,
        net: &Net,
        options: RunOptions,
        args: &States,
    ) -> Result<Self, Error> {
        if let Some(settled) = &options.network {
            let option = format!("--network {}", settled.world().name);
            let reason =
                "a check tries all orders of messages, whatever their latencies; leave it out";
            return Err(Usage::option(option, reason).into());
        }
        if options.scenario.is_some() {
            let option = "--scenario";
            let error = lab::options::Error::NotChecked { option };
            return Err(lab::Error::from(error).into());
        }
        let plan = args.plan(net, processes(&options), options.seed);
        let plan = plan.map_err(lab::Error::from)?;
        Ok(Self {
            description: Described::new(description, net.liars()).checked(plan.network),
            liars: net.liars(),
            options,
            engine: Engine::ModelChecker(plan),
        })
    }

    /// Runs the system that was chosen on the command line.
    fn run_choice(self, chosen: &impl Choice) -> Result<Outcome, Error> {
        self.check(chosen.net())?;
        // To build a large system takes seconds.
        interrupt::watch().map_err(Error::Signals)?;
        let setup = self.setup();
        let again = chosen.clone();
        let chosen_run = ChosenRun {
            spec: self,
            build: Arc::new(move |setup| again.build(setup.clone(), Boxed).ok()),
        };
        chosen.build(setup, chosen_run)
    }

    /// Requires that the options of the network go with the engine.
    fn check(&self, net: &Net) -> Result<(), Error> {
        let peers = self.options.peers;
        let checked = match self.engine {
            Engine::Simulator { .. } => net.check_simulated(peers),
            Engine::Live { .. } | Engine::ModelChecker(_) => net.check(peers),
        };
        Ok(checked.map_err(lab::Error::from)?)
    }

    /// What the system is built for.
    fn setup(&self) -> Setup {
        Setup {
            peers: self.options.peers,
            topology: self.options.topology.clone(),
            neighbours: topology::ids(neighbours(&self.options)),
            seed: self.options.seed,
            liars: self.liars.clone(),
            engine: self.engine.kind(),
            stops: self.engine.stops(),
            random_crashes: self.engine.crashes_at_random(),
            fifo: self.engine.is_fifo(),
            outages: self.engine.outages(),
        }
    }

    /// Runs a system, which `build` builds again for fewer peers.
    fn run<S: System + 'static>(
        self,
        system: S,
        build: impl Fn(&Setup) -> Option<S> + Send + Sync + 'static,
    ) -> Outcome {
        let (options, experiment) = self.experiment(system, build);
        outcome(experiment, options)
    }

    /// The system on its engine. Only this function is compiled for each system.
    fn experiment<S: System + 'static>(
        self,
        system: S,
        build: impl Fn(&Setup) -> Option<S> + Send + Sync + 'static,
    ) -> (RunOptions, Result<Box<dyn Erased>, Error>) {
        let Self {
            options,
            description,
            liars,
            engine,
        } = self;
        if let Err(error) = system::check_liars(&system, &liars) {
            return (options, Err(lab::Error::from(error).into()));
        }
        let experiment = match engine {
            Engine::Live {
                links,
                net,
                scenario,
            } => timeout(&system, &links, &net, &scenario)
                .map_err(Error::from)
                .and_then(|timeout| {
                    let end = system::last_command(&system);
                    let checked = scenario.check_end(options.peers, end);
                    checked.map_err(lab::Error::from)?;
                    Ok(timeout)
                })
                .map(|timeout| boxed(Live::new(description, system, links, *scenario, timeout))),
            Engine::ModelChecker(plan) => Ok(boxed(Checked::new(description, system, plan))),
            Engine::Simulator {
                without_order: Some(error),
                ..
            } if system.needs_fifo() => Err(lab::Error::from(error).into()),
            Engine::Simulator {
                scenario,
                limits,
                seeds,
                shrink,
                is_recorded,
                ..
            } => {
                let checked = scenario.check_commands(system.commands().len());
                let end = system::last_command(&system);
                let checked = checked.and(scenario.check_end(options.peers, end));
                let trial = Trial::new(system, processes(&options), *scenario, limits, seeds);
                let trial = match is_recorded {
                    true => shrinking(trial, shrink, &options, liars, build),
                    false => trial.without_spans(),
                };
                let experiment = checked.map(|()| boxed(Simulated::new(description, trial)));
                experiment.map_err(|error| lab::Error::from(error).into())
            }
        };
        (options, experiment)
    }
}

fn boxed(experiment: impl Experiment + 'static) -> Box<dyn Erased> {
    Box::new(Measured::new(experiment))
}

fn outcome(experiment: Result<Box<dyn Erased>, Error>, options: RunOptions) -> Outcome {
    async move { run_erased(&mut *experiment?, &options).await }.boxed()
}

/// Links have latencies of their own.
fn not_with_delay(net: &Net, settled: &Settled) -> Result<(), Usage> {
    match &net.delay {
        None => Ok(()),
        Some(delay) => Err(Usage::value(
            format!("--delay {delay}"),
            format!(
                "--network {} has latencies of its own; leave one of them out",
                settled.world().name
            ),
        )),
    }
}

/// The trial, which makes a failure smaller.
fn shrinking<S: System>(
    trial: Trial<S>,
    budget: Duration,
    options: &RunOptions,
    liars: Liars,
    build: impl Fn(&Setup) -> Option<S> + Send + Sync + 'static,
) -> Trial<S> {
    // The topology is as it was printed.
    let Ok(topology) = options.topology.parse() else {
        return trial;
    };
    let setup = Setup {
        peers: options.peers,
        topology: options.topology.clone(),
        neighbours: Vec::new(),
        seed: options.seed,
        liars,
        engine: system::Engine::Simulator,
        stops: Vec::new(),
        random_crashes: false,
        outages: None,
        fifo: true,
    };
    trial.with_shrinking(Shrinking {
        budget,
        rebuild: Rebuild::new(&setup, topology, build),
    })
}

/// A run of a system that was chosen on the command line, and how that is built again.
struct ChosenRun {
    spec: RunSpec,
    build: Arc<BuildBoxed>,
}

/// Builds a system without its type; `None` if it cannot be built for that setup.
type BuildBoxed = dyn Fn(&Setup) -> Option<Box<dyn Any>> + Send + Sync;

impl Visitor for ChosenRun {
    type Output = Outcome;

    fn visit<S: System + 'static>(self, system: S) -> Outcome {
        let Self { spec, build } = self;
        // The same options build a system of the same type.
        spec.run(system, move |setup| {
            let system = build(setup)?.downcast().ok()?;
            Some(*system)
        })
    }
}

/// Takes a system without its type.
struct Boxed;

impl Visitor for Boxed {
    type Output = Box<dyn Any>;

    fn visit<S: System + 'static>(self, system: S) -> Box<dyn Any> {
        Box::new(system)
    }
}

/// The processes of a run without a network, with their neighbours.
fn processes(options: &RunOptions) -> Processes {
    Processes::new(options.peers).with_neighbours(neighbours(options))
}

/// The time limit of a live run of `system`: the given one, or what its operations need,
/// also those of processes that restart.
fn timeout<S: System>(
    system: &S,
    links: &Links,
    net: &Net,
    scenario: &Scenario,
) -> Result<Duration, Usage> {
    let commands = system.commands().into_iter();
    let last = commands.map(|asked| asked.at).max().unwrap_or_default();
    let longest = system.lasts(links.delay.most()).saturating_mul(2);
    let enough = last.max(scenario.last_planned());
    let enough = enough.saturating_add(longest.max(USUAL));
    // Clients end by themselves, some time after their own limits.
    let enough = enough.max(Clients::new(system.clients()).last().saturating_add(USUAL));
    match net.timeout {
        Some(given) if given <= last => Err(Usage::value(
            format!("--timeout {given:?}"),
            format!(
                "the last operation begins after {last:?}; leave --timeout out, or give it more, \
                 for example --timeout {}s",
                enough.as_secs()
            ),
        )),
        Some(given) => Ok(given),
        None => Ok(enough),
    }
}

#[cfg(test)]
mod tests {
    use algorithms::bank::Bank;
    use algorithms::chandy_lamport::ChandyLamport;

    use super::*;
    use lab::simulator::{Crash, Memory};
    use lab::system::mutual_exclusion::MutualExclusion;
    use lab::system::snapshot::Snapshots;
    use lab::system::wave::Waves;

    fn net(timeout: Option<Duration>) -> Net {
        Net {
            delay: None,
            channel: Channel::Stream,
            kill: Vec::new(),
            crash: Vec::new(),
            restart: Vec::new(),
            churn: None,
            churn_until: None,
            outages: None,
            outages_every: None,
            outages_until: None,
            liars: Vec::new(),
            timeout,
        }
    }

    fn limit(system: &impl System, given: Option<u64>) -> Result<u64, String> {
        let links = Links {
            delay: LIVE_DELAY,
            in_order: true,
        };
        let net = net(given.map(Duration::from_secs));
        let limit = timeout(system, &links, &net, &Scenario::default());
        limit
            .map(|limit| limit.as_secs())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_timeout_covers_all_operations() {
        let wave = Waves {
            neighbours: vec![vec![1], vec![0]],
            initiators: 1,
        };
        assert_eq!(limit(&wave, None), Ok(30));
        let crash = Crash {
            process: 1,
            at: Duration::from_secs(1),
            restart: Some(Duration::from_secs(50)),
            state: Memory::Lost,
        };
        let links = Links {
            delay: LIVE_DELAY,
            in_order: true,
        };
        let scenario = Scenario {
            crash: vec![crash],
            ..Scenario::default()
        };
        let restarts = timeout(&wave, &links, &net(None), &scenario);
        assert_eq!(restarts.ok(), Some(Duration::from_secs(80)));
        let entries = MutualExclusion {
            processes: 20,
            entries: 100,
            hold: Duration::from_millis(60),
        };
        // 2,000 entries, each of 60 ms and two messages of 20 ms; twice that.
        assert_eq!(limit(&entries, None), Ok(400));
        let snapshots = |each, patience| Snapshots::<(Bank, ChandyLamport<Bank>)> {
            neighbours: vec![vec![1], vec![0]],
            initiators: 1,
            each,
            every: Duration::from_secs(2),
            amount: 1,
            pace: Duration::from_secs(1),
            limit: 1,
            patience: Duration::from_secs(patience),
            fifo: true,
            algorithm: std::marker::PhantomData,
        };
        assert_eq!(limit(&snapshots(20, 10), None), Ok(70));
        assert_eq!(limit(&snapshots(1, 60), None), Ok(122));
        assert_eq!(limit(&snapshots(20, 10), Some(41)), Ok(41));
        let refused = limit(&snapshots(20, 10), Some(30)).expect_err("too short");
        for part in ["--timeout 30s", "after 40s", "--timeout 70s"] {
            assert!(refused.contains(part), "{refused}");
        }
    }
}
