//! The lines of all peers, which connections share.
//!
//! Each direction of a connection is a flow over two lines: what its sender sends, and what
//! its receiver receives. Rates change only where a flow begins or ends to carry bytes. A
//! millisecond later, which is what timers resolve, those flows are computed anew that share
//! lines with it, directly or through others. Until then a flow that begins has its part of
//! both lines, and the others keep their rates.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use super::Rates;
use super::rates::max_min;

/// How long rates are kept, however many flows begin and end meanwhile.
const TICK: Duration = Duration::from_millis(1);

/// A line without a limit, in bytes a second.
const UNLIMITED: f64 = 1e15;

/// The lines of all peers.
pub(super) struct Lines(Mutex<State>);

/// The share of one direction of a connection.
pub(super) struct Flow {
    lines: Arc<Lines>,
    id: usize,
}

#[derive(Default)]
struct State {
    lines: Vec<Line>,
    flows: Vec<Carried>,
    /// Flows that were dropped; their places are used again.
    free: Vec<usize>,
    /// When the first chunk of a flow ends, with the version of its rate.
    ends: BinaryHeap<Reverse<(Instant, usize, u64)>>,
    /// The lines on which flows have begun or ended since rates were computed.
    changed: Vec<usize>,
    /// When they are computed next.
    computes: Option<Instant>,
    /// The number of the last search for connected lines.
    search: u64,
}

struct Line {
    capacity: f64,
    /// Those that carry bytes.
    flows: Vec<usize>,
    /// The last search that has found it, and its place among the lines of that search.
    found: (u64, usize),
}

/// What a flow carries.
struct Carried {
    lines: [usize; 2],
    /// The bytes of chunks, the first of them under way.
    chunks: VecDeque<usize>,
    /// How many bytes of the first are left, at `since`.
    left: f64,
    rate: f64,
    since: Instant,
    version: u64,
    /// When chunks were carried that the reader has not seen yet.
    carried: Vec<Instant>,
    reader: Option<Waker>,
    /// The last search that has found it.
    found: u64,
}

impl Carried {
    /// When the first chunk has been carried.
    fn end(&self) -> Instant {
        // A rate is above zero, and a chunk some kilobytes.
        let seconds = (self.left / self.rate).max(0.0);
        self.since + Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(1 << 30))
    }

    fn advance(&mut self, to: Instant) {
        let passed = to.saturating_duration_since(self.since);
        self.left = (self.left - self.rate * passed.as_secs_f64()).max(0.0);
        self.since = to;
    }
}

/// What the lines of peers carry at most: what each sends, and what it receives.
fn capacities(rates: &[Option<Rates>]) -> impl Iterator<Item = f64> {
    let both = |rates: &Option<Rates>| rates.map_or([UNLIMITED; 2], |rates| [rates.up, rates.down]);
    rates.iter().flat_map(both)
}

impl Lines {
    /// The lines of peers with these rates; `None` if no line has a limit.
    pub(super) fn limited(rates: &[Option<Rates>]) -> Option<Arc<Self>> {
        let any = rates.iter().any(Option::is_some);
        any.then(|| Arc::new(Self::new(rates)))
    }

    fn new(rates: &[Option<Rates>]) -> Self {
        let line = |capacity| Line {
            capacity,
            flows: Vec::new(),
            found: (0, 0),
        };
        Self(Mutex::new(State {
            lines: capacities(rates).map(line).collect(),
            ..State::default()
        }))
    }

    /// The rates of all flows are those of lines with these limits from now on.
    pub(super) fn change(&self, rates: &[Option<Rates>], now: Instant) {
        let mut state = self.lock();
        state.advance(now);
        for (line, capacity) in state.lines.iter_mut().zip(capacities(rates)) {
            line.capacity = capacity;
        }
        let used = (0..state.lines.len()).filter(|line| !state.lines[*line].flows.is_empty());
        state.changed = used.collect();
        state.compute(now);
    }

    /// A flow from one peer to another.
    pub(super) fn join(self: &Arc<Self>, from: u32, to: u32) -> Flow {
        let mut state = self.lock();
        let flow = Carried {
            lines: [2 * from as usize, 2 * to as usize + 1],
            chunks: VecDeque::new(),
            left: 0.0,
            rate: 0.0,
            since: Instant::now(),
            version: 0,
            carried: Vec::new(),
            reader: None,
            found: 0,
        };
        let id = match state.free.pop() {
            Some(id) => {
                // What waits of the last flow there is not taken for one of this.
                let version = state.flows[id].version + 1;
                state.flows[id] = Carried { version, ..flow };
                id
            }
            None => {
                state.flows.push(flow);
                state.flows.len() - 1
            }
        };
        Flow {
            lines: Arc::clone(self),
            id,
        }
    }

    /// Poisoning is harmless: at worst a rate is wrong, and the panic is reported.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").finish_non_exhaustive()
    }
}

impl Flow {
    pub(super) fn is_over(&self, lines: &Arc<Lines>) -> bool {
        Arc::ptr_eq(&self.lines, lines)
    }

    /// Begins to carry so many bytes, after those before.
    pub(super) fn push(&self, bytes: usize, now: Instant) {
        let mut state = self.lines.lock();
        state.advance(now);
        let flow = &mut state.flows[self.id];
        flow.chunks.push_back(bytes);
        if flow.chunks.len() == 1 {
            (flow.left, flow.since) = (bytes as f64, now);
            state.begin(self.id, now);
        }
    }

