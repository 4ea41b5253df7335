//! A run reconstructed from its spans: the steps of each process, in order.
//!
//! This is the only input of a checker. It does not matter whether the run was
//! live, simulated, or loaded from a file.

mod causality;
pub mod faults;
mod mark;
mod moments;
mod operations;
mod recovery;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use algorithms::{Field, Fields, NodeId};

use crate::steps::{
    Event, MESSAGE, MessageRecord, Processes, REQUEST, RESTART, ReceivedRecord, RequestRecord,
    STATE, StepRecord, key,
};
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;

pub use causality::clocks;
pub use causality::{Causality, StepIndex};
pub use faults::fault;
pub use mark::{Hindrance, Mark, hindrance, new_links};
pub use moments::{Moment, Now};
pub use operations::{AnswerRecord, OperationRecord};

use crate::store::Store;
use faults::{Crashes, Partitions};

/// The field of a state that says how its process lies.
pub const LIAR: &str = "liar";

/// How many kinds [`History::kinds`] names. A guess: more would not be read.
const MOST_KINDS: usize = 16;

/// The steps of each process, by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// In the order in which the process took them.
    pub processes: BTreeMap<Arc<str>, Vec<StepRecord>>,
    /// The crashes of processes, in the order of their times.
    pub crashes: Vec<CrashRecord>,
    /// The partitions of the network, in the order of their times.
    pub partitions: Vec<PartitionRecord>,
    /// The messages that are recorded as lost, in the order of their times. A history that is
    /// not read from spans has none.
    pub losses: Vec<LossRecord>,
    /// Why the run was cut short, if it was. An event that is missing may then just not
    /// have happened yet.
    pub unfinished: Option<String>,
}

/// A process that stopped taking steps. Times are in nanoseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrashRecord {
    /// The process.
    pub process: Arc<str>,
    /// When it stopped.
    pub at: u64,
    /// When it restarted, if it did.
    pub restarted: Option<u64>,
}

/// A time in which no message passed between two sides: a partition of the network, or the
/// cut of a link, whose ends are the two sides. Times are in nanoseconds since the Unix
/// epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionRecord {
    /// The processes on one side.
    pub group: Vec<Arc<str>>,
    /// Those on the other side.
    pub others: Vec<Arc<str>>,
    /// When it began.
    pub at: u64,
    /// When it healed, if it did.
    pub healed: Option<u64>,
}

/// A message that did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LossRecord {
    /// Its sender.
    pub from: Arc<str>,
    /// The process that it was sent to.
    pub to: Arc<str>,
    /// Its kind.
    pub kind: String,
    /// When it was lost, in nanoseconds since the Unix epoch.
    pub at: u64,
    /// Why.
    pub reason: String,
}

impl History {
    /// The steps of each of `processes`, by its number.
    pub fn new(processes: &Processes, steps: Vec<Vec<StepRecord>>) -> Self {
        let names = (0..).map(|node| processes.name(NodeId(node)));
        Self {
            processes: names.zip(steps).collect(),
            ..Self::default()
        }
    }

    /// Reads the steps, the crashes, the partitions and the losses among the spans in `store`.
    pub fn read(store: &Store) -> Self {
        Self::read_in_part(store, |_| true)
    }

