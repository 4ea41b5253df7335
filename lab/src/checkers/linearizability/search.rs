//! The search for an order of operations: that of Wing and Gong, "Testing and Verifying
//! Concurrent Objects" (Journal of Parallel and Distributed Computing, 1993), with the
//! memory of Lowe, "Testing for Linearizability" (Concurrency and Computation, 2017),
//! in its form of just-in-time linearization.
//!
//! The history is read event by event. An invocation opens an operation. At an answer, its
//! operation has to have taken effect: if it has not yet, open operations take effect one
//! after the other, until it has. Each choice among them is tried, depth first. A
//! configuration is the event, the open operations that have taken effect, and the state;
//! one that was met before is not tried again.
//!
//! If no choice leads further than some answer, the history up to there has no order, and
//! every shorter one has: the search has tried all of them. An operation that is answered
//! later need not have taken effect there, but if it has, then with that answer.
//!
//! The problem is NP-complete (Gibbons and Korach, "Testing Shared Memories", SIAM Journal
//! on Computing, 1997), so the search has a budget.

use rustc_hash::FxHashSet;

use super::{Interval, Specification};

/// The usual budget of a search, in its smallest steps: some seconds, and some hundred
/// megabytes. A guess.
pub const BUDGET: u64 = 20_000_000;

/// The steps that a configuration costs, for its memory. A guess.
const CONFIGURATION: u64 = 16;

/// How many states a witness has.
const STATES: usize = 4;

/// Whether a history is linearizable. Operations are named by their places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<S> {
    /// It is, in this order. Operations without an answer are in it if they had to be.
    Linearizable(Vec<usize>),
    /// It is not.
    Violated(Witness<S>),
    /// The search took more than its budget.
    Unknown,
}

/// Why a history is not linearizable: its shortest part from the start that has no order.
/// Operations are named by their places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness<S> {
    /// The operation whose answer no order explains.
    pub operation: usize,
    /// How many operations were invoked until that answer.
    pub count: usize,
    /// Those of them that were open at the answer, in the order of their invocations.
    pub concurrent: Vec<usize>,
    /// Those that were answered before, in the order of their answers.
    pub before: Vec<usize>,
    /// Some of the states that the object can have there in an order of the others.
    pub states: Vec<S>,
}

/// Searches for an order of `operations`. Equal times say nothing about the order.
pub fn judge<S: Specification>(
    specification: &S,
    operations: &[Interval<S::Operation, S::Answer>],
    budget: u64,
) -> Verdict<S::State> {
    Search::new(specification, operations, budget).run()
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Invocation(usize),
    Answer(usize),
}

/// Which of the open operations have taken effect: a bit for each slot.
type Effects = Box<[u64]>;

/// A configuration at an answer whose operation has not taken effect.
struct Frame<S> {
    event: usize,
    effects: Effects,
    state: S,
    /// The next choice: 0 is the answered operation itself, and others are slots.
    choice: usize,
    /// The operation that takes effect by the current choice.
    chosen: usize,
}

struct Search<'a, S: Specification> {
    specification: &'a S,
    operations: &'a [Interval<S::Operation, S::Answer>],
    events: Vec<Event>,
    /// The slot of each operation while it is open. Operations that are never open together
    /// may share one.
    slot: Vec<usize>,
    /// The operations that are open before the event `at`, by their slots.
    open: Vec<Option<usize>>,
    at: usize,
    frames: Vec<Frame<S::State>>,
    met: FxHashSet<(usize, Effects, S::State)>,
    /// The last answer that a choice leads to, and states there.
    last: usize,
    states: Vec<S::State>,
    budget: u64,
}

/// The budget is spent.
struct Spent;

impl<'a, S: Specification> Search<'a, S> {
    fn new(
        specification: &'a S,
        operations: &'a [Interval<S::Operation, S::Answer>],
        budget: u64,
    ) -> Self {
        let events = events(operations);
        let (slot, slots) = slots(&events, operations.len());
        Self {
            specification,
            operations,
            events,
            slot,
            open: vec![None; slots],
            at: 0,
            frames: Vec::new(),
            met: FxHashSet::default(),
            last: 0,
            states: Vec::new(),
            budget,
        }
    }

    fn run(mut self) -> Verdict<S::State> {
        let mut effects = vec![0; self.open.len().div_ceil(64)].into_boxed_slice();
        let mut state = self.specification.initial();
        loop {
            match self.pass(&mut effects) {
                Err(Spent) => return Verdict::Unknown,
                Ok(true) => {
                    let order = self.frames.iter().map(|frame| frame.chosen);
                    return Verdict::Linearizable(order.collect());
                }
                Ok(false) => {}
            }
            if self.enter(effects, state).is_err() {
                return Verdict::Unknown;
            }
            match self.choose() {
                Err(Spent) => return Verdict::Unknown,
                Ok(Some(next)) => (effects, state) = next,
                Ok(None) => return Verdict::Violated(self.witness()),
            }
        }
    }

