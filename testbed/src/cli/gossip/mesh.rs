//! The options of gossipsub.

use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use lab::values::{self, Size};
use node::gossip::Parameters;

use super::attack::Security;
use crate::cli::{Usage, values as times};

/// The resolution of tokio's timers.
const SHORTEST_HEARTBEAT: Duration = Duration::from_millis(1);

/// The most heartbeats for which a peer keeps messages. A guess: it has a list for each.
const MOST_HISTORY: i64 = 1_000;

/// The most heartbeats of a back-off: each peer has a list for each of them. A guess.
const MOST_BACKOFF: u32 = 100_000;

/// The most topics: libp2p ignores a neighbour that subscribes to more.
const MOST_TOPICS: i64 = 100;

/// gossipsub's parameters, with libp2p's defaults. In parentheses are their names in the
/// specification or in go-libp2p-pubsub.
#[derive(Clone, Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Options of gossipsub")]
pub struct Mesh {
    /// To how many topics messages are published in turn; all peers subscribe to all, with a
    /// mesh for each [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MOST_TOPICS))]
    pub topics: Option<u32>,
    /// How many neighbours each peer has in its mesh (D) [default: 6]
    #[arg(long, value_name = "N")]
    pub mesh: Option<usize>,
    /// With fewer, others are taken in (D_low). Of another D it is D - 1 [default: 5]
    #[arg(long, value_name = "N")]
    pub mesh_low: Option<usize>,
    /// With more, some are left out (D_high). Of another D it is 2 D [default: 12]
    #[arg(long, value_name = "N")]
    pub mesh_high: Option<usize>,
    /// How many of the mesh the peer itself has dialled, at least (D_out). Of a D below 4 it
    /// is half of D [default: 2]
    #[arg(long, value_name = "N")]
    pub mesh_outbound: Option<usize>,
    /// To how many neighbours outside of the mesh a peer announces new messages
    /// at each heartbeat, at least: it sends them IHAVE (D_lazy) [default: 6]
    #[arg(long, value_name = "N")]
    pub lazy: Option<usize>,
    /// To which share of them it does, at least (GossipFactor) [default: 0.25]
    #[arg(long, value_name = "P", value_parser = values::probability)]
    pub gossip_factor: Option<f64>,
    /// For how many heartbeats messages are kept for neighbours that ask for them
    /// with IWANT (HistoryLength) [default: 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MOST_HISTORY))]
    pub history: Option<u16>,
    /// For how many heartbeats they are announced; 0 for not at all
    /// (HistoryGossip) [default: 3]
    #[arg(long, value_name = "N")]
    pub history_gossip: Option<u16>,
    /// How often meshes are looked after (HeartbeatInterval) [default: 1s]
    #[arg(long, value_name = "TIME", value_parser = times::interval)]
    pub heartbeat: Option<Duration>,
    /// For how long a publisher without a subscription keeps its neighbours; here
    /// all peers subscribe (FanoutTTL) [default: 60s]
    #[arg(long, value_name = "TIME", value_parser = times::interval)]
    pub fanout_ttl: Option<Duration>,
    /// How many IHAVE a peer accepts from a neighbour between two heartbeats
    /// (MaxIHaveMessages) [default: 10]
    #[arg(long, value_name = "N")]
    pub max_ihave: Option<usize>,
    /// How many messages an IHAVE announces at most, and how many a peer asks of a
    /// neighbour between two heartbeats (MaxIHaveLength) [default: 5000]
    #[arg(long, value_name = "N")]
    pub max_ihave_ids: Option<usize>,
    /// How often a message is sent to a neighbour that asks for it
    /// (GossipRetransmission) [default: 3]
    #[arg(long, value_name = "N")]
    pub retransmissions: Option<u32>,
    /// For how long a neighbour that was left out of the mesh is not taken in again
    /// (PruneBackoff) [default: 60s]
    #[arg(long, value_name = "TIME", value_parser = times::interval)]
    pub prune_backoff: Option<Duration>,
    /// For how long a peer recognizes further copies of a message
    /// (SeenMessagesTTL) [default: 60s]
    #[arg(long, value_name = "TIME", value_parser = times::interval)]
    pub seen_ttl: Option<Duration>,
    /// How many messages wait for a neighbour at most; those beyond are given up
    /// (PeerOutboundQueueSize) [default: 5000]
    #[arg(long, value_name = "N", value_parser = values::count::<u32>)]
    pub queue_length: Option<u32>,
    /// How long a copy may wait until its neighbour takes it; then it is given up
    /// [default: 5s for the publisher's own, 1s for those that are passed on]
    #[arg(long, value_name = "TIME", value_parser = times::interval)]
    pub queue: Option<Duration>,
    /// Receivers of a larger message ask the neighbours in their mesh for no further
    /// copy, with IDONTWANT (IDontWantMessageThreshold) [default: 1000]
    #[arg(long, value_name = "BYTES|never")]
    pub idontwant: Option<IDontWant>,
    /// Publishers of such messages ask their neighbours for no copy either
    #[arg(long)]
    pub idontwant_publish: bool,
    /// How long a peer validates a message before it delivers it and passes it on. It
    /// is a wait: it occupies no processor, and messages wait beside each other
    /// [default: 0s]
    #[arg(long, value_name = "TIME", value_parser = times::duration)]
    pub validation: Option<Duration>,
    /// Publishers send to their mesh alone, not to all neighbours: with few
    /// peers, flood publishing makes the ways look short (FloodPublish)
    #[arg(long)]
    pub no_flood_publish: bool,
    /// Messages are not signed, and so no signature of a copy is checked
    #[arg(long)]
    pub unsigned: bool,
    /// Attacks, and scores.
    #[command(flatten)]
    pub security: Security,
}

