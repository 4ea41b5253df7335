//! What distinguishes two states.
//!
//! The parts of a state that several states share, its processes and its channels, have
//! digests, which are computed once. The identity of a state is a sum of the digests of its
//! parts. Each has its place in it, so the order of the sum does not matter.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use algorithms::{Algorithm, NodeId};

use super::actions::PATIENT;
use super::channels::{Channels, Sent};
use super::process::{Process, Timer};
use super::{Environment, World};
use crate::model::Plan;
use crate::system::{Renaming, Symmetry, System};

/// One digest for each renaming of the processes, of which the first changes no name.
pub(super) type Digests = Box<[u64]>;

/// Which differences between states count.
#[derive(Clone, Debug)]
pub(super) struct Identity<A: Algorithm> {
    /// Whether what processes have seen before counts.
    pub(super) with_history: bool,
    /// Whether channels keep the order.
    pub(super) fifo: bool,
    /// Whether all processes take rounds by the clock.
    pub(super) is_synchronous: bool,
    /// Whether names count, and how values look under other names.
    pub(super) symmetry: Symmetry<A>,
    /// States that differ by one of these are the same. The first changes no name.
    pub(super) renamings: Arc<[Renaming]>,
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

impl<A: Algorithm> Identity<A> {
    /// That of a system. Names count where history does, for it has them in records, where
    /// clients ask processes by their names, and where processes have other neighbours or
    /// commands.
    pub(super) fn new<S: System<Algorithm = A>>(system: &S, plan: &Plan) -> Self {
        let with_history = !system.ignores_history();
        let all = |process: &A, _: &Renaming| process.clone();
        let declared = system.symmetry();
        let usable = declared.filter(|symmetry| {
            let is_same = || symmetry.is_of(&plan.directory, &system.commands());
            !with_history && system.clients().is_empty() && is_same()
        });
        let symmetry = usable.unwrap_or_else(|| Symmetry::new([], all));
        Self {
            with_history,
            fifo: plan.network.fifo,
            is_synchronous: system.is_synchronous(),
            renamings: symmetry.renamings().into(),
            symmetry,
        }
    }

    /// The digests of a value under each renaming.
    fn digests(&self, digest: impl Fn(&Renaming) -> u64) -> Digests {
        self.renamings.iter().map(digest).collect()
    }

    /// The digests of a message, with its ends.
    pub(super) fn sent(&self, sent: &Sent<A::Message>) -> Digests {
        let (from, to) = sent.nodes();
        match self.with_history {
            true => [digest((from, to, sent.received.id))].into(),
            false => self.digests(|names| {
                let message = (self.symmetry.message)(&sent.message, names);
                digest((names.of(from), names.of(to), message))
            }),
        }
    }

    /// The digests of the outputs of a process, with one more.
    pub(super) fn outputs(&self, before: &[u64], output: &A::Output) -> Digests {
        let all = self.renamings.iter().zip(before);
        let renamed = |names| (self.symmetry.output)(output, names);
        all.map(|(names, before)| digest((before, renamed(names))))
            .collect()
    }

    /// The digest of all messages under way.
    fn messages(&self, channels: &Channels<A::Message>, renaming: usize) -> u64 {
        sum(channels.iter().map(|(place, one)| {
            let place = if self.fifo { place as u64 } else { 0 };
            mix(one.sent.digests[renaming] ^ mix(place << 1 | u64::from(one.again)))
        }))
    }

    pub(super) fn process(&self, node: u32, process: &Process<A>) -> Digests {
        match self.with_history {
            true => [digest((node, process.key()))].into(),
            false => {
                let all = self.renamings.iter().zip(&process.outputs);
                all.map(|(names, outputs)| digest((self.state(node, process, names), outputs)))
                    .collect()
            }
        }
    }

    /// What a process holds, without its history.
    fn state(&self, node: u32, process: &Process<A>, names: &Renaming) -> u64 {
        let timers = process
            .timers
            .iter()
            .filter(|(_, timer)| !self.is_timed(timer));
        let timers = sum(timers.map(|(timer, Timer { after, .. })| digest((timer, after))));
        let (steps, is_down) = (&process.steps, process.is_down);
        let renamed = |state| (self.symmetry.process)(state, names);
        let state = (renamed(steps.algorithm()), renamed(steps.restarts_as()));
        digest((names.of(NodeId(node)), state, timers, is_down))
    }

    /// Whether it matters when a timer runs out.
    pub(super) fn is_timed(&self, timer: &Timer) -> bool {
        self.is_synchronous || timer.after >= PATIENT
    }

    pub(super) fn environment(&self, environment: &Environment<A::Command>) -> Digests {
        self.digests(|names| {
            let counts = |counts: (NodeId, u64)| digest((names.of(counts.0), counts.1));
            let given = (0..).map(NodeId).zip(&environment.given);
            let given = given.filter(|(_, given)| **given > 0);
            let given = sum(given.map(|(node, given)| counts((node, u64::from(*given)))));
            let endings = match self.with_history {
                // They follow from it.
                true => 0,
                false => sum(environment.endings.of_each().map(counts)),
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
        let all = renamings.map(|(place, names)| {
            let processes = self.processes.iter().map(|process| process.digests[place]);
            let messages = self.fixed.identity.messages(&self.channels, place);
            let parts = sum(processes).wrapping_add(messages);
            let rest = self.environment.digests[place].wrapping_add(counted);
            parts.wrapping_add(rest).wrapping_add(self.time(names))
        });
        all.min().unwrap_or_default()
    }

    /// A digest of when timers run out, as far as that matters.
    fn time(&self, names: &Renaming) -> u64 {
        let identity = &self.fixed.identity;
        let processes = (0..).map(NodeId).zip(&self.processes);
        sum(processes.flat_map(|(node, process)| {
            let timers = process.timers.iter();
            let timed = timers.filter(|(_, timer)| identity.is_timed(timer));
            timed.map(move |(timer, Timer { after, due, .. })| {
                digest((names.of(node), timer, after, due.saturating_sub(self.now)))
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
        let names = &identity.renamings[0];
        let processes = processes.map(|(node, process)| identity.state(node, process, names));
        let messages = self.channels.iter().map(|(place, one)| {
            let place = identity.fifo.then_some(place);
            digest((one.sent.nodes(), place, &one.sent.message, one.again))
        });
        let environment = identity.environment(&self.environment);
        let rest = digest((&environment[0], self.spent, self.is_started));
        let parts = sum(processes.chain(messages));
        parts.wrapping_add(rest).wrapping_add(self.time(names))
    }
}
