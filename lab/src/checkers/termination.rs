//! Checks termination detection: is the end announced, and not too early?
//!
//! For any algorithm that outputs `Terminated`, over any application whose states
//! have the Boolean `active`. Every message that is not a SIGNAL counts as the
//! application's.
//!
//! A computation has terminated when all processes are passive and no message is on
//! its way. "When" needs no clock: the causal past of `Terminated` is a consistent
//! cut through the run, the most that the announcing process can know of. On this
//! cut the processes must be passive and the channels empty. If they are, only an
//! external command can start work after it: a message or an active process outside
//! the cut would have a cause on the cut.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use algorithms::Fields;
use trace::history::{Causality, History, StepIndex};
use trace::steps::{Event, MessageRecord, StepRecord};

use super::Property;

/// What was recorded, and where in it the computations begin and end.
struct Run<'a> {
    history: &'a History,
    causality: Causality,
    /// The steps in which each message was received, by sender and id.
    receipts: HashMap<(&'a str, u64), Vec<StepIndex>>,
    /// The steps that began a computation: a passive process became active or
    /// sent a message of the application, without receiving one.
    beginnings: Vec<Moment<'a>>,
    /// The steps that output `Terminated`, causes before their effects.
    announcements: Vec<Moment<'a>>,
}

/// A step of a process.
#[derive(Clone, Copy)]
struct Moment<'a> {
    process: &'a str,
    at: StepIndex,
    step: &'a StepRecord,
}

/// Checks a run.
pub fn check(history: &History) -> Vec<Property> {
    let run = Run::read(history);
    vec![
        announced_once(&run),
        passive(&run),
        empty(&run),
        woken_by_messages(&run),
        announced(&run),
    ]
}

/// Each announcement is of a computation that was not announced before.
fn announced_once(run: &Run<'_>) -> Property {
    let mut property = Property::of("announced once", run.history).looks_at("output Terminated");
    let mut to_announce = run.beginnings.clone();
    for end in &run.announcements {
        let before = to_announce.len();
        to_announce.retain(|beginning| !run.precedes(beginning, end));
        property.check(to_announce.len() < before, || {
            format!("{end} says Terminated, and no computation is left to end")
        });
    }
    property
}

/// Safety: no process was active on the cut.
fn passive(run: &Run<'_>) -> Property {
    let mut property =
        Property::of("never early: all are passive", run.history).looks_at("output Terminated");
    for end in &run.announcements {
        let clock = run.causality.clock(end.at);
        for ((process, steps), &known) in run.history.processes.iter().zip(clock) {
            let Some(step) = (known as usize).checked_sub(1).map(|at| &steps[at]) else {
                continue;
            };
            property.check(!is_active(&step.state), || {
                let number = step.number;
                format!("{end} says Terminated, but {process} is active after its step {number}")
            });
        }
    }
    property
}

/// Safety: no message was on its way on the cut.
fn empty(run: &Run<'_>) -> Property {
    let mut property = Property::of("never early: no message is on its way", run.history)
        .looks_at("output Terminated");
    // A computation of one job sends no message, but its channels were checked as
    // well.
    property.checked += run.announcements.len() as u64;
    for (by, step, to, message) in run.history.sends().filter(|(_, _, _, m)| is_application(m)) {
        let sent = run.moment(by, step);
        let id = (&**by, message.id);
        let receipts = run.receipts.get(&id).map_or(&[][..], Vec::as_slice);
        for end in run
            .announcements
            .iter()
            .filter(|end| run.precedes(&sent, end))
        {
            let came = |receipt: &StepIndex| run.causality.precedes(*receipt, end.at);
            property.check(receipts.iter().any(came), || {
                let MessageRecord { kind, id, .. } = message;
                format!(
                    "{end} says Terminated, but {kind} {id:016x} of {sent} to {to} is on its way"
                )
            });
        }
    }
    property
}

/// What the algorithm assumes of the application: a passive process stays passive
/// until a message or a command activates it.
fn woken_by_messages(run: &Run<'_>) -> Property {
    let mut property =
        Property::of("woken by messages alone", run.history).looks_at("step that begins to work");
    for beginning in &run.beginnings {
        let StepRecord {
            received, timer, ..
        } = beginning.step;
        property.check(received.is_none() && timer.is_none(), || {
            format!("{beginning} begins to work, without a message or a command")
        });
    }
    property
}

