//! Breadth first, one level at a time: the first wrong run that is found is a
//! shortest one, and there the search ends.
//!
//! A level has all states that are as many steps away from the start. They are
//! tried in the order in which they were found. Threads only compute the
//! successors of each state; one thread files them, in the order of the states.
//! So the result is the same on any number of threads.
//!
//! A state is kept as its fingerprint, and as the place of its step among those
//! that were possible before: only the states of two levels are in memory as a
//! whole.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::world::{MOST_CHANNELS, MOST_STARTS, Memory};
use super::{Action, Bound, Checked, Extent, Plan, Repetition, World, start};
use crate::system::{self, Coverage, Judgement, System};

/// How a state was found.
#[derive(Clone, Copy, Debug)]
struct Link {
    /// The state before, by its number.
    before: usize,
    /// The place of the step between them among those that were possible.
    place: u32,
    /// The place of its random choices among their combinations.
    combination: u32,
}

/// The result of trying a state.
enum Tried<A: algorithms::Algorithm> {
    /// A run ends there, and was judged.
    End(End, Box<Judgement>),
    /// Its last step breaks a rule of algorithms, or an invariant of the system.
    Broken,
    /// It goes on to these successors, none of which was known when it was tried.
    Open(Vec<Successor<A>>),
    /// It goes on, but not within the bounds.
    Cut,
}

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Wrong,
    Right,
    /// Right, and it shows something.
    NonVacuous {
        /// How many properties had nothing to check.
        unchecked: usize,
    },
}

struct Successor<A: algorithms::Algorithm> {
    place: u32,
    combination: u32,
    fingerprint: u64,
    world: World<A>,
}

struct Search<'a, S: System> {
    system: &'a S,
    plan: &'a Plan,
    /// Whether the system has invariants.
    has_invariants: bool,
    memory: Memory<S::Algorithm>,
    /// The fingerprints of all states that were found.
    known: HashSet<u64, BuildHasherDefault<Fingerprints>>,
    /// How each but the first was found, in order.
    links: Vec<Link>,
    extent: Extent,
    coverage: Coverage,
    has_drawn: bool,
    symmetric: usize,
    /// Whether a crash could have lost more channels than were tried.
    may_lose_more: AtomicBool,
    /// The first bound that was met.
    bound: Option<Bound>,
    /// The first of the runs that show something, with the fewest properties that had
    /// nothing to check: their number, and the last state.
    example: Option<(usize, usize)>,
    /// The last state of the wrong run.
    counterexample: Option<usize>,
}

/// Tries every schedule of `system`, within bounds. `watch` gets the extent of
/// the search, some fifty times a second, and may end it.
pub fn check<S: System>(
    system: &S,
    plan: &Plan,
    mut watch: impl FnMut(&Extent) -> ControlFlow<()>,
) -> Checked<Action> {
    let began = Instant::now();
    let mut search = Search::new(system, plan);
    search.run(began, &mut watch);
    if *search.may_lose_more.get_mut() {
        search.bound.get_or_insert(Bound::Channels(MOST_CHANNELS));
    }
    let repetition = search.bound.and_then(|_| search.repetition());
    let example = search.example.map(|(_, state)| search.way(state));
    let counterexample = search.counterexample.map(|state| search.way(state));
    Checked {
        extent: search.extent,
        coverage: search.coverage,
        took: began.elapsed(),
        bound: search.bound,
        has_drawn: search.has_drawn,
        symmetric: search.symmetric,
        repetition,
        example,
        counterexample,
    }
}

/// How long a batch of states should take. Progress is reported, and bounds are
/// checked, after each batch.
const BATCH: Duration = Duration::from_millis(20);

/// The largest number of states in a batch. A guess.
const LARGEST_BATCH: usize = 4096;

impl<'a, S: System> Search<'a, S> {
    fn new(system: &'a S, plan: &'a Plan) -> Self {
        Self {
            system,
            plan,
            has_invariants: false,
            memory: Memory::default(),
            known: HashSet::default(),
            links: Vec::new(),
            extent: Extent::default(),
            coverage: Coverage::default(),
            has_drawn: false,
            symmetric: 0,
            may_lose_more: AtomicBool::new(false),
            bound: None,
            example: None,
            counterexample: None,
        }
    }

