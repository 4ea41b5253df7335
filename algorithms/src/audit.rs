//! Audits: how does a process find out that others do not store what they say they store?
//!
//! Giuseppe Ateniese and others, "Provable Data Possession at Untrusted Stores" (CCS 2007): ask
//! for random blocks, and few questions find a store that lacks many. A proof that a block is
//! the file's: Ralph Merkle's hash tree (1979), in the form of RFC 6962, section 2.1. That only
//! time tells a store from one that asks another: Kevin Bowers and others, "How to Tell if Your
//! Cloud Files Are Vulnerable to Drive Crashes" (CCS 2011).
//!
//! Each process stores a file of blocks, or says so. All know the root of the file's hash tree.
//! An *auditor* asks another process for a block that it draws at random, and for the *path*:
//! the hashes beside those on the way from the block to the root. From the block, its index and
//! the path it computes the root. Any other block, or another index, gives another root.
//!
//! A process that lacks a fraction f of the blocks passes k probes with probability (1-f)^k, so
//! the auditor detects it with 1-(1-f)^k: for f = 1/2 and k = 5 that is 97 %. The auditor draws
//! each block when it asks for it. A store that could predict them would keep these alone.
//!
//! The auditor has a *score* of each other process. A right answer raises it by 1. A wrong one
//! is a proof, since channels alter no message: the process is *dropped* at once, and is not
//! asked again. Silence is no proof, since a message may have been lost. The auditor asks again;
//! without an answer the score falls by 2, and at 0 the process is dropped. So one that leaves
//! more than a third of the questions without an answer is dropped in the end; others recover.
//!
//! A process that fetches a block from another one when it is asked for it gives right answers.
//! It takes longer, so an auditor may set a *deadline*, and asks only once then. That finds such
//! a process if two round trips take longer and one does not; and every lost message counts.
//!
//! What it needs: channels that alter nothing, and whose sender is known; a hash function without
//! collisions. Messages may be lost. An auditor that restarts begins with new scores.
//!
//! Cost: 2 messages a probe, with a block and log2(B) hashes of 32 bytes for B blocks.
//!
//! The auditor is in this file, the hash tree in `audit/file.rs`, and cheats in `audit/cheater.rs`.

mod cheater;
mod file;
mod flawed;
mod interface;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proto::Bytes;

use crate::{Algorithm, Describe, NodeId, Out};

pub use cheater::{Cheat, Cheater};
pub use file::{File, Store, root_of};
pub use flawed::{Flaw, Flawed};
use interface::Open;
pub use interface::{Command, Finding, Output};

/// The score of a process that was not asked yet. A guess.
pub const FIRST: u32 = 5;

/// The highest score: the credit for good answers has an end. A guess.
pub const MOST: u32 = 10;

/// By how much a question without an answer lowers the score. A guess: see the prose.
pub const MISSED: u32 = 2;

/// Without a deadline: how long an auditor waits before it asks again, and how often it asks.
/// Guesses.
const PATIENCE: Duration = Duration::from_secs(1);
const TRIES: u32 = 3;

/// The messages between processes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
pub enum Message {
    /// The auditor asks for a block.
    #[message(tag = 1, request)]
    Probe {
        /// The number of its question.
        #[message(tag = 1)]
        number: u64,
        /// The index of the block, from 0.
        #[message(tag = 2)]
        index: u32,
    },
    /// The block, and the proof that it is the file's.
    #[message(tag = 2, reply)]
    Answer {
        /// The number of the question.
        #[message(tag = 1)]
        number: u64,
        /// The index of the block.
        #[message(tag = 2)]
        index: u32,
        /// The block.
        #[message(tag = 3)]
        #[describe(name = "data.size", with = Bytes::len)]
        data: Bytes,
        /// The hashes from the block's sibling up to the root's child.
        #[message(tag = 4)]
        #[describe(with = Vec::len)]
        path: Vec<Bytes>,
    },
}