    /// Passes the events that leave no choice. Returns whether all are passed.
    fn pass(&mut self, effects: &mut Effects) -> Result<bool, Spent> {
        while let Some(event) = self.events.get(self.at) {
            match *event {
                Event::Invocation(operation) => {
                    self.open[self.slot[operation]] = Some(operation);
                }
                Event::Answer(operation) => {
                    let slot = self.slot[operation];
                    if !has(effects, slot) {
                        return Ok(false);
                    }
                    effects[slot / 64] &= !(1 << (slot % 64));
                    self.open[slot] = None;
                }
            }
            self.at += 1;
            self.spend(1)?;
        }
        Ok(true)
    }

    /// Makes a frame of the configuration, if it is a new one.
    fn enter(&mut self, effects: Effects, state: S::State) -> Result<(), Spent> {
        self.spend(CONFIGURATION + effects.len() as u64)?;
        if self.at > self.last {
            self.last = self.at;
            self.states.clear();
        }
        if self.at == self.last && self.states.len() < STATES && !self.states.contains(&state) {
            self.states.push(state.clone());
        }
        if self.met.insert((self.at, effects.clone(), state.clone())) {
            self.frames.push(Frame {
                event: self.at,
                effects,
                state,
                choice: 0,
                chosen: 0,
            });
        }
        Ok(())
    }

    /// Makes the next choice, and returns what follows from it. `None` after the last one.
    fn choose(&mut self) -> Result<Option<(Effects, S::State)>, Spent> {
        while let Some(event) = self.frames.last().map(|frame| frame.event) {
            self.rewind(event)?;
            let Event::Answer(answered) = self.events[event] else {
                unreachable!("frames are made at answers");
            };
            while let Some(frame) = self.frames.last_mut()
                && frame.choice <= self.open.len()
            {
                let operation = match frame.choice.checked_sub(1) {
                    None => Some(answered),
                    Some(slot) => self.open[slot].filter(|other| *other != answered),
                };
                frame.choice += 1;
                let slots = &self.slot;
                let new = operation.filter(|one| !has(&frame.effects, slots[*one]));
                let next = new.and_then(|operation| {
                    let Interval { asked, answer, .. } = &self.operations[operation];
                    let answer = answer.as_ref().map(|(_, answer)| answer);
                    let state = self.specification.apply(&frame.state, asked, answer)?;
                    let slot = slots[operation];
                    let mut effects = frame.effects.clone();
                    effects[slot / 64] |= 1 << (slot % 64);
                    frame.chosen = operation;
                    Some((effects, state))
                });
                self.spend(1)?;
                if next.is_some() {
                    return Ok(next);
                }
            }
            self.frames.pop();
        }
        Ok(None)
    }

    /// Goes back to an event.
    fn rewind(&mut self, event: usize) -> Result<(), Spent> {
        while self.at > event {
            self.at -= 1;
            match self.events[self.at] {
                Event::Invocation(operation) => self.open[self.slot[operation]] = None,
                Event::Answer(operation) => {
                    self.open[self.slot[operation]] = Some(operation);
                }
            }
            self.spend(1)?;
        }
        Ok(())
    }

    fn spend(&mut self, steps: u64) -> Result<(), Spent> {
        self.budget = self.budget.checked_sub(steps).ok_or(Spent)?;
        Ok(())
    }

    fn witness(self) -> Witness<S::State> {
        let (mut operation, mut count) = (0, 0);
        let (mut concurrent, mut before) = (Vec::new(), Vec::new());
        for event in &self.events[..=self.last] {
            match *event {
                Event::Invocation(one) => {
                    count += 1;
                    concurrent.push(one);
                }
                Event::Answer(one) => {
                    operation = one;
                    before.push(one);
                }
            }
        }
        before.pop();
        let answered: FxHashSet<_> = before.iter().copied().collect();
        concurrent.retain(|one| *one != operation && !answered.contains(one));
        Witness {
            operation,
            count,
            concurrent,
            before,
            states: self.states,
        }
    }
}

fn has(effects: &Effects, slot: usize) -> bool {
    effects[slot / 64] & (1 << (slot % 64)) != 0
}

/// The invocations and answers in the order of time. At the same time, invocations are
/// first: then the operations are concurrent, and any order of them is right.
fn events<O, A>(operations: &[Interval<O, A>]) -> Vec<Event> {
    let mut events = Vec::with_capacity(2 * operations.len());
    for (place, operation) in operations.iter().enumerate() {
        let Interval {
            invoked, answer, ..
        } = operation;
        events.push((*invoked, false, Event::Invocation(place)));
        if let Some((at, _)) = answer {
            events.push(((*at).max(*invoked), true, Event::Answer(place)));
        }
    }
    events.sort_by_key(|(at, is_answer, _)| (*at, *is_answer));
    events.into_iter().map(|(.., event)| event).collect()
}

/// The slot of each operation, and how many slots there are.
fn slots(events: &[Event], operations: usize) -> (Vec<usize>, usize) {
    let (mut slot, mut free, mut count) = (vec![0; operations], Vec::new(), 0);
    for event in events {
        match *event {
            Event::Invocation(operation) => {
                slot[operation] = free.pop().unwrap_or_else(|| {
                    count += 1;
                    count - 1
                });
            }
            Event::Answer(operation) => free.push(slot[operation]),
        }
    }
    (slot, count)
}
