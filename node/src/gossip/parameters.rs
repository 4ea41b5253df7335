//! The parameters of gossipsub, with the names of its specification, or else of
//! go-libp2p-pubsub, in parentheses.

use std::time::Duration;

use libp2p::gossipsub;

use super::Scoring;

/// The parameters of gossipsub. The defaults are those of libp2p.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameters {
    /// How many peers a mesh should have (D).
    pub mesh: usize,
    /// With fewer, peers are added (D_low).
    pub mesh_low: usize,
    /// With more, peers are removed (D_high).
    pub mesh_high: usize,
    /// How many peers of the mesh have to be dialled by us (D_out).
    pub mesh_outbound: usize,
    /// To how many peers outside of the mesh the ids of new messages go at each heartbeat,
    /// at least (D_lazy).
    pub lazy: usize,
    /// To which share of the peers outside of the mesh they go, at least (GossipFactor).
    pub gossip_factor: f64,
    /// For how many heartbeats a message is kept for peers that ask for it
    /// (HistoryLength).
    pub history: usize,
    /// For how many heartbeats its id is announced (HistoryGossip).
    pub history_gossip: usize,
    /// The heartbeat interval, at which meshes are maintained (HeartbeatInterval).
    pub heartbeat: Duration,
    /// For how long a publisher without a subscription keeps the peers to which it
    /// publishes (FanoutTTL).
    pub fanout_ttl: Duration,
    /// How many IHAVE a peer accepts from another between two heartbeats
    /// (MaxIHaveMessages).
    pub max_ihave: usize,
    /// How many ids an IHAVE has at most, and how many messages a peer asks of another
    /// between two heartbeats (MaxIHaveLength).
    pub max_ihave_ids: usize,
    /// How often a message is sent to a peer that asks for it (GossipRetransmission).
    pub retransmissions: u32,
    /// For how long a peer is not taken back into a mesh after it was removed
    /// (PruneBackoff).
    pub prune_backoff: Duration,
    /// For how long the ids of messages are remembered, to recognize duplicates
    /// (SeenMessagesTTL).
    pub seen_ttl: Duration,
    /// How many messages wait for a neighbour at most (PeerOutboundQueueSize).
    pub queue_length: usize,
    /// How long a copy may wait until its neighbour takes it. libp2p drops those of a
    /// publisher after 5 s, forwarded ones after 1 s.
    pub queue: Option<Duration>,
    /// Receivers of a message of more bytes than this ask their mesh for no further copies
    /// (IDontWantMessageThreshold); `None` for never.
    pub idontwant: Option<usize>,
    /// Whether publishers ask their neighbours for no copies either.
    pub idontwant_on_publish: bool,
    /// How long a peer validates a message before it delivers and forwards it. It is a wait
    /// that occupies no processor, and any number of messages wait at once.
    pub validation: Duration,
    /// Whether a publisher sends to all its neighbours, not to its mesh alone
    /// (FloodPublish).
    pub flood_publish: bool,
    /// Whether messages are signed. Every copy's signature is checked.
    pub signed: bool,
    /// How peers score their neighbours; `None` for not at all. The following matter with
    /// scores alone.
    pub scoring: Option<Scoring>,
    /// After how many heartbeats a mesh with a low median takes in better neighbours
    /// (OpportunisticGraftTicks).
    pub opportunistic_ticks: u64,
    /// How many of them (OpportunisticGraftPeers).
    pub opportunistic_peers: usize,
    /// Within what time a neighbour has to send what it announced and was asked for
    /// (IWantFollowupTime).
    pub iwant_followup: Duration,
    /// A GRAFT so soon after a PRUNE is punished twice (GraftFloodThreshold).
    pub graft_flood: Duration,
}

impl Default for Parameters {
    fn default() -> Self {
        let libp2p = gossipsub::Config::default();
        Self {
            mesh: libp2p.mesh_n(),
            mesh_low: libp2p.mesh_n_low(),
            mesh_high: libp2p.mesh_n_high(),
            mesh_outbound: libp2p.mesh_outbound_min(),
            lazy: libp2p.gossip_lazy(),
            gossip_factor: libp2p.gossip_factor(),
            history: libp2p.history_length(),
            history_gossip: libp2p.history_gossip(),
            heartbeat: libp2p.heartbeat_interval(),
            fanout_ttl: libp2p.fanout_ttl(),
            max_ihave: libp2p.max_ihave_messages_heartbeat(),
            max_ihave_ids: libp2p.max_control_messages_sent(),
            retransmissions: libp2p.gossip_retransimission(),
            prune_backoff: libp2p.prune_backoff(),
            seen_ttl: libp2p.duplicate_cache_time(),
            queue_length: libp2p.connection_handler_queue_len(),
            queue: None,
            idontwant: Some(libp2p.idontwant_message_size_threshold()),
            idontwant_on_publish: libp2p.idontwant_on_publish(),
            validation: Duration::ZERO,
            flood_publish: libp2p.flood_publish(),
            signed: true,
            scoring: None,
            opportunistic_ticks: libp2p.opportunistic_graft_ticks(),
            opportunistic_peers: libp2p.opportunistic_graft_peers(),
            iwant_followup: libp2p.iwant_followup_time(),
            graft_flood: libp2p.graft_flood_threshold(),
        }
    }
}

