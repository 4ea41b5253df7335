//! The inbox of one peer: all incoming channels and messages.

use std::collections::HashMap;
use std::task::{Context, Poll};

use futures::StreamExt as _;
use futures::stream::SelectAll;
use libp2p::PeerId;
use libp2p::swarm::{ConnectionId, Stream};
use proto::Envelope;
use tokio::sync::{mpsc, oneshot};

use super::reader::Reader;
use super::{Inbound, Never};

/// A notification from a connection to the inbox.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// The other side has opened a channel.
    Channel(PeerId, Opened),
    /// A message has arrived on a stream of its own.
    Message(PeerId, Envelope),
    /// The connection is closed. It carried an outgoing channel, or messages on
    /// streams of their own.
    Gone(PeerId, ConnectionId),
}

/// A channel that the other side has opened.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(super) stream: Stream,
    pub(super) connection: ConnectionId,
    /// Its sender is dropped when the connection closes.
    pub(super) gone: oneshot::Receiver<Never>,
}

/// The incoming messages of a peer. Messages of one channel are in order; messages on
/// streams of their own are not. An unread inbox causes back-pressure on all of them.
#[derive(Debug)]
pub struct Inbox {
    arrivals: mpsc::Receiver<Arrival>,
    readers: SelectAll<Reader>,
    /// The channels being read, each with the next channel of the same peer: a peer
    /// may hang up and open it before the first is read to its end. At most one waits.
    open: HashMap<PeerId, Option<Opened>>,
}

impl Inbox {
    pub(super) fn new(arrivals: mpsc::Receiver<Arrival>) -> Self {
        Self {
            arrivals,
            readers: SelectAll::new(),
            open: HashMap::new(),
        }
    }

    /// The next event; `None` when the peer has stopped.
    pub async fn recv(&mut self) -> Option<Inbound> {
        std::future::poll_fn(|cx| self.poll_recv(cx)).await
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Inbound>> {
        loop {
            if let Poll::Ready(Some(inbound)) = self.readers.poll_next_unpin(cx) {
                if let Inbound::HungUp { from, .. } = inbound {
                    self.on_end(from);
                }
                return Poll::Ready(Some(inbound));
            }
            match self.arrivals.poll_recv(cx) {
                Poll::Ready(Some(Arrival::Channel(peer, opened))) => self.on_channel(peer, opened),
                Poll::Ready(Some(Arrival::Message(from, envelope))) => {
                    return Poll::Ready(Some(Inbound::Message { from, envelope }));
                }
                // The end of the channel being read is reported already.
                Poll::Ready(Some(Arrival::Gone(peer, _))) if self.open.contains_key(&peer) => {}
                Poll::Ready(Some(Arrival::Gone(from, connection))) => {
                    return Poll::Ready(Some(Inbound::HungUp { from, connection }));
                }
                Poll::Ready(None) if self.readers.is_empty() => return Poll::Ready(None),
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn on_channel(&mut self, peer: PeerId, opened: Opened) {
        match self.open.get_mut(&peer) {
            None => {
                self.open.insert(peer, None);
                self.readers.push(Reader::new(peer, opened));
            }
            Some(next) if next.is_none() => *next = Some(opened),
            // Dropped, which resets it.
            Some(_) => tracing::info!(%peer, "refused a third channel at once"),
        }
    }

    fn on_end(&mut self, peer: PeerId) {
        if let Some(Some(next)) = self.open.remove(&peer) {
            self.on_channel(peer, next);
        }
    }
}
