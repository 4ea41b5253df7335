//! Who had each message when and from whom, from the record of a run.

use std::collections::BTreeMap;
use std::time::Duration;

use algorithms::NodeId;
use trace::history::History;

use crate::system::Delivery;

/// A message that was published.
pub(super) struct Message {
    pub(super) publisher: u32,
    /// When it was to be, in nanoseconds since 1970.
    pub(super) at: u64,
    /// The first copy at each process that got one.
    pub(super) arrivals: BTreeMap<u32, Arrival>,
}

/// A first copy.
pub(super) struct Arrival {
    via: Option<u32>,
    pub(super) at: u64,
    pub(super) hops: Option<u64>,
}

/// Processes that were stopped, and when.
pub(super) type Stopped = BTreeMap<u32, Duration>;

/// In the order of their publication.
pub(super) fn messages(history: &History, processes: u32) -> Vec<Message> {
    let numbers: BTreeMap<_, _> = (0..processes).map(|n| (NodeId(n).to_string(), n)).collect();
    let number = |name: &str| numbers.get(name).copied();
    let mut messages = BTreeMap::<&str, Message>::new();
    let said = |wanted: &'static str| {
        let all = history.sayings();
        let all = all.filter(move |(_, _, kind, _)| *kind == wanted);
        all.filter_map(|(by, at, _, fields)| {
            let step = &history.processes[by][at];
            Some((number(by)?, step, fields.get_text("rumour")?, fields))
        })
    };
    for (publisher, step, id, _) in said("Published") {
        let message = Message {
            publisher,
            at: step.at_unix_nano.saturating_sub(step.late_nano),
            arrivals: BTreeMap::new(),
        };
        messages.entry(id).or_insert(message);
    }
    for (process, step, id, fields) in said("Delivered") {
        let Some(message) = messages.get_mut(id) else {
            continue; // Of nobody: the checker says so.
        };
        let received = step.received.as_ref();
        let hops = fields.get_integer("hops").map(i64::cast_unsigned);
        message.arrivals.entry(process).or_insert(Arrival {
            via: received.and_then(|received| number(&received.from)),
            at: step.at_unix_nano,
            hops,
        });
    }
    let mut messages: Vec<_> = messages.into_values().collect();
    messages.sort_by_key(|message| message.at);
    messages
}

/// Who was stopped, and how long after the first message was to be published.
pub(super) fn stopped(history: &History, messages: &[Message], processes: u32) -> Stopped {
    let began = messages.first().map_or(0, |message| message.at);
    let all = (0..processes).filter_map(|process| {
        let at = history.stopped.get(NodeId(process).to_string().as_str())?;
        Some((process, Duration::from_nanos(at.saturating_sub(began))))
    });
    all.collect()
}

impl Message {
    /// How many of those who were stopped cannot get it any more.
    pub(super) fn missed(&self, stopped: &Stopped) -> u64 {
        let gone = stopped.keys().filter(|gone| **gone != self.publisher);
        gone.filter(|gone| !self.arrivals.contains_key(gone))
            .count() as u64
    }
}

/// How many deliveries took so many hops; 0: not known.
pub(super) fn hops(messages: &[Message]) -> BTreeMap<u64, u64> {
    let mut hops = BTreeMap::new();
    for arrival in messages.iter().flat_map(|one| one.arrivals.values()) {
        *hops.entry(arrival.hops.unwrap_or(0)).or_default() += 1;
    }
    hops
}

/// A line for every message and every process but its publisher.
pub(super) fn lines(
    messages: &[Message],
    neighbours: &[Vec<u32>],
    stopped: &Stopped,
) -> Vec<Delivery<'static>> {
    let mut lines = Vec::new();
    for (number, message) in messages.iter().enumerate() {
        let all = 0..neighbours.len() as u32;
        for peer in all.filter(|peer| *peer != message.publisher) {
            let arrival = message.arrivals.get(&peer);
            lines.push(Delivery {
                message: number,
                publisher: message.publisher,
                publisher_degree: neighbours[message.publisher as usize].len(),
                peer,
                via: arrival.and_then(|arrival| arrival.via),
                sent_unix_ns: message.at,
                after_ns: arrival.map(|arrival| arrival.at.saturating_sub(message.at)),
                lost: match arrival {
                    Some(_) => None,
                    None if stopped.contains_key(&peer) => Some("the peer had stopped"),
                    None => Some("did not arrive in time"),
                },
            });
        }
    }
    lines
}
