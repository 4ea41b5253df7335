//! Checks a flood: does every rumour reach the processes that it should, once,
//! and over which path?
//!
//! For any algorithm whose messages and outputs have a rumour's id as the text `rumour`: the
//! origin's name, a slash and a number. The origin outputs `Published`. A process that
//! receives the rumour for the first time outputs `Delivered`, with the number of messages
//! that carried it as `hops`.
//!
//! Validity, no duplication and no creation are named as in C. Cachin, R.
//! Guerraoui and L. Rodrigues, "Introduction to Reliable and Secure Distributed
//! Programming", module 3.1. The other properties are those of flooding: the path
//! of a rumour is a chain of its messages, and a process that has it forwards it
//! once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

use trace::history::{Causality, History};

use super::Property;

/// What the record of a run does not state.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// How many neighbours each process has, by its name.
    pub degrees: BTreeMap<String, u64>,
    /// To how many of them it sends a rumour; `None` for all.
    pub fanout: Option<u64>,
    /// How many rumours have to be published, if none may be missing.
    pub published: Option<u64>,
    /// Whether each of them has to reach all processes.
    pub reaches_all: bool,
}

/// What was recorded of all rumours.
struct Run<'a> {
    history: &'a History,
    causality: Causality,
    rumours: BTreeMap<&'a str, Rumour<'a>>,
    /// The step in which each message was sent, by its sender and id.
    sent: HashMap<(&'a str, u64), usize>,
}

/// What was recorded of one rumour.
#[derive(Default)]
struct Rumour<'a> {
    origin: &'a str,
    published: Vec<Moment<'a>>,
    delivered: Vec<(Moment<'a>, Option<i64>)>,
    /// The same steps, for lookup: a process, and the index among its steps.
    delivered_at: HashSet<(&'a str, usize)>,
    /// The copies that each process sent: the index of the step, and the
    /// receiver.
    copies: BTreeMap<&'a str, Vec<(usize, &'a str)>>,
}

/// A step of a process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Moment<'a> {
    process: &'a str,
    /// Its place among the steps of the process.
    at: usize,
    /// Its number.
    step: u64,
}

/// Checks a run.
pub fn check(history: &History, expected: &Expected) -> Vec<Property> {
    let run = Run::read(history);
    let mut properties = vec![
        no_creation(&run),
        no_duplication(&run),
        cause(&run),
        hops(&run),
        sent_on_once(&run, expected),
    ];
    if let Some(count) = expected.published {
        properties.insert(0, something(&run));
        properties.push(published(&run, count));
    }
    if expected.reaches_all {
        properties.push(validity(&run, expected));
    }
    properties
}

/// Some process delivers something. Checked only if no process crashes: the
/// publisher might stop first.
fn something(run: &Run<'_>) -> Property {
    let mut property = Property::of("something is delivered", run.history).looks_at("output");
    let any = run.rumours.values().any(|one| !one.delivered.is_empty());
    property.check_in_the_end(any, || "no process delivers anything".into());
    property
}

/// As many rumours are published as expected.
fn published(run: &Run<'_>, count: u64) -> Property {
    let mut property = Property::of("all published", run.history).looks_at("output");
    let said = run.rumours.values().map(|one| one.published.len() as u64);
    let said = said.sum::<u64>();
    let wrong = || format!("{said} of {count} are");
    match said > count {
        true => property.check(false, wrong),
        false => property.check_in_the_end(said == count, wrong),
    }
    property
}

/// Every rumour was published once, by its origin.
fn no_creation(run: &Run<'_>) -> Property {
    let mut property =
        Property::of("no creation", run.history).looks_at("message or output with a text `rumour`");
    for (id, rumour) in &run.rumours {
        let right = matches!(&rumour.published[..], [only] if only.process == rumour.origin);
        property.check(right, || match &rumour.published[..] {
            [] => match rumour.delivered.first() {
                Some((moment, _)) => format!("{moment} delivers {id}, which no process published"),
                None => format!("{id} is sent, and no process published it"),
            },
            published => {
                let by = join(published);
                format!(
                    "{id} is published not by {} once, but by {by}",
                    rumour.origin
                )
            }
        });
    }
    property
}

