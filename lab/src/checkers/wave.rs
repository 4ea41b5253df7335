//! Checks a wave: is it one, and does its tree span the network?
//!
//! For any algorithm whose messages and outputs have the wave's id as the text
//! `wave`: the initiator's name, a slash and a number. A process that the wave
//! reaches outputs `Joined`, with the text `parent` unless it is the initiator. A
//! process that knows that the wave has reached all outputs `Decided`, with the
//! number of processes as `visited`.
//!
//! W2 and W3 are named as in G. Tel, "Introduction to Distributed Algorithms",
//! definition 6.1: there is a decision, and before it there was an event in every
//! process. No record can show W1, that the wave terminates; it follows if each
//! edge carries two messages and no more.

use std::collections::BTreeMap;
use std::fmt;

use trace::history::{Causality, History, StepIndex};

use super::Property;

/// What was recorded of the waves.
struct Run<'a> {
    history: &'a History,
    processes: Vec<&'a str>,
    causality: Causality,
    waves: BTreeMap<&'a str, Wave<'a>>,
}

/// What was recorded of one wave.
#[derive(Default)]
struct Wave<'a> {
    initiator: &'a str,
    joined: BTreeMap<&'a str, Vec<Joined<'a>>>,
    decided: Vec<Decided<'a>>,
    /// How many messages went from the first to the second, and how many back.
    edges: BTreeMap<(&'a str, &'a str), (u64, u64)>,
}

/// An output `Joined`.
struct Joined<'a> {
    moment: Moment<'a>,
    parent: Option<&'a str>,
    /// The sender of the message that brought it.
    from: Option<&'a str>,
}

/// An output `Decided`.
struct Decided<'a> {
    moment: Moment<'a>,
    visited: Option<i64>,
}

/// A step of a process.
struct Moment<'a> {
    process: &'a str,
    /// Its number.
    step: u64,
    at: StepIndex,
}

/// Checks a run.
pub fn check(history: &History) -> Vec<Property> {
    let run = Run::read(history);
    vec![
        decision(&run),
        dependence(&run),
        joined_once(&run),
        spanning_tree(&run),
        two_messages(&run),
        right_count(&run),
    ]
}

/// Each wave has one decision, and it is the initiator's.
fn decision(run: &Run<'_>) -> Property {
    let mut property = run.property("W2 decision", "message or output with a text `wave`");
    for (id, wave) in &run.waves {
        match &wave.decided[..] {
            [] => property.check_in_the_end(false, || format!("in wave {id} no process decides")),
            decided => {
                let by = || join(decided.iter().map(|decided| &decided.moment));
                let initiator = wave.initiator;
                let right = decided.len() == 1 && decided[0].moment.process == initiator;
                property.check(right, || {
                    format!("in wave {id} not {initiator} alone decides, but {}", by())
                });
            }
        }
    }
    property
}

/// Every process has joined in the causal past of the decision.
fn dependence(run: &Run<'_>) -> Property {
    let mut property = run.property("W3 dependence", "output Decided");
    for (id, wave) in &run.waves {
        for (decided, process) in pairs(&wave.decided, &run.processes) {
            let mut joined = wave.joined.get(process).into_iter().flatten();
            let end = &decided.moment;
            let before = |joined: &Joined<'_>| run.causality.precedes(joined.moment.at, end.at);
            property.check(joined.any(before), || {
                format!("in wave {id} {end} decides, and cannot know that {process} has joined")
            });
        }
    }
    property
}

/// The wave reaches every process once.
fn joined_once(run: &Run<'_>) -> Property {
    let mut property = run.property("joined once", "message or output with a text `wave`");
    for (id, wave) in &run.waves {
        for process in &run.processes {
            let joined = wave.joined.get(process).map_or(&[][..], Vec::as_slice);
            match joined {
                [] => property
                    .check_in_the_end(false, || format!("in wave {id} {process} never joins")),
                _ => property.check(joined.len() == 1, || {
                    let moments = join(joined.iter().map(|joined| &joined.moment));
                    format!("in wave {id} {process} joins more than once: {moments}")
                }),
            }
        }
    }
    property
}

