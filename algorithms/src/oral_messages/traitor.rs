//! A traitor among the generals: another algorithm over the same messages.

use super::{Obeys, OralMessages, Orders};
use crate::rounds::{self, Message, Rounds, Timer};
use crate::{Algorithm, Describe, Effect, Input, NodeId, Out};

/// A general that tosses a coin for each order that it sends, to each receiver anew.
/// Otherwise it does what a right one does. The model checker tries all sides of all coins,
/// so it tries all lies that the orders leave open.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Traitor {
    #[describe(flatten)]
    right: Rounds<OralMessages>,
}

impl Traitor {
    /// A traitor in place of that process.
    pub fn new(right: Rounds<OralMessages>) -> Self {
        Self { right }
    }

    fn handle(&mut self, input: Input<Rounds<OralMessages>>, out: &mut Out<Self>) {
        for mut effect in out.step_below(&mut self.right, input) {
            if let Effect::Send { message, .. } = &mut effect
                && let Message::Something { message, .. } = message
            {
                for order in &mut message.orders {
                    order.attack = out.random(0..=1_u32) == 1;
                }
            }
            out.add(effect);
        }
    }
}

impl Algorithm for Traitor {
    type Message = Message<Orders>;
    type Timer = Timer;
    type Command = ();
    type Output = rounds::Output<Obeys>;

    fn on_start(&mut self, out: &mut Out<Self>) {
        self.handle(Input::Start, out);
    }

    fn on_restart(&mut self, out: &mut Out<Self>) {
        self.handle(Input::Restart, out);
    }

    fn on_command(&mut self, (): (), _: &mut Out<Self>) {}

    fn on_message(&mut self, from: NodeId, message: Message<Orders>, out: &mut Out<Self>) {
        self.handle(Input::Message { from, message }, out);
    }

    fn on_timer(&mut self, timer: Timer, out: &mut Out<Self>) {
        self.handle(Input::Timer(timer), out);
    }
}
