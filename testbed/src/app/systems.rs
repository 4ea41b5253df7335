//! A system, by each engine.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use algorithms::NodeId;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use lab::delay::Delay;
use lab::model::{Bounds, Network, Plan};
use lab::simulator::{Crash, Limits, Memory, Scenario};
use lab::system::System;
use trace::steps::Processes;

use super::described::Described;
use super::experiment;
use crate::Error;
use crate::cli::need::Need;
use crate::cli::options::Options;
use crate::cli::own::{Cli, Command};
use crate::cli::select::{Engine, Given, all_there, select};
use crate::cli::systems::{Channel, Net, System as Selected};
use crate::cli::{Check, Common, Schedules, Simulate, States, Transport};
use crate::error::of_lab;
use crate::experiment::checked::Checked;
use crate::experiment::live::Live;
use crate::experiment::simulated::Simulated;
use crate::network::{Links, neighbours};
use crate::own::Setup;
use crate::run;

/// How long a message travels in a live run, if nobody says: long enough that
/// a cut finds some under way.
const LIVE_DELAY: Delay = Delay::Uniform(Duration::ZERO..Duration::from_millis(20));

/// How long operations may take after the last of them has begun, at least. A
/// guess.
const USUAL: Duration = Duration::from_secs(30);

pub(crate) type Outcome = BoxFuture<'static, Result<ExitCode, Error>>;

/// `testbed snapshot` and its kin.
pub(super) async fn live(common: &Common, asked: &Selected) -> Result<ExitCode, Error> {
    let options = Options::new(common, asked.need(20))?;
    let usual = match asked {
        // Its times are measured: they are those of the machine.
        Selected::Gossip(_) => Delay::NONE,
        Selected::Snapshot(_)
        | Selected::Elect(_)
        | Selected::Mutex(_)
        | Selected::Wave(_)
        | Selected::Terminate(_)
        | Selected::Ping(_) => LIVE_DELAY,
    };
    run(
        Over::live(&Described::from(asked), options, usual),
        asked,
        None,
    )
    .await
}

/// `testbed simulate`.
pub(super) async fn simulate(common: &Common, args: &Simulate) -> Result<ExitCode, Error> {
    let asked = &args.system.system();
    let options = Options::new(&without_sockets(common), asked.need(20))?;
    let over = Over::simulated(&Described::from(asked), options, &args.schedules)?;
    run(over, asked, None).await
}

/// `testbed check`.
pub(super) async fn check(common: &Common, args: &Check) -> Result<ExitCode, Error> {
    let asked = &args.system.system();
    let options = Options::new(&without_sockets(common), asked.need(3))?;
    let over = Over::checked(&Described::from(asked), options, &args.states)?;
    run(over, asked, Some(1)).await
}

/// Somebody's own system, by the engine that the command line names.
///
/// # Errors
/// [`Error`], as [`run`](super::run).
pub(crate) fn own<S: System + 'static>(
    cli: &Cli,
    system: impl FnOnce(&Setup) -> S,
) -> Result<Outcome, Error> {
    let what = Described::own::<S>(&cli.net);
    let over = match &cli.engine {
        None | Some(Command::Live) => Over::live(
            &what,
            Options::new(&cli.common, Need::of(2, 20))?,
            LIVE_DELAY,
        ),
        Some(Command::Simulate(schedules)) => {
            let options = Options::new(&without_sockets(&cli.common), Need::of(2, 20))?;
            Over::simulated(&what, options, schedules)?
        }
        Some(Command::Check(states)) => {
            let options = Options::new(&without_sockets(&cli.common), Need::of(2, 3))?;
            Over::checked(&what, options, states)?
        }
    };
    all_there(&cli.net, &over.options)?;
    let system = system(&Setup {
        peers: over.options.peers,
        neighbours: neighbours(&over.options),
        seed: over.options.seed,
    });
    Ok(over.run(system))
}

