//! The channels of one connection: at most one out and one in.
//!
//! The handler opens and accepts streams; the `Sender` and the `Inbox` work on
//! the streams themselves. Reading or writing a stream here would wake the
//! connection's own task once more for each frame.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use libp2p::PeerId;
use libp2p::core::upgrade::ReadyUpgrade;
use libp2p::swarm::handler::{
    ConnectionEvent, ConnectionHandler, ConnectionHandlerEvent, DialUpgradeError,
    FullyNegotiatedInbound, FullyNegotiatedOutbound,
};
use libp2p::swarm::{ConnectionId, Stream, StreamProtocol, StreamUpgradeError, SubstreamProtocol};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::PollSender;

use super::inbox::{Arrival, Opened};
use super::writer::Writer;
use super::{Error, Never, PROTOCOL, Sender};

/// How many streams of one connection may wait for the inbox. An honest peer has at
/// most two: one that it has closed, and the next.
const ARRIVALS: usize = 2;

/// A request to open a channel to the other side.
pub struct Open {
    pub(super) incarnation: u32,
    pub(super) not_before: Option<Instant>,
    pub(super) reply: oneshot::Sender<Result<Sender, Error>>,
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Open({})", self.incarnation)
    }
}

/// The state machine of one connection.
pub struct Handler {
    peer: PeerId,
    connection: ConnectionId,
    inbox: mpsc::Sender<Arrival>,
    /// The connection that this one replaces, until its channels have ended.
    before: Option<oneshot::Receiver<Never>>,
    /// Dropped when the channels of this one have ended.
    end: Option<oneshot::Sender<Never>>,
    arrivals: VecDeque<Arrival>,
    /// Created at the first arrival: most connections of a large network carry no
    /// messages.
    place: Option<Box<PollSender<Arrival>>>,
    /// Dropped when the connection is gone.
    readers: Vec<oneshot::Sender<Never>>,
    outbound: Outbound,
    /// A channel requested while the one before is still being closed.
    next_outbound: Option<Open>,
}

enum Outbound {
    Closed,
    Wanted(Open),
    Requested(Open),
    /// The [`Sender`] has the writer, and returns it to hang up.
    Lent(oneshot::Receiver<Writer>),
    Closing(Box<Writer>),
}

impl Handler {
    pub(super) fn new(
        (peer, connection): (PeerId, ConnectionId),
        inbox: mpsc::Sender<Arrival>,
        before: Option<oneshot::Receiver<Never>>,
        end: oneshot::Sender<Never>,
    ) -> Self {
        Self {
            peer,
            connection,
            inbox,
            before,
            end: Some(end),
            arrivals: VecDeque::new(),
            place: None,
            readers: Vec::new(),
            outbound: Outbound::Closed,
            next_outbound: None,
        }
    }

    fn on_inbound(&mut self, stream: Stream) {
        if self.arrivals.len() < ARRIVALS {
            let (here, gone) = oneshot::channel();
            self.readers.retain(|reader| !reader.is_closed());
            self.readers.push(here);
            let connection = self.connection;
            self.arrivals.push_back(Arrival::Channel(
                self.peer,
                Opened {
                    stream,
                    connection,
                    gone,
                },
            ));
        } else {
            tracing::info!(peer = %self.peer, "refused a third channel at once");
        }
    }

    fn on_outbound(&mut self, stream: Stream) {
        // Without a request the stream is dropped, which resets it.
        if let Outbound::Requested(open) = std::mem::replace(&mut self.outbound, Outbound::Closed) {
            let (back, lent) = oneshot::channel();
            let sender = Sender {
                peer: self.peer,
                connection: self.connection,
                incarnation: open.incarnation,
                not_before: open.not_before,
                next_sequence: 0,
                writer: Some(Writer::new(stream)),
                back: Some(back),
            };
            if open.reply.send(Ok(sender)).is_ok() {
                self.outbound = Outbound::Lent(lent);
            }
        }
    }

    fn on_dial_error(&mut self, error: StreamUpgradeError<Infallible>) {
        if let Outbound::Requested(open) = std::mem::replace(&mut self.outbound, Outbound::Closed) {
            let peer = self.peer;
            let _ = open.reply.send(Err(match error {
                StreamUpgradeError::NegotiationFailed => Error::Unsupported(peer),
                error => Error::Stream { peer, error },
            }));
        }
    }

