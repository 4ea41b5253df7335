//! Ordered sending: messages that wait to be sent, and their channels.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use libp2p::PeerId;
use libp2p::swarm::ConnectionId;
use trace::steps::Loss;

use super::limits::{Change, HIGH_WATER, LIMIT, Lost, Waiting, is_guest, size};
use crate::Handle;
use crate::admission::Admission;
use crate::channel::{Error, Outgoing, Sender};

/// The outboxes of one process. There is one for each peer with a channel that is open
/// or being opened.
pub(super) struct Outboxes {
    handle: Handle,
    boxes: BTreeMap<PeerId, Outbox>,
    opening: FuturesUnordered<BoxFuture<'static, (PeerId, Result<Sender, Error>)>>,
    /// Those whose channel has something to write.
    unflushed: BTreeSet<PeerId>,
    lost: VecDeque<(PeerId, Lost)>,
    admission: Option<Arc<Admission>>,
    /// How many messages wait for peers that are not guests.
    waiting: usize,
    waiting_bytes: usize,
    /// The number of the last channel that was opened, to any peer.
    incarnation: u32,
}

#[derive(Default)]
struct Outbox {
    /// `None` while the channel is being opened.
    sender: Option<Sender>,
    waiting: VecDeque<Waiting>,
    /// How many of them waited when the channel was asked for.
    asked: usize,
    /// The size of all waiting messages.
    bytes: usize,
    /// The channel to be closed once all waiting messages are sent.
    closing: Option<Which>,
}

/// Which channel to a peer is closed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Which {
    /// Any.
    Any,
    /// The one on that connection. The peer may have restarted, and have another.
    On(ConnectionId),
}

impl Which {
    fn is(self, sender: &Sender) -> bool {
        match self {
            Self::Any => true,
            Self::On(connection) => connection == sender.connection(),
        }
    }
}

impl Outboxes {
    pub(super) fn new(handle: Handle, admission: Option<Arc<Admission>>) -> Self {
        Self {
            handle,
            boxes: BTreeMap::new(),
            opening: FuturesUnordered::new(),
            unflushed: BTreeSet::new(),
            lost: VecDeque::new(),
            admission,
            waiting: 0,
            waiting_bytes: 0,
            incarnation: 0,
        }
    }

    /// The number of the last channel that was opened, to any peer; 0 for none.
    pub(super) fn incarnation(&self) -> u32 {
        self.incarnation
    }

    /// Whether there is room for the messages of another command. Messages that wait
    /// for guests do not count.
    pub(super) fn have_room(&self) -> bool {
        self.waiting < HIGH_WATER
    }

    /// Sends `message` at once, or when its channel takes it. The channel is
    /// opened if it is not. Returns the message if it cannot arrive.
    pub(super) fn send(&mut self, peer: PeerId, message: Outgoing) -> Option<Lost> {
        let sender = self.boxes.get(&peer).and_then(|at| at.sender.as_ref());
        if sender.is_some_and(Sender::is_closed) {
            // What waits was sent to a connection that is gone. This message may arrive.
            self.lose_all(peer, &Error::Closed(peer));
        }
        let outbox = self.boxes.entry(peer).or_insert_with(|| {
            self.opening.push(open(&self.handle, peer));
            Outbox {
                asked: 1,
                ..Outbox::default()
            }
        });
        if outbox.sender.is_some() {
            self.unflushed.insert(peer);
        }
        match &mut outbox.sender {
            Some(sender) if outbox.waiting.is_empty() && sender.has_room() => {
                let sent = sender.start_send(&message);
                return sent.err().map(|error| Lost::new(message, error));
            }
            Some(_) | None => {}
        }
        let size = size(&message);
        self.waiting += usize::from(!is_guest(&self.admission, &peer));
        self.waiting_bytes += size;
        outbox.bytes += size;
        outbox.waiting.push_back(message.into());
        if self.waiting_bytes > LIMIT {
            self.disconnect_slowest();
        }
        None
    }

    /// Closes the channel to `peer` when all waiting messages are sent.
    pub(super) fn hang_up(&mut self, peer: PeerId, which: Which) {
        let Some(outbox) = self.boxes.get_mut(&peer) else {
            return;
        };
        match &outbox.sender {
            Some(sender) if !which.is(sender) => {}
            Some(_) if outbox.waiting.is_empty() => drop(self.boxes.remove(&peer)),
            Some(_) | None => outbox.closing = Some(which),
        }
    }

