//! What distinguishes two states.
//!
//! The parts of a state that several states share, its processes and its channels, have
//! digests, which are computed once. The identity of a state is a sum of the digests of its
//! parts. Each has its place in it, so the order of the sum does not matter.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use algorithms::{Algorithm, NodeId, renamed};

use super::channels::{Channels, Sent};
use super::process::{Process, Timer};
use super::{Environment, World};

/// One digest for each renaming of the processes, of which the first changes no name.
pub(super) type Digests = Box<[u64]>;

/// Which differences between states count.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    /// Whether what processes have seen before counts.
    pub(super) with_history: bool,
    /// Whether channels keep the order.
    pub(super) fifo: bool,
    /// Whether there is time.
    pub(super) is_synchronous: bool,
    /// Each the new number of every process. States that differ by one of these are the
    /// same. The first changes none.
    pub(super) renamings: Arc<[Vec<u32>]>,
}

/// SplitMix64's finalizer (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
/// Generators", OOPSLA 2014), for a digest of digests.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// A digest of a value.
pub(super) fn digest(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// A digest that depends on the values, and not on their order.
fn sum(digests: impl Iterator<Item = u64>) -> u64 {
    digests.fold(0, u64::wrapping_add)
}

impl Identity {
    /// The digests of a value under each renaming.
    fn digests(&self, digest: impl Fn() -> u64) -> Digests {
        let all = self.renamings.iter();
        all.map(|renaming| renamed(renaming, &digest)).collect()
    }

    /// The digests of a message, with its ends.
    pub(super) fn sent<M: Hash>(&self, sent: &Sent<M>) -> Digests {
        match self.with_history {
            true => [digest((sent.nodes(), sent.received.id))].into(),
            false => self.digests(|| digest((sent.nodes(), &sent.message))),
        }
    }

    /// The digest of all messages under way.
    fn messages<M>(&self, channels: &Channels<M>, renaming: usize) -> u64 {
        sum(channels.iter().map(|(place, one)| {
            let place = if self.fifo { place as u64 } else { 0 };
            mix(one.sent.digests[renaming] ^ mix(place << 1 | u64::from(one.again)))
        }))
    }

    pub(super) fn process<A: Algorithm>(&self, node: u32, process: &Process<A>) -> Digests {
        match self.with_history {
            true => [digest((node, process.key()))].into(),
            false => self.digests(|| digest((self.state(node, process), process.outputs))),
        }
    }

    /// What a process holds, without its history.
    fn state<A: Algorithm>(&self, node: u32, process: &Process<A>) -> u64 {
        let timers = process.timers.iter().filter(|_| !self.is_synchronous);
        let timers = sum(timers.map(|(timer, Timer { after, .. })| digest((timer, after))));
        let (steps, is_down) = (&process.steps, process.is_down);
        let state = (steps.algorithm(), steps.restarts_as());
        digest((NodeId(node), state, timers, is_down))
    }

    pub(super) fn environment<C: Hash + Clone>(&self, environment: &Environment<C>) -> Digests {
        self.digests(|| {
            let given = (0..).map(NodeId).zip(&environment.given);
            let given = sum(given.filter(|(_, given)| **given > 0).map(digest));
            let endings = match self.with_history {
                // They follow from it.
                true => 0,
                false => sum(environment.endings.of_each().map(digest)),
            };
            let (clients, operations) = (&environment.clients, &environment.operations);
            match clients.is_empty() {
                true => digest((given, endings)),
                false => digest((given, endings, clients, operations)),
            }
        })
    }
}

impl<A: Algorithm> World<A> {
    /// A hash of all that distinguishes two states for the search.
    ///
    /// Where history counts, a process is what it has seen: its state and its timers follow
    /// from that, and so do the messages' ids. Otherwise two states with the same hash can
    /// continue alike, except for random numbers, and have the same outputs.
    pub fn identity(&self) -> u64 {
        let counted = match self.fixed.identity.with_history {
            true => digest((self.spent, self.is_started, self.start, self.moments)),
            false => digest((self.spent, self.is_started)),
        };
        let renamings = self.fixed.identity.renamings.iter().enumerate();
        let all = renamings.map(|(place, renaming)| {
            let processes = self.processes.iter().map(|process| process.digests[place]);
            let messages = self.fixed.identity.messages(&self.channels, place);
            let parts = sum(processes).wrapping_add(messages);
            let rest = self.environment.digests[place].wrapping_add(counted);
            parts
                .wrapping_add(rest)
                .wrapping_add(renamed(renaming, || self.time()))
        });
        all.min().unwrap_or_default()
    }

    /// A digest of when timers run out, in a synchronous system.
    fn time(&self) -> u64 {
        let Identity {
            with_history,
            is_synchronous,
            ..
        } = self.fixed.identity;
        if with_history || !is_synchronous {
            return 0;
        }
        let processes = (0..).map(NodeId).zip(&self.processes);
        sum(processes.flat_map(|(node, process)| {
            let timers = process.timers.iter();
            timers.map(move |(timer, Timer { after, due, .. })| {
                digest((node, timer, after, due.saturating_sub(self.now)))
            })
        }))
    }

    /// A hash of the state without its history and its outputs. Two states with the same
    /// hash can continue alike, except for random numbers.
    pub(in crate::model) fn situation(&self) -> u64 {
        let identity = Identity {
            with_history: false,
            ..self.fixed.identity.clone()
        };
        let processes = (0..).zip(&self.processes);
        let processes = processes.map(|(node, process)| identity.state(node, process));
        let messages = self.channels.iter().map(|(place, one)| {
            let place = identity.fifo.then_some(place);
            digest((one.sent.nodes(), place, &one.sent.message, one.again))
        });
        let environment = identity.environment(&self.environment);
        let rest = digest((&environment[0], self.spent, self.is_started));
        sum(processes.chain(messages)).wrapping_add(rest)
    }
}
