//! One run, in a process of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use lab::shell;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::assignment::{Assignment, Run};
use super::outcome::{Judged, Outcome};
use super::{Error, Plan, words};
use crate::sweep::run_apart;

/// How long a run that is out of time may take to save what it has. A guess.
const GRACE: Duration = Duration::from_secs(20);

/// How much of what a run printed on standard error is kept, in characters.
const KEPT: usize = 2000;

/// What was done once for a run.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The seed.
    pub seed: u32,
    /// The command that repeats it.
    pub command: String,
    /// What came of it.
    pub judged: Judged,
    /// Where the run is saved.
    pub saved: Option<PathBuf>,
    /// How long it took.
    pub took: Duration,
}

/// Starts runs.
pub(super) struct Runner<'a> {
    assignment: &'a Assignment,
    out: &'a Path,
    /// Words after `testbed`, before those of the run, and after them.
    before: Vec<String>,
    after: Vec<String>,
    machine: &'a [String],
}

impl<'a> Runner<'a> {
    /// Of that program, by its whole path.
    pub(super) fn new(plan: &'a Plan<'_>, bin: &Path, is_cut: bool) -> Self {
        let budget = &plan.assignment.budget;
        let mut after: Vec<_> = [
            "--max-memory",
            &bytes(budget.memory),
            "--max-output",
            &bytes(budget.output),
        ]
        .map(str::to_owned)
        .into();
        after.extend(is_cut.then(|| "--no-network".to_owned()));
        Self {
            assignment: plan.assignment,
            out: plan.out,
            before: vec!["program".into(), "--bin".into(), bin.display().to_string()],
            after,
            machine: &plan.options,
        }
        .with_arguments(plan.args)
    }

    fn with_arguments(mut self, args: &[String]) -> Self {
        if !args.is_empty() {
            self.after.push("--".into());
            self.after.extend_from_slice(args);
        }
        self
    }

    /// How often a run is repeated.
    pub(super) fn repeats(&self) -> u32 {
        self.assignment.budget.repeat
    }

    /// Does the run with that seed, until it ends, or its time is over.
    pub(super) async fn attempt(
        &self,
        run: &Run,
        seed: u32,
        interrupt: &CancellationToken,
    ) -> Result<Attempt, Error> {
        let began = Instant::now();
        let mut line = self.before.clone();
        line.extend(words(self.assignment, run));
        line.extend(["--seed".to_owned(), seed.to_string()]);
        line.extend_from_slice(&self.after);
        let text = format!("testbed {}", shell::join(&line));
        let failed = |source| Error::Start {
            command: text.clone(),
            source,
        };
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        command
            .args(["--quiet", "--format", "json", "--out"])
            .arg(self.out);
        command.args(self.machine).args(&line);
        let limit = self.assignment.limit(run);
        let stop = interrupt.child_token();
        let timer = tokio::spawn({
            let stop = stop.clone();
            async move {
                tokio::time::sleep(limit).await;
                stop.cancel();
            }
        });
        let output = run_apart(&mut command, &stop, Some(GRACE)).await;
        timer.abort();
        let output = output.map_err(failed)?;
        let is_late = stop.is_cancelled() && !interrupt.is_cancelled();
        let record: Option<Value> = serde_json::from_slice(&output.stdout).ok();
        let judged = match &record {
            Some(record) => {
                let judged = Judged::of(record, run.expects_slowness());
                if is_late {
                    late(judged, record, limit)
                } else {
                    judged
                }
            }
            None => {
                let said = String::from_utf8_lossy(&output.stderr);
                let said: String = said.trim().chars().take(KEPT).collect();
                let why = format!("the run has no record ({}): {said}", output.status);
                Judged::without_record(why)
            }
        };
        let id = record.as_ref().and_then(|record| record["id"].as_str());
        Ok(Attempt {
            seed,
            saved: id.map(|id| self.out.join(id)),
            command: text,
            judged,
            took: began.elapsed(),
        })
    }
}

/// Of a run whose time was over: it fails, unless the machine may be the reason.
fn late(judged: Judged, record: &Value, limit: Duration) -> Judged {
    let why = format!("the run did not end within {limit:?}, its time in the assignment");
    let host = Judged::doubt_of(record);
    let outcome = match (&host, judged.outcome) {
        (None, _) | (_, Outcome::Failed) => Outcome::Failed,
        _ => Outcome::NotGraded,
    };
    let mut reasons = vec![why];
    reasons.extend(judged.reasons);
    Judged {
        outcome,
        reasons,
        doubt: host,
        ..judged
    }
}

/// A number of bytes as an option has it.
fn bytes(bytes: u64) -> String {
    match bytes.is_multiple_of(1 << 20) {
        true => format!("{}M", bytes >> 20),
        false => bytes.to_string(),
    }
}
