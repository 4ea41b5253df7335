//! The pings of one connection: inbound streams that are answered, libp2p's regular
//! pings, and requested pings.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use libp2p::PeerId;
use libp2p::core::upgrade::ReadyUpgrade;
use libp2p::ping::{self, Failure};
use libp2p::swarm::handler::{
    ConnectionEvent, ConnectionHandler, ConnectionHandlerEvent, DialUpgradeError,
    FullyNegotiatedInbound, FullyNegotiatedOutbound,
};
use libp2p::swarm::{
    NetworkBehaviour, Stream, StreamProtocol, StreamUpgradeError, SubstreamProtocol,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Error, Outcome, PROTOCOL, Reply, answer, ask};

/// libp2p's handler, of which the regular pings are used.
type Regular = <ping::Behaviour as NetworkBehaviour>::ConnectionHandler;

/// A request for one ping.
pub struct Ask(pub(super) Reply);

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ask")
    }
}

/// What a stream is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// For libp2p's regular pings.
    Regular,
    /// For requested pings.
    OnDemand,
}

/// The state machine of one connection.
pub struct Handler {
    peer: PeerId,
    places: Arc<Semaphore>,
    answering: Vec<Answering>,
    regular: Option<Regular>,
    asks: VecDeque<Reply>,
    /// The one stream for requested pings.
    asking: Asking,
}

struct Answering {
    pings: BoxFuture<'static, io::Result<()>>,
    _place: OwnedSemaphorePermit,
}

enum Asking {
    Closed,
    Opening,
    Idle(Stream, Age),
    Waiting(BoxFuture<'static, Outcome>),
}

/// Whether a stream has carried a ping. The other side may have closed one that
/// was idle for long: then a new one is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    New,
    Used,
}

impl Handler {
    pub(super) fn new(peer: PeerId, places: Arc<Semaphore>, regular: Option<Regular>) -> Self {
        Self {
            peer,
            places,
            answering: Vec::new(),
            regular,
            asks: VecDeque::new(),
            asking: Asking::Closed,
        }
    }

    fn on_inbound(&mut self, mut stream: Stream) {
        stream.ignore_for_keep_alive();
        match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => self.answering.push(Answering {
                pings: answer(stream).boxed(),
                _place: place,
            }),
            // Dropped, which resets it.
            Err(_) => tracing::debug!(peer = %self.peer, "refused a third stream of pings"),
        }
    }

    fn on_outbound(&mut self, mut stream: Stream) {
        stream.ignore_for_keep_alive();
        self.asking = Asking::Idle(stream, Age::New);
    }

    fn on_dial_error(&mut self, error: StreamUpgradeError<Infallible>) {
        self.asking = Asking::Closed;
        let peer = self.peer;
        if let Some(reply) = self.asks.pop_front() {
            let _ = reply.send(Err(match error {
                StreamUpgradeError::NegotiationFailed => Error::Unsupported(peer),
                error => Error::Broken {
                    peer,
                    reason: error.to_string(),
                },
            }));
        }
    }

    /// Advances the requested pings. Ready when a stream is needed.
    fn poll_asks(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match std::mem::replace(&mut self.asking, Asking::Closed) {
                Asking::Waiting(mut waiting) => match waiting.poll_unpin(cx) {
                    Poll::Ready(Outcome::Done(Some(stream))) => {
                        self.asking = Asking::Idle(stream, Age::Used);
                    }
                    Poll::Ready(Outcome::Done(None)) => {}
                    Poll::Ready(Outcome::Again(reply)) => self.asks.push_front(reply),
                    Poll::Pending => {
                        self.asking = Asking::Waiting(waiting);
                        return Poll::Pending;
                    }
                },
                Asking::Opening => {
                    self.asking = Asking::Opening;
                    return Poll::Pending;
                }
                state => {
                    self.asks.retain(|reply| !reply.is_closed());
                    match (state, self.asks.is_empty()) {
                        (state, true) => {
                            self.asking = state;
                            return Poll::Pending;
                        }
                        (Asking::Idle(stream, age), false) => {
                            let reply = self.asks.pop_front().expect("just seen");
                            let waiting = ask(stream, age, self.peer, reply);
                            self.asking = Asking::Waiting(waiting.boxed());
                        }
                        (_, false) => {
                            self.asking = Asking::Opening;
                            return Poll::Ready(());
                        }
                    }
                }
            }
        }
    }
}

type Polled =
    Poll<ConnectionHandlerEvent<ReadyUpgrade<StreamProtocol>, Purpose, Result<Duration, Failure>>>;

impl ConnectionHandler for Handler {
    type FromBehaviour = Ask;
    type ToBehaviour = Result<Duration, Failure>;
    type InboundProtocol = ReadyUpgrade<StreamProtocol>;
    type OutboundProtocol = ReadyUpgrade<StreamProtocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Purpose;

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol> {
        SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), ())
    }

    fn on_behaviour_event(&mut self, Ask(reply): Ask) {
        self.asks.push_back(reply);
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<'_, Self::InboundProtocol, Self::OutboundProtocol, (), Purpose>,
    ) {
        let regular = match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: stream,
                ..
            }) => return self.on_inbound(stream),
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol,
                info: Purpose::OnDemand,
            }) => return self.on_outbound(protocol),
            ConnectionEvent::DialUpgradeError(DialUpgradeError {
                error,
                info: Purpose::OnDemand,
            }) => return self.on_dial_error(error),
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol,
                info: Purpose::Regular,
            }) => ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol,
                info: (),
            }),
            ConnectionEvent::DialUpgradeError(DialUpgradeError {
                error,
                info: Purpose::Regular,
            }) => ConnectionEvent::DialUpgradeError(DialUpgradeError { error, info: () }),
            // Changes of addresses and of supported protocols do not matter to it.
            _ => return,
        };
        if let Some(handler) = &mut self.regular {
            handler.on_connection_event(regular);
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Polled {
        self.answering
            .retain_mut(|answering| answering.pings.poll_unpin(cx).is_pending());
        if self.poll_asks(cx).is_ready() {
            let protocol = ReadyUpgrade::new(PROTOCOL);
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest {
                protocol: SubstreamProtocol::new(protocol, Purpose::OnDemand),
            });
        }
        match &mut self.regular {
            Some(regular) => regular
                .poll(cx)
                .map(|event| event.map_outbound_open_info(|()| Purpose::Regular)),
            None => Poll::Pending,
        }
    }
}
