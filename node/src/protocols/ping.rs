//! `/ipfs/ping/1.0.0`: libp2p's own ping, with its defaults. It measures and
//! detects dead connections; it does not keep an idle one open.

use libp2p::ping::{Event, Failure};

pub(crate) fn on_event(Event { peer, result, .. }: Event) {
    match result {
        Ok(round_trip) => tracing::debug!(%peer, ?round_trip, "libp2p ping answered"),
        Err(Failure::Unsupported) => tracing::debug!(%peer, "peer does not speak libp2p ping"),
        Err(failure) => tracing::info!(%peer, %failure, "libp2p ping failed"),
    }
}
