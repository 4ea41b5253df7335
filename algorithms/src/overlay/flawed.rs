//! Nodes with a mistake in them, for judges to find and for readers to see what a rule is there
//! for.

use std::sync::Arc;

use super::{Message, Output, Overlay};
use crate::party::around;
use crate::{Describe, Effect, Input, Out};

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flaw {
    /// A node that drains a link does not wait for the other end.
    DrainUnconfirmed,
    /// A node accepts as many links as it is asked for.
    AllAccepted,
    /// A packet that has arrived is delivered twice.
    DeliveredTwice,
}

/// A node with that mistake.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Flawed {
    #[describe(flatten)]
    overlay: Overlay,
    #[describe(skip)]
    flaw: Flaw,
}

impl Flawed {
    /// The node with that mistake.
    pub fn new(mut overlay: Overlay, flaw: Flaw) -> Self {
        if flaw == Flaw::AllAccepted {
            Arc::make_mut(&mut overlay.config).accepted = usize::MAX;
        }
        Self { overlay, flaw }
    }

    /// What the right node does, and what the mistake adds.
    fn step(&mut self, input: Input<Overlay>, out: &mut Out<Self>) {
        let mut drained = Vec::new();
        for effect in out.step_below(&mut self.overlay, input) {
            match (&effect, self.flaw) {
                (Effect::Send { to, message, .. }, Flaw::DrainUnconfirmed)
                    if *message == Message::Drain =>
                {
                    drained.push(*to);
                }
                (Effect::Output(output @ Output::Delivered { .. }), Flaw::DeliveredTwice) => {
                    out.output(output.clone());
                }
                _ => {}
            }
            out.add(effect);
        }
        for from in drained {
            let message = Message::Drained;
            self.step(Input::Message { from, message }, out);
        }
    }
}

around!(Flawed, Overlay);
