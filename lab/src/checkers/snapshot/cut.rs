//! The snapshots of a recorded run.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use algorithms::Fields;
use indexmap::IndexMap;
use trace::steps::{Event, MessageRecord, StepRecord, key};

use trace::history::History;

/// The application's part of a run: what was sent and received, and where in
/// it the states were recorded.
#[derive(Debug)]
pub(super) struct Run<'a> {
    /// The processes' names, in order.
    pub(super) names: Vec<&'a Arc<str>>,
    /// What each process did, in order.
    pub(super) lines: Vec<Vec<Act<'a>>>,
    /// Everything that was sent, by its sender and id.
    pub(super) sent: HashMap<(usize, u64), Sent<'a>>,
    /// The snapshots, by their ids: in the order of the initiators, and of the
    /// snapshots of each.
    pub(super) cuts: IndexMap<&'a str, Cut<'a>>,
    /// Control messages of snapshots that are markers.
    pub(super) markers: Vec<Marker<'a>>,
}

/// One thing that a process did.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act<'a> {
    /// It sent a message of the application.
    Send(u64),
    /// It received one, from that process.
    Receive(usize, u64),
    /// It sent a marker for that snapshot to that process.
    Marker(&'a str, usize),
    /// A marker for that snapshot came from that process.
    MarkerCame(&'a str, usize),
    /// It recorded its state for that snapshot.
    Record(&'a str),
}

/// A message of the application that was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent<'a> {
    pub(super) to: usize,
    /// Its place in the sender's line.
    pub(super) at: usize,
    pub(super) message: &'a MessageRecord,
}

/// A marker that was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marker<'a> {
    pub(super) snapshot: &'a str,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// One snapshot.
#[derive(Debug, Default)]
pub(super) struct Cut<'a> {
    /// The first recorded state of each process.
    pub(super) records: BTreeMap<usize, Recorded<'a>>,
    /// Processes that recorded more than once.
    pub(super) again: Vec<usize>,
    /// The channel states that each process recorded, by sender.
    pub(super) channels: BTreeMap<usize, BTreeMap<usize, Vec<Fields>>>,
    /// Processes whose reported channels cannot all be read: the record lacks
    /// their lists, or has lists that were cut, or texts that are not messages.
    pub(super) unreadable: BTreeSet<usize>,
    /// The processes that reported it complete.
    pub(super) complete: Vec<usize>,
    /// The processes that reported it aborted, and those that they waited for.
    pub(super) aborted: Vec<Abort<'a>>,
    /// When it began and when it was complete, in nanoseconds.
    pub(super) began: u64,
    pub(super) completed: Option<u64>,
}

/// A process aborted a snapshot.
#[derive(Debug)]
pub(super) struct Abort<'a> {
    /// The process.
    pub(super) process: usize,
    /// When, in nanoseconds.
    pub(super) at_unix_nano: u64,
    /// The processes that it waited for.
    pub(super) missing: &'a [Arc<str>],
}

/// A recorded state.
#[derive(Debug)]
pub(super) struct Recorded<'a> {
    /// Its place in the process's line.
    pub(super) at: usize,
    /// The number of the step.
    pub(super) step: u64,
    pub(super) state: Fields,
    /// The state after the step before, if there was one.
    pub(super) before: Option<&'a Fields>,
}

impl<'a> Run<'a> {
    pub(super) fn read(history: &'a History) -> Self {
        let names: Vec<_> = history.processes.keys().collect();
        let mut run = Self {
            lines: vec![Vec::new(); names.len()],
            names,
            sent: HashMap::new(),
            cuts: IndexMap::new(),
            markers: Vec::new(),
        };
        for (process, steps) in history.processes.values().enumerate() {
            let mut before = None;
            for step in steps {
                run.read_step(process, step, before);
                before = Some(&step.state);
            }
        }
        run.cuts.sort_by(|a, _, b, _| order(a).cmp(&order(b)));
        run
    }

    pub(super) fn index(&self, name: &str) -> Option<usize> {
        self.names
            .binary_search_by(|known| (***known).cmp(name))
            .ok()
    }

    /// Whether there were snapshots, and all of them were aborted.
    pub(super) fn is_aborted(&self) -> bool {
        let aborted = |cut: &Cut<'_>| cut.complete.is_empty() && !cut.aborted.is_empty();
        !self.cuts.is_empty() && self.cuts.values().all(aborted)
    }

