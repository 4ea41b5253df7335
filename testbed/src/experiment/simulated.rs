//! A system in the simulator: many schedules are tried, and one is recorded,
//! the first that went wrong if there is one.

use csv::StringRecord;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use node::driver::Directory;
use node::steps::Fault;
use serde_json::json;

use super::{Bench, Experiment, Findings};
use crate::Error;
use crate::history::History;
use crate::progress::Bar;
use crate::run::{Record, Rows};
use crate::shell;
use crate::simulator::{self, Ran, Scenario};
use crate::stats::per_second;
use crate::store::Store;
use crate::system::{self, Coverage, Judgement, System};

/// A system in the simulator.
#[derive(Debug)]
pub struct Simulated<S> {
    trial: Arc<Trial<S>>,
    /// How long the trial took, once it has ended.
    took: Option<Duration>,
    /// The rule that the recorded run breaks.
    fault: Option<Fault>,
    judgement: Judgement,
}

/// The schedules that are tried, by all threads together. They are named by
/// their places, from 0.
#[derive(Debug)]
struct Trial<S> {
    system: S,
    directory: Directory,
    scenario: Scenario,
    first: u64,
    count: u64,
    next: AtomicU64,
    tried: AtomicU64,
    steps: AtomicU64,
    /// The first that went wrong, or `count`.
    failed: AtomicU64,
    coverage: Mutex<Coverage>,
    stop: AtomicBool,
}

impl<S: System + 'static> Simulated<S> {
    /// `count` schedules of `system` on the processes of `directory`, from the one
    /// with the seed `first` on.
    pub fn new(
        system: S,
        directory: Directory,
        scenario: Scenario,
        first: u64,
        count: u64,
    ) -> Self {
        let trial = Trial {
            system,
            directory,
            scenario,
            first,
            count,
            next: AtomicU64::new(0),
            tried: AtomicU64::new(0),
            steps: AtomicU64::new(0),
            failed: AtomicU64::new(count),
            coverage: Mutex::default(),
            stop: AtomicBool::new(false),
        };
        Self {
            trial: Arc::new(trial),
            took: None,
            fault: None,
            judgement: Judgement::default(),
        }
    }
}

impl<S: System> Trial<S> {
    /// Tries all schedules, on all cores, until one goes wrong.
    fn run(&self, bar: &Bar) {
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
            // What comes before one that failed is tried still: it is to be
            // the first, whichever thread is faster.
            let past = place >= self.failed.load(Ordering::Relaxed);
            if past || self.stop.load(Ordering::Relaxed) {
                return;
            }
            let ran = self.simulate(self.seed(place));
            self.steps.fetch_add(ran.steps, Ordering::Relaxed);
            self.tried.fetch_add(1, Ordering::Relaxed);
            bar.step();
            if ran.fault.is_some() || !self.judge(&ran.recorded) {
                self.failed.fetch_min(place, Ordering::Relaxed);
            }
        }
    }

    fn coverage(&self) -> MutexGuard<'_, Coverage> {
        self.coverage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing is wrong.
    fn judge(&self, history: &History) -> bool {
        let judgement = system::judge(&self.system, history);
        self.coverage().add(&judgement);
        judgement.holds()
    }

    fn simulate(&self, seed: u64) -> Ran<History> {
        simulator::run(&self.system, &self.directory, &self.scenario, seed)
    }

    fn seed(&self, place: u64) -> u64 {
        self.first.wrapping_add(place)
    }

    /// The seed of the first schedule that went wrong.
    fn failed(&self) -> Option<u64> {
        let place = self.failed.load(Ordering::Relaxed);
        (place < self.count).then(|| self.seed(place))
    }

    /// The seed of the schedule whose spans are recorded.
    fn recorded(&self) -> u64 {
        self.failed().unwrap_or(self.first)
    }
}

/// Stops the threads when the experiment is dropped before its end.
struct StopOnDrop<S>(Arc<Trial<S>>);