/// A number of bytes, or `never`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IDontWant(pub Option<usize>);

impl FromStr for IDontWant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "never" => Ok(Self(None)),
            text => match text.parse() {
                Ok(Size(bytes)) => Ok(Self(Some(bytes))),
                Err(why) => Err(format!("{why}, or never")),
            },
        }
    }
}

impl Mesh {
    /// Whether any of these options was given.
    pub fn is_given(&self) -> bool {
        *self != Self::default()
    }

    /// How often gossipsub looks after its meshes.
    pub fn heartbeat(&self) -> Duration {
        let usual = Parameters::default().heartbeat;
        self.heartbeat.unwrap_or(usual)
    }

    /// The parameters that they stand for, when a message is sent so often, to some topic.
    ///
    /// # Errors
    /// They contradict each other.
    pub(in crate::cli) fn parameters(
        &self,
        interval: Option<Duration>,
    ) -> Result<Parameters, Usage> {
        let topics = f64::from(self.topics.unwrap_or(1));
        let a_second = interval.map(|interval| 1.0 / interval.as_secs_f64() / topics);
        let security = &self.security;
        let scoring = security.scoring()?;
        let usual = Parameters::default();
        let mesh = self.mesh.unwrap_or(usual.mesh);
        let mesh_low = self.mesh_low.unwrap_or(mesh.saturating_sub(1).max(1));
        let parameters = Parameters {
            mesh,
            // As 5, 12 and 2 are to the usual 6.
            mesh_low,
            mesh_high: self.mesh_high.unwrap_or(mesh.saturating_mul(2)),
            mesh_outbound: self
                .mesh_outbound
                .unwrap_or(usual.mesh_outbound.min(mesh / 2).min(mesh_low)),
            lazy: self.lazy.unwrap_or(usual.lazy),
            gossip_factor: self.gossip_factor.unwrap_or(usual.gossip_factor),
            history: self.history.map_or(usual.history, usize::from),
            history_gossip: self
                .history_gossip
                .map_or(usual.history_gossip, usize::from),
            heartbeat: self.heartbeat(),
            fanout_ttl: self.fanout_ttl.unwrap_or(usual.fanout_ttl),
            max_ihave: self.max_ihave.unwrap_or(usual.max_ihave),
            max_ihave_ids: self.max_ihave_ids.unwrap_or(usual.max_ihave_ids),
            retransmissions: self.retransmissions.unwrap_or(usual.retransmissions),
            prune_backoff: self.prune_backoff.unwrap_or(usual.prune_backoff),
            seen_ttl: self.seen_ttl.unwrap_or(usual.seen_ttl),
            queue_length: self
                .queue_length
                .map_or(usual.queue_length, |length| length as usize),
            queue: self.queue,
            idontwant: self.idontwant.map_or(usual.idontwant, |above| above.0),
            idontwant_on_publish: self.idontwant_publish,
            validation: self.validation.unwrap_or(usual.validation),
            flood_publish: !self.no_flood_publish,
            signed: !self.unsigned,
            scoring: scoring.map(|scoring| scoring.at_rate(a_second)),
            opportunistic_ticks: security
                .opportunistic_ticks
                .map_or(usual.opportunistic_ticks, u64::from),
            opportunistic_peers: security
                .opportunistic_peers
                .unwrap_or(usual.opportunistic_peers),
            iwant_followup: security.iwant_followup.unwrap_or(usual.iwant_followup),
            graft_flood: security.graft_flood.unwrap_or(usual.graft_flood),
        };
        check_mesh(&parameters)?;
        check_heartbeats(&parameters)?;
        Ok(parameters)
    }
}

