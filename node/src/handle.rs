//! The only way into a running peer.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use libp2p::core::transport::PortUse;
use libp2p::{Multiaddr, PeerId};
use proto::Envelope;
use rand::RngExt as _;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::lookup::{self, Exchange, Found, Lookup, Table};
use crate::mdns::Neighbour;
use crate::message::{self, Parcel};
use crate::one_connection::{Count, SETTLE};
use crate::pause::Pause;
use crate::reach::{Card, How, Reached};
use crate::watched;
use crate::{address, channel, dial, gossip, ping};

/// How many commands wait for a peer. A guess; callers wait for a place.
pub(crate) const COMMANDS: usize = 32;

/// How often a dial is repeated after a failed handshake, and the longest pause before
/// that. Two peers that dial each other at the same instant are both diallers, and the
/// handshake fails; a random pause and a new port avoid that.
const RETRIES: u32 = 3;
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Why a peer cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The peer has no transport for the address.
    #[error("cannot listen on {0}: no transport for such an address is switched on")]
    Unsupported(Multiaddr),
    /// The system refuses, for example because the port is in use.
    #[error("cannot listen on {address}: {reason}")]
    Refused {
        /// The address.
        address: Multiaddr,
        /// The system's error.
        reason: String,
    },
    /// The address names another peer.
    #[error("cannot listen on {address} as {other}: this peer is {own}")]
    AnotherPeer {
        /// The address.
        address: Multiaddr,
        /// The peer that the address names.
        other: PeerId,
        /// The peer that was to listen.
        own: PeerId,
    },
    /// The peer has stopped.
    #[error("the peer has stopped")]
    Stopped,
}

/// The outcome of a lookup, and its messages if they were to be recorded.
pub(crate) type Looked = (Result<Found, lookup::Error>, Vec<Exchange>);

/// A command to the peer's task. Each has the channel for its answer.
#[derive(Debug)]
pub(crate) enum Command {
    Listen {
        address: Multiaddr,
        reply: oneshot::Sender<Result<Multiaddr, ListenError>>,
    },
    Dial {
        peer: Option<PeerId>,
        address: Multiaddr,
        port: PortUse,
        reply: oneshot::Sender<Result<PeerId, dial::Error>>,
    },
    OpenChannel {
        peer: PeerId,
        reply: oneshot::Sender<Result<channel::Sender, channel::Error>>,
    },
    SendMessage {
        peer: PeerId,
        parcel: Parcel,
    },
    Ping {
        peer: PeerId,
        reply: ping::Reply,
    },
    Disconnect {
        peer: PeerId,
    },
    IsConnected {
        peer: PeerId,
        reply: oneshot::Sender<bool>,
    },
    Forget {
        peer: PeerId,
        reply: oneshot::Sender<()>,
    },
    Publish {
        topic: String,
        data: Vec<u8>,
        reply: oneshot::Sender<Result<(), gossip::Error>>,
    },
    Mesh {
        topic: String,
        reply: oneshot::Sender<usize>,
    },
    Standing {
        reply: oneshot::Sender<Vec<gossip::Score>>,
    },
    Attack,
    Lookup {
        lookup: Lookup,
        recorded: bool,
        reply: oneshot::Sender<Looked>,
    },
    Table {
        reply: oneshot::Sender<Table>,
    },
    /// Asks a hub for a reservation: the peer is then reached over it.
    Reserve {
        hub: Multiaddr,
        reply: oneshot::Sender<Result<Multiaddr, ListenError>>,
    },
    /// Dials although there may be a connection.
    Reach {
        peer: PeerId,
        addresses: Vec<Multiaddr>,
        reply: oneshot::Sender<Reached>,
    },
    /// Dials addresses in the local network, if there is no direct connection.
    DialNeighbour {
        neighbour: Neighbour,
        reply: oneshot::Sender<Reached>,
    },
    /// The reply is dropped when the peer listens at an address that others may reach.
    WaitReachable {
        reply: oneshot::Sender<()>,
    },
    /// Closes all listeners. The reply is how many addresses a router maps.
    Close {
        reply: oneshot::Sender<usize>,
    },
    Card {
        reply: oneshot::Sender<Card>,
    },
    How {
        peer: PeerId,
        reply: oneshot::Sender<Option<How>>,
    },
    Introduce {
        peers: Vec<(PeerId, Multiaddr)>,
        reply: oneshot::Sender<()>,
    },
}