    fn run(&mut self, began: Instant, watch: &mut impl FnMut(&Extent) -> ControlFlow<()>) {
        let start = start(self.system, self.plan);
        self.known.insert(start.identity());
        self.has_drawn = start.has_drawn();
        self.symmetric = start.symmetric();
        self.has_invariants = start.has_invariants(self.system);
        if start.starts() > MOST_STARTS {
            self.bound = Some(Bound::States(self.plan.bounds.states));
        }
        let mut level = VecDeque::from([start]);
        let mut size = 1;
        while !level.is_empty() {
            // After a bound was met, this level may lack states.
            let is_partial = self.bound.is_some();
            let mut next = VecDeque::new();
            while !level.is_empty() {
                if let Some(bound) = self.plan.bounds.exceeded(began.elapsed()) {
                    self.bound = Some(bound);
                    return free((level, next));
                }
                let batch_began = Instant::now();
                let batch = level.drain(..size.min(level.len())).collect();
                if self.try_batch(batch, &mut next).is_break() {
                    return free((level, next));
                }
                if watch(&self.extent).is_break() {
                    self.bound = Some(Bound::Interrupted);
                    return free((level, next));
                }
                size = fitting(size, batch_began.elapsed());
            }
            if !is_partial {
                self.extent.complete_depth = Some(self.extent.depth);
            }
            self.extent.depth += u64::from(!next.is_empty());
            level = next;
        }
    }

