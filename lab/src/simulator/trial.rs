//! Tries many schedules of one system, on all cores, and records one: the first
//! that is not right, made smaller, if there is any.

mod results;
mod shrunk;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

pub use results::Counted;
pub use shrunk::Shortened;
use trace::history::History;
use trace::steps::Processes;
use trace::steps::catch;
use trace::store::Store;
use trace::telemetry::Sink;

use super::shrink::Shrunk;
use super::{
    Crash, End, Event, Limit, Limits, NEVER, Partition, Ran, Scenario, Schedule, Shrinking,
};
use crate::planned::Faults;
use crate::system::{self, Coverage, System};

/// How many events are recorded of a schedule that did not end: its beginning. A
/// guess: what a page shows well.
const SHOWN: u64 = 20_000;

/// The schedules that are tried, by all threads together. Each is identified by
/// its place, from 0.
#[derive(Debug)]
pub struct Trial<S> {
    system: S,
    directory: Processes,
    scenario: Scenario,
    limits: Limits,
    /// The seed of the first.
    first: u64,
    /// How many there are.
    count: u64,
    next: AtomicU64,
    /// The place of the first that is not right, or `count`.
    bad: AtomicU64,
    tally: Mutex<Tally>,
    stop: AtomicBool,
    /// How a failure is made smaller, if it is.
    shrinking: Option<Shrinking<S>>,
    /// Whether a schedule is recorded as spans.
    is_recorded: bool,
    /// Whether the time for that has passed.
    over: AtomicBool,
    tried: OnceLock<Tried<S>>,
}

/// What observes a trial.
pub trait Observer: Sync {
    /// A schedule has ended.
    fn tried(&self) {}

    /// A schedule has failed, and is made smaller from now on.
    fn shrinks(&self) {}

    /// Keeps the spans of a schedule that is not the recorded one, under a name. Returns
    /// where.
    fn keep(&self, _name: &'static str, _spans: &Store) -> Option<PathBuf> {
        None
    }
}

/// Observes nothing, and keeps nothing.
impl Observer for () {}

/// A trial that has ended.
#[derive(Debug)]
struct Tried<S> {
    /// How long it took.
    took: Duration,
    /// The schedule that is recorded.
    ran: Option<Ran<()>>,
    /// The failure that is recorded instead of the first that was found.
    shrunk: Option<(Shrunk<S>, Shortened)>,
}

/// The results of the schedules that were tried.
#[derive(Clone, Debug, Default)]
struct Tally {
    tried: u64,
    steps: u64,
    coverage: Coverage,
    faults: Faults,
    lost: u64,
    doubled: u64,
    /// How often a process left by churn before its schedule ended.
    left: u64,
    /// Outages that were drawn and began before their schedule ended.
    out: u64,
    /// Crashes and partitions, in the same way.
    crashed: u64,
    parted: u64,
    /// How long the longest schedule took.
    longest: Duration,
    /// The first one in which every property had something to check.
    telling: Option<u64>,
    /// The first one that is not right, and how it ended.
    bad: Option<Bad>,
    /// The one that would be recorded, in a trial without spans.
    kept: Option<Arc<Ran<History>>>,
}

/// A schedule that is not right.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Bad {
    place: u64,
    /// Something in it is wrong.
    wrong: bool,
    /// It met a limit.
    limit: Option<Limit>,
    /// The message of a panic in code of the system, outside of a handler.
    panicked: Option<String>,
}

impl<S: System> Trial<S> {
    /// `count` schedules of `system` on the processes of `directory`, each within
    /// these limits, from the one with the seed `first` on. None was tried.
    pub fn new(
        system: S,
        directory: Processes,
        scenario: Scenario,
        mut limits: Limits,
        [first, count]: [u64; 2],
    ) -> Self {
        // A process that is down answers its command when it is back.
        let last = system::last_command(&system).max(scenario.last_planned());
        let usual = Limits::TIME.saturating_add(last);
        limits.time.get_or_insert(usual);
        let faults = Faults::new(scenario.events().iter().map(Event::planned).collect());
        Self {
            system,
            directory,
            scenario,
            limits,
            first,
            count,
            next: AtomicU64::new(0),
            bad: AtomicU64::new(count),
            tally: Mutex::new(Tally {
                faults,
                ..Tally::default()
            }),
            stop: AtomicBool::new(false),
            shrinking: None,
            is_recorded: true,
            over: AtomicBool::new(false),
            tried: OnceLock::new(),
        }
    }

