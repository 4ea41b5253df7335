//! The schedules of one system, tried by all cores.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use lab::planned::Faults;
use lab::simulator::{self, End, Limit, Limits, NEVER, Ran, Scenario, Schedule, Strikes};
use lab::system::{self, Coverage, System};
use serde::Serialize;
use trace::steps::Processes;
use trace::steps::catch;
use trace::telemetry::Sink;

use crate::progress::Bar;

/// How many events are recorded of a schedule that did not end: its beginning. A
/// guess: what a page shows well.
const SHOWN: u64 = 20_000;

/// The schedules that are tried, by all threads together. They are named by
/// their places, from 0.
#[derive(Debug)]
pub(super) struct Trial<S> {
    pub(super) system: S,
    pub(super) directory: Processes,
    pub(super) scenario: Scenario,
    pub(super) limits: Limits,
    /// The seed of the first.
    pub(super) first: u64,
    /// How many there are.
    pub(super) count: u64,
    next: AtomicU64,
    /// The place of the first that is not right, or `count`.
    bad: AtomicU64,
    tally: Mutex<Tally>,
    pub(super) stop: AtomicBool,
}

/// What came of the schedules that were tried.
#[derive(Clone, Debug, Default)]
struct Tally {
    tried: u64,
    steps: u64,
    coverage: Coverage,
    faults: Faults,
    lost: u64,
    doubled: u64,
    /// The first one in which every property had something to check.
    telling: Option<u64>,
    /// The first one that is not right, and how it ended.
    bad: Option<Bad>,
}

/// What the simulator counted, in `results` of `run.json`. Schedules are named by
/// their seeds.
#[derive(Debug, Serialize)]
pub struct Counted {
    /// How many were tried.
    pub schedules: u64,
    /// Steps of processes in all of them.
    pub steps: u64,
    /// The first one.
    pub first_schedule: u64,
    /// The first one in which something is wrong.
    pub failed_schedule: Option<u64>,
    /// The first one that met a limit.
    pub endless_schedule: Option<u64>,
    /// The one whose spans are recorded.
    pub recorded_schedule: u64,
    /// What was checked in all of them.
    pub coverage: Coverage,
    /// What came of the planned faults.
    pub faults: Faults,
    /// Messages that were lost at random.
    pub lost_at_random: u64,
    /// Messages that came twice at random.
    pub doubled_at_random: u64,
    /// Why the record of the run cannot be trusted.
    #[serde(skip)]
    pub(super) untrusted: Option<String>,
}

/// A schedule that is not right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bad {
    place: u64,
    /// Something in it is wrong.
    pub(super) wrong: bool,
    /// It met a limit.
    pub(super) limit: Option<Limit>,
    /// Code of the system panicked outside of a handler, and said this.
    pub(super) panicked: Option<String>,
}

impl<S: System> Trial<S> {
    /// None was tried.
    pub(super) fn new(
        system: S,
        directory: Processes,
        scenario: Scenario,
        limits: Limits,
        [first, count]: [u64; 2],
    ) -> Self {
        let faults = Faults::new(simulator::planned(&scenario));
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
        }
    }

    /// Tries all schedules, on all cores, until one is not right.
    pub(super) fn run(&self, bar: &Bar) {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| self.work(bar));
            }
        });
    }

    fn work(&self, bar: &Bar) {
        loop {
            let place = self.next.fetch_add(1, Ordering::Relaxed);
            // What comes before one that is not right is tried still: that is to
            // be the first, whichever thread is faster.
            let past = place >= self.bad.load(Ordering::Relaxed);
            if past || self.is_stopped() {
                return;
            }
            self.try_one(place);
            bar.step();
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
        tally.count(&self.scenario, &ran.strikes, ran.took);
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
    }

    /// Notes a schedule that is not right. None after it is tried.
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

    /// Records one schedule: the first that is not right, or else the first that
    /// shows something. Only the beginning of one that did not end, and of the
    /// first one if the trial was interrupted before any had ended.
    pub(super) fn record(&self, sink: &Arc<Sink>) -> Option<Ran<()>> {
        let is_endless = self.tally().bad.as_ref().is_some_and(|bad| !bad.wrong);
        let cut = self.is_stopped() || is_endless;
        let mut schedule = self.schedule(self.place());
        if cut {
            schedule.limits.events = schedule.limits.events.min(SHOWN);
            schedule.stop = &NEVER;
        }
        // What panics outside of a handler was told when the schedule was tried.
        catch(|| schedule.run_traced(sink)).ok()
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

    /// The first schedule that is not right, by its seed, and how it is not.
    pub(super) fn bad(&self) -> Option<(u64, Bad)> {
        let bad = self.tally().bad.clone()?;
        Some((self.seed(bad.place), bad))
    }

    fn place(&self) -> u64 {
        let tally = self.tally();
        let bad = tally.bad.as_ref().map(|bad| bad.place);
        bad.or(tally.telling).unwrap_or(0)
    }

    /// What came of the schedules so far.
    pub(super) fn counted(&self) -> Counted {
        let bad = self.bad();
        let of = |is: fn(&Bad) -> bool| {
            let bad = bad.as_ref().filter(|(_, bad)| is(bad));
            bad.map(|(seed, _)| *seed)
        };
        let (wrong, endless) = (of(|bad| bad.wrong), of(|bad| bad.limit.is_some()));
        let recorded = self.seed(self.place());
        let tally = self.tally();
        Counted {
            schedules: tally.tried,
            steps: tally.steps,
            first_schedule: self.first,
            failed_schedule: wrong,
            endless_schedule: endless,
            recorded_schedule: recorded,
            coverage: tally.coverage.clone(),
            faults: tally.faults.clone(),
            lost_at_random: tally.lost,
            doubled_at_random: tally.doubled,
            untrusted: None,
        }
    }
}

impl Counted {
    /// What the network of that scenario did, a line each.
    pub(super) fn network(&self, scenario: &Scenario) -> String {
        let Scenario {
            loss, duplication, ..
        } = *scenario;
        let rates = [
            ("lost", loss, self.lost_at_random, "loss"),
            (
                "doubled",
                duplication,
                self.doubled_at_random,
                "duplication",
            ),
        ];
        let rates = rates.iter().filter(|(_, rate, ..)| *rate > 0.0);
        let rates = rates.map(|(name, rate, count, of)| match count {
            0 => format!("{name:<17} no message: {of} {rate} struck none\n"),
            _ => format!("{name:<17} {count} messages ({of} {rate})\n"),
        });
        rates.collect::<String>() + &self.faults.text()
    }
}

impl Tally {
    fn count(&mut self, scenario: &Scenario, strikes: &Strikes, took: Duration) {
        let struck = strikes.of(scenario, took);
        self.faults.add(took, |place| struck[place]);
        self.lost += strikes.lost;
        self.doubled += strikes.doubled;
    }
}

fn limit<R>(ran: &Ran<R>) -> Option<Limit> {
    match ran.end {
        End::Limit(limit) => Some(limit),
        End::Decided | End::Quiet | End::Fault | End::Stopped => None,
    }
}
