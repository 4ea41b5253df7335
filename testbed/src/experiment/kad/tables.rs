//! The barrier before the first operation: every routing table is filled, and no
//! lookup is in progress.

use std::time::Duration;

use algorithms::NodeId;
use node::Handle;
use tokio::time::Instant;

use crate::experiment::Error;
use crate::network::Members;

/// libp2p refreshes a routing table half a second after it learned of a new peer.
/// The tables are filled once, for longer than that, no lookup was in progress and
/// neither a table nor the number of connections changed.
const QUIET: Duration = Duration::from_millis(800);

/// How often the tables are polled: libp2p has no event for stable tables.
const LOOK: Duration = Duration::from_millis(100);

/// How long that may take. A guess: several times what 256 peers take on two cores.
const LIMIT: Duration = Duration::from_secs(300);

/// Waits until the tables are filled. Returns how many peers each has, ascending.
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