    /// Moves waiting messages into channels that have room, and writes them. Ready with
    /// each lost message, and when there is room for commands again, so that the driver
    /// resumes taking them.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Change> {
        let had_room = self.have_room();
        while let Poll::Ready(Some((peer, opened))) = self.opening.poll_next_unpin(cx) {
            match opened {
                Ok(sender) => self.on_opened(peer, sender),
                Err(error) => self.on_unopened(peer, &error),
            }
        }
        for peer in std::mem::take(&mut self.unflushed) {
            match self.drain(peer, cx) {
                Ok(true) => {}
                Ok(false) => drop(self.unflushed.insert(peer)),
                Err(error) => self.lose_all(peer, &error),
            }
        }
        match self.lost.pop_front() {
            Some((peer, lost)) => Poll::Ready(Change::Lost(peer, Box::new(lost))),
            None if !had_room && self.have_room() => Poll::Ready(Change::Room),
            None => Poll::Pending,
        }
    }

    /// Whether nothing is left to write to `peer`.
    fn drain(&mut self, peer: PeerId, cx: &mut Context<'_>) -> Result<bool, Error> {
        let Some(outbox) = self.boxes.get_mut(&peer) else {
            return Ok(true);
        };
        let Some(sender) = &mut outbox.sender else {
            return Ok(true);
        };
        while !outbox.waiting.is_empty() {
            match sender.poll_ready(cx)? {
                Poll::Pending => return Ok(false),
                Poll::Ready(()) => {}
            }
            let message = outbox.waiting.pop_front().expect("just seen");
            self.waiting -= usize::from(!is_guest(&self.admission, &peer));
            self.waiting_bytes -= size(&message.message);
            outbox.bytes -= size(&message.message);
            if let Err(error) = sender.start_send(&message.message) {
                self.lost.push_back((peer, message.lost(error)));
            }
        }
        if outbox.closing.is_some_and(|which| which.is(sender)) {
            // The connection writes the rest.
            self.boxes.remove(&peer);
            return Ok(true);
        }
        match sender.poll_flush(cx) {
            Poll::Ready(flushed) => flushed.map(|()| true),
            Poll::Pending => Ok(false),
        }
    }

    fn on_opened(&mut self, peer: PeerId, sender: Sender) {
        let Some(outbox) = self.boxes.get_mut(&peer) else {
            return; // Dropped meanwhile.
        };
        self.incarnation = self.incarnation.max(sender.incarnation());
        let to_old = sender.not_before().map_or(0, |start| {
            let waiting = &outbox.waiting;
            waiting.partition_point(|message| message.since < start)
        });
        outbox.sender = Some(sender);
        self.unflushed.insert(peer);
        let lost: Vec<_> = outbox.waiting.drain(..to_old).collect();
        outbox.bytes -= lost.iter().map(|lost| size(&lost.message)).sum::<usize>();
        self.lose(peer, lost, Loss::Down, &"the peer has crashed since");
    }

    /// The messages are lost that waited when the channel was asked for. For later ones it
    /// is asked for again: the peer may have restarted meanwhile.
    fn on_unopened(&mut self, peer: PeerId, error: &Error) {
        let Some(outbox) = self.boxes.get_mut(&peer) else {
            return;
        };
        if outbox.sender.is_some() {
            return; // It was asked for twice.
        }
        let later = outbox.waiting.split_off(outbox.asked);
        let closing = outbox.closing;
        self.lose_all(peer, error);
        if later.is_empty() {
            return;
        }
        self.opening.push(open(&self.handle, peer));
        let outbox = Outbox {
            sender: None,
            asked: later.len(),
            bytes: later.iter().map(|later| size(&later.message)).sum(),
            waiting: later,
            closing,
        };
        self.boxes.insert(peer, outbox);
    }

    fn lose_all(&mut self, peer: PeerId, reason: &impl ToString) {
        let waiting = self.boxes.remove(&peer).map(|outbox| outbox.waiting);
        let waiting = waiting.into_iter().flatten();
        self.lose(peer, waiting, Loss::Undelivered, reason);
    }

    /// Counts messages as lost that are taken out of the outbox of `peer`.
    fn lose(
        &mut self,
        peer: PeerId,
        messages: impl IntoIterator<Item = Waiting>,
        loss: Loss,
        reason: &impl ToString,
    ) {
        for message in messages {
            self.waiting -= usize::from(!is_guest(&self.admission, &peer));
            self.waiting_bytes -= size(&message.message);
            let lost = Lost {
                loss,
                ..message.lost(reason.to_string())
            };
            self.lost.push_back((peer, lost));
        }
    }

    /// Closes the connection to the peer with the most waiting bytes. If only the channel
    /// were closed, its writer would keep its bytes.
    fn disconnect_slowest(&mut self) {
        let largest = self.boxes.iter().max_by_key(|(_, outbox)| outbox.bytes);
        if let Some(peer) = largest.map(|(peer, _)| *peer) {
            self.lose_all(peer, &"the peer does not read what waits for it");
            self.handle.try_disconnect(peer);
        }
    }
}

