//! The configuration of a peer.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use libp2p::identity::Keypair;
use libp2p::{Multiaddr, PeerId};

use crate::admission::Admission;
use crate::database;
use crate::gossip;
use crate::links::Links;
use crate::lookup;
use crate::mdns;
use crate::metrics::Metrics;
use crate::reach;
use crate::traffic::Wires;

/// How a peer is built. Start from [`Config::new`] and change what differs.
#[derive(Clone, Debug)]
pub struct Config {
    /// The peer's identity.
    pub key: Keypair,
    /// The transports on which it listens and dials.
    pub transports: BTreeSet<Transport>,
    /// The security of connections over memory. TCP and WebSocket always have Noise.
    pub security: Security,
    /// Its protocols. Each costs memory on every connection, so a peer has only those
    /// that its experiment needs.
    pub protocols: BTreeSet<Protocol>,
    /// Whether it pings its peers at regular intervals, if it has [`Protocol::Ping`].
    /// Otherwise it answers pings, and sends one only when asked to.
    pub regular_pings: bool,
    /// How long a connection may take to be dialled and secured. libp2p's
    /// default is 10 s; a hundred QUIC handshakes at once on two cores take
    /// longer.
    pub connection_timeout: Duration,
    /// Which peers may connect; `None` for all.
    pub admission: Option<Arc<Admission>>,
    /// How many connections strangers may hold. `None` in a laboratory, where
    /// all peers are known.
    pub limits: Option<Limits>,
    /// Gossipsub topics to subscribe to.
    pub topics: Vec<String>,
    /// The parameters of gossipsub.
    pub gossip: gossip::Parameters,
    /// What the peer does in place of gossipsub, to these topics.
    pub attack: Option<gossip::Attack>,
    /// The observer of gossip deliveries.
    pub watch: Option<gossip::Watch>,
    /// The counters of what it sends and receives over Kademlia, without a watch of gossip.
    pub traffic: Option<Wires>,
    /// How often Kademlia repeats what it has done.
    pub kademlia: lookup::Intervals,
    /// The metrics of libp2p and of the peer. Peers may share them.
    pub metrics: Option<Arc<Metrics>>,
    /// The links of a world under its connections over TCP, WebSocket and memory; `None` for
    /// those of the machine.
    pub links: Option<Links>,
    /// What it does to be reached, and for others to be; `None` for nothing.
    pub reach: Option<reach::Role>,
    /// Where it reports the peers of the local network, if it takes part in mDNS. It dials none
    /// of them by itself.
    pub mdns: Option<mdns::Watch>,
    /// Where peers are that it dials by itself when it has something to send to them.
    pub addresses: HashMap<PeerId, Multiaddr>,
    /// Where it reports its connections, so that they outlive it.
    pub database: Option<database::Recorder>,
    /// The number of the last channel that this peer has opened before; 0 for none. Its
    /// channels are numbered from the next one, so those of a peer that restarts come after
    /// those that it opened before.
    pub incarnation: u32,
}

impl Config {
    /// A peer on TCP with the channel protocol alone.
    pub fn new(key: Keypair) -> Self {
        Self {
            key,
            transports: BTreeSet::from([Transport::Tcp]),
            security: Security::Noise,
            protocols: BTreeSet::from([Protocol::Channel]),
            regular_pings: true,
            connection_timeout: Duration::from_secs(30),
            admission: None,
            limits: None,
            topics: Vec::new(),
            attack: None,
            gossip: gossip::Parameters::default(),
            kademlia: lookup::Intervals::default(),
            watch: None,
            traffic: None,
            metrics: None,
            links: None,
            reach: None,
            mdns: None,
            addresses: HashMap::new(),
            database: None,
            incarnation: 0,
        }
    }
}

