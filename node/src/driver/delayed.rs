//! Messages on their way: delays and reordering of a real network, which loopback lacks.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use libp2p::PeerId;
use tokio::time::{Instant, sleep_until};
use trace::steps::TimeQueue;

use crate::channel::Inbound;

/// How many messages may be on their way to one process. A guess; when there
/// are more, the channels push back.
const CAPACITY: usize = 16_384;

/// The emulated links of a process.
pub struct Links {
    /// Draws the delay of an incoming message; `None` for no added delay.
    pub delay: Option<Box<dyn FnMut() -> Duration + Send>>,
    /// Whether messages of one sender keep their order. If not, the process
    /// sends each on a stream of its own ([`crate::message`], which the peers have to
    /// support), and the delays are independent.
    pub in_order: bool,
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut links = f.debug_struct("Links");
        links
            .field("in_order", &self.in_order)
            .finish_non_exhaustive()
    }
}

/// Messages that are received and not yet due.
#[derive(Debug)]
pub(super) struct Delayed {
    links: Option<Links>,
    queue: TimeQueue<Instant, Inbound>,
    /// When the latest message of each sender is due.
    latest: HashMap<PeerId, Instant>,
}

impl Delayed {
    pub(super) fn new(links: Option<Links>) -> Self {
        Self {
            links,
            queue: TimeQueue::new(),
            latest: HashMap::new(),
        }
    }

    /// The links, without the events on them.
    pub(super) fn into_links(self) -> Option<Links> {
        self.links
    }

    pub(super) fn have_room(&self) -> bool {
        self.queue.len() < CAPACITY
    }

    /// Delays the event. Returns it if it is due at once.
    pub(super) fn push(&mut self, inbound: Inbound) -> Option<Inbound> {
        let Some(links) = &mut self.links else {
            return Some(inbound);
        };
        let Some(delay) = &mut links.delay else {
            return Some(inbound);
        };
        let now = Instant::now();
        let due = match &inbound {
            Inbound::Message { from, .. } => {
                let latest = self.latest.entry(*from).or_insert(now);
                let mut due = now + delay();
                if links.in_order {
                    due = due.max(*latest);
                }
                *latest = due.max(*latest);
                due
            }
            // The end of a channel comes after its messages, and before those of the next.
            Inbound::HungUp { from, .. } => {
                self.latest.retain(|_, latest| *latest > now);
                self.latest.get(from).copied().unwrap_or(now)
            }
        };
        self.queue.push(due, inbound);
        None
    }

    /// Delays all events by that much longer.
    pub(super) fn postpone(&mut self, by: Duration) {
        self.queue.shift(|due| due + by);
        self.latest.values_mut().for_each(|due| *due += by);
    }

    /// The next event that is due; pending while the queue is empty.
    pub(super) async fn next(&mut self) -> Inbound {
        let Some(due) = self.queue.first() else {
            return std::future::pending().await;
        };
        sleep_until(due).await;
        let (_, inbound) = self.queue.pop().expect("just seen");
        inbound
    }
}

#[cfg(test)]
mod tests {
    use libp2p::swarm::ConnectionId;
    use proto::{Bytes, Envelope};

    use super::*;

    fn message(from: PeerId, incarnation: u32) -> Inbound {
        let envelope = Envelope {
            id: 1,
            kind: "TEST".into(),
            created_unix_nano: 0,
            deadline_unix_nano: None,
            trace: None,
            sequence: 0,
            incarnation,
            payload: Bytes::new(),
        };
        Inbound::Message { from, envelope }
    }

    /// Once, the first messages of a peer that had restarted came before the last ones that
    /// it had sent before.
    #[tokio::test]
    async fn messages_of_the_next_channel_come_after_the_end_of_the_one_before() {
        let mut delays = [30, 0].map(Duration::from_millis).into_iter();
        let delay = move || delays.next().unwrap_or_default();
        let mut delayed = Delayed::new(Some(Links {
            delay: Some(Box::new(delay)),
            in_order: true,
        }));
        let (from, connection) = (PeerId::random(), ConnectionId::new_unchecked(1));
        let end = Inbound::HungUp { from, connection };
        for event in [message(from, 1), end, message(from, 2)] {
            assert!(delayed.push(event).is_none());
        }
        let mut order = Vec::new();
        for _ in 0..3 {
            order.push(match delayed.next().await {
                Inbound::Message { envelope, .. } => Some(envelope.incarnation),
                Inbound::HungUp { .. } => None,
            });
        }
        assert_eq!(order, [Some(1), None, Some(2)]);
    }
}
