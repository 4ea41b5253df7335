//! The order of the events in the file.
//!
//! Perfetto sorts events by time and keeps the order of the file for events of the
//! same time. Where a message takes no time, as in a simulation without delays, its
//! receipt must therefore follow its sending in the file: an arrow leads from the
//! event that was read first to the one that was read later.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

use super::TrackEvent;

/// An event, and its time in nanoseconds.
pub(super) type Timed = (u64, TrackEvent);

/// The events of all lanes by time, those of one lane in its order. Of events at the
/// same time, a sending comes before its receipts.
pub(super) fn by_time_and_cause(lanes: Vec<Vec<Timed>>) -> impl Iterator<Item = Timed> {
    let mut sent = BTreeMap::new();
    let mut due = BinaryHeap::new();
    let mut queues = Vec::with_capacity(lanes.len());
    for (lane, mut events) in lanes.into_iter().enumerate() {
        events.sort_by_key(|(at, _)| *at);
        for (at, event) in &events {
            sent.extend(event.flow_ids.iter().map(|flow| (*flow, *at)));
        }
        if let Some((at, _)) = events.first() {
            due.push(Reverse((*at, lane)));
        }
        queues.push(VecDeque::from(events));
    }
    Merge {
        queues,
        due,
        sent,
        waiting: BTreeMap::new(),
        written: BTreeSet::new(),
    }
}

struct Merge {
    queues: Vec<VecDeque<Timed>>,
    /// Lanes by the time of their next event.
    due: BinaryHeap<Reverse<(u64, usize)>>,
    /// When each flow begins.
    sent: BTreeMap<u64, u64>,
    /// Lanes whose next event is a receipt, by the flow that has not begun. All
    /// of them are at one time.
    waiting: BTreeMap<u64, (u64, usize)>,
    /// Flows whose beginning is written already, or no longer awaited.
    written: BTreeSet<u64>,
}

impl Merge {
    /// The flow that must begin before this event, at the same time.
    fn lacks(&self, (at, event): &Timed) -> Option<u64> {
        let mut flows = event.terminating_flow_ids.iter();
        let lacks = |flow: &&u64| self.sent.get(flow) == Some(at) && !self.written.contains(flow);
        flows.find(lacks).copied()
    }

    /// In a contradictory trace, lanes can wait for each other. Then the first of them
    /// continues without its flow.
    fn release(&mut self) {
        let time = self.due.peek().map(|Reverse((at, _))| *at);
        let Some((flow, (at, lane))) = self.waiting.first_key_value().map(|(f, w)| (*f, *w)) else {
            return;
        };
        if time.is_none_or(|time| time > at) {
            self.waiting.remove(&flow);
            self.written.insert(flow);
            self.due.push(Reverse((at, lane)));
        }
    }
}

impl Iterator for Merge {
    type Item = Timed;

    fn next(&mut self) -> Option<Timed> {
        loop {
            self.release();
            let Reverse((at, lane)) = self.due.pop()?;
            let queue = &self.queues[lane];
            let head = queue.front().expect("a lane that is due has an event");
            if let Some(flow) = self.lacks(head) {
                match self.waiting.contains_key(&flow) {
                    // A flow has one receipt; a second one waits for nothing.
                    true => drop(self.written.insert(flow)),
                    false => {
                        self.waiting.insert(flow, (at, lane));
                        continue;
                    }
                }
            }
            let event = self.queues[lane].pop_front()?;
            for flow in &event.1.flow_ids {
                self.written.insert(*flow);
                if let Some(waiting) = self.waiting.remove(flow) {
                    self.due.push(Reverse(waiting));
                }
            }
            if let Some((at, _)) = self.queues[lane].front() {
                self.due.push(Reverse((*at, lane)));
            }
            return Some(event);
        }
    }
}
