//! What waits to be sent, and the channels it waits for.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use libp2p::PeerId;

use crate::Handle;
use crate::channel::{Error, Outgoing, Sender};

/// How many waiting messages stop commands from being taken. A guess.
const HIGH_WATER: usize = 1024;

/// How much may wait before a peer that does not read is given up: 64 MiB
/// for all outboxes of a process. A guess, far over what honest peers need.
const LIMIT: usize = 64 << 20;

/// What a waiting message costs besides its payload. An estimate.
const OVERHEAD: usize = 256;

/// The outboxes of one process. There is one for each peer to whom a channel
/// is open or being opened.
pub(super) struct Outboxes {
    handle: Handle,
    boxes: BTreeMap<PeerId, Outbox>,
    opening: FuturesUnordered<BoxFuture<'static, (PeerId, Result<Sender, Error>)>>,
    /// Those whose channel was full.
    blocked: BTreeSet<PeerId>,
    lost: VecDeque<(PeerId, Lost)>,
    waiting: usize,
    waiting_bytes: usize,
}

#[derive(Default)]
struct Outbox {
    /// `None` while the channel is being opened.
    sender: Option<Sender>,
    waiting: VecDeque<Outgoing>,
    /// The channel is closed once what waits is sent.
    closing: bool,
}

/// What comes of the outboxes by itself.
pub(super) enum Change {
    /// A message to that peer will not arrive.
    Lost(PeerId, Lost),
    /// There is room for the messages of another command.
    Room,
}

/// A message that will not arrive.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) message: Outgoing,
    pub(super) reason: String,
}

impl Lost {
    pub(super) fn new(message: Outgoing, reason: impl ToString) -> Self {
        let reason = reason.to_string();
        Self { message, reason }
    }
}

impl Outboxes {
    pub(super) fn new(handle: Handle) -> Self {
        Self {
            handle,
            boxes: BTreeMap::new(),
            opening: FuturesUnordered::new(),
            blocked: BTreeSet::new(),
            lost: VecDeque::new(),
            waiting: 0,
            waiting_bytes: 0,
        }
    }

    /// Whether there is room for the messages of another command.
    pub(super) fn have_room(&self) -> bool {
        self.waiting < HIGH_WATER
    }

    /// Sends `message` at once, or when its channel takes it. The channel is
    /// opened if it is not. Returns the message if it cannot arrive.
    pub(super) fn send(&mut self, peer: PeerId, message: Outgoing) -> Option<Lost> {
        let outbox = self.boxes.entry(peer).or_insert_with(|| {
            let handle = self.handle.clone();
            let open = async move { (peer, handle.open_channel(peer).await) };
            self.opening.push(open.boxed());
            Outbox::default()
        });
        let message = match &mut outbox.sender {
            Some(sender) if outbox.waiting.is_empty() => {
                let copy = message.clone();
                match sender.try_send(message) {
                    Ok(None) => return None,
                    Ok(Some(message)) => message,
                    Err(error) => return Some(self.give_up(peer, copy, &error.to_string())),
                }
            }
            Some(_) | None => message,
        };
        if self.waiting_bytes + size(&message) > LIMIT {
            return Some(self.give_up(peer, message, "the peer does not read what waits for it"));
        }
        self.waiting += 1;
        self.waiting_bytes += size(&message);
        if outbox.sender.is_some() {
            self.blocked.insert(peer);
        }
        outbox.waiting.push_back(message);
        None
    }

    /// Closes the channel to `peer` when what waits is sent.
    pub(super) fn hang_up(&mut self, peer: PeerId) {
        if let Some(outbox) = self.boxes.get_mut(&peer) {
            outbox.closing = true;
            if outbox.sender.is_some() && outbox.waiting.is_empty() {
                self.boxes.remove(&peer);
            }
        }
    }

    /// Moves what waits into channels that have room. Ready with each message
    /// that is lost, and when there is room for commands again: whoever has
    /// stopped taking them has to look once more.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Change> {
        let had_room = self.have_room();
        while let Poll::Ready(Some((peer, opened))) = self.opening.poll_next_unpin(cx) {
            match (opened, self.boxes.get_mut(&peer)) {
                (Ok(sender), Some(outbox)) => {
                    outbox.sender = Some(sender);
                    self.blocked.insert(peer);
                }
                (Err(error), _) => self.lose_all(peer, &error),
                (Ok(_), None) => {} // Given up meanwhile.
            }
        }
        for peer in std::mem::take(&mut self.blocked) {
            match self.drain(peer, cx) {
                Ok(true) => {}
                Ok(false) => drop(self.blocked.insert(peer)),
                Err(error) => self.lose_all(peer, &error),
            }
        }
        match self.lost.pop_front() {
            Some((peer, lost)) => Poll::Ready(Change::Lost(peer, lost)),
            None if !had_room && self.have_room() => Poll::Ready(Change::Room),
            None => Poll::Pending,
        }
    }

    /// Whether nothing is left waiting for `peer`.
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
            self.waiting -= 1;
            self.waiting_bytes -= size(&message);
            sender.start_send(message)?;
        }
        if outbox.closing {
            self.boxes.remove(&peer);
        }
        Ok(true)
    }

    fn lose_all(&mut self, peer: PeerId, error: &Error) {
        let waiting = self.boxes.remove(&peer).map(|outbox| outbox.waiting);
        for message in waiting.into_iter().flatten() {
            self.waiting -= 1;
            self.waiting_bytes -= size(&message);
            self.lost.push_back((peer, Lost::new(message, error)));
        }
    }

    /// Closes the channel at once. What waits for it is lost, and so is
    /// `message`.
    fn give_up(&mut self, peer: PeerId, message: Outgoing, reason: &str) -> Lost {
        self.lose_all(peer, &Error::Closed(peer));
        Lost::new(message, reason)
    }
}

fn size(message: &Outgoing) -> usize {
    message.payload.len() + OVERHEAD
}
