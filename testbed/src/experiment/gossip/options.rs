//! gossipsub's parameters in `run.json`.

use std::time::Duration;

use node::gossip::Parameters;
use serde_json::{Map, Value, json};

/// All of them, after defaults.
pub(super) fn of(parameters: &Parameters) -> Map<String, Value> {
    let Parameters {
        mesh,
        mesh_low,
        mesh_high,
        mesh_outbound,
        lazy,
        gossip_factor,
        history,
        history_gossip,
        heartbeat,
        fanout_ttl,
        max_ihave,
        max_ihave_ids,
        retransmissions,
        prune_backoff,
        seen_ttl,
        queue_length,
        queue,
        idontwant,
        idontwant_on_publish,
        validation,
        flood_publish,
        signed,
        scoring,
        opportunistic_ticks,
        opportunistic_peers,
        iwant_followup,
        graft_flood,
    } = *parameters;
    let seconds = |time: Duration| json!(time.as_secs_f64());
    let all = [
        (
            "mesh",
            json!({ "n": mesh, "low": mesh_low, "high": mesh_high, "outbound": mesh_outbound }),
        ),
        ("lazy", json!(lazy)),
        ("gossip_factor", json!(gossip_factor)),
        ("history", json!(history)),
        ("history_gossip", json!(history_gossip)),
        ("heartbeat_seconds", seconds(heartbeat)),
        ("fanout_ttl_seconds", seconds(fanout_ttl)),
        ("max_ihave", json!(max_ihave)),
        ("max_ihave_ids", json!(max_ihave_ids)),
        ("retransmissions", json!(retransmissions)),
        ("prune_backoff_seconds", seconds(prune_backoff)),
        ("seen_ttl_seconds", seconds(seen_ttl)),
        ("queue_length", json!(queue_length)),
        (
            "queue_seconds",
            json!(queue.map(|queue| queue.as_secs_f64())),
        ),
        ("idontwant_bytes", json!(idontwant)),
        ("idontwant_on_publish", json!(idontwant_on_publish)),
        ("validation_seconds", seconds(validation)),
        ("flood_publish", json!(flood_publish)),
        ("signed", json!(signed)),
        ("scoring", json!(scoring)),
        ("opportunistic_ticks", json!(opportunistic_ticks)),
        ("opportunistic_peers", json!(opportunistic_peers)),
        ("iwant_followup_seconds", seconds(iwant_followup)),
        ("graft_flood_seconds", seconds(graft_flood)),
    ];
    all.map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}
