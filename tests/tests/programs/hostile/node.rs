//! The daemon that is attacked, and honest peers of it.

use algorithms::Message as _;
use algorithms::ping_pong::Message;
use node::channel::{Inbound, MAX_FRAME, OUTBOUND_BYTES, Outgoing, Sender};
use node::message::STREAMS;
use node::{Limits, Multiaddr, Peer, PeerId, Protocol, Transport, start};
use support::Running;
use support::peers::{config, next, send, within};

/// A daemon that runs: its process, and where it listens.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    process: u32,
    pub(crate) tcp: Multiaddr,
    pub(crate) quic: Multiaddr,
    pub(crate) websocket: Multiaddr,
}

/// An honest peer with a channel to the daemon.
pub(crate) struct Honest {
    peer: Peer,
    sender: Sender,
    pings: u64,
}

impl Node {
    pub(crate) async fn start() -> (Running, Self) {
        let mut command = support::node();
        command.args(["--listen", "/ip4/127.0.0.1/tcp/0"]);
        command.args(["--listen", "/ip4/127.0.0.1/udp/0/quic-v1"]);
        command.args(["--listen", "/ip4/127.0.0.1/tcp/0/ws"]);
        let all = Protocol::ALL.map(|protocol| protocol.to_string());
        command.args(["--protocols", &all.join(",")]);
        let mut process = Running::start(&mut command);
        let mut address = || {
            let line = process.line("listening on");
            let (_, address) = line.rsplit_once(' ').expect("an address");
            address.parse().expect("an address")
        };
        let (tcp, quic, websocket) = (address(), address(), address());
        let process_id = process.id();
        let node = Self {
            process: process_id,
            tcp,
            quic,
            websocket,
        };
        (process, node)
    }

    pub(crate) fn id(&self) -> PeerId {
        node::address::peer(&self.tcp).expect("a full address")
    }

    /// A peer over TCP. Another one with the same number replaces it.
    pub(crate) async fn honest(&self, number: u32) -> Honest {
        let peer = start(config(Transport::Tcp, number)).expect("a peer starts");
        let dialled = within("dial", peer.handle.dial(self.tcp.clone())).await;
        let id = dialled.expect("the node listens");
        let sender = within("open", peer.handle.open_channel(id)).await;
        Honest {
            peer,
            sender: sender.expect("the node speaks it"),
            pings: 0,
        }
    }

    /// The resident memory of the daemon's process, in bytes. Where it cannot
    /// be read, 0: the other checks remain.
    pub(crate) fn memory(&self) -> usize {
        resident(self.process)
    }
}

/// The resident memory of a process, in bytes; 0 where it cannot be read.
pub(crate) fn resident(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"));
    let status = status.unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<usize>().ok());
    kib.unwrap_or(0) * 1024
}

impl Honest {
    /// Sends PING and waits for its PONG.
    pub(crate) async fn ping(&mut self, during: &str) {
        let id = self.pings;
        self.pings += 1;
        let data = b"are you there?".to_vec().into();
        let ping = Message::Ping { id, data };
        let message = Outgoing {
            id,
            kind: "PING",
            within: None,
            trace: None,
            payload: ping.to_payload(),
        };
        let sent = within(during, send(&mut self.sender, message)).await;
        sent.unwrap_or_else(|e| panic!("{during}: {e}"));
        match next(&mut self.peer).await {
            Inbound::Message { envelope, .. } => {
                let pong = Message::from_payload(envelope.payload).expect(during);
                assert!(
                    matches!(pong, Message::Pong { id: of, .. } if of == id),
                    "{during}: {pong:?}"
                );
            }
            Inbound::HungUp { .. } => panic!("{during}: the node hung up"),
        }
    }
}

/// What an attack may make a node hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    sockets: usize,
    websockets: usize,
    connections: usize,
    streams: usize,
    messages: usize,
    floods: bool,
}

impl Budget {
    pub(crate) const NOTHING: Self = Self {
        sockets: 0,
        websockets: 0,
        connections: 0,
        streams: 0,
        messages: 0,
        floods: false,
    };

    /// Connections that are never secured.
    pub(crate) const fn sockets(self, sockets: usize) -> Self {
        Self { sockets, ..self }
    }

    /// Connections over WebSocket that are never secured.
    pub(crate) const fn websockets(self, websockets: usize) -> Self {
        Self { websockets, ..self }
    }

    /// Connections of authenticated peers.
    pub(crate) const fn connections(self, connections: usize) -> Self {
        Self {
            connections,
            ..self
        }
    }

    /// Streams on those connections.
    pub(crate) const fn streams(self, streams: usize) -> Self {
        Self { streams, ..self }
    }

    /// Messages on streams of their own, on one of those connections.
    pub(crate) const fn messages(self, messages: usize) -> Self {
        Self { messages, ..self }
    }

    /// Large messages without end.
    pub(crate) const fn flood(self) -> Self {
        Self {
            floods: true,
            ..self
        }
    }

    /// The most that a node may take for it, in bytes:
    ///
    /// - a socket: 64 KiB for the handshake, at most as many as [`Limits`]
    ///   leave pending;
    /// - a WebSocket: the same, and a message of 256 KiB;
    /// - a connection: 256 KiB for Noise, Yamux and the handlers of all
    ///   protocols (150 KiB are measured), at most as many as `Limits` leave
    ///   established. On its inbound channel a frame that is read, whose buffer
    ///   grows by doubling; on its outbound channel what waits in front of the
    ///   stream and one more message, in a buffer that doubles too;
    /// - a stream that a protocol keeps without reading it: Yamux's first
    ///   window, 256 KiB. Two channels are kept, and 32 queries of Kademlia;
    ///   all others are read at once, or closed;
    /// - a message on a stream of its own, at most [`STREAMS`] of them: a frame
    ///   that is read, in a buffer that doubles, and the stream's window;
    /// - a flood, once for the process: 64 MiB in the outboxes
    ///   (`driver/outbox.rs`);
    /// - 16 MiB that the allocator keeps, and a quarter of the whole besides.
    pub(crate) fn bytes(self) -> usize {
        let limits = Limits::default();
        let sockets = self.sockets.min(limits.pending_incoming as usize);
        let websockets = self.websockets.min(limits.pending_incoming as usize);
        let connections = self.connections.min(limits.established_incoming as usize);
        let inbound = 2 * MAX_FRAME;
        let outbound = 2 * (OUTBOUND_BYTES + MAX_FRAME);
        let flood = 64 << 20;
        let sum = sockets * (64 << 10)
            + websockets * ((64 << 10) + (256 << 10))
            + connections * ((256 << 10) + inbound + outbound)
            + self.streams * (256 << 10)
            + self.messages.min(STREAMS) * (inbound + (256 << 10))
            + usize::from(self.floods) * flood;
        sum + sum / 4 + (16 << 20)
    }
}
