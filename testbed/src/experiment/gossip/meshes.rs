//! The barrier before the first message: every mesh has formed.

use std::time::Duration;

use algorithms::NodeId;
use node::gossip::Parameters;
use tokio::time::Instant;

use super::Options;
use crate::experiment::Error;
use crate::network::Members;

/// Meshes that have not changed for so many heartbeats count as stable. A guess.
const SETTLED: u32 = 3;

/// How often meshes are polled while they form: libp2p has no event for them. It is
/// shorter than a default heartbeat.
const LOOK: Duration = Duration::from_millis(50);

/// A peer whose mesh has fewer peers than its minimum.
struct Small {
    node: u32,
    has: usize,
    wanted: usize,
}

impl Options {
    /// Waits until every mesh has had its minimum number of peers for two heartbeats:
    /// by then meshes that are too large have pruned some. A pruned peer is backed off
    /// for a minute, so a mesh can stay small. When no mesh has changed for some
    /// heartbeats and none is empty, small meshes are accepted. Returns how many are
    /// small.
    pub(super) async fn meshes(&self, members: &Members) -> Result<usize, Error> {
        let Parameters {
            mesh_low,
            heartbeat,
            ..
        } = self.parameters;
        let honest = self.honest();
        let wanted = |node: u32| {
            let neighbours = members.neighbours[node as usize].iter();
            mesh_low.min(neighbours.filter(|other| **other < honest).count())
        };
        let end = Instant::now() + self.patience;
        let (mut last, mut since) = (Vec::new(), Instant::now());
        let mut was_small = true;
        loop {
            let sizes = sizes(members, honest, &self.topics()).await;
            let all = sizes.iter().map(|&(node, has)| Small {
                node,
                has,
                wanted: wanted(node),
            });
            let small: Vec<_> = all.filter(|small| small.has < small.wanted).collect();
            let empty = small.iter().find(|small| small.has == 0);
            let beats = match (small.first(), empty) {
                (None, _) => 2,
                (Some(_), None) => SETTLED,
                (Some(_), Some(_)) => u32::MAX,
            };
            let now = Instant::now();
            let is_small = !small.is_empty();
            if last.is_empty() || is_small != was_small || (is_small && sizes != last) {
                since = now;
            }
            was_small = is_small;
            if now - since >= heartbeat.saturating_mul(beats) {
                return Ok(small.len());
            }
            if let (Some(small), true) = (empty.or(small.first()), now > end) {
                return Err(small.refuse(self.patience));
            }
            last = sizes;
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Small {
    fn refuse(&self, patience: Duration) -> Error {
        Error::NoMesh {
            peer: NodeId(self.node),
            has: self.has,
            wanted: self.wanted,
            after: patience,
        }
    }
}

/// How many peers each mesh has, of the peers whose number is below `honest`: one for each
/// topic.
async fn sizes(members: &Members, honest: u32, topics: &[String]) -> Vec<(u32, usize)> {
    let mut sizes = Vec::with_capacity(members.handles.len() * topics.len());
    for (&node, handle) in members.handles.range(..honest) {
        for topic in topics {
            sizes.push((node, handle.mesh(topic).await.unwrap_or(0)));
        }
    }
    sizes
}
