//! What gossipsub and Kademlia send and receive, counted on their streams.
//!
//! libp2p's own metrics have no bytes, and not every control message. So the streams of a
//! peer are wrapped where the muxer hands them over: below the protocols, and above
//! encryption and multiplexing. Each is read along, from the negotiation of its protocol on.
//! Bytes are those of messages with their length prefixes. Yamux, Noise and TCP add to them.
//! What was written when a connection is cut counts as sent.

mod frames;

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures::{AsyncRead, AsyncWrite, ready};
use libp2p::PeerId;
use libp2p::core::Transport as _;
use libp2p::core::muxing::{
    StreamMuxer, StreamMuxerBox, StreamMuxerEvent, StreamMuxerExt as _, SubstreamBox,
};
use libp2p::core::transport::Boxed;

use frames::Frames;

type Connections = Boxed<(PeerId, StreamMuxerBox)>;

/// The kinds of gossipsub's control messages, by the number of their field in the specification, less
/// one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Announces messages.
    IHave,
    /// Asks for messages.
    IWant,
    /// Takes a neighbour into the mesh.
    Graft,
    /// Removes a neighbour from it.
    Prune,
    /// Asks for no further copy of messages.
    IDontWant,
}

impl Kind {
    /// All of them, in the order of their fields.
    pub const ALL: [Self; 5] = [
        Self::IHave,
        Self::IWant,
        Self::Graft,
        Self::Prune,
        Self::IDontWant,
    ];
}

/// What went in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// Bytes of messages.
    pub bytes: u64,
    control: [u64; 5],
    ids: [u64; 5],
}

impl Flow {
    /// How many control messages of that kind.
    pub fn control(&self, kind: Kind) -> u64 {
        self.control[kind as usize]
    }

    /// How many ids of messages were in them. GRAFT and PRUNE have none.
    pub fn ids(&self, kind: Kind) -> u64 {
        self.ids[kind as usize]
    }

    fn since(self, then: Self) -> Self {
        let each = |now: [u64; 5], then: [u64; 5]| std::array::from_fn(|i| now[i] - then[i]);
        Self {
            bytes: self.bytes - then.bytes,
            control: each(self.control, then.control),
            ids: each(self.ids, then.ids),
        }
    }
}

/// What a peer has sent and received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// What it has sent.
    pub sent: Flow,
    /// What it has received.
    pub received: Flow,
}

impl Traffic {
    pub(crate) fn since(self, then: Self) -> Self {
        Self {
            sent: self.sent.since(then.sent),
            received: self.received.since(then.received),
        }
    }
}

/// The counters of all peers. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Wires(Arc<Mutex<BTreeMap<PeerId, Arc<Wire>>>>);

impl Wires {
    /// What each peer has sent and received up to now.
    pub fn now(&self) -> BTreeMap<PeerId, Traffic> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(peer, wire)| (*peer, wire.now())).collect()
    }

    /// The counters of a peer's streams. One that restarts goes on with its own.
    pub(crate) fn of(&self, peer: PeerId) -> Arc<Wire> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(peer).or_default())
    }
}

/// What each peer has sent and received between two times.
pub fn since(
    now: BTreeMap<PeerId, Traffic>,
    then: &BTreeMap<PeerId, Traffic>,
) -> BTreeMap<PeerId, Traffic> {
    let since = |(peer, traffic): (PeerId, Traffic)| {
        let then = then.get(&peer).copied();
        (peer, traffic.since(then.unwrap_or_default()))
    };
    now.into_iter().map(since).collect()
}

/// The counters of a peer, shared by all of its streams.
#[derive(Debug, Default)]
pub(crate) struct Wire {
    sent: Counters,
    received: Counters,
}

impl Wire {
    fn now(&self) -> Traffic {
        Traffic {
            sent: self.sent.now(),
            received: self.received.now(),
        }
    }
}

#[derive(Debug, Default)]
struct Counters {
    bytes: AtomicU64,
    control: [AtomicU64; 5],
    ids: [AtomicU64; 5],
}

impl Counters {
    fn add(&self, flow: &Flow) {
        let add = |counter: &AtomicU64, number: u64| {
            if number > 0 {
                counter.fetch_add(number, Ordering::Relaxed);
            }
        };
        add(&self.bytes, flow.bytes);
        for i in 0..flow.control.len() {
            add(&self.control[i], flow.control[i]);
            add(&self.ids[i], flow.ids[i]);
        }
    }

    fn now(&self) -> Flow {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Flow {
            bytes: load(&self.bytes),
            control: self.control.each_ref().map(load),
            ids: self.ids.each_ref().map(load),
        }
    }
}

/// The connections of a peer, with its gossipsub and Kademlia counted.
pub(crate) fn counted(connections: Connections, wire: Arc<Wire>) -> Connections {
    connections
        .map(move |(peer, inner), _| {
            let wire = Arc::clone(&wire);
            (peer, StreamMuxerBox::new(Muxer { inner, wire }))
        })
        .boxed()
}

/// A connection whose streams are counted.
struct Muxer {
    inner: StreamMuxerBox,
    wire: Arc<Wire>,
}

impl Muxer {
    fn stream(&self, inner: SubstreamBox) -> Stream {
        Stream {
            inner,
            read: Frames::default(),
            written: Frames::default(),
            wire: Arc::clone(&self.wire),
        }
    }
}

impl StreamMuxer for Muxer {
    type Substream = Stream;
    type Error = io::Error;

    fn poll_inbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        let stream = ready!(self.inner.poll_inbound_unpin(cx));
        Poll::Ready(stream.map(|stream| self.stream(stream)))
    }

    fn poll_outbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        let stream = ready!(self.inner.poll_outbound_unpin(cx));
        Poll::Ready(stream.map(|stream| self.stream(stream)))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_close_unpin(cx)
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<StreamMuxerEvent>> {
        self.inner.poll_unpin(cx)
    }
}

/// A stream, with where it is in both directions.
struct Stream {
    inner: SubstreamBox,
    read: Frames,
    written: Frames,
    wire: Arc<Wire>,
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        let flow = self.read.read(&buffer[..count]);
        self.wire.received.add(&flow);
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.inner).poll_write(cx, buffer))?;
        let flow = self.written.read(&buffer[..count]);
        self.wire.sent.add(&flow);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }
}