/// Liveness: a computation that has ended was announced. Not checked in a run
/// that stopped before that.
fn announced(run: &Run<'_>) -> Property {
    let mut property =
        Property::of("announced in the end", run.history).looks_at("computation that has ended");
    if !run.has_ended() {
        return property;
    }
    for beginning in &run.beginnings {
        let mut ends = run.announcements.iter();
        property.check_in_the_end(ends.any(|end| run.precedes(beginning, end)), || {
            format!("what began with {beginning} has ended, and no process announced it")
        });
    }
    property
}

impl<'a> Run<'a> {
    fn read(history: &'a History) -> Self {
        let mut run = Self {
            history,
            causality: Causality::new(history),
            receipts: HashMap::new(),
            beginnings: Vec::new(),
            announcements: Vec::new(),
        };
        for (process, at, step) in history.steps() {
            let moment = run.moment(process, at);
            if let Some(received) = &step.received {
                let id = (&*received.from, received.message.id);
                run.receipts.entry(id).or_default().push(moment.at);
            }
            let was_active = at > 0 && is_active(&history.processes[process][at - 1].state);
            if !was_active && begins(step) {
                run.beginnings.push(moment);
            }
        }
        let outputs = history.outputs();
        let ends = outputs.filter(|(_, _, kind, _)| *kind == "Terminated");
        let mut ends: Vec<_> = ends.map(|(by, at, _, _)| run.moment(by, at)).collect();
        ends.sort_by_key(|end| run.size_of_past(end));
        run.announcements = ends;
        run
    }

