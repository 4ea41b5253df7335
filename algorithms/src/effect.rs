//! What an algorithm answers an input with.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::{Algorithm, NodeId};

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

    /// Sends `message` to `to`.
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

    pub(crate) fn into_effects(self) -> Vec<Effect<A>> {
        self.effects
    }
}
