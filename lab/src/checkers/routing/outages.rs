//! What became of the ways that led over a link when it went out.
//!
//! A way is a pair of a node at one end of the link, and a destination that it reached over it.
//! An outage is masked if all of its ways lead elsewhere, and arrive, before it ends.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use rustc_hash::{FxHashMap, FxHashSet};
use trace::history::{History, PartitionRecord};
use trace::steps::StepRecord;

use super::state::{is_kept, routes};
use crate::stats::{Summary, Times};

/// What became of outages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outages {
    /// How many links went out, and how many of these while no next hop led over them.
    pub all: u64,
    /// See above.
    pub unused: u64,
    /// How many outages were masked before they ended, of those over whose links next hops led.
    pub masked: u64,
    /// How many of these had not ended when the run did, and were not masked either.
    pub open: u64,
    /// How long all ways together were interrupted, in nanoseconds, and how long the outages of
    /// their links lasted.
    pub interrupted: u128,
    /// See above.
    pub lasted: u128,
    /// After what time no next hop led over the link any more, at each of its ends.
    pub noticed: Option<Summary>,
    /// How many ends did not notice before the outage was over.
    pub unnoticed: u64,
    /// After what time each way arrived again, of those that did before the outage was over.
    pub restored: Option<Summary>,
    /// How many ways did not.
    pub lost: u64,
    /// Those over whose links next hops led, one by one, in the order in which they began.
    pub used: Vec<Used>,
}

/// An outage of a link over which next hops led.
#[derive(Clone, Debug, PartialEq)]
pub struct Used {
    /// When it began, in nanoseconds since the Unix epoch.
    pub began: u64,
    /// Whether it was masked before it ended; `None` if the run ended before that was known.
    pub is_masked: Option<bool>,
    /// After how many nanoseconds no next hop led over the link, at each end that noticed it.
    pub noticed: Vec<u64>,
}

impl Outages {
    /// The outages of links over which next hops led, but for those that had not ended.
    pub fn judged(&self) -> u64 {
        self.all - self.unused - self.open
    }
}

/// A link by the numbers of its ends, the lower one first.
type Link = (usize, usize);

/// A way that is interrupted.
#[derive(Clone, Copy)]
struct Way {
    outage: usize,
    from: usize,
    to: usize,
}

/// An outage that has not ended.
struct Outage {
    link: Link,
    began: u64,
    ends: u64,
    /// The ends of the link of which a next hop leads over it.
    unnoticed: Vec<usize>,
    /// How many of its ways are interrupted, and how many there are.
    interrupted: u64,
    ways: u64,
    /// How long those were together that arrive again.
    took: u128,
    /// Its place among those that are returned.
    place: usize,
}

enum Event<'a> {
    Begins(Link, u64),
    Ends(Link),
    Step(usize, &'a StepRecord),
    Stops(usize),
    Restarts(usize),
}

/// Follows the outages of single links through a run. `None` if there was none.
pub fn outages(history: &History) -> Option<Outages> {
    let numbers: FxHashMap<&str, usize> = history
        .processes
        .keys()
        .map(|name| &**name)
        .zip(0..)
        .collect();
    let mut events = events(history, &numbers);
    if !events
        .iter()
        .any(|(_, event)| matches!(event, Event::Begins(..)))
    {
        return None;
    }
    // Of two at a time the end of an outage comes first.
    events.sort_by_key(|(at, event)| (*at, !matches!(event, Event::Ends(_))));
    let mut run = Run::new(numbers);
    let mut end = 0;
    for (at, event) in events {
        end = at;
        run.follow(at, event);
    }
    Some(run.finish(end))
}

