//! Nodes that want links without a right to them.

use super::{Command, Message, Output, Overlay, Timer};
use crate::membership::Disguise;
use crate::{Algorithm, Describe, Effect, Fields, Input, NodeId, Out};

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

impl Algorithm for Hostile {
    type Message = Message;
    type Timer = Timer;
    type Command = Command;
    type Output = Output;

    fn on_start(&mut self, out: &mut Out<Self>) {
        self.step(Input::Start, out);
    }

    fn on_restart(&mut self, out: &mut Out<Self>) {
        self.step(Input::Restart, out);
    }

    fn on_command(&mut self, command: Command, out: &mut Out<Self>) {
        self.step(Input::Command(command), out);
    }

    fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Self>) {
        self.step(Input::Message { from, message }, out);
    }

    fn on_timer(&mut self, timer: Timer, out: &mut Out<Self>) {
        self.step(Input::Timer(timer), out);
    }

    fn begins_operation(timer: &Timer) -> bool {
        Overlay::begins_operation(timer)
    }
}

/// With the name of the attack.
impl Describe for Hostile {
    fn describe(&self, fields: &mut Fields) {
        self.disguise.attack().describe_as("attack", fields);
        self.overlay.describe(fields);
    }
}
