//! What a run says of probes, of answers, and of who lacks what.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use trace::history::History;
use trace::steps::{Event, StepRecord};

/// What came of a question.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// The auditor.
    pub auditor: &'a str,
    /// How often it had restarted.
    pub life: u64,
    /// The number of its step.
    pub step: u64,
    /// Who was asked.
    pub target: &'a str,
    /// The block that was asked for, whatever the auditor says.
    pub index: i64,
    /// `right`, `wrong` or `missed`.
    pub finding: &'a str,
    /// The score from then on.
    pub score: i64,
    /// Whether an answer to that question had arrived before this step.
    pub was_answered: bool,
}

/// `peer-00 (step 7) found peer-03 right for block 5`
impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            auditor,
            step,
            target,
            index,
            finding,
            ..
        } = self;
        write!(
            f,
            "{auditor} (step {step}) found {target} {finding} for block {index}"
        )
    }
}

/// An auditor, the number of its step, and the other process.
type Place<'a> = (&'a str, u64, &'a str);

/// What a run says.
#[derive(Clone, Debug, Default)]
pub struct Facts<'a> {
    /// What came of each question, in the order of each auditor's steps.
    pub found: Vec<Found<'a>>,
    /// Who was dropped, by whom, and in which step.
    pub dropped: Vec<Place<'a>>,
    /// Those of them that had stopped for ever by then, so that they store nothing.
    pub stopped: BTreeSet<Place<'a>>,
    /// The probes to processes that had been dropped.
    pub asked_again: Vec<Place<'a>>,
    /// How many probes auditors have sent.
    pub probes: u64,
    /// The processes that lack blocks, with these.
    pub cheaters: BTreeMap<&'a str, BTreeSet<i64>>,
    /// The processes between which a message was sent that did not arrive, both ways.
    pub lost: BTreeSet<(&'a str, &'a str)>,
    /// The bytes of blocks and paths in all answers.
    pub bytes: u64,
    /// How many answers there were.
    pub answers: u64,
}

/// The bytes of a hash of a path: those of SHA-256.
const HASH: i64 = 32;

impl<'a> Facts<'a> {
    /// Reads a run.
    pub fn read(history: &'a History) -> Self {
        let mut facts = Self::default();
        for (name, _, step) in history.steps() {
            if let Some(lacks) = step.state.get_list("lacks")
                && !facts.cheaters.contains_key(&**name)
            {
                let lacks = lacks.iter().filter_map(|index| index.parse().ok());
                facts.cheaters.insert(name, lacks.collect());
            }
        }
        let received = history
            .steps()
            .filter_map(|(.., step)| step.received.as_ref());
        let received: BTreeSet<_> = received.map(|received| received.message.id).collect();
        for (by, _, to, message) in history.sends() {
            if !received.contains(&message.id) {
                facts.lost.extend([(&**by, &**to), (&**to, &**by)]);
            }
            if message.kind == "ANSWER" {
                let number = |name| message.fields.get_integer(name).unwrap_or(0).max(0);
                let bytes = number("data.size").saturating_add(HASH.saturating_mul(number("path")));
                facts.bytes = facts.bytes.saturating_add(bytes.cast_unsigned());
                facts.answers += 1;
            }
        }
        for (auditor, steps) in &history.processes {
            if !facts.cheaters.contains_key(&**auditor) {
                facts.follow(auditor, steps, history);
            }
        }
        facts
    }

    /// Whether that process lacks that block.
    pub fn lacks(&self, process: &str, index: i64) -> bool {
        let lacks = self.cheaters.get(process);
        lacks.is_some_and(|lacks| lacks.contains(&index))
    }

    /// Follows an auditor, step by step.
    fn follow(&mut self, auditor: &'a str, steps: &'a [StepRecord], history: &History) {
        let (mut life, mut answered) = (0, BTreeSet::new());
        let (mut dropped, mut asked) = (BTreeSet::new(), BTreeMap::new());
        for step in steps {
            if step.restarts {
                life += 1;
                dropped.clear();
                answered.clear();
            }
            for event in &step.events {
                match event {
                    Event::Sent { to, message } if message.kind == "PROBE" => {
                        self.probes += 1;
                        let number = |name| message.fields.get_integer(name).unwrap_or(-1);
                        asked.insert((&**to, number("number")), number("index"));
                        if dropped.contains(&**to) {
                            self.asked_again.push((auditor, step.number, to));
                        }
                    }
                    Event::Output { kind, fields } if kind == "Dropped" => {
                        let target = fields.get_text("target").unwrap_or_default();
                        dropped.insert(target);
                        let place = (auditor, step.number, target);
                        self.dropped.push(place);
                        let stopped = history.stopped(target);
                        if stopped.is_some_and(|at| at <= step.at_unix_nano) {
                            self.stopped.insert(place);
                        }
                    }
                    Event::Output { kind, fields } if kind == "Found" => {
                        let number = |name| fields.get_integer(name).unwrap_or(-1);
                        let target = fields.get_text("target").unwrap_or_default();
                        let question = (target, number("number"));
                        self.found.push(Found {
                            auditor,
                            life,
                            step: step.number,
                            target,
                            index: asked.get(&question).copied().unwrap_or(number("index")),
                            finding: fields.get_text("finding").unwrap_or_default(),
                            score: number("score"),
                            was_answered: answered.contains(&question),
                        });
                    }
                    Event::Sent { .. } | Event::Output { .. } => {}
                }
            }
            if let Some(received) = &step.received
                && received.message.kind == "ANSWER"
                && let Some(number) = received.message.fields.get_integer("number")
            {
                answered.insert((&*received.from, number));
            }
        }
    }
}
