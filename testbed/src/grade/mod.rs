//! `testbed grade`: a program, the runs of an assignment, and points.
//!
//! Each run is `testbed program` in a process of its own, one after the other, so that it has
//! its own memory, can be stopped when its time is over, and can be repeated by its command
//! line. What the run says of the program is in its record ([`outcome`]). Reports
//! ([`report`]) have what the author of the program is shown of each run, and no more.

mod assignment;
mod crates;
mod error;
pub mod outcome;
pub mod report;
mod run;
mod values;
mod words;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use node::interrupt;
use tokio_util::sync::CancellationToken;

use crate::program;
use crate::progress::Progress;
use crate::run::Status;
pub use assignment::{Assignment, Network, Run, Show, Subject, Visibility};
pub use error::Error;
use outcome::Outcome;
use run::Attempt;
pub use words::words;

/// What is graded, and how.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The assignment.
    pub assignment: &'a Assignment,
    /// The program, or the folder of the crate.
    pub bin: &'a Path,
    /// What it is started with.
    pub args: &'a [String],
    /// The runs of that title alone.
    pub only: Option<&'a str>,
    /// The folder that gets a folder for each run.
    pub out: &'a Path,
    /// Options of each run that the machine needs, as words.
    pub options: Vec<String>,
    /// No progress.
    pub quiet: bool,
}

/// A grading that is over.
#[derive(Debug)]
pub struct Grade {
    /// What the assignment is called.
    pub title: String,
    /// Its file.
    pub assignment: PathBuf,
    /// The program, as it was given.
    pub program: String,
    /// Whether it was cut off from the network.
    pub network: Cut,
    /// The runs that were asked for, in the order of the assignment.
    pub runs: Vec<Graded>,
    /// Why the rest was not graded.
    pub stopped: Option<String>,
    /// How long it took.
    pub took: Duration,
}

/// Whether programs were cut off from the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// They were.
    Off,
    /// They were not, as the assignment has it.
    Open,
    /// They were not, since this system does not permit it.
    NotPermitted(String),
}

/// A run that was graded.
#[derive(Debug)]
pub struct Graded {
    /// The run.
    pub run: Run,
    /// How it ended.
    pub outcome: Outcome,
    /// What was done for it, in order.
    pub attempts: Vec<Attempt>,
    /// How long that took.
    pub took: Duration,
}

impl Grade {
    /// The points of all runs.
    pub fn score(&self) -> f64 {
        // The sum of nothing is -0.
        self.runs.iter().filter_map(Graded::score).sum::<f64>() + 0.0
    }

    /// What they are worth together.
    pub fn points(&self) -> f64 {
        self.runs.iter().map(|graded| graded.run.points).sum()
    }

    /// How many runs ended so.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.runs
            .iter()
            .filter(|graded| graded.outcome == outcome)
            .count()
    }

    /// Whether all passed; unknown if any could not be graded.
    pub fn status(&self) -> Status {
        match (self.count(Outcome::NotGraded), self.count(Outcome::Failed)) {
            (0, 0) => Status::Pass,
            (0, _) => Status::Fail,
            _ => Status::Unknown,
        }
    }

    /// A grading in which no run can be carried out, for that reason.
    pub fn impossible(plan: &Plan<'_>, why: String) -> Self {
        let runs = plan.runs().map(|run| Graded::not_tried(run.clone()));
        Self {
            runs: runs.collect(),
            stopped: Some(why),
            network: Cut::Open,
            took: Duration::ZERO,
            ..Self::empty(plan)
        }
    }

    fn empty(plan: &Plan<'_>) -> Self {
        Self {
            title: plan.assignment.title.clone(),
            assignment: plan.assignment.path.clone(),
            program: plan.bin.display().to_string(),
            network: Cut::Open,
            runs: Vec::new(),
            stopped: None,
            took: Duration::ZERO,
        }
    }
}

