//! The effects by which an algorithm responds to an input.

use std::borrow::Cow;
use std::ops::RangeBounds;
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use rand::distr::uniform::SampleRange;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::algorithm::handle;
use crate::{Algorithm, Choices, Draw, Input, NodeId};

/// Separates the random numbers of an application from those of the algorithm that
/// is superimposed on it. The value is arbitrary.
const APPLICATION: u64 = 0x6170_706c_6963_6174;

/// One action that a process requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect<A: Algorithm> {
    /// Put a message into the channel to another process.
    Send {
        /// The receiver.
        to: NodeId,
        /// The message.
        message: A::Message,
        /// How long the message is of use, if limited. It becomes the envelope's
        /// deadline and is part of the trace; it never changes the receiver's
        /// behaviour.
        within: Option<Duration>,
    },
    /// Call [`Algorithm::on_timer`] after a delay. A timer that runs already is
    /// set anew.
    SetTimer {
        /// The timer.
        timer: A::Timer,
        /// The delay.
        after: Duration,
    },
    /// Cancel a timer. It is no error if the timer does not run.
    CancelTimer {
        /// The timer.
        timer: A::Timer,
    },
    /// Output a value to the environment.
    Output(A::Output),
    /// Write the durable fields to stable storage, as they are at the end of the step.
    Persist,
}

/// Collects a handler's effects, and provides its random numbers.
#[derive(Debug)]
pub struct Out<A: Algorithm> {
    effects: Vec<Effect<A>>,
    seed: u64,
    rng: Option<ChaCha8Rng>,
    /// Where the engine makes the random choices.
    pub(crate) choices: Option<Choices>,
    /// The name of the sender, if it is not of the run.
    pub(crate) stranger: Option<Arc<str>>,
}