impl Parameters {
    /// libp2p's form of them.
    pub(crate) fn builder(&self) -> gossipsub::ConfigBuilder {
        let mut builder = gossipsub::ConfigBuilder::default();
        if let Some(queue) = self.queue {
            builder
                .publish_queue_duration(queue)
                .forward_queue_duration(queue);
        }
        if !self.validation.is_zero() {
            builder.validate_messages();
        }
        builder
            .mesh_n(self.mesh)
            .mesh_n_low(self.mesh_low)
            .mesh_n_high(self.mesh_high)
            .mesh_outbound_min(self.mesh_outbound)
            .gossip_lazy(self.lazy)
            .gossip_factor(self.gossip_factor)
            .history_length(self.history)
            .history_gossip(self.history_gossip)
            .heartbeat_interval(self.heartbeat)
            // libp2p's is 5 s, whatever the interval.
            .heartbeat_initial_delay(self.heartbeat)
            .fanout_ttl(self.fanout_ttl)
            .max_ihave_messages_heartbeat(self.max_ihave)
            .max_control_messages_sent(self.max_ihave_ids)
            .gossip_retransimission(self.retransmissions)
            .prune_backoff(self.prune_backoff)
            .duplicate_cache_time(self.seen_ttl)
            .connection_handler_queue_len(self.queue_length)
            .idontwant_message_size_threshold(self.idontwant.unwrap_or(usize::MAX))
            .idontwant_on_publish(self.idontwant_on_publish)
            .opportunistic_graft_ticks(self.opportunistic_ticks)
            .opportunistic_graft_peers(self.opportunistic_peers)
            .iwant_followup_time(self.iwant_followup)
            .graft_flood_threshold(self.graft_flood)
            .flood_publish(self.flood_publish);
        builder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_parameter_reaches_libp2p() {
        let seconds = Duration::from_secs;
        let parameters = Parameters {
            mesh: 8,
            mesh_low: 7,
            mesh_high: 9,
            mesh_outbound: 3,
            lazy: 4,
            gossip_factor: 0.5,
            history: 12,
            history_gossip: 11,
            heartbeat: seconds(13),
            fanout_ttl: seconds(14),
            max_ihave: 15,
            max_ihave_ids: 16,
            retransmissions: 17,
            prune_backoff: seconds(18),
            seen_ttl: seconds(19),
            queue_length: 20,
            queue: Some(seconds(21)),
            idontwant: None,
            idontwant_on_publish: true,
            validation: seconds(22),
            flood_publish: false,
            signed: false,
            scoring: None,
            opportunistic_ticks: 23,
            opportunistic_peers: 24,
            iwant_followup: seconds(25),
            graft_flood: seconds(17),
        };
        let config = parameters.builder().build().expect("valid parameters");
        let read = Parameters {
            mesh: config.mesh_n(),
            mesh_low: config.mesh_n_low(),
            mesh_high: config.mesh_n_high(),
            mesh_outbound: config.mesh_outbound_min(),
            lazy: config.gossip_lazy(),
            gossip_factor: config.gossip_factor(),
            history: config.history_length(),
            history_gossip: config.history_gossip(),
            heartbeat: config.heartbeat_interval(),
            fanout_ttl: config.fanout_ttl(),
            max_ihave: config.max_ihave_messages_heartbeat(),
            max_ihave_ids: config.max_control_messages_sent(),
            retransmissions: config.gossip_retransimission(),
            prune_backoff: config.prune_backoff(),
            seen_ttl: config.duplicate_cache_time(),
            queue_length: config.connection_handler_queue_len(),
            queue: Some(config.forward_queue_duration()),
            idontwant_on_publish: config.idontwant_on_publish(),
            opportunistic_ticks: config.opportunistic_graft_ticks(),
            opportunistic_peers: config.opportunistic_graft_peers(),
            iwant_followup: config.iwant_followup_time(),
            graft_flood: config.graft_flood_threshold(),
            flood_publish: config.flood_publish(),
            ..parameters
        };
        assert_eq!(read, parameters);
        assert_eq!(config.publish_queue_duration(), seconds(21));
        assert_eq!(config.heartbeat_initial_delay(), seconds(13));
        assert_eq!(config.idontwant_message_size_threshold(), usize::MAX);
        assert!(config.validate_messages());
        let usual = Parameters::default().builder().build().expect("valid");
        assert!(!usual.validate_messages());
    }
}