    /// Passes arrivals to the inbox, once the replaced connection has ended. Ready
    /// when all are passed on.
    fn poll_arrivals(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(before) = &mut self.before {
            // The error is expected: it means that the sender was dropped.
            let _ = ready!(Pin::new(before).poll(cx));
            self.before = None;
        }
        while !self.arrivals.is_empty() {
            let new = || Box::new(PollSender::new(self.inbox.clone()));
            let place = self.place.get_or_insert_with(new);
            if ready!(place.poll_reserve(cx)).is_err() {
                self.arrivals.clear(); // The inbox is closed.
                break;
            }
            let arrival = self.arrivals.pop_front().expect("just seen");
            let _ = place.send_item(arrival);
        }
        Poll::Ready(())
    }

    /// Closes a channel that was hung up.
    fn poll_outbound(&mut self, cx: &mut Context<'_>) {
        if let Outbound::Lent(lent) = &mut self.outbound
            && let Poll::Ready(back) = Pin::new(lent).poll(cx)
        {
            self.on_hung_up(back.ok());
        }
        if let Outbound::Closing(writer) = &mut self.outbound
            && writer.poll_end(cx).is_ready()
        {
            self.on_hung_up(None);
        }
    }

    /// Without a writer there is nothing left to close.
    fn on_hung_up(&mut self, writer: Option<Writer>) {
        self.outbound = match writer {
            Some(writer) => Outbound::Closing(Box::new(writer)),
            None => match self.next_outbound.take() {
                Some(open) => Outbound::Wanted(open),
                None => Outbound::Closed,
            },
        };
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Open;
    type ToBehaviour = Infallible;
    type InboundProtocol = ReadyUpgrade<StreamProtocol>;
    type OutboundProtocol = ReadyUpgrade<StreamProtocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol> {
        SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), ())
    }

    fn on_behaviour_event(&mut self, open: Open) {
        if let Outbound::Lent(lent) = &mut self.outbound
            && let Ok(writer) = lent.try_recv()
        {
            self.on_hung_up(Some(writer));
        }
        let given_up = |open: &Open| open.reply.is_closed();
        match &mut self.outbound {
            Outbound::Closed => self.outbound = Outbound::Wanted(open),
            Outbound::Wanted(old) | Outbound::Requested(old) if given_up(old) => *old = open,
            Outbound::Closing(_) if self.next_outbound.as_ref().is_none_or(given_up) => {
                self.next_outbound = Some(open);
            }
            Outbound::Wanted(_)
            | Outbound::Requested(_)
            | Outbound::Lent(_)
            | Outbound::Closing(_) => {
                let _ = open.reply.send(Err(Error::AlreadyOpen(self.peer)));
            }
        }
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<'_, Self::InboundProtocol, Self::OutboundProtocol>,
    ) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: stream,
                ..
            }) => self.on_inbound(stream),
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol: stream,
                ..
            }) => self.on_outbound(stream),
            ConnectionEvent::DialUpgradeError(DialUpgradeError { error, .. }) => {
                self.on_dial_error(error);
            }
            // Changes of addresses and of supported protocols do not matter here.
            _ => {}
        }
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, (), Self::ToBehaviour>> {
        let _ = self.poll_arrivals(cx);
        self.poll_outbound(cx);
        match std::mem::replace(&mut self.outbound, Outbound::Closed) {
            Outbound::Wanted(open) => {
                self.outbound = Outbound::Requested(open);
                Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest {
                    protocol: SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), ()),
                })
            }
            state => {
                self.outbound = state;
                Poll::Pending
            }
        }
    }

    /// The connection closes. The holder of a channel over it is notified, even if the
    /// other side never opened one.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Option<Self::ToBehaviour>> {
        if let Outbound::Lent(_) = std::mem::replace(&mut self.outbound, Outbound::Closed) {
            self.arrivals
                .push_back(Arrival::Gone(self.peer, self.connection));
        }
        ready!(self.poll_arrivals(cx));
        self.readers.clear();
        self.end = None;
        Poll::Ready(None)
    }
}