impl Graded {
    /// Its points; `None` if it could not be graded.
    pub fn score(&self) -> Option<f64> {
        match self.outcome {
            Outcome::Passed => Some(self.run.points),
            Outcome::Failed => Some(0.0),
            Outcome::NotGraded => None,
        }
    }

    fn not_tried(run: Run) -> Self {
        Self {
            run,
            outcome: Outcome::NotGraded,
            attempts: Vec::new(),
            took: Duration::ZERO,
        }
    }

    /// The attempt that decided: the first that failed, or the last.
    pub fn deciding(&self) -> Option<&Attempt> {
        let decided = |attempt: &&Attempt| attempt.judged.outcome == self.outcome;
        let mut last = self.attempts.iter().rev();
        last.find(decided)
    }
}

impl Plan<'_> {
    fn runs(&self) -> impl Iterator<Item = &Run> {
        let is_asked_for = |run: &&Run| self.only.is_none_or(|only| run.title == only);
        self.assignment.runs.iter().filter(is_asked_for)
    }
}

/// Grades the program.
///
/// # Errors
/// [`Error::Program`], if there is no program, [`Error::Crate`] and [`Error::Start`].
pub async fn grade(plan: &Plan<'_>) -> Result<Grade, Error> {
    let began = Instant::now();
    let interrupt = interrupt::watch().map_err(Error::Signals)?;
    let subject = match &plan.assignment.subject {
        Subject::Program(_) => run::Subject::Program(program::executable(plan.bin)?),
        Subject::Crate(template) => {
            let (assignment, folder) = (plan.assignment, plan.bin);
            let build = crates::build(assignment, template, folder, &interrupt).await?;
            run::Subject::Crate(build)
        }
    };
    let network = cut(plan.assignment.network);
    let runs: Vec<_> = plan.runs().collect();
    let bar = Progress::new(plan.quiet).bar("runs", runs.len() as u64);
    let runner = run::Runner::new(plan, subject, network == Cut::Off);
    let mut grade = Grade {
        network,
        ..Grade::empty(plan)
    };
    for run in runs {
        grade.runs.push(graded(&runner, run, &interrupt).await?);
        bar.step();
    }
    if interrupt.is_cancelled() {
        grade.stopped = Some("interrupted".into());
    }
    grade.took = began.elapsed();
    Ok(grade)
}

/// Does the run with each of its seeds, until one fails. Where the machine may be the reason,
/// it is repeated.
async fn graded(
    runner: &run::Runner<'_>,
    run: &Run,
    interrupt: &CancellationToken,
) -> Result<Graded, Error> {
    let began = Instant::now();
    let mut graded = Graded::not_tried(run.clone());
    let mut all_passed = true;
    for seed in &run.seeds {
        let mut outcome = Outcome::NotGraded;
        for _ in 0..=runner.repeats() {
            if interrupt.is_cancelled() {
                graded.took = began.elapsed();
                return Ok(graded);
            }
            let attempt = runner.attempt(run, *seed, interrupt).await?;
            let is_certain = attempt.judged.doubt.is_none();
            outcome = attempt.judged.outcome;
            graded.attempts.push(attempt);
            if is_certain {
                break;
            }
        }
        all_passed &= outcome == Outcome::Passed;
        if outcome == Outcome::Failed {
            graded.outcome = Outcome::Failed;
            break;
        }
    }
    if all_passed {
        graded.outcome = Outcome::Passed;
    }
    graded.took = began.elapsed();
    Ok(graded)
}

/// Whether programs will be cut off from the network.
fn cut(network: Network) -> Cut {
    match network {
        Network::Open => Cut::Open,
        Network::Cut => match program::can_be_cut() {
            Ok(()) => Cut::Off,
            Err(program::Error::Network { why }) => Cut::NotPermitted(why),
            Err(error) => Cut::NotPermitted(error.to_string()),
        },
    }
}