    /// The same, which records no schedule as spans: it keeps what a schedule left in memory. A
    /// failure stays as it is.
    #[must_use]
    pub fn without_spans(self) -> Self {
        Self {
            shrinking: None,
            is_recorded: false,
            ..self
        }
    }

    /// The same, which makes a failure smaller.
    #[must_use]
    pub fn with_shrinking(self, shrinking: Shrinking<S>) -> Self {
        let shrinking = Some(shrinking).filter(|one| !one.budget.is_zero());
        Self { shrinking, ..self }
    }

    /// The system.
    pub fn system(&self) -> &S {
        &self.system
    }

    /// What a schedule may take.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How many schedules are tried at most.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Ends the trial early. [`run`](Self::run) returns soon. A failure that was found stays
    /// as small as it was made.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.over.store(true, Ordering::Relaxed);
    }

    /// Tries all schedules, on all cores, until one is not right, makes it smaller, and
    /// records one to `sink`.
    pub fn run(&self, sink: &Arc<Sink>, observer: &impl Observer) {
        let began = Instant::now();
        self.try_all(observer);
        let took = began.elapsed();
        let is_interrupted = self.is_stopped();
        let shrunk = self.shrink(observer);
        let smaller = shrunk.as_ref().filter(|shrunk| shrunk.is_smaller);
        let ran = match smaller {
            Some(shrunk) => catch(|| self.record_smallest(shrunk, sink)).ok(),
            // Also after an interruption.
            None if !self.is_recorded => self.kept(),
            None => self.record(sink),
        };
        let shrunk = shrunk.zip(ran.as_ref());
        let shrunk = shrunk.map(|(shrunk, ran)| {
            let shortened = self.shortened(&shrunk, ran, observer);
            (shrunk, shortened)
        });
        if !is_interrupted {
            let _ = self.tried.set(Tried { took, ran, shrunk });
        }
    }

    /// How long the schedules, and making a failure smaller, took. `None` if the trial was
    /// interrupted before all schedules were tried.
    pub fn took(&self) -> Option<[Duration; 2]> {
        let tried = self.tried.get()?;
        let shrunk = tried.shrunk.as_ref();
        Some([
            tried.took,
            shrunk.map_or(Duration::ZERO, |(shrunk, _)| shrunk.took),
        ])
    }

    fn try_all(&self, observer: &impl Observer) {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| self.work(observer));
            }
        });
    }

    fn work(&self, observer: &impl Observer) {
        loop {
            let place = self.next.fetch_add(1, Ordering::Relaxed);
            // Schedules before one that is not right are still tried, so that the
            // first such is found whichever thread is faster.
            let past = place >= self.bad.load(Ordering::Relaxed);
            if past || self.is_stopped() {
                return;
            }
            self.try_one(place);
            observer.tried();
        }
    }

    fn try_one(&self, place: u64) {
        let ran = match catch(|| self.schedule(place).run()) {
            Ok(ran) => ran,
            Err(message) => {
                let mut tally = self.tally();
                tally.tried += 1;
                return self.is_bad(
                    &mut tally,
                    Bad {
                        place,
                        wrong: true,
                        limit: None,
                        panicked: Some(message),
                    },
                );
            }
        };
        if ran.end == End::Stopped || self.is_stopped() {
            return;
        }
        let judgement = system::judge(&self.system, &ran.recorded);
        let wrong = ran.fault.is_some() || !judgement.holds();
        let limit = limit(&ran);
        let mut tally = self.tally();
        tally.tried += 1;
        tally.steps += ran.steps;
        tally.count(&self.scenario, &ran);
        if limit.is_none() && ran.fault.is_none() {
            tally.coverage.add(&judgement);
        }
        if wrong || limit.is_some() {
            let bad = Bad {
                place,
                wrong,
                limit,
                panicked: None,
            };
            self.is_bad(&mut tally, bad);
        } else if judgement.unknown().is_empty() && tally.telling.is_none_or(|known| place < known)
        {
            tally.telling = Some(place);
        }
        if !self.is_recorded && tally.place() == place {
            tally.kept = Some(Arc::new(ran));
        }
    }

    /// Records a schedule that is not right. No schedule after it is tried.
    fn is_bad(&self, tally: &mut Tally, bad: Bad) {
        self.bad.fetch_min(bad.place, Ordering::Relaxed);
        if tally
            .bad
            .as_ref()
            .is_none_or(|known| bad.place < known.place)
        {
            tally.bad = Some(bad);
        }
    }

    /// Records one schedule: the first that is not right, or else the first in
    /// which every property had something to check. Of one that only met a limit,
    /// or of an interrupted trial, it records the beginning alone.
    fn record(&self, sink: &Arc<Sink>) -> Option<Ran<()>> {
        let is_endless = self.tally().bad.as_ref().is_some_and(|bad| !bad.wrong);
        let cut = self.is_stopped() || is_endless;
        let mut schedule = self.schedule(self.place());
        if cut {
            schedule.limits.events = schedule.limits.events.min(SHOWN);
            schedule.stop = &NEVER;
        }
        // A panic outside of a handler was reported when the schedule was tried.
        catch(|| schedule.run_traced(sink)).ok()
    }

    /// How the schedule ended that would be recorded.
    fn kept(&self) -> Option<Ran<()>> {
        let tally = self.tally();
        Some(tally.kept.as_ref()?.with(()))
    }

    fn schedule(&self, place: u64) -> Schedule<'_, S> {
        Schedule {
            limits: self.limits,
            stop: &self.stop,
            ..Schedule::new(
                &self.system,
                &self.directory,
                &self.scenario,
                self.seed(place),
            )
        }
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn seed(&self, place: u64) -> u64 {
        self.first.wrapping_add(place)
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first schedule that is not right, as its seed, and what is wrong with
    /// it.
    fn bad(&self) -> Option<(u64, Bad)> {
        let bad = self.tally().bad.clone()?;
        Some((self.seed(bad.place), bad))
    }

    fn place(&self) -> u64 {
        self.tally().place()
    }
}

