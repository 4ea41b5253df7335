//! What is to happen, in the order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Things in the order of their times; at the same time, in the order in which
/// they were put in.
#[derive(Debug)]
pub(super) struct Queue<T> {
    heap: BinaryHeap<Reverse<Entry<T>>>,
    pushed: u64,
}

#[derive(Debug)]
struct Entry<T> {
    at: u64,
    number: u64,
    thing: T,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        Self {
            heap: BinaryHeap::new(),
            pushed: 0,
        }
    }

    /// How many things were put in: the number of the next.
    pub(super) fn pushed(&self) -> u64 {
        self.pushed
    }

    /// About how many bytes they take.
    pub(super) fn weight(&self) -> u64 {
        (self.heap.len() * size_of::<Reverse<Entry<T>>>()) as u64
    }

    pub(super) fn push(&mut self, at: u64, thing: T) {
        let number = self.pushed;
        self.pushed += 1;
        self.heap.push(Reverse(Entry { at, number, thing }));
    }

    pub(super) fn pop(&mut self) -> Option<(u64, T)> {
        let Reverse(Entry { at, thing, .. }) = self.heap.pop()?;
        Some((at, thing))
    }
}

impl<T> Entry<T> {
    fn key(&self) -> (u64, u64) {
        (self.at, self.number)
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}
