//! The experiment: which processes stand, and what is right. The judge reads what was
//! recorded, and shares no code with the algorithm.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lab::own::*;

use crate::{Leads, Voter};

/// When processes stand, in milliseconds: two at once, whose votes may be split, and one
/// much later, as after a timeout.
const STANDS: [(u32, u64); 3] = [(0, 0), (1, 2), (0, 1000)];

/// Processes of which some stand.
pub struct Election {
    pub setup: Setup,
    /// Whether votes are written; the broken variant forgets them in a crash.
    pub persists: bool,
}

impl Election {
    pub fn new(setup: &Setup) -> Self {
        Self {
            setup: setup.clone(),
            persists: true,
        }
    }
}

impl System for Election {
    type Algorithm = Voter;

    fn processes(&self) -> u32 {
        self.setup.peers
    }

    fn process(&self, me: NodeId) -> Voter {
        let others = self.setup.neighbours_of(me).iter();
        Voter {
            term: 0,
            voted_for: None,
            votes: BTreeSet::new(),
            me,
            others: others.copied().collect(),
            majority: self.setup.peers as usize / 2 + 1,
            persists: self.persists,
        }
    }

    fn commands(&self) -> Vec<ScheduledCommand<()>> {
        let stand = |(node, at)| ScheduledCommand {
            at: Duration::from_millis(at),
            node: NodeId(node),
            command: (),
            operation: "stand",
        };
        STANDS.map(stand).into()
    }

    fn ends(&self, _: NodeId, _: &Leads) -> bool {
        true
    }

    /// At most: a candidate may lose, or crash.
    fn endings(&self) -> u64 {
        STANDS.len() as u64
    }

    fn gives_up_after(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }

    fn survives_crashes(&self) -> bool {
        true
    }

    /// Holds at every moment: in the model checker, in every state.
    fn safe(&self, now: &Moment<'_>) -> Vec<Property> {
        let mut one = Property::new("at most one leader a term");
        let mut leaders = BTreeMap::new();
        for (process, _, fields) in now.outputs() {
            let term = fields.get_integer("term");
            let first = *leaders.entry(term).or_insert(process);
            one.check(first == process, || {
                format!("{first} and {process} lead with {fields}")
            });
        }
        vec![one]
    }

    fn judge(&self, history: &History) -> Judgement {
        let votes = Figure {
            name: "GRANTED",
            measured: history.count("GRANTED"),
            theory: None,
            formula: "votes for others".into(),
        };
        Judgement {
            properties: vec![majority(history, self.setup.peers as usize)],
            figures: vec![votes],
            ..Judgement::default()
        }
    }
}

/// A leader has the votes of a majority, its own included.
fn majority(history: &History, all: usize) -> Property {
    let mut majority = Property::new("a leader has a majority");
    for (leader, step, _, fields) in history.outputs() {
        let steps = history.processes[leader].iter().take(step + 1);
        let received = steps.filter_map(|step| step.received.as_ref());
        let granted = received.filter(|received| {
            let term = received.message.fields.get_integer("term");
            received.message.kind == "GRANTED" && term == fields.get_integer("term")
        });
        let voters: BTreeSet<_> = granted.map(|received| &received.from).collect();
        let votes = voters.len() + 1;
        majority.check(2 * votes > all, || {
            format!("{leader} leads with {fields} and {votes} of {all} votes")
        });
    }
    majority
}
