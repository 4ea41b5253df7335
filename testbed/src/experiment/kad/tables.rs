//! The barrier before the first operation: every routing table is filled, and
//! nobody looks for others.

use std::time::{Duration, Instant};

use algorithms::NodeId;
use node::Handle;

use crate::experiment::Error;
use crate::network::Members;

/// libp2p fills a table half a second after it heard of a new peer. When no
/// lookup goes on, no table has changed and nobody was dialled for longer, they
/// are filled.
const QUIET: Duration = Duration::from_millis(800);

/// How often tables are looked at: that nothing changes any more is no event of
/// libp2p's.
const LOOK: Duration = Duration::from_millis(100);

/// How long it may take: a guess, some times what 256 peers take on two cores.
const LIMIT: Duration = Duration::from_secs(300);

/// Waits until nothing changes any more. Returns how many peers each table has,
/// in order.
pub(super) async fn settled(members: &Members) -> Result<Vec<usize>, Error> {
    let began = Instant::now();
    let (mut last, mut since) = ((Vec::new(), 0), began);
    loop {
        let (mut sizes, mut lookups) = (Vec::with_capacity(members.handles.len()), 0);
        for handle in members.handles.values() {
            let table = handle.table().await.unwrap_or_default();
            sizes.push(table.peers);
            lookups += table.lookups;
        }
        let connected: usize = members.handles.values().map(Handle::connected).sum();
        if lookups > 0 || (&sizes, connected) != (&last.0, last.1) {
            since = Instant::now();
        }
        let empty = sizes.iter().position(|size| *size == 0);
        if since.elapsed() >= QUIET && empty.is_none() {
            sizes.sort_unstable();
            return Ok(sizes);
        }
        if began.elapsed() >= LIMIT {
            return Err(match empty {
                Some(node) => Error::EmptyTable {
                    peer: NodeId(node as u32),
                    after: LIMIT,
                },
                None => Error::Unsettled { after: LIMIT },
            });
        }
        last = (sizes, connected);
        tokio::time::sleep(LOOK).await;
    }
}
