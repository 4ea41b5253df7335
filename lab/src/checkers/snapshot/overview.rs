//! Snapshots as text, for people.

use std::collections::BTreeSet;

use algorithms::Fields;
use trace::history::History;

use super::amounts::{in_cut, total};
use super::cut::{Abort, Cut, Run};

/// How many names are listed before the rest is only counted.
const FEW: usize = 3;

/// Figures of all snapshots of a run, and the first one in full.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// The first snapshot: each state, and what was in channels.
    pub lines: Vec<String>,
    /// How many are complete.
    pub complete: u64,
    /// How many were aborted.
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

/// Sums up the snapshots of a run.
pub fn overview(history: &History) -> Overview {
    let run = Run::read(history);
    let mut all = Overview {
        markers: run.markers.len() as u64,
        ..Overview::default()
    };
    all.control = history
        .sends()
        .filter(|(.., message)| message.fields.get_text("snapshot").is_some())
        .count() as u64
        - all.markers;
    for (id, cut) in &run.cuts {
        all.complete += u64::from(!cut.complete.is_empty());
        all.aborted += u64::from(!cut.aborted.is_empty() && cut.complete.is_empty());
        all.nanos
            .extend(cut.completed.map(|end| end.saturating_sub(cut.began)));
        let messages = cut.channels.values().flat_map(|channels| channels.values());
        all.in_channels += messages.map(|messages| messages.len() as u64).sum::<u64>();
        if all.lines.is_empty() {
            all.lines.push(format!("snapshot {id}"));
            for (process, recorded) in &cut.records {
                all.lines
                    .push(format!("  {}  {}", run.names[*process], recorded.state));
                for (from, messages) in cut.channels.get(process).into_iter().flatten() {
                    let messages: Vec<_> = messages.iter().map(Fields::to_record).collect();
                    let messages = messages.join("; ");
                    all.lines
                        .push(format!("    from {}: {messages}", run.names[*from]));
                }
            }
            for abort in cut.aborted.iter().filter(|_| cut.complete.is_empty()) {
                all.lines.push(format!("  {}", aborted(&run, cut, abort)));
            }
            if let (Some(total), false) = (total(history), cut.complete.is_empty()) {
                let after = after(history);
                all.lines.push(match in_cut(cut) {
                    Ok((states, channels)) => format!(
                        "  total: {total} before; in the cut {} (states {states}, channels {channels}); {after} after",
                        states + channels,
                    ),
                    Err(unreadable) => {
                        format!("  total: {total} before; in the cut unknown: {unreadable}; {after} after")
                    }
                });
            }
        }
    }
    all
}

/// Why a process aborted a snapshot: what the processes lacked that it waited
/// for. A process lacks nothing itself if only its report did not arrive.
pub(super) fn aborted(run: &Run<'_>, cut: &Cut<'_>, abort: &Abort<'_>) -> String {
    let waited: BTreeSet<_> = (abort.missing.iter())
        .filter_map(|name| run.index(name))
        .collect();
    let of = |lacks: &dyn Fn(&usize) -> bool| {
        let all = waited.iter().filter(|process| lacks(process));
        let names: Vec<_> = all.map(|process| run.names[*process].to_string()).collect();
        some(&names)
    };
    let recorded = |process: &usize| cut.records.contains_key(process);
    let reported = |process: &usize| cut.channels.contains_key(process);
    let parts = [
        ("no state from", of(&|one| !recorded(one))),
        (
            "channels still open at",
            of(&|one| recorded(one) && !reported(one)),
        ),
        (
            "closed its channels, but its report did not arrive:",
            of(&|one| recorded(one) && reported(one)),
        ),
    ];
    let all: Vec<_> = parts
        .into_iter()
        .filter_map(|(what, names)| Some(format!("{what} {}", names?)))
        .collect();
    let why = match all.is_empty() {
        true => String::new(),
        false => format!(": {}", all.join("; ")),
    };
    format!("aborted by {}{why}", run.names[abort.process])
}

/// The first names, and how many more there are.
fn some(names: &[String]) -> Option<String> {
    match names.split_at_checked(FEW) {
        _ if names.is_empty() => None,
        Some((first, rest)) if rest.len() > 1 => {
            Some(format!("{} and {} more", first.join(", "), rest.len()))
        }
        _ => Some(names.join(", ")),
    }
}

/// The total at the end: in the last states, and in messages on their way.
fn after(history: &History) -> i64 {
    let share = |fields: &Fields| fields.get_integer("total.share").unwrap_or(0);
    let amount = |fields: &Fields| match fields.get_text("snapshot") {
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
