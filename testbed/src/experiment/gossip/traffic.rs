//! What gossipsub sent and received, control messages included.
//!
//! The numbers are counted on gossipsub's streams, from the first message on until the
//! results: see `node/src/gossip/wire.rs`. What formed the meshes is not in them.

use lab::stats::{Measure, Summary, thousands};
use node::gossip::{self, Flow, Kind};
use serde::Serialize;

use super::bandwidth::Sample;

/// `traffic` in the results.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Traffic {
    /// The control messages that all peers have sent.
    control: Control,
    /// The bytes that a peer has sent.
    sent_bytes: Percentiles,
    /// The bytes that a peer has received.
    received_bytes: Percentiles,
    /// Both over time.
    pub(super) over_time: Vec<Sample>,
    #[serde(skip)]
    delivered: u64,
}

/// The control messages of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Control {
    ihave: Sent,
    iwant: Sent,
    idontwant: Sent,
    graft: Sent,
    prune: Sent,
}

/// The control messages of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Sent {
    /// How many.
    sent: u64,
    /// How many ids of messages were in them; `None` if they have none.
    ids: Option<u64>,
    /// How many for each delivery; `None` without a delivery.
    a_delivery: Option<f64>,
}

/// A number of each peer: exact percentiles, each a number that a peer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Percentiles {
    /// How many peers there were, those that stopped included.
    peers: u64,
    /// Of all of them together.
    sum: u64,
    p5: u64,
    pub(super) p50: u64,
    p95: u64,
    p99: u64,
    pub(super) max: u64,
    #[serde(skip)]
    min: u64,
    #[serde(skip)]
    p90: u64,
}

impl Traffic {
    /// Of these peers; so many deliveries were made meanwhile.
    pub(super) fn new(peers: &[gossip::Traffic], delivered: u64) -> Self {
        let sent = |kind| Sent::new(peers, kind, delivered);
        let bytes = |flow: fn(&gossip::Traffic) -> Flow| {
            Percentiles::of(peers.iter().map(|peer| flow(peer).bytes).collect())
        };
        Self {
            control: Control {
                ihave: sent(Kind::IHave),
                iwant: sent(Kind::IWant),
                idontwant: sent(Kind::IDontWant),
                graft: sent(Kind::Graft),
                prune: sent(Kind::Prune),
            },
            sent_bytes: bytes(|peer| peer.sent),
            received_bytes: bytes(|peer| peer.received),
            over_time: Vec::new(),
            delivered,
        }
    }

    fn each(&self) -> [(&'static str, Sent); 5] {
        let control = &self.control;
        [
            ("IHAVE", control.ihave),
            ("IWANT", control.iwant),
            ("IDONTWANT", control.idontwant),
            ("GRAFT", control.graft),
            ("PRUNE", control.prune),
        ]
    }

    pub(super) fn measures(&self) -> Vec<Measure> {
        let control = self.each().map(|(name, sent)| {
            let each = sent.a_delivery.unwrap_or_default();
            Measure::ratio(&format!("{name} a delivery"), each, self.delivered)
        });
        let bytes = [
            ("bytes that a peer sent", self.sent_bytes),
            ("bytes that a peer received", self.received_bytes),
        ];
        let bytes = bytes.map(|(name, bytes)| Measure::numbers(name, bytes.summary(), 0));
        control.into_iter().chain(bytes).collect()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let control = self.each().map(|(name, sent)| {
            let each = sent
                .a_delivery
                .map(|each| format!(" ({each:.2} a delivery)"));
            let each = each.unwrap_or_default();
            format!("{name} {}{each}", thousands(sent.sent))
        });
        vec![
            format!("control           {}", control.join(", ")),
            format!("sent              {}", self.sent_bytes.text()),
            format!("received          {}", self.received_bytes.text()),
        ]
    }
}

impl Sent {
    fn new(peers: &[gossip::Traffic], kind: Kind, delivered: u64) -> Self {
        let sum = |of: fn(&Flow, Kind) -> u64| peers.iter().map(|peer| of(&peer.sent, kind)).sum();
        let sent = sum(Flow::control);
        Self {
            sent,
            ids: (!matches!(kind, Kind::Graft | Kind::Prune)).then(|| sum(Flow::ids)),
            a_delivery: (delivered > 0).then(|| sent as f64 / delivered as f64),
        }
    }
}

impl Percentiles {
    /// Zeros without any.
    pub(super) fn of(mut numbers: Vec<u64>) -> Self {
        numbers.sort_unstable();
        let count = numbers.len();
        // The nearest rank.
        let percentile = |percent: usize| {
            let rank = (count * percent).div_ceil(100).max(1);
            numbers.get(rank - 1).copied().unwrap_or_default()
        };
        Self {
            peers: count as u64,
            sum: numbers.iter().sum(),
            p5: percentile(5),
            p50: percentile(50),
            p95: percentile(95),
            p99: percentile(99),
            max: percentile(100),
            min: percentile(0),
            p90: percentile(90),
        }
    }

    fn summary(&self) -> Option<Summary> {
        (self.peers > 0).then_some(Summary {
            count: self.peers,
            min: self.min,
            p50: self.p50,
            p90: self.p90,
            p99: self.p99,
            max: self.max,
        })
    }

    fn text(&self) -> String {
        let Self {
            peers,
            p5,
            p50,
            p95,
            p99,
            ..
        } = *self;
        let [p5, p50, p95, p99] = [p5, p50, p95, p99].map(thousands);
        format!("p5 {p5}, p50 {p50}, p95 {p95}, p99 {p99} bytes of gossipsub a peer (n = {peers})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_numbers_of_peers() {
        let of = Percentiles::of((1..=200).rev().collect());
        let percentiles = [of.min, of.p5, of.p50, of.p90, of.p95, of.p99, of.max];
        assert_eq!(percentiles, [1, 10, 100, 180, 190, 198, 200]);
        assert_eq!((of.peers, of.sum), (200, 20_100));
        let one = Percentiles::of(vec![7]);
        assert_eq!([one.p5, one.p50, one.p99], [7, 7, 7]);
        assert_eq!(Percentiles::of(Vec::new()).summary(), None);
    }

    #[test]
    fn nothing_is_a_delivery_without_one() {
        let traffic = Traffic::new(&[gossip::Traffic::default()], 0);
        assert_eq!(traffic.control.ihave.a_delivery, None);
        assert_eq!(traffic.control.graft.ids, None);
        assert_eq!(
            traffic.lines()[0],
            "control           IHAVE 0, IWANT 0, IDONTWANT 0, GRAFT 0, PRUNE 0"
        );
    }
}
