//! Which pairs are connected at the end of each interval, and how far from each other they are.

use std::sync::Arc;

use algorithms::Fields;
use rustc_hash::{FxHashMap, FxHashSet};
use trace::history::History;

use super::super::{impostors, is_kept, routes};
use super::Clock;

/// What the nodes reach at some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sample {
    /// How many nodes run.
    pub(super) peers: u64,
    /// How many pairs of them are connected.
    pub(super) reached: u64,
    /// The sum of the links between these.
    pub(super) distance: u64,
}

/// A sample at the end of each interval. Each step is passed once, and routes are read only where they
/// are others than at the end of the interval before.
pub(super) fn samples(history: &History, clock: &Clock) -> Vec<Sample> {
    let impostors = impostors(history);
    let mut tables = Tables::new(history);
    let mut passed = vec![0; history.processes.len()];
    let sample = |place| {
        let until = clock.until(place);
        for (node, steps) in history.processes.values().enumerate() {
            let more = steps[passed[node]..].iter();
            passed[node] += more.take_while(|step| step.at_unix_nano < until).count();
            if let Some(last) = passed[node].checked_sub(1) {
                tables.read(node, &steps[last].state);
            }
        }
        let down = down(history, until);
        let counts = |name: &str| !impostors.contains(name) && !down.contains(name);
        let all = history.processes.keys().zip(&passed);
        let runs = all.map(|(name, passed)| *passed > 0 && counts(name));
        let runs: Vec<_> = runs.collect();
        tables.sample(&runs, &tables.separated(history, until))
    };
    (0..clock.count).map(sample).collect()
}

/// Which processes are down just before that time.
fn down(history: &History, until: u64) -> FxHashSet<&str> {
    let crashes = history.crashes.iter();
    let down = crashes.filter(|crash| {
        let is_over = crash.restarted.is_some_and(|at| at < until);
        crash.at < until && !is_over
    });
    down.map(|crash| &*crash.process).collect()
}

/// There is no next hop.
const NONE: u32 = u32::MAX;

/// How many links are before a node and its destination, while that is not known.
const UNKNOWN: u32 = u32::MAX;

/// No number of links leads there.
const NEVER: u32 = u32::MAX - 1;

/// The next hops of nodes, which have the numbers of the order of their names.
struct Tables<'a> {
    numbers: FxHashMap<&'a str, u32>,
    /// The states from which they were read.
    states: Vec<Option<&'a Fields>>,
    /// Those of each node to each destination.
    next: Vec<Vec<u32>>,
}

impl<'a> Tables<'a> {
    fn new(history: &'a History) -> Self {
        let count = history.processes.len();
        let names = history.processes.keys().map(|name| &**name);
        Self {
            numbers: names.zip(0..).collect(),
            states: vec![None; count],
            next: vec![vec![NONE; count]; count],
        }
    }

    fn read(&mut self, node: usize, state: &'a Fields) {
        let before = self.states[node].replace(state);
        if before.is_some_and(|before| is_kept("routes", before, state)) {
            return;
        }
        let next = &mut self.next[node];
        next.fill(NONE);
        for route in routes(state) {
            if let (Some(to), Some(via)) = (self.numbers.get(route.to), self.numbers.get(route.via))
            {
                next[*to as usize] = *via;
            }
        }
    }

    /// The pairs, in both orders, between which nothing passes just before that time.
    fn separated(&self, history: &History, until: u64) -> FxHashSet<(u32, u32)> {
        let number = |name: &Arc<str>| self.numbers.get(&**name).copied();
        let mut separated = FxHashSet::default();
        for partition in &history.partitions {
            if partition.at >= until || partition.healed.is_some_and(|at| at < until) {
                continue;
            }
            for one in partition.group.iter().filter_map(number) {
                for other in partition.others.iter().filter_map(number) {
                    separated.extend([(one, other), (other, one)]);
                }
            }
        }
        separated
    }

    /// Follows the next hops from each node that runs to each other one.
    fn sample(&self, runs: &[bool], separated: &FxHashSet<(u32, u32)>) -> Sample {
        let all = || (0..).zip(runs).filter(|(_, runs)| **runs);
        let mut sample = Sample::default();
        for (to, _) in all() {
            let mut links = vec![UNKNOWN; runs.len()];
            links[to as usize] = 0;
            sample.peers += 1;
            for (from, _) in all().filter(|(from, _)| *from != to) {
                let length = self.follow(from, to, &mut links, |at, next| {
                    runs[next as usize] && !separated.contains(&(at, next))
                });
                if length != NEVER {
                    sample.reached += 1;
                    sample.distance += u64::from(length);
                }
            }
        }
        sample
    }

    /// How many links lead from a node to a destination. What is found for the nodes between is put
    /// into `links`, so that each is passed once for each destination.
    fn follow(
        &self,
        from: u32,
        to: u32,
        links: &mut [u32],
        passes: impl Fn(u32, u32) -> bool,
    ) -> u32 {
        let mut path = Vec::new();
        let mut at = from;
        let rest = loop {
            match links[at as usize] {
                // Who comes back here is in a loop.
                UNKNOWN => links[at as usize] = NEVER,
                known => break known,
            }
            path.push(at);
            match self.next[at as usize][to as usize] {
                NONE => break NEVER,
                next if passes(at, next) => at = next,
                _ => break NEVER,
            }
        };
        if rest != NEVER {
            for (node, length) in path.iter().rev().zip(rest + 1..) {
                links[*node as usize] = length;
            }
        }
        links[from as usize]
    }
}
