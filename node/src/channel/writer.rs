//! The writing end of a stream.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use asynchronous_codec::Encoder as _;
use bytes::{Buf as _, BytesMut};
use futures::{AsyncRead as _, AsyncWrite as _};
use libp2p::swarm::Stream;
use proto::Envelope;

use super::codec::Codec;

/// How many bytes may wait in front of a stream before it causes back-pressure. One
/// message may exceed it. A guess: four of yamux's initial windows.
pub const OUTBOUND_BYTES: usize = 1 << 20;

/// A stream, and the bytes not written to it yet.
#[derive(Debug)]
pub(super) struct Writer {
    stream: Stream,
    buffer: BytesMut,
    /// Whether the stream was closed. Yamux sends another FIN each time it is, which wakes the
    /// connection, which polls this again: until the other side had answered, the two would
    /// do nothing else.
    is_closed: bool,
}

impl Writer {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            buffer: BytesMut::new(),
            is_closed: false,
        }
    }

    /// Whether another message may be queued.
    pub(super) fn has_room(&self) -> bool {
        self.buffer.len() < OUTBOUND_BYTES
    }

    /// Queues a message.
    pub(super) fn push(&mut self, envelope: Envelope) -> io::Result<()> {
        Codec.encode(envelope, &mut self.buffer)
    }

    /// Writes as many of the queued bytes as the stream takes.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut stream = Pin::new(&mut self.stream);
        while !self.buffer.is_empty() {
            match ready!(stream.as_mut().poll_write(cx, &self.buffer))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.buffer.advance(written),
            }
        }
        stream.poll_flush(cx)
    }

    /// Writes all queued bytes, closes the stream, and waits until the other side has
    /// read it to its end and drops it, which shows as an end or an error here. Ready
    /// as well when the stream is broken.
    pub(super) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if ready!(self.poll_flush(cx)).is_err() {
            return Poll::Ready(());
        }
        let mut stream = Pin::new(&mut self.stream);
        if !self.is_closed {
            if ready!(stream.as_mut().poll_close(cx)).is_err() {
                return Poll::Ready(());
            }
            self.is_closed = true;
        }
        // A received byte, which violates the protocol, ends the wait as well.
        stream.poll_read(cx, &mut [0]).map(|_| ())
    }
}
