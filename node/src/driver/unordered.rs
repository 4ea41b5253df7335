//! Messages under way, each on a stream of its own: nothing keeps their order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use libp2p::PeerId;
use tokio_util::sync::CancellationToken;

use super::limits::{Change, HIGH_WATER, LIMIT, Lost, Waiting, is_guest, size};
use crate::Handle;
use crate::admission::Admission;
use crate::channel::Outgoing;
use crate::message::{Error, Sender};

/// The messages that one process has sent and that have no receipt yet.
pub(super) struct UnorderedSender {
    handle: Handle,
    peers: BTreeMap<PeerId, Peer>,
    /// By their receiver and their number.
    under_way: BTreeMap<Key, Waiting>,
    bytes: usize,
    admission: Option<Arc<Admission>>,
    /// How many of them are for peers that are not guests.
    waiting: usize,
    futures: FuturesUnordered<BoxFuture<'static, Option<Done>>>,
    lost: VecDeque<(PeerId, Lost)>,
}

type Key = (PeerId, u64);

/// The outcome of a message.
type Done = (Key, Result<(), Error>);

/// A receiver of messages.
struct Peer {
    sender: Sender,
    /// Cancels the messages under way when the peer is disconnected.
    stop: CancellationToken,
}

impl UnorderedSender {
    pub(super) fn new(handle: Handle, admission: Option<Arc<Admission>>) -> Self {
        Self {
            handle,
            peers: BTreeMap::new(),
            under_way: BTreeMap::new(),
            bytes: 0,
            admission,
            waiting: 0,
            futures: FuturesUnordered::new(),
            lost: VecDeque::new(),
        }
    }

    /// Whether there is room for the messages of another command. Messages to guests
    /// do not count.
    pub(super) fn have_room(&self) -> bool {
        self.waiting < HIGH_WATER
    }

    /// Starts a future for `message`. Returns it if it cannot arrive.
    pub(super) fn send(&mut self, to: PeerId, message: Outgoing) -> Option<Lost> {
        let peer = self.peers.entry(to).or_insert_with(|| Peer {
            sender: self.handle.messages(to),
            stop: CancellationToken::new(),
        });
        let (number, sent) = match peer.sender.send(message.clone()) {
            Ok(sent) => sent,
            Err(error) => return Some(Lost::new(message, error)),
        };
        let key = (to, number);
        let stop = peer.stop.clone();
        let send = async move {
            let sent = stop.run_until_cancelled_owned(sent).await?;
            Some((key, sent))
        };
        self.futures.push(send.boxed());
        self.bytes += size(&message);
        self.waiting += usize::from(!is_guest(&self.admission, &to));
        self.under_way.insert(key, message.into());
        if self.bytes > LIMIT {
            self.disconnect_slowest();
        }
        None
    }

    /// See [`Sending::poll`](super::sending::Sending::poll).
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Change> {
        let had_room = self.have_room();
        while let Poll::Ready(Some(done)) = self.futures.poll_next_unpin(cx) {
            // Messages to a disconnected peer are lost already.
            if let Some((key, sent)) = done
                && let Some(message) = self.take(key)
                && let Err(error) = sent
            {
                self.lost.push_back((key.0, message.lost(error)));
            }
        }
        match self.lost.pop_front() {
            Some((peer, lost)) => Poll::Ready(Change::Lost(peer, Box::new(lost))),
            None if !had_room && self.have_room() => Poll::Ready(Change::Room),
            None => Poll::Pending,
        }
    }

    fn take(&mut self, key: Key) -> Option<Waiting> {
        let waiting = self.under_way.remove(&key)?;
        self.bytes -= size(&waiting.message);
        self.waiting -= usize::from(!is_guest(&self.admission, &key.0));
        Some(waiting)
    }

    /// Closes the connection to the peer with the most bytes under way.
    fn disconnect_slowest(&mut self) {
        let mut sizes = BTreeMap::<PeerId, usize>::new();
        for ((peer, _), waiting) in &self.under_way {
            *sizes.entry(*peer).or_default() += size(&waiting.message);
        }
        let Some((&peer, _)) = sizes.iter().max_by_key(|(_, bytes)| **bytes) else {
            return;
        };
        let all = self.under_way.range((peer, 0)..=(peer, u64::MAX));
        let keys: Vec<_> = all.map(|(key, _)| *key).collect();
        for key in keys {
            let message = self.take(key).expect("just seen");
            let lost = message.lost("the peer does not read what waits for it");
            self.lost.push_back((peer, lost));
        }
        if let Some(peer) = self.peers.get_mut(&peer) {
            std::mem::take(&mut peer.stop).cancel();
        }
        self.handle.try_disconnect(peer);
    }
}

#[cfg(test)]
mod tests {
    use futures::task::noop_waker_ref;
    use tokio::sync::mpsc;

    use super::super::tests::{handle, message};
    use super::*;
    use crate::handle::Command;

    const MIB: usize = 1 << 20;

    fn sender(commands: mpsc::Sender<Command>) -> UnorderedSender {
        UnorderedSender::new(handle(commands), None)
    }

    #[test]
    fn only_the_peer_that_does_not_read_is_disconnected() {
        let (commands, mut given) = mpsc::channel(1);
        let mut sender = sender(commands);
        let (greedy, honest) = (PeerId::random(), PeerId::random());
        for _ in 0..LIMIT / MIB - 1 {
            assert!(sender.send(greedy, message(MIB)).is_none());
        }
        assert!(sender.send(honest, message(100)).is_none());
        assert!(given.try_recv().is_err(), "all messages fit");
        assert!(sender.send(honest, message(MIB)).is_none());
        assert!(
            matches!(given.try_recv(), Ok(Command::Disconnect { peer }) if peer == greedy),
            "the connection goes as well"
        );
        let mut lost = 0;
        let mut cx = Context::from_waker(noop_waker_ref());
        while let Poll::Ready(change) = sender.poll(&mut cx) {
            assert!(matches!(change, Change::Lost(peer, _) if peer == greedy));
            lost += 1;
        }
        assert_eq!(lost, LIMIT / MIB - 1);
        assert_eq!(
            sender.futures.len(),
            2,
            "those to the slow peer are dropped"
        );
        assert_eq!(sender.under_way.len(), 2);
        assert_eq!(
            sender.bytes,
            sender
                .under_way
                .values()
                .map(|waiting| size(&waiting.message))
                .sum::<usize>()
        );
    }

    #[test]
    fn without_a_peer_every_message_is_lost() {
        let (commands, given) = mpsc::channel(1);
        drop(given);
        let mut sender = sender(commands);
        for _ in 0..100 {
            assert!(sender.send(PeerId::random(), message(10)).is_none());
        }
        let mut cx = Context::from_waker(noop_waker_ref());
        for _ in 0..100 {
            assert!(matches!(
                sender.poll(&mut cx),
                Poll::Ready(Change::Lost(..))
            ));
        }
        assert_eq!((sender.under_way.len(), sender.bytes), (0, 0));
    }
}
