//! Checks snapshots: is each a state that the system could have been in?
//!
//! The invariants I1 to I9, for snapshots of any algorithm over any application
//! whose messages have an `id` and an `amount`, and whose states have a
//! `total.share`: shares and amounts add up to a constant. A message belongs to
//! the application if it names no `snapshot`.

mod amounts;
mod channels;
mod cut;
mod drawn;
mod invariants;
mod overview;
#[cfg(test)]
mod tests;

use trace::history::History;
use trace::steps::MessageRecord;

use crate::checkers::Property;
use channels::Channels;
use cut::Run;
pub use drawn::{Drawn, DrawnAbort, DrawnChannel, DrawnState, drawn};
pub use overview::{Overview, overview};

/// What a checker cannot read from the run.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// Which processes can send to which, by their names.
    pub channels: Vec<(String, String)>,
    /// How many snapshots there should be.
    pub snapshots: u64,
    /// Whether channels have to keep the order.
    pub fifo: bool,
    /// Whether the algorithm puts a marker into each channel.
    pub markers: bool,
}

/// Whether a snapshot algorithm sends this message for itself. It is then part of
/// no recorded state.
pub fn is_control(message: &MessageRecord) -> bool {
    cut::snapshot(message).is_some()
}

/// Checks all snapshots of a run.
pub fn check(history: &History, expected: &Expected) -> Vec<Property> {
    let run = Run::read(history);
    let channels = Channels::read(&run);
    let mut properties = vec![
        invariants::no_orphan(&run, &channels),
        invariants::channel_states(&run, &channels),
        invariants::clocks(&run),
        invariants::conservation(&run, history),
        invariants::every_message_once(&run, &channels),
        invariants::replay(&run, history),
    ];
    if expected.markers {
        properties.insert(2, invariants::markers(&run, expected));
    }
    // Without a complete snapshot there is nothing to check, and an abort is
    // right once a process has crashed.
    if !history.crashes.is_empty() && run.is_aborted() {
        let why = "every snapshot was aborted, since a process stopped";
        properties
            .iter_mut()
            .for_each(|property| property.idle(why));
    }
    properties.push(invariants::liveness(&run, history, expected));
    if expected.fifo {
        properties.push(invariants::fifo(history));
    }
    properties
}
