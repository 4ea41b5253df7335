//! Consensus in synchronous rounds, by flooding: how do processes agree on a value if some
//! of them may stop?
//!
//! Nancy Lynch, "Distributed Algorithms" (1996), section 6.2.1, where it is FloodSet.
//!
//! Each process has an input. All are to decide on one value, the same at all of them,
//! and the value has to be the input of one. Up to f processes may stop, at any moment.
//! One that stops while it sends has told some processes what others do not know.
//!
//! A process keeps the set W of the inputs that it has heard of, at first its own. In
//! each round it sends W to all others, and adds to W what it receives. After f+1 rounds
//! it decides on the smallest value in W.
//!
//! Why f+1 rounds? Two processes can come out of a round with different sets only if a
//! process stopped in it: any other sends the same to all. With at most f stops, one of
//! f+1 rounds has none. After it all sets are equal, and they stay equal. With f rounds
//! a process can stop in each, and hand a value on to one process alone: that is the
//! counterexample which the model checker finds. No algorithm does with fewer rounds
//! (Fischer and Lynch, "A Lower Bound for the Time to Assure Interactive Consistency",
//! Information Processing Letters 14(4), 1982).
//!
//! (Lynch's processes decide on a default if W has more than one value. The smallest value
//! is her remark for a stronger validity: what is decided is always an input.)
//!
//! What it needs: synchronous rounds ([`Rounds`]), a channel
//! between any two processes that loses nothing, and at most f processes that stop. None
//! restarts. In an asynchronous network no algorithm can do this for certain, even for
//! f = 1 (Fischer, Lynch and Paterson, JACM 32(2), 1985). So by the clock it rests on an
//! assumption: no message takes longer than a round.
//!
//! Cost: f+1 rounds, and (f+1) N(N-1) messages if no process stops.
//!
//! The whole algorithm is in this file; `rounds.rs` has the rounds.

use std::collections::{BTreeMap, BTreeSet};

use crate::rounds::{Rounds, Synchronous};
use crate::{Describe, NodeId, Out};

/// How many rounds agree in spite of `faults` processes that stop.
pub const fn rounds(faults: u64) -> u64 {
    faults.saturating_add(1)
}

/// How many messages `processes` send in so many rounds, if none stops.
pub const fn messages(processes: u64, rounds: u64) -> u64 {
    rounds * processes * processes.saturating_sub(1)
}

/// The message of a process to all others, in every round.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
pub struct Values {
    /// The inputs that it has heard of.
    #[message(tag = 1)]
    pub values: BTreeSet<u64>,
}

/// The output of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Output, Describe)]
pub struct Decided {
    /// The value that it decides on.
    pub value: u64,
}

/// The state of one process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct FloodSet {
    /// What it proposes.
    input: u64,
    /// Lynch's W: the inputs that it has heard of.
    seen: BTreeSet<u64>,
    /// Lynch's f: how many processes may stop.
    #[describe(skip)]
    faults: u64,
}

impl FloodSet {
    /// A process with that input, less than 2^63, in a network where so many processes may
    /// stop.
    pub fn new(input: u64, faults: u64) -> Self {
        Self {
            input,
            seen: BTreeSet::from([input]),
            faults,
        }
    }
}

impl Synchronous for FloodSet {
    type Message = Values;
    type Output = Decided;

    fn rounds(&self) -> u64 {
        rounds(self.faults)
    }

    fn send(&self, _: u64, _: NodeId) -> Option<Values> {
        let values = self.seen.clone();
        Some(Values { values })
    }

