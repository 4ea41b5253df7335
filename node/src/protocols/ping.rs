//! `/ipfs/ping/1.0.0`: logs the outcomes of libp2p's regular pings. They measure round
//! trips and detect dead connections; they do not keep an idle one open.

use libp2p::ping::{Event, Failure};

pub(crate) fn on_event(Event { peer, result, .. }: Event) {
    match result {
        Ok(round_trip) => tracing::debug!(%peer, ?round_trip, "libp2p ping answered"),
        Err(Failure::Unsupported) => tracing::debug!(%peer, "peer does not speak libp2p ping"),
        Err(failure) => tracing::info!(%peer, %failure, "libp2p ping failed"),
    }
}
