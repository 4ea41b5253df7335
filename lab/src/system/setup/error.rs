//! Why a system cannot be built.

use std::time::Duration;

use trace::steps::ENTRIES;

use super::OPERATIONS;
use crate::liars::Liars;

/// Why a system cannot be built for a run: take other options or another topology.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// There would be too many operations.
    #[error(
        "{option} {each}: that is {} operations of {processes} processes; a run has at most \
         {OPERATIONS}, for example {option} {}",
        u64::from(*each) * u64::from(*processes),
        OPERATIONS / u64::from(*processes)
    )]
    TooManyOperations {
        /// The option.
        option: &'static str,
        /// How many operations each process has.
        each: u32,
        /// How many processes have them.
        processes: u32,
    },
    /// There would be too many operations in all.
    #[error("{option} {count}: a run has at most {OPERATIONS} operations; take fewer")]
    TooManyInAll {
        /// The option.
        option: &'static str,
        /// How many operations there are.
        count: u32,
    },
    /// Messages are lost in another way in a check.
    #[error("{option}: a check tries the loss of each message; take --lossy, or simulate")]
    LossyInstead {
        /// The option.
        option: &'static str,
    },
    /// There are not so many peers.
    #[error("{option} {count}: there are {peers} peers")]
    TooFewPeers {
        /// The option.
        option: &'static str,
        /// How many it asks for.
        count: u32,
        /// How many there are.
        peers: u32,
    },
    /// A state would be recorded in part.
    #[error(
        "--peers {peers}: the state of a peer lists {listed} others, and {ENTRIES} of a list are \
         recorded; take --peers {} or less",
        ENTRIES + 1
    )]
    TooManyListed {
        /// How many peers there are.
        peers: u32,
        /// How many of them a state lists.
        listed: u32,
    },
    /// A process is to have more links than there are others.
    #[error("--links {links}: a peer has {} others; take --links {} or less, or more --peers",
        peers.saturating_sub(1), peers.saturating_sub(1))]
    TooManyLinks {
        /// How many.
        links: u32,
        /// How many peers there are.
        peers: u32,
    },
    /// The next link would be replaced while one is drained.
    #[error(
        "--refresh {refresh:?}: a link is drained for up to --drain {drain:?}; take a longer \
         --refresh, or a shorter --drain"
    )]
    RefreshWithinDrain {
        /// How often a link is replaced.
        refresh: Duration,
        /// How long it may be drained.
        drain: Duration,
    },
    /// Peers that are not behind a NAT accept fewer links than all open.
    #[error(
        "--hidden {hidden}: the other {open} accept {room} links, and {asked} are asked for; take a \
         smaller --hidden, or a larger --accept"
    )]
    TooManyHidden {
        /// How many cannot be reached.
        hidden: u32,
        /// How many can.
        open: u32,
        /// How many links these accept together.
        room: u64,
        /// How many links all open.
        asked: u64,
    },
    /// An epoch ends before all know of it.
    #[error(
        "--epoch {epoch:?}: all trust each other up to {rest:?} after an epoch has begun, since \
         peers present themselves each --remind {remind:?}; take a longer --epoch, or a shorter \
         --remind"
    )]
    EpochTooShort {
        /// How long it lasts.
        epoch: Duration,
        /// How often peers present themselves.
        remind: Duration,
        /// After what time all know of it.
        rest: Duration,
    },
    /// An epoch ends before a peer has presented itself once.
    #[error(
        "--epoch {epoch:?}: peers present themselves each {remind:?}, which is --hello times \
         --misses, and an epoch has to be as long; take a longer --epoch, or a shorter --hello"
    )]
    EpochWithinAnswer {
        /// How long it lasts.
        epoch: Duration,
        /// How often peers present themselves.
        remind: Duration,
    },
    /// There are not so many links.
    #[error(
        "--breaks {breaks}: topology {topology} has {links} links; take --breaks {links} or less"
    )]
    TooFewLinks {
        /// How many are to be closed.
        breaks: u32,
        /// How many there are.
        links: usize,
        /// The topology.
        topology: String,
    },
    /// No process has so many neighbours.
    #[error(
        "--fanout {fanout}: no peer has a greater degree than {degree} in topology {topology}; \
         take --fanout {degree} or less, or a topology with more connections"
    )]
    Fanout {
        /// How many neighbours a message is to be forwarded to.
        fanout: u32,
        /// The greatest degree.
        degree: usize,
        /// The topology.
        topology: String,
    },
    /// A process has no channel to a hub.
    #[error(
        "peer {peer} is not connected with peer {hub}, a hub, in topology {topology}; take \
         --topology {} or full",
        match hubs { 1 => "star".to_owned(), hubs => format!("hubs:{hubs}") }
    )]
    NoHub {
        /// The first peer that lacks it.
        peer: usize,
        /// The hub.
        hub: u32,
        /// How many hubs there are.
        hubs: u32,
        /// The topology.
        topology: String,
    },
    /// Nobody would be honest.
    #[error(
        "--attack spam:{attackers}: there are {peers} peers, of which {hubs} are hubs, and one \
         has to be honest; take --peers {} or more",
        attackers.saturating_add(*hubs).saturating_add(1)
    )]
    NoHonestPeer {
        /// How many are to attack.
        attackers: u32,
        /// How many hubs there are.
        hubs: u32,
        /// How many processes there are.
        peers: u32,
    },
    /// An impostor has nothing to forge.
    #[error("--attack {attack}: links need no certificates; add --epoch 1m")]
    AttackWithoutCertificates {
        /// The attack.
        attack: String,
    },
    /// An attack lacks its victims.
    #[error(
        "--attack {attack}: there are {peers} peers; it needs the attacker and two others: take \
         --peers 3 or more"
    )]
    AttackNeedsThree {
        /// The attack.
        attack: String,
        /// How many peers there are.
        peers: u32,
    },
    /// The attacker would be a prover.
    #[error(
        "--provers {provers}: there are {peers} peers, and the last one attacks; take --provers {} \
         or less",
        peers.saturating_sub(1)
    )]
    TooManyProvers {
        /// How many are asked for.
        provers: u32,
        /// How many peers there are.
        peers: u32,
    },
    /// Too few peers would be honest.
    #[error(
        "--cheaters: {cheaters} of {peers} peers would cheat, and {needs} have to be honest: one to \
         audit, and with --cheat fetch one more, to fetch from; take fewer cheaters or more peers"
    )]
    TooManyCheaters {
        /// How many cheat.
        cheaters: u32,
        /// How many peers there are.
        peers: u32,
        /// How many have to be honest.
        needs: u32,
    },
    /// A cheater would be an auditor.
    #[error("--auditors {auditors}: {honest} peers are honest; take --auditors {honest} or less")]
    TooManyAuditors {
        /// How many are asked for.
        auditors: u32,
        /// How many peers are honest.
        honest: u32,
    },
    /// All processes would be hubs.
    #[error("--hubs {hubs}: there are {peers} peers, and one has to be no hub; take --hubs {} or less", peers.saturating_sub(1).max(1))]
    NoPeers {
        /// How many hubs are asked for.
        hubs: u32,
        /// How many processes there are.
        peers: u32,
    },
    /// The model checker cannot do that.
    #[error("{option}: a check has no attackers; run it with `simulate` or live")]
    NotInCheck {
        /// The option.
        option: &'static str,
    },
    /// A bucket that grows so often a minute cannot grow by whole bytes.
    #[error(
        "--ration {ration}: it grows {ticks} times a minute, by whole bytes; take a multiple of \
         {ticks}, for example {}",
        (ration / ticks + 1) * ticks
    )]
    Ration {
        /// How many bytes a minute.
        ration: u64,
        /// How often it grows.
        ticks: u64,
    },
    /// A bucket that grows so often a minute cannot grow by whole requests.
    #[error(
        "--requests {requests}: it grows {ticks} times a minute, by whole requests; take a \
         multiple of {ticks}, for example {}",
        (requests / ticks + 1) * ticks
    )]
    Requests {
        /// How many requests a minute.
        requests: u64,
        /// How often it grows.
        ticks: u64,
    },
    /// The topology has no ring.
    #[error(
        "peer {peer} is not connected with peer {next} in topology {topology}: this algorithm \
         needs a ring; take --topology ring or full"
    )]
    NoRing {
        /// The first peer that lacks its successor.
        peer: usize,
        /// Its successor.
        next: u32,
        /// The topology.
        topology: String,
    },
    /// The topology is not complete.
    #[error(
        "peer {peer} is not connected with all others in topology {topology}: this algorithm sends \
         to all of them; take --topology full"
    )]
    NoMesh {
        /// The first peer that lacks a neighbour.
        peer: usize,
        /// The topology.
        topology: String,
    },
    /// The topology is in parts.
    #[error(
        "peer {peer} cannot be reached from peer 0 in topology {topology}: this algorithm needs a \
         path between any two; take another topology"
    )]
    NotConnected {
        /// The first peer out of reach.
        peer: usize,
        /// The topology.
        topology: String,
    },
    /// No process of the system can lie.
    #[error(
        "--liars {asked}: the processes of this system cannot lie; leave --liars out, or take \
         `generals`, whose can"
    )]
    NoLiars {
        /// The liars of the run.
        asked: Liars,
    },
    /// A flood has no automatic interval.
    #[error("--interval auto is for --protocol gossipsub; state a time, as in --interval 50ms")]
    AutoInterval,
    /// The interval is to be found, and a duration is given.
    #[error(
        "--duration with --interval auto: the messages of a found interval are not known; \
             write --messages instead, or an interval, for example --interval 1s"
    )]
    AutoDuration,
    /// A duration has too many messages.
    #[error(
        "{duration:?} at an interval of {interval:?} are {messages} messages, and a run has at \
         most {most}; take a longer --interval, or a shorter --duration"
    )]
    TooManyMessages {
        /// For how long messages are published.
        duration: Duration,
        /// The time between them.
        interval: Duration,
        /// How many they are.
        messages: u128,
        /// How many there may be.
        most: i64,
    },
}
