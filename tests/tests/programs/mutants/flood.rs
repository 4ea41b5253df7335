//! Mistakes in flooding.

use std::time::Duration;

use algorithms::flood::{Flood, Message, Output};
use algorithms::{Effect, Input, NodeId, step};
use lab::simulator::Scenario;
use lab::system::gossip::{Flooding, Plan};

use crate::mutants::mutant::{Mutated, Mutation};
use crate::mutants::{kill, spare};

type Right = Flood;

/// Six on a ring with a chord, and three rumours.
fn ring(fanout: Option<u32>) -> Flooding {
    let neighbours = |me: u32| {
        let mut all = vec![(me + 5) % 6, (me + 1) % 6];
        all.extend(me.is_multiple_of(3).then_some((me + 3) % 6));
        all
    };
    let plan = Plan {
        messages: 3,
        interval: Duration::from_millis(5),
        size: 16,
        fanout,
        patience: Duration::from_secs(1),
    };
    Flooding::new((0..6).map(neighbours).collect(), plan, 1)
}

fn scenario() -> Scenario {
    Scenario {
        fifo: false,
        ..Scenario::default()
    }
}

/// It forwards rumours that it had already: only twice, so that the run ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct ForwardsDuplicates {
    again: u32,
}

impl Mutation<Right> for ForwardsDuplicates {
    fn step(
        &mut self,
        _: NodeId,
        right: &mut Right,
        input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        let copy = match &input {
            Input::Message { from, message } => Some((*from, message.clone())),
            Input::Start | Input::Restart | Input::Command(_) | Input::Timer(()) => None,
        };
        let mut effects = step(right, input, seed);
        if let Some((to, message)) = copy
            && effects.is_empty()
            && self.again < 2
        {
            self.again += 1;
            effects.push(Effect::Send {
                to,
                message,
                within: None,
            });
        }
        effects
    }
}

/// It delivers a rumour without checking whether it had it already.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct DeliversDuplicates;

impl Mutation<Right> for DeliversDuplicates {
    fn step(
        &mut self,
        _: NodeId,
        right: &mut Right,
        input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        let copy = match &input {
            Input::Message { message, .. } => Some((message.rumour, message.hops)),
            Input::Start | Input::Restart | Input::Command(_) | Input::Timer(()) => None,
        };
        let mut effects = step(right, input, seed);
        if let Some((rumour, hops)) = copy
            && effects.is_empty()
        {
            effects.push(Effect::Output(Output::Delivered { rumour, hops }));
        }
        effects
    }
}

/// One process does not forward what it delivers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Forgets;

impl Mutation<Right> for Forgets {
    fn step(
        &mut self,
        me: NodeId,
        right: &mut Right,
        input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        let mut effects = step(right, input, seed);
        let heard = effects
            .iter()
            .any(|effect| matches!(effect, Effect::Output(Output::Delivered { .. })));
        effects.retain(|effect| !(heard && me.0 == 2 && matches!(effect, Effect::Send { .. })));
        effects
    }
}

/// No process forwards what it receives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct NobodyForwards;

impl Mutation<Right> for NobodyForwards {
    fn step(
        &mut self,
        _: NodeId,
        right: &mut Right,
        input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        let mut effects = step(right, input, seed);
        effects
            .retain(|effect| !matches!(effect, Effect::Send { message, .. } if message.hops > 1));
        effects
    }
}

/// It forwards a rumour without counting the hop.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Miscounts;

impl Mutation<Right> for Miscounts {
    fn step(
        &mut self,
        _: NodeId,
        right: &mut Right,
        input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        let mut effects = step(right, input, seed);
        for effect in &mut effects {
            if let Effect::Send {
                message: Message { hops, .. },
                ..
            } = effect
            {
                *hops = (*hops - 1).max(1);
            }
        }
        effects
    }
}

/// It delivers what no process has published.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct MakesUp;

impl Mutation<Right> for MakesUp {
    fn step(
        &mut self,
        _: NodeId,
        right: &mut Right,
        input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        let mut effects = step(right, input, seed);
        for effect in &mut effects {
            if let Effect::Output(Output::Delivered { rumour, .. }) = effect {
                rumour.number += 7;
            }
        }
        effects
    }
}

#[test]
fn the_correct_algorithm_passes() {
    spare(&ring(None), &scenario());
    spare(&ring(Some(1)), &scenario());
    let twice = Scenario {
        duplication: 0.2,
        ..scenario()
    };
    spare(&ring(None), &twice);
    spare(&ring(Some(2)), &twice);
}

#[test]
fn a_flood_that_does_not_run_out() {
    let mutant = Mutated::new(ring(None), ForwardsDuplicates::default());
    kill(&mutant, &scenario(), &["sent on once"]);
}

#[test]
fn a_flood_that_delivers_twice() {
    let mutant = Mutated::new(ring(None), DeliversDuplicates);
    kill(&mutant, &scenario(), &["no duplication"]);
}

#[test]
fn a_flood_that_stops_at_one() {
    let mutant = Mutated::new(ring(None), Forgets);
    kill(&mutant, &scenario(), &["sent on once"]);
}

#[test]
fn a_flood_that_stops_everywhere() {
    let mutant = Mutated::new(ring(None), NobodyForwards);
    kill(&mutant, &scenario(), &["sent on once", "validity"]);
}

#[test]
fn a_flood_that_miscounts() {
    let mutant = Mutated::new(ring(None), Miscounts);
    kill(&mutant, &scenario(), &["hops"]);
}

#[test]
fn a_flood_of_made_up_rumours() {
    let mutant = Mutated::new(ring(None), MakesUp);
    kill(&mutant, &scenario(), &["no creation", "cause", "validity"]);
}
