//! Which links worked when, by the faults of the run and by what the environment has closed.

use std::collections::BTreeMap;
use std::sync::Arc;

use trace::history::History;
use trace::steps::StepRecord;

use super::state::{links, list};
use super::{Intervals, Terms};
use crate::checkers::passages::{self, Passage};
use crate::stats::nanos;

/// From when until when, in nanoseconds since the Unix epoch; the end does not belong to it.
pub(super) type Span = (u64, u64);

/// What was recorded of nodes and links.
pub(super) struct Network<'a> {
    pub(super) history: &'a History,
    pub(super) terms: &'a Terms,
    /// All messages, by the time when they were sent.
    pub(super) messages: Vec<Passage<'a>>,
    /// The time of the last step.
    pub(super) end: u64,
    /// When each link did not work, by its ends in the order of their names.
    down: BTreeMap<&'a str, BTreeMap<&'a str, Vec<Span>>>,
    /// By how much timers were late at most.
    pub(super) late: u64,
    /// The same, where no node stalled.
    pub(super) usually_late: u64,
    /// When a node took no step although it had to.
    pub(super) stalls: Vec<Span>,
}

impl<'a> Network<'a> {
    pub(super) fn read(history: &'a History, terms: &'a Terms) -> Self {
        let end = history.steps().map(|(.., step)| step.at_unix_nano).max();
        let mut network = Self {
            history,
            terms,
            messages: passages::all(history),
            end: end.unwrap_or_default(),
            down: BTreeMap::new(),
            late: 0,
            usually_late: 0,
            stalls: Vec::new(),
        };
        network.read_links();
        if let Some((hello, _)) = terms.times.and_then(|times| times.watch) {
            network.read_gaps(nanos(hello));
        }
        network
    }

    pub(super) fn times(&self) -> Option<Intervals> {
        self.terms.times
    }

    fn read_links(&mut self) {
        let (history, terms) = (self.history, self.terms);
        let all = history.processes.iter();
        let closed: BTreeMap<&str, _> = all
            .map(|(name, steps)| (&**name, closings(steps)))
            .collect();
        for (one, others) in &terms.neighbours {
            for other in others.iter().filter(|other| one < *other) {
                let mut spans = self.failures(one, other);
                for (by, of) in [(one, other), (other, one)] {
                    let by = closed.get(by.as_str());
                    spans.extend(by.and_then(|by| by.get(of.as_str())).into_iter().flatten());
                }
                let of_one = self.down.entry(one).or_default();
                of_one.insert(other, merged(spans));
            }
        }
    }

    /// When two nodes could not reach each other, or one of them was down.
    fn failures(&self, one: &str, other: &str) -> Vec<Span> {
        let crashes = self.history.crashes.iter();
        let crashes = crashes.filter(|crash| [one, other].contains(&&*crash.process));
        let crashes = crashes.map(|crash| (crash.at, crash.restarted.unwrap_or(u64::MAX)));
        let partitions = self.history.partitions.iter();
        let partitions = partitions.filter(|partition| {
            let is_in = |side: &[Arc<str>], name: &str| side.iter().any(|one| **one == *name);
            is_in(&partition.group, one) && is_in(&partition.others, other)
                || is_in(&partition.group, other) && is_in(&partition.others, one)
        });
        let partitions =
            partitions.map(|partition| (partition.at, partition.healed.unwrap_or(u64::MAX)));
        crashes.chain(partitions).collect()
    }

    /// When the link between two nodes did not work.
    pub(super) fn down(&self, one: &str, other: &str) -> &[Span] {
        let of_one = self.down.get(one.min(other));
        let down = of_one.and_then(|of_one| of_one.get(one.max(other)));
        down.map_or(&[], Vec::as_slice)
    }

