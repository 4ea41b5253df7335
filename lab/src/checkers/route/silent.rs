//! Whether entries that do not answer leave the table.

use std::collections::BTreeMap;

use trace::history::History;
use trace::steps::StepRecord;

use super::{Property, number_of, sends};

/// A node that forwards a message to another entry, since the first one has not answered, has
/// removed that one.
pub(super) fn check(history: &History) -> Property {
    let name = "an entry that does not answer leaves the table";
    let mut property = Property::new(name).looks_at("message ROUTE that is not acknowledged");
    for (node, steps) in &history.processes {
        // To whom messages were forwarded, and nothing was heard from it since.
        let mut waits = BTreeMap::<&str, &str>::new();
        for step in steps {
            if step.restarts {
                waits.clear();
            }
            if let Some(received) = &step.received {
                waits.retain(|_, to| **to != *received.from);
            }
            for (message, to) in forwarded(step) {
                let silent = waits.insert(message, to).filter(|silent| *silent != to);
                // What comes back is forwarded elsewhere as well, but not when a timer runs out.
                if let Some(silent) = silent.filter(|_| step.timer.is_some()) {
                    let table = step.state.get_list("table").unwrap_or_default();
                    let is_kept = table.iter().any(|entry| **entry == *silent);
                    property.check(!is_kept, || {
                        let number = step.number;
                        format!(
                            "{node} (step {number}) forwards {message} to {to}, since {silent} does \
                             not answer, and keeps {silent}"
                        )
                    });
                }
            }
        }
    }
    property
}

/// The messages that a step forwards, each with its receiver.
fn forwarded(step: &StepRecord) -> impl Iterator<Item = (&str, &str)> {
    let routes = sends(step).filter(|(_, kind, _)| *kind == "ROUTE");
    routes.filter_map(|(to, _, fields)| Some((number_of(fields)?, to)))
}
