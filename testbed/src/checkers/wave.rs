//! Was it a wave, and did its tree span the network?
//!
//! For any algorithm whose messages and outputs have the wave's id as the text
//! `wave`, in which the initiator's name, a slash and a number stand. Whom the
//! wave reaches says `Joined`, with the text `parent` unless it is the
//! initiator; who knows that it has been everywhere says `Decided`, with the
//! number of processes as `visited`.
//!
//! W2 and W3 are named as in G. Tel, "Introduction to Distributed Algorithms",
//! definition 6.1: there is a decision, and before it there was an event in
//! every process. W1, that it comes to an end, no record can show; that each
//! edge carries two messages and no more implies it.

use std::collections::BTreeMap;
use std::fmt;

use super::Property;
use crate::history::{Causality, History, StepIndex};

/// What was recorded of the waves.
struct Run<'a> {
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

/// A wave comes to a process.
struct Joined<'a> {
    moment: Moment<'a>,
    parent: Option<&'a str>,
    /// Who sent the message that brought it.
    from: Option<&'a str>,
}

/// A process knows that a wave has been everywhere.
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
    let mut property = Property::new("W2 decision");
    for (id, wave) in &run.waves {
        let right = match &wave.decided[..] {
            [only] => only.moment.process == wave.initiator,
            _ => false,
        };
        property.check(right, || match &wave.decided[..] {
            [] => format!("in wave {id} nobody decides"),
            decided => {
                let by = join(decided.iter().map(|decided| &decided.moment));
                format!(
                    "in wave {id} not {} alone decides, but {by}",
                    wave.initiator
                )
            }
        });
    }
    property
}

/// Whoever decides could know that the wave has been at every process.
fn dependence(run: &Run<'_>) -> Property {
    let mut property = Property::new("W3 dependence");
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

/// The wave comes to every process, once.
fn joined_once(run: &Run<'_>) -> Property {
    let mut property = Property::new("joined once");
    for (id, wave) in &run.waves {
        for process in &run.processes {
            let joined = wave.joined.get(process).map_or(&[][..], Vec::as_slice);
            property.check(joined.len() == 1, || match joined {
                [] => format!("in wave {id} {process} never joins"),
                _ => {
                    let moments = join(joined.iter().map(|joined| &joined.moment));
                    format!("in wave {id} {process} joins more than once: {moments}")
                }
            });
        }
    }
    property
}

/// The parents sent what their children joined by, and whoever goes from a
/// process to its parent, and on, comes to the initiator.
fn spanning_tree(run: &Run<'_>) -> Property {
    let mut property = Property::new("spanning tree");
    for (id, wave) in &run.waves {
        for joined in wave.joined.values().filter_map(|joined| joined.first()) {
            let Joined {
                moment,
                parent,
                from,
            } = joined;
            property.check(parent.is_none() || parent == from, || {
                let parent = parent.unwrap_or("nobody");
                let from = from.unwrap_or("nobody");
                format!("in wave {id} {moment} joins below {parent}, by a message of {from}")
            });
            let ancestors = wave.ancestors(joined);
            let root = ancestors.last().unwrap_or(&moment.process);
            property.check(*root == wave.initiator, || {
                let process = moment.process;
                let initiator = wave.initiator;
                let way = match &ancestors[..] {
                    [] => "nowhere".to_owned(),
                    ancestors => join(ancestors),
                };
                format!(
                    "in wave {id} the way up from {process} leads not to {initiator} but to {way}"
                )
            });
        }
    }
    property
}

/// The cost: a message in each direction on every edge that is used.
fn two_messages(run: &Run<'_>) -> Property {
    let mut property = Property::new("two messages an edge");
    for (id, wave) in &run.waves {
        for ((a, b), (there, back)) in &wave.edges {
            property.check((*there, *back) == (1, 1), || {
                format!("in wave {id} {there} go from {a} to {b}, and {back} back")
            });
        }
    }
    property
}

/// The initiator learns how many have joined.
fn right_count(run: &Run<'_>) -> Property {
    let mut property = Property::new("right count");
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
            processes: history.processes.keys().map(|name| &**name).collect(),
            causality: Causality::new(history),
            waves: BTreeMap::new(),
        };
        for (by, at, kind, fields) in history.sayings() {
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
                _ => {} // Not ours: an algorithm may say more.
            }
        }
        for (by, _, to, message) in history.sends() {
            if let Some(id) = message.fields.get_text("wave") {
                run.wave(id).count(by, to);
            }
        }
        run
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

    /// The parent, its parent, and so on: to one that has none or has not
    /// joined, or up to where a cycle closes.
    fn ancestors(&self, of: &Joined<'a>) -> Vec<&'a str> {
        let mut ancestors = Vec::new();
        let mut parent = of.parent;
        while let Some(ancestor) = parent {
            let cycle = ancestors.contains(&ancestor);
            ancestors.push(ancestor);
            let joined = self.joined.get(ancestor).and_then(|joined| joined.first());
            parent = joined.filter(|_| !cycle).and_then(|joined| joined.parent);
        }
        ancestors
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