fn open(handle: &Handle, peer: PeerId) -> BoxFuture<'static, (PeerId, Result<Sender, Error>)> {
    let handle = handle.clone();
    async move { (peer, handle.open_channel(peer).await) }.boxed()
}

#[cfg(test)]
mod tests {
    use futures::task::noop_waker_ref;
    use tokio::sync::mpsc;

    use super::super::tests::{handle, message};
    use super::*;
    use crate::admission::Guests;
    use crate::handle::Command;

    fn outboxes(commands: mpsc::Sender<Command>, admission: Option<Arc<Admission>>) -> Outboxes {
        Outboxes::new(handle(commands), admission)
    }

    #[test]
    fn guest_that_does_not_read_holds_back_no_commands() {
        let (commands, _given) = mpsc::channel(1);
        let [member, guest] = std::array::from_fn(|_| PeerId::random());
        let admission = Arc::new(Admission::new([member], Guests::Any));
        let mut outboxes = outboxes(commands, Some(admission));
        for (peer, expected) in [(guest, true), (member, false)] {
            for _ in 0..=HIGH_WATER {
                assert!(outboxes.send(peer, message(1)).is_none());
            }
            assert_eq!(outboxes.have_room(), expected);
        }
        outboxes.lose_all(guest, &"gone");
        outboxes.lose_all(member, &"gone");
        assert_eq!((outboxes.waiting, outboxes.waiting_bytes), (0, 0));
    }

    /// The peer may have restarted after the first message, so the later ones may arrive.
    #[test]
    fn only_messages_that_waited_for_a_failed_channel_are_lost() {
        let (commands, mut given) = mpsc::channel(1);
        let mut outboxes = outboxes(commands, None);
        let peer = PeerId::random();
        let mut cx = Context::from_waker(noop_waker_ref());
        let mut lost = |outboxes: &mut Outboxes| {
            let poll = || outboxes.poll(&mut cx).is_ready();
            std::iter::repeat_with(poll)
                .take_while(|ready| *ready)
                .count()
        };
        assert!(outboxes.send(peer, message(1)).is_none());
        for expected in [1, 2] {
            assert_eq!(lost(&mut outboxes), 0);
            let Ok(Command::OpenChannel { reply, .. }) = given.try_recv() else {
                panic!("no channel is asked for");
            };
            let failed = reply.send(Err(Error::NotConnected(peer)));
            assert!(failed.is_ok());
            if expected == 1 {
                assert!(outboxes.send(peer, message(1)).is_none());
                assert!(outboxes.send(peer, message(1)).is_none());
            }
            assert_eq!(lost(&mut outboxes), expected);
        }
        assert!(given.try_recv().is_err() && outboxes.boxes.is_empty());
        assert_eq!((outboxes.waiting, outboxes.waiting_bytes), (0, 0));
    }

    /// Once, the receiver of the message that exceeded the limit was disconnected, although
    /// it was another peer that did not read.
    #[test]
    fn only_the_peer_that_does_not_read_is_disconnected() {
        let (commands, mut given) = mpsc::channel(1);
        let mut outboxes = outboxes(commands, None);
        let (greedy, honest) = (PeerId::random(), PeerId::random());
        for _ in 0..LIMIT / (1 << 20) - 1 {
            assert!(outboxes.send(greedy, message(1 << 20)).is_none());
        }
        assert!(outboxes.send(honest, message(100)).is_none());
        assert!(given.try_recv().is_err(), "all messages fit");
        assert!(outboxes.send(honest, message(1 << 20)).is_none());
        assert!(
            matches!(given.try_recv(), Ok(Command::Disconnect { peer }) if peer == greedy),
            "the connection goes as well"
        );
        let mut lost = 0;
        let mut cx = Context::from_waker(noop_waker_ref());
        while let Poll::Ready(change) = outboxes.poll(&mut cx) {
            assert!(matches!(change, Change::Lost(peer, _) if peer == greedy));
            lost += 1;
        }
        assert_eq!(lost, LIMIT / (1 << 20) - 1);
        assert_eq!(outboxes.waiting, 2);
        assert_eq!(outboxes.waiting_bytes, outboxes.boxes[&honest].bytes);
    }
}