/// The state of one process, which stores the file and may audit others.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Audit {
    #[describe(flatten)]
    store: Store,
    /// The processes that it audits.
    #[describe(skip)]
    others: Vec<NodeId>,
    /// The time in which an answer has to come, if it is limited.
    #[describe(skip)]
    deadline: Option<Duration>,
    /// How many questions it has asked.
    #[describe(skip)]
    questions: u64,
    #[describe(skip)]
    scores: BTreeMap<NodeId, u32>,
    #[describe(with = BTreeSet::len)]
    dropped: BTreeSet<NodeId>,
    #[describe(name = "open", with = BTreeMap::len)]
    open: BTreeMap<NodeId, Open>,
}

impl Audit {
    /// A process that stores the file, and audits `others`, perhaps with a deadline.
    pub const fn new(store: Store, others: Vec<NodeId>, deadline: Option<Duration>) -> Self {
        Self {
            store,
            others,
            deadline,
            questions: 0,
            scores: BTreeMap::new(),
            dropped: BTreeSet::new(),
            open: BTreeMap::new(),
        }
    }

    /// Draws the next block for that process; or its audit is over.
    fn next(&mut self, target: NodeId, out: &mut Out<Self>) {
        let Some(open) = self.open.get_mut(&target) else {
            return;
        };
        if open.left == 0 || self.dropped.contains(&target) {
            (0..open.commands).for_each(|_| out.output(Output::Audited { target }));
            self.open.remove(&target);
            return;
        }
        self.questions += 1;
        (open.left, open.tries, open.number) = (open.left - 1, 0, self.questions);
        open.index = out.random(0..self.store.blocks());
        self.ask(target, out);
    }

    fn ask(&mut self, target: NodeId, out: &mut Out<Self>) {
        if let Some(open) = self.open.get_mut(&target) {
            open.tries += 1;
            let (number, index) = (open.number, open.index);
            out.send(target, Message::Probe { number, index });
            out.set_timer(target, self.deadline.unwrap_or(PATIENCE));
        }
    }

    /// Ends a question.
    fn found(&mut self, target: NodeId, finding: Finding, out: &mut Out<Self>) {
        let Some(open) = self.open.get(&target) else {
            return;
        };
        let score = self.scores.entry(target).or_insert(FIRST);
        *score = match finding {
            Finding::Right => MOST.min(*score + 1),
            Finding::Wrong => 0,
            Finding::Missed => score.saturating_sub(MISSED),
        };
        out.output(Output::Found {
            target,
            number: open.number,
            index: open.index,
            finding,
            score: *score,
        });
        if *score == 0 {
            self.dropped.insert(target);
            out.output(Output::Dropped { target });
        }
        out.cancel_timer(target);
        self.next(target, out);
    }
}

impl Algorithm for Audit {
    type Message = Message;
    type Timer = NodeId;
    type Command = Command;
    type Output = Output;

    fn on_command(&mut self, Command::Audit(probes): Command, out: &mut Out<Self>) {
        for target in self.others.clone() {
            let is_idle = !self.open.contains_key(&target);
            let open = self.open.entry(target).or_default();
            open.left = open.left.saturating_add(probes);
            open.commands += 1;
            if is_idle {
                self.next(target, out);
            }
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Self>) {
        match message {
            Message::Probe { number, index } => {
                if let Some(answer) = self.store.answer(number, index) {
                    out.send(from, answer);
                }
            }
            Message::Answer {
                number,
                index,
                data,
                path,
            } => {
                let Some(open) = self.open.get(&from) else {
                    return;
                };
                // The answer to an earlier question is too late.
                if open.number == number {
                    let root = root_of(index, self.store.blocks(), &data, &path);
                    let is_right = open.index == index && root == Some(self.store.root());
                    let finding = if is_right {
                        Finding::Right
                    } else {
                        Finding::Wrong
                    };
                    self.found(from, finding, out);
                }
            }
        }
    }

    /// There is no answer.
    fn on_timer(&mut self, target: NodeId, out: &mut Out<Self>) {
        let tries = if self.deadline.is_some() { 1 } else { TRIES };
        match self.open.get(&target) {
            Some(open) if open.tries < tries => self.ask(target, out),
            Some(_) | None => self.found(target, Finding::Missed, out),
        }
    }
}

#[cfg(test)]
mod tests;
