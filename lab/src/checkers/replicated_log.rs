//! Checks a log that processes replicate: do all carry out the same commands in the same
//! order, although leaders change?
//!
//! The invariants are the properties of figure 3 in Ongaro and Ousterhout, "In Search of an
//! Understandable Consensus Algorithm", 2014. Each state has the term as the number `term`,
//! the text `role`, which is `leader` for a leader, and the entries of its log as the list
//! `log`, each as `TERM:COMMAND`. A process outputs `Leads`, with the number `term`, and
//! for each command that it carries out `Applied`, with the numbers `index` (from 1),
//! `command` and `term`, its own term.

use std::cell::{LazyCell, OnceCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use algorithms::Fields;
use trace::history::{History, Moment};
use trace::steps::Event;

use super::Property;

/// What has to hold at every moment. Only what the latest step may have violated is checked.
pub fn safe(now: &Moment<'_>) -> Vec<Property> {
    vec![
        election_safety(now),
        log_matching(now),
        leader_completeness(now),
        state_machine_safety(now),
    ]
}

/// At most one process leads in a term.
fn election_safety(now: &Moment<'_>) -> Property {
    let mut property = Property::new("election safety").looks_at("output Leads");
    let leads = |kind, fields: &Fields| (kind == "Leads").then(|| fields.get_integer("term"))?;
    for (process, term) in latest(now, leads) {
        let all = now.outputs();
        let mut others = all.filter(|(_, kind, fields)| leads(kind, fields) == Some(term));
        let first = others.next().map_or(process, |(first, ..)| first);
        property.check(first == process, || {
            format!("{first} and {process} lead term {term}")
        });
    }
    property
}

/// Two logs that have entries of the same term at some index are the same up to it.
fn log_matching(now: &Moment<'_>) -> Property {
    let mut property = Property::new("log matching").looks_at("state with a log");
    let Some((one, step)) = now.latest() else {
        return property;
    };
    let first = log(&step.state);
    if now.before().is_some_and(|before| log(before) == first) {
        return property;
    }
    for (other, state) in now.states().filter(|(other, _)| *other != one) {
        let second = log(state);
        if first == second {
            property.check(true, String::new);
            continue;
        }
        let mut both = first.iter().zip(second);
        let last = both.rposition(|(a, b)| term(a) == term(b));
        let known = last.map_or(0, |last| last + 1);
        let differs = (0..known).find(|&at| first[at] != second[at]);
        property.check(differs.is_none(), || {
            let at = differs.unwrap_or_default();
            format!(
                "{one} has {} at index {}, and {other} {}, though their entries at index \
                 {known} are of one term",
                first[at],
                at + 1,
                second[at],
            )
        });
    }
    property
}

/// What was carried out in some term is in the log of every leader of that term or a later
/// one.
fn leader_completeness(now: &Moment<'_>) -> Property {
    let mut property = Property::new("leader completeness").looks_at("output Applied");
    let Some((latest_process, _)) = now.latest() else {
        return property;
    };
    for leader in now.states().filter_map(Leader::read) {
        if leader.process == latest_process && leader.has_changed(now) {
            applied(now).for_each(|(by, applied)| leader.is_complete(&mut property, by, &applied));
        } else {
            for (by, applied) in latest(now, Applied::read) {
                leader.is_complete(&mut property, by, &applied);
            }
        }
    }
    property
}

/// A process that leads.
struct Leader<'a> {
    process: &'a str,
    term: Option<i64>,
    log: &'a [Arc<str>],
    /// The commands of the log, which many outputs are compared with.
    commands: OnceCell<Vec<Option<i64>>>,
}

impl<'a> Leader<'a> {
    fn read((process, state): (&'a str, &'a Fields)) -> Option<Self> {
        (state.get_text("role") == Some("leader")).then(|| Self {
            process,
            term: state.get_integer("term"),
            log: log(state),
            commands: OnceCell::new(),
        })
    }

