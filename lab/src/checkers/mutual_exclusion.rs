//! Checks mutual exclusion: is at most one process at a time in the critical
//! section?
//!
//! For any algorithm whose processes output `Entered` and `Left`. Wall clocks do
//! not order the steps of two processes; causality does. Two critical sections
//! exclude each other if one process's leaving is in the causal past of the
//! other's entering: had the first stayed longer, the second would have had to
//! wait.
//!
//! The order and the liveness of requests are checked where there are REQUEST
//! messages with a `time`, and states with the number of entries still `wanted`.

use std::collections::BTreeSet;

use trace::history::{Causality, History, StepIndex};
use trace::steps::Event;

use super::Property;

/// From a process's entering to its leaving.
#[derive(Debug)]
struct Section<'a> {
    process: &'a str,
    /// The time of its REQUEST; a process without others sends none.
    request: Option<i64>,
    entered: Moment,
    left: Option<Moment>,
}

/// A step, and its number in its process.
#[derive(Clone, Copy, Debug)]
struct Moment {
    at: StepIndex,
    number: u64,
}

/// Checks a run.
pub fn check(history: &History) -> Vec<Property> {
    let causality = Causality::new(history);
    let sections = sections(history, &causality);
    vec![
        exclusion(&sections, &causality),
        alternation(history),
        order(&sections, &causality),
        liveness(&sections, history),
    ]
}

/// Safety: of two critical sections, one is over before the other begins. It is
/// enough to compare neighbours in an order that is consistent with causality: if
/// each is over before the next begins, all exclude each other.
fn exclusion(sections: &[Section<'_>], causality: &Causality) -> Property {
    let mut property = Property::new("mutual exclusion").looks_at("second output Entered");
    let mut in_order: Vec<_> = sections.iter().collect();
    in_order.sort_by_key(|section| size_of_past(section.entered, causality));
    for pair in in_order.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        property.check(a.is_over_before(b, causality), || {
            format!("{a} and {b}: neither had left before the other entered")
        });
    }
    property
}

/// Each process enters and leaves alternately.
fn alternation(history: &History) -> Property {
    let mut property =
        Property::new("entering and leaving alternate").looks_at("output Entered or Left");
    let mut latest = None;
    for (process, at, kind, _) in history.outputs() {
        if kind != "Entered" && kind != "Left" {
            continue;
        }
        let own = latest.filter(|(by, _)| *by == process);
        let before = own.map_or("Left", |(_, kind)| kind);
        property.check(before != kind, || {
            let number = history.processes[process][at].number;
            format!("{process} says {kind} in step {number}, and it is not its turn to")
        });
        latest = Some((process, kind));
    }
    property
}

/// Processes enter in the order of their requests: by time, then by process.
fn order(sections: &[Section<'_>], causality: &Causality) -> Property {
    let mut property = Property::new("order of requests")
        .looks_at("second output Entered after a REQUEST with a `time`");
    let requested = sections.iter().filter(|section| section.request.is_some());
    let mut in_order: Vec<_> = requested.collect();
    in_order.sort_by_key(|section| (section.request, rank(section.process)));
    for pair in in_order.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        property.check(a.is_over_before(b, causality), || {
            format!("{a} goes before {b}, which entered without waiting for it")
        });
    }
    property
}

