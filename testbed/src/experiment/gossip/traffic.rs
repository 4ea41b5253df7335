//! What gossipsub sent and received, control messages included.
//!
//! The numbers are counted on gossipsub's streams, from the first message on until the
//! results: see `node/src/traffic.rs`. What formed the meshes is not in them.

use lab::stats::{Measure, thousands};
use node::traffic;
use node::traffic::{Flow, Kind};
use serde::Serialize;

use super::bandwidth::Sample;
use crate::experiment::percentiles::Percentiles;

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

impl Traffic {
    /// Of these peers; so many deliveries were made meanwhile.
    pub(super) fn new(peers: &[traffic::Traffic], delivered: u64) -> Self {
        let sent = |kind| Sent::new(peers, kind, delivered);
        let bytes = |flow: fn(&traffic::Traffic) -> Flow| {
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

    /// Whether any peer asked for no further copy.
    pub(super) fn has_idontwant(&self) -> bool {
        self.control.idontwant.sent > 0
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
            format!("sent              {}", self.sent_bytes.text("gossipsub")),
            format!(
                "received          {}",
                self.received_bytes.text("gossipsub")
            ),
        ]
    }
}

impl Sent {
    fn new(peers: &[traffic::Traffic], kind: Kind, delivered: u64) -> Self {
        let sum = |of: fn(&Flow, Kind) -> u64| peers.iter().map(|peer| of(&peer.sent, kind)).sum();
        let sent = sum(Flow::control);
        Self {
            sent,
            ids: (!matches!(kind, Kind::Graft | Kind::Prune)).then(|| sum(Flow::ids)),
            a_delivery: (delivered > 0).then(|| sent as f64 / delivered as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_a_delivery_without_one() {
        let traffic = Traffic::new(&[traffic::Traffic::default()], 0);
        assert_eq!(traffic.control.ihave.a_delivery, None);
        assert_eq!(traffic.control.graft.ids, None);
        assert_eq!(
            traffic.lines()[0],
            "control           IHAVE 0, IWANT 0, IDONTWANT 0, GRAFT 0, PRUNE 0"
        );
    }
}