    /// Whether it leads, or its term or its log has changed, since the latest step, which is
    /// its own.
    fn has_changed(&self, now: &Moment<'_>) -> bool {
        let before = now
            .before()
            .and_then(|state| Leader::read((self.process, state)));
        before.is_none_or(|before| before.term != self.term || before.log != self.log)
    }

    fn commands(&self) -> &[Option<i64>] {
        let read = |entry: &Arc<str>| entry.split_once(':')?.1.parse().ok();
        self.commands
            .get_or_init(|| self.log.iter().map(read).collect())
    }

    /// Whether it has what was carried out, unless its term is an earlier one.
    fn is_complete(&self, property: &mut Property, by: &str, applied: &Applied) {
        if self.term < Some(applied.term) {
            return;
        }
        let Applied { index, command, .. } = applied;
        let place = usize::try_from(*index).ok();
        let place = place.and_then(|place| place.checked_sub(1));
        let held = place.and_then(|place| *self.commands().get(place)?);
        property.check(held == Some(*command), || {
            let leader = self.process;
            let entry = place.and_then(|place| self.log.get(place));
            let has = entry.map_or("no entry", |entry| entry);
            format!(
                "{leader} leads and has {has} at index {index}, where {by} carried out {command}"
            )
        });
    }
}

/// No two processes carry out different commands at one index.
fn state_machine_safety(now: &Moment<'_>) -> Property {
    let mut property = Property::new("state machine safety").looks_at("output Applied");
    for (by, applied) in latest(now, Applied::read) {
        let others = self::applied(now).filter(|(_, other)| other.index == applied.index);
        for (other, earlier) in others {
            property.check(earlier.command == applied.command, || {
                let Applied { index, command, .. } = applied;
                let first = earlier.command;
                format!("at index {index}, {other} carried out {first}, and {by} {command}")
            });
        }
    }
    property
}

/// What clients asked for, and how far elections go.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The commands, each with the process that was asked.
    pub commands: Vec<(String, i64)>,
    /// No process stands for a later term.
    pub last_term: u64,
}

/// What has to hold in the end.
pub fn check(history: &History, asked: &Asked) -> Vec<Property> {
    vec![validity(history, asked), termination(history, asked)]
}

/// A process carries out commands of clients alone, and none of them twice.
fn validity(history: &History, asked: &Asked) -> Property {
    let mut property = Property::of("validity", history).looks_at("output Applied");
    let commands: BTreeSet<_> = asked.commands.iter().map(|(_, command)| *command).collect();
    let mut seen = BTreeSet::new();
    for (by, _, applied) in outputs(history) {
        let command = applied.command;
        property.check(commands.contains(&command), || {
            format!("{by} carried out {command}, which no client asked for")
        });
        property.check(seen.insert((by, command)), || {
            format!("{by} carried out {command} twice")
        });
    }
    property
}

/// Each process that is up carries out every command, unless the process that the client
/// asked has crashed. That is promised for a network that works again: otherwise it is not
/// known.
fn termination(history: &History, asked: &Asked) -> Property {
    let mut property = Property::of("termination", history).looks_at("command of a client");
    let processes = history.processes.keys();
    let up: Vec<_> = processes
        .filter(|one| history.stopped(one).is_none())
        .collect();
    if let Some(why) = no_leader(history, &up, asked.last_term) {
        property.not_known(why);
        return property;
    }
    let disturbed = LazyCell::new(|| disturbed(history));
    let done: BTreeSet<_> = outputs(history)
        .map(|(by, _, applied)| (by, applied.command))
        .collect();
    let crashes = history.crashes.iter();
    let crashed: BTreeSet<_> = crashes.map(|crash| &*crash.process).collect();
    let asked = asked.commands.iter();
    for (at, command) in asked.filter(|(at, _)| !crashed.contains(&**at)) {
        for process in &up {
            let is_done = done.contains(&(&***process, *command));
            if !is_done && let Some(why) = &*disturbed {
                property.unknown(why);
                continue;
            }
            property.check_in_the_end(is_done, || {
                format!("{process} never carries out {command}, which a client asked of {at}")
            });
        }
    }
    property
}

