//! The channels of one connection: at most one out and one in.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use asynchronous_codec::{FramedRead, FramedWrite};
use futures::{AsyncRead as _, SinkExt as _, StreamExt as _};
use libp2p::PeerId;
use libp2p::core::upgrade::ReadyUpgrade;
use libp2p::swarm::handler::{
    ConnectionEvent, ConnectionHandler, ConnectionHandlerEvent, DialUpgradeError,
    FullyNegotiatedInbound, FullyNegotiatedOutbound,
};
use libp2p::swarm::{Stream, StreamProtocol, StreamUpgradeError, SubstreamProtocol};
use proto::Envelope;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::PollSender;

use super::codec::Codec;
use super::load::Load;
use super::{Error, Inbound, OUTBOUND_QUEUE, PROTOCOL, Sender};

/// How many frames one poll may read before the connection itself gets its
/// turn. A guess.
const READ_BUDGET: usize = 64;

/// The wish for a channel to the other side.
pub struct Open {
    pub(super) incarnation: u32,
    pub(super) reply: oneshot::Sender<Result<Sender, Error>>,
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Open({})", self.incarnation)
    }
}

/// Nothing is ever sent on it: it tells that its sender is dropped.
pub(super) type Never = std::convert::Infallible;

/// The state machine of one connection. Streams are boxed: most connections
/// of a large network carry none.
pub struct Handler {
    peer: PeerId,
    inbound_queue: mpsc::Sender<Inbound>,
    /// The connection that this one replaces, until its channels have ended.
    before: Option<oneshot::Receiver<Never>>,
    /// Dropped when the channels of this one have ended.
    end: Option<oneshot::Sender<Never>>,
    inbound: Option<Box<Reader>>,
    /// A stream that came before the one in use was read to its end: the other
    /// side hung up and opened a new one. There is room for one.
    next_inbound: Option<Stream>,
    outbound: Outbound,
    /// A channel that is wanted while the one before is still being closed.
    next_outbound: Option<Open>,
    /// Where the end of the connection is told.
    farewell: Option<Box<PollSender<Inbound>>>,
    violations: VecDeque<String>,
}

enum Outbound {
    Closed,
    Wanted(Open),
    Requested(Open),
    Open(Box<Writer>),
}

struct Writer {
    frames: FramedWrite<Stream, Codec>,
    queue: mpsc::Receiver<Envelope>,
    load: Arc<Load>,
}

struct Reader {
    frames: FramedRead<Stream, Codec>,
    queue: PollSender<Inbound>,
    /// Read, and waiting for room in the queue. Room is reserved for what is
    /// there alone, so that idle channels leave the queue to the busy ones.
    waiting: Option<Inbound>,
    expected: Option<Position>,
    /// The connection is gone: what has not come by now never will.
    closing: bool,
    ended: bool,
}

/// Where in the channel the next message has to stand.
struct Position {
    incarnation: u32,
    sequence: u64,
}

impl Handler {
    pub(super) fn new(
        peer: PeerId,
        inbound_queue: mpsc::Sender<Inbound>,
        before: Option<oneshot::Receiver<Never>>,
        end: oneshot::Sender<Never>,
    ) -> Self {
        Self {
            peer,
            inbound_queue,
            before,
            end: Some(end),
            inbound: None,
            next_inbound: None,
            outbound: Outbound::Closed,
            next_outbound: None,
            farewell: None,
            violations: VecDeque::new(),
        }
    }

    fn on_inbound(&mut self, stream: Stream) {
        if self.inbound.is_none() {
            self.inbound = Some(Box::new(Reader::new(stream, self.inbound_queue.clone())));
        } else if self.next_inbound.is_none() {
            self.next_inbound = Some(stream);
        } else {
            self.violations.push_back("a third channel at once".into());
        }
    }

    fn on_outbound(&mut self, stream: Stream) {
        // Without a wish the stream is dropped, which resets it.
        if let Outbound::Requested(open) = std::mem::replace(&mut self.outbound, Outbound::Closed) {
            let (sender, queue) = mpsc::channel(OUTBOUND_QUEUE);
            let load = Arc::new(Load::default());
            let sender = Sender::new(self.peer, open.incarnation, sender, Arc::clone(&load));
            if open.reply.send(Ok(sender)).is_ok() {
                let frames = FramedWrite::new(stream, Codec);
                let writer = Writer {
                    frames,
                    queue,
                    load,
                };
                self.outbound = Outbound::Open(Box::new(writer));
            }
        }
    }

    fn on_dial_error(&mut self, error: StreamUpgradeError<std::convert::Infallible>) {
        if let Outbound::Requested(open) = std::mem::replace(&mut self.outbound, Outbound::Closed) {
            let peer = self.peer;
            let _ = open.reply.send(Err(match error {
                StreamUpgradeError::NegotiationFailed => Error::Unsupported(peer),
                error => Error::Stream { peer, error },
            }));
        }
    }

    /// Whether somebody holds the sending end of a channel over this
    /// connection.
    fn has_sender(&self) -> bool {
        matches!(&self.outbound, Outbound::Open(writer) if !writer.is_closing())
    }

    /// Ready when nothing more comes from the connection that was replaced.
    fn poll_before(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(before) = &mut self.before {
            // An error is what is waited for: its sender is dropped.
            let _ = ready!(Pin::new(before).poll(cx));
            self.before = None;
        }
        Poll::Ready(())
    }

    /// Reads until the stream, the queue or the budget has no more.
    fn poll_inbound(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.poll_before(cx));
        while let Some(reader) = &mut self.inbound {
            match reader.poll(self.peer, &mut self.violations, cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(()) => {
                    let queue = &self.inbound_queue;
                    let next = self.next_inbound.take();
                    self.inbound = next.map(|s| Box::new(Reader::new(s, queue.clone())));
                }
            }
        }
        Poll::Pending
    }
}