/// A process that asks enters, and one that enters leaves.
fn liveness(sections: &[Section<'_>], history: &History) -> Property {
    let mut property = Property::of("everyone who asks enters", history)
        .looks_at("message REQUEST, output Entered or state with `wanted`");
    let entered: BTreeSet<_> = sections
        .iter()
        .filter_map(|section| Some((section.process, section.request?)))
        .collect();
    for request in requests(history) {
        property.check_in_the_end(entered.contains(&request), || {
            let (process, time) = request;
            format!("{process} asked at time {time} and never entered")
        });
    }
    for section in sections {
        property.check_in_the_end(section.left.is_some(), || format!("{section}"));
    }
    for (process, steps) in &history.processes {
        let state = steps.last().map(|step| &step.state);
        if let Some(wanted) = state.and_then(|state| state.get_integer("wanted")) {
            property.check_in_the_end(wanted == 0, || {
                format!("{process} still wants to enter at the end: wanted={wanted}")
            });
        }
    }
    property
}

/// Every request, as its process and its time. It is sent to many processes, and
/// counts once.
fn requests(history: &History) -> BTreeSet<(&str, i64)> {
    let sends = history.sends();
    let requests = sends.filter(|(_, _, _, message)| message.kind == "REQUEST");
    requests
        .filter_map(|(by, _, _, message)| Some((&**by, message.fields.get_integer("time")?)))
        .collect()
}

/// The critical sections of all processes, each process's in their order.
fn sections<'a>(history: &'a History, causality: &Causality) -> Vec<Section<'a>> {
    let mut sections: Vec<Section<'a>> = Vec::new();
    let mut request = None;
    for (process, step, record) in history.steps() {
        let at = causality.index(process, step).expect("of this history");
        let number = record.number;
        let moment = Moment { at, number };
        for event in &record.events {
            match event {
                Event::Sent { message, .. } if message.kind == "REQUEST" => {
                    let time = message.fields.get_integer("time");
                    request = time.map(|time| (process, time));
                }
                Event::Output { kind, .. } if kind == "Entered" => {
                    let own = request.take().filter(|(by, _)| *by == process);
                    sections.push(Section {
                        process,
                        request: own.map(|(_, time)| time),
                        entered: moment,
                        left: None,
                    });
                }
                Event::Output { kind, .. } if kind == "Left" => {
                    let latest = sections.last_mut();
                    if let Some(own) = latest.filter(|section| section.process == &**process) {
                        own.left.get_or_insert(moment);
                    }
                }
                Event::Sent { .. } | Event::Output { .. } => {}
            }
        }
    }
    sections
}

impl Section<'_> {
    fn is_over_before(&self, other: &Self, causality: &Causality) -> bool {
        let left = self.left.as_ref();
        left.is_some_and(|left| causality.precedes(left.at, other.entered.at))
    }
}

/// `peer-01 (REQUEST of time 3, entered in step 5, left in step 7)`
impl std::fmt::Display for Section<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (", self.process)?;
        if let Some(time) = self.request {
            write!(f, "REQUEST of time {time}, ")?;
        }
        write!(f, "entered in step {}, ", self.entered.number)?;
        match &self.left {
            Some(left) => write!(f, "left in step {})", left.number),
            None => write!(f, "never left)"),
        }
    }
}

/// The number of steps in the causal past of a step: an effect has more than each
/// of its causes.
fn size_of_past(moment: Moment, causality: &Causality) -> u64 {
    let clock = causality.clock(moment.at);
    clock.iter().copied().map(u64::from).sum()
}