/// The handle of a running peer. Cheap to clone; when the last one is dropped, the peer
/// stops and its connections close.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(crate) peer_id: PeerId,
    pub(crate) commands: mpsc::Sender<Command>,
    /// Where peers are that it dials by itself.
    pub(crate) addresses: Arc<HashMap<PeerId, Multiaddr>>,
    pub(crate) count: watched::Receiver<Count>,
    pub(crate) pause: Arc<Pause>,
}

impl Handle {
    /// Its PeerId.
    pub fn peer_id(&self) -> PeerId {
        self.peer_id
    }

    /// Listens on `address` and returns the actual address: a port of 0 is replaced by
    /// the one that the system chose. A `/p2p/…` at its end may name this peer.
    ///
    /// # Errors
    /// Every variant of [`ListenError`].
    pub async fn listen(&self, address: Multiaddr) -> Result<Multiaddr, ListenError> {
        let own = self.peer_id;
        let address =
            address::without(&address, own).map_err(|other| ListenError::AnotherPeer {
                address,
                other,
                own,
            })?;
        address::probe(&address).map_err(|error| ListenError::Refused {
            address: address.clone(),
            reason: error.to_string(),
        })?;
        let command = |reply| Command::Listen { address, reply };
        self.ask(command).await.unwrap_or(Err(ListenError::Stopped))
    }

    /// Connects to the peer at `address`, and returns its PeerId. If the address ends
    /// in `/p2p/…`, only that peer is accepted; if it is connected already, it is not
    /// dialled again.
    ///
    /// # Errors
    /// Every variant of [`dial::Error`]. A dial never hangs: each attempt ends
    /// within the connection timeout of the peer's configuration, unless the peer is paused.
    pub async fn dial(&self, address: Multiaddr) -> Result<PeerId, dial::Error> {
        let peer = address::peer(&address);
        let mut attempt = 0;
        let mut port = PortUse::Reuse;
        loop {
            let address = address.clone();
            let command = |reply| Command::Dial {
                peer,
                address,
                port,
                reply,
            };
            match self.ask(command).await.unwrap_or(Err(dial::Error::Stopped)) {
                Err(error) if error.is_handshake() && attempt < RETRIES => {
                    tracing::debug!(%error, attempt, "dialling again from a new port");
                    attempt += 1;
                    port = PortUse::New;
                    let pause = LONGEST_PAUSE.mul_f64(rand::rng().random());
                    tokio::time::sleep(pause).await;
                }
                result => return result,
            }
        }
    }

    /// Opens the channel to a peer that is connected, or has an address in
    /// [`Config::addresses`](crate::Config::addresses). If the connection closes because both
    /// peers dialled each other at the same time, the channel is opened on the
    /// connection that is kept.
    ///
    /// # Errors
    /// Every variant of [`channel::Error`] but `Envelope`.
    pub async fn open_channel(&self, peer: PeerId) -> Result<channel::Sender, channel::Error> {
        if let Some(address) = self.addresses.get(&peer) {
            // Without a connection the channel says so.
            let _ = self.dial(address.clone()).await;
        }
        let give_up = Instant::now() + SETTLE;
        let mut count = self.count.clone();
        let mut in_time = true;
        loop {
            count.mark_unchanged();
            let command = |reply| Command::OpenChannel { peer, reply };
            let closed = Err(channel::Error::Closed(peer));
            match self.ask(command).await.unwrap_or(closed) {
                Err(error) if error.is_closed() && in_time => {
                    let changed = tokio::time::timeout_at(give_up, count.changed()).await;
                    match changed {
                        Ok(Ok(())) => {}
                        Ok(Err(_)) => return Err(error),
                        // No other connection came: the last error is the reason.
                        Err(_) => in_time = false,
                    }
                }
                result => return result,
            }
        }
    }

    /// A sender of messages to `peer`, each on a stream of its own. One for each peer is
    /// enough: it numbers them.
    pub fn messages(&self, peer: PeerId) -> message::Sender {
        message::Sender::new(self.clone(), peer)
    }

    /// Sends one message, and waits for its receipt.
    pub(crate) async fn send_message(
        &self,
        peer: PeerId,
        envelope: Envelope,
    ) -> Result<(), message::Error> {
        let command = |reply| Command::SendMessage {
            peer,
            parcel: Parcel { envelope, reply },
        };
        let no_receipt = Err(message::Error::NoReceipt(peer));
        self.ask(command).await.unwrap_or(no_receipt)
    }

