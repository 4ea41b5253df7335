//! Which losses of messages the planned partitions and outages explain.

use std::time::Duration;

use algorithms::NodeId;
use lab::simulator::{Change, Partition};
use tokio::time::Instant;

/// How long libp2p negotiates a new stream before it gives up. A message that waits for one is lost
/// then, which may be after the partition in which the negotiation began.
const NEGOTIATION: Duration = Duration::from_secs(10);

/// The partitions that struck, and when each ended.
#[derive(Debug, Default)]
pub(super) struct Cuts(Vec<(Partition, Option<Instant>)>);

impl Cuts {
    /// Takes note of a change that has struck.
    pub(super) fn note(&mut self, change: &Change) {
        match change {
            Change::Part(partition) => self.0.push((partition.clone(), None)),
            Change::Heal(healed) => {
                let mut open = self.0.iter_mut().rev();
                let ended = open.find(|(partition, end)| end.is_none() && partition == healed);
                if let Some((_, end)) = ended {
                    *end = Some(Instant::now());
                }
            }
            _ => {}
        }
    }

    /// Whether one explains that a message between the two was lost which was sent then.
    pub(super) fn explain(&self, from: NodeId, to: NodeId, sent: Instant) -> bool {
        let is_between = |one: &Partition| one.cuts(from.0, to.0) || one.cuts(to.0, from.0);
        let mut all = self.0.iter();
        all.any(|(partition, end)| {
            is_between(partition) && end.is_none_or(|end| sent < end + NEGOTIATION)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition() -> Partition {
        Partition {
            group: vec![1],
            others: Some(vec![2]),
            ..Partition::default()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_sent_in_a_partition_may_be_lost() {
        let [zero, one, two] = [0, 1, 2].map(NodeId);
        let mut cuts = Cuts::default();
        assert!(!cuts.explain(one, two, Instant::now()));
        cuts.note(&Change::Part(partition()));
        let sent = Instant::now();
        assert!(cuts.explain(one, two, sent) && cuts.explain(two, one, sent));
        assert!(!cuts.explain(zero, two, sent));
        tokio::time::advance(Duration::from_secs(5)).await;
        cuts.note(&Change::Heal(partition()));
        assert!(cuts.explain(one, two, sent));
        tokio::time::advance(Duration::from_secs(9)).await;
        assert!(
            cuts.explain(one, two, Instant::now()),
            "a stream was opened in it"
        );
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(!cuts.explain(one, two, Instant::now()));
        assert!(cuts.explain(one, two, sent));
    }
}
