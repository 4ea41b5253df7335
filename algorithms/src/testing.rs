//! A network for the unit tests of algorithms: no clock, no order in the channels, and
//! the same run for the same seed.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::{Algorithm, Effect, Input, Message as _, NodeId, step};

/// Processes, and the inputs that they may handle next.
#[derive(Debug)]
pub(crate) struct Network<A: Algorithm> {
    /// The processes, by their numbers.
    pub(crate) processes: Vec<A>,
    /// The messages that were sent: sender, receiver, message.
    pub(crate) sent: Vec<(NodeId, NodeId, A::Message)>,
    /// The outputs, each with its process.
    pub(crate) outputs: Vec<(NodeId, A::Output)>,
    /// Inputs under way. Any may be the next: messages overtake each other, and a
    /// timer may run out before or after any other input.
    waiting: Vec<(NodeId, Input<A>)>,
    rng: ChaCha8Rng,
}

impl<A: Algorithm> Network<A> {
    /// A network of `count` processes.
    pub(crate) fn new(count: u32, process: impl Fn(NodeId) -> A, seed: u64) -> Self {
        Self {
            processes: (0..count).map(NodeId).map(process).collect(),
            sent: Vec::new(),
            outputs: Vec::new(),
            waiting: Vec::new(),
            rng: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// Adds the input to those under way.
    pub(crate) fn later(&mut self, at: NodeId, input: Input<A>) {
        self.waiting.push((at, input));
    }

    /// Lets the process handle the input now.
    pub(crate) fn now(&mut self, at: NodeId, input: Input<A>) {
        let seed = self.rng.random();
        for effect in step(&mut self.processes[usize::from(at)], input, seed) {
            match effect {
                Effect::Send { to, message, .. } => {
                    let payload = message.to_payload();
                    self.sent.push((at, to, message));
                    let message = A::Message::from_payload(payload).expect("its own bytes");
                    self.later(to, Input::Message { from: at, message });
                }
                Effect::SetTimer { timer, .. } => {
                    self.cancel(at, &timer);
                    self.later(at, Input::Timer(timer));
                }
                Effect::CancelTimer { timer } => self.cancel(at, &timer),
                Effect::Output(output) => self.outputs.push((at, output)),
                Effect::Persist => {}
            }
        }
    }

    /// Handles one of the inputs under way, chosen at random. Returns whether there was
    /// one.
    pub(crate) fn step(&mut self) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        let place = self.rng.random_range(0..self.waiting.len());
        let (at, input) = self.waiting.swap_remove(place);
        self.now(at, input);
        true
    }

    /// Handles inputs until none is under way.
    pub(crate) fn run(&mut self) {
        while self.step() {}
    }

    /// Handles messages until none is under way. No timer runs out.
    pub(crate) fn run_messages(&mut self) {
        let is_message = |(_, input): &(NodeId, Input<A>)| matches!(input, Input::Message { .. });
        while let Some(place) = self.waiting.iter().position(is_message) {
            let (at, input) = self.waiting.swap_remove(place);
            self.now(at, input);
        }
    }

    /// The messages that are under way.
    pub(crate) fn under_way(&self) -> impl Iterator<Item = &A::Message> {
        self.waiting.iter().filter_map(|(_, input)| match input {
            Input::Message { message, .. } => Some(message),
            Input::Start | Input::Restart | Input::Command(_) | Input::Timer(_) => None,
        })
    }

    fn cancel(&mut self, at: NodeId, timer: &A::Timer) {
        let is = |(of, input): &(NodeId, Input<A>)| {
            *of == at && matches!(input, Input::Timer(set) if set == timer)
        };
        self.waiting.retain(|one| !is(one));
    }
}

/// The neighbours of `me`.
pub(crate) fn neighbours(edges: &[(u32, u32)], me: NodeId) -> Vec<NodeId> {
    let other = |&(a, b): &(u32, u32)| match me.0 {
        me if me == a => Some(NodeId(b)),
        me if me == b => Some(NodeId(a)),
        _ => None,
    };
    edges.iter().filter_map(other).collect()
}

/// How many processes the edges connect.
pub(crate) fn count(edges: &[(u32, u32)]) -> u32 {
    let last = edges.iter().map(|&(a, b)| a.max(b)).max();
    last.unwrap_or(0) + 1
}

/// An edge between any two of `count` processes.
pub(crate) fn mesh(count: u32) -> Vec<(u32, u32)> {
    let pairs = (0..count).flat_map(|b| (0..b).map(move |a| (a, b)));
    pairs.collect()
}