impl Tally {
    /// The place of the schedule that is recorded.
    fn place(&self) -> u64 {
        let bad = self.bad.as_ref().map(|bad| bad.place);
        bad.or(self.telling).unwrap_or(0)
    }

    fn count(&mut self, scenario: &Scenario, ran: &Ran<History>) {
        let Ran {
            took,
            strikes,
            drawn,
            ..
        } = ran;
        let struck = strikes.of(scenario, *took);
        self.faults.add(*took, |place| struck[place]);
        self.lost += strikes.lost;
        self.doubled += strikes.doubled;
        let (left, crashes) = drawn.crash.split_at(drawn.churn);
        let begun = |all: &[Crash]| all.iter().filter(|crash| crash.at <= *took).count() as u64;
        self.left += begun(left);
        self.crashed += begun(crashes);
        let (outages, partitions) = drawn.partition.split_at(drawn.outages);
        let begun = |all: &[Partition]| all.iter().filter(|part| part.at <= *took).count() as u64;
        self.out += begun(outages);
        self.parted += begun(partitions);
        self.longest = self.longest.max(*took);
    }
}

fn limit<R>(ran: &Ran<R>) -> Option<Limit> {
    match ran.end {
        End::Limit(limit) => Some(limit),
        End::Decided | End::Quiet | End::Fault | End::Cut(_) | End::Stopped => None,
    }
}
