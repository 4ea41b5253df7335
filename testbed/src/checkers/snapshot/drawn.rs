//! The snapshots of a run, as a diagram draws them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::cut::Run;
use crate::history::History;

/// A snapshot: where it cuts the lines of the processes, and what it found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drawn {
    /// Its id.
    pub snapshot: String,
    /// What each process recorded.
    pub recorded: Vec<DrawnState>,
    /// What was found in channels, but for those that held nothing.
    pub channels: Vec<DrawnChannel>,
    /// Who said that it is complete.
    pub complete: Vec<String>,
    /// Who said that it has failed.
    pub aborted: Vec<DrawnAbort>,
}

/// A recorded state. It is the state before what the step handles, so the cut
/// is before that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DrawnState {
    /// Whose.
    pub peer: String,
    /// The number of the step in which it was recorded.
    pub step: u64,
    /// Its fields, for people.
    pub state: BTreeMap<String, String>,
}

/// A channel with messages in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DrawnChannel {
    /// The sender.
    pub from: String,
    /// The receiver.
    pub to: String,
    /// What was in it, in its order.
    pub messages: Vec<String>,
}

/// A snapshot that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DrawnAbort {
    /// Who says so.
    pub peer: String,
    /// For whom it waited.
    pub missing: Vec<String>,
}

/// All snapshots of a run, by their ids.
pub fn drawn(history: &History) -> Vec<Drawn> {
    let run = Run::read(history);
    let name = |process: &usize| run.names[*process].to_string();
    let cuts = run.cuts.iter().map(|(id, cut)| Drawn {
        snapshot: (*id).to_owned(),
        recorded: (cut.records.iter())
            .map(|(process, recorded)| DrawnState {
                peer: name(process),
                step: recorded.step,
                state: (recorded.state.iter())
                    .map(|(field, value)| (field.to_owned(), value.to_string()))
                    .collect(),
            })
            .collect(),
        channels: (cut.channels.iter())
            .flat_map(|(to, channels)| channels.iter().map(move |channel| (to, channel)))
            .filter(|(_, (_, messages))| !messages.is_empty())
            .map(|(to, (from, messages))| DrawnChannel {
                from: name(from),
                to: name(to),
                messages: messages.to_vec(),
            })
            .collect(),
        complete: cut.complete.iter().map(name).collect(),
        aborted: (cut.aborted.iter())
            .map(|(process, missing)| DrawnAbort {
                peer: name(process),
                missing: missing.to_vec(),
            })
            .collect(),
    });
    cuts.collect()
}
