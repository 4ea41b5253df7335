//! The protocol of the pings: the testbed's channels, or libp2p's ping for an external
//! peer that does not support channels.

use algorithms::ping_pong::PingPong;
use node::{PeerId, channel, ping};
use tokio::time::{Instant, timeout};

use super::Options;
use super::results::Outcome;
use crate::network::Network;

/// The protocol of the pings of one pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PingProtocol {
    /// The testbed's channels.
    Channel,
    /// `/ipfs/ping/1.0.0`.
    Libp2p,
}

impl PingProtocol {
    pub(super) fn protocol(self) -> &'static str {
        match self {
            Self::Channel => "/testbed/channel/1.0.0",
            Self::Libp2p => "/ipfs/ping/1.0.0",
        }
    }

    /// Whether a ping over a channel was lost because `peer` does not support the channel
    /// protocol.
    pub(super) fn is_lacking(self, outcome: &Outcome, peer: PeerId) -> bool {
        let lacking = channel::Error::Unsupported(peer).to_string();
        let lost = outcome.loss().is_some_and(|why| why.ends_with(&lacking));
        self == Self::Channel && lost
    }
}

impl Options {
    /// Falls back to libp2p's ping protocol for the external peer, if that carries pings
    /// of this size.
    pub(super) async fn fall_back(
        &self,
        network: &Network<PingPong>,
        from: u32,
        over: &mut PingProtocol,
    ) -> Outcome {
        if self.pings.data.is_empty() {
            *over = PingProtocol::Libp2p;
            return self.ping_libp2p(network, from).await;
        }
        let (ours, theirs) = (
            PingProtocol::Channel.protocol(),
            PingProtocol::Libp2p.protocol(),
        );
        Outcome::Lost {
            reason: format!(
                "the peer does not speak {ours}, and {theirs} carries {} bytes, not {}; \
                 leave --size out",
                ping::SIZE,
                self.pings.data.len()
            ),
        }
    }

    /// Sends one ping over libp2p's ping protocol.
    pub(super) async fn ping_libp2p(&self, network: &Network<PingPong>, from: u32) -> Outcome {
        let lost = |reason: String| Outcome::Lost { reason };
        let Some(external) = &self.external else {
            return lost("only a peer elsewhere is pinged over libp2p's protocol".into());
        };
        let (ours, theirs) = (
            PingProtocol::Channel.protocol(),
            PingProtocol::Libp2p.protocol(),
        );
        let began = Instant::now();
        let handle = network.drivers[from as usize].handle();
        match timeout(self.pings.timeout, handle.ping(external.peer)).await {
            Ok(Ok(_)) => Outcome::Answered {
                round_trip: began.elapsed(),
            },
            Ok(Err(ping::Error::Unsupported(peer))) => {
                lost(format!("{peer} speaks neither {ours} nor {theirs}"))
            }
            Ok(Err(error)) => lost(error.to_string()),
            Err(_) => Outcome::TimedOut,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocol_names_match_the_implementations() {
        assert_eq!(PingProtocol::Channel.protocol(), channel::PROTOCOL.as_ref());
        assert_eq!(PingProtocol::Libp2p.protocol(), ping::PROTOCOL.as_ref());
    }

    #[test]
    fn only_an_unsupported_channel_protocol_falls_back() {
        let peer = PeerId::random();
        let lost = |why: &dyn ToString| Outcome::Lost {
            reason: format!("PING from peer-00 was lost: {}", why.to_string()),
        };
        for (outcome, falls) in [
            (lost(&channel::Error::Unsupported(peer)), true),
            (lost(&channel::Error::NotConnected(peer)), false),
            (lost(&channel::Error::Unsupported(PeerId::random())), false),
            (Outcome::TimedOut, false),
        ] {
            assert_eq!(PingProtocol::Channel.is_lacking(&outcome, peer), falls);
            assert!(!PingProtocol::Libp2p.is_lacking(&outcome, peer));
        }
    }
}
