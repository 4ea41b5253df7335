//! Systems in the simulator.

use std::sync::Arc;
use std::time::Duration;

use algorithms::NodeId;
use node::driver::Directory;
use node::steps::{Fault, RecordTo};
use node::telemetry::Sink;

use super::{Scenario, SeededIds, Simulation};
use crate::history::History;
use crate::system::System;

/// The longest that a run may take, in its own time.
pub const LONGEST: Duration = Duration::from_secs(600);

/// A run that has ended.
#[derive(Debug)]
pub struct Ran<R> {
    /// What was recorded of it.
    pub recorded: R,
    /// How many steps were taken.
    pub steps: u64,
    /// How long it took, in its own time.
    pub took: Duration,
    /// The rule that its last step broke.
    pub fault: Option<Fault>,
}

/// Runs `system` once, on the processes of `directory`. Its history comes without
/// the detour over spans.
pub fn run<S: System>(
    system: &S,
    directory: &Directory,
    scenario: &Scenario,
    seed: u64,
) -> Ran<History> {
    let mut simulation = start(system, directory, scenario, seed, |_| RecordTo::Engine);
    finish(system, &mut simulation);
    Ran {
        steps: simulation.steps(),
        took: simulation.now(),
        fault: simulation.fault().cloned(),
        recorded: simulation.into_history(),
    }
}

/// Runs `system` once without a record of it.
pub fn run_unrecorded<S: System>(
    system: &S,
    directory: &Directory,
    scenario: &Scenario,
    seed: u64,
) -> Ran<()> {
    let mut simulation = start(system, directory, scenario, seed, |_| RecordTo::Nothing);
    finish(system, &mut simulation);
    Ran {
        steps: simulation.steps(),
        took: simulation.now(),
        fault: simulation.fault().cloned(),
        recorded: (),
    }
}

/// Runs `system` once, and records it as spans.
pub fn run_traced<S: System>(
    system: &S,
    directory: &Directory,
    scenario: &Scenario,
    seed: u64,
    sink: &Arc<Sink>,
) -> Ran<()> {
    let record_to = |id: NodeId| {
        let name = id.to_string();
        RecordTo::Spans(sink.tracer_with_ids(&name, &name, SeededIds::new(seed, id.0)))
    };
    let mut simulation = start(system, directory, scenario, seed, record_to);
    finish(system, &mut simulation);
    Ran {
        steps: simulation.steps(),
        took: simulation.now(),
        fault: simulation.fault().cloned(),
        recorded: (),
    }
}

fn start<S: System>(
    system: &S,
    directory: &Directory,
    scenario: &Scenario,
    seed: u64,
    record_to: impl Fn(NodeId) -> RecordTo,
) -> Simulation<S::Algorithm> {
    let processes = (0..system.processes()).map(|id| system.process(NodeId(id)));
    let mut simulation = Simulation::new(
        processes,
        directory.clone(),
        scenario.clone(),
        seed,
        record_to,
    );
    for asked in system.commands() {
        simulation.command(asked.at, asked.node, asked.command);
    }
    simulation
}

fn finish<S: System>(system: &S, simulation: &mut Simulation<S::Algorithm>) {
    let mut missing = system.endings();
    simulation.run(LONGEST, |said| {
        missing -= u64::from(missing > 0 && system.ends(said.node, &said.output));
        missing > 0
    });
}