/// No process publishes or delivers the same rumour more than once.
fn no_duplication(run: &Run<'_>) -> Property {
    let mut property =
        Property::of("no duplication", run.history).looks_at("output Published or Delivered");
    for (id, rumour) in &run.rumours {
        let mut had = BTreeMap::<_, Vec<_>>::new();
        for moment in rumour.had() {
            had.entry(moment.process).or_default().push(*moment);
        }
        for (process, moments) in had {
            property.check(moments.len() == 1, || {
                let moments = join(&moments);
                format!("{process} has {id} more than once: {moments}")
            });
        }
    }
    property
}

/// Every delivery is an effect of the publication: a chain of messages of that
/// rumour leads to it, each sent in the step that published or delivered the
/// rumour.
fn cause(run: &Run<'_>) -> Property {
    let mut property = Property::of("cause", run.history).looks_at("output Delivered");
    for (id, rumour) in &run.rumours {
        for (moment, _) in &rumour.delivered {
            let chain = run.chain(id, rumour, *moment);
            property.check(chain.is_ok(), || {
                let why = chain.err().unwrap_or_default();
                format!("{moment} delivers {id}, but {why}")
            });
            let after = |start: &Moment<'_>| {
                let index = |moment: &Moment<'_>| run.causality.index(moment.process, moment.at);
                let both = index(start).zip(index(moment));
                both.is_some_and(|(start, end)| start != end && run.causality.precedes(start, end))
            };
            property.check(rumour.published.iter().any(after), || {
                format!("{moment} delivers {id}, and cannot know that it was published")
            });
        }
    }
    property
}

/// The hops that a delivery states are the messages that carried the rumour.
fn hops(run: &Run<'_>) -> Property {
    let mut property = Property::of("hops", run.history)
        .looks_at("output Delivered after a chain of its messages");
    for (id, rumour) in &run.rumours {
        for (moment, stated) in &rumour.delivered {
            // Without a chain there is nothing to count; `cause` reports that.
            let Ok(length) = run.chain(id, rumour, *moment) else {
                continue;
            };
            property.check(*stated == Some(length), || {
                let stated = stated.map_or("no".to_owned(), |stated| stated.to_string());
                format!("{moment} states {stated} hops of {id}, but {length} messages carried it")
            });
        }
    }
    property
}

/// A process forwards a rumour once, in the step that publishes or delivers it: to
/// all its other neighbours, or to as many as the fanout, and not back to the
/// sender.
fn sent_on_once(run: &Run<'_>, expected: &Expected) -> Property {
    let mut property =
        Property::of("sent on once", run.history).looks_at("output Published or Delivered");
    for (id, rumour) in &run.rumours {
        for moment in rumour.had() {
            let Some(degree) = expected.degrees.get(moment.process) else {
                continue;
            };
            let copies = rumour.copies.get(moment.process);
            let copies = copies.map_or(&[][..], Vec::as_slice);
            let to: BTreeSet<_> = copies.iter().map(|(_, to)| *to).collect();
            let from = run.received(*moment).map(|(from, _)| from);
            let others = degree.saturating_sub(from.is_some().into());
            let count = expected.fanout.map_or(others, |fanout| fanout.min(others));
            let right = to.len() as u64 == count
                && copies.len() as u64 == count
                && copies.iter().all(|(at, _)| *at == moment.at)
                && from.is_none_or(|from| !to.contains(from));
            property.check(right, || {
                let sent = copies.len();
                let back = from.filter(|from| to.contains(from));
                let back = back.map_or(String::new(), |from| format!(", and back to {from}"));
                format!(
                    "{moment} has {id}, and sends {sent} copies to {} others{back}; it should send {count} at once",
                    to.len()
                )
            });
        }
    }
    property
}

