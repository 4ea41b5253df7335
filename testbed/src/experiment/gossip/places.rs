//! Deliveries and bytes by the regions and the classes of a world.

use std::collections::BTreeMap;
use std::time::Duration;

use lab::spread::Message;
use lab::stats::{Summary, Times, show, thousands};
use lab::world::Settled;
use node::traffic::Traffic;
use serde::Serialize;

use crate::experiment::percentiles::Percentiles;

/// The peers of each region, and those of each class, by their names.
#[derive(Debug, Default, Serialize)]
pub(super) struct Places {
    regions: BTreeMap<String, Group>,
    classes: BTreeMap<String, Group>,
}

/// The peers of a region, or of a class.
#[derive(Debug, Serialize)]
struct Group {
    /// How many.
    peers: u64,
    /// Deliveries to them.
    delivered: u64,
    /// From when a message was to be published until one of them had it.
    delivery_ns: Option<Summary>,
    /// The bytes that one of them has sent.
    sent_bytes: Percentiles,
    /// The bytes that one of them has received.
    received_bytes: Percentiles,
}

/// What is known of a group so far.
struct Gathered {
    peers: u64,
    times: Times,
    sent: Vec<u64>,
    received: Vec<u64>,
}

impl Places {
    /// Of these messages, among peers of that world. `traffic` has what peers have sent and
    /// received, by their numbers.
    pub(super) fn new(
        settled: &Settled,
        peers: u32,
        messages: &[&Message],
        traffic: &BTreeMap<u32, Traffic>,
    ) -> Self {
        let by = |name: &dyn Fn(u32) -> Option<String>| {
            let mut groups = BTreeMap::<String, Gathered>::new();
            for peer in 0..peers {
                let Some(name) = name(peer) else {
                    continue;
                };
                let group = groups.entry(name).or_insert_with(Gathered::new);
                group.add(peer, messages, traffic.get(&peer));
            }
            let groups = groups.into_iter();
            groups.map(|(name, group)| (name, group.into())).collect()
        };
        Self {
            regions: by(&|peer| settled.region(peer).map(|region| region.name.clone())),
            classes: by(&|peer| settled.class(peer).map(|class| class.name.clone())),
        }
    }

    /// A line for each region, and for each class.
    pub(super) fn lines(&self) -> Vec<String> {
        let all = self.regions.iter().chain(&self.classes);
        all.map(|(name, group)| format!("{name:<17} {}", group.text()))
            .collect()
    }
}

impl Gathered {
    fn new() -> Self {
        Self {
            peers: 0,
            times: Times::new(),
            sent: Vec::new(),
            received: Vec::new(),
        }
    }

    fn add(&mut self, peer: u32, messages: &[&Message], traffic: Option<&Traffic>) {
        self.peers += 1;
        for message in messages {
            if let Some(arrival) = message.arrivals.get(&peer) {
                self.times.record(arrival.after);
            }
        }
        self.sent.extend(traffic.map(|traffic| traffic.sent.bytes));
        let received = traffic.map(|traffic| traffic.received.bytes);
        self.received.extend(received);
    }
}

impl From<Gathered> for Group {
    fn from(gathered: Gathered) -> Self {
        let delivery_ns = gathered.times.summary();
        Self {
            peers: gathered.peers,
            delivered: delivery_ns.map_or(0, |times| times.count),
            delivery_ns,
            sent_bytes: Percentiles::of(gathered.sent),
            received_bytes: Percentiles::of(gathered.received),
        }
    }
}

impl Group {
    fn text(&self) -> String {
        let Self {
            peers,
            sent_bytes,
            received_bytes,
            ..
        } = self;
        let times = match &self.delivery_ns {
            None => "nothing delivered".to_owned(),
            Some(Summary {
                p50, p99, count, ..
            }) => {
                let [p50, p99] = [p50, p99].map(|nanos| show(Duration::from_nanos(*nanos)));
                format!("to a peer p50 {p50}, p99 {p99} (n = {count})")
            }
        };
        let [sent, received] = [sent_bytes, received_bytes].map(|bytes| thousands(bytes.p50));
        let plural = if *peers == 1 { "peer" } else { "peers" };
        format!("{peers} {plural}: {times}; sent p50 {sent}, received p50 {received} bytes")
    }
}

#[cfg(test)]
mod tests {
    use lab::spread::Arrival;
    use lab::world::World;

    use super::*;

    #[test]
    fn deliveries_and_bytes_belong_to_the_region_and_the_class_of_the_peer() {
        let world = World::find("regions").expect("a preset").expect("a world");
        let settled = world.settle(50, 1);
        let arrival = |peer: u32| Arrival {
            via: None,
            after: Duration::from_millis(peer.into()),
            hops: None,
        };
        let message = Message {
            publisher: 0,
            degree: 8,
            sent_unix_ns: 0,
            refused: None,
            arrivals: (1..50).map(|peer| (peer, arrival(peer))).collect(),
        };
        let mut traffic = BTreeMap::new();
        for peer in 0..50 {
            let mut one = Traffic::default();
            one.sent.bytes = u64::from(peer) + 1;
            traffic.insert(peer, one);
        }
        let places = Places::new(&settled, 50, &[&message], &traffic);
        for groups in [&places.regions, &places.classes] {
            assert!(groups.len() > 1);
            let sum = |of: fn(&Group) -> u64| groups.values().map(of).sum::<u64>();
            assert_eq!(sum(|group| group.peers), 50);
            assert_eq!(sum(|group| group.delivered), 49);
        }
        let of = |peer| settled.region(peer).expect("a region").name.clone();
        let first = &places.regions[&of(49)];
        let farthest = (1..50).filter(|peer| of(*peer) == of(49)).max();
        assert_eq!(farthest, Some(49));
        let most = first.delivery_ns.expect("a delivery").max;
        assert!(most.abs_diff(49_000_000) < 1_000_000, "{most}");
        assert_eq!(first.sent_bytes.max, 50);
        assert_eq!(
            places.lines().len(),
            places.regions.len() + places.classes.len()
        );
    }
}
