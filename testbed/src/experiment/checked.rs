//! A system under the model checker: every schedule is tried, and one is
//! recorded, the shortest that is wrong if there is one.

use std::num::NonZeroUsize;
use std::sync::Arc;

use serde_json::json;
use tokio::sync::oneshot;

use super::{Bench, Experiment, Findings};
use crate::Error;
use crate::history::History;
use crate::model::{self, Action, Network};
use crate::run::{Record, Rows};
use crate::stats::per_second;
use crate::store::Store;
use crate::system::{self, Judgement, System};

/// A system under the model checker.
#[derive(Debug)]
pub struct Checked<S> {
    system: Arc<S>,
    network: Network,
    most: NonZeroUsize,
    seed: u64,
    told: Option<Told>,
}

#[derive(Debug)]
struct Told {
    found: model::Checked<Action>,
    judgement: Judgement,
}

impl<S: System + 'static> Checked<S> {
    /// Every schedule of `system`, up to `most` states.
    pub fn new(system: S, network: Network, most: NonZeroUsize, seed: u64) -> Self {
        Self {
            system: Arc::new(system),
            network,
            most,
            seed,
            told: None,
        }
    }
}

impl<S: System + 'static> Experiment for Checked<S> {
    async fn run(&mut self, bench: Bench<'_>) -> Result<(), Error> {
        bench.record.transport = "checked".to_owned();
        bench.record.security = "none";
        let (system, network) = (Arc::clone(&self.system), self.network);
        let (seed, most) = (self.seed, self.most);
        let (sender, found) = oneshot::channel();
        // A thread of its own, which nobody waits for when the run is
        // interrupted.
        std::thread::spawn(move || {
            let found = model::check(&system, network, seed, most);
            // Nobody listens any more when the run was interrupted.
            let _ = sender.send(found);
        });
        let found = found.await;
        let found = found.map_err(|_| Error::Failed("the model checker has panicked".into()))?;
        bench.record.phase("Check", found.took);
        let way = found.counterexample.as_ref().or(found.example.as_ref());
        if let Some(way) = way {
            model::replay(&*self.system, seed, way, bench.sink);
        }
        self.told = Some(Told {
            found,
            judgement: Judgement::default(),
        });
        Ok(())
    }

    fn judge(&mut self, record: &mut Record, store: &Store) -> Findings {
        let Some(Told { found, judgement }) = &mut self.told else {
            return Findings::default();
        };
        *judgement = system::judge(&*self.system, &History::read(store));
        let mut findings = Findings::default();
        if let Some(way) = &found.counterexample {
            let wrong = format!("a run of {} steps is wrong", way.len());
            findings.violations.push(wrong);
            findings.violations.extend(judgement.violated());
        } else if !found.whole {
            findings.unknown.push(format!(
                "the system is too large to check whole: {} states were tried, down to depth {}; take fewer peers or acts, or more --max-states",
                found.states, found.depth
            ));
        } else if found.example.is_none() {
            findings.violations.push(
                "no run comes to an end and shows something: that none is wrong says nothing"
                    .into(),
            );
        }
        record.results = judgement.results(json!({
            "states": found.states,
            "depth": found.depth,
            "states_per_second": per_second(found.states, found.took),
            "whole": found.whole,
            "counterexample_steps": found.counterexample.as_ref().map(Vec::len),
        }));
        findings
    }

    fn save(&self, rows: &mut Rows) -> Result<(), Error> {
        match &self.told {
            Some(told) => told.judgement.save(rows),
            None => Ok(()),
        }
    }

    fn tell(&self, _: &Record) -> String {
        let Some(Told { found, judgement }) = &self.told else {
            return String::new();
        };
        let which = match (&found.counterexample, &found.example) {
            (Some(way), _) => format!(
                "the shortest run that is wrong, {} steps, which is recorded:",
                way.len()
            ),
            (None, Some(way)) => format!(
                "every run is right, and every run ends; one of {} steps is recorded:",
                way.len()
            ),
            (None, None) => "no run ended that shows something".to_owned(),
        };
        format!(
            "states            {} ({} a second), depth {}, {}\n{which}\n{}",
            found.states,
            per_second(found.states, found.took),
            found.depth,
            if found.whole {
                "all of them"
            } else {
                "not all of them"
            },
            judgement.text()
        )
    }
}
