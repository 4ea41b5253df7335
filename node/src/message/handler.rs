//! The messages of one connection, each in a task of its own.
//!
//! The handler opens and accepts streams and counts them. Its tasks end with
//! it, so none outlives the connection.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use libp2p::PeerId;
use libp2p::core::upgrade::ReadyUpgrade;
use libp2p::swarm::handler::{
    ConnectionEvent, ConnectionHandler, ConnectionHandlerEvent, DialUpgradeError,
    FullyNegotiatedInbound, FullyNegotiatedOutbound,
};
use libp2p::swarm::{ConnectionId, Stream, StreamProtocol, StreamUpgradeError, SubstreamProtocol};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::PollSender;

use super::{Error, PROTOCOL, Parcel, STREAMS, stream};
use crate::channel::Arrival;

/// The state machine of one connection.
pub struct Handler {
    peer: PeerId,
    connection: ConnectionId,
    inbox: mpsc::Sender<Arrival>,
    /// Permits, one for each stream that is being read.
    places: Arc<Semaphore>,
    receiving: JoinSet<()>,
    /// Parcels without a stream yet.
    waiting: VecDeque<Parcel>,
    /// Streams that are being opened. Any of them will do for any parcel.
    requested: usize,
    sending: JoinSet<Sent>,
    /// Whether there was a stream: the inbox is then notified of the connection's end.
    used: bool,
    /// Created when the connection closes.
    last: Option<Box<PollSender<Arrival>>>,
}

/// The outcome of a parcel, and the channel of its reply.
type Sent = (oneshot::Sender<Result<(), Error>>, Result<(), Error>);

impl Handler {
    pub(super) fn new(
        peer: PeerId,
        connection: ConnectionId,
        inbox: mpsc::Sender<Arrival>,
    ) -> Self {
        Self {
            peer,
            connection,
            inbox,
            places: Arc::new(Semaphore::new(STREAMS)),
            receiving: JoinSet::new(),
            waiting: VecDeque::new(),
            requested: 0,
            sending: JoinSet::new(),
            used: false,
            last: None,
        }
    }

    fn on_inbound(&mut self, stream: Stream) {
        match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => {
                self.used = true;
                let receive = stream::receive(stream, self.peer, self.inbox.clone(), place);
                self.receiving.spawn(receive);
            }
            // Dropped, which resets it.
            Err(_) => tracing::debug!(peer = %self.peer, "refused a stream: too many at once"),
        }
    }

    fn on_outbound(&mut self, stream: Stream) {
        self.requested -= 1;
        self.forget_abandoned();
        // Without a parcel the stream is dropped, which resets it.
        if let Some(parcel) = self.waiting.pop_front() {
            self.used = true;
            let peer = self.peer;
            self.sending.spawn(async move {
                let Parcel {
                    envelope,
                    mut reply,
                } = parcel;
                let sent = tokio::select! {
                    biased;
                    sent = stream::send(stream, peer, envelope) => sent,
                    () = reply.closed() => Err(Error::NoReceipt(peer)),
                };
                (reply, sent)
            });
        }
    }

    fn on_dial_error(&mut self, error: StreamUpgradeError<Infallible>) {
        self.requested -= 1;
        if let Some(parcel) = self.waiting.pop_front() {
            let peer = self.peer;
            let _ = parcel.reply.send(Err(match error {
                StreamUpgradeError::NegotiationFailed => Error::Unsupported(peer),
                error => Error::Stream { peer, error },
            }));
        }
    }

    fn forget_abandoned(&mut self) {
        self.waiting.retain(|parcel| !parcel.reply.is_closed());
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Parcel;
    type ToBehaviour = Infallible;
    type InboundProtocol = ReadyUpgrade<StreamProtocol>;
    type OutboundProtocol = ReadyUpgrade<StreamProtocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol> {
        SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), ())
    }

    fn on_behaviour_event(&mut self, parcel: Parcel) {
        if self.waiting.len() >= STREAMS {
            self.forget_abandoned();
        }
        if self.waiting.len() >= STREAMS {
            let _ = parcel.reply.send(Err(Error::TooMany(self.peer)));
        } else {
            self.waiting.push_back(parcel);
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
        while let Poll::Ready(Some(_)) = self.receiving.poll_join_next(cx) {}
        while let Poll::Ready(Some(done)) = self.sending.poll_join_next(cx) {
            if let Ok((reply, sent)) = done {
                let _ = reply.send(sent);
            }
        }
        let open = self.requested + self.sending.len();
        if self.requested < self.waiting.len() && open < STREAMS {
            self.requested += 1;
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest {
                protocol: SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), ()),
            });
        }
        Poll::Pending
    }

    /// The connection closes. Messages that the inbox has not taken yet are dropped,
    /// without a receipt. Then the inbox is notified; nothing follows.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Option<Self::ToBehaviour>> {
        self.receiving.abort_all();
        while ready!(self.receiving.poll_join_next(cx)).is_some() {}
        if self.used {
            let new = || Box::new(PollSender::new(self.inbox.clone()));
            let last = self.last.get_or_insert_with(new);
            if ready!(last.poll_reserve(cx)).is_ok() {
                let _ = last.send_item(Arrival::Gone(self.peer, self.connection));
            }
            self.used = false;
        }
        Poll::Ready(None)
    }
}
