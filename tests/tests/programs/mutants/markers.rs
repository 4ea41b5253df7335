//! Chandy and Lamport's markers, in the wrong place.

use algorithms::bank::Bank;
use algorithms::chandy_lamport::{ChandyLamport, Message};
use algorithms::{Effect, Input, InstanceId, NodeId, step};
use lab::simulator::Scenario;

use crate::mutants::mutant::{Mutated, Mutation};
use crate::mutants::record::record;
use crate::mutants::{banks, kill};

type Right = ChandyLamport<Bank>;

/// The channel that a process does not know.
const FROM: NodeId = NodeId(1);
const TO: NodeId = NodeId(2);

fn marker(to: NodeId, id: InstanceId) -> Effect<Right> {
    Effect::Send {
        to,
        message: Message::Marker(id),
        within: None,
    }
}

/// A marker waits for the next message on its channel, and goes behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct BehindTheNextMessage {
    waiting: Vec<(NodeId, InstanceId)>,
}

impl Mutation<Right> for BehindTheNextMessage {
    fn step(
        &mut self,
        _: NodeId,
        right: &mut Right,
        input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        let mut effects = Vec::new();
        for effect in step(right, input, seed) {
            match effect {
                Effect::Send {
                    to,
                    message: Message::Marker(id),
                    ..
                } => self.waiting.push((to, id)),
                Effect::Send {
                    to,
                    message: Message::Application(_),
                    ..
                } => {
                    effects.push(effect);
                    let next = self.waiting.extract_if(.., |(whom, _)| *whom == to);
                    effects.extend(next.map(|(to, id)| marker(to, id)));
                }
                other => effects.push(other),
            }
        }
        effects
    }
}

/// Markers go on a stream of their own, where each is delayed by none to three steps of
/// the sender.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct OnAnotherStream {
    /// Each with the number of steps that are left.
    under_way: Vec<(u64, NodeId, InstanceId)>,
}

impl Mutation<Right> for OnAnotherStream {
    fn step(
        &mut self,
        _: NodeId,
        right: &mut Right,
        input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        let mut effects = step(right, input, seed);
        let mut draw = (0..).map(|place| (seed >> (2 * place)) % 4);
        effects.retain(|effect| match effect {
            Effect::Send {
                to,
                message: Message::Marker(id),
                ..
            } => {
                let steps = draw.next().expect("it has no end");
                self.under_way.push((steps, *to, *id));
                false
            }
            _ => true,
        });
        let sent = self.under_way.extract_if(.., |(steps, ..)| *steps == 0);
        effects.extend(sent.map(|(_, to, id)| marker(to, id)));
        for (steps, ..) in &mut self.under_way {
            *steps -= 1;
        }
        effects
    }
}

/// The sender does not know the channel: it puts no marker into it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct NoMarker;

impl Mutation<Right> for NoMarker {
    fn step(
        &mut self,
        me: NodeId,
        right: &mut Right,
        input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        let mut effects = step(right, input, seed);
        effects.retain(|effect| match effect {
            Effect::Send {
                to,
                message: Message::Marker(_),
                ..
            } => (me, *to) != (FROM, TO),
            _ => true,
        });
        effects
    }
}

/// The receiver does not know the channel: it waits for no marker on it. For
/// the right process this is as if it came in the moment of the record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct NoWaiting;

impl Mutation<Right> for NoWaiting {
    fn step(
        &mut self,
        me: NodeId,
        right: &mut Right,
        input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        let mut effects = step(right, input, seed);
        if let Some((_, id)) = record(&effects).filter(|_| me == TO) {
            let (from, message) = (FROM, Message::Marker(id));
            effects.extend(step(right, Input::Message { from, message }, seed));
        }
        effects
    }
}

/// The properties that a channel recorded for too long violates.
const TOO_LATE: [&str; 4] = [
    "I2 channel state",
    "I3 markers",
    "I5 conservation",
    "I6 every message once",
];

#[test]
fn markers_after_the_next_message() {
    let mutant = Mutated::new(banks(), BehindTheNextMessage::default());
    kill(&mutant, &Scenario::default(), &TOO_LATE);
}

#[test]
fn markers_on_another_stream_that_is_slower() {
    let mutant = Mutated::new(banks(), OnAnotherStream::default());
    kill(&mutant, &Scenario::default(), &TOO_LATE);
    // A process whose first marker is late has received messages sent after the cut.
    let future = ["I1 no orphan", "I4 vector clocks"];
    kill(&mutant, &Scenario::default(), &future);
}

#[test]
fn markers_on_another_stream_that_overtake() {
    let scenario = Scenario {
        fifo: false,
        ..Scenario::default()
    };
    kill(&banks::<Right>(), &scenario, &TOO_LATE);
    kill(&banks::<Right>(), &scenario, &["I9 FIFO"]);
}

#[test]
fn a_half_edge_that_its_sender_forgets() {
    let mutant = Mutated::new(banks(), NoMarker);
    kill(&mutant, &Scenario::default(), &["I8 liveness"]);
}

#[test]
fn a_half_edge_that_its_receiver_forgets() {
    let mutant = Mutated::new(banks(), NoWaiting);
    let killers = [
        "I2 channel state",
        "I5 conservation",
        "I6 every message once",
    ];
    kill(&mutant, &Scenario::default(), &killers);
}
