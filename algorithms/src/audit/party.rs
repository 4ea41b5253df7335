//! The processes of a run: right ones, wrong ones, cheaters.

use super::{Audit, Cheater, Command, Flawed, Message, Output};
use crate::{Algorithm, Describe, Fields, Input, NodeId, Out};

/// A process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    /// It does what it should.
    Honest(Audit),
    /// It has a mistake.
    Flawed(Flawed),
    /// It cheats.
    Cheater(Cheater),
}

impl Party {
    fn step(&mut self, input: Input<Audit>, out: &mut Out<Self>) {
        fn add<A>(process: &mut A, input: Input<Audit>, out: &mut Out<Party>)
        where
            A: Algorithm<Message = Message, Timer = NodeId, Command = Command, Output = Output>,
        {
            let input = match input {
                Input::Start => Input::Start,
                Input::Restart => Input::Restart,
                Input::Command(command) => Input::Command(command),
                Input::Message { from, message } => Input::Message { from, message },
                Input::Timer(timer) => Input::Timer(timer),
            };
            let effects = out.step_below(process, input);
            effects.into_iter().for_each(|effect| out.add(effect));
        }
        match self {
            Self::Honest(process) => add(process, input, out),
            Self::Flawed(process) => add(process, input, out),
            Self::Cheater(process) => add(process, input, out),
        }
    }
}

impl Algorithm for Party {
    type Message = Message;
    type Timer = NodeId;
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

    fn on_timer(&mut self, timer: NodeId, out: &mut Out<Self>) {
        self.step(Input::Timer(timer), out);
    }
}

impl Describe for Party {
    fn describe(&self, fields: &mut Fields) {
        match self {
            Self::Honest(process) => process.describe(fields),
            Self::Flawed(process) => process.describe(fields),
            Self::Cheater(process) => process.describe(fields),
        }
    }

    fn recover(&mut self, stored: &Self) {
        match (self, stored) {
            (Self::Honest(new), Self::Honest(old)) => new.recover(old),
            (Self::Flawed(new), Self::Flawed(old)) => new.recover(old),
            (Self::Honest(_) | Self::Flawed(_) | Self::Cheater(_), _) => {}
        }
    }
}
