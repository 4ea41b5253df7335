//! The invariants of a system, checked at every moment of a recorded run.

#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use trace::history::{History, Moment};

use super::System;
use crate::checkers::Property;

/// What [`System::safe`] finds over all moments of a run. A violated property lists the
/// violations of the first such moment.
pub(super) fn check<S: System>(system: &S, history: &History) -> Vec<Property> {
    let mut all = Vec::<Property>::new();
    let start = Moment::new(history.processes.keys());
    if system.safe(&start).is_empty() {
        return all;
    }
    history.for_each_moment(|moment, process, step| {
        for property in system.safe(moment) {
            let known = all.iter().position(|one| one.name == property.name);
            let place = known.unwrap_or_else(|| {
                all.push(property.unchecked());
                all.len() - 1
            });
            all[place].add(property, || format!("{process} (step {})", step.number));
        }
        ControlFlow::Continue(())
    });
    all
}
