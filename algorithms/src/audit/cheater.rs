//! Processes that say they store the file, and lack some of its blocks.

use std::collections::BTreeMap;

use proto::Bytes;

use super::{Command, Message, Output, Store};
use crate::{Algorithm, Describe, Fields, NodeId, Out};

/// How many blocks a cheater fetches at once. A guess; it does not answer further questions.
const MOST_FETCHES: usize = 1024;

/// What a cheater answers when it is asked for a block that it lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Describe)]
pub enum Cheat {
    /// Made-up bytes, with the path of the block.
    Forge,
    /// Another block, which it has, with the index and the path of that.
    Other,
    /// Nothing.
    Silent,
    /// The block, which it fetches from a process that has it.
    Fetch,
}

/// A process that cheats. It does not audit others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cheater {
    store: Store,
    cheat: Cheat,
    /// The processes that have all blocks.
    sources: Vec<NodeId>,
    /// How many blocks it has fetched, and the questions for which it fetches others.
    fetched: u64,
    fetches: BTreeMap<u64, (NodeId, u64)>,
}

impl Cheater {
    /// With what it stores, and the processes from which it can fetch the rest.
    pub const fn new(store: Store, cheat: Cheat, sources: Vec<NodeId>) -> Self {
        Self {
            store,
            cheat,
            sources,
            fetched: 0,
            fetches: BTreeMap::new(),
        }
    }

    /// A question for a block that it lacks.
    fn cheat(&mut self, from: NodeId, number: u64, index: u32, out: &mut Out<Self>) {
        match self.cheat {
            Cheat::Forge => out.send(
                from,
                Message::Answer {
                    number,
                    index,
                    data: Bytes::from_static(b"made up"),
                    path: self.store.path(index),
                },
            ),
            Cheat::Other => {
                let mut all = 0..self.store.blocks();
                let other = all.find(|index| self.store.has(*index));
                let answer = other.and_then(|other| self.store.answer(number, other));
                answer.into_iter().for_each(|answer| out.send(from, answer));
            }
            Cheat::Silent => {}
            Cheat::Fetch => {
                let mut sources = self.sources.iter();
                let source = sources.find(|source| **source != from);
                if let Some(source) = source
                    && self.fetches.len() < MOST_FETCHES
                {
                    self.fetched += 1;
                    self.fetches.insert(self.fetched, (from, number));
                    let number = self.fetched;
                    out.send(*source, Message::Probe { number, index });
                }
            }
        }
    }
}

impl Algorithm for Cheater {
    type Message = Message;
    type Timer = NodeId;
    type Command = Command;
    type Output = Output;

    fn on_command(&mut self, _: Command, _: &mut Out<Self>) {}

    fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Self>) {
        match message {
            Message::Probe { number, index } => match self.store.answer(number, index) {
                Some(answer) => out.send(from, answer),
                None if index < self.store.blocks() => self.cheat(from, number, index, out),
                None => {}
            },
            Message::Answer {
                number,
                index,
                data,
                path,
            } => {
                if let Some((asked_by, number)) = self.fetches.remove(&number) {
                    out.send(
                        asked_by,
                        Message::Answer {
                            number,
                            index,
                            data,
                            path,
                        },
                    );
                }
            }
        }
    }

    fn on_timer(&mut self, _: NodeId, _: &mut Out<Self>) {}
}

/// With how it cheats, and what it lacks.
impl Describe for Cheater {
    fn describe(&self, fields: &mut Fields) {
        self.cheat.describe_as("cheat", fields);
        self.store.describe(fields);
    }
}