/// Each process joined by a message of its parent, and the path of parents from
/// it leads to the initiator.
fn spanning_tree(run: &Run<'_>) -> Property {
    let mut property = run.property("spanning tree", "output Joined");
    for (id, wave) in &run.waves {
        let first = wave.joined.values().filter_map(|joined| joined.first());
        for joined @ Joined { moment, parent, .. } in first {
            property.check(parent.is_none() || *parent == joined.from, || {
                let parent = parent.unwrap_or_default();
                let from = joined.from.unwrap_or("no process");
                format!("in wave {id} {moment} joins below {parent}, by a message of {from}")
            });
            let way = wave.way_up(joined);
            let (root, below) = way.split_last().expect("it begins with the process");
            let cycle = below.contains(root);
            property.check(*root == wave.initiator && !cycle, || {
                let initiator = wave.initiator;
                let way = join(&way);
                format!("in wave {id} the parents do not lead to {initiator}: {way}")
            });
        }
    }
    property
}

/// The cost: a message in each direction on every edge that is used.
fn two_messages(run: &Run<'_>) -> Property {
    let mut property = run.property("two messages an edge", "message with a text `wave`");
    for (id, wave) in &run.waves {
        for ((a, b), (there, back)) in &wave.edges {
            let wrong =
                || format!("in wave {id} {there} messages go from {a} to {b}, and {back} back");
            match there.max(back) {
                0..=1 => property.check_in_the_end((*there, *back) == (1, 1), wrong),
                _ => property.check(false, wrong),
            }
        }
    }
    property
}

/// The initiator learns how many have joined.
fn right_count(run: &Run<'_>) -> Property {
    let mut property = run.property("right count", "output Decided");
    for (id, wave) in &run.waves {
        let count = wave.joined.len();
        for Decided { moment, visited } in &wave.decided {
            property.check(*visited == i64::try_from(count).ok(), || {
                let visited = visited.map_or("nothing".to_owned(), |visited| visited.to_string());
                format!("in wave {id} {moment} counts {visited}, but {count} join")
            });
        }
    }
    property
}

impl<'a> Run<'a> {
    fn read(history: &'a History) -> Self {
        let mut run = Self {
            history,
            processes: history.processes.keys().map(|name| &**name).collect(),
            causality: Causality::new(history),
            waves: BTreeMap::new(),
        };
        for (by, at, kind, fields) in history.outputs() {
            let (Some(id), Some(index)) = (fields.get_text("wave"), run.causality.index(by, at))
            else {
                continue;
            };
            let step = &history.processes[by][at];
            let moment = Moment {
                process: by,
                step: step.number,
                at: index,
            };
            let wave = run.wave(id);
            match kind {
                "Joined" => wave.joined.entry(by).or_default().push(Joined {
                    moment,
                    parent: fields.get_text("parent"),
                    from: step.received.as_ref().map(|received| &*received.from),
                }),
                "Decided" => wave.decided.push(Decided {
                    moment,
                    visited: fields.get_integer("visited"),
                }),
                _ => {} // An algorithm may have other outputs.
            }
        }
        for (by, _, to, message) in history.sends() {
            if let Some(id) = message.fields.get_text("wave") {
                run.wave(id).count(by, to);
            }
        }
        run
    }

    fn property(&self, name: &'static str, looks_at: &'static str) -> Property {
        Property::of(name, self.history).looks_at(looks_at)
    }

    fn wave(&mut self, id: &'a str) -> &mut Wave<'a> {
        self.waves.entry(id).or_insert_with(|| Wave {
            initiator: id.rsplit_once('/').map_or(id, |(initiator, _)| initiator),
            ..Wave::default()
        })
    }
}

impl<'a> Wave<'a> {
    fn count(&mut self, from: &'a str, to: &'a str) {
        if from < to {
            self.edges.entry((from, to)).or_default().0 += 1;
        } else {
            self.edges.entry((to, from)).or_default().1 += 1;
        }
    }

    /// The process, its parent, and so on, up to one that has none or has not
    /// joined, or to where a cycle closes.
    fn way_up(&self, from: &Joined<'a>) -> Vec<&'a str> {
        let mut way = vec![from.moment.process];
        let mut parent = from.parent;
        while let Some(next) = parent {
            let cycle = way.contains(&next);
            way.push(next);
            let joined = self.joined.get(next).and_then(|joined| joined.first());
            parent = joined.filter(|_| !cycle).and_then(|joined| joined.parent);
        }
        way
    }
}

/// `peer-02 (step 4)`
impl fmt::Display for Moment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (step {})", self.process, self.step)
    }
}

fn pairs<'a, A, B: Copy>(a: &'a [A], b: &'a [B]) -> impl Iterator<Item = (&'a A, B)> {
    a.iter().flat_map(|a| b.iter().map(move |b| (a, *b)))
}