fn events<'a>(history: &'a History, numbers: &FxHashMap<&str, usize>) -> Vec<(u64, Event<'a>)> {
    let mut events = Vec::new();
    let last = history.steps().map(|(.., step)| step.at_unix_nano).max();
    let last = last.unwrap_or_default();
    for partition in &history.partitions {
        let Some(link) = link(partition, numbers).filter(|_| partition.at <= last) else {
            continue;
        };
        let ends = partition.healed.unwrap_or(u64::MAX);
        events.push((partition.at, Event::Begins(link, ends)));
        if ends <= last {
            events.push((ends, Event::Ends(link)));
        }
    }
    for (name, steps) in &history.processes {
        let number = numbers[&**name];
        let mut before: Option<&StepRecord> = None;
        for step in steps {
            if before.is_none_or(|before| !is_kept("routes", &before.state, &step.state)) {
                events.push((step.at_unix_nano, Event::Step(number, step)));
            }
            before = Some(step);
        }
    }
    for crash in &history.crashes {
        let Some(&number) = numbers.get(&*crash.process) else {
            continue;
        };
        events.push((crash.at, Event::Stops(number)));
        events.extend(crash.restarted.map(|at| (at, Event::Restarts(number))));
    }
    events
}

/// The link that is all that a partition cuts.
fn link(partition: &PartitionRecord, numbers: &FxHashMap<&str, usize>) -> Option<Link> {
    let ([one], [other]) = (&partition.group[..], &partition.others[..]) else {
        return None;
    };
    let (one, other) = (*numbers.get(&**one)?, *numbers.get(&**other)?);
    Some((one.min(other), one.max(other)))
}

/// A run up to some time.
struct Run<'a> {
    numbers: FxHashMap<&'a str, usize>,
    /// The next hop of each node to each destination.
    next: Vec<FxHashMap<usize, usize>>,
    is_down: Vec<bool>,
    /// The links that are out, with how many outages of each there are.
    out: FxHashMap<Link, u32>,
    outages: BTreeMap<usize, Outage>,
    ways: Vec<Way>,
    found: Outages,
    noticed: Times,
    restored: Times,
}

impl<'a> Run<'a> {
    fn new(numbers: FxHashMap<&'a str, usize>) -> Self {
        let count = numbers.len();
        Self {
            numbers,
            next: vec![FxHashMap::default(); count],
            is_down: vec![false; count],
            out: FxHashMap::default(),
            outages: BTreeMap::new(),
            ways: Vec::new(),
            found: Outages::default(),
            noticed: Times::new(),
            restored: Times::new(),
        }
    }

    fn follow(&mut self, at: u64, event: Event<'_>) {
        match event {
            Event::Begins(link, ends) => {
                *self.out.entry(link).or_default() += 1;
                self.begins(link, at, ends);
            }
            Event::Ends(link) => {
                if let Some(count) = self.out.get_mut(&link) {
                    *count = count.saturating_sub(1);
                }
                self.ends(link, at);
                self.look(at, None);
            }
            Event::Step(node, step) => {
                let changed = self.take_routes(node, step);
                self.notice(node, at);
                self.look(at, Some(&changed));
            }
            Event::Stops(node) => self.is_down[node] = true,
            Event::Restarts(node) => {
                self.is_down[node] = false;
                self.look(at, None);
            }
        }
    }

    fn begins(&mut self, link: Link, at: u64, ends: u64) {
        let number = self.found.all as usize;
        self.found.all += 1;
        let sides = [(link.0, link.1), (link.1, link.0)];
        let mut ways = Vec::new();
        for (from, via) in sides.into_iter().filter(|(from, _)| !self.is_down[*from]) {
            let over = self.next[from].iter().filter(|(_, next)| **next == via);
            ways.extend(over.map(|(to, _)| Way {
                outage: number,
                from,
                to: *to,
            }));
        }
        if ways.is_empty() {
            self.found.unused += 1;
            return;
        }
        let mut unnoticed: Vec<_> = ways.iter().map(|way| way.from).collect();
        unnoticed.dedup();
        self.outages.insert(
            number,
            Outage {
                link,
                began: at,
                ends,
                unnoticed,
                interrupted: ways.len() as u64,
                ways: ways.len() as u64,
                took: 0,
                place: self.found.used.len(),
            },
        );
        self.found.used.push(Used {
            began: at,
            is_masked: None,
            noticed: Vec::new(),
        });
        self.ways.extend(ways);
    }

