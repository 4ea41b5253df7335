//! The examples of the model checker Stateright (<https://www.stateright.rs>) as algorithms
//! of ours: two-phase commit, single-decree Paxos, and a register by Attiya, Bar-Noy and
//! Dolev. Written anew from the papers.

pub(crate) mod abd;
pub(crate) mod paxos;
pub(crate) mod two_phase_commit;

use std::time::Duration;

use lab::own::{Algorithm, Describe, History, Judgement, Moment, NodeId, Output, Property};
use lab::own::{ScheduledCommand, Symmetry, System};

/// Timers run out at any moment.
const SOON: Duration = Duration::from_millis(1);

/// The processes that are more than half of so many.
fn majority(all: u32) -> usize {
    all as usize / 2 + 1
}

/// All servers but one.
fn other_servers(me: NodeId, servers: u32) -> impl Iterator<Item = NodeId> {
    (0..servers).map(NodeId).filter(move |one| *one != me)
}

/// What a process has decided, or read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Output, Describe)]
pub(crate) struct Said {
    value: u64,
}

/// An algorithm whose processes say values.
pub(crate) trait Example: Algorithm<Command = (), Output = Said> {
    /// The value that this process has said last.
    fn said(&self) -> Option<u64>;

    /// Whether processes may say these values in one run.
    fn may_say(values: impl Iterator<Item = u64>) -> bool;
}

/// Whether all values are equal.
fn are_equal(mut values: impl Iterator<Item = u64>) -> bool {
    let first = values.next();
    values.all(|value| Some(value) == first)
}

/// Every schedule of the processes, to their ends.
pub(crate) struct Schedules<A: Algorithm> {
    pub(crate) processes: Vec<A>,
    pub(crate) symmetry: Option<Symmetry<A>>,
}

impl<A: Example> System for Schedules<A> {
    type Algorithm = A;

    fn processes(&self) -> u32 {
        self.processes.len() as u32
    }

    fn process(&self, id: NodeId) -> A {
        self.processes[usize::from(id)].clone()
    }

    fn commands(&self) -> Vec<ScheduledCommand<()>> {
        Vec::new()
    }

    fn ends(&self, _: NodeId, _: &Said) -> bool {
        false
    }

    fn endings(&self) -> u64 {
        u64::MAX
    }

    fn gives_up_after(&self) -> Option<Duration> {
        Some(Duration::ZERO)
    }

    fn ignores_history(&self) -> bool {
        true
    }

    fn symmetry(&self) -> Option<Symmetry<A>> {
        self.symmetry.clone()
    }

    fn safe(&self, now: &Moment<'_>) -> Vec<Property> {
        let mut property = Property::new("values");
        let said = now.outputs();
        let said = said.filter_map(|(.., fields)| fields.get_integer("value"));
        property.check(A::may_say(said.map(|value| value as u64)), || {
            "processes say what they may not".into()
        });
        vec![property]
    }

    fn judge(&self, _: &History) -> Judgement {
        Judgement::default()
    }
}