    /// All pairs of neighbours.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let all = self.down.iter();
        all.flat_map(|(one, others)| others.keys().map(move |other| (*one, *other)))
    }

    /// Whether the link works at that time.
    pub(super) fn works(&self, one: &str, other: &str, at: u64) -> bool {
        let mut down = self.down(one, other).iter();
        !down.any(|(from, until)| *from <= at && at < *until)
    }

    /// Whether a node is up at that time.
    pub(super) fn is_up(&self, node: &str, at: u64) -> bool {
        let mut crashes = self.history.crashes.iter();
        !crashes.any(|crash| {
            *crash.process == *node
                && crash.at <= at
                && crash.restarted.is_none_or(|restarted| at < restarted)
        })
    }

    /// Whether a node runs at the end.
    pub(super) fn runs(&self, node: &str) -> bool {
        self.history.stopped(node).is_none()
    }

    /// Timers of HELLO that came late, and nodes that took no step where these were due.
    fn read_gaps(&mut self, hello: u64) {
        let history = self.history;
        for (name, steps) in &history.processes {
            let mut last = None;
            for step in steps {
                if step.restarts {
                    last = None;
                }
                if step.timer.as_deref() == Some("Hello")
                    && let Some(last) = last.replace(step.at_unix_nano)
                {
                    let gap = step.at_unix_nano.saturating_sub(last);
                    let late = gap.saturating_sub(hello);
                    self.late = self.late.max(late);
                    if late <= hello {
                        self.usually_late = self.usually_late.max(late);
                    }
                }
            }
            let times = steps.iter().map(|step| step.at_unix_nano);
            let times: Vec<_> = times.chain([self.end]).collect();
            for pair in times.windows(2) {
                let is_long = pair[1].saturating_sub(pair[0]) > hello.saturating_mul(2);
                let mut crashes = history.crashes.iter();
                let crashes = crashes
                    .any(|crash| crash.process == *name && (pair[0]..pair[1]).contains(&crash.at));
                if is_long && !crashes && self.is_up(name, pair[0]) {
                    self.stalls.push((pair[0], pair[1]));
                }
            }
        }
    }

    /// The longest time that a message took which was sent at that time or later.
    pub(super) fn delay(&self, since: u64) -> u64 {
        let first = self
            .messages
            .partition_point(|message| message.sent < since);
        let later = self.messages[first..].iter();
        let took = later.filter_map(|message| Some(message.received?.saturating_sub(message.sent)));
        took.max().unwrap_or_default()
    }

    /// The messages that never came, although both ends were there and the link worked: the
    /// network has lost them. Those that may still be under way at the end do not count.
    ///
    /// A check has no times. There it is certain only of what a node sent before it restarted that
    /// its crash has lost it.
    pub(super) fn losses(&self) -> impl Iterator<Item = &Passage<'a>> {
        let most = self.delay(0);
        let is_timed = self.times().is_some();
        self.messages.iter().filter(move |message| {
            let Passage { from, to, sent, .. } = **message;
            let until = sent.saturating_add(most);
            let is_explained = |(begin, end): &Span| *begin <= until && sent < *end;
            message.received.is_none()
                && match is_timed {
                    true => until < self.end && !self.down(from, to).iter().any(is_explained),
                    false => !message.is_forgotten,
                }
        })
    }

    /// When something happened after which distances may be others: a node starts, fails or comes
    /// back, a link as well, or costs something else.
    pub(super) fn changes(&self) -> Vec<u64> {
        let mut all = Vec::new();
        for steps in self.history.processes.values() {
            all.extend(steps.first().map(|step| step.at_unix_nano));
            let restarts = steps.iter().filter(|step| step.restarts);
            all.extend(restarts.map(|step| step.at_unix_nano));
            for pair in steps.windows(2) {
                if costs_more_or_less(&pair[0], &pair[1]) {
                    all.push(pair[1].at_unix_nano);
                }
            }
        }
        let crashes = self.history.crashes.iter();
        all.extend(
            crashes
                .flat_map(|crash| [Some(crash.at), crash.restarted])
                .flatten(),
        );
        let down = self.down.values().flat_map(BTreeMap::values).flatten();
        all.extend(down.flat_map(|(from, until)| [*from, *until]));
        all.extend(self.stalls.iter().flat_map(|(from, until)| [*from, *until]));
        all.extend(self.losses().map(|message| message.sent));
        all.retain(|at| *at <= self.end);
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// Whether a link of both states has another cost.
fn costs_more_or_less(before: &StepRecord, after: &StepRecord) -> bool {
    if list(&before.state, "links") == list(&after.state, "links") {
        return false;
    }
    let before: BTreeMap<_, _> = links(&before.state).collect();
    links(&after.state).any(|(to, cost)| before.get(to).is_some_and(|known| *known != cost))
}

/// When a node had closed the link to each other one.
fn closings(steps: &[StepRecord]) -> BTreeMap<&str, Vec<Span>> {
    let mut all = BTreeMap::<&str, Vec<Span>>::new();
    let mut last: &[Arc<str>] = &[];
    for step in steps {
        let closed = list(&step.state, "closed");
        if closed == last {
            continue;
        }
        for one in closed.iter().filter(|one| !last.contains(one)) {
            let spans = all.entry(one).or_default();
            spans.push((step.at_unix_nano, u64::MAX));
        }
        for one in last.iter().filter(|one| !closed.contains(one)) {
            if let Some((_, until)) = all.get_mut(&**one).and_then(|spans| spans.last_mut()) {
                *until = step.at_unix_nano;
            }
        }
        last = closed;
    }
    all
}

/// The same times, without those that overlap or touch.
fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut all = Vec::<Span>::new();
    for (from, until) in spans {
        match all.last_mut() {
            Some((_, end)) if from <= *end => *end = until.max(*end),
            _ => all.push((from, until)),
        }
    }
    all
}
