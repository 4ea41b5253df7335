//! Processes that drop some of the messages that they receive.

use algorithms::{Algorithm, Describe, Input, NodeId, Out};

/// How many parts the probability has.
const PARTS: u32 = 1_000_000;

/// A process that drops each message with that probability, as a network would that loses it.
/// Connections lose nothing, so a live run has no other loss.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Reluctant<A> {
    #[describe(flatten)]
    process: A,
    /// Of a million messages, how many it drops.
    #[describe(skip)]
    drops: u32,
    /// How many it has dropped.
    dropped: u64,
}

impl<A: Algorithm> Reluctant<A> {
    /// The process, which drops each message with that probability.
    pub fn new(process: A, probability: f64) -> Self {
        Self {
            process,
            drops: (probability.clamp(0.0, 1.0) * f64::from(PARTS)) as u32,
            dropped: 0,
        }
    }

    fn step(&mut self, input: Input<A>, out: &mut Out<Self>) {
        let message = |_, message| message;
        out.forward(
            &mut self.process,
            input,
            message,
            |timer| timer,
            |output| output,
        );
    }
}

impl<A: Algorithm> Algorithm for Reluctant<A> {
    type Message = A::Message;
    type Timer = A::Timer;
    type Command = A::Command;
    type Output = A::Output;

    fn on_start(&mut self, out: &mut Out<Self>) {
        self.step(Input::Start, out);
    }

    fn on_restart(&mut self, out: &mut Out<Self>) {
        self.step(Input::Restart, out);
    }

    fn on_command(&mut self, command: A::Command, out: &mut Out<Self>) {
        self.step(Input::Command(command), out);
    }

    fn on_message(&mut self, from: NodeId, message: A::Message, out: &mut Out<Self>) {
        if out.random(0..PARTS) < self.drops {
            self.dropped += 1;
        } else {
            self.step(Input::Message { from, message }, out);
        }
    }

    fn on_timer(&mut self, timer: A::Timer, out: &mut Out<Self>) {
        self.step(Input::Timer(timer), out);
    }

    fn begins_operation(timer: &A::Timer) -> bool {
        A::begins_operation(timer)
    }
}
