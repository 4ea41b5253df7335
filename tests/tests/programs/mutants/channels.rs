//! What Chandy and Lamport find in the channels, recorded wrongly.

use std::collections::BTreeMap;
use std::time::Duration;

use algorithms::bank::{Bank, Transfer};
use algorithms::chandy_lamport::{ChandyLamport, Message};
use algorithms::snapshot::Output;
use algorithms::{Effect, Input, InstanceId, NodeId, step};
use lab::simulator::{Partition, Scenario};

use crate::mutants::mutant::{Mutated, Mutation};
use crate::mutants::record::record;
use crate::mutants::{banks, kill};

type Right = ChandyLamport<Bank>;

/// The properties that a wrongly recorded channel violates.
const CHANNEL: [&str; 3] = [
    "I2 channel state",
    "I5 conservation",
    "I6 every message once",
];

/// Some channels are recorded until the process has finished, though their
/// markers have come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct PastTheMarker {
    /// Whether these are the channels of first markers, or all others.
    first: bool,
    /// What has come behind a marker.
    behind: BTreeMap<(InstanceId, NodeId), Vec<Transfer>>,
}

impl PastTheMarker {
    fn new(first: bool) -> Self {
        let behind = BTreeMap::new();
        Self { first, behind }
    }

    fn add(&self, id: InstanceId, channels: &mut Vec<(NodeId, Vec<Transfer>)>) {
        for (&(_, from), messages) in self.behind.iter().filter(|((of, _), _)| *of == id) {
            let known = channels.iter_mut().find(|(channel, _)| *channel == from);
            match known {
                Some((_, known)) => known.extend(messages.iter().cloned()),
                None => channels.push((from, messages.clone())),
            }
        }
    }
}

impl Mutation<Right> for PastTheMarker {
    fn step(
        &mut self,
        _: NodeId,
        right: &mut Right,
        input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        let mut marker = None;
        if let Input::Message { from, message } = &input {
            match message {
                Message::Marker(id) => marker = Some((*id, *from)),
                Message::Application(transfer) => {
                    let channels = self.behind.iter_mut();
                    for (_, messages) in channels.filter(|((_, channel), _)| channel == from) {
                        messages.push(transfer.clone());
                    }
                }
                Message::Finished { .. } => {}
            }
        }
        let mut effects = step(right, input, seed);
        if let Some(marker) = marker
            && record(&effects).is_some() == self.first
        {
            self.behind.insert(marker, Vec::new());
        }
        for effect in &mut effects {
            if let Effect::Output(Output::Finished { id, channels }) = effect {
                self.add(*id, channels);
                self.behind.retain(|(of, _), _| of != id);
            }
        }
        effects
    }
}

/// Recording is one flag for all channels and all snapshots: set when the state is
/// recorded, cleared by the next marker of any channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct OneFlag {
    recording: bool,
    /// What came while it was off.
    missed: Vec<Transfer>,
}

impl Mutation<Right> for OneFlag {
    fn step(
        &mut self,
        _: NodeId,
        right: &mut Right,
        input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        if let Input::Message { message, .. } = &input {
            match message {
                Message::Marker(_) => self.recording = false,
                Message::Application(transfer) if !self.recording => {
                    self.missed.push(transfer.clone());
                }
                Message::Application(_) | Message::Finished { .. } => {}
            }
        }
        let mut effects = step(right, input, seed);
        self.recording |= record(&effects).is_some();
        for effect in &mut effects {
            if let Effect::Output(Output::Finished { channels, .. }) = effect {
                for (_, messages) in channels.iter_mut() {
                    messages.retain(|message| !self.missed.contains(message));
                }
                channels.retain(|(_, messages)| !messages.is_empty());
            }
        }
        effects
    }
}

/// An initiator records its state, but not what then comes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct DeafInitiator;

impl Mutation<Right> for DeafInitiator {
    fn step(
        &mut self,
        me: NodeId,
        right: &mut Right,
        input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        let mut effects = step(right, input, seed);
        for effect in &mut effects {
            if let Effect::Output(Output::Finished { id, channels }) = effect
                && id.by == me
            {
                channels.clear();
            }
        }
        effects
    }
}

#[test]
fn the_channel_of_the_first_marker_is_not_recorded_as_empty() {
    let mutant = Mutated::new(banks(), PastTheMarker::new(true));
    kill(&mutant, &Scenario::default(), &CHANNEL);
}

#[test]
fn recording_past_the_marker() {
    let mutant = Mutated::new(banks(), PastTheMarker::new(false));
    kill(&mutant, &Scenario::default(), &CHANNEL);
}

#[test]
fn one_flag_for_all_channels() {
    let mutant = Mutated::new(banks(), OneFlag::default());
    kill(&mutant, &Scenario::default(), &CHANNEL);
}

#[test]
fn the_initiator_ignores_its_inputs() {
    let mutant = Mutated::new(banks(), DeafInitiator);
    kill(&mutant, &Scenario::default(), &CHANNEL);
}

/// A channel breaks and opens anew, before the first snapshot begins, and
/// no process is notified: what was in it is lost, or is sent once more.
#[test]
fn a_reconnect_taken_for_the_same_channel() {
    let lost = Scenario {
        partition: vec![Partition {
            at: Duration::from_millis(30),
            heal: Some(Duration::from_millis(45)),
            group: vec![0],
            ..Partition::default()
        }],
        ..Scenario::default()
    };
    let [channel, total, once] = CHANNEL;
    kill(&banks::<Right>(), &lost, &[channel, once, "I9 FIFO"]);
    let doubled = Scenario {
        duplication: 0.02,
        ..Scenario::default()
    };
    kill(&banks::<Right>(), &doubled, &[total, once, "I9 FIFO"]);
}
