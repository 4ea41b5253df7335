//! Raft, with its invariants: many seeds in virtual time, and every schedule of a term.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use algorithms::raft::{Raft, Times};
use lab::model::{Network, Plan, check};
use lab::simulator::{Frequency, Limits, RandomFaults, Scenario, Trial};
use lab::system::replicated_log::ReplicatedLog;
use trace::steps::Processes;
use trace::store::Store;
use trace::telemetry::Sink;

use crate::figures::{rate, thousands};

const MS: Duration = Duration::from_millis(1);

/// `testbed simulate replicate --peers 5 --crash 2 --partition 1 --loss 0.02`: ten commands,
/// of which the last comes when the faults are about to end.
pub(crate) fn seeds(count: u64) -> String {
    let system = ReplicatedLog {
        processes: 5,
        commands: 10,
        every: MS * 50,
        times: Times {
            election: (MS * 150, MS * 300),
            heartbeat: MS * 50,
            last_term: u64::MAX,
        },
        process: Arc::new(|raft: Raft| raft),
    };
    let scenario = Scenario {
        loss: 0.02,
        random: RandomFaults {
            crash: Frequency::Count(2),
            partition: Frequency::Count(1),
            until: MS * 500,
            ..RandomFaults::default()
        },
        ..Scenario::default()
    };
    let (processes, limits) = (Processes::new(5), Limits::default());
    let trial = Trial::new(system, processes, scenario, limits, [0, count]);
    let began = Instant::now();
    trial.run(&Sink::new(None, None), &());
    let took = began.elapsed();
    let counted = trial.results(&Store::new(), &[], 0).engine;
    format!(
        "{:.1} s for {} seeds of Raft among 5 peers, with 2 crashes, a partition and 2 % loss (target 20 s for 10,000); {}, {} steps, {} a second judged",
        took.as_secs_f64(),
        thousands(count as f64),
        match counted.failed_schedule {
            Some(seed) => format!("seed {seed} is wrong"),
            None => "0 wrong".into(),
        },
        thousands(counted.steps as f64),
        thousands(rate(counted.steps, took))
    )
}

/// `testbed check replicate --peers 3 --crashes 1 --restarts 1`.
pub(crate) fn checked() -> String {
    let system = ReplicatedLog {
        processes: 3,
        commands: 1,
        every: MS * 50,
        times: Times {
            election: (MS * 150, MS * 150),
            heartbeat: Duration::from_secs(1),
            last_term: 1,
        },
        process: Arc::new(|raft: Raft| raft),
    };
    let network = Network {
        crashes: 1,
        restarts: 1,
        ..Network::RELIABLE
    };
    let plan = Plan::new(network, Processes::new(3), 1);
    let found = check(&system, &plan, |_| ControlFlow::Continue(()));
    format!(
        "{:.1} s for Raft of 3, a term, a crash and a restart (target 60 s); {} states, {} a second, {}, {}",
        found.took.as_secs_f64(),
        thousands(found.extent.states as f64),
        thousands(rate(found.extent.states, found.took)),
        if found.is_whole() {
            "all of them"
        } else {
            "not all"
        },
        match found.counterexample {
            Some(_) => "one run is wrong",
            None => "no run is wrong",
        }
    )
}