/// Bounds on the memory of a peer that strangers can reach. Besides its own cost, each
/// connection then holds at most a few frames
/// ([`MAX_FRAME`](crate::channel::MAX_FRAME)) on each of its two channels, one on
/// each of the [`STREAMS`](crate::message::STREAMS) of [`Protocol::Message`] if
/// that is switched on, and Yamux's first window, 256 KiB, on each stream that waits to be read. Over WebSocket a connection
/// holds a message of at most 256 KiB more, also while it is being secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Incoming connections that are being secured.
    pub pending_incoming: u32,
    /// Established incoming connections.
    pub established_incoming: u32,
    /// Established connections to one peer.
    pub established_per_peer: u32,
    /// Incoming connections from one address that are being secured. An address
    /// is one of IPv4, or a /64 of IPv6. Well below the whole, so that no single
    /// address keeps all others out.
    pub pending_per_address: u32,
    /// Established incoming connections from one address.
    pub established_per_address: u32,
    /// Incoming connections that one address may begin a minute: each costs a handshake.
    pub per_address_a_minute: u32,
    /// Streams on one connection, of both sides. As many may negotiate their protocol at
    /// once: bytes on a stream that is not read yet stay in memory.
    pub streams_per_connection: usize,
}

impl Default for Limits {
    /// Guesses for one peer on a laptop.
    fn default() -> Self {
        Self {
            pending_incoming: 256,
            established_incoming: 1024,
            established_per_peer: 4,
            // A quarter of the whole.
            pending_per_address: 64,
            established_per_address: 256,
            per_address_a_minute: 600,
            // libp2p's own number of streams that negotiate at once.
            streams_per_connection: 128,
        }
    }
}

/// A transport. TCP, WebSocket and memory are secured by Noise and multiplexed by Yamux;
/// QUIC includes both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub enum Transport {
    /// TCP on loopback, secured by Noise, multiplexed by Yamux.
    Tcp,
    /// WebSocket over TCP on loopback, secured by Noise, multiplexed by Yamux.
    #[value(name = "ws")]
    WebSocket,
    /// QUIC on loopback.
    Quic,
    /// Within the process, secured by Noise, multiplexed by Yamux.
    Memory,
}

/// As on the command line.
impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::WebSocket => "ws",
            Self::Quic => "quic",
            Self::Memory => "memory",
        })
    }
}

/// The security of a connection within the process. Other connections are always
/// secured: by Noise over TCP and WebSocket, by TLS over QUIC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Security {
    /// Noise: both sides prove their identities, and no third party can read.
    Noise,
    /// Nothing: both sides state their identities without proof. For peers
    /// within one process.
    #[value(name = "none")]
    Plaintext,
}

/// A protocol of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// `/ipfs/id/1.0.0`: exchanges identities and protocols.
    Identify,
    /// `/ipfs/ping/1.0.0`: libp2p's own ping.
    Ping,
    /// `/ipfs/kad/1.0.0` in server mode.
    Kademlia,
    /// `/meshsub/1.1.0` and its relatives.
    Gossipsub,
    /// `/testbed/channel/1.0.0`: see [`crate::channel`].
    Channel,
    /// `/testbed/message/1.0.0`: see [`crate::message`].
    Message,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Identify,
        Self::Ping,
        Self::Kademlia,
        Self::Gossipsub,
        Self::Channel,
        Self::Message,
    ];
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identify => "identify",
            Self::Ping => "ping",
            Self::Kademlia => "kad",
            Self::Gossipsub => "gossipsub",
            Self::Channel => "channel",
            Self::Message => "message",
        })
    }
}

impl FromStr for Protocol {
    type Err = UnknownProtocol;

    fn from_str(name: &str) -> Result<Self, UnknownProtocol> {
        Self::ALL
            .into_iter()
            .find(|protocol| protocol.to_string() == name)
            .ok_or_else(|| UnknownProtocol(name.to_owned()))
    }
}

/// A name that is not a [`Protocol`].
#[derive(Debug, thiserror::Error)]
#[error("unknown protocol {0:?}; choose from identify, ping, kad, gossipsub, channel, message")]
pub struct UnknownProtocol(String);
