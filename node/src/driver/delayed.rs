//! Messages on their way: what a real network does to them, and loopback does
//! not.

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

/// What the links of a process do to messages.
pub struct Links {
    /// Draws how long a message that comes travels; `None` for no longer than
    /// it does anyway.
    pub delay: Option<Box<dyn FnMut() -> Duration + Send>>,
    /// Whether messages of one sender keep their order. If not, the process
    /// sends each on a stream of its own ([`crate::message`], which the peers
    /// have to speak), and the delay of one says nothing of the next.
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

/// What has come and is not there yet.
#[derive(Debug)]
pub(super) struct Delayed {
    links: Option<Links>,
    queue: TimeQueue<Instant, Inbound>,
    /// When the latest of each sender arrives.
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

    pub(super) fn have_room(&self) -> bool {
        self.queue.len() < CAPACITY
    }

    /// Lets it travel. Returns it if it is there at once.
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
            // The end comes after everything.
            Inbound::HungUp { from } => self.latest.remove(from).unwrap_or(now),
        };
        self.queue.push(due, inbound);
        None
    }

    /// Lets all travel so much longer.
    pub(super) fn postpone(&mut self, by: Duration) {
        self.queue.shift(|due| due + by);
        self.latest.values_mut().for_each(|due| *due += by);
    }

    /// The next that is there; never done while nothing is on its way.
    pub(super) async fn next(&mut self) -> Inbound {
        let Some(due) = self.queue.first() else {
            return std::future::pending().await;
        };
        sleep_until(due).await;
        let (_, inbound) = self.queue.pop().expect("just seen");
        inbound
    }
}
