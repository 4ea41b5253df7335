//! What a judge and the invariants of a system read of a state.

use algorithms::Algorithm;
use trace::history::{History, Moment, Now};
use trace::steps::{StepRecord, catch};

use super::World;
use crate::checkers::Property;
use crate::system::System;

impl<A: Algorithm> World<A> {
    /// What the processes have seen, for a judge.
    pub fn history(&self) -> History {
        let processes = self.processes.iter().map(|process| {
            let mut records: Vec<_> = process.steps_seen().cloned().collect();
            records.reverse();
            records
        });
        History {
            crashes: self.environment.crashes.clone(),
            ..History::new(&self.fixed.directory, processes.collect())
        }
    }

    /// All processes as they are now, for the system's invariants; the latest step is that
    /// of the process that acted last.
    fn moment(&self) -> Moment<'_> {
        let latest = self.latest as usize;
        let all = self.processes.iter().enumerate();
        let (last, others): (Vec<_>, Vec<_>) = all.partition(|(place, _)| *place == latest);
        let now = others.iter().chain(&last).map(|(place, process)| Now {
            place: *place,
            last: process.steps_seen().next(),
            outputs: in_order(process.steps_with_outputs()),
        });
        let processes = &self.processes;
        let steps = move || {
            let all = processes.iter().enumerate();
            let steps = all.map(|(place, process)| (place, in_order(process.steps_seen())));
            steps.collect()
        };
        Moment::now(&self.fixed.directory, now, steps)
    }

    /// Whether a run that ends here without all of its endings can be right. The judge
    /// decides on it where the algorithm promises none for certain, or a process crashed.
    pub(in crate::model) fn may_lack_endings<S: System<Algorithm = A>>(&self, system: &S) -> bool {
        system.gives_up_after().is_some() || !self.environment.crashes.is_empty()
    }

    /// Whether a run can go on from here.
    pub(in crate::model) fn is_open<S: System<Algorithm = A>>(&self, system: &S) -> bool {
        !self.has_ended(system) && !self.actions().is_empty()
    }

    /// Whether the system has invariants.
    pub(in crate::model) fn has_invariants<S: System<Algorithm = A>>(&self, system: &S) -> bool {
        let moment = self.moment();
        catch(|| !system.safe(&moment).is_empty()).unwrap_or(true)
    }

    /// Whether no invariant of the system is violated. One that panics is reported by the
    /// judge, at the end of a run.
    pub(in crate::model) fn is_safe<S: System<Algorithm = A>>(&self, system: &S) -> bool {
        let moment = self.moment();
        let properties = catch(|| system.safe(&moment)).unwrap_or_default();
        properties.iter().all(Property::holds)
    }
}

/// Steps that come with the last one first.
fn in_order<'a>(steps: impl Iterator<Item = &'a StepRecord>) -> Vec<&'a StepRecord> {
    let mut steps: Vec<_> = steps.collect();
    steps.reverse();
    steps
}