    /// Tries a batch of states of a level, and adds their successors to the next
    /// level. Ends at the first wrong state.
    fn try_batch(
        &mut self,
        batch: Vec<World<S::Algorithm>>,
        next: &mut VecDeque<World<S::Algorithm>>,
    ) -> ControlFlow<()> {
        let may_grow = self.bound.is_none() && self.extent.depth < self.plan.bounds.depth;
        let tried = on_threads(batch, self.plan.threads, |world| {
            self.try_state(&world, may_grow)
        });
        for tried in tried {
            let state = self.extent.states as usize;
            self.extent.states += 1;
            let is_wrong = match tried {
                Tried::End(end, judged) => {
                    self.coverage.add(&judged);
                    if let End::NonVacuous { unchecked } = end
                        && self.example.is_none_or(|(fewest, _)| unchecked < fewest)
                    {
                        self.example = Some((unchecked, state));
                    }
                    end == End::Wrong
                }
                Tried::Broken => true,
                Tried::Cut => {
                    let depth = Bound::Depth(self.plan.bounds.depth);
                    self.bound.get_or_insert(depth);
                    false
                }
                Tried::Open(successors) => {
                    self.file(state, successors, next);
                    false
                }
            };
            if is_wrong {
                self.counterexample = Some(state);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    /// Tries one state.
    fn try_state(&self, world: &World<S::Algorithm>, may_grow: bool) -> Tried<S::Algorithm> {
        let is_unsafe = || self.has_invariants && !world.is_safe(self.system);
        if world.fault().is_some() || is_unsafe() {
            return Tried::Broken;
        }
        let has_ended = world.has_ended(self.system);
        let actions = match has_ended {
            true => Vec::new(),
            false => world.actions(),
        };
        if actions.is_empty() {
            let may_lack = world.may_lack_endings(self.system);
            let judged = system::judge(self.system, &world.history());
            let end = match judged.holds() && (has_ended || may_lack) {
                false => End::Wrong,
                true if self.system.is_nonvacuous(&judged) => End::NonVacuous {
                    unchecked: judged.unchecked(),
                },
                true => End::Right,
            };
            return Tried::End(end, Box::new(judged));
        }
        if !may_grow {
            return Tried::Cut;
        }
        if world.may_lose_more() {
            self.may_lose_more.store(true, Ordering::Relaxed);
        }
        let mut successors = Vec::new();
        for (place, action) in (0..).zip(actions) {
            let all = Combinations::new(world, self.system, action, Some(&self.memory));
            for (combination, (_, next)) in (0..).zip(all) {
                let fingerprint = next.identity();
                if !self.known.contains(&fingerprint) {
                    successors.push(Successor {
                        place,
                        combination,
                        fingerprint,
                        world: next,
                    });
                }
            }
        }
        Tried::Open(successors)
    }

    /// Adds the new states.
    fn file(
        &mut self,
        before: usize,
        successors: Vec<Successor<S::Algorithm>>,
        next: &mut VecDeque<World<S::Algorithm>>,
    ) {
        let most = self.plan.bounds.states;
        for successor in successors {
            let Successor {
                place,
                combination,
                fingerprint,
                world,
            } = successor;
            if self.known.len() >= most.get() {
                if !self.known.contains(&fingerprint) {
                    self.bound.get_or_insert(Bound::States(most));
                }
            } else if self.known.insert(fingerprint) {
                self.has_drawn |= world.has_drawn();
                self.links.push(Link {
                    before,
                    place,
                    combination,
                });
                next.push_back(world);
            }
        }
    }

    /// How the path to the last state that was tried repeats itself.
    fn repetition(&self) -> Option<Repetition> {
        let last = (self.extent.states as usize).checked_sub(1)?;
        let (mut stood, mut steps, mut found) = (HashMap::new(), 0, None);
        self.walk(last, |world| {
            let from = *stood.entry(world.situation()).or_insert(steps);
            if from < steps && found.is_none() {
                found = Some(Repetition { from, to: steps });
            }
            steps += 1;
        });
        found
    }

    /// The path to a state, by its number.
    fn way(&self, state: usize) -> Vec<Action> {
        self.walk(state, |_| {})
    }

    /// Follows the path to a state. `see` gets each state on it.
    fn walk(&self, mut state: usize, mut see: impl FnMut(&World<S::Algorithm>)) -> Vec<Action> {
        let mut links = Vec::new();
        while let Some(before) = state.checked_sub(1) {
            let link = self.links[before];
            links.push(link);
            state = link.before;
        }
        let mut world = start(self.system, self.plan);
        see(&world);
        let step = |link: Link| {
            let action = world.actions().swap_remove(link.place as usize);
            let mut all = Combinations::new(&world, self.system, action, None);
            let (action, next) = all.nth(link.combination as usize).expect("it was found");
            world = next;
            see(&world);
            action
        };
        links.into_iter().rev().map(step).collect()
    }
}

/// An action with each combination of the random choices of its step, and the state after
/// it.
struct Combinations<'a, S: System> {
    world: &'a World<S::Algorithm>,
    system: &'a S,
    memory: Option<&'a Memory<S::Algorithm>>,
    action: Action,
    /// The next choices to be made.
    choices: Option<Vec<u32>>,
}

impl<'a, S: System> Combinations<'a, S> {
    fn new(
        world: &'a World<S::Algorithm>,
        system: &'a S,
        action: Action,
        memory: Option<&'a Memory<S::Algorithm>>,
    ) -> Self {
        Self {
            world,
            system,
            memory,
            action,
            choices: Some(Vec::new()),
        }
    }
}

impl<S: System> Iterator for Combinations<'_, S> {
    type Item = (Action, World<S::Algorithm>);

    fn next(&mut self) -> Option<Self::Item> {
        let action = self.action.clone().choosing(self.choices.take()?);
        let mut next = self.world.clone();
        let choices = next.act_from(self.system, action.clone(), self.memory);
        self.choices = choices.next();
        Some((action, next))
    }
}

/// The size of the next batch, if one of `size` states took so long.
fn fitting(size: usize, took: Duration) -> usize {
    match took {
        took if took > BATCH * 2 => (size / 2).max(1),
        took if took < BATCH => (size * 2).min(LARGEST_BATCH),
        _ => size,
    }
}

/// Frees the states of a search that was ended early, on a thread of its own:
/// gigabytes of small allocations take seconds to free, and nothing has to wait
/// for that.
fn free(states: impl Send + 'static) {
    // If no thread can be spawned, they are freed here.
    let _ = thread::Builder::new().spawn(move || drop(states));
}

/// How many items a thread takes at a time: so many that taking them costs little
/// beside the work on them, and that threads seldom wait for each other. A guess.
const SHARE: usize = 16;

/// The result of `work` for each item, in their order.
fn on_threads<T: Send, R: Send>(
    items: Vec<T>,
    threads: NonZeroUsize,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let helpers = (items.len() / SHARE).min(threads.get() - 1);
    let items = Mutex::new(items.into_iter().enumerate());
    let share = || -> Vec<(usize, T)> {
        let mut items = items.lock().unwrap_or_else(PoisonError::into_inner);
        items.by_ref().take(SHARE).collect()
    };
    let run = || {
        let mut done = Vec::new();
        loop {
            let share = share();
            if share.is_empty() {
                return done;
            }
            done.extend(share.into_iter().map(|(place, item)| (place, work(item))));
        }
    };
    let mut done = thread::scope(|scope| {
        // If a thread cannot be spawned, the others do its part.
        let helper = |_| thread::Builder::new().spawn_scoped(scope, run).ok();
        let helpers: Vec<_> = (0..helpers).filter_map(helper).collect();
        let mut done = run();
        for helper in helpers {
            match helper.join() {
                Ok(its) => done.extend(its),
                Err(panicked) => panic::resume_unwind(panicked),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

/// A fingerprint is a hash already.
#[derive(Debug, Default)]
pub(super) struct Fingerprints(u64);

impl Hasher for Fingerprints {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = self.0.rotate_left(5) ^ u64::from_ne_bytes(word);
        }
    }

    fn write_u64(&mut self, fingerprint: u64) {
        self.0 = fingerprint;
    }
}