    /// The same, but of messages of kinds for which `reads` does not hold, their fields are left out.
    pub fn read_in_part(store: &Store, reads: fn(&str) -> bool) -> Self {
        let mut processes = BTreeMap::<Arc<str>, Vec<StepRecord>>::new();
        let (mut crashes, mut partitions) = (Crashes::default(), Partitions::default());
        let (mut losses, mut unfinished) = (Vec::new(), None);
        store.for_each(|name, span| {
            if let Some(of_crash) = faults::crash(name, &span) {
                crashes.add(of_crash, span.start_time_unix_nano);
            } else if let Some(of_partition) = faults::separation(name, &span) {
                partitions.add(of_partition, span.start_time_unix_nano);
            } else if let Some(loss) = faults::loss(name, &span) {
                losses.push(loss);
            } else if let Some(reason) = faults::unfinished(name, &span) {
                unfinished = Some(reason);
            } else if let Some(mut step) = step_in_part(span, reads) {
                match processes.get_mut(name) {
                    Some(steps) => {
                        if let Some(before) = steps.last() {
                            step.state.share(&before.state);
                        }
                        steps.push(step);
                    }
                    None => drop(processes.insert(name.into(), vec![step])),
                }
            }
        });
        for steps in processes.values_mut() {
            if steps.is_sorted_by_key(|step| step.number) {
                continue;
            }
            steps.sort_by_key(|step| step.number);
            for next in 1..steps.len() {
                if let [.., before, step] = &mut steps[..=next] {
                    step.state.share(&before.state);
                }
            }
        }
        losses.sort_by_key(|loss| loss.at);
        Self {
            processes,
            crashes: crashes.pair(),
            partitions: partitions.pair(),
            losses,
            unfinished,
        }
    }

    /// When a process stopped, if it never restarted.
    pub fn stopped(&self, process: &str) -> Option<u64> {
        let mut crashes = self.crashes.iter();
        let last = crashes.rfind(|crash| *crash.process == *process)?;
        last.restarted.is_none().then_some(last.at)
    }

    /// The processes that lie: those of which a recorded state has the text [`LIAR`].
    pub fn liars(&self) -> BTreeSet<&str> {
        let lies = |steps: &Vec<StepRecord>| {
            let mut steps = steps.iter();
            steps.any(|step| step.state.get_text(LIAR).is_some())
        };
        let all = self.processes.iter();
        all.filter_map(|(name, steps)| lies(steps).then_some(&**name))
            .collect()
    }

    /// Why the record cannot be trusted: steps that it lacks. Each process
    /// numbers its steps from 1, and the first may have left no span.
    pub fn missing(&self) -> Option<String> {
        let all = self.processes.iter();
        let missing = all.flat_map(|(name, steps)| missing(steps).map(move |at| (name, at)));
        let mut processes = BTreeSet::new();
        let (mut steps, mut first) = (0_u64, None);
        for (name, numbers) in missing {
            steps = steps.saturating_add(numbers.end.saturating_sub(numbers.start));
            processes.insert(name);
            first.get_or_insert((name, numbers.start));
        }
        let (name, number) = first?;
        Some(format!(
            "{steps} of the steps are missing from the record, of {} of the processes; \
             the first is step {number} of {name}",
            processes.len()
        ))
    }

    /// Why the record cannot be trusted: messages of peers outside the run, none of whose
    /// steps is recorded.
    pub fn foreign(&self) -> Option<String> {
        let received = self.steps().filter_map(|(.., step)| step.received.as_ref());
        let foreign = received.filter(|message| !self.processes.contains_key(&message.from));
        let mut counts = BTreeMap::<_, u64>::new();
        for message in foreign {
            *counts.entry(&message.from).or_default() += 1;
        }
        let (first, _) = counts.first_key_value()?;
        Some(format!(
            "{} messages came from {} peers of which no step is recorded; the first is {first}",
            counts.values().sum::<u64>(),
            counts.len()
        ))
    }

    /// Every step, with its process and its index there.
    pub fn steps(&self) -> impl Iterator<Item = (&Arc<str>, usize, &StepRecord)> {
        let all = self.processes.iter();
        all.flat_map(|(name, steps)| (0..).zip(steps).map(move |(at, step)| (name, at, step)))
    }

    /// Every message sent: the sender, the index of its step, the receiver, the message.
    pub fn sends(&self) -> impl Iterator<Item = (&Arc<str>, usize, &Arc<str>, &MessageRecord)> {
        self.steps().flat_map(|(name, at, step)| {
            step.events.iter().filter_map(move |event| match event {
                Event::Sent { to, message } => Some((name, at, to, message)),
                Event::Output { .. } => None,
            })
        })
    }

    /// How many messages of that kind were sent.
    pub fn count(&self, kind: &str) -> u64 {
        let sends = self.sends();
        sends.filter(|(.., message)| message.kind == kind).count() as u64
    }

