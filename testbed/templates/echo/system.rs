//! The experiment: what is asked of the processes, and what is right. The judge reads
//! what was recorded, and shares no code with the algorithm.

use std::collections::BTreeSet;
use std::time::Duration;

use lab::own::*;

use crate::{Echo, Said};

/// Processes of which the first starts a wave.
pub struct Waves {
    pub setup: Setup,
    /// Whether the processes are the broken variant.
    pub is_hasty: bool,
}

impl Waves {
    pub fn new(setup: &Setup) -> Self {
        Self {
            setup: setup.clone(),
            is_hasty: false,
        }
    }
}

impl System for Waves {
    type Algorithm = Echo;

    fn processes(&self) -> u32 {
        self.setup.peers
    }

    fn process(&self, id: NodeId) -> Echo {
        let neighbours = self.setup.neighbours_of(id).iter();
        let neighbours: BTreeSet<_> = neighbours.copied().collect();
        Echo {
            missing: neighbours.clone(),
            neighbours,
            has_joined: false,
            parent: None,
            reached: 1,
            is_hasty: self.is_hasty,
        }
    }

    fn commands(&self) -> Vec<ScheduledCommand<()>> {
        vec![ScheduledCommand {
            at: Duration::ZERO,
            node: NodeId(0),
            command: (),
            operation: "wave",
        }]
    }

    fn ends(&self, _: NodeId, output: &Said) -> bool {
        matches!(output, Said::Decided { .. })
    }

    fn endings(&self) -> u64 {
        1
    }

    fn judge(&self, history: &History) -> Judgement {
        let neighbours = self.setup.neighbours.iter();
        let edges = neighbours.map(Vec::len).sum::<usize>() as u64 / 2;
        let messages = Figure {
            name: "messages",
            measured: history.count("EXPLORER") + history.count("ECHO"),
            theory: Some(2 * edges),
            formula: "two on each edge".into(),
        };
        let all = u64::from(self.setup.peers);
        Judgement {
            properties: vec![once(history), last(history, all), right(history, all)],
            figures: vec![messages],
            ..Judgement::default()
        }
    }
}

/// There is a decision in the end, and one only.
fn once(history: &History) -> Property {
    let mut once = Property::of("one decision", history);
    let decisions = history.count_outputs("Decided");
    once.check_in_the_end(decisions == 1, || format!("there are {decisions}"));
    once
}

/// All processes have joined in the causal past of the decision: it can know of them.
fn last(history: &History, all: u64) -> Property {
    let mut last = Property::new("every process joins before the decision");
    let causality = Causality::new(history);
    let outputs = |wanted| {
        let all = history.outputs();
        all.filter(move |(.., kind, _)| *kind == wanted)
    };
    for (by, step, ..) in outputs("Decided") {
        let decision = causality.index(by, step);
        let is_before = |process: &str, step| {
            let joined = causality.index(process, step);
            let both = joined.zip(decision);
            both.is_some_and(|(joined, decision)| causality.precedes(joined, decision))
        };
        let joined = outputs("Joined").filter(|(process, step, ..)| is_before(process, *step));
        let joined = joined.count() as u64;
        last.check(joined == all, || {
            format!("{by} decides after {joined} of {all} have joined")
        });
    }
    last
}

/// The decision counts all processes.
fn right(history: &History, all: u64) -> Property {
    let mut right = Property::new("the decision counts all processes");
    for (by, .., fields) in history.outputs().filter(|(.., kind, _)| *kind == "Decided") {
        let reached = fields.get_integer("reached");
        let is_right = reached.map(|reached| reached as u64) == Some(all);
        right.check(is_right, || format!("{by} decides with {fields}, of {all}"));
    }
    right
}