    /// Pings `peer` once over libp2p's own protocol, [`Protocol::Ping`], and
    /// returns the round trip. It waits as long as the connection is open.
    ///
    /// [`Protocol::Ping`]: crate::Protocol::Ping
    ///
    /// # Errors
    /// Every variant of [`ping::Error`].
    pub async fn ping(&self, peer: PeerId) -> Result<Duration, ping::Error> {
        let command = |reply| Command::Ping { peer, reply };
        let reason = || "the connection has closed".to_owned();
        let closed = || {
            Err(ping::Error::Broken {
                peer,
                reason: reason(),
            })
        };
        self.ask(command).await.unwrap_or_else(closed)
    }

    /// Closes the connection to `peer`, if there is one.
    pub async fn disconnect(&self, peer: PeerId) {
        let _ = self.commands.send(Command::Disconnect { peer }).await;
    }

    /// As [`Handle::disconnect`], if the peer has room for a command.
    pub(crate) fn try_disconnect(&self, peer: PeerId) {
        let _ = self.commands.try_send(Command::Disconnect { peer });
    }

    /// Sends a message to all subscribers of `topic`, over gossipsub. Deliveries are
    /// reported to the [observer](gossip::Watch).
    ///
    /// # Errors
    /// Every variant of [`gossip::Error`].
    pub async fn publish(&self, topic: &str, data: Vec<u8>) -> Result<(), gossip::Error> {
        let topic = topic.to_owned();
        let command = |reply| Command::Publish { topic, data, reply };
        let stopped = Err(gossip::Error::Stopped);
        self.ask(command).await.unwrap_or(stopped)
    }

    /// How many peers its mesh of `topic` has; `None` when the peer has stopped.
    pub async fn mesh(&self, topic: &str) -> Option<usize> {
        let topic = topic.to_owned();
        self.ask(|reply| Command::Mesh { topic, reply }).await
    }

    /// The score of each neighbour, and in how many meshes it is; in the order of PeerIds.
    /// `None` when the peer has stopped.
    pub async fn standing(&self) -> Option<Vec<gossip::Score>> {
        self.ask(|reply| Command::Standing { reply }).await
    }

    /// Begins the attack of the peer's configuration, if it has one.
    pub async fn attack(&self) {
        let _ = self.commands.send(Command::Attack).await;
    }

    /// Asks the distributed hash table.
    ///
    /// # Errors
    /// Every variant of [`lookup::Error`].
    pub async fn look_up(&self, lookup: Lookup) -> Result<Found, lookup::Error> {
        self.ask_table(lookup, false).await.0
    }

    /// As [`Handle::look_up`], with the messages that were sent for it.
    pub(crate) async fn look_up_recorded(&self, lookup: Lookup) -> Looked {
        self.ask_table(lookup, true).await
    }

    async fn ask_table(&self, lookup: Lookup, recorded: bool) -> Looked {
        let command = |reply| Command::Lookup {
            lookup,
            recorded,
            reply,
        };
        let stopped = || (Err(lookup::Error::Stopped), Vec::new());
        self.ask(command).await.unwrap_or_else(stopped)
    }

    /// The state of its routing table; `None` when the peer has stopped.
    pub async fn table(&self) -> Option<Table> {
        self.ask(|reply| Command::Table { reply }).await
    }

    /// Adds these peers to its routing table, without a bootstrap lookup. No effect
    /// without Kademlia, or when the peer has stopped.
    pub async fn introduce(&self, peers: Vec<(PeerId, Multiaddr)>) {
        let _ = self.ask(|reply| Command::Introduce { peers, reply }).await;
    }

    /// Asks the connected hub at `hub`, which ends in `/p2p/…`, to relay connections to this
    /// peer.
    ///
    /// # Errors
    /// Every variant of [`ListenError`] but `AnotherPeer`.
    pub(crate) async fn reserve(&self, hub: Multiaddr) -> Result<Multiaddr, ListenError> {
        let command = |reply| Command::Reserve { hub, reply };
        self.ask(command).await.unwrap_or(Err(ListenError::Stopped))
    }

    /// Dials `peer` at these addresses, although it may be connected. Waits until one is
    /// reached, or none can be.
    pub(crate) async fn reach(&self, peer: PeerId, addresses: Vec<Multiaddr>) -> Reached {
        let command = |reply| Command::Reach {
            peer,
            addresses,
            reply,
        };
        let stopped = || Err("the peer has stopped".to_owned());
        self.ask(command).await.unwrap_or_else(stopped)
    }

    /// Dials a peer of the local network. The addresses are a way for this peer alone: they are
    /// neither kept in its database nor told to others. The dial fails where there is another
    /// one of the same peer.
    pub(crate) async fn dial_neighbour(&self, neighbour: Neighbour) -> Reached {
        let command = |reply| Command::DialNeighbour { neighbour, reply };
        let stopped = || Err("the peer has stopped".to_owned());
        self.ask(command).await.unwrap_or_else(stopped)
    }

