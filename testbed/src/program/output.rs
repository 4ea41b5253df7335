//! Counts what a program writes. Reading what is over its bound is an error.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::sync::CancellationToken;

/// How much a program may still write, to all of its streams.
#[derive(Clone, Debug)]
pub(super) struct Allowance {
    left: Arc<AtomicU64>,
    over: CancellationToken,
}

/// A stream of the program.
#[derive(Debug)]
pub(super) struct Counted<R> {
    stream: R,
    allowance: Allowance,
}

impl Allowance {
    /// So many bytes.
    pub(super) fn new(most: Option<u64>) -> Self {
        Self {
            left: Arc::new(AtomicU64::new(most.unwrap_or(u64::MAX))),
            over: CancellationToken::new(),
        }
    }

    /// The stream, which counts from now on.
    pub(super) fn count<R>(&self, stream: R) -> Counted<R> {
        Counted {
            stream,
            allowance: self.clone(),
        }
    }

    /// Whether the program wanted to write more.
    pub(super) fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    /// Ends once it does.
    pub(super) async fn exceeded(&self) {
        self.over.cancelled().await;
    }

    /// Takes so many bytes, if there are as many.
    fn take(&self, bytes: u64) -> bool {
        let take = |left: u64| left.checked_sub(bytes);
        let taken = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        if taken.is_err() {
            self.over.cancel();
        }
        taken.is_ok()
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Counted<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let read = buffer.filled().len() - before;
        if !self.allowance.take(read as u64) {
            buffer.set_filled(before);
            return Poll::Ready(Err(io::Error::other("it wrote too much")));
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[tokio::test]
    async fn both_streams_share_the_bound() {
        let allowance = Allowance::new(Some(10));
        let mut text = String::new();
        let mut first = allowance.count(&b"1234567"[..]);
        first.read_to_string(&mut text).await.expect("bytes");
        assert_eq!((&*text, allowance.is_over()), ("1234567", false));
        let mut second = allowance.count(&b"89ab"[..]);
        let error = second.read_to_string(&mut text).await;
        assert!(error.is_err(), "{text}");
        assert_eq!((&*text, allowance.is_over()), ("1234567", true));
    }
}