impl<A: Algorithm> Out<A> {
    /// Without effects yet.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            effects: Vec::new(),
            seed,
            rng: None,
            choices: None,
            stranger: None,
        }
    }

    /// The name of the sender of the message that is handled: `peer-07`, and for a process
    /// from outside the run its PeerId. It is proven, and the same wherever the process is.
    pub fn name(&self, sender: NodeId) -> Cow<'_, str> {
        match &self.stranger {
            Some(name) => Cow::Borrowed(name),
            None => Cow::Owned(sender.to_string()),
        }
    }

    /// Sends `message` to `to`, which has to be a neighbour ([`Algorithm`]).
    pub fn send(&mut self, to: NodeId, message: A::Message) {
        self.effects.push(Effect::Send {
            to,
            message,
            within: None,
        });
    }

    /// Sends `message` to each process in `to`.
    pub fn broadcast(&mut self, to: impl IntoIterator<Item = NodeId>, message: &A::Message) {
        for to in to {
            self.send(to, message.clone());
        }
    }

    /// Sends `message`, which is of use for the time `within`, to `to`.
    pub fn send_within(&mut self, to: NodeId, message: A::Message, within: Duration) {
        self.effects.push(Effect::Send {
            to,
            message,
            within: Some(within),
        });
    }

    /// Sets `timer` to run out after the delay `after`.
    pub fn set_timer(&mut self, timer: A::Timer, after: Duration) {
        self.effects.push(Effect::SetTimer { timer, after });
    }

    /// Cancels `timer`.
    pub fn cancel_timer(&mut self, timer: A::Timer) {
        self.effects.push(Effect::CancelTimer { timer });
    }

    /// Outputs a value to the environment.
    pub fn output(&mut self, output: A::Output) {
        self.effects.push(Effect::Output(output));
    }

    /// Writes the state's durable fields ([`Describe`](crate::Describe)) to stable
    /// storage, as they are at the end of the step, and before any message of the step is
    /// sent. A process that restarts after a crash has them again
    /// ([`Algorithm::on_restart`]).
    pub fn persist(&mut self) {
        self.effects.push(Effect::Persist);
    }

    /// A random value of a range, such as `0..6` or `1..=6`: the same seed gives the same.
    /// The model checker tries all values of a range of up to 16 integers.
    pub fn random<T: Draw>(&mut self, range: impl SampleRange<T> + RangeBounds<T>) -> T {
        let choices = self.choices.as_mut();
        match choices.and_then(|choices| choices.choose(&range)) {
            Some(value) => value,
            None => self.rng().random_range(range),
        }
    }

    /// A random one of `items`, as [`random`](Self::random) draws it; `None` if there are
    /// none.
    pub fn choose<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        match items {
            [] => None,
            items => Some(&items[self.random(0..items.len())]),
        }
    }

    /// The step's own random numbers: the same seed gives the same numbers. The model
    /// checker tries no others.
    pub fn rng(&mut self) -> &mut ChaCha8Rng {
        if let Some(choices) = &mut self.choices {
            choices.draw();
        }
        let seed = self.seed;
        self.rng
            .get_or_insert_with(|| ChaCha8Rng::seed_from_u64(seed))
    }

    /// Lets an application below this algorithm handle an input, and adds its
    /// effects: the three functions convert its messages, timers and outputs; the
    /// first also gets the receiver. This is how an algorithm is superimposed on
    /// another, which knows nothing of it. From the same seed the application makes
    /// the same choices under every algorithm.
    pub fn forward<B: Algorithm>(
        &mut self,
        application: &mut B,
        input: Input<B>,
        mut message: impl FnMut(NodeId, B::Message) -> A::Message,
        timer: impl Fn(B::Timer) -> A::Timer,
        output: impl Fn(B::Output) -> A::Output,
    ) {
        for effect in self.step_below(application, input) {
            self.effects.push(match effect {
                Effect::Send {
                    to,
                    message: inner,
                    within,
                } => Effect::Send {
                    to,
                    message: message(to, inner),
                    within,
                },
                Effect::SetTimer {
                    timer: inner,
                    after,
                } => Effect::SetTimer {
                    timer: timer(inner),
                    after,
                },
                Effect::CancelTimer { timer: inner } => Effect::CancelTimer {
                    timer: timer(inner),
                },
                Effect::Output(inner) => Effect::Output(output(inner)),
                Effect::Persist => Effect::Persist,
            });
        }
    }

    /// Lets an application below this algorithm handle an input, and returns its effects:
    /// for an algorithm that changes them or leaves some out.
    pub fn step_below<B: Algorithm>(
        &mut self,
        application: &mut B,
        input: Input<B>,
    ) -> Vec<Effect<B>> {
        let mut below = Out::new(self.seed ^ APPLICATION);
        below.choices = self.choices.take();
        below.stranger.clone_from(&self.stranger);
        handle(application, input, &mut below);
        self.choices = below.choices.take();
        below.into_effects()
    }

    /// Adds an effect of another algorithm over the same messages, timers and outputs.
    pub fn add<B>(&mut self, effect: Effect<B>)
    where
        B: Algorithm<Message = A::Message, Timer = A::Timer, Output = A::Output>,
    {
        self.effects.push(match effect {
            Effect::Send {
                to,
                message,
                within,
            } => Effect::Send {
                to,
                message,
                within,
            },
            Effect::SetTimer { timer, after } => Effect::SetTimer { timer, after },
            Effect::CancelTimer { timer } => Effect::CancelTimer { timer },
            Effect::Output(output) => Effect::Output(output),
            Effect::Persist => Effect::Persist,
        });
    }

    pub(crate) fn into_effects(self) -> Vec<Effect<A>> {
        self.effects
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Describe as _;
    use crate::bank::{Bank, Due};
    use crate::chandy_lamport::ChandyLamport;
    use crate::lai_yang::LaiYang;
    use crate::naive_snapshot::NaiveSnapshot;
    use crate::snapshot::Timer;
    use crate::step;

    /// The messages of the bank, with their receivers, under any algorithm.
    fn sent<A: Algorithm>(mut process: A, due: A::Timer, seed: u64) -> Vec<(NodeId, String)> {
        let effects = step(&mut process, Input::Timer(due), seed).into_iter();
        let sends = effects.filter_map(|effect| match effect {
            Effect::Send { to, message, .. } => {
                let amount = message.fields().get_integer("amount");
                Some((to, format!("{amount:?}")))
            }
            Effect::SetTimer { .. }
            | Effect::CancelTimer { .. }
            | Effect::Output(_)
            | Effect::Persist => None,
        });
        sends.collect()
    }

    #[test]
    fn an_application_makes_the_same_choices_under_every_algorithm() {
        let (me, others) = (NodeId(0), || (1..9).map(NodeId));
        let all = || (0..9).map(NodeId);
        let second = Duration::from_secs(1);
        for seed in 0..50 {
            let bank = || Bank::new(me, others().collect(), 100, second, 9);
            let marked = ChandyLamport::new(bank(), me, others(), all(), second);
            let coloured = LaiYang::new(bank(), me, others(), all(), second);
            let naive = NaiveSnapshot::new(bank(), me, others(), all(), second);
            let expected = sent(marked, Timer::Application(Due), seed);
            assert_eq!(expected.len(), 1, "seed {seed}");
            let coloured = sent(coloured, Timer::Application(Due), seed);
            assert_eq!(coloured, expected, "seed {seed}");
            let naive = sent(naive, Timer::Application(Due), seed);
            assert_eq!(naive, expected, "seed {seed}");
        }
    }
}
