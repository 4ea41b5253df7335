//! The processes of a run in which some have a mistake, or mean harm.

use crate::{Algorithm, Describe, Fields, Input, NodeId, Out};

/// A process. All three speak the same language: messages, timers, commands and outputs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Party<R, F, A> {
    /// It does what it should.
    Honest(R),
    /// It has a mistake.
    Flawed(F),
    /// It means harm. A restart leaves it nothing.
    Adversary(A),
}

/// An algorithm that speaks the language of `R`.
pub trait Like<R: Algorithm>:
    Algorithm<Message = R::Message, Timer = R::Timer, Command = R::Command, Output = R::Output>
{
}

impl<R: Algorithm, B> Like<R> for B where
    B: Algorithm<Message = R::Message, Timer = R::Timer, Command = R::Command, Output = R::Output>
{
}

impl<R: Algorithm, F: Like<R>, A: Like<R>> Party<R, F, A> {
    fn step(&mut self, input: Input<R>, out: &mut Out<Self>) {
        match self {
            Self::Honest(process) => below(process, input, out),
            Self::Flawed(process) => below(process, input, out),
            Self::Adversary(process) => below(process, input, out),
        }
    }
}

/// What `process` does is what the process around it does.
fn below<R: Algorithm, B: Like<R>, P: Like<R>>(process: &mut B, input: Input<R>, out: &mut Out<P>) {
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

impl<R: Algorithm, F: Like<R>, A: Like<R>> Algorithm for Party<R, F, A> {
    type Message = R::Message;
    type Timer = R::Timer;
    type Command = R::Command;
    type Output = R::Output;

    fn on_start(&mut self, out: &mut Out<Self>) {
        self.step(Input::Start, out);
    }

    fn on_restart(&mut self, out: &mut Out<Self>) {
        self.step(Input::Restart, out);
    }

    fn on_command(&mut self, command: R::Command, out: &mut Out<Self>) {
        self.step(Input::Command(command), out);
    }

    fn on_message(&mut self, from: NodeId, message: R::Message, out: &mut Out<Self>) {
        self.step(Input::Message { from, message }, out);
    }

    fn on_timer(&mut self, timer: R::Timer, out: &mut Out<Self>) {
        self.step(Input::Timer(timer), out);
    }

    fn begins_operation(timer: &R::Timer) -> bool {
        R::begins_operation(timer)
    }
}

impl<R: Describe, F: Describe, A: Describe> Describe for Party<R, F, A> {
    fn describe(&self, fields: &mut Fields) {
        match self {
            Self::Honest(process) => process.describe(fields),
            Self::Flawed(process) => process.describe(fields),
            Self::Adversary(process) => process.describe(fields),
        }
    }

    fn recover(&mut self, stored: &Self) {
        match (self, stored) {
            (Self::Honest(new), Self::Honest(old)) => new.recover(old),
            (Self::Flawed(new), Self::Flawed(old)) => new.recover(old),
            (Self::Honest(_) | Self::Flawed(_) | Self::Adversary(_), _) => {}
        }
    }
}

/// Implements [`Algorithm`] for a process around another one that speaks its language: its method
/// `step` handles every input.
macro_rules! around {
    ($outer:ty, $inner:ty) => {
        impl $crate::Algorithm for $outer {
            type Message = <$inner as $crate::Algorithm>::Message;
            type Timer = <$inner as $crate::Algorithm>::Timer;
            type Command = <$inner as $crate::Algorithm>::Command;
            type Output = <$inner as $crate::Algorithm>::Output;

            fn on_start(&mut self, out: &mut $crate::Out<Self>) {
                self.step($crate::Input::Start, out);
            }

            fn on_restart(&mut self, out: &mut $crate::Out<Self>) {
                self.step($crate::Input::Restart, out);
            }

            fn on_command(&mut self, command: Self::Command, out: &mut $crate::Out<Self>) {
                self.step($crate::Input::Command(command), out);
            }

            fn on_message(
                &mut self,
                from: $crate::NodeId,
                message: Self::Message,
                out: &mut $crate::Out<Self>,
            ) {
                self.step($crate::Input::Message { from, message }, out);
            }

            fn on_timer(&mut self, timer: Self::Timer, out: &mut $crate::Out<Self>) {
                self.step($crate::Input::Timer(timer), out);
            }

            fn begins_operation(timer: &Self::Timer) -> bool {
                <$inner as $crate::Algorithm>::begins_operation(timer)
            }
        }
    };
}
pub(crate) use around;
