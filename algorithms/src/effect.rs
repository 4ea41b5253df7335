//! What an algorithm answers an input with.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::{Algorithm, Input, NodeId, step};

/// Parts the random numbers of an application from those of the algorithm that
/// is superimposed on it. Any number will do.
const APPLICATION: u64 = 0x6170_706c_6963_6174;

/// One thing that a process wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect<A: Algorithm> {
    /// Put a message into the channel to another process.
    Send {
        /// The receiver.
        to: NodeId,
        /// What to send.
        message: A::Message,
        /// How long the message is of use, if not for ever. It travels as the
        /// envelope's deadline and shows in the trace; it never changes what
        /// the receiver does.
        within: Option<Duration>,
    },
    /// Call [`Algorithm::on_timer`] after a while. A timer that runs already
    /// is set anew.
    SetTimer {
        /// Which timer.
        timer: A::Timer,
        /// How long from now.
        after: Duration,
    },
    /// Forget a timer. One that does not run is no error.
    CancelTimer {
        /// Which timer.
        timer: A::Timer,
    },
    /// Tell the world outside.
    Output(A::Output),
}

/// Where a handler puts its effects, and where it gets its randomness.
#[derive(Debug)]
pub struct Out<A: Algorithm> {
    effects: Vec<Effect<A>>,
    seed: u64,
    rng: Option<ChaCha8Rng>,
}

impl<A: Algorithm> Out<A> {
    /// Nothing done yet.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            effects: Vec::new(),
            seed,
            rng: None,
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

    /// Sends `message` to `to`, for whom it is of use for the time `within`.
    pub fn send_within(&mut self, to: NodeId, message: A::Message, within: Duration) {
        self.effects.push(Effect::Send {
            to,
            message,
            within: Some(within),
        });
    }

    /// Sets `timer` to run out `after` a while.
    pub fn set_timer(&mut self, timer: A::Timer, after: Duration) {
        self.effects.push(Effect::SetTimer { timer, after });
    }

    /// Forgets `timer`.
    pub fn cancel_timer(&mut self, timer: A::Timer) {
        self.effects.push(Effect::CancelTimer { timer });
    }

    /// Tells the world outside.
    pub fn output(&mut self, output: A::Output) {
        self.effects.push(Effect::Output(output));
    }

    /// The step's own random numbers: the same seed gives the same numbers.
    pub fn rng(&mut self) -> &mut ChaCha8Rng {
        let seed = self.seed;
        self.rng
            .get_or_insert_with(|| ChaCha8Rng::seed_from_u64(seed))
    }

    /// Lets an application below this algorithm handle an input, and does what
    /// it wants: its messages, timers and outputs go out as those that the
    /// three functions make of them; the first is told the receiver, too. This
    /// is how an algorithm is superimposed on another, which knows nothing of
    /// it. From the same seed the application makes the same choices, whatever
    /// is above it.
    pub fn forward<B: Algorithm>(
        &mut self,
        application: &mut B,
        input: Input<B>,
        mut message: impl FnMut(NodeId, B::Message) -> A::Message,
        timer: impl Fn(B::Timer) -> A::Timer,
        output: impl Fn(B::Output) -> A::Output,
    ) {
        for effect in step(application, input, self.seed ^ APPLICATION) {
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
            });
        }
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

    /// What the bank sends and whom, whatever is above it.
    fn sent<A: Algorithm>(mut process: A, due: A::Timer, seed: u64) -> Vec<(NodeId, String)> {
        let effects = step(&mut process, Input::Timer(due), seed).into_iter();
        let sends = effects.filter_map(|effect| match effect {
            Effect::Send { to, message, .. } => {
                let amount = message.fields().get_integer("amount");
                Some((to, format!("{amount:?}")))
            }
            Effect::SetTimer { .. } | Effect::CancelTimer { .. } | Effect::Output(_) => None,
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
