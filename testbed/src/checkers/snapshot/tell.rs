//! What a snapshot is, for people.

use super::cut::Run;
use super::invariants::{in_cut, total};
use crate::history::History;

/// Figures of all snapshots of a run, and the first one in full.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The first snapshot: each state, and what was in channels.
    pub lines: Vec<String>,
    /// How many are complete.
    pub complete: u64,
    /// How many were given up.
    pub aborted: u64,
    /// Markers that were sent, for all snapshots.
    pub markers: u64,
    /// Other messages of the snapshot algorithm.
    pub control: u64,
    /// Messages that the cuts found in channels.
    pub in_channels: u64,
    /// How long each complete snapshot took, in nanoseconds.
    pub nanos: Vec<u64>,
}

/// What there is to tell.
pub fn tell(history: &History) -> Told {
    let run = Run::read(history);
    let mut told = Told {
        markers: run.markers.len() as u64,
        ..Told::default()
    };
    told.control = history
        .sends()
        .filter(|(.., message)| message.fields.get_text("snapshot").is_some())
        .count() as u64
        - told.markers;
    for (id, cut) in &run.cuts {
        told.complete += u64::from(!cut.complete.is_empty());
        told.aborted += u64::from(!cut.aborted.is_empty() && cut.complete.is_empty());
        told.nanos
            .extend(cut.completed.map(|end| end.saturating_sub(cut.began)));
        let messages = cut.channels.values().flat_map(|channels| channels.values());
        told.in_channels += messages.map(|messages| messages.len() as u64).sum::<u64>();
        if told.lines.is_empty() {
            told.lines.push(format!("snapshot {id}"));
            for (process, recorded) in &cut.records {
                told.lines
                    .push(format!("  {}  {}", run.names[*process], recorded.state));
                for (from, messages) in cut.channels.get(process).into_iter().flatten() {
                    let messages = messages.join("; ");
                    told.lines
                        .push(format!("    from {}: {messages}", run.names[*from]));
                }
            }
            for (process, waited) in &cut.aborted {
                let waited = waited.join(", ");
                told.lines.push(format!(
                    "  {} gave up waiting for {waited}",
                    run.names[*process]
                ));
            }
            if let (Some(total), false) = (total(history), cut.complete.is_empty()) {
                let (states, channels) = in_cut(cut);
                told.lines.push(format!(
                    "  total: {total} before; in the cut {} (states {states}, channels {channels}); {} after",
                    states + channels,
                    after(history)
                ));
            }
        }
    }
    told
}

/// What there is at the end: in the last states, and on its way.
fn after(history: &History) -> i64 {
    let share = |fields: &algorithms::Fields| fields.get_integer("total.share").unwrap_or(0);
    let amount = |fields: &algorithms::Fields| match fields.get_text("snapshot") {
        Some(_) => 0,
        None => fields.get_integer("amount").unwrap_or(0),
    };
    let states: i64 = history
        .processes
        .values()
        .filter_map(|steps| steps.last())
        .map(|step| share(&step.state))
        .sum();
    let sent: i64 = history
        .sends()
        .map(|(.., message)| amount(&message.fields))
        .sum();
    let receipts = history
        .steps()
        .filter_map(|(.., step)| step.received.as_ref());
    let received: i64 = receipts
        .map(|received| amount(&received.message.fields))
        .sum();
    states + sent - received
}
