//! Future events in the order of time: in the simulator, and on the delayed links
//! of a live process. A live process keeps its timers in a map of their own: most
//! are cancelled, which a heap does not support.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Entries in the order of their times; entries of the same time in the order of
/// insertion.
#[derive(Debug)]
pub struct TimeQueue<At, T> {
    heap: BinaryHeap<Reverse<Entry<At, T>>>,
    pushed: u64,
}

#[derive(Debug)]
struct Entry<At, T> {
    at: At,
    number: u64,
    thing: T,
}

impl<At: Copy + Ord, T> TimeQueue<At, T> {
    /// An empty queue.
    pub fn new() -> Self {
        Self {
            heap: BinaryHeap::new(),
            pushed: 0,
        }
    }

    /// How many entries were added: the number of the next.
    pub fn pushed(&self) -> u64 {
        self.pushed
    }

    /// How many entries wait.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether no entry waits.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// Their approximate size in bytes.
    pub fn weight(&self) -> u64 {
        (self.heap.len() * size_of::<Reverse<Entry<At, T>>>()) as u64
    }

    /// Adds an entry.
    pub fn push(&mut self, at: At, thing: T) {
        let number = self.pushed;
        self.pushed += 1;
        self.heap.push(Reverse(Entry { at, number, thing }));
    }

    /// The time of the first entry.
    pub fn first(&self) -> Option<At> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    /// Removes the first entry.
    pub fn pop(&mut self) -> Option<(At, T)> {
        let Reverse(Entry { at, thing, .. }) = self.heap.pop()?;
        Some((at, thing))
    }

    /// Gives each entry another time. Entries of the same time keep their order.
    pub fn shift(&mut self, mut to: impl FnMut(At) -> At) {
        let moved = |Reverse(mut entry): Reverse<Entry<At, T>>| {
            entry.at = to(entry.at);
            Reverse(entry)
        };
        self.heap = std::mem::take(&mut self.heap)
            .into_iter()
            .map(moved)
            .collect();
    }
}

impl<At: Copy + Ord, T> Default for TimeQueue<At, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<At: Copy + Ord, T> Entry<At, T> {
    fn key(&self) -> (At, u64) {
        (self.at, self.number)
    }
}

impl<At: Copy + Ord, T> PartialEq for Entry<At, T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<At: Copy + Ord, T> Eq for Entry<At, T> {}

impl<At: Copy + Ord, T> PartialOrd for Entry<At, T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<At: Copy + Ord, T> Ord for Entry<At, T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

#[cfg(test)]
mod tests {
    use property::check;
    use property::proptest::collection::vec;
    use property::proptest::prop_assert_eq;

    use super::*;

    /// The order is that of a stable sort by time, with any shifts in between.
    #[test]
    fn entries_come_in_the_order_of_time_and_of_insertion() {
        let times = vec(0_u64..8, 0..40);
        check(256, (times, 0_u64..40), |(times, shift)| {
            let mut queue = TimeQueue::new();
            for (thing, at) in times.iter().enumerate() {
                queue.push(*at, thing);
            }
            queue.shift(|at| at + shift);
            let mut expected: Vec<_> = times.iter().map(|at| at + shift).zip(0..).collect();
            expected.sort_by_key(|(at, _)| *at);
            prop_assert_eq!(queue.first(), expected.first().map(|(at, _)| *at));
            let popped: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
            prop_assert_eq!(popped, expected);
            prop_assert_eq!(queue.pushed(), times.len() as u64);
            Ok(())
        });
    }
}