fn join<T: fmt::Display>(values: impl IntoIterator<Item = T>) -> String {
    let texts: Vec<_> = values.into_iter().map(|value| value.to_string()).collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use algorithms::Field;
    use trace::steps::Event;

    use super::super::by_hand::{ByHand, Named, integer, text, vacuous, violated};
    use super::*;

    const A: &str = "peer-00";
    const B: &str = "peer-01";
    const C: &str = "peer-02";
    const WAVE: &str = "peer-00/0";

    fn wave() -> [Named; 1] {
        [text("wave", WAVE)]
    }

    fn below(parent: &str) -> [Named; 2] {
        [text("wave", WAVE), text("parent", parent)]
    }

    fn visited(count: i64) -> [Named; 2] {
        [text("wave", WAVE), integer("visited", count)]
    }

    /// A wave from A in a triangle.
    fn triangle() -> ByHand {
        let mut run = ByHand::new([A, B, C]);
        run.say(A, "Joined", wave());
        let to_b = run.send(A, B, "EXPLORER", wave());
        let to_c = run.send(A, C, "EXPLORER", wave());
        run.receive(B, to_b);
        run.say(B, "Joined", below(A));
        let across = run.send(B, C, "EXPLORER", wave());
        run.receive(C, to_c);
        run.say(C, "Joined", below(A));
        let back = run.send(C, B, "EXPLORER", wave());
        run.receive(C, across);
        let of_c = run.send(C, A, "ECHO", visited(1));
        run.receive(B, back);
        let of_b = run.send(B, A, "ECHO", visited(1));
        run.receive(A, of_c);
        run.receive(A, of_b);
        run.say(A, "Decided", visited(3));
        run
    }

    /// The triangle, with the events of `process` in that step altered.
    fn alter(process: &str, step: usize, alter: impl FnOnce(&mut Vec<Event>)) -> ByHand {
        let mut run = triangle();
        let steps = run.history.processes.get_mut(process).unwrap();
        alter(&mut steps[step - 1].events);
        run
    }

    /// Replaces the fields of the first event, an output.
    fn say(events: &mut [Event], new: impl IntoIterator<Item = Named>) {
        let Event::Output { fields, .. } = &mut events[0] else {
            panic!("{events:?}");
        };
        *fields = new.into_iter().collect();
    }

    /// The violations, each after its property's name.
    fn wrong(run: &ByHand) -> Vec<String> {
        let properties = check(&run.history);
        let wrong = |p: &Property| {
            let name = p.name;
            let tell = move |violation: &String| format!("{name}: {violation}");
            p.violations.iter().map(tell).collect::<Vec<_>>()
        };
        properties.iter().flat_map(wrong).collect()
    }

    #[test]
    fn a_correct_wave_passes() {
        let properties = check(&triangle().history);
        assert_eq!(violated(&properties), [""; 0]);
        assert_eq!(vacuous(&properties), [""; 0]);
    }

    #[test]
    fn a_missing_decision_is_found() {
        let run = alter(A, 3, |events| events.clear());
        assert_eq!(
            wrong(&run),
            ["W2 decision: in wave peer-00/0 no process decides"]
        );
    }

    #[test]
    fn two_decisions_are_found() {
        let mut run = triangle();
        run.say(B, "Decided", visited(3));
        let expected = "W2 decision: in wave peer-00/0 not peer-00 alone decides, \
                        but peer-00 (step 3), peer-01 (step 2)";
        assert_eq!(wrong(&run), [expected]);
    }

    /// B echoes when its explorer comes, and does not wait for C.
    #[test]
    fn an_early_decision_is_found() {
        let mut run = ByHand::new([A, B, C]);
        run.say(A, "Joined", wave());
        let to_b = run.send(A, B, "EXPLORER", wave());
        run.receive(B, to_b);
        run.say(B, "Joined", below(A));
        let to_c = run.send(B, C, "EXPLORER", wave());
        let of_b = run.send(B, A, "ECHO", visited(2));
        run.receive(C, to_c);
        run.say(C, "Joined", below(B));
        let of_c = run.send(C, B, "ECHO", visited(1));
        run.receive(A, of_b);
        run.say(A, "Decided", visited(3));
        run.receive(B, of_c);
        let expected = "W3 dependence: in wave peer-00/0 peer-00 (step 2) decides, \
                        and cannot know that peer-02 has joined";
        assert_eq!(wrong(&run), [expected]);
    }

    #[test]
    fn a_second_join_is_found() {
        let mut run = triangle();
        run.say(B, "Joined", below(C));
        let expected = "joined once: in wave peer-00/0 peer-01 joins more than once: \
                        peer-01 (step 1), peer-01 (step 2)";
        assert_eq!(wrong(&run), [expected]);
    }

    #[test]
    fn a_process_that_does_not_join_is_found() {
        let mut run = alter(C, 1, |events| drop(events.remove(0)));
        let steps = run.history.processes.get_mut(A).unwrap();
        say(&mut steps[2].events, visited(2));
        let expected = [
            "W3 dependence: in wave peer-00/0 peer-00 (step 3) decides, \
             and cannot know that peer-02 has joined",
            "joined once: in wave peer-00/0 peer-02 never joins",
        ];
        assert_eq!(wrong(&run), expected);
    }

    #[test]
    fn two_roots_are_found() {
        let run = alter(C, 1, |events| say(events, wave()));
        let expected = "spanning tree: in wave peer-00/0 the parents do not lead to peer-00: \
                        peer-02";
        assert_eq!(wrong(&run), [expected]);
    }

    #[test]
    fn a_parent_that_did_not_send_the_wave_is_found() {
        let run = alter(C, 1, |events| say(events, below(B)));
        let expected = "spanning tree: in wave peer-00/0 peer-02 (step 1) joins below peer-01, \
                        by a message of peer-00";
        assert_eq!(wrong(&run), [expected]);
    }

    #[test]
    fn a_cycle_of_parents_is_found() {
        let run = alter(A, 1, |events| say(events, below(B)));
        let expected = [
            "spanning tree: in wave peer-00/0 peer-00 (step 1) joins below peer-01, \
             by a message of no process",
            "spanning tree: in wave peer-00/0 the parents do not lead to peer-00: \
             peer-00, peer-01, peer-00",
            "spanning tree: in wave peer-00/0 the parents do not lead to peer-00: \
             peer-01, peer-00, peer-01",
            "spanning tree: in wave peer-00/0 the parents do not lead to peer-00: \
             peer-02, peer-00, peer-01, peer-00",
        ];
        assert_eq!(wrong(&run), expected);
    }

    #[test]
    fn a_third_message_on_an_edge_is_found() {
        let mut run = triangle();
        run.send(C, B, "EXPLORER", wave());
        let expected = "two messages an edge: in wave peer-00/0 \
                        1 messages go from peer-01 to peer-02, and 2 back";
        assert_eq!(wrong(&run), [expected]);
    }

    #[test]
    fn a_single_message_on_an_edge_is_found() {
        let mut run = triangle();
        let steps = run.history.processes.get_mut(C).unwrap();
        steps[0].events.pop();
        let expected = "two messages an edge: in wave peer-00/0 \
                        1 messages go from peer-01 to peer-02, and 0 back";
        assert_eq!(wrong(&run), [expected]);
    }

    #[test]
    fn a_wrong_count_is_found() {
        let run = alter(A, 3, |events| say(events, visited(4)));
        let expected = "right count: in wave peer-00/0 peer-00 (step 3) counts 4, but 3 join";
        assert_eq!(wrong(&run), [expected]);
    }

    #[test]
    fn concurrent_waves_are_checked_separately() {
        let mut run = triangle();
        for steps in run.history.processes.values_mut() {
            // A second wave does the same, but for the decision.
            for events in steps.iter_mut().map(|step| &mut step.events) {
                let second = |event: &Event| match event.clone() {
                    Event::Output { kind, .. } if kind == "Decided" => None,
                    Event::Output { kind, fields } => Some(Event::Output {
                        kind,
                        fields: rename(fields),
                    }),
                    Event::Sent { to, mut message } => {
                        message.fields = rename(message.fields);
                        Some(Event::Sent { to, message })
                    }
                };
                let more: Vec<_> = events.iter().filter_map(second).collect();
                events.extend(more);
            }
        }
        assert_eq!(
            wrong(&run),
            ["W2 decision: in wave peer-00/1 no process decides"]
        );
    }

    fn rename(fields: algorithms::Fields) -> algorithms::Fields {
        let rename = |(name, value)| match value {
            Field::Text(wave) if wave == WAVE => (name, Field::Text("peer-00/1".to_owned())),
            value => (name, value),
        };
        fields.into_iter().map(rename).collect()
    }
}
