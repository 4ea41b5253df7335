//! Histories written by hand, step by step, for the tests of checkers.
//!
//! ```ignore
//! let mut run = ByHand::new(["peer-00", "peer-01"]);
//! let token = run.send("peer-00", "peer-01", "TOKEN", [integer("hop", 1)]);
//! run.receive("peer-01", token);
//! run.say("peer-01", "Joined", []);
//! assert_eq!(violated(&check(&run.history)), [""; 0]);
//! ```

use std::borrow::Cow;

use algorithms::Field;
use trace::history::{CrashRecord, History};
use trace::steps::{Event, MessageRecord, ReceivedRecord, StepRecord};

use super::Property;

/// A named field.
pub(crate) type Named = (Cow<'static, str>, Field);

/// A history under construction. Each call appends to it.
#[derive(Debug, Default)]
pub(crate) struct ByHand {
    /// The history so far.
    pub history: History,
    /// Every message sent, in the form in which it is received. Its index is its
    /// id.
    sent: Vec<ReceivedRecord>,
}

impl ByHand {
    /// Processes that have done nothing yet.
    pub(crate) fn new<const N: usize>(processes: [&str; N]) -> Self {
        let mut run = Self::default();
        for process in processes {
            run.history.processes.insert(process.into(), Vec::new());
        }
        run
    }

    /// `process` stops for ever.
    pub(crate) fn crash(&mut self, process: &str) {
        self.history.crashes.push(CrashRecord {
            process: process.into(),
            at: 0,
            restarted: None,
        });
    }

    /// A new step of `process`: of a command, or of a timer.
    pub(crate) fn step(&mut self, process: &str) -> &mut StepRecord {
        let steps = self.history.processes.get_mut(process);
        let steps = steps.expect("it is a process of the run");
        steps.push(StepRecord {
            number: steps.len() as u64 + 1,
            ..StepRecord::default()
        });
        steps.last_mut().expect("just pushed")
    }

    /// A new step of `process`, in which it receives the message with that id.
    /// The message may have been sent to another process, or received before.
    pub(crate) fn receive(&mut self, process: &str, id: u64) {
        let received = self.sent[id as usize].clone();
        self.step(process).received = Some(received);
    }

    /// Adds a message to the latest step of `process`. Returns the message's id.
    pub(crate) fn send(
        &mut self,
        process: &str,
        to: &str,
        kind: &'static str,
        fields: impl IntoIterator<Item = Named>,
    ) -> u64 {
        let message = MessageRecord {
            id: self.sent.len() as u64,
            kind: kind.into(),
            fields: fields.into_iter().collect(),
        };
        let earlier = self.history.sends();
        let in_channel =
            earlier.filter(|(by, _, receiver, _)| (&***by, &***receiver) == (process, to));
        self.sent.push(ReceivedRecord {
            from: process.into(),
            message: message.clone(),
            sequence: in_channel.count() as u64,
            incarnation: 0,
            size: None,
        });
        let id = message.id;
        let to = to.into();
        self.latest(process)
            .events
            .push(Event::Sent { to, message });
        id
    }

    /// Adds an output to the latest step of `process`.
    pub(crate) fn say(
        &mut self,
        process: &str,
        kind: &'static str,
        fields: impl IntoIterator<Item = Named>,
    ) {
        let kind = kind.into();
        let fields = fields.into_iter().collect();
        self.latest(process)
            .events
            .push(Event::Output { kind, fields });
    }

    /// Sets the state of `process` after its latest step.
    pub(crate) fn state(&mut self, process: &str, fields: impl IntoIterator<Item = Named>) {
        self.latest(process).state = fields.into_iter().collect();
    }

    /// The latest step of `process`; a new one if it has none.
    fn latest(&mut self, process: &str) -> &mut StepRecord {
        if self.history.processes[process].is_empty() {
            return self.step(process);
        }
        let steps = self.history.processes.get_mut(process);
        steps.and_then(|steps| steps.last_mut()).expect("just seen")
    }
}

/// A text field.
pub(crate) fn text(name: &'static str, value: &str) -> Named {
    (name.into(), Field::Text(value.to_owned()))
}

/// A number field.
pub(crate) fn integer(name: &'static str, value: i64) -> Named {
    (name.into(), Field::Integer(value))
}

/// A Boolean field.
pub(crate) fn flag(name: &'static str, value: bool) -> Named {
    (name.into(), Field::Flag(value))
}

/// A field of several texts.
pub(crate) fn list(name: &'static str, values: &[&str]) -> Named {
    let values = values.iter().map(|value| (*value).into());
    (name.into(), Field::List(values.collect()))
}

/// The names of the properties that do not hold.
pub(crate) fn violated(properties: &[Property]) -> Vec<&'static str> {
    let violated = properties.iter().filter(|property| !property.holds());
    violated.map(|property| property.name).collect()
}

/// The names of the properties for which nothing was checked.
pub(crate) fn vacuous(properties: &[Property]) -> Vec<&'static str> {
    let vacuous = properties.iter().filter(|property| property.checked == 0);
    vacuous.map(|property| property.name).collect()
}
