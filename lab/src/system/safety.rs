//! The invariants of a system, checked at every moment of a recorded run.

#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use trace::history::History;

use super::System;
use crate::checkers::Property;

/// What [`System::safe`] finds over all moments of a run. A violated property lists the
/// violations of the first such moment.
pub(super) fn check<S: System>(system: &S, history: &History) -> Vec<Property> {
    let mut all = Vec::<Property>::new();
    history.for_each_moment(|moment, process, step| {
        let found = system.safe(moment);
        if found.is_empty() {
            return ControlFlow::Break(());
        }
        for property in found {
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
