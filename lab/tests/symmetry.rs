//! Interchangeable processes: fewer states, the same verdicts; and a declaration that is
//! wrong is found.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::Duration;

use lab::model::{self, Action, Bound, Checked, Network, Plan};
use lab::own::{Algorithm, Describe, History, Judgement, Message, Moment, NodeId, Out};
use lab::own::{Output, Property, ScheduledCommand, Symmetry, System};
use trace::steps::Processes;

/// Who gives the tasks. All others take them.
const GIVER: NodeId = NodeId(0);

/// A worker stores a task and acknowledges it; the giver is done when enough have. Workers
/// may crash meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
struct Process {
    #[describe(skip)]
    workers: u32,
    #[describe(skip)]
    me: NodeId,
    has_task: bool,
    acknowledged: BTreeSet<NodeId>,
    /// How it treats names.
    #[describe(skip)]
    names: Names,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Names {
    /// All alike.
    Alike,
    /// The giver counts a worker twice that is the last one.
    LastCountsTwice,
    /// The last worker has its task already.
    LastHasTask,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
enum Task {
    #[message(tag = 1, request)]
    Take,
    #[message(tag = 2, reply)]
    Taken,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Output, Describe)]
struct Done {
    by: u64,
}

impl Algorithm for Process {
    type Message = Task;
    type Timer = ();
    type Command = ();
    type Output = Done;

    fn on_command(&mut self, (): (), out: &mut Out<Self>) {
        out.broadcast((1..=self.workers).map(NodeId), &Task::Take);
    }

    fn on_message(&mut self, from: NodeId, task: Task, out: &mut Out<Self>) {
        match task {
            Task::Take => {
                self.has_task = true;
                out.send(from, Task::Taken);
            }
            Task::Taken => {
                self.acknowledged.insert(from);
                if self.names == Names::LastCountsTwice && from == NodeId(self.workers) {
                    self.acknowledged.insert(GIVER);
                }
                if self.acknowledged.len() == 2 {
                    out.output(Done { by: 2 });
                }
            }
        }
    }

    fn on_timer(&mut self, (): (), _: &mut Out<Self>) {}
}

struct Tasks {
    workers: u32,
    names: Names,
    is_declared: bool,
}

impl System for Tasks {
    type Algorithm = Process;

    fn processes(&self) -> u32 {
        self.workers + 1
    }

    fn process(&self, me: NodeId) -> Process {
        let is_last = me == NodeId(self.workers);
        Process {
            workers: self.workers,
            me,
            has_task: is_last && self.names == Names::LastHasTask,
            acknowledged: BTreeSet::new(),
            names: self.names,
        }
    }

    fn commands(&self) -> Vec<ScheduledCommand<()>> {
        vec![ScheduledCommand {
            at: Duration::ZERO,
            node: GIVER,
            command: (),
            operation: "give",
        }]
    }

    fn ends(&self, _: NodeId, _: &Done) -> bool {
        false
    }

    fn endings(&self) -> u64 {
        1
    }

    fn gives_up_after(&self) -> Option<Duration> {
        Some(Duration::ZERO)
    }

    fn ignores_history(&self) -> bool {
        true
    }

    fn symmetry(&self) -> Option<Symmetry<Process>> {
        let workers = (1..=self.workers).map(NodeId);
        let symmetry = Symmetry::new(workers, |process: &Process, names| Process {
            me: names.of(process.me),
            acknowledged: names.set(&process.acknowledged),
            ..process.clone()
        });
        self.is_declared.then_some(symmetry)
    }

    /// When the giver is done, two workers have their tasks.
    fn safe(&self, now: &Moment<'_>) -> Vec<Property> {
        let mut property = Property::new("two have it");
        let has = |state: &lab::own::Fields| state.get_flag("has_task") == Some(true);
        let count = now.states().filter(|(_, state)| has(state)).count();
        for _ in now.outputs() {
            property.check(count >= 2, || format!("{count} of the workers have a task"));
        }
        vec![property]
    }

    fn judge(&self, _: &History) -> Judgement {
        Judgement::default()
    }
}

fn check(system: &Tasks, losses: u32) -> Checked<Action> {
    let network = Network {
        losses,
        ..Network::RELIABLE
    };
    check_over(system, network)
}

fn check_over(system: &Tasks, network: Network) -> Checked<Action> {
    let plan = Plan::new(network, Processes::new(system.processes()), 1);
    model::check(system, &plan, |_| ControlFlow::Continue(()))
}

#[test]
fn states_that_differ_in_names_alone_are_tried_once() {
    let states = |workers, is_declared| {
        let names = Names::Alike;
        let system = Tasks {
            workers,
            names,
            is_declared,
        };
        let found = check(&system, 1);
        assert!(found.is_whole(), "{workers}: {found:?}");
        let symmetric = if is_declared { workers.min(5) } else { 0 };
        assert_eq!(found.symmetric as u32, symmetric);
        found.extent.states
    };
    for workers in 1..=4 {
        // Each worker is in one of four states: asked, answered, done, or its message lost.
        let pairs = [states(workers, false), states(workers, true)];
        // Before the command; then each combination with at most one loss: 3^n + n 3^(n-1),
        // where a lost message leaves a worker with or without its task.
        let n = u64::from(workers);
        let all = 1 + 3_u64.pow(workers) + 2 * n * 3_u64.pow(workers - 1);
        assert_eq!(pairs[0], all, "{workers} workers, by name");
        // Multisets of three states of n workers, and of n - 1 beside one with a loss.
        let multisets = |n: u64| (n + 1) * (n + 2) / 2;
        let some = 1 + multisets(n) + 2 * multisets(n - 1);
        assert_eq!(pairs[1], some, "{workers} workers, interchangeable");
    }
}

#[test]
fn the_same_violation_is_found_in_as_many_steps() {
    let ways = [false, true].map(|is_declared| {
        let system = Tasks {
            workers: 1,
            names: Names::LastCountsTwice,
            is_declared,
        };
        let found = check(&system, 0).counterexample;
        found.expect("one worker counts as two")
    });
    assert_eq!(ways[0], ways[1]);
}

#[test]
fn a_process_that_is_not_symmetric_ends_the_check() {
    for names in [Names::LastCountsTwice, Names::LastHasTask] {
        let system = Tasks {
            workers: 2,
            names,
            is_declared: true,
        };
        let found = check(&system, 0);
        let way = found.counterexample.expect("names are not treated alike");
        let plan = Plan::new(Network::RELIABLE, Processes::new(3), 1);
        let sink = trace::telemetry::Sink::new(None, None);
        let end = model::replay(&system, &plan, &way, &sink);
        let fault = end.fault().map(ToString::to_string).unwrap_or_default();
        assert!(
            fault.contains("is declared symmetric"),
            "{names:?}: {fault}"
        );
    }
}

/// Of more than six channels, a crash is not tried with every combination of losses.
#[test]
fn a_crash_that_could_lose_more_channels_than_are_tried_is_not_whole() {
    let network = Network {
        crashes: 1,
        ..Network::RELIABLE
    };
    for (workers, bound) in [(6, None), (7, Some(Bound::Channels(6)))] {
        let system = Tasks {
            workers,
            names: Names::Alike,
            is_declared: true,
        };
        let found = check_over(&system, network);
        assert_eq!(found.bound, bound, "{workers} workers");
        assert_eq!(found.counterexample, None);
    }
}
