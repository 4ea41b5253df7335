//! The messages of a flood and their first copies, from the record of a run.

use std::collections::BTreeMap;
use std::time::Duration;

use algorithms::NodeId;
use trace::history::History;

use crate::spread::{Arrival, Copies, Message, Stopped};

/// The messages, in the order of their publication.
pub(super) fn messages(history: &History, neighbours: &[Vec<u32>]) -> Vec<Message> {
    let processes = 0..neighbours.len() as u32;
    let numbers: BTreeMap<_, _> = processes.map(|n| (NodeId(n).to_string(), n)).collect();
    let number = |name: &str| numbers.get(name).copied();
    let mut messages = BTreeMap::<&str, Message>::new();
    let said = |wanted: &'static str| {
        let all = history.outputs();
        let all = all.filter(move |(_, _, kind, _)| *kind == wanted);
        all.filter_map(|(by, at, _, fields)| {
            let step = &history.processes[by][at];
            Some((number(by)?, step, fields.get_text("rumour")?, fields))
        })
    };
    for (publisher, step, id, _) in said("Published") {
        let message = Message {
            publisher,
            degree: neighbours[publisher as usize].len(),
            sent_unix_ns: step.at_unix_nano.saturating_sub(step.late_nano),
            refused: None,
            arrivals: BTreeMap::new(),
        };
        messages.entry(id).or_insert(message);
    }
    for (process, step, id, fields) in said("Delivered") {
        let Some(message) = messages.get_mut(id) else {
            continue; // It was never published: the checker reports it.
        };
        let received = step.received.as_ref();
        let hops = fields.get_integer("hops").map(i64::cast_unsigned);
        let after = step.at_unix_nano.saturating_sub(message.sent_unix_ns);
        message.arrivals.entry(process).or_insert(Arrival {
            via: received.and_then(|received| number(&received.from)),
            after: Duration::from_nanos(after),
            hops,
        });
    }
    let mut messages: Vec<_> = messages.into_values().collect();
    messages.sort_by_key(|message| message.sent_unix_ns);
    messages
}

/// The processes that stopped.
pub(super) fn stopped(history: &History, messages: &[Message], processes: u32) -> Stopped {
    let began = messages.first().map_or(0, |message| message.sent_unix_ns);
    let all = (0..processes).filter_map(|process| {
        let at = history.stopped(&NodeId(process).to_string())?;
        Some((process, Duration::from_nanos(at.saturating_sub(began))))
    });
    all.collect()
}

/// All copies that were sent and received.
pub(super) fn copies(history: &History) -> Copies {
    let (mut sent, mut bytes) = (0, 0);
    for (.., message) in history.sends() {
        if message.fields.get_text("rumour").is_some() {
            sent += 1;
            let size = message.fields.get_integer("size");
            bytes += size.map_or(0, i64::cast_unsigned);
        }
    }
    let received = history
        .steps()
        .filter_map(|(.., step)| step.received.as_ref());
    let of_rumours = received.filter(|one| one.message.fields.get_text("rumour").is_some());
    Copies {
        received: of_rumours.count() as u64,
        sent: Some(sent),
        bytes,
    }
}