/// Every process has every rumour that was published.
fn validity(run: &Run<'_>, expected: &Expected) -> Property {
    let mut property = Property::of("validity", run.history).looks_at("output Published");
    let rumours = run.rumours.iter();
    for (id, rumour) in rumours.filter(|(_, rumour)| !rumour.published.is_empty()) {
        let had: BTreeSet<_> = rumour.had().map(|moment| moment.process).collect();
        for process in expected.degrees.keys() {
            property.check_in_the_end(had.contains(&**process), || {
                format!("{process} never delivers {id}")
            });
        }
    }
    property
}

impl<'a> Run<'a> {
    fn read(history: &'a History) -> Self {
        let mut run = Self {
            history,
            causality: Causality::new(history),
            rumours: BTreeMap::new(),
            sent: HashMap::new(),
        };
        for (by, at, kind, fields) in history.outputs() {
            let Some(id) = fields.get_text("rumour") else {
                continue;
            };
            let moment = Moment {
                process: by,
                at,
                step: history.processes[by][at].number,
            };
            let rumour = run.rumour(id);
            match kind {
                "Published" => rumour.published.push(moment),
                "Delivered" => {
                    let hops = fields.get_integer("hops");
                    rumour.delivered.push((moment, hops));
                    rumour.delivered_at.insert((by, at));
                }
                _ => {} // An algorithm may have other outputs.
            }
        }
        for (by, at, to, message) in history.sends() {
            if let Some(id) = message.fields.get_text("rumour") {
                run.sent.insert((by, message.id), at);
                run.rumour(id).copies.entry(by).or_default().push((at, to));
            }
        }
        run
    }

    fn rumour(&mut self, id: &'a str) -> &mut Rumour<'a> {
        self.rumours.entry(id).or_insert_with(|| Rumour {
            origin: id.rsplit_once('/').map_or(id, |(origin, _)| origin),
            ..Rumour::default()
        })
    }

    /// What a step received: the sender, and the rumour.
    fn received(&self, moment: Moment<'_>) -> Option<(&'a str, Option<&'a str>)> {
        let step = self.history.processes.get(moment.process)?.get(moment.at)?;
        let received = step.received.as_ref()?;
        Some((&received.from, received.message.fields.get_text("rumour")))
    }

    /// The number of messages that carried a rumour from its publication to a
    /// delivery. An error names where the chain breaks.
    fn chain(&self, id: &str, rumour: &Rumour<'a>, end: Moment<'a>) -> Result<i64, String> {
        let (mut process, mut at) = (end.process, end.at);
        let most = rumour.delivered.len() as i64;
        for length in 1..=most {
            let step = &self.history.processes[process][at];
            let of = |received: &&trace::steps::ReceivedRecord| {
                received.message.fields.get_text("rumour") == Some(id)
            };
            let Some(received) = step.received.as_ref().filter(of) else {
                return Err(format!("{process} (step {}) got no copy", step.number));
            };
            let from = &*received.from;
            let Some(&sent) = self.sent.get(&(from, received.message.id)) else {
                return Err(format!("no step records that {from} sent the copy"));
            };
            let here = |moment: &Moment<'_>| (moment.process, moment.at) == (from, sent);
            if rumour.published.iter().any(here) {
                return Ok(length);
            }
            if !rumour.delivered_at.contains(&(from, sent)) {
                return Err(format!("{from} sent a copy when it had not just got it"));
            }
            (process, at) = (from, sent);
        }
        Err("its way is a circle".into())
    }
}

impl<'a> Rumour<'a> {
    /// The steps that published or delivered it.
    fn had(&self) -> impl Iterator<Item = &Moment<'a>> {
        let delivered = self.delivered.iter().map(|(moment, _)| moment);
        self.published.iter().chain(delivered)
    }
}

/// `peer-02 (step 4)`
impl fmt::Display for Moment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (step {})", self.process, self.step)
    }
}

fn join<T: fmt::Display>(values: &[T]) -> String {
    let texts: Vec<_> = values.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests;