/// The processes of a run without a network, and who can send to whom.
fn directory(options: &Options) -> Processes {
    Processes::new(options.peers).with_neighbours(neighbours(options))
}

/// Nothing goes over a socket.
fn without_sockets(common: &Common) -> Common {
    Common {
        transport: Some(Transport::Memory),
        ..common.clone()
    }
}

/// From the file, and from the flags, which count more.
fn scenario(args: &Schedules, net: &Net, options: &Options) -> Result<Scenario, Error> {
    let mut scenario = match &args.scenario {
        None => Scenario::default(),
        Some(path) => {
            let usage = |e: String| Error::Usage(format!("{}: {e}", path.display()));
            let text = std::fs::read_to_string(path).map_err(|e| usage(e.to_string()))?;
            Scenario::parse(&text).map_err(usage)?
        }
    };
    scenario.loss = args.loss.unwrap_or(scenario.loss);
    scenario.duplication = args.duplication.unwrap_or(scenario.duplication);
    scenario.fifo &= net.channel == Channel::Stream;
    if let Some(delay) = &net.delay {
        scenario.delay = delay.clone();
    }
    scenario.crash.extend(net.kill.iter().map(|kill| Crash {
        process: kill.node,
        at: kill.at,
        restart: None,
        state: Memory::Kept,
    }));
    scenario.check(options.peers).map_err(of_lab)?;
    Ok(scenario)
}

async fn run(over: Over, asked: &Selected, acts: Option<u64>) -> Result<ExitCode, Error> {
    let options = Arc::clone(&over.options);
    let given = Given {
        acts,
        stops: over.how.stops(),
        in_order: over.how.in_order(),
    };
    select(asked, &options, given, over)?.await
}

/// An engine, with all that it needs.
struct Over {
    options: Arc<Options>,
    description: run::Experiment,
    how: How,
    /// The scenario file that takes the order from channels, where nobody
    /// asked for that on the command line.
    without_order: Option<PathBuf>,
}

impl Over {
    fn live(what: &Described<'_>, options: Options, usual: Delay) -> Self {
        let net = what.net;
        let links = Links {
            delay: net.delay.clone().unwrap_or(usual),
            in_order: net.channel == Channel::Stream,
        };
        Self {
            description: what.live(&links),
            options: Arc::new(options),
            how: How::Live(links, net.clone()),
            without_order: None,
        }
    }

    fn simulated(what: &Described<'_>, options: Options, args: &Schedules) -> Result<Self, Error> {
        if what.net.timeout.is_some() {
            return Err(Error::Usage(
                "--timeout: a schedule has its own time; leave --timeout out, or take --max-time"
                    .into(),
            ));
        }
        let scenario = scenario(args, what.net, &options)?;
        let file = args.scenario.as_ref();
        let file = file.map(|path| path.to_string_lossy().into_owned());
        let by_file = !scenario.fifo && what.net.channel == Channel::Stream;
        Ok(Self {
            description: what.simulated(&scenario, file.as_deref()),
            options: Arc::new(options),
            how: How::Simulated(scenario, args.limits(), args.schedule, args.seeds),
            without_order: args.scenario.clone().filter(|_| by_file),
        })
    }

    fn checked(what: &Described<'_>, options: Options, args: &States) -> Result<Self, Error> {
        let net = what.net;
        let ignored = [
            ("--kill", !net.kill.is_empty()),
            ("--delay", net.delay.is_some()),
        ];
        if let Some((option, _)) = ignored.iter().find(|(_, given)| *given) {
            return Err(Error::Usage(format!(
                "{option}: the model checker stops nobody and knows no time; leave it out, or take simulate"
            )));
        }
        let network = Network {
            fifo: net.channel == Channel::Stream,
            lossy: args.lossy,
            duplicating: args.duplicating,
        };
        let usual = Bounds::default();
        let bounds = Bounds {
            states: args.max_states,
            depth: args.max_depth,
            memory: args.max_memory.map_or(usual.memory, |most| most.0 as u64),
            time: net.timeout.unwrap_or(usual.time),
        };
        Ok(Self {
            description: what.checked(network),
            how: How::Checked(Plan {
                bounds,
                ..Plan::new(network, directory(&options), options.seed)
            }),
            options: Arc::new(options),
            without_order: None,
        })
    }
}