    /// How many outputs of that kind there were.
    pub fn count_outputs(&self, kind: &str) -> u64 {
        let outputs = self.outputs();
        outputs.filter(|(_, _, output, _)| *output == kind).count() as u64
    }

    /// The kinds of messages and outputs, with how many there were of each: "the
    /// message PING (2), the output Answered (1)".
    pub fn kinds(&self) -> String {
        let mut counts = BTreeMap::<(&str, &str), u64>::new();
        for (.., message) in self.sends() {
            *counts.entry(("message", &message.kind)).or_default() += 1;
        }
        for (_, _, kind, _) in self.outputs() {
            *counts.entry(("output", kind)).or_default() += 1;
        }
        let left_out = counts.len().saturating_sub(MOST_KINDS);
        let shown = counts.iter().take(MOST_KINDS);
        let mut words: Vec<_> = shown
            .map(|((what, kind), count)| format!("the {what} {kind} ({count})"))
            .collect();
        if left_out > 0 {
            words.push(format!("{left_out} kinds more"));
        }
        match words.is_empty() {
            true => "no messages and no outputs".to_owned(),
            false => words.join(", "),
        }
    }

    /// Every output: the process, the index of its step, the kind, the fields. Process by
    /// process, in the order of their names, and those of one process in the order of its
    /// steps.
    pub fn outputs(&self) -> impl Iterator<Item = (&Arc<str>, usize, &str, &Fields)> {
        self.steps().flat_map(|(name, at, step)| {
            step.events.iter().filter_map(move |event| match event {
                Event::Output { kind, fields } => Some((name, at, kind.as_ref(), fields)),
                Event::Sent { .. } => None,
            })
        })
    }
}

/// The numbers that are missing among these steps, which are in their order.
fn missing(steps: &[StepRecord]) -> impl Iterator<Item = Range<u64>> {
    let mut next = 1;
    steps.iter().filter_map(move |step| {
        let lacks = next..step.number;
        next = step.number.saturating_add(1);
        let silent_start = lacks == (1..2);
        (lacks.start < lacks.end && !silent_start).then_some(lacks)
    })
}

/// The step that a span records. `None` for a span that is not a step.
pub fn step(span: Span) -> Option<StepRecord> {
    step_in_part(span, |_| true)
}

fn step_in_part(span: Span, reads: fn(&str) -> bool) -> Option<StepRecord> {
    let at_unix_nano = span.start_time_unix_nano;
    let fields = read(span.attributes);
    let number = u64::try_from(fields.get_integer(key::STEP)?).ok()?;
    let received = message(&fields, reads).and_then(|message| {
        Some(ReceivedRecord {
            from: fields.get_text(key::REMOTE)?.into(),
            message,
            sequence: u64::try_from(fields.get_integer(key::SEQUENCE)?).ok()?,
            incarnation: u32::try_from(fields.get_integer(key::INCARNATION)?).ok()?,
            size: fields
                .get_integer(key::SIZE)
                .and_then(|size| u64::try_from(size).ok()),
        })
    });
    let timer = fields.get_text(key::TIMER).map(str::to_owned);
    let choices = fields.get_list(key::CHOICES).unwrap_or_default();
    let request = fields
        .get_text(key::REQUEST)
        .map(|operation| RequestRecord {
            operation: operation.to_owned().into(),
            fields: fields.under(REQUEST),
        });
    let handles_nothing = received.is_none() && timer.is_none() && request.is_none();
    let events = span.events.into_iter().filter_map(|event| {
        let fields = read(event.attributes);
        match message(&fields, reads) {
            Some(message) => {
                let to = fields.get_text(key::REMOTE)?.into();
                Some(Event::Sent { to, message })
            }
            None => Some(Event::Output {
                kind: event.name.into(),
                fields,
            }),
        }
    });
    Some(StepRecord {
        number,
        at_unix_nano,
        late_nano: fields
            .get_integer(key::LATE)
            .map_or(0, |late| late.max(0).cast_unsigned()),
        received,
        timer,
        request,
        restarts: handles_nothing && span.name == RESTART,
        choices: choices.iter().map(ToString::to_string).collect(),
        events: events.collect(),
        state: fields.under(STATE),
    })
}

