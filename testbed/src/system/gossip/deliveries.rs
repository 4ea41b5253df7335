//! Who had each message when and from whom, from the record of a run.

use std::collections::BTreeMap;

use algorithms::NodeId;

use crate::history::History;
use crate::run::Delivery;
use crate::system::Ways;

/// A message that was published.
struct Message {
    publisher: u32,
    at: u64,
    arrivals: BTreeMap<u32, Arrival>,
}

struct Arrival {
    via: Option<u32>,
    at: u64,
    hops: Option<u64>,
}

/// Every message at every process but its publisher, in the order of their
/// publication; and over how many hops they came. Half of the processes send on
/// to `fanout` others at most.
pub(super) fn read(
    history: &History,
    neighbours: &[Vec<u32>],
    fanout: u64,
) -> (Vec<Delivery<'static>>, Ways) {
    let mut degree: Vec<_> = neighbours.iter().map(|all| all.len() as u64).collect();
    let messages = messages(history, neighbours.len() as u32);
    let mut hops = BTreeMap::new();
    for arrival in messages
        .iter()
        .flat_map(|message| message.arrivals.values())
    {
        *hops.entry(arrival.hops.unwrap_or(0)).or_default() += 1;
    }
    let rows = messages.iter().enumerate().flat_map(|(number, message)| {
        let others = (0..neighbours.len() as u32).filter(|peer| *peer != message.publisher);
        others.map(move |peer| {
            let arrival = message.arrivals.get(&peer);
            Delivery {
                message: number,
                publisher: message.publisher,
                publisher_degree: neighbours[message.publisher as usize].len(),
                peer,
                via: arrival.and_then(|arrival| arrival.via),
                sent_unix_ns: message.at,
                after_ns: arrival.map(|arrival| arrival.at.saturating_sub(message.at)),
                lost: match arrival {
                    Some(_) => None,
                    None => Some("did not arrive in time"),
                },
            }
        })
    });
    let rows = rows.collect();
    degree.sort_unstable();
    let at = |place: usize| degree.get(place).copied().unwrap_or(0);
    let ways = Ways {
        hops,
        degree: [
            at(0),
            at(degree.len() / 2),
            at(degree.len().saturating_sub(1)),
        ],
        fanout,
    };
    (rows, ways)
}

fn messages(history: &History, processes: u32) -> Vec<Message> {
    let numbers: BTreeMap<_, _> = (0..processes).map(|n| (NodeId(n).to_string(), n)).collect();
    let number = |name: &str| numbers.get(name).copied();
    let mut messages = BTreeMap::<&str, Message>::new();
    let said = |wanted: &'static str| {
        let all = history
            .sayings()
            .filter(move |(_, _, kind, _)| *kind == wanted);
        all.filter_map(|(by, at, _, fields)| {
            Some((
                number(by)?,
                &history.processes[by][at],
                fields.get_text("rumour")?,
                fields,
            ))
        })
    };
    for (publisher, step, id, _) in said("Published") {
        let message = Message {
            publisher,
            at: step.at_unix_nano,
            arrivals: BTreeMap::new(),
        };
        messages.entry(id).or_insert(message);
    }
    for (peer, step, id, fields) in said("Delivered") {
        let Some(message) = messages.get_mut(id) else {
            continue; // Of nobody: the checker says so.
        };
        let received = step.received.as_ref();
        let hops = fields.get_integer("hops").map(i64::cast_unsigned);
        message.arrivals.entry(peer).or_insert(Arrival {
            via: received.and_then(|received| number(&received.from)),
            at: step.at_unix_nano,
            hops,
        });
    }
    let mut messages: Vec<_> = messages.into_values().collect();
    messages.sort_by_key(|message| message.at);
    messages
}