    fn moment(&self, process: &'a Arc<str>, step: usize) -> Moment<'a> {
        let at = self.causality.index(process, step);
        Moment {
            process,
            at: at.expect("a step of this history"),
            step: &self.history.processes[process][step],
        }
    }

    fn precedes(&self, a: &Moment<'_>, b: &Moment<'_>) -> bool {
        self.causality.precedes(a.at, b.at)
    }

    /// The number of steps in its causal past: an effect has more than each of
    /// its causes.
    fn size_of_past(&self, moment: &Moment<'_>) -> u64 {
        let clock = self.causality.clock(moment.at);
        clock.iter().copied().map(u64::from).sum()
    }

    /// Whether all processes are passive at the end of the run, and all messages
    /// were received.
    fn has_ended(&self) -> bool {
        let mut last = self
            .history
            .processes
            .values()
            .filter_map(|steps| steps.last());
        let received: HashSet<_> = self.receipts.keys().collect();
        let mut sent = self
            .history
            .sends()
            .filter(|(_, _, _, m)| is_application(m));
        last.all(|step| !is_active(&step.state))
            && sent.all(|(by, _, _, message)| received.contains(&(&**by, message.id)))
    }
}

/// Whether a passive process would begin to work in this step without receiving a
/// message of the application.
fn begins(step: &StepRecord) -> bool {
    let received = step.received.as_ref();
    let is_woken = received.is_some_and(|received| is_application(&received.message));
    let mut events = step.events.iter();
    let sends = events.any(|event| match event {
        Event::Sent { message, .. } => is_application(message),
        Event::Output { .. } => false,
    });
    !is_woken && (sends || is_active(&step.state))
}

fn is_application(message: &MessageRecord) -> bool {
    message.kind != "SIGNAL"
}

fn is_active(state: &Fields) -> bool {
    state.get_flag("active") == Some(true)
}

/// `peer-01 in step 5`
impl std::fmt::Display for Moment<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} in step {}", self.process, self.step.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkers::by_hand::{ByHand, flag, vacuous, violated};

    const ALICE: &str = "peer-00";
    const BOB: &str = "peer-01";

    /// A computation that begins at Alice, who gives Bob a job.
    struct Story(ByHand);

    impl Story {
        /// Alice gets the command to begin, sends the job, and is passive again.
        fn begin() -> (Self, u64) {
            let mut story = Self(ByHand::new([ALICE, BOB]));
            let job = story.begin_anew();
            (story, job)
        }

        fn begin_anew(&mut self) -> u64 {
            self.0.step(ALICE);
            self.active(ALICE, true);
            self.timer(ALICE);
            self.0.send(ALICE, BOB, "JOB", [])
        }

        /// Bob does the job and signals.
        fn work(&mut self, job: u64) -> u64 {
            self.0.receive(BOB, job);
            self.active(BOB, true);
            self.timer(BOB);
            self.0.send(BOB, ALICE, "SIGNAL", [])
        }

        /// Alice gets the signal and announces the end.
        fn end(&mut self, signal: u64) {
            self.0.receive(ALICE, signal);
            self.terminated();
        }

        fn terminated(&mut self) {
            self.0.say(ALICE, "Terminated", []);
            self.active(ALICE, false);
        }

        fn timer(&mut self, process: &str) {
            self.0.step(process).timer = Some("Done".into());
            self.active(process, false);
        }

        fn active(&mut self, process: &str, active: bool) {
            self.0.state(process, [flag("active", active)]);
        }

        /// Exactly these properties are violated, in these words.
        fn expect(&self, expected: &[(&str, &str)]) {
            let properties = check(&self.0.history);
            let names: Vec<_> = expected.iter().map(|(name, _)| *name).collect();
            assert_eq!(violated(&properties), names, "{properties:#?}");
            let violations = properties.iter().flat_map(|property| &property.violations);
            let texts: Vec<_> = expected.iter().map(|(_, text)| *text).collect();
            assert_eq!(violations.collect::<Vec<_>>(), texts);
        }
    }

    #[test]
    fn a_good_run_has_all_properties() {
        let (mut story, job) = Story::begin();
        let signal = story.work(job);
        story.end(signal);
        let again = story.begin_anew();
        let signal = story.work(again);
        story.end(signal);
        story.expect(&[]);
        assert_eq!(vacuous(&check(&story.0.history)), [""; 0]);
    }

    #[test]
    fn a_second_announcement_is_found() {
        let (mut story, job) = Story::begin();
        let signal = story.work(job);
        story.end(signal);
        story.0.step(ALICE);
        story.terminated();
        story.expect(&[(
            "announced once",
            "peer-00 in step 4 says Terminated, and no computation is left to end",
        )]);
    }

    #[test]
    fn an_announcement_while_a_process_is_active_is_found() {
        let (mut story, job) = Story::begin();
        story.0.receive(BOB, job);
        story.active(BOB, true);
        let signal = story.0.send(BOB, ALICE, "SIGNAL", []);
        story.end(signal);
        story.timer(BOB);
        story.expect(&[(
            "never early: all are passive",
            "peer-00 in step 3 says Terminated, but peer-01 is active after its step 1",
        )]);
    }

    #[test]
    fn an_announcement_while_a_message_is_in_flight_is_found() {
        let (mut story, job) = Story::begin();
        story.terminated();
        story.work(job);
        story.expect(&[(
            "never early: no message is on its way",
            "peer-00 in step 2 says Terminated, \
             but JOB 0000000000000000 of peer-00 in step 2 to peer-01 is on its way",
        )]);
    }

    #[test]
    fn an_activation_without_a_message_is_found() {
        let (mut story, job) = Story::begin();
        let signal = story.work(job);
        story.timer(BOB);
        story.active(BOB, true);
        story.timer(BOB);
        let late = story.0.send(BOB, ALICE, "SIGNAL", []);
        story.0.receive(ALICE, late);
        story.active(ALICE, false);
        story.end(signal);
        story.expect(&[(
            "woken by messages alone",
            "peer-01 in step 3 begins to work, without a message or a command",
        )]);
    }

    #[test]
    fn a_missing_announcement_is_found() {
        let (mut story, job) = Story::begin();
        let signal = story.work(job);
        story.0.receive(ALICE, signal);
        story.active(ALICE, false);
        story.expect(&[(
            "announced in the end",
            "what began with peer-00 in step 1 has ended, and no process announced it",
        )]);
    }

    #[test]
    fn an_interrupted_run_leaves_the_end_unknown() {
        let (story, _) = Story::begin();
        let properties = check(&story.0.history);
        assert_eq!(violated(&properties), [""; 0]);
        assert!(vacuous(&properties).contains(&"announced in the end"));
    }
}
