//! What became of packets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashSet;
use trace::history::History;

use super::Property;
use crate::stats::{Summary, Times};

/// What became of packets.
#[derive(Clone, Debug, Default)]
pub struct Packets {
    /// How many were sent.
    pub sent: u64,
    /// How many arrived.
    pub delivered: u64,
    /// How many were dropped, by the reason.
    pub dropped: BTreeMap<String, u64>,
    /// How many are gone without a word, or under way in the end.
    pub gone: u64,
    /// How many links those crossed that arrived.
    pub hops: Option<Summary>,
    /// How long these took, in nanoseconds.
    pub took: Option<Summary>,
}

/// A packet is known by who sent it, and by its number there.
type Id<'a> = (&'a str, i64);

/// The packets of which a process has received the same message twice.
fn doubled(history: &History) -> FxHashSet<Id<'_>> {
    let mut known = FxHashSet::default();
    let all = history.steps();
    let received = all.filter_map(|(.., step)| step.received.as_ref());
    let packets = received.filter(|received| received.message.kind == "PACKET");
    let again = packets.filter(|received| !known.insert(received.message.id));
    let ids = again.filter_map(|received| {
        let fields = &received.message.fields;
        Some((fields.get_text("origin")?, fields.get_integer("number")?))
    });
    ids.collect()
}

/// What became of one.
struct Fate {
    destination: String,
    sent: u64,
    ends: u32,
}

/// Each packet ends once, and where it should. One of which the network has made a second one may
/// end twice.
pub(super) fn check(history: &History) -> (Packets, Property) {
    let mut property = Property::new("a packet ends once, and where it should")
        .looks_at("output Delivered or Dropped");
    let mut packets = Packets::default();
    let mut fates = BTreeMap::<Id<'_>, Fate>::new();
    let time = |node: &Arc<str>, at: usize| history.processes[node][at].at_unix_nano;
    for (node, at, kind, fields) in history.outputs() {
        if kind == "Sent" {
            let number = fields.get_integer("number").unwrap_or(-1);
            let destination = fields.get_text("destination").unwrap_or_default();
            let destination = destination.to_owned();
            packets.sent += 1;
            let fate = Fate {
                destination,
                sent: time(node, at),
                ends: 0,
            };
            fates.insert((node, number), fate);
        }
    }
    let doubled = doubled(history);
    let (mut hops, mut took) = (Times::new(), Times::new());
    for (node, at, kind, fields) in history.outputs() {
        let is_delivered = match kind {
            "Delivered" => true,
            "Dropped" => false,
            _ => continue,
        };
        let origin = fields.get_text("origin").unwrap_or_default();
        let number = fields.get_integer("number").unwrap_or(-1);
        let fate = fates.get_mut(&(origin, number));
        let sent = fate.as_ref().map(|fate| fate.sent);
        let is_right = fate.is_some_and(|fate| {
            fate.ends += 1;
            let is_first = fate.ends == 1 || doubled.contains(&(origin, number));
            is_first && (!is_delivered || fate.destination == **node)
        });
        property.check(is_right, || {
            let step = at + 1;
            format!(
                "{node} (step {step}): packet {number} of {origin} ends a second time, or elsewhere"
            )
        });
        if is_delivered {
            packets.delivered += 1;
            let crossed = fields.get_integer("hops").unwrap_or(0);
            hops.count(crossed.unsigned_abs(), 1);
            if let Some(sent) = sent {
                took.record(Duration::from_nanos(time(node, at).saturating_sub(sent)));
            }
        } else {
            let why = fields.get_text("why").unwrap_or_default();
            *packets.dropped.entry(why.to_owned()).or_default() += 1;
        }
    }
    packets.gone = fates.values().filter(|fate| fate.ends == 0).count() as u64;
    packets.hops = hops.summary();
    packets.took = took.summary();
    (packets, property)
}