impl<S> Drop for StopOnDrop<S> {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}

impl<S: System + 'static> Experiment for Simulated<S> {
    async fn run(&mut self, bench: Bench<'_>) -> Result<(), Error> {
        bench.record.transport = "simulated".to_owned();
        bench.record.security = "none";
        system::check(&self.trial.system, bench.options.peers)?;
        let bar = bench.progress.bar("schedules", self.trial.count);
        let _stop = StopOnDrop(Arc::clone(&self.trial));
        let (trial, sink) = (Arc::clone(&self.trial), Arc::clone(bench.sink));
        let tried = bench.tasks.spawn_blocking(move || {
            let began = Instant::now();
            trial.run(&bar);
            let took = began.elapsed();
            let Trial {
                system,
                directory,
                scenario,
                ..
            } = &*trial;
            let ran = simulator::run_traced(system, directory, scenario, trial.recorded(), &sink);
            (took, ran.fault)
        });
        let tried = tried.await;
        let (took, fault) = tried.map_err(|e| Error::Failed(format!("the simulator: {e}")))?;
        bench.record.phase("Simulate", took);
        self.took = Some(took);
        self.fault = fault;
        Ok(())
    }

    fn judge(&mut self, record: &mut Record, store: &Store) -> Findings {
        let trial = &self.trial;
        let mut untrusted = None;
        // Without an end, whatever was recorded is one run of many.
        if self.took.is_some() {
            let history = History {
                unfinished: self.fault.as_ref().map(ToString::to_string),
                ..History::read(store)
            };
            self.judgement = system::judge(&trial.system, &history);
            untrusted = history.missing();
        }
        let coverage = trial.coverage();
        let fault = self.fault.iter().map(ToString::to_string);
        let mut wrong: Vec<_> = fault.chain(self.judgement.violated()).collect();
        if let Some(seed) = trial.failed() {
            let command = again(&record.command, record.seed, seed);
            wrong.insert(0, format!("schedule {seed} fails; again: {command}"));
        }
        record.results = self.judgement.results(json!({
            "schedules": trial.tried.load(Ordering::Relaxed),
            "steps": trial.steps.load(Ordering::Relaxed),
            "first_schedule": trial.first,
            "failed_schedule": trial.failed(),
            "recorded_schedule": trial.recorded(),
            "coverage": *coverage,
        }));
        Findings {
            unknown: coverage.unknown(),
            untrusted: Vec::from_iter(untrusted),
            ..wrong.into()
        }
    }

    fn save(&self, rows: &mut Rows) -> Result<(), Error> {
        self.judgement.save(rows)
    }

    fn columns(&self) -> StringRecord {
        self.judgement.columns()
    }

    fn tell(&self, _: &Record) -> String {
        let trial = &self.trial;
        let tried = trial.tried.load(Ordering::Relaxed);
        let steps = trial.steps.load(Ordering::Relaxed);
        let Some(took) = self.took else {
            return format!("schedules         {tried}, {steps} steps\n");
        };
        format!(
            "schedules         {tried}, {steps} steps ({} a second, judged)\n{}schedule {}, which is recorded:\n{}",
            per_second(steps, took),
            trial.coverage().text(),
            trial.recorded(),
            self.judgement.text()
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
    let seeds = [("--seed", seed), ("--schedule", schedule)];
    words.extend(
        seeds
            .into_iter()
            .flat_map(|(name, value)| [name.to_owned(), value.to_string()]),
    );
    shell::join(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_runs_the_schedule_that_failed_again() {
        let words = "testbed --seed=1 simulate snapshot --seeds 10 --peers 3".split(' ');
        let words = words.chain(["--scenario", "my file.toml"]);
        let words: Vec<_> = words.map(str::to_owned).collect();
        let again = again(&words, 1, 7);
        assert_eq!(
            again,
            "testbed simulate snapshot --peers 3 --scenario 'my file.toml' --seed 1 --schedule 7"
        );
    }
}