/// Why the network may still have hindered the processes in the end: a partition that does
/// not heal, or messages that were lost after the last fault. A message that has not come is
/// lost if a later one of its channel came, or if none at all came in the run.
fn disturbed(history: &History) -> Option<String> {
    if history.partitions.iter().any(|one| one.healed.is_none()) {
        return Some("a partition never heals".into());
    }
    let since = history.last_fault().unwrap_or(0);
    let steps = history.steps();
    let received = steps.filter_map(|(.., step)| {
        let received = step.received.as_ref()?;
        Some((&*received.from, received.message.id))
    });
    let received: BTreeSet<_> = received.collect();
    let (mut missing, mut lost) = (BTreeMap::<_, u64>::new(), 0);
    for (by, at, to, message) in history.sends() {
        if history.processes[by][at].at_unix_nano < since {
            continue;
        }
        let missing = missing.entry((by, to)).or_default();
        match received.contains(&(&**by, message.id)) {
            true => lost += std::mem::take(missing),
            false => *missing += 1,
        }
    }
    if received.is_empty() {
        lost = missing.values().sum();
    }
    (lost > 0).then(|| format!("{lost} messages were lost after the last fault"))
}

/// Why nobody leads in the end, if the run allows it.
fn no_leader(history: &History, up: &[&Arc<str>], last_term: u64) -> Option<String> {
    let all = history.processes.len();
    if up.len() * 2 <= all {
        return Some(format!(
            "{} of {all} processes are up: no majority",
            up.len()
        ));
    }
    let states = up
        .iter()
        .filter_map(|one| Some(&history.processes[*one].last()?.state));
    let states: Vec<_> = states.collect();
    let term = |state: &&Fields| {
        state
            .get_integer("term")
            .and_then(|term| u64::try_from(term).ok())
    };
    let leads = states
        .iter()
        .any(|state| state.get_text("role") == Some("leader"));
    let is_over = states.iter().any(|state| term(state) >= Some(last_term));
    (is_over && !leads).then(|| format!("nobody leads, and term {last_term} is the last one"))
}

/// An output `Applied`.
struct Applied {
    index: i64,
    command: i64,
    term: i64,
}

impl Applied {
    fn read(kind: &str, fields: &Fields) -> Option<Self> {
        let number = |name| fields.get_integer(name);
        (kind == "Applied").then_some(())?;
        Some(Self {
            index: number("index")?,
            command: number("command")?,
            term: number("term")?,
        })
    }
}

/// What was carried out so far, each with its process.
fn applied<'a>(now: &Moment<'a>) -> impl Iterator<Item = (&'a str, Applied)> {
    let outputs = now.outputs();
    outputs.filter_map(|(by, kind, fields)| Some((by, Applied::read(kind, fields)?)))
}

/// The outputs of the latest step that `read` knows, each with its process.
fn latest<'a, T: 'a>(
    now: &Moment<'a>,
    read: impl Fn(&'a str, &'a Fields) -> Option<T> + 'a,
) -> impl Iterator<Item = (&'a str, T)> {
    let latest = now.latest().into_iter();
    let events = latest.flat_map(|(by, step)| step.events.iter().map(move |event| (by, event)));
    events.filter_map(move |(by, event)| match event {
        Event::Output { kind, fields } => Some((by, read(kind, fields)?)),
        Event::Sent { .. } => None,
    })
}

fn outputs(history: &History) -> impl Iterator<Item = (&str, usize, Applied)> {
    let outputs = history.outputs();
    outputs.filter_map(|(by, at, kind, fields)| Some((&**by, at, Applied::read(kind, fields)?)))
}

fn log(state: &Fields) -> &[Arc<str>] {
    state.get_list("log").unwrap_or_default()
}

fn term(entry: &str) -> &str {
    entry.split_once(':').map_or(entry, |(term, _)| term)
}

#[cfg(test)]
mod tests;
