//! gossipsub: messages to everybody who subscribed to a topic.

use libp2p::gossipsub::{
    Behaviour, ConfigBuilder, Event, IdentTopic, MessageAuthenticity, ValidationMode,
};
use proto::MAX_BODY;

use super::Error;
use crate::config::Config;

/// The largest RPC. `publish` checks the payload alone, but the receiver the
/// whole RPC, so 16 KiB are added to the largest body; see rust-libp2p#5642.
const MAX_TRANSMIT_SIZE: usize = MAX_BODY + 16 * 1024;

pub(crate) fn new(config: &Config) -> Result<Behaviour, Error> {
    let parameters = ConfigBuilder::default()
        .max_transmit_size(MAX_TRANSMIT_SIZE)
        .validation_mode(ValidationMode::Strict)
        .build()
        .map_err(|e| Error::Gossipsub(e.to_string()))?;
    let authenticity = MessageAuthenticity::Signed(config.key.clone());
    let mut gossipsub =
        Behaviour::new(authenticity, parameters).map_err(|e| Error::Gossipsub(e.to_string()))?;
    for topic in &config.topics {
        gossipsub
            .subscribe(&IdentTopic::new(topic))
            .map_err(|e| Error::Gossipsub(format!("topic {topic:?}: {e}")))?;
    }
    Ok(gossipsub)
}

pub(crate) fn on_event(event: Event) {
    match event {
        Event::Message {
            message,
            propagation_source,
            ..
        } => tracing::info!(
            topic = %message.topic,
            bytes = message.data.len(),
            via = %propagation_source,
            "gossipsub message"
        ),
        Event::SlowPeer {
            peer_id,
            failed_messages,
        } => {
            tracing::warn!(peer = %peer_id, ?failed_messages, "gossipsub peer is slow");
        }
        event => tracing::debug!(?event, "gossipsub"),
    }
}
