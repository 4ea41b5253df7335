//! What a dial reaches, and when; and what the other side says first.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use futures::{AsyncRead, AsyncWrite};
use libp2p::PeerId;
use libp2p::core::upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade, UpgradeInfo};
use tokio::time::Instant;

/// How many of the first bytes of the other side are kept.
const FIRST: usize = 64;

/// A stage of a dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The socket is connected.
    Socket,
    /// The WebSocket handshake is done.
    WebSocket,
    /// Both sides have agreed on Noise.
    Negotiated,
    /// The other side has proved its identity.
    Secured(PeerId),
    /// Both sides have agreed on Yamux.
    Muxed,
}

/// The notes of one dial, shared by its stages.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes(Arc<Mutex<Noted>>);

/// What was noted.
#[derive(Clone, Debug, Default)]
pub(super) struct Noted {
    /// The stages that were reached, in their order.
    pub(super) stages: Vec<(Stage, Instant)>,
    /// The first bytes that came over the socket.
    pub(super) first: Vec<u8>,
}

impl Notes {
    pub(super) fn reach(&self, stage: Stage) {
        self.lock().stages.push((stage, Instant::now()));
    }

    pub(super) fn take(&self) -> Noted {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket whose first bytes are kept.
pub(super) struct Heard<S> {
    inner: S,
    notes: Notes,
}

impl<S> Heard<S> {
    pub(super) fn new(inner: S, notes: Notes) -> Self {
        Self { inner, notes }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        let first = &mut self.notes.lock().first;
        let more = FIRST.saturating_sub(first.len()).min(count);
        first.extend_from_slice(&buffer[..more]);
        Poll::Ready(Ok(count))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(context)
    }
}

/// An upgrade that is noted when both sides have agreed on it: it begins then.
#[derive(Clone)]
pub(super) struct Agreed<U> {
    pub(super) upgrade: U,
    pub(super) stage: Stage,
    pub(super) notes: Notes,
}

impl<U: UpgradeInfo> UpgradeInfo for Agreed<U> {
    type Info = U::Info;
    type InfoIter = U::InfoIter;

    fn protocol_info(&self) -> Self::InfoIter {
        self.upgrade.protocol_info()
    }
}

impl<C, U: OutboundConnectionUpgrade<C>> OutboundConnectionUpgrade<C> for Agreed<U> {
    type Output = U::Output;
    type Error = U::Error;
    type Future = U::Future;

    fn upgrade_outbound(self, socket: C, info: Self::Info) -> Self::Future {
        self.notes.reach(self.stage);
        self.upgrade.upgrade_outbound(socket, info)
    }
}

/// Nothing comes in; libp2p asks for both directions.
impl<C, U: InboundConnectionUpgrade<C>> InboundConnectionUpgrade<C> for Agreed<U> {
    type Output = U::Output;
    type Error = U::Error;
    type Future = U::Future;

    fn upgrade_inbound(self, socket: C, info: Self::Info) -> Self::Future {
        self.upgrade.upgrade_inbound(socket, info)
    }
}