    /// A process that records because of a message records first, and then handles
    /// the message. So a state recorded in a step is the state before the message
    /// of that step.
    fn read_step(&mut self, process: usize, step: &'a StepRecord, before: Option<&'a Fields>) {
        let receipt = step.received.as_ref().and_then(|received| {
            let from = self.index(&received.from)?;
            Some(match snapshot(&received.message) {
                Some(id) if is_marker(&received.message) => Act::MarkerCame(id, from),
                Some(_) => return None,
                None => Act::Receive(from, received.message.id),
            })
        });
        let said =
            |event: &&Event| matches!(event, Event::Output { kind, .. } if kind == "Recorded");
        let mut records = step.events.iter().filter(said).count();
        if let (Some(receipt), 0) = (receipt, records) {
            self.lines[process].push(receipt);
        }
        for event in &step.events {
            match event {
                Event::Sent { to, message } => {
                    if let Some(to) = self.index(to) {
                        self.read_send(process, to, message);
                    }
                }
                Event::Output { kind, fields } => {
                    self.read_saying(process, kind, fields, step, before);
                    records -= usize::from(kind == "Recorded");
                    if let (Some(receipt), "Recorded", 0) = (receipt, kind.as_ref(), records) {
                        self.lines[process].push(receipt);
                    }
                }
            }
        }
    }

    fn read_send(&mut self, from: usize, to: usize, message: &'a MessageRecord) {
        let at = self.lines[from].len();
        match snapshot(message) {
            Some(snapshot) if is_marker(message) => {
                self.lines[from].push(Act::Marker(snapshot, to));
                self.markers.push(Marker { snapshot, from, to });
            }
            Some(_) => {}
            None => {
                self.lines[from].push(Act::Send(message.id));
                self.sent
                    .insert((from, message.id), Sent { to, at, message });
            }
        }
    }

    fn read_saying(
        &mut self,
        process: usize,
        kind: &str,
        fields: &'a Fields,
        step: &StepRecord,
        before: Option<&'a Fields>,
    ) {
        let at_unix_nano = step.at_unix_nano;
        let Some(id) = fields.get_text("snapshot") else {
            return;
        };
        let (channels, readable) = self.channels(fields);
        let at = self.lines[process].len();
        let cut = self.cuts.entry(id).or_default();
        match kind {
            "Recorded" => {
                if cut.records.is_empty() || at_unix_nano < cut.began {
                    cut.began = at_unix_nano;
                }
                let state = fields.under("state.");
                match cut.records.entry(process) {
                    Entry::Occupied(_) => cut.again.push(process),
                    Entry::Vacant(place) => {
                        place.insert(Recorded {
                            at,
                            step: step.number,
                            state,
                            before,
                        });
                        self.lines[process].push(Act::Record(id));
                    }
                }
            }
            "Finished" => {
                if !readable {
                    cut.unreadable.insert(process);
                }
                cut.channels.insert(process, channels);
            }
            "Complete" => {
                cut.complete.push(process);
                cut.completed = Some(at_unix_nano);
            }
            "Aborted" => {
                let missing = fields.get_list("missing").unwrap_or_default();
                cut.aborted.push(Abort {
                    process,
                    at_unix_nano,
                    missing,
                });
            }
            _ => {}
        }
    }
}

impl<'a> Run<'a> {
    /// The channel states that a process reported, by sender, as far as they can
    /// be read; and whether all can be.
    fn channels(&self, fields: &Fields) -> (BTreeMap<usize, Vec<Fields>>, bool) {
        let mut readable = fields.get(key::LEFT_OUT).is_none();
        let mut channels = BTreeMap::new();
        for (name, _) in fields.iter() {
            let Some(number) = name.strip_prefix("channel.") else {
                continue;
            };
            match self.channel(number).zip(fields.get_records(name).ok()) {
                Some((from, messages)) => drop(channels.insert(from, messages)),
                None => readable = false,
            }
        }
        (channels, readable)
    }

    fn channel(&self, number: &str) -> Option<usize> {
        self.index(&algorithms::NodeId(number.parse().ok()?).to_string())
    }
}

impl Cut<'_> {
    /// What was found in all channels.
    pub(super) fn messages(&self) -> impl Iterator<Item = &Fields> {
        let channels = self.channels.values().flat_map(BTreeMap::values);
        channels.flatten()
    }

    /// The place in its line where that process recorded; beyond the end if it
    /// did not.
    pub(super) fn place(&self, process: usize) -> usize {
        let recorded = self.records.get(&process);
        recorded.map_or(usize::MAX, |recorded| recorded.at)
    }

    /// Whether that place of the process's line is before the cut.
    pub(super) fn is_before(&self, process: usize, at: usize) -> bool {
        at < self.place(process)
    }
}

/// The snapshot that a message of a snapshot algorithm names; `None` for one of
/// the application.
pub(super) fn snapshot(message: &MessageRecord) -> Option<&str> {
    message.fields.get_text("snapshot")
}

/// `0/2` comes before `0/10`.
fn order(id: &str) -> (Vec<u64>, &str) {
    let numbers = id.split('/').map_while(|part| part.parse().ok());
    (numbers.collect(), id)
}

/// The name that identifies a message among those of its sender, if it has one.
pub(super) fn id_of(message: &Fields) -> Option<&str> {
    message.get_text("id")
}

fn is_marker(message: &MessageRecord) -> bool {
    message.kind == "MARKER"
}
