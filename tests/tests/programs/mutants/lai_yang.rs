//! Mistakes in Lai and Yang's snapshot, over channels that keep no order.

use std::collections::BTreeMap;

use algorithms::bank::{Bank, Transfer};
use algorithms::lai_yang::{LaiYang, Message};
use algorithms::snapshot::Output;
use algorithms::{Effect, Input, InstanceId, NodeId, step};
use lab::simulator::Scenario;
use lab::system::snapshot::Snapshots;

use crate::mutants::mutant::{Mutated, Mutation};
use crate::mutants::{banks, kill, spare};

type Right = LaiYang<Bank>;

fn unordered() -> (Snapshots<(Bank, Right)>, Scenario) {
    let mut banks = banks();
    banks.fifo = false;
    let scenario = Scenario {
        fifo: false,
        ..Scenario::default()
    };
    (banks, scenario)
}

/// A red message is handled first, and then the state is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct RecordsAfter;

impl Mutation<Right> for RecordsAfter {
    fn step(
        &mut self,
        _: NodeId,
        right: &mut Right,
        input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        let mut effects = step(right, input, seed);
        for effect in &mut effects {
            if let Effect::Output(Output::Recorded { state, .. }) = effect {
                *state = right.application().clone();
            }
        }
        effects
    }
}

/// It ends the recording of a channel at its announcement: white messages that come later
/// are forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct ForgetsLateWhites {
    /// What came on a channel behind its announcement.
    late: BTreeMap<(InstanceId, NodeId), Vec<Transfer>>,
}

impl Mutation<Right> for ForgetsLateWhites {
    fn step(
        &mut self,
        _: NodeId,
        right: &mut Right,
        input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        if let Input::Message { from, message } = &input {
            match message {
                Message::Announce { id, .. } => drop(self.late.entry((*id, *from)).or_default()),
                Message::Application { message, .. } => {
                    let channels = self.late.iter_mut();
                    for (_, late) in channels.filter(|((_, channel), _)| channel == from) {
                        late.push(message.clone());
                    }
                }
                Message::Finished { .. } => {}
            }
        }
        let mut effects = step(right, input, seed);
        for effect in &mut effects {
            if let Effect::Output(Output::Finished { id, channels }) = effect {
                for (from, messages) in channels.iter_mut() {
                    let late = &self.late[&(*id, *from)];
                    messages.retain(|message| !late.contains(message));
                }
                channels.retain(|(_, messages)| !messages.is_empty());
            }
        }
        effects
    }
}

#[test]
fn the_correct_algorithm_passes() {
    let (banks, scenario) = unordered();
    spare(&banks, &scenario);
}

#[test]
fn recording_after_the_red_message() {
    let (banks, scenario) = unordered();
    let killers = ["I5 conservation", "I7 replay"];
    kill(&Mutated::new(banks, RecordsAfter), &scenario, &killers);
}

#[test]
fn late_white_messages_are_forgotten() {
    let (banks, scenario) = unordered();
    let mutant = Mutated::new(banks, ForgetsLateWhites::default());
    let killers = [
        "I2 channel state",
        "I5 conservation",
        "I6 every message once",
    ];
    kill(&mutant, &scenario, &killers);
}