    /// What is still interrupted is restored by the end alone.
    fn ends(&mut self, link: Link, at: u64) {
        let over: Vec<_> = self
            .outages
            .iter()
            .filter(|(_, outage)| outage.link == link && outage.ends <= at)
            .map(|(number, _)| *number)
            .collect();
        for number in over {
            let Some(outage) = self.outages.remove(&number) else {
                continue;
            };
            let lasted = u128::from(at.saturating_sub(outage.began));
            self.ways.retain(|way| way.outage != number);
            self.found.interrupted += outage.took + lasted * u128::from(outage.interrupted);
            self.found.lasted += lasted * u128::from(outage.ways);
            self.found.lost += outage.interrupted;
            self.found.unnoticed += outage.unnoticed.len() as u64;
            let is_masked = outage.interrupted == 0;
            self.found.masked += u64::from(is_masked);
            self.found.used[outage.place].is_masked = Some(is_masked);
        }
    }

    /// The routes of a node after a step. Returns the destinations to which they are others.
    fn take_routes(&mut self, node: usize, step: &StepRecord) -> FxHashSet<usize> {
        let known = routes(&step.state).filter_map(|route| {
            Some((*self.numbers.get(route.to)?, *self.numbers.get(route.via)?))
        });
        let new: FxHashMap<_, _> = known.collect();
        let old = std::mem::replace(&mut self.next[node], new);
        let new = &self.next[node];
        let all = old.keys().chain(new.keys());
        all.filter(|to| old.get(to) != new.get(to))
            .copied()
            .collect()
    }

    /// An end of a link that is out may lead no next hop over it any more.
    fn notice(&mut self, node: usize, at: u64) {
        for outage in self.outages.values_mut() {
            let (one, other) = outage.link;
            let across = if node == one { other } else { one };
            if (node == one || node == other)
                && !self.next[node].values().any(|next| *next == across)
            {
                let before = outage.unnoticed.len();
                outage.unnoticed.retain(|end| *end != node);
                if outage.unnoticed.len() < before {
                    let after = at - outage.began;
                    self.noticed.record(Duration::from_nanos(after));
                    self.found.used[outage.place].noticed.push(after);
                }
            }
        }
    }

    /// Which ways arrive again, of those to these destinations.
    fn look(&mut self, at: u64, changed: Option<&FxHashSet<usize>>) {
        let ways = std::mem::take(&mut self.ways);
        for way in ways {
            let may = changed.is_none_or(|changed| changed.contains(&way.to));
            if !may || !self.arrives(way) {
                self.ways.push(way);
                continue;
            }
            if let Some(outage) = self.outages.get_mut(&way.outage) {
                let took = at.saturating_sub(outage.began);
                outage.interrupted -= 1;
                self.restored.record(Duration::from_nanos(took));
                outage.took += u128::from(took);
            }
        }
    }

    /// Whether who follows the next hops arrives.
    fn arrives(&self, way: Way) -> bool {
        let mut at = way.from;
        for _ in 0..self.next.len() {
            if at == way.to {
                return true;
            }
            let Some(&next) = self.next[at].get(&way.to) else {
                return false;
            };
            let link = (at.min(next), at.max(next));
            if self.is_down[next] || self.out.get(&link).is_some_and(|count| *count > 0) {
                return false;
            }
            at = next;
        }
        false
    }

    fn finish(mut self, end: u64) -> Outages {
        for outage in self.outages.values() {
            let lasted = u128::from(end.saturating_sub(outage.began));
            match outage.interrupted {
                0 => {
                    self.found.masked += 1;
                    self.found.used[outage.place].is_masked = Some(true);
                    self.found.lasted += lasted * u128::from(outage.ways);
                    self.found.interrupted += outage.took;
                }
                // Whether it will be masked is not known.
                _ => self.found.open += 1,
            }
        }
        Outages {
            noticed: self.noticed.summary(),
            restored: self.restored.summary(),
            ..self.found
        }
    }
}
