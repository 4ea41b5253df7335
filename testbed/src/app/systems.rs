//! A system, by each engine.

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::json;

use super::experiment;
use crate::Error;
use crate::cli::options::Options;
use crate::cli::systems::{Channel, Net, System as Asked};
use crate::cli::{Check, Common, Simulate, Transport};
use crate::delay::Delay;
use crate::experiment::checked::Checked;
use crate::experiment::live::Live;
use crate::experiment::simulated::Simulated;
use crate::model::Network;
use crate::network::Links;
use crate::run;
use crate::simulator::{Crash, Memory, Scenario};
use crate::system::System;
use crate::system::select::{Engine, need, select};

/// How long a message travels in a live run, if nobody says: long enough that
/// a cut finds some under way.
const LIVE_DELAY: Delay = Delay::Uniform(Duration::ZERO..Duration::from_millis(20));

type Outcome = BoxFuture<'static, Result<ExitCode, Error>>;

/// `testbed snapshot` and its kin.
pub(super) async fn live(common: &Common, asked: &Asked) -> Result<ExitCode, Error> {
    let options = Options::new(common, need(asked, 20))?;
    let net = asked.net();
    let links = Links {
        delay: net.delay.clone().unwrap_or(LIVE_DELAY),
        in_order: net.channel == Channel::Stream,
    };
    let over = Over {
        description: describe(asked, "live", &links.delay, net),
        options: Arc::new(options),
        how: How::Live(links, net.clone()),
    };
    run(over, asked, None).await
}

/// `testbed simulate`.
pub(super) async fn simulate(common: &Common, args: &Simulate) -> Result<ExitCode, Error> {
    let asked = &args.system;
    // Nothing of it goes over a socket.
    let common = Common {
        transport: Transport::Memory,
        ..common.clone()
    };
    let options = Options::new(&common, need(asked, 20))?;
    let scenario = scenario(args, &options)?;
    let over = Over {
        description: describe(asked, "simulator", &scenario.delay, asked.net()),
        options: Arc::new(options),
        how: How::Simulated(scenario, args.schedule, args.seeds),
    };
    run(over, asked, None).await
}

/// `testbed check`.
pub(super) async fn check(common: &Common, args: &Check) -> Result<ExitCode, Error> {
    let asked = &args.system;
    let common = Common {
        transport: Transport::Memory,
        ..common.clone()
    };
    let options = Options::new(&common, need(asked, 3))?;
    let network = Network {
        fifo: asked.net().channel == Channel::Stream,
        lossy: args.lossy,
        duplicating: args.duplicating,
    };
    let over = Over {
        description: describe(asked, "model checker", &Delay::NONE, asked.net()),
        options: Arc::new(options),
        how: How::Checked(network, args.max_states),
    };
    run(over, asked, Some(1)).await
}

/// From the file, and from the flags, which count more.
fn scenario(args: &Simulate, options: &Options) -> Result<Scenario, Error> {
    let mut scenario = match &args.scenario {
        None => Scenario::default(),
        Some(path) => {
            let usage = |e: String| Error::Usage(format!("{}: {e}", path.display()));
            let text = std::fs::read_to_string(path).map_err(|e| usage(e.to_string()))?;
            Scenario::parse(&text).map_err(usage)?
        }
    };
    let net = args.system.net();
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
    scenario.check(options.peers)?;
    Ok(scenario)
}

async fn run(over: Over, asked: &Asked, acts: Option<u64>) -> Result<ExitCode, Error> {
    let options = Arc::clone(&over.options);
    select(asked, &options, acts, over)?.await
}

/// What `run.json` says of it.
fn describe(asked: &Asked, engine: &str, delay: &Delay, net: &Net) -> run::Experiment {
    let options = json!({
        "engine": engine,
        "system": format!("{asked:?}"),
        "delay": delay.to_string(),
        "fifo": net.channel == Channel::Stream,
    });
    run::Experiment {
        name: asked.name(),
        options,
    }
}

/// An engine, with all that it needs.
struct Over {
    options: Arc<Options>,
    description: run::Experiment,
    how: How,
}

enum How {
    Live(Links, Net),
    Simulated(Scenario, Option<u64>, u64),
    Checked(Network, NonZeroUsize),
}

impl Engine for Over {
    type Outcome = Outcome;

    fn run<S: System + 'static>(self, system: S) -> Outcome {
        let Self {
            options,
            description,
            how,
        } = self;
        async move {
            match how {
                How::Live(links, net) => {
                    let live = Live::new(system, links, net.kill, net.timeout);
                    experiment(&live, description, &options).await
                }
                How::Checked(network, most) => {
                    let checked = Checked::new(system, network, most, options.seed);
                    experiment(&checked, description, &options).await
                }
                How::Simulated(scenario, first, seeds) => {
                    let first = first.unwrap_or(options.seed);
                    let simulated = Simulated::new(system, scenario, first, seeds);
                    experiment(&Arc::new(simulated), description, &options).await
                }
            }
        }
        .boxed()
    }
}
