//! Auditors with a mistake in them, for judges to find and for readers to see what a rule is
//! there for.

use std::collections::BTreeMap;

use super::{Audit, Command, FIRST, MISSED, Message, Output, Store, TRIES};
use crate::{Algorithm, Describe, Effect, Input, NodeId, Out};

/// A mistake of an auditor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flaw {
    /// It takes any block of the file for the one that it has asked for.
    IndexUnchecked,
    /// It takes anything for the block.
    ProofUnchecked,
    /// It asks for the blocks in their order, from the first one on.
    BlocksPredictable,
    /// It drops a process at the first question without an answer.
    DroppedForSilence,
    /// A right answer does not raise a score.
    ScoreNeverRises,
    /// It asks a process that it has dropped.
    DroppedAskedAgain,
}

/// A process with that mistake.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Flawed {
    #[describe(flatten)]
    audit: Audit,
    #[describe(skip)]
    flaw: Flaw,
    /// The number of the latest question to each process, and how many there were.
    #[describe(skip)]
    asked: BTreeMap<NodeId, (u64, u32)>,
}

impl Flawed {
    /// The process with that mistake.
    pub const fn new(audit: Audit, flaw: Flaw) -> Self {
        Self {
            audit,
            flaw,
            asked: BTreeMap::new(),
        }
    }

    fn step(&mut self, input: Input<Audit>, out: &mut Out<Self>) {
        for mut effect in out.step_below(&mut self.audit, input) {
            if let Effect::Send {
                to,
                message: Message::Probe { number, index },
                ..
            } = &mut effect
                && self.flaw == Flaw::BlocksPredictable
            {
                *index = self.in_order(*to, *number);
            }
            out.add(effect);
        }
    }

    /// The block that follows the one before.
    fn in_order(&mut self, to: NodeId, number: u64) -> u32 {
        let (latest, count) = self.asked.entry(to).or_insert((number, 0));
        if *latest != number {
            (*latest, *count) = (number, *count + 1);
        }
        let index = *count % self.audit.store.blocks().max(1);
        if let Some(open) = self.audit.open.get_mut(&to) {
            open.index = index;
        }
        index
    }

    /// Changes an answer, or what it is compared with, before it is handled.
    fn before(&mut self, from: NodeId, message: &mut Message) {
        let Message::Answer {
            index, data, path, ..
        } = message
        else {
            return;
        };
        let Some(open) = self.audit.open.get_mut(&from) else {
            return;
        };
        match self.flaw {
            Flaw::IndexUnchecked => open.index = *index,
            Flaw::ProofUnchecked => {
                let right = Store::answer(&self.audit.store, 0, open.index);
                if let Some(Message::Answer {
                    data: block,
                    path: of_block,
                    ..
                }) = right
                {
                    (*index, *data, *path) = (open.index, block, of_block);
                }
            }
            // The right answer then raises it to what it was.
            Flaw::ScoreNeverRises => {
                let score = self.audit.scores.entry(from).or_insert(FIRST);
                *score = score.saturating_sub(1);
            }
            Flaw::BlocksPredictable | Flaw::DroppedForSilence | Flaw::DroppedAskedAgain => {}
        }
    }
}

impl Algorithm for Flawed {
    type Message = Message;
    type Timer = NodeId;
    type Command = Command;
    type Output = Output;

    fn on_start(&mut self, out: &mut Out<Self>) {
        self.step(Input::Start, out);
    }

    fn on_restart(&mut self, out: &mut Out<Self>) {
        self.step(Input::Restart, out);
    }

    fn on_command(&mut self, command: Command, out: &mut Out<Self>) {
        if self.flaw == Flaw::DroppedAskedAgain {
            self.audit.dropped.clear();
        }
        self.step(Input::Command(command), out);
    }

    fn on_message(&mut self, from: NodeId, mut message: Message, out: &mut Out<Self>) {
        self.before(from, &mut message);
        self.step(Input::Message { from, message }, out);
    }

    fn on_timer(&mut self, target: NodeId, out: &mut Out<Self>) {
        let has_deadline = self.audit.deadline.is_some();
        let open = self.audit.open.get(&target);
        let is_last = open.is_some_and(|open| has_deadline || open.tries == TRIES);
        if self.flaw == Flaw::DroppedForSilence && is_last {
            self.audit.scores.insert(target, MISSED);
        }
        self.step(Input::Timer(target), out);
    }
}
