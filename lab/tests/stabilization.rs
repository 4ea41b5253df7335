//! Dijkstra's ring of K-state machines, written with `lab::own`: an algorithm that
//! stabilizes from any state.
//!
//! Edsger Dijkstra, "Self-Stabilizing Systems in Spite of Distributed Control", CACM
//! 17(11), 1974. His machines read their neighbour's state. Here each sends it to the next
//! when it changes, and all do so at first. A machine is privileged if what it receives
//! differs from its state, and the bottom machine if both are equal. A privileged machine
//! makes a move, and sends; another one sends nothing. So a message under way is a
//! privilege: in the end there is to be one.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use lab::model::{self, Action, Checked, Network, Plan};
use lab::own::{Algorithm, Describe, History, Judgement, Message, NodeId, Out, Output};
use lab::own::{Property, ScheduledCommand, System};
use lab::simulator::{Scenario, run};
use lab::system::judge;
use trace::steps::Processes;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
struct State {
    #[message(tag = 1)]
    state: u64,
}

/// The bottom machine has made so many moves.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Output, Describe)]
struct Moved {
    moves: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
struct Machine {
    state: u64,
    moves: u64,
    #[describe(skip)]
    is_bottom: bool,
    #[describe(skip)]
    next: NodeId,
    /// Dijkstra's K: how many states there are.
    #[describe(skip)]
    states: u64,
    /// With so many moves the bottom machine stops.
    #[describe(skip)]
    last: u64,
}

impl Algorithm for Machine {
    type Message = State;
    type Timer = ();
    type Command = ();
    type Output = Moved;

    fn on_start(&mut self, out: &mut Out<Self>) {
        let state = self.state;
        out.send(self.next, State { state });
    }

    fn on_message(&mut self, _: NodeId, State { state }: State, out: &mut Out<Self>) {
        if (state == self.state) != self.is_bottom {
            return;
        }
        self.state = state;
        if self.is_bottom {
            self.state = (state + 1) % self.states;
            self.moves += 1;
            let moves = self.moves;
            out.output(Moved { moves });
        }
        if self.moves < self.last {
            let state = self.state;
            out.send(self.next, State { state });
        }
    }

    fn on_command(&mut self, (): (), _: &mut Out<Self>) {}
    fn on_timer(&mut self, (): (), _: &mut Out<Self>) {}
}

struct Ring {
    machines: u32,
    states: u64,
}

impl Ring {
    /// Enough moves of the bottom machine for it to reach a state that no other has, and
    /// to get it back.
    fn last(&self) -> u64 {
        u64::from(self.machines) + 2
    }
}

impl System for Ring {
    type Algorithm = Machine;

    fn processes(&self) -> u32 {
        self.machines
    }

    fn process(&self, id: NodeId) -> Machine {
        Machine {
            state: 0,
            moves: 0,
            is_bottom: id == NodeId(0),
            next: NodeId((id.0 + 1) % self.machines),
            states: self.states,
            last: self.last(),
        }
    }

    fn arbitrary(&self, id: NodeId) -> Vec<Machine> {
        let begins = |state| Machine {
            state,
            ..self.process(id)
        };
        (0..self.states).map(begins).collect()
    }

    fn commands(&self) -> Vec<ScheduledCommand<()>> {
        Vec::new()
    }

    fn ends(&self, _: NodeId, moved: &Moved) -> bool {
        moved.moves == self.last()
    }

    fn endings(&self) -> u64 {
        1
    }

    fn ignores_history(&self) -> bool {
        true
    }

    /// The last privilege was that of the bottom machine.
    fn judge(&self, history: &History) -> Judgement {
        let mut one = Property::of("one privilege in the end", history);
        let sent = history.sends().count();
        let received = history.steps().filter(|(.., step)| step.received.is_some());
        let left = sent - received.count();
        one.check_in_the_end(left == 0, || {
            format!("there are {left} besides the bottom's")
        });
        Judgement {
            properties: vec![one],
            ..Judgement::default()
        }
    }
}

fn check(machines: u32, states: u64) -> Checked<Action> {
    let plan = Plan::new(Network::RELIABLE, Processes::new(machines), 1);
    let ring = Ring { machines, states };
    let found = model::check(&ring, &plan, |_| ControlFlow::Continue(()));
    assert_eq!(found.bound, None);
    found
}

#[test]
fn with_enough_states_every_start_stabilizes() {
    for machines in [2, 3] {
        let found = check(machines, machines.into());
        assert_eq!(found.counterexample, None, "{machines} machines");
        let begin = |action: &Action| matches!(action, Action::Start(_));
        let example = found.example.expect("a run");
        assert_eq!(example.iter().position(begin), Some(0), "{example:?}");
    }
}

#[test]
fn with_too_few_states_some_start_does_not() {
    let way = check(4, 2)
        .counterexample
        .expect("a run with two privileges");
    assert!(matches!(way[0], Action::Start(_)), "{way:?}");
}

#[test]
fn a_schedule_begins_in_states_of_its_own() {
    let violated = |states, seed| {
        let ring = Ring {
            machines: 5,
            states,
        };
        let directory = Processes::new(5);
        let history = run(&ring, &directory, &Scenario::default(), seed).recorded;
        let starts = history.processes.values();
        let first = starts.map(|steps| steps[0].state.get_integer("state"));
        let is_right = judge(&ring, &history).holds();
        (first.collect::<Vec<_>>(), is_right)
    };
    let many: BTreeSet<_> = (0..50).map(|seed| violated(5, seed)).collect();
    assert!(many.len() > 40, "{} different starts", many.len());
    assert!(many.iter().all(|(_, is_right)| *is_right), "{many:?}");
    assert_eq!(violated(5, 7), violated(5, 7));
    assert!((0..200).any(|seed| !violated(2, seed).1));
}
