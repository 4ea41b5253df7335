//! A system in the simulator: many schedules are tried, and one is recorded,
//! the first that is not right if there is one.

mod trial;

use csv::StringRecord;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use lab::simulator::{Limit, Limits, Ran, Scenario};
use lab::stats::per_second;
use lab::system::{self, Results, System};
use trace::history::History;
use trace::steps::Processes;
use trace::store::Store;

use super::{Experiment, Findings, RunContext};
use crate::Error;
use crate::error::of_lab;
use crate::rows::{Rows, judgement_columns, save_judgement};
use crate::run::{self, Record};
use crate::shell;
use trial::{Counted, Trial};

/// A system in the simulator.
#[derive(Debug)]
pub struct Simulated<S> {
    description: run::Experiment,
    trial: Arc<Trial<S>>,
    /// How long the trial took, once it has ended.
    took: Option<Duration>,
    /// The schedule that is recorded.
    ran: Option<Ran<()>>,
}

impl<S: System + 'static> Simulated<S> {
    /// What `run.json` states of it; `count` schedules of `system` on the processes of `directory`, each within
    /// these limits, from the one with the seed `first` on.
    pub fn new(
        description: run::Experiment,
        system: S,
        directory: Processes,
        scenario: Scenario,
        limits: Limits,
        [first, count]: [u64; 2],
    ) -> Self {
        let trial = Trial::new(system, directory, scenario, limits, [first, count]);
        Self {
            description,
            trial: Arc::new(trial),
            took: None,
            ran: None,
        }
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
    type Results = Results<Counted>;

    fn describe(&self) -> run::Experiment {
        self.description.clone()
    }

    async fn run(&mut self, bench: RunContext<'_>) -> Result<(), Error> {
        bench.record.transport = "simulated".to_owned();
        bench.record.security = "none";
        system::check(&self.trial.system, bench.options.peers).map_err(of_lab)?;
        tracing::debug!(limits = ?self.trial.limits, "simulates");
        let bar = bench.progress.bar("schedules", self.trial.count);
        let _stop = StopOnDrop(Arc::clone(&self.trial));
        let (trial, sink) = (Arc::clone(&self.trial), Arc::clone(bench.sink));
        let tried = bench.tasks.spawn_blocking(move || {
            let began = Instant::now();
            trial.run(&bar);
            let took = began.elapsed();
            // If the run was interrupted, this is the last that it does.
            (took, trial.record(&sink))
        });
        let tried = tried.await;
        let (took, ran) = tried.map_err(|e| Error::Failed(format!("the simulator: {e}")))?;
        bench.record.phase("Simulate", took);
        self.took = Some(took);
        self.ran = ran;
        Ok(())
    }

    fn results(&mut self, _: &mut Record, store: &Store) -> Results<Counted> {
        let unfinished = match (&self.ran, self.took) {
            (Some(ran), _) => ran.unfinished(),
            (None, Some(_)) => Some("the schedule was not recorded to its end".into()),
            (None, None) => Some("the run was interrupted".into()),
        };
        let history = History {
            unfinished,
            ..History::read(store)
        };
        Results {
            judgement: system::judge(&self.trial.system, &history),
            engine: Counted {
                // Without an end, whatever was recorded is one run of many.
                untrusted: self.took.and_then(|_| history.missing()),
                ..self.trial.counted()
            },
        }
    }

    fn judge(&self, results: &Results<Counted>, record: &Record) -> Findings {
        let trial = &self.trial;
        let Results { judgement, engine } = results;
        let mut findings = Findings {
            untrusted: engine.untrusted.iter().cloned().collect(),
            ..Findings::default()
        };
        if let Some((seed, bad)) = trial.bad() {
            let command = again(&record.command, record.seed, seed);
            if bad.wrong {
                let fails = format!("schedule {seed} fails; again: {command}");
                findings.violations.push(fails);
                let panicked = bad.panicked.as_ref();
                let panicked = panicked.map(|said| format!("code of the system panicked: {said}"));
                findings.violations.extend(panicked);
                let fault = self.ran.as_ref().and_then(|ran| ran.fault.as_ref());
                findings.violations.extend(fault.map(ToString::to_string));
                findings.violations.extend(judgement.violated());
            }
            if let Some(limit) = bad.limit {
                let endless =
                    format!("schedule {seed} did not end within {limit}; again: {command}");
                // Its own time is the network's; events and memory are the
                // machine's.
                match limit {
                    Limit::Time(_) => findings.violations.push(endless),
                    Limit::Events(_) | Limit::Memory(_) => findings.unknown.push(endless),
                }
            }
        }
        if self.took.is_some() {
            findings.unknown.extend(engine.faults.never());
            findings.unknown.extend(engine.coverage.unknown());
        }
        findings
    }

    fn save(&self, results: &Results<Counted>, rows: &mut Rows) -> Result<(), Error> {
        save_judgement(&results.judgement, rows)
    }

    fn columns(&self, results: &Results<Counted>) -> StringRecord {
        judgement_columns(&results.judgement)
    }

    fn render(&self, Results { judgement, engine }: &Results<Counted>) -> String {
        let trial = &self.trial;
        let (tried, steps) = (engine.schedules, engine.steps);
        let of = match self.took {
            Some(took) => format!(" ({} a second, judged)", per_second(steps, took)),
            None => format!(
                " of {} schedules that ended before the interruption",
                trial.count
            ),
        };
        format!(
            "schedules         {tried}, {steps} steps{of}\n{}{}schedule {}, which is recorded:\n{}",
            engine.network(&trial.scenario),
            engine.coverage.text(),
            engine.recorded_schedule,
            judgement.text()
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
