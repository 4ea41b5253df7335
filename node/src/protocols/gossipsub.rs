//! gossipsub: messages to all subscribers of a topic.

mod validation;

use std::collections::{BTreeMap, BTreeSet};

use libp2p::PeerId;
use libp2p::gossipsub::{
    self, Event, IdentTopic, MessageAcceptance, MessageAuthenticity, ValidationMode,
};
use proto::MAX_ENVELOPE;
use trace::time;

use super::Error;
use crate::config::Config;
use crate::gossip::{Counting, Delivery, Parts, Score};

pub(crate) use validation::{Received, Validation};

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
    let parameters = parameters
        .builder()
        .max_transmit_size(MAX_TRANSMIT_SIZE)
        .validation_mode(validation)
        .build()
        .map_err(|e| failed(&e))?;
    let counting = Counting(config.watch.clone());
    let mut gossipsub = Behaviour::new_with_transform(authenticity, parameters, counting)
        .map_err(|e| failed(&e))?;
    if let Some(metrics) = &config.metrics {
        gossipsub = metrics.add_gossipsub(gossipsub);
    }
    if let Some(scoring) = config.gossip.scoring {
        let topics = config.topics.iter();
        let (parameters, thresholds) =
            scoring.libp2p(topics.map(|topic| IdentTopic::new(topic).hash()));
        gossipsub
            .with_peer_score(parameters, thresholds)
            .map_err(Error::Gossipsub)?;
    }
    for topic in &config.topics {
        gossipsub
            .subscribe(&IdentTopic::new(topic))
            .map_err(|e| Error::Gossipsub(format!("topic {topic:?}: {e}")))?;
    }
    Ok(gossipsub)
}

/// Reports the event, unless it is a message that is yet to be validated.
pub(crate) fn on_event(
    event: Event,
    local: PeerId,
    config: &Config,
    validation: &mut Validation,
    parts: Option<&mut Parts>,
) {
    match event {
        Event::Message {
            message,
            message_id: id,
            propagation_source: via,
        } => {
            let received = Received { id, via, message };
            match validation.is_instant() {
                true => deliver(received, local, config, parts),
                false => validation.begin(received),
            }
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

/// What the peer thinks of its neighbours, in the order of their PeerIds; and in how many of
/// these topics' meshes they are.
pub(crate) fn standing(
    gossipsub: &Behaviour,
    topics: &[String],
    parts: Option<&mut Parts>,
) -> Vec<Score> {
    let mut meshes = BTreeMap::<_, usize>::new();
    let mut places = BTreeSet::new();
    for topic in topics {
        let topic = IdentTopic::new(topic).hash();
        for peer in gossipsub.mesh_peers(&topic) {
            *meshes.entry(peer).or_default() += 1;
            places.insert((*peer, topic.clone()));
        }
    }
    let known = parts.map(|parts| {
        parts.look(&places);
        parts.known()
    });
    let known = known.unwrap_or_default();
    let score = |peer: &PeerId| Score {
        peer: *peer,
        score: gossipsub.peer_score(peer),
        known: known.get(peer).copied().unwrap_or_default(),
        meshes: meshes.get(peer).copied().unwrap_or_default(),
    };
    let mut all: Vec<_> = gossipsub.all_peers().map(|(peer, _)| score(peer)).collect();
    all.sort_unstable_by_key(|score| score.peer);
    all
}

/// The message is valid: it is forwarded and delivered.
pub(crate) fn on_validated(
    received: Received,
    gossipsub: &mut Behaviour,
    local: PeerId,
    config: &Config,
    parts: Option<&mut Parts>,
) {
    let Received { id, via, .. } = &received;
    gossipsub.report_message_validation_result(id, via, MessageAcceptance::Accept);
    deliver(received, local, config, parts);
}

fn deliver(
    Received { via, message, .. }: Received,
    local: PeerId,
    config: &Config,
    parts: Option<&mut Parts>,
) {
    if let Some(parts) = parts {
        parts.delivered(via, message.topic.clone());
    }
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
