//! What distinguishes two states.

use std::hash::{DefaultHasher, Hash, Hasher};

use algorithms::Algorithm;

use super::World;
use super::process::Timer;
use crate::system::System;

impl<A: Algorithm> World<A> {
    /// A hash of the state without its history. Two states with the same hash can
    /// continue alike, except for random numbers, and for what was seen before.
    pub(in crate::model) fn situation(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for process in &self.processes {
            process.steps.algorithm().hash(&mut hasher);
            for (timer, Timer { after, due, .. }) in &process.timers {
                (timer, after, due.saturating_sub(self.now)).hash(&mut hasher);
            }
            process.timers.len().hash(&mut hasher);
            (process.is_down, process.steps.restarts_as()).hash(&mut hasher);
        }
        for (ends, channel) in &self.channels {
            for sent in &channel.messages {
                (ends, &sent.message, sent.again).hash(&mut hasher);
            }
        }
        (&self.given, &self.endings, self.spent).hash(&mut hasher);
        self.is_started.hash(&mut hasher);
        (&self.clients, &self.operations).hash(&mut hasher);
        hasher.finish()
    }

    /// A hash of all that distinguishes two states for the search.
    pub(in crate::model) fn identity<S: System<Algorithm = A>>(&self, system: &S) -> u64 {
        match system.ignores_history() {
            true => {
                let outputs = self.processes.iter().map(|process| process.outputs);
                let mut hasher = DefaultHasher::new();
                (self.situation(), outputs.collect::<Vec<_>>()).hash(&mut hasher);
                hasher.finish()
            }
            false => self.fingerprint(),
        }
    }

    /// A hash of all that distinguishes two states. A process is what it has
    /// seen: its state and its timers follow from that, and so do the messages'
    /// ids.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for process in &self.processes {
            let seen = process.seen.as_ref().map(|seen| seen.digest);
            (seen, process.is_down).hash(&mut hasher);
        }
        for (ends, channel) in &self.channels {
            ends.hash(&mut hasher);
            channel.messages.len().hash(&mut hasher);
            for sent in &channel.messages {
                (sent.received.id, sent.again).hash(&mut hasher);
            }
        }
        (&self.given, self.spent, self.is_started, self.start).hash(&mut hasher);
        (&self.clients, &self.operations, self.moments).hash(&mut hasher);
        hasher.finish()
    }
}
