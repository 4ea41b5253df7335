//! gossipsub: messages to all subscribers of a topic.

use libp2p::PeerId;
use libp2p::gossipsub::{
    self, ConfigBuilder, Event, IdentTopic, MessageAuthenticity, ValidationMode,
};
use proto::MAX_ENVELOPE;
use trace::time;

use super::Error;
use crate::config::Config;
use crate::gossip::{Counting, Delivery};

pub(crate) type Behaviour = gossipsub::Behaviour<Counting>;

/// The largest RPC. `publish` checks the payload alone, but the receiver the
/// whole RPC, so 16 KiB are added to the largest envelope; see
/// rust-libp2p#5642.
const MAX_TRANSMIT_SIZE: usize = MAX_ENVELOPE + 16 * 1024;

pub(crate) fn new(config: &Config) -> Result<Behaviour, Error> {
    let failed = |e: &dyn ToString| Error::Gossipsub(e.to_string());
    let parameters = config.gossip;
    let (authenticity, validation) = match parameters.signed {
        true => (
            MessageAuthenticity::Signed(config.key.clone()),
            ValidationMode::Strict,
        ),
        // Messages name their author, without proof.
        false => (
            MessageAuthenticity::Author(PeerId::from(config.key.public())),
            ValidationMode::Permissive,
        ),
    };
    let mut builder = ConfigBuilder::default();
    if let Some(queue) = parameters.queue {
        builder
            .publish_queue_duration(queue)
            .forward_queue_duration(queue);
    }
    let parameters = builder
        .max_transmit_size(MAX_TRANSMIT_SIZE)
        .validation_mode(validation)
        .mesh_n(parameters.mesh)
        .mesh_n_low(parameters.mesh_low)
        .mesh_n_high(parameters.mesh_high)
        .mesh_outbound_min(parameters.mesh_outbound)
        .heartbeat_interval(parameters.heartbeat)
        // libp2p's is 5 s, whatever the interval.
        .heartbeat_initial_delay(parameters.heartbeat)
        .flood_publish(parameters.flood_publish)
        .build()
        .map_err(|e| failed(&e))?;
    let counting = Counting(config.watch.clone());
    let mut gossipsub = Behaviour::new_with_transform(authenticity, parameters, counting)
        .map_err(|e| failed(&e))?;
    if let Some(metrics) = &config.metrics {
        gossipsub = metrics.add_gossipsub(gossipsub);
    }
    for topic in &config.topics {
        gossipsub
            .subscribe(&IdentTopic::new(topic))
            .map_err(|e| Error::Gossipsub(format!("topic {topic:?}: {e}")))?;
    }
    Ok(gossipsub)
}

pub(crate) fn on_event(event: Event, local: PeerId, config: &Config) {
    match event {
        Event::Message {
            message,
            propagation_source: via,
            ..
        } => {
            tracing::info!(topic = %message.topic, bytes = message.data.len(), %via, "gossipsub message");
            config.watch.as_ref().inspect(|watch| {
                watch.delivered(Delivery {
                    to: local,
                    via,
                    from: message.source,
                    topic: message.topic.into_string(),
                    data: message.data,
                    at: time::now(),
                });
            });
        }
        Event::SlowPeer {
            peer_id: peer,
            failed_messages: failed,
        } => match &config.watch {
            Some(watch) => watch.gave_up(peer, failed.priority + failed.non_priority),
            None => tracing::warn!(%peer, ?failed, "gossipsub peer is slow"),
        },
        event => tracing::debug!(?event, "gossipsub"),
    }
}
