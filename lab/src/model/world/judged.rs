//! What a judge and the invariants of a system read of a state.

use algorithms::{Algorithm, NodeId};
use trace::history::{History, Moment};
use trace::steps::catch;

use super::World;
use super::process::Process;
use crate::checkers::Property;
use crate::system::System;

impl<A: Algorithm> World<A> {
    /// What the processes have seen, for a judge.
    pub fn history(&self) -> History {
        let records = |process: &Process<A>| {
            let all = std::iter::successors(process.seen.as_ref(), |seen| seen.before.as_ref());
            let mut records: Vec<_> = all.map(|seen| seen.record.clone()).collect();
            records.reverse();
            records
        };
        let processes = self.processes.iter().map(|process| records(process));
        History {
            crashes: self.crashes.clone(),
            ..History::new(&self.directory, processes.collect())
        }
    }

    /// All processes as they are now, for the system's invariants; the latest step is that
    /// of the process that acted last.
    fn moment(&self) -> Moment<'_> {
        let names = (0..).map_while(|node| self.directory.known(NodeId(node)));
        let mut moment = Moment::new(names);
        let latest = self.latest as usize;
        let all = self.processes.iter().enumerate();
        let (last, others): (Vec<_>, Vec<_>) = all.partition(|(place, _)| *place == latest);
        for (place, process) in others.into_iter().chain(last) {
            let seen = std::iter::successors(process.seen.as_ref(), |seen| seen.before.as_ref());
            let mut records: Vec<_> = seen.map(|seen| &seen.record).collect();
            records.reverse();
            for record in records {
                moment.add(place, record);
            }
        }
        moment
    }

    /// Whether a run that ends here without all of its endings can be right. The judge
    /// decides on it where the algorithm promises none for certain, or a process crashed.
    pub(in crate::model) fn may_lack_endings<S: System<Algorithm = A>>(&self, system: &S) -> bool {
        system.gives_up_after().is_some() || !self.crashes.is_empty()
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
