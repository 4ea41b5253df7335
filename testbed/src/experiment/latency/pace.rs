//! The schedule of messages, and when they arrived.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use trace::time;

use super::{Event, EventKind, Options};

/// A path for messages.
pub(super) trait Way {
    /// Sends a message with that id.
    fn send(&mut self, id: u64, pair: (u32, u32), size: usize);

    /// The id of the next message.
    fn next_id(&mut self) -> u64;

    /// An answer came.
    fn answered(&mut self, id: u64, at: Instant);
}

/// A turn: consecutive messages over one path.
pub(super) struct Turn<'a> {
    pub(super) options: &'a Options,
    pub(super) size: usize,
    pub(super) pairs: &'a [(u32, u32)],
    /// When the first message is to be sent.
    pub(super) start: Instant,
    pub(super) seen: &'a mut mpsc::Receiver<Event>,
}

/// The outcome of a message. Times are measured from its intended send time.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) pair: (u32, u32),
    pub(super) intended: SystemTime,
    due: Instant,
    pub(super) one_way: Option<Duration>,
    pub(super) round_trip: Option<Duration>,
}

impl Turn<'_> {
    /// Sends the messages, and waits for their answers.
    pub(super) async fn run(self, way: &mut impl Way) -> Vec<Sent> {
        let Self {
            options,
            size,
            pairs,
            start,
            seen,
        } = self;
        let (now, wall) = (Instant::now(), time::now());
        let epoch = match start.checked_duration_since(now) {
            Some(ahead) => wall + ahead,
            None => wall - (now - start),
        };
        let mut sent: Vec<Sent> = Vec::with_capacity(pairs.len());
        let mut places = HashMap::new();
        let mut open = 0;
        loop {
            let next = pairs.get(sent.len());
            let due = match options.interval {
                Some(interval) => start + interval * sent.len() as u32,
                None => Instant::now(),
            };
            let room = options.interval.is_some() || open < options.concurrent;
            if let (Some(&pair), true, true) = (next, room, due <= Instant::now()) {
                let id = way.next_id();
                places.insert(id, sent.len());
                sent.push(Sent {
                    pair,
                    intended: epoch + due.saturating_duration_since(start),
                    due,
                    one_way: None,
                    round_trip: None,
                });
                open += 1;
                way.send(id, pair, size);
                continue;
            }
            if next.is_none() && open == 0 {
                return sent;
            }
            let wakes = next.is_some() && options.interval.is_some();
            let give_up = Instant::now() + options.patience;
            // With an interval, the turn times out only after the last message was sent.
            let event = tokio::select! {
                biased;
                event = seen.recv() => event,
                () = sleep_until(due), if wakes => continue,
                () = sleep_until(give_up), if !wakes => None,
            };
            let Some(Event { id, at, what }) = event else {
                return sent; // Unanswered messages count as lost.
            };
            let Some(message) = places.get(&id).map(|place| &mut sent[*place]) else {
                continue; // The event belongs to a turn that timed out.
            };
            let took = at.saturating_duration_since(message.due);
            // A late event counts as lost.
            let took = (took <= options.patience).then_some(took);
            match what {
                EventKind::Arrived => message.one_way = took,
                EventKind::Answered => {
                    message.round_trip = took;
                    open -= 1;
                    way.answered(id, at);
                }
            }
        }
    }
}
