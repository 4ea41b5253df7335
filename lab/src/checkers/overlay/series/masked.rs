//! Which outages of links were masked, and when their ends noticed them: one by one what
//! [`routing::outages`](crate::checkers::routing::outages) sums up.

use std::collections::BTreeMap;

use algorithms::Fields;
use rustc_hash::FxHashMap;
use trace::history::{History, PartitionRecord};
use trace::steps::StepRecord;

use super::super::{changed, routes};
use crate::checkers::routing::state::next_hop;

/// An outage of a link in use.
#[derive(Debug, PartialEq)]
pub(super) struct Outage {
    /// When it began.
    pub(super) began: u64,
    /// Whether all that led over the link arrived over others before the outage ended; `None` if the
    /// run ended before that is known.
    pub(super) is_masked: Option<bool>,
    /// After what time no next hop led over the link, at each end that noticed it.
    pub(super) noticed: Vec<u64>,
}

/// The outages of single links, in the order of their times.
pub(super) fn outages(history: &History) -> Vec<Outage> {
    let links = history.partitions.iter().filter_map(Link::of);
    let links: Vec<_> = links.collect();
    if links.is_empty() {
        return Vec::new();
    }
    let run = Run::new(history, &links);
    let found = links.iter().filter_map(|link| run.outage(*link));
    found.collect()
}

/// Times from one moment to another.
type Spans = Vec<(u64, u64)>;

/// A link while it is out.
#[derive(Clone, Copy)]
struct Link<'a> {
    ends: [&'a str; 2],
    began: u64,
    over: u64,
}

impl<'a> Link<'a> {
    /// The link that is all that a partition cuts.
    fn of(partition: &'a PartitionRecord) -> Option<Self> {
        let ([one], [other]) = (&partition.group[..], &partition.others[..]) else {
            return None;
        };
        Some(Self {
            ends: [one, other],
            began: partition.at,
            over: partition.healed.unwrap_or(u64::MAX),
        })
    }
}

/// What a node reached over a link that went out.
struct Way<'a> {
    from: &'a str,
    to: &'a str,
    /// The nodes that are passed now, up to where the way ends.
    path: Vec<&'a str>,
}

/// The times of a run at which ways change.
struct Run<'a> {
    last: u64,
    /// Of each node the steps after which its routes are others.
    steps: BTreeMap<&'a str, Vec<&'a StepRecord>>,
    /// When a way may change: with the node whose routes do, or `None` when something works again.
    moments: Vec<(u64, Option<&'a str>)>,
    down: FxHashMap<&'a str, Spans>,
    out: FxHashMap<[&'a str; 2], Spans>,
}

impl<'a> Run<'a> {
    fn new(history: &'a History, links: &[Link<'a>]) -> Self {
        let mut run = Self {
            last: 0,
            steps: BTreeMap::new(),
            moments: Vec::new(),
            down: FxHashMap::default(),
            out: FxHashMap::default(),
        };
        let last = history.steps().map(|(.., step)| step.at_unix_nano).max();
        run.last = last.unwrap_or(0);
        for (node, step) in changed(history, &["routes"]) {
            run.steps.entry(node).or_default().push(step);
            run.moments.push((step.at_unix_nano, Some(node)));
        }
        for crash in &history.crashes {
            let over = crash.restarted.unwrap_or(u64::MAX);
            let down = run.down.entry(&crash.process).or_default();
            down.push((crash.at, over));
            run.moments.push((over, None));
        }
        for link in links {
            let [one, other] = link.ends;
            for ends in [[one, other], [other, one]] {
                let out = run.out.entry(ends).or_default();
                out.push((link.began, link.over));
            }
            run.moments.push((link.over, None));
        }
        run.moments.sort_by_key(|(at, _)| *at);
        run
    }

    /// What became of an outage; `None` if nothing led over the link.
    fn outage(&self, link: Link<'a>) -> Option<Outage> {
        let Link { began, over, .. } = link;
        let [one, other] = link.ends;
        let sides = [(one, other), (other, one)];
        let runs = sides
            .into_iter()
            .filter(|(from, _)| !self.is_down(from, began));
        let ways: Vec<_> = runs
            .flat_map(|(from, via)| self.ways(from, via, began))
            .collect();
        if ways.is_empty() || began > self.last {
            return None;
        }
        let uses = |from: &str| ways.iter().any(|way| way.from == from);
        let noticed = sides.into_iter().filter(|(from, _)| uses(from));
        let noticed = noticed.filter_map(|(from, via)| self.noticed(from, via, began, over));
        let noticed = noticed.collect();
        let is_masked = self.are_restored(ways, began, over);
        Some(Outage {
            began,
            is_masked: (is_masked || over <= self.last).then_some(is_masked),
            noticed,
        })
    }

    /// What a node reaches over a neighbour before that time.
    fn ways(&self, from: &'a str, via: &str, at: u64) -> Vec<Way<'a>> {
        let state = self.state(from, at);
        let routes = state.into_iter().flat_map(routes);
        let over = routes.filter(|route| route.via == via);
        over.map(|route| Way {
            from,
            to: route.to,
            path: vec![from],
        })
        .collect()
    }

    /// After what time no next hop of a node leads over a neighbour any more, if that is before the end
    /// of the outage.
    fn noticed(&self, from: &str, via: &str, began: u64, over: u64) -> Option<u64> {
        let steps = self.steps.get(from)?;
        let since = steps.partition_point(|step| step.at_unix_nano < began);
        let mut meanwhile = steps[since..].iter();
        let step = meanwhile.find(|step| routes(&step.state).all(|route| route.via != via))?;
        (step.at_unix_nano < over).then(|| step.at_unix_nano - began)
    }

    /// Whether each of these ways arrived again before the end of the outage.
    fn are_restored(&self, mut ways: Vec<Way<'a>>, began: u64, over: u64) -> bool {
        let since = self.moments.partition_point(|(at, _)| *at < began);
        for (at, node) in &self.moments[since..] {
            if *at >= over || ways.is_empty() {
                break;
            }
            // What no way passes changes none.
            ways.retain_mut(|way| match node {
                Some(node) if !way.path.contains(node) => true,
                Some(_) | None => !self.arrives(way, *at),
            });
        }
        ways.is_empty()
    }

    /// Whether who follows the next hops arrives, after what happens at that time.
    fn arrives(&self, way: &mut Way<'a>, time: u64) -> bool {
        way.path = vec![way.from];
        let mut at = way.from;
        while at != way.to {
            let state = self.state(at, time.saturating_add(1));
            let Some(next) = state.and_then(|state| next_hop(state, way.to)) else {
                return false;
            };
            let is_loop = way.path.contains(&next);
            way.path.push(next);
            let is_out = is_within(self.out.get(&[at, next]), time);
            if is_loop || is_out || self.is_down(next, time) {
                return false;
            }
            at = next;
        }
        true
    }

    /// The state of a node before that time.
    fn state(&self, node: &str, before: u64) -> Option<&'a Fields> {
        let steps = self.steps.get(node)?;
        let passed = steps.partition_point(|step| step.at_unix_nano < before);
        let last = passed.checked_sub(1)?;
        Some(&steps[last].state)
    }

    fn is_down(&self, node: &str, at: u64) -> bool {
        is_within(self.down.get(node), at)
    }
}

fn is_within(spans: Option<&Spans>, at: u64) -> bool {
    let mut spans = spans.into_iter().flatten();
    spans.any(|(from, until)| *from <= at && at < *until)
}
