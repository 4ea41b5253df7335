//! A system in the simulator: many schedules are tried, and one is recorded,
//! the first that went wrong if there is one.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::json;

use super::{Bench, Experiment};
use crate::Error;
use crate::history::History;
use crate::progress::Bar;
use crate::run::Record;
use crate::simulator::{self, Scenario};
use crate::store::Store;
use crate::system::{Judgement, System};

/// A system in the simulator.
#[derive(Debug)]
pub struct Simulated<S> {
    system: Arc<S>,
    scenario: Scenario,
    first: u64,
    seeds: u64,
    tried: AtomicU64,
    steps: AtomicU64,
    told: Mutex<Told>,
}

/// What came of the schedules.
#[derive(Clone, Debug, Default)]
struct Told {
    seconds: f64,
    failed: Option<u64>,
    recorded: u64,
    judgement: Judgement,
}

/// The schedules that are tried, by all threads together.
struct Trial<'a, S> {
    of: &'a Simulated<S>,
    next: AtomicU64,
    /// The first seed that went wrong, or `u64::MAX`.
    failed: AtomicU64,
    stop: &'a AtomicBool,
    bar: &'a Bar,
}

impl<S: System + 'static> Simulated<S> {
    /// `seeds` schedules of `system`, from the seed `first` on.
    pub fn new(system: S, scenario: Scenario, first: u64, seeds: u64) -> Self {
        Self {
            system: Arc::new(system),
            scenario,
            first,
            seeds,
            tried: AtomicU64::new(0),
            steps: AtomicU64::new(0),
            told: Mutex::default(),
        }
    }

    /// Tries all schedules, on all cores, until one goes wrong.
    fn try_all(&self, stop: &AtomicBool, bar: &Bar) -> Told {
        let trial = Trial {
            of: self,
            next: AtomicU64::new(0),
            failed: AtomicU64::new(u64::MAX),
            stop,
            bar,
        };
        let began = std::time::Instant::now();
        let threads = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| trial.work());
            }
        });
        let failed = trial.failed.into_inner();
        Told {
            seconds: began.elapsed().as_secs_f64(),
            failed: (failed != u64::MAX).then_some(failed),
            recorded: if failed == u64::MAX {
                self.first
            } else {
                failed
            },
            judgement: Judgement::default(),
        }
    }
}

impl<S: System> Trial<'_, S> {
    fn work(&self) {
        loop {
            let seed = self
                .of
                .first
                .wrapping_add(self.next.fetch_add(1, Ordering::Relaxed));
            let tried_all = seed.wrapping_sub(self.of.first) >= self.of.seeds;
            // Seeds below the one that failed are tried still: it is to be the
            // first, whichever thread is faster.
            let past_failure = seed >= self.failed.load(Ordering::Relaxed);
            if tried_all || past_failure || self.stop.load(Ordering::Relaxed) {
                return;
            }
            let ran = simulator::run(&*self.of.system, &self.of.scenario, seed);
            let judgement = self.of.system.judge(&ran.recorded);
            self.of.steps.fetch_add(ran.steps, Ordering::Relaxed);
            self.of.tried.fetch_add(1, Ordering::Relaxed);
            self.bar.step();
            if !judgement.holds() {
                self.failed.fetch_min(seed, Ordering::Relaxed);
            }
        }
    }
}

/// Stops the threads when the experiment is dropped before its end.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<S: System + 'static> Experiment for Arc<Simulated<S>> {
    async fn run(&self, bench: Bench<'_>) -> Result<(), Error> {
        bench.record.transport = "simulated".to_owned();
        let bar = bench.progress.bar("schedules", self.seeds);
        let stop = StopOnDrop(Arc::default());
        let (this, flag, sink) = (
            Self::clone(self),
            Arc::clone(&stop.0),
            Arc::clone(bench.sink),
        );
        let tried = bench.tasks.spawn_blocking(move || {
            let told = this.try_all(&flag, &bar);
            simulator::run_traced(&*this.system, &this.scenario, told.recorded, &sink);
            told
        });
        let told = tried
            .await
            .map_err(|e| Error::Failed(format!("the simulator: {e}")))?;
        bench
            .record
            .phase("Simulate", std::time::Duration::from_secs_f64(told.seconds));
        *lock(&self.told) = told;
        Ok(())
    }

    fn judge(&self, record: &mut Record, store: &Store) -> Vec<String> {
        let mut told = lock(&self.told);
        // An interrupted run has recorded nothing.
        let history = History::read(store);
        if !history.processes.is_empty() {
            told.judgement = self.system.judge(&history);
        }
        let mut wrong: Vec<_> = told.judgement.violated().into_iter().collect();
        if let Some(seed) = told.failed {
            let command = again(&record.command, record.seed, seed);
            wrong.insert(0, format!("schedule {seed} fails; again: {command}"));
        }
        record.results = json!({
            "schedules": self.tried.load(Ordering::Relaxed),
            "steps": self.steps.load(Ordering::Relaxed),
            "first_schedule": self.first,
            "failed_schedule": told.failed,
            "recorded_schedule": told.recorded,
            "properties": told.judgement.properties,
            "figures": told.judgement.figures,
            "told": told.judgement.told,
        });
        wrong
    }

    fn tell(&self, _: &Record) -> String {
        let told = lock(&self.told);
        let (tried, steps) = (&self.tried, &self.steps);
        let (tried, steps) = (tried.load(Ordering::Relaxed), steps.load(Ordering::Relaxed));
        if told.seconds == 0.0 {
            return format!("schedules         {tried}, {steps} steps\n");
        }
        let speed = (steps as f64 / told.seconds) as u64;
        format!(
            "schedules         {tried}, {steps} steps ({speed} a second, judged)\nschedule {}, which is recorded:\n{}",
            told.recorded,
            told.judgement.text()
        )
    }
}

/// The command line that runs one schedule alone.
fn again(command: &[String], seed: u64, schedule: u64) -> String {
    let program = command.first().map(Path::new).and_then(Path::file_name);
    let program = program.map_or("testbed".into(), |name| name.to_string_lossy());
    let mut words = vec![program.into_owned()];
    let mut rest = command.iter().skip(1);
    while let Some(word) = rest.next() {
        let name = word.split_once('=').map_or(word.as_str(), |(name, _)| name);
        match name {
            "--seed" | "--seeds" | "--schedule" if name == word => drop(rest.next()),
            "--seed" | "--seeds" | "--schedule" => {}
            _ => words.push(word.to_owned()),
        }
    }
    words.push(format!("--seed {seed} --schedule {schedule}"));
    words.join(" ")
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_runs_the_schedule_that_failed_again() {
        let words = "testbed --seed=1 simulate snapshot --seeds 10 --peers 3".split(' ');
        let words: Vec<_> = words.map(str::to_owned).collect();
        let again = again(&words, 1, 7);
        assert_eq!(
            again,
            "testbed simulate snapshot --peers 3 --seed 1 --schedule 7"
        );
    }
}