/// How long a live run of `system` may take: `given`, or what its operations need.
fn timeout<S: System>(
    system: &S,
    links: &Links,
    given: Option<Duration>,
) -> Result<Duration, Error> {
    let commands = system.commands().into_iter();
    let last = commands.map(|asked| asked.at).max().unwrap_or_default();
    let longest = system.lasts(links.delay.most()).saturating_mul(2);
    let enough = last.saturating_add(longest.max(USUAL));
    match given {
        Some(given) if given <= last => Err(Error::Usage(format!(
            "--timeout {given:?}: the last operation begins after {last:?}; leave --timeout out, \
             or give it more, for example --timeout {}s",
            enough.as_secs()
        ))),
        Some(given) => Ok(given),
        None => Ok(enough),
    }
}

enum How {
    Live(Links, Net),
    Simulated(Scenario, Limits, Option<u64>, u64),
    Checked(Plan),
}

impl How {
    /// Whether channels keep the order.
    fn in_order(&self) -> bool {
        match self {
            Self::Live(links, _) => links.in_order,
            Self::Simulated(scenario, ..) => scenario.fifo,
            Self::Checked(plan) => plan.network.fifo,
        }
    }

    /// Who stops, for a while or for good.
    fn stops(&self) -> Vec<NodeId> {
        match self {
            Self::Live(_, net) => net.kill.iter().map(|kill| NodeId(kill.node)).collect(),
            Self::Simulated(scenario, ..) => {
                let crashes = scenario.crash.iter();
                crashes.map(|crash| NodeId(crash.process)).collect()
            }
            Self::Checked(..) => Vec::new(),
        }
    }
}

impl Engine for Over {
    type Outcome = Outcome;

    fn run<S: System + 'static>(self, system: S) -> Outcome {
        let Self {
            options,
            description,
            how,
            without_order,
        } = self;
        async move {
            if let (Some(path), true) = (without_order, system.needs_fifo()) {
                return Err(Error::Usage(format!(
                    "{}: fifo = false: this algorithm needs channels that keep the order; to see what goes wrong without it, add --channel per-message",
                    path.display()
                )));
            }
            match how {
                How::Live(links, net) => {
                    let timeout = timeout(&system, &links, net.timeout)?;
                    let mut live = Live::new(system, links, net.kill, timeout);
                    experiment(&mut live, description, &options).await
                }
                How::Checked(plan) => {
                    let mut checked = Checked::new(system, plan);
                    experiment(&mut checked, description, &options).await
                }
                How::Simulated(scenario, limits, first, seeds) => {
                    let first = first.unwrap_or(options.seed);
                    let all = [first, seeds];
                    let mut simulated =
                        Simulated::new(system, directory(&options), scenario, limits, all);
                    experiment(&mut simulated, description, &options).await
                }
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use algorithms::bank::Bank;
    use algorithms::chandy_lamport::ChandyLamport;

    use super::*;
    use lab::system::mutual_exclusion::MutualExclusion;
    use lab::system::snapshot::Snapshots;
    use lab::system::wave::Waves;

    fn limit(system: &impl System, given: Option<u64>) -> Result<u64, String> {
        let links = Links {
            delay: LIVE_DELAY,
            in_order: true,
        };
        let limit = timeout(system, &links, given.map(Duration::from_secs));
        limit
            .map(|limit| limit.as_secs())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_run_waits_for_what_was_asked() {
        let wave = Waves {
            neighbours: vec![vec![1], vec![0]],
            initiators: 1,
        };
        assert_eq!(limit(&wave, None), Ok(30));
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
            crashes: false,
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
