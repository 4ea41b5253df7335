//! A wrong process, made of a right one.

use algorithms::{Algorithm, Describe, Effect, Fields, Input, NodeId, Out, Value, step};
use lab::system::{Judgement, ScheduledCommand, System};
use rand::RngExt as _;
use trace::history::History;

/// A mistake in an algorithm. Its value is what it has to remember.
pub(crate) trait Mutation<A: Algorithm>: Value {
    /// The effects of an input on the process `me`. By default those of the right
    /// process.
    fn step(&mut self, me: NodeId, right: &mut A, input: Input<A>, seed: u64) -> Vec<Effect<A>> {
        let _ = me;
        step(right, input, seed)
    }

    /// Changes the trace when the run is over. By default it does not.
    fn trace(_: &mut History) {}
}

/// No mistake at all.
impl<A: Algorithm> Mutation<A> for () {}

/// A right process, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Mutant<A, M> {
    me: NodeId,
    right: A,
    mutation: M,
}

/// A system whose processes have the same mistake. Its judge is the right
/// system's.
#[derive(Clone, Debug)]
pub(crate) struct Mutated<S: System, M> {
    right: S,
    mutation: M,
    /// What is asked of the processes: the same as of the right ones, unless
    /// the mutant changes it.
    pub(crate) commands: Vec<ScheduledCommand<<S::Algorithm as Algorithm>::Command>>,
}

impl<S: System, M> Mutated<S, M> {
    pub(crate) fn new(right: S, mutation: M) -> Self {
        let commands = right.commands();
        Self {
            right,
            mutation,
            commands,
        }
    }
}

impl<S: System, M: Mutation<S::Algorithm>> System for Mutated<S, M> {
    type Algorithm = Mutant<S::Algorithm, M>;

    fn processes(&self) -> u32 {
        self.right.processes()
    }

    fn process(&self, id: NodeId) -> Self::Algorithm {
        Mutant {
            me: id,
            right: self.right.process(id),
            mutation: self.mutation.clone(),
        }
    }

    fn commands(&self) -> Vec<ScheduledCommand<<S::Algorithm as Algorithm>::Command>> {
        self.commands.clone()
    }

    fn ends(&self, node: NodeId, output: &<S::Algorithm as Algorithm>::Output) -> bool {
        self.right.ends(node, output)
    }

    fn endings(&self) -> u64 {
        self.right.endings()
    }

    fn judge(&self, history: &History) -> Judgement {
        let mut history = history.clone();
        M::trace(&mut history);
        self.right.judge(&history)
    }
}

impl<A: Algorithm, M: Mutation<A>> Mutant<A, M> {
    fn handle(&mut self, input: Input<A>, out: &mut Out<Self>) {
        let seed = out.rng().random();
        for effect in self.mutation.step(self.me, &mut self.right, input, seed) {
            match effect {
                Effect::Send {
                    to,
                    message,
                    within: Some(within),
                } => out.send_within(to, message, within),
                Effect::Send { to, message, .. } => out.send(to, message),
                Effect::SetTimer { timer, after } => out.set_timer(timer, after),
                Effect::CancelTimer { timer } => out.cancel_timer(timer),
                Effect::Output(output) => out.output(output),
                Effect::Persist => out.persist(),
            }
        }
    }
}

impl<A: Algorithm, M: Mutation<A>> Algorithm for Mutant<A, M> {
    type Message = A::Message;
    type Timer = A::Timer;
    type Command = A::Command;
    type Output = A::Output;

    fn on_start(&mut self, out: &mut Out<Self>) {
        self.handle(Input::Start, out);
    }

    fn on_restart(&mut self, out: &mut Out<Self>) {
        self.handle(Input::Restart, out);
    }

    fn on_command(&mut self, command: Self::Command, out: &mut Out<Self>) {
        self.handle(Input::Command(command), out);
    }

    fn on_message(&mut self, from: NodeId, message: Self::Message, out: &mut Out<Self>) {
        self.handle(Input::Message { from, message }, out);
    }

    fn on_timer(&mut self, timer: Self::Timer, out: &mut Out<Self>) {
        self.handle(Input::Timer(timer), out);
    }

    fn begins_operation(timer: &Self::Timer) -> bool {
        A::begins_operation(timer)
    }
}

impl<A: Describe, M> Describe for Mutant<A, M> {
    fn describe(&self, fields: &mut Fields) {
        self.right.describe(fields);
    }
}
