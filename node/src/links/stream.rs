//! One end of a connection, which delays what it reads.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep_until};

use super::Fabric;
use super::direction::Direction;

/// How much may be under way to one end. More than most lines hold: 1 Gbit/s for 100 ms are
/// 12 MB. While it is full, the sender's writes wait. A guess.
const MOST: usize = 16 << 20;

/// How much is read at once.
const CHUNK: usize = 8 * 1024;

/// A connection, with or without a link.
pub(crate) struct Link<S> {
    inner: S,
    /// On the heap, since most connections have none.
    inbound: Option<Box<Inbound>>,
}

/// What is under way to this end.
struct Inbound {
    direction: Direction,
    chunks: VecDeque<Chunk>,
    /// How many of them have arrived, or will at a known time.
    dated: usize,
    bytes: usize,
    /// When the last one arrives of which that is known.
    last: Instant,
    /// How the connection has ended for its sender, and when that is seen here.
    end: Option<(Instant, io::Result<()>)>,
    sleep: Pin<Box<Sleep>>,
}

/// Bytes that travel together.
struct Chunk {
    bytes: Vec<u8>,
    /// How many of them were handed on.
    taken: usize,
    arrives: Instant,
}

impl<S> Link<S> {
    pub(super) fn plain(inner: S) -> Self {
        Self {
            inner,
            inbound: None,
        }
    }

    pub(super) fn from_peer(inner: S, fabric: &Arc<Fabric>, ends: [u32; 2]) -> Self {
        let now = Instant::now();
        let inbound = Inbound {
            direction: Direction::new(fabric, ends),
            chunks: VecDeque::new(),
            dated: 0,
            bytes: 0,
            last: now,
            end: None,
            sleep: Box::pin(sleep_until(now)),
        };
        Self {
            inner,
            inbound: Some(Box::new(inbound)),
        }
    }
}

impl Inbound {
    /// Takes over what has changed of the link.
    fn update(&mut self, context: &Context<'_>) {
        if let Some(flow) = self.direction.update(context) {
            let now = Instant::now();
            let (carried, _) = flow.carried(now, context.waker());
            carried.into_iter().for_each(|at| self.carried(at));
            // The lines that the others wait for are not there any more.
            (self.dated..self.chunks.len()).for_each(|_| self.carried(now));
        }
    }

    /// Takes what the sender has written.
    fn take(&mut self, inner: Pin<&mut impl AsyncRead>, context: &mut Context<'_>) {
        let mut inner = inner;
        let mut buffer = [0; CHUNK];
        while self.end.is_none() && self.bytes < MOST {
            let now = Instant::now();
            match inner.as_mut().poll_read(context, &mut buffer) {
                Poll::Ready(Ok(0)) => self.end = Some((now + self.direction.latency(), Ok(()))),
                Poll::Ready(Ok(count)) => self.depart(&buffer[..count], now),
                Poll::Ready(Err(error)) => {
                    self.end = Some((now + self.direction.latency(), Err(error)));
                }
                Poll::Pending => return,
            }
        }
    }

    fn depart(&mut self, bytes: &[u8], now: Instant) {
        self.bytes += bytes.len();
        self.chunks.push_back(Chunk {
            bytes: bytes.to_vec(),
            taken: 0,
            arrives: now,
        });
        match self.direction.flow() {
            Some(flow) => flow.push(bytes.len(), now),
            None => self.carried(now),
        }
    }

    /// The lines have carried the next chunk at that time.
    fn carried(&mut self, at: Instant) {
        let chunk = &mut self.chunks[self.dated];
        let extra = self.direction.extra(chunk.bytes.len());
        // None overtakes another.
        self.last = self.last.max(at + self.direction.latency() + extra);
        chunk.arrives = self.last;
        self.dated += 1;
    }

    /// When the next thing happens, if anything is under way.
    fn next(&mut self, now: Instant, context: &Context<'_>) -> Option<Instant> {
        let mut departs = None;
        if let Some(flow) = self.direction.flow() {
            let (carried, next) = flow.carried(now, context.waker());
            departs = next;
            carried.into_iter().for_each(|at| self.carried(at));
        }
        if self.direction.is_held() {
            // It still has its share of the lines.
            return departs;
        }
        let arrives = self.chunks.front().filter(|_| self.dated > 0);
        let arrives = arrives.map(|chunk| chunk.arrives);
        let ends = self.end.as_ref().filter(|_| self.chunks.is_empty());
        arrives
            .or(departs)
            .or(ends.map(|(at, _)| (*at).max(self.last)))
    }

    /// Hands on what has arrived.
    fn hand_on(&mut self, buffer: &mut [u8]) -> usize {
        let Some(chunk) = self.chunks.front_mut() else {
            return 0;
        };
        let left = &chunk.bytes[chunk.taken..];
        let count = left.len().min(buffer.len());
        buffer[..count].copy_from_slice(&left[..count]);
        chunk.taken += count;
        if chunk.taken == chunk.bytes.len() {
            self.bytes -= chunk.bytes.len();
            self.dated -= 1;
            self.chunks.pop_front();
        }
        count
    }

    fn poll_read(
        &mut self,
        mut inner: Pin<&mut impl AsyncRead>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.update(context);
        loop {
            self.take(inner.as_mut(), context);
            let now = Instant::now();
            let Some(next) = self.next(now, context) else {
                return Poll::Pending;
            };
            if next > now {
                self.sleep.as_mut().reset(next);
                ready!(self.sleep.as_mut().poll(context));
                continue;
            }
            if self.dated > 0 {
                return Poll::Ready(Ok(self.hand_on(buffer)));
            }
            if self.chunks.is_empty() {
                let end = self
                    .end
                    .as_mut()
                    .map(|(_, end)| std::mem::replace(end, Ok(())));
                return Poll::Ready(end.unwrap_or(Ok(())).map(|()| 0));
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Link<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let inner = Pin::new(&mut this.inner);
        match &mut this.inbound {
            Some(inbound) => inbound.poll_read(inner, context, buffer),
            None => inner.poll_read(context, buffer),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Link<S> {
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
