//! Mistakes in Ricart and Agrawala's algorithm.

use std::time::Duration;

use algorithms::ricart_agrawala::{Message, RicartAgrawala};
use algorithms::{Effect, Input, NodeId, step};
use lab::simulator::Scenario;
use lab::system::mutual_exclusion::MutualExclusion;

use crate::mutants::mutant::{Mutated, Mutation};
use crate::mutants::{kill, spare};

type Right = RicartAgrawala;

const PROCESSES: u32 = 3;
const SYSTEM: MutualExclusion = MutualExclusion {
    processes: PROCESSES,
    entries: 3,
    hold: Duration::from_millis(5),
};

/// The time of the requests among these effects, and whom the last goes to.
fn request(effects: &[Effect<Right>]) -> Option<(u64, NodeId)> {
    let mut requests = effects.iter().filter_map(|effect| match effect {
        Effect::Send {
            to,
            message: Message::Request { time },
            ..
        } => Some((*time, *to)),
        _ => None,
    });
    requests.next_back()
}

/// Of two requests of the same time, the ids do not decide.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Tie {
    /// Whether its own request then goes before the other.
    mine: bool,
    /// Its latest request's time.
    asked: Option<u64>,
}

impl Mutation<Right> for Tie {
    fn step(
        &mut self,
        _: NodeId,
        right: &mut Right,
        mut input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        if let Input::Message {
            message: Message::Request { time },
            ..
        } = &mut input
            && self.asked == Some(*time)
        {
            *time = if self.mine { *time + 1 } else { *time - 1 };
        }
        let effects = step(right, input, seed);
        self.asked = request(&effects).map_or(self.asked, |(time, _)| Some(time));
        effects
    }
}

/// Its clock counts its own requests, and takes no notice of others' times.
///
/// The right process inside always merges the clocks. So it is given times that make it
/// compare as the wrong one would.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct OwnClock {
    /// The wrong time of its latest request.
    time: u64,
    /// The time that the right one gave it.
    right: u64,
}

impl Mutation<Right> for OwnClock {
    fn step(
        &mut self,
        _: NodeId,
        right: &mut Right,
        mut input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        if let Input::Message {
            message: Message::Request { time },
            ..
        } = &mut input
        {
            *time = match (*time).cmp(&self.time) {
                std::cmp::Ordering::Less => 0,
                std::cmp::Ordering::Equal => self.right,
                std::cmp::Ordering::Greater => self.right + 1,
            };
        }
        let mut effects = step(right, input, seed);
        if let Some((time, _)) = request(&effects) {
            (self.time, self.right) = (self.time + 1, time);
        }
        for effect in &mut effects {
            if let Effect::Send {
                message: Message::Request { time },
                ..
            } = effect
            {
                *time = self.time;
            }
        }
        effects
    }
}

/// It enters when one reply is missing: it counts one as received.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct OneReplyShort;

impl Mutation<Right> for OneReplyShort {
    fn step(
        &mut self,
        _: NodeId,
        right: &mut Right,
        input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        let mut effects = step(right, input, seed);
        if let Some((_, from)) = request(&effects) {
            let message = Message::Reply;
            effects.extend(step(right, Input::Message { from, message }, seed));
        }
        effects
    }
}

#[test]
fn the_correct_algorithm_passes() {
    spare(&SYSTEM, &Scenario::default());
}

#[test]
fn concurrent_requests_are_deferred_by_both() {
    let tie = Tie {
        mine: true,
        asked: None,
    };
    let killers = ["everyone who asks enters"];
    kill(&Mutated::new(SYSTEM, tie), &Scenario::default(), &killers);
}

#[test]
fn concurrent_requests_are_deferred_by_neither() {
    let tie = Tie {
        mine: false,
        asked: None,
    };
    let killers = ["mutual exclusion", "order of requests"];
    kill(&Mutated::new(SYSTEM, tie), &Scenario::default(), &killers);
}

/// This needs a process that has asked often, and one that then asks for the first
/// time: peer 0 asks before peer 1, and peer 1 before peer 2.
#[test]
fn a_clock_that_is_not_merged() {
    let mut mutant = Mutated::new(SYSTEM, OwnClock::default());
    for (place, asked) in (0..).zip(&mut mutant.commands) {
        let round = place / PROCESSES;
        asked.at = Duration::from_millis((25 * round + 52 * asked.node.0).into());
    }
    let killers = ["mutual exclusion", "order of requests"];
    kill(&mutant, &Scenario::default(), &killers);
}

#[test]
fn entering_one_reply_short() {
    let mutant = Mutated::new(SYSTEM, OneReplyShort);
    let killers = ["mutual exclusion", "order of requests"];
    kill(&mutant, &Scenario::default(), &killers);
}