fn check_mesh(of: &Parameters) -> Result<(), Usage> {
    let Parameters {
        mesh,
        mesh_low,
        mesh_high,
        mesh_outbound,
        ..
    } = *of;
    if !(mesh_low <= mesh && mesh <= mesh_high) {
        let given = format!("--mesh {mesh} with --mesh-low {mesh_low} and --mesh-high {mesh_high}");
        return Err(Usage::value(given, "it has to lie between them"));
    }
    if mesh_outbound > mesh_low || mesh_outbound > mesh / 2 {
        let half = mesh / 2;
        return Err(Usage::value(
            format!("--mesh-outbound {mesh_outbound}"),
            format!("at most --mesh-low, {mesh_low}, and half of --mesh, {half}"),
        ));
    }
    Ok(())
}

/// Of what is counted in heartbeats.
fn check_heartbeats(of: &Parameters) -> Result<(), Usage> {
    let Parameters {
        history,
        history_gossip,
        heartbeat,
        prune_backoff,
        validation,
        graft_flood,
        scoring,
        ..
    } = *of;
    if heartbeat < SHORTEST_HEARTBEAT {
        return Err(Usage::value(
            format!("--heartbeat {heartbeat:?}"),
            format!("at least {SHORTEST_HEARTBEAT:?}, the resolution of timers"),
        ));
    }
    if history_gossip > history {
        return Err(Usage::value(
            format!("--history-gossip {history_gossip}"),
            format!("at most --history, {history}: what is not kept cannot be announced"),
        ));
    }
    if scoring.is_some() && graft_flood > prune_backoff {
        return Err(Usage::value(
            format!("--graft-flood {graft_flood:?}"),
            format!("at most --prune-backoff, {prune_backoff:?}"),
        ));
    }
    if prune_backoff.subsec_nanos() > 0 {
        return Err(Usage::value(
            format!("--prune-backoff {prune_backoff:?}"),
            "PRUNE carries whole seconds; write for example 60s",
        ));
    }
    let longest = heartbeat.saturating_mul(MOST_BACKOFF);
    if prune_backoff > longest {
        return Err(Usage::value(
            format!("--prune-backoff {prune_backoff:?}"),
            format!(
                "at most {MOST_BACKOFF} heartbeats, {longest:?}; take a shorter one, or a longer \
                 --heartbeat"
            ),
        ));
    }
    // A message that comes just before a heartbeat is kept for one less.
    let kept = heartbeat.saturating_mul(history as u32 - 1);
    if !validation.is_zero() && validation >= kept {
        return Err(Usage::value(
            format!("--validation {validation:?}"),
            format!(
                "messages are kept for {kept:?} at least (--history less one heartbeat), and \
                 those that are gone are not passed on; take a shorter time or a longer --history"
            ),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        mesh: Mesh,
    }

    fn parameters(line: &str) -> Result<Parameters, Usage> {
        let words = std::iter::once("gossip").chain(line.split_whitespace());
        Line::parse_from(words).mesh.parameters(None)
    }

    #[test]
    fn defaults_are_those_of_libp2p() {
        assert_eq!(parameters(""), Ok(Parameters::default()));
    }

    /// The help states them, because they are not clap's.
    #[test]
    fn help_states_the_defaults_of_libp2p() {
        let usual = Parameters::default();
        let seconds = |time: Duration| format!("{}s", time.as_secs());
        let expected = [
            ("mesh", usual.mesh.to_string()),
            ("mesh_low", usual.mesh_low.to_string()),
            ("mesh_high", usual.mesh_high.to_string()),
            ("mesh_outbound", usual.mesh_outbound.to_string()),
            ("lazy", usual.lazy.to_string()),
            ("gossip_factor", usual.gossip_factor.to_string()),
            ("history", usual.history.to_string()),
            ("history_gossip", usual.history_gossip.to_string()),
            ("heartbeat", seconds(usual.heartbeat)),
            ("fanout_ttl", seconds(usual.fanout_ttl)),
            ("max_ihave", usual.max_ihave.to_string()),
            ("max_ihave_ids", usual.max_ihave_ids.to_string()),
            ("retransmissions", usual.retransmissions.to_string()),
            ("prune_backoff", seconds(usual.prune_backoff)),
            ("seen_ttl", seconds(usual.seen_ttl)),
            ("queue_length", usual.queue_length.to_string()),
            (
                "idontwant",
                usual.idontwant.expect("a threshold").to_string(),
            ),
            ("validation", seconds(usual.validation)),
            ("opportunistic_ticks", usual.opportunistic_ticks.to_string()),
            ("opportunistic_peers", usual.opportunistic_peers.to_string()),
            ("iwant_followup", seconds(usual.iwant_followup)),
            ("graft_flood", seconds(usual.graft_flood)),
        ];
        let line = Line::command();
        for (name, default) in expected {
            let mut all = line.get_arguments();
            let option = all.find(|option| option.get_id() == name).expect(name);
            let help = option.get_help().expect(name).to_string();
            let stated = format!("[default: {default}]");
            assert!(help.ends_with(&stated), "{name}: {help}, not {stated}");
        }
        assert!(usual.flood_publish && !usual.idontwant_on_publish);
    }

    #[test]
    fn what_libp2p_would_refuse_or_lose_is_refused() {
        for (line, parts) in [
            ("--history-gossip 6", ["--history-gossip 6", "--history, 5"]),
            ("--history 2", ["--history-gossip 3", "--history, 2"]),
            ("--prune-backoff 1500ms", ["1.5s", "whole seconds"]),
            (
                "--prune-backoff 1h --heartbeat 5ms",
                ["3600s", "100000 heartbeats, 500s"],
            ),
            ("--validation 4s", ["--validation 4s", "longer --history"]),
            ("--mesh-outbound 4", ["--mesh-outbound 4", "half of --mesh"]),
        ] {
            let error = parameters(line).expect_err(line).to_string();
            for part in parts {
                assert!(error.contains(part), "{line}: {part}: {error}");
            }
        }
        for line in [
            "--validation 4s --history 6",
            "--history 1 --history-gossip 0",
            "--prune-backoff 1h",
        ] {
            assert!(parameters(line).is_ok(), "{line}");
        }
    }

    #[test]
    fn idontwant_is_a_size_or_never() {
        for (text, above) in [("0", Some(0)), ("64K", Some(65_536)), ("never", None)] {
            assert_eq!(text.parse(), Ok(IDontWant(above)), "{text}");
        }
        let error = "no".parse::<IDontWant>().expect_err("no size");
        assert!(error.ends_with("or never"), "{error}");
    }
}