impl Writer {
    /// Its sender is dropped: it writes what is queued, and ends.
    fn is_closing(&self) -> bool {
        self.queue.is_closed()
    }

    /// Writes what is queued; ready when the stream was read to its end or is
    /// broken.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if ready!(self.frames.poll_ready_unpin(cx)).is_err() {
                return Poll::Ready(());
            }
            match self.queue.poll_recv(cx) {
                Poll::Ready(Some(envelope)) => {
                    self.load.remove(&envelope);
                    if self.frames.start_send_unpin(envelope).is_err() {
                        return Poll::Ready(());
                    }
                }
                Poll::Ready(None) => return self.poll_end(cx),
                Poll::Pending => {
                    return match self.frames.poll_flush_unpin(cx) {
                        Poll::Ready(Err(_)) => Poll::Ready(()),
                        Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
                    };
                }
            }
        }
    }
}

impl Writer {
    /// Closes the stream, and waits until the other side has read it to its
    /// end and drops it, which comes as an end or an error here.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if ready!(self.frames.poll_close_unpin(cx)).is_err() {
            return Poll::Ready(());
        }
        // A byte that nobody should send ends it as well.
        Pin::new(&mut *self.frames)
            .poll_read(cx, &mut [0])
            .map(|_| ())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.close();
        self.load.close();
    }
}

impl Reader {
    fn new(stream: Stream, queue: mpsc::Sender<Inbound>) -> Self {
        Self {
            frames: FramedRead::new(stream, Codec),
            queue: PollSender::new(queue),
            waiting: None,
            expected: None,
            closing: false,
            ended: false,
        }
    }

    /// Ready when the stream has ended and its end was delivered.
    fn poll(
        &mut self,
        peer: PeerId,
        violations: &mut VecDeque<String>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        for _ in 0..READ_BUDGET {
            if self.waiting.is_some() {
                if ready!(self.queue.poll_reserve(cx)).is_err() {
                    return Poll::Ready(()); // Nobody listens any more.
                }
                let _ = self
                    .queue
                    .send_item(self.waiting.take().expect("just seen"));
            }
            if self.ended {
                return Poll::Ready(());
            }
            self.waiting = Some(match self.frames.poll_next_unpin(cx) {
                Poll::Pending if self.closing => self.end(peer),
                Poll::Pending => return Poll::Pending,
                Poll::Ready(frame) => match self.check(frame) {
                    Ok(Some(envelope)) => Inbound::Message {
                        from: peer,
                        envelope,
                    },
                    Ok(None) => self.end(peer),
                    Err(violation) => {
                        violations.push_back(violation);
                        self.end(peer)
                    }
                },
            });
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// `None` at the end of the stream; an error for what no honest peer sends.
    fn check(
        &mut self,
        frame: Option<std::io::Result<Envelope>>,
    ) -> Result<Option<Envelope>, String> {
        let envelope = match frame {
            None => return Ok(None),
            Some(Err(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
                return Err(error.to_string());
            }
            Some(Err(_)) => return Ok(None), // The stream was reset.
            Some(Ok(envelope)) => envelope,
        };
        let expected = self.expected.get_or_insert(Position {
            incarnation: envelope.incarnation,
            sequence: 0,
        });
        if (envelope.incarnation, envelope.sequence) != (expected.incarnation, expected.sequence) {
            return Err(format!(
                "message {} of incarnation {} where {} of {} had to come",
                envelope.sequence, envelope.incarnation, expected.sequence, expected.incarnation
            ));
        }
        expected.sequence += 1;
        Ok(Some(envelope))
    }

    fn end(&mut self, from: PeerId) -> Inbound {
        self.ended = true;
        Inbound::HungUp { from }
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Open;
    type ToBehaviour = String;
    type InboundProtocol = ReadyUpgrade<StreamProtocol>;
    type OutboundProtocol = ReadyUpgrade<StreamProtocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol> {
        SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), ())
    }

    fn on_behaviour_event(&mut self, open: Open) {
        let given_up = |open: &Open| open.reply.is_closed();
        match &mut self.outbound {
            Outbound::Closed => self.outbound = Outbound::Wanted(open),
            Outbound::Wanted(old) | Outbound::Requested(old) if given_up(old) => *old = open,
            Outbound::Open(writer)
                if writer.is_closing() && self.next_outbound.as_ref().is_none_or(given_up) =>
            {
                self.next_outbound = Some(open);
            }
            Outbound::Wanted(_) | Outbound::Requested(_) | Outbound::Open(_) => {
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
        let _ = self.poll_inbound(cx);
        if let Some(violation) = self.violations.pop_front() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(violation));
        }
        if let Outbound::Open(writer) = &mut self.outbound
            && writer.poll(cx).is_ready()
        {
            self.outbound = self
                .next_outbound
                .take()
                .map_or(Outbound::Closed, Outbound::Wanted);
        }
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

    /// The connection closes: what has come is delivered, then its end.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Option<Self::ToBehaviour>> {
        self.next_inbound = None;
        ready!(self.poll_before(cx));
        if let Some(reader) = &mut self.inbound {
            reader.closing = true;
            ready!(reader.poll(self.peer, &mut self.violations, cx));
            self.inbound = None;
        } else if self.has_sender() {
            // The other side has opened none whose end could tell.
            let new = || Box::new(PollSender::new(self.inbound_queue.clone()));
            let queue = self.farewell.get_or_insert_with(new);
            if ready!(queue.poll_reserve(cx)).is_ok() {
                let _ = queue.send_item(Inbound::HungUp { from: self.peer });
            }
        }
        self.outbound = Outbound::Closed;
        self.end = None;
        Poll::Ready(None)
    }
}