/// Processes in the order of their ids: `peer-100` comes after `peer-99`.
fn rank(process: &str) -> (usize, &str) {
    (process.len(), process)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkers::by_hand::{ByHand, integer, vacuous, violated};

    const ALICE: &str = "peer-00";
    const BOB: &str = "peer-01";

    fn ask(run: &mut ByHand, process: &str, other: &str, time: i64) -> u64 {
        run.step(process);
        run.state(process, [integer("wanted", 1)]);
        run.send(process, other, "REQUEST", [integer("time", time)])
    }

    /// `process` receives `id`, and outputs `kind`.
    fn receive_and_say(run: &mut ByHand, process: &str, id: u64, kind: &'static str) {
        run.receive(process, id);
        run.say(process, kind, []);
        run.state(process, [integer("wanted", 0)]);
    }

    fn say(run: &mut ByHand, process: &str, kind: &'static str) {
        run.step(process);
        run.say(process, kind, []);
        run.state(process, [integer("wanted", 0)]);
    }

    /// Both ask at time 1. Alice has the lower id: Bob replies, and Alice defers
    /// its reply until it has left. In the end, `last` happens.
    fn run_until(last: impl FnOnce(&mut ByHand, u64)) -> Vec<Property> {
        let mut run = ByHand::new([ALICE, BOB]);
        let to_bob = ask(&mut run, ALICE, BOB, 1);
        let to_alice = ask(&mut run, BOB, ALICE, 1);
        run.receive(BOB, to_bob);
        run.state(BOB, [integer("wanted", 1)]);
        let reply = run.send(BOB, ALICE, "REPLY", []);
        run.receive(ALICE, to_alice);
        receive_and_say(&mut run, ALICE, reply, "Entered");
        say(&mut run, ALICE, "Left");
        let reply = run.send(ALICE, BOB, "REPLY", []);
        last(&mut run, reply);
        check(&run.history)
    }

    fn good(run: &mut ByHand, reply: u64) {
        receive_and_say(run, BOB, reply, "Entered");
        say(run, BOB, "Left");
    }

    #[test]
    fn a_good_run_has_all_properties() {
        let properties = run_until(good);
        assert_eq!(violated(&properties), [""; 0], "{properties:#?}");
        assert_eq!(vacuous(&properties), [""; 0]);
    }

    #[test]
    fn an_entry_before_the_reply_is_found() {
        let properties = run_until(|run, _| {
            say(run, BOB, "Entered");
            say(run, BOB, "Left");
        });
        assert_eq!(
            violated(&properties),
            ["mutual exclusion", "order of requests"]
        );
        assert_eq!(
            properties[0].violations,
            [
                "peer-01 (REQUEST of time 1, entered in step 3, left in step 4) and \
              peer-00 (REQUEST of time 1, entered in step 3, left in step 4): \
              neither had left before the other entered"
            ]
        );
    }

    #[test]
    fn a_second_exit_is_found() {
        let properties = run_until(|run, reply| {
            good(run, reply);
            say(run, BOB, "Left");
        });
        assert_eq!(violated(&properties), ["entering and leaving alternate"]);
        let [violation] = &properties[1].violations[..] else {
            panic!("{properties:#?}");
        };
        assert_eq!(
            violation,
            "peer-01 says Left in step 5, and it is not its turn to"
        );
    }

    #[test]
    fn an_entry_out_of_order_is_found() {
        let mut run = ByHand::new([ALICE, BOB]);
        let to_bob = ask(&mut run, ALICE, BOB, 1);
        let to_alice = ask(&mut run, BOB, ALICE, 2);
        run.receive(ALICE, to_alice);
        let reply = run.send(ALICE, BOB, "REPLY", []);
        run.receive(BOB, to_bob);
        receive_and_say(&mut run, BOB, reply, "Entered");
        say(&mut run, BOB, "Left");
        let reply = run.send(BOB, ALICE, "REPLY", []);
        receive_and_say(&mut run, ALICE, reply, "Entered");
        say(&mut run, ALICE, "Left");
        let properties = check(&run.history);
        assert_eq!(violated(&properties), ["order of requests"]);
        assert_eq!(
            properties[2].violations,
            [
                "peer-00 (REQUEST of time 1, entered in step 3, left in step 4) goes before \
              peer-01 (REQUEST of time 2, entered in step 3, left in step 4), \
              which entered without waiting for it"
            ]
        );
    }

    #[test]
    fn a_missing_entry_or_exit_is_found() {
        let never_enters = run_until(|_, _| {});
        let never_leaves = run_until(|run, reply| receive_and_say(run, BOB, reply, "Entered"));
        let expected = [
            (
                never_enters,
                &[
                    "peer-01 asked at time 1 and never entered",
                    "peer-01 still wants to enter at the end: wanted=1",
                ][..],
            ),
            (
                never_leaves,
                &["peer-01 (REQUEST of time 1, entered in step 3, never left)"],
            ),
        ];
        for (properties, violations) in expected {
            assert_eq!(violated(&properties), ["everyone who asks enters"]);
            assert_eq!(properties[3].violations, violations);
        }
    }

    #[test]
    fn ids_are_in_the_order_of_their_numbers() {
        assert!(rank("peer-99") < rank("peer-100"));
        assert!(rank("peer-07") < rank("peer-10"));
    }
}