    /// Waits until the peer listens at an address that others may reach. One that listens at
    /// all addresses learns of each a moment later, and dials from the port of one that it
    /// knows.
    pub(crate) async fn wait_reachable(&self) {
        let _ = self.ask(|reply| Command::WaitReachable { reply }).await;
    }

    /// Closes all listeners, and asks a router to map their ports no longer. Returns how many
    /// it maps.
    pub(crate) async fn close(&self) -> usize {
        let mapped = self.ask(|reply| Command::Close { reply }).await;
        mapped.unwrap_or_default()
    }

    /// Its own addresses, as others may try them; `None` when the peer has stopped.
    pub(crate) async fn card(&self) -> Option<Card> {
        self.ask(|reply| Command::Card { reply }).await
    }

    /// How the connection to `peer` came about; `None` if there is none.
    pub(crate) async fn how(&self, peer: PeerId) -> Option<How> {
        self.ask(|reply| Command::How { peer, reply }).await?
    }

    /// Waits until `is_so` holds for the connection to `peer`, and returns how it came about.
    /// `None` when the peer has stopped.
    pub(crate) async fn wait_how(
        &self,
        peer: PeerId,
        is_so: impl Fn(Option<&How>) -> bool,
    ) -> Option<Option<How>> {
        let mut count = self.count.clone();
        loop {
            count.mark_unchanged();
            let how = self.ask(|reply| Command::How { peer, reply }).await?;
            if is_so(how.as_ref()) {
                return Some(how);
            }
            count.changed().await.ok()?;
        }
    }

    /// How many peers are connected now.
    pub fn connected(&self) -> usize {
        self.count.now().peers
    }

    /// Waits until at least `count` peers are connected. Returns `false` when
    /// the peer stops before.
    pub async fn wait_connected(&self, count: usize) -> bool {
        let mut now = self.count.clone();
        now.wait_for(|now| now.peers >= count).await.is_ok()
    }

    /// Waits until exactly `count` connections are open: one for each peer, and
    /// briefly two if both dialled each other. Returns `false` when the peer stops
    /// before.
    pub async fn wait_connections(&self, count: usize) -> bool {
        let mut now = self.count.clone();
        now.wait_for(|now| now.connections == count).await.is_ok()
    }

    /// Waits until `peer`, a member of the run, is connected, or until it is not. Returns
    /// `false` when this peer stops before.
    pub async fn wait_connection(&self, peer: PeerId, connected: bool) -> bool {
        let mut count = self.count.clone();
        loop {
            count.mark_unchanged();
            let command = |reply| Command::IsConnected { peer, reply };
            match self.ask(command).await {
                Some(now) if now == connected => return true,
                Some(_) => {}
                None => return false,
            }
            if count.changed().await.is_err() {
                return false;
            }
        }
    }

    /// States that `peer`, a member of the run that is not connected, has crashed. A message
    /// that was sent to it before this call and still waits is lost, even if `peer` connects
    /// again. No effect when this peer has stopped.
    pub async fn forget(&self, peer: PeerId) {
        let _ = self.ask(|reply| Command::Forget { peer, reply }).await;
    }

    /// Pauses the peer until it is resumed, as SIGSTOP and SIGCONT do a process. Nothing is
    /// lost: commands wait, and so do dials, connections, and pings from other peers. Timers
    /// that run out meanwhile are late. If the last handle is dropped, the peer ends.
    ///
    /// What is not a task of the peer goes on: the algorithm that works on its channels, which
    /// may read what has arrived already and fill what buffers have room; the transport, where
    /// bytes of other peers wait, in the kernel's buffers or the memory transport's, and new
    /// connections over TCP and memory are accepted, without a handshake; QUIC's own tasks. Over
    /// [links](crate::links), what waits in a buffer begins to travel when the peer is resumed.
    pub fn pause(&self, paused: bool) {
        self.pause.set(paused);
    }

    /// Waits until the peer is gone: until its last handle is dropped, and its listeners
    /// are closed. The future holds no handle.
    pub fn gone(&self) -> impl Future<Output = ()> + Send + use<> {
        // The peer's task has the other end.
        let mut count = self.count.clone();
        async move { while count.changed().await.is_ok() {} }
    }

    /// Waits until the peer has stopped.
    pub async fn stopped(&self) {
        self.commands.closed().await;
    }

    /// `None` when the peer has stopped.
    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.ok()?;
        answer.await.ok()
    }
}
