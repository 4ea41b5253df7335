//! The operations that are in progress.

use std::collections::{BTreeMap, VecDeque};

use algorithms::{Algorithm, NodeId};

use super::Answer;
use crate::system::System;

/// The open operations of each process, in the order in which their commands were given,
/// each with what its owner wants to know again.
#[derive(Clone, Debug, Hash)]
pub struct Operations<C, T> {
    of: BTreeMap<NodeId, OfProcess<C, T>>,
}

#[derive(Clone, Debug, Hash)]
struct OfProcess<C, T> {
    /// How many commands were given to the process.
    given: u64,
    open: VecDeque<Open<C, T>>,
}

#[derive(Clone, Debug, Hash)]
struct Open<C, T> {
    /// How many commands were given to the process before.
    number: u64,
    command: C,
    owner: T,
}

impl<C, T> Default for Operations<C, T> {
    fn default() -> Self {
        Self {
            of: BTreeMap::new(),
        }
    }
}

impl<C, T> Operations<C, T> {
    /// Adds an operation whose command is about to be given.
    pub fn begin(&mut self, node: NodeId, command: C, owner: T) {
        let of = self.of.entry(node).or_insert_with(|| OfProcess {
            given: 0,
            open: VecDeque::new(),
        });
        let number = of.given;
        of.given += 1;
        of.open.push_back(Open {
            number,
            command,
            owner,
        });
    }

    /// Whether any operation of that process is open.
    pub fn any(&self, node: NodeId) -> bool {
        self.of.get(&node).is_some_and(|of| !of.open.is_empty())
    }

    /// Ends the first open operation that an output answers, if it answers any. `taken` is
    /// how many commands the process had taken by then: no output answers a command that was
    /// not taken.
    pub fn answer<S: System>(
        &mut self,
        system: &S,
        node: NodeId,
        taken: u64,
        output: &<S::Algorithm as Algorithm>::Output,
    ) -> Option<(T, Answer)>
    where
        S::Algorithm: Algorithm<Command = C>,
    {
        let open = &mut self.of.get_mut(&node)?.open;
        let known = open.iter().take_while(|one| one.number < taken);
        let mut answers = known.map(|one| system.answers(node, &one.command, output));
        let (place, answer) = answers
            .by_ref()
            .enumerate()
            .find_map(|(place, answer)| Some((place, answer?)))?;
        drop(answers);
        Some((open.remove(place)?.owner, answer))
    }

    /// A process has lost its memory: it answers none of its open operations, and has taken
    /// no command. Returns their owners.
    pub fn forget(&mut self, node: NodeId) -> Vec<T> {
        let of = self.of.remove(&node);
        let open = of.into_iter().flat_map(|of| of.open);
        open.map(|open| open.owner).collect()
    }
}