    /// When chunks were carried since the last call, and when to call again. The reader is
    /// woken if that becomes earlier.
    pub(super) fn carried(&self, now: Instant, reader: &Waker) -> (Vec<Instant>, Option<Instant>) {
        let mut state = self.lines.lock();
        state.advance(now);
        let flow = &mut state.flows[self.id];
        match &mut flow.reader {
            Some(known) => known.clone_from(reader),
            None => flow.reader = Some(reader.clone()),
        }
        let carried = std::mem::take(&mut flow.carried);
        let end = (!flow.chunks.is_empty()).then(|| flow.end());
        // The reader that changes a line is also polled when rates are computed anew.
        (carried, end.into_iter().chain(state.computes).min())
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        let now = Instant::now();
        let mut state = self.lines.lock();
        state.advance(now);
        let flow = &mut state.flows[self.id];
        flow.version += 1;
        flow.reader = None;
        flow.carried = Vec::new();
        let was_active = !std::mem::take(&mut flow.chunks).is_empty();
        state.free.push(self.id);
        if was_active {
            state.rest(self.id, now);
            // No reader is polled for it later.
            state.compute(now);
        }
    }
}

impl State {
    /// Carries on until `now`.
    fn advance(&mut self, now: Instant) {
        loop {
            let end = self.ends.peek().map(|Reverse(end)| *end);
            let end = end.filter(|(at, ..)| *at <= now);
            let computes = self.computes.filter(|at| *at <= now);
            match (end, computes) {
                (Some((at, id, version)), computes) if computes.is_none_or(|other| at <= other) => {
                    self.ends.pop();
                    if self.flows[id].version == version {
                        self.carry(id, at);
                    }
                }
                (_, Some(computes)) => self.compute(computes),
                (_, None) => return,
            }
        }
    }

    /// That flow begins to carry bytes.
    fn begin(&mut self, id: usize, now: Instant) {
        let lines = self.flows[id].lines;
        let parts = lines.map(|line| {
            self.lines[line].flows.push(id);
            self.lines[line].capacity / self.lines[line].flows.len() as f64
        });
        self.set_rate(id, parts[0].min(parts[1]), now);
        self.change(lines, now);
    }

    /// Flows have begun or ended on these lines.
    fn change(&mut self, lines: [usize; 2], at: Instant) {
        // On a line without flows there is nothing to compute.
        let used = lines
            .into_iter()
            .filter(|line| !self.lines[*line].flows.is_empty());
        let before = self.changed.len();
        self.changed.extend(used);
        if self.changed.len() > before {
            self.computes.get_or_insert(at + TICK);
        }
    }

    /// The first chunk of that flow has been carried.
    fn carry(&mut self, id: usize, at: Instant) {
        let flow = &mut self.flows[id];
        flow.chunks.pop_front();
        flow.carried.push(at);
        flow.since = at;
        match flow.chunks.front() {
            Some(next) => {
                flow.left = *next as f64;
                flow.version += 1;
                self.ends.push(Reverse((flow.end(), id, flow.version)));
            }
            None => self.rest(id, at),
        }
    }

    /// That flow carries nothing any more.
    fn rest(&mut self, id: usize, at: Instant) {
        let lines = self.flows[id].lines;
        for line in lines {
            self.lines[line].flows.retain(|other| *other != id);
        }
        self.change(lines, at);
    }

    /// Computes the rates of all flows that share changed lines, directly or through others.
    fn compute(&mut self, at: Instant) {
        self.computes = None;
        let changed = std::mem::take(&mut self.changed);
        let (lines, flows) = self.connected(&changed);
        let place = |line: &usize| self.lines[*line].found.1;
        let over = flows
            .iter()
            .map(|id| self.flows[*id].lines.each_ref().map(place));
        let over: Vec<_> = over.collect();
        let capacities = lines.iter().map(|line| self.lines[*line].capacity);
        let capacities: Vec<_> = capacities.collect();
        for (id, rate) in flows.into_iter().zip(max_min(&capacities, &over)) {
            self.set_rate(id, rate, at);
        }
    }

    /// The lines that flows connect with these, and the flows.
    fn connected(&mut self, from: &[usize]) -> (Vec<usize>, Vec<usize>) {
        self.search += 1;
        let (mut lines, mut flows) = (Vec::new(), Vec::new());
        let find = |line: usize, all: &mut [Line], lines: &mut Vec<usize>| {
            if all[line].found.0 != self.search {
                all[line].found = (self.search, lines.len());
                lines.push(line);
            }
        };
        from.iter()
            .for_each(|line| find(*line, &mut self.lines, &mut lines));
        let mut next = 0;
        while let Some(line) = lines.get(next).copied() {
            next += 1;
            for place in 0..self.lines[line].flows.len() {
                let id = self.lines[line].flows[place];
                if self.flows[id].found != self.search {
                    self.flows[id].found = self.search;
                    flows.push(id);
                    let over = self.flows[id].lines;
                    over.iter()
                        .for_each(|line| find(*line, &mut self.lines, &mut lines));
                }
            }
        }
        (lines, flows)
    }

    fn set_rate(&mut self, id: usize, rate: f64, at: Instant) {
        let flow = &mut self.flows[id];
        if flow.rate == rate && flow.since < at {
            return;
        }
        let before = flow.end();
        flow.advance(at);
        flow.rate = rate;
        flow.version += 1;
        let end = flow.end();
        if end < before
            && let Some(reader) = &flow.reader
        {
            reader.wake_by_ref();
        }
        self.ends.push(Reverse((end, id, flow.version)));
    }
}
