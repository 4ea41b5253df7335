//! Nodes that want links without a right to them.

use super::{Message, Overlay};
use crate::membership::Disguise;
use crate::party::around;
use crate::{Describe, Effect, Fields, Input, Out};

/// An impostor ([`membership`](crate::membership)) among the nodes of an overlay. It opens links,
/// routes and sends packets as others do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hostile {
    overlay: Overlay,
    disguise: Disguise,
}

impl Hostile {
    /// In place of that node.
    pub const fn new(overlay: Overlay, disguise: Disguise) -> Self {
        Self { overlay, disguise }
    }

    fn step(&mut self, input: Input<Overlay>, out: &mut Out<Self>) {
        if let Input::Message {
            message: Message::Membership(message),
            ..
        } = &input
        {
            self.disguise.learn(message);
        }
        for effect in out.step_below(&mut self.overlay, input) {
            match effect {
                Effect::Send {
                    to,
                    message: Message::Membership(message),
                    ..
                } => {
                    for message in self.disguise.spoil(message) {
                        out.send(to, Message::Membership(message));
                    }
                }
                effect => out.add(effect),
            }
        }
    }
}

around!(Hostile, Overlay);

/// With the name of the attack.
impl Describe for Hostile {
    fn describe(&self, fields: &mut Fields) {
        self.disguise.attack().describe_as("attack", fields);
        self.overlay.describe(fields);
    }
}