fn message(fields: &Fields, reads: fn(&str) -> bool) -> Option<MessageRecord> {
    let kind = fields.get_text(key::KIND)?;
    Some(MessageRecord {
        id: u64::from_str_radix(fields.get_text(key::ID)?, 16).ok()?,
        kind: kind.to_owned().into(),
        fields: match reads(kind) {
            true => fields.under(MESSAGE),
            false => Fields::default(),
        },
    })
}

/// The text of that attribute.
pub fn text<'a>(attributes: &'a [KeyValue], name: &str) -> Option<&'a str> {
    let mut named = attributes.iter().filter(|attribute| attribute.key == name);
    match named.next()?.value.as_ref()?.value.as_ref()? {
        any_value::Value::StringValue(text) => Some(text),
        _ => None,
    }
}

/// The texts of that attribute.
fn texts(attributes: &[KeyValue], name: &str) -> Option<Vec<Arc<str>>> {
    let mut named = attributes.iter().filter(|attribute| attribute.key == name);
    match field(named.next()?.value.clone()?)? {
        Field::List(texts) => Some(texts.to_vec()),
        Field::Text(_) | Field::Integer(_) | Field::Flag(_) | Field::Records(_) => None,
    }
}

/// The whole number of that attribute.
pub fn integer(attributes: &[KeyValue], name: &str) -> Option<i64> {
    let mut named = attributes.iter().filter(|attribute| attribute.key == name);
    match named.next()?.value.as_ref()?.value.as_ref()? {
        any_value::Value::IntValue(number) => Some(*number),
        _ => None,
    }
}

fn read(attributes: Vec<KeyValue>) -> Fields {
    let read = |KeyValue { key, value, .. }: KeyValue| Some((key.into(), field(value?)?));
    attributes.into_iter().filter_map(read).collect()
}

fn field(value: AnyValue) -> Option<Field> {
    Some(match value.value? {
        any_value::Value::StringValue(text) => Field::Text(text),
        any_value::Value::IntValue(value) => Field::Integer(value),
        any_value::Value::BoolValue(value) => Field::Flag(value),
        any_value::Value::ArrayValue(array) => {
            let texts = array
                .values
                .into_iter()
                .filter_map(|value| match field(value)? {
                    Field::Text(text) => Some(text.into()),
                    Field::Integer(_) | Field::Flag(_) | Field::List(_) | Field::Records(_) => None,
                });
            Field::List(texts.collect())
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Processes, and the numbers of their steps.
    type Steps<'a> = &'a [(&'a str, &'a [u64])];

    fn history(processes: Steps<'_>) -> History {
        let step = |number: &u64| StepRecord {
            number: *number,
            ..StepRecord::default()
        };
        let processes = processes
            .iter()
            .map(|(name, numbers)| ((*name).into(), numbers.iter().map(step).collect()));
        History {
            processes: processes.collect(),
            ..History::default()
        }
    }

    #[test]
    fn missing_steps_are_named() {
        let cases: [(Steps<'_>, Option<&str>); 6] = [
            (&[], None),
            (&[("a", &[1, 2, 3]), ("b", &[])], None),
            (&[("a", &[2, 3]), ("b", &[1])], None),
            (
                &[("a", &[1, 2]), ("b", &[2, 4, 7])],
                Some(
                    "3 of the steps are missing from the record, of 1 of the processes; the first is step 3 of b",
                ),
            ),
            (
                &[("a", &[3]), ("b", &[1, 2, 2, 4])],
                Some(
                    "3 of the steps are missing from the record, of 2 of the processes; the first is step 1 of a",
                ),
            ),
            (
                &[("a", &[1, u64::MAX])],
                Some(&format!(
                    "{} of the steps are missing from the record, of 1 of the processes; the first is step 2 of a",
                    u64::MAX - 2
                )),
            ),
        ];
        for (processes, expected) in cases {
            let missing = history(processes).missing();
            assert_eq!(missing.as_deref(), expected, "{processes:?}");
        }
    }
}
