//! One run, in a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use lab::shell;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::assignment::{Assignment, Run};
use super::crates::{self, Build};
use super::outcome::{Judged, Outcome};
use super::{Error, Plan, words};
use crate::sweep::run_apart;

/// How long a run that is out of time may take to save what it has. A guess.
const GRACE: Duration = Duration::from_secs(20);

/// How much of what a run printed on standard error is kept, in characters.
const KEPT: usize = 2000;

/// The exit status of a run that is refused: it will be refused again.
const USAGE: i32 = 2;

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
    plan: &'a Plan<'a>,
    assignment: &'a Assignment,
    /// Whether programs are cut off from the network.
    is_cut: bool,
    subject: Subject,
}

/// What runs.
pub(super) enum Subject {
    /// A program, by its whole path.
    Program(PathBuf),
    /// A crate.
    Crate(Build),
}

impl<'a> Runner<'a> {
    pub(super) fn new(plan: &'a Plan<'a>, subject: Subject, is_cut: bool) -> Self {
        Self {
            plan,
            assignment: plan.assignment,
            is_cut,
            subject,
        }
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
        let mut line = words(self.assignment, run);
        line.extend(["--seed".to_owned(), seed.to_string()]);
        let (command, mut judged, saved) = match &self.subject {
            Subject::Program(bin) => self.program(bin, run, line, interrupt).await?,
            Subject::Crate(build) => {
                let text = format!("cargo run -- {}", shell::join(&line));
                let judged = self.of_crate(build, run, &line, interrupt).await;
                let judged = judged.map_err(|source| Error::Start {
                    command: text.clone(),
                    source,
                })?;
                (text, judged, None)
            }
        };
        if interrupt.is_cancelled() && judged.outcome == Outcome::NotGraded {
            judged.doubt = Some("interrupted".into());
        }
        Ok(Attempt {
            seed,
            saved,
            command,
            judged,
            took: began.elapsed(),
        })
    }

    async fn of_crate(
        &self,
        build: &Build,
        run: &Run,
        line: &[String],
        interrupt: &CancellationToken,
    ) -> std::io::Result<Judged> {
        match build {
            Build::Refused(why) => Ok(crates::refused(why.clone())),
            Build::Unknown(why) => Ok(Judged::impossible(why.clone())),
            Build::Done(built) => {
                let bounds = (&self.assignment.budget, self.assignment.limit(run));
                built.run(line, self.is_cut, bounds, interrupt).await
            }
        }
    }

    /// A run of `testbed program`: its command, what came of it, and where it is saved.
    async fn program(
        &self,
        bin: &Path,
        run: &Run,
        options: Vec<String>,
        interrupt: &CancellationToken,
    ) -> Result<(String, Judged, Option<PathBuf>), Error> {
        let line = self.line(bin, options);
        let text = format!("testbed {}", shell::join(&line));
        let failed = |source| Error::Start {
            command: text.clone(),
            source,
        };
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        command.args(["--quiet", "--format", "json", "--out"]);
        command
            .arg(self.plan.out)
            .args(&self.plan.options)
            .args(&line);
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
        let Ok(record) = serde_json::from_slice::<Value>(&output.stdout) else {
            return Ok((text, without_record(&output), None));
        };
        let mut judged = Judged::of(&record, run.expects_slowness());
        if stop.is_cancelled() && !interrupt.is_cancelled() {
            judged = late(judged, &record, limit);
        }
        let saved = record["id"].as_str().map(|id| self.plan.out.join(id));
        Ok((text, judged, saved))
    }

    /// The words after `testbed`.
    fn line(&self, bin: &Path, options: Vec<String>) -> Vec<String> {
        let budget = &self.assignment.budget;
        let mut line = vec!["program".into(), "--bin".into(), bin.display().to_string()];
        line.extend(options);
        line.extend(["--max-memory".into(), bytes(budget.memory)]);
        line.extend(["--max-output".into(), bytes(budget.output)]);
        line.extend(self.is_cut.then(|| "--no-network".to_owned()));
        if !self.plan.args.is_empty() {
            line.push("--".into());
            line.extend_from_slice(self.plan.args);
        }
        line
    }
}

fn without_record(output: &Output) -> Judged {
    let said = String::from_utf8_lossy(&output.stderr);
    let said: String = said.trim().chars().take(KEPT).collect();
    if output.status.code() == Some(USAGE) {
        return Judged::impossible(said);
    }
    Judged::without_record(format!("the run has no record ({}): {said}", output.status))
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