    fn receive(
        &mut self,
        round: u64,
        received: BTreeMap<NodeId, Values>,
        _: &mut Out<Rounds<Self>>,
    ) -> Option<Decided> {
        for Values { values } in received.into_values() {
            self.seen.extend(values);
        }
        let value = *self.seen.first().expect("its own input");
        (round == self.rounds()).then_some(Decided { value })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proto::Bytes;

    use super::*;
    use crate::Message as _;
    use crate::rounds::{self, Ending};
    use crate::testing::Network;
    use crate::{Effect, Input, step};

    const CLOCK: Ending = Ending::Clock {
        round: Duration::from_secs(1),
        pace: Duration::ZERO,
    };

    fn others(count: u32, me: NodeId) -> impl Iterator<Item = NodeId> {
        (0..count).map(NodeId).filter(move |other| *other != me)
    }

    fn values(values: &[u64]) -> Values {
        let values = values.iter().copied().collect();
        Values { values }
    }

    fn decided(value: u64) -> rounds::Output<Decided> {
        rounds::Output::Algorithm(Decided { value })
    }

    #[test]
    fn all_decide_on_the_smallest_input_however_long_messages_take() {
        for (seed, count) in (0..200).zip((1..=6).cycle()) {
            let faults = seed % 4;
            let process = |me: NodeId| {
                let process = FloodSet::new(u64::from(me.0 + seed as u32 % 3), faults);
                Rounds::new(process, others(count, me), Ending::Messages)
            };
            let mut network = Network::new(count, process, seed);
            (0..count).for_each(|me| network.later(NodeId(me), Input::Start));
            network.run();
            let all: Vec<_> = network.outputs.iter().map(|(_, output)| output).collect();
            assert_eq!(all, vec![&decided(seed % 3); count as usize], "seed {seed}");
            let sent = network.sent.len() as u64;
            assert_eq!(sent, messages(count.into(), rounds(faults)), "seed {seed}");
        }
    }

    /// A process, and the effects of its inputs, in rounds by the clock.
    fn step_all(inputs: Vec<Input<Rounds<FloodSet>>>) -> Vec<Effect<Rounds<FloodSet>>> {
        let mut process = Rounds::new(FloodSet::new(5, 1), others(3, NodeId(0)), CLOCK);
        let mut effects = inputs.into_iter();
        let mut last = Vec::new();
        for input in effects.by_ref() {
            last = step(&mut process, input, 0);
        }
        last
    }

    fn from(from: u32, round: u64, of: &[u64]) -> Input<Rounds<FloodSet>> {
        Input::Message {
            from: NodeId(from),
            message: rounds::Message::Something {
                round,
                message: values(of),
            },
        }
    }

    fn close() -> Input<Rounds<FloodSet>> {
        Input::Timer(rounds::Timer::Close)
    }

    #[test]
    fn by_the_clock_a_round_ends_without_the_messages_that_are_missing() {
        let inputs = vec![Input::Start, from(1, 1, &[3]), close(), close()];
        assert_eq!(step_all(inputs), [Effect::Output(decided(3))]);
    }

    #[test]
    fn a_message_of_a_later_round_waits_for_it() {
        let inputs = vec![Input::Start, from(1, 2, &[3]), close()];
        let sent = step_all(
            [
                inputs.clone(),
                vec![Input::Timer(rounds::Timer::Send(NodeId(2)))],
            ]
            .concat(),
        );
        let first = Effect::Send {
            to: NodeId(2),
            message: rounds::Message::Something {
                round: 2,
                message: values(&[5]),
            },
            within: None,
        };
        assert_eq!(sent, [first], "not yet received");
        assert_eq!(
            step_all([inputs, vec![close()]].concat()),
            [Effect::Output(decided(3))]
        );
    }

    #[test]
    fn a_message_after_its_round_is_reported_and_not_received() {
        let inputs = vec![Input::Start, close(), from(1, 1, &[3])];
        let late = rounds::Output::Late {
            round: 1,
            from: NodeId(1),
        };
        assert_eq!(step_all(inputs.clone()), [Effect::Output(late)]);
        assert_eq!(
            step_all([inputs, vec![close()]].concat()),
            [Effect::Output(decided(5))]
        );
    }

    #[test]
    fn a_forged_message_changes_nothing() {
        for forged in [from(7, 1, &[1]), from(1, 0, &[1]), from(1, 3, &[1])] {
            let inputs = vec![Input::Start, forged.clone()];
            assert_eq!(step_all(inputs), []);
            let inputs = vec![
                Input::Start,
                from(1, 1, &[4]),
                forged,
                from(1, 1, &[2]),
                close(),
                close(),
            ];
            assert_eq!(step_all(inputs), [Effect::Output(decided(4))]);
        }
    }

    #[test]
    fn a_process_that_has_lost_its_state_stays_silent() {
        assert_eq!(step_all(vec![Input::Restart]), []);
    }

    #[test]
    fn malformed_payload_is_rejected() {
        type Message = rounds::Message<Values>;
        for message in [
            Message::Nothing { round: 7 },
            Message::Something {
                round: 1,
                message: values(&[1, 300]),
            },
        ] {
            assert_eq!(Message::from_payload(message.to_payload()), Some(message));
        }
        for bytes in [&b""[..], b"\xff", b"\x0a\x7f", b"GET /"] {
            let bytes = Bytes::copy_from_slice(bytes);
            assert_eq!(Message::from_payload(bytes), None);
        }
    }
}
