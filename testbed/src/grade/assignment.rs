//! An assignment: a TOML file with the runs that a program has to pass, what each is worth, and
//! what its author is shown of it. `docs/grading.md` describes each key.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lab::delay::Delay;
use lab::program::expect::Expectation;
use lab::program::nemesis::Nemesis;
use lab::program::patience;
use lab::program::workload::{Consistency, Neighbours, Workload};
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::Error;
use super::values::{self, Checked};

/// The most runs of an assignment, and the most seeds of a run. Guesses: a grading takes their
/// times together.
const MOST_RUNS: usize = 100;
const MOST_SEEDS: usize = 100;

/// The most points of a run. A guess.
const MOST_POINTS: f64 = 1e6;

/// How often a run is repeated at most.
const MOST_REPEATS: u32 = 10;

/// How long a run may take besides what is planned, unless the assignment says so: building the
/// network, starting programs, the last answers, the judge. A guess.
const BESIDES: Duration = Duration::from_secs(60);

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    title: String,
    #[serde(deserialize_with = "values::word")]
    workload: Workload,
    #[serde(default)]
    network: Network,
    #[serde(default)]
    budget: Budget,
    #[serde(default)]
    run: Vec<Spanned<Run>>,
}

/// The file of an assignment for Rust crates.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct CrateFile {
    title: String,
    #[serde(rename = "crate")]
    template: Template,
    #[serde(default)]
    budget: Budget,
    #[serde(default)]
    run: Vec<Spanned<CrateRun>>,
}

/// A run of a crate.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct CrateRun {
    title: String,
    points: f64,
    #[serde(default)]
    show: Show,
    #[serde(default)]
    visibility: Visibility,
    #[serde(default = "one_seed")]
    seeds: Vec<u32>,
    #[serde(deserialize_with = "values::command")]
    command: Vec<String>,
}

/// Tells the two files apart.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "crate")]
    template: Option<toml::Value>,
}

/// What an assignment is for.
#[derive(Debug)]
pub enum Subject {
    /// A program in any language, which clients ask for that.
    Program(Workload),
    /// A Rust crate with an algorithm.
    Crate(Template),
}

/// The crate that judges, and what a submission puts into it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Template {
    /// The folder of the crate, from that of the assignment. `None`: that of the submission.
    pub template: Option<PathBuf>,
    /// Files of the submission that replace those of the template, from the crate's folder.
    pub files: Vec<PathBuf>,
}

/// An assignment.
#[derive(Debug)]
pub struct Assignment {
    /// Where it was read.
    pub path: PathBuf,
    /// What it is called in reports.
    pub title: String,
    /// What it is for.
    pub subject: Subject,
    /// Whether programs reach the network.
    pub network: Network,
    /// What a run may take.
    pub budget: Budget,
    /// The runs, in the order of the file.
    pub runs: Vec<Run>,
    /// The line of each run in the file.
    lines: Vec<usize>,
}

/// Whether programs reach the network of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// They do not, where the kernel permits that.
    #[default]
    Cut,
    /// They do.
    Open,
}

/// What a run may take.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Budget {
    /// How long a run may take, from its start to its end. `None`: a minute more than planned.
    #[serde(deserialize_with = "values::some_time")]
    pub time: Option<Duration>,
    /// How much memory a program may take, with the processes of its group.
    #[serde(deserialize_with = "values::size")]
    pub memory: u64,
    /// How many bytes a program may write in a run, to standard output and standard error.
    #[serde(deserialize_with = "values::size")]
    pub output: u64,
    /// How often a run is repeated where the host was too slow for it.
    pub repeat: u32,
}

/// Guesses: a program of a student takes less, and a Java virtual machine 100 MiB.
impl Default for Budget {
    fn default() -> Self {
        Self {
            time: None,
            memory: 512 << 20,
            output: 64 << 20,
            repeat: 2,
        }
    }
}

/// A run, with the options of `testbed program`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Run {
    /// What it is called in reports.
    pub title: String,
    /// What it is worth.
    pub points: f64,
    /// What the author of the program is shown of it.
    #[serde(default)]
    pub show: Show,
    /// When Gradescope shows its result.
    #[serde(default)]
    pub visibility: Visibility,
    /// The run is done with each of these seeds, and passes if all do.
    #[serde(default = "one_seed")]
    pub seeds: Vec<u32>,
    /// How many programs.
    #[serde(default)]
    pub peers: Option<u32>,
    /// How many clients.
    #[serde(default)]
    pub clients: Option<u32>,
    /// How many operations a second, by all clients together.
    #[serde(default = "rate")]
    pub rate: f64,
    /// For how many seconds.
    #[serde(default = "seconds")]
    pub seconds: u64,
    /// How long nothing is asked then, before the last reads.
    #[serde(default = "recovery", deserialize_with = "values::time")]
    pub recovery: Duration,
    /// The delay of each message.
    #[serde(default, deserialize_with = "values::some_checked")]
    pub latency: Option<Checked<Delay>>,
    /// What happens to programs, in turns.
    #[serde(default, deserialize_with = "values::words")]
    pub nemesis: Vec<Nemesis>,
    /// How long a fault lasts, and the time to the next one.
    #[serde(default, deserialize_with = "values::some_time")]
    pub nemesis_interval: Option<Duration>,
    /// The probability that a message between programs is lost.
    #[serde(default)]
    pub loss: f64,
    /// The probability that it comes twice.
    #[serde(default)]
    pub duplication: f64,
    /// The neighbours that programs are told in broadcast.
    #[serde(default, deserialize_with = "values::some_word")]
    pub neighbours: Option<Neighbours>,
    /// What transactions are to be in txn-list-append.
    #[serde(default, deserialize_with = "values::some_word")]
    pub consistency: Option<Consistency>,
    /// What the run is expected to be, besides right.
    #[serde(default, deserialize_with = "values::all_checked")]
    pub expect: Vec<Checked<Expectation>>,
    /// The words with which a crate's program is started, instead of all the options above.
    #[serde(skip)]
    pub command: Option<Vec<String>>,
}

/// What the author of a program is shown of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Show {
    /// All: the command that repeats it, with its seed, and each reason.
    #[default]
    All,
    /// The properties that are violated, by their names.
    Verdict,
    /// The points, and one sentence.
    Nothing,
}

/// When Gradescope shows the result of a run to a student, as its specification names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// At once.
    #[default]
    Visible,
    /// Never.
    Hidden,
    /// After the due date.
    AfterDueDate,
    /// After the grades are published.
    AfterPublished,
}

impl From<CrateRun> for Run {
    fn from(run: CrateRun) -> Self {
        Self {
            title: run.title,
            points: run.points,
            show: run.show,
            visibility: run.visibility,
            seeds: run.seeds,
            peers: None,
            clients: None,
            rate: rate(),
            seconds: 0,
            recovery: Duration::ZERO,
            latency: None,
            nemesis: Vec::new(),
            nemesis_interval: None,
            loss: 0.0,
            duplication: 0.0,
            neighbours: None,
            consistency: None,
            expect: Vec::new(),
            command: Some(run.command),
        }
    }
}

fn one_seed() -> Vec<u32> {
    vec![1]
}

/// As on the command line of `testbed program`.
fn rate() -> f64 {
    5.0
}

fn seconds() -> u64 {
    20
}

fn recovery() -> Duration {
    Duration::from_secs(5)
}

impl Assignment {
    /// Reads the file. `check` says what is wrong with the options of a run.
    ///
    /// # Errors
    /// [`Error::Unreadable`], and [`Error::Assignment`] with the line.
    pub fn read(
        path: &Path,
        check: impl Fn(&Self, &Run) -> Result<(), String>,
    ) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|source| Error::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let assignment = Self::parse(path, &text)?;
        for (run, line) in assignment.runs.iter().zip(&assignment.lines) {
            check(&assignment, run)
                .map_err(|why| Error::assignment(path, *line, format!("{:?}: {why}", run.title)))?;
        }
        Ok(assignment)
    }

    /// The text of such a file; errors name its path.
    ///
    /// # Errors
    /// [`Error::Assignment`], with the line.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Error> {
        let line_at = |at: usize| {
            let before = text.bytes().take(at);
            before.filter(|byte| *byte == b'\n').count() + 1
        };
        let malformed = |error: toml::de::Error| {
            let line = line_at(error.span().map_or(0, |span| span.start));
            let message: Vec<_> = error.message().lines().collect();
            Error::assignment(path, line, message.join("; "))
        };
        let head: Head = toml::from_str(text).map_err(malformed)?;
        let mut assignment = match head.template {
            None => Self::of_programs(toml::from_str(text).map_err(malformed)?),
            Some(_) => Self::of_crates(toml::from_str(text).map_err(malformed)?),
        };
        assignment.path = path.to_owned();
        for line in &mut assignment.lines {
            *line = line_at(*line);
        }
        assignment.check()?;
        Ok(assignment)
    }

    /// Still without its path, and with places in the file for lines.
    fn of_programs(file: File) -> Self {
        Self {
            path: PathBuf::new(),
            title: file.title,
            subject: Subject::Program(file.workload),
            network: file.network,
            budget: file.budget,
            lines: file.run.iter().map(|run| run.span().start).collect(),
            runs: file.run.into_iter().map(Spanned::into_inner).collect(),
        }
    }

    /// The same of a file for crates.
    fn of_crates(file: CrateFile) -> Self {
        let runs = file.run.iter().map(|run| run.span().start);
        Self {
            path: PathBuf::new(),
            title: file.title,
            subject: Subject::Crate(file.template),
            network: Network::Cut,
            budget: file.budget,
            lines: runs.collect(),
            runs: file
                .run
                .into_iter()
                .map(|run| run.into_inner().into())
                .collect(),
        }
    }

    /// What no single value shows to be wrong.
    fn check(&self) -> Result<(), Error> {
        let wrong = |line, why: String| Err(Error::assignment(&self.path, line, why));
        if self.runs.is_empty() || self.runs.len() > MOST_RUNS {
            let why = format!(
                "{} runs; write 1 to {MOST_RUNS} tables [[run]]",
                self.runs.len()
            );
            return wrong(1, why);
        }
        if self.title.trim().is_empty() {
            return wrong(
                1,
                "title is empty; say what the assignment is called".into(),
            );
        }
        if self.budget.repeat > MOST_REPEATS {
            let why = format!(
                "repeat = {}; take at most {MOST_REPEATS}",
                self.budget.repeat
            );
            return wrong(1, why);
        }
        let mut titles = BTreeSet::new();
        for (run, line) in self.runs.iter().zip(&self.lines) {
            if let Err(why) = run.check(&self.budget) {
                return wrong(*line, format!("{:?}: {why}", run.title));
            }
            if !titles.insert(&run.title) {
                return wrong(*line, format!("two runs are called {:?}", run.title));
            }
        }
        Ok(())
    }

    /// How long a run of it may take.
    pub fn limit(&self, run: &Run) -> Duration {
        self.budget.time.unwrap_or_else(|| run.planned() + BESIDES)
    }

    /// What all runs are worth together.
    pub fn points(&self) -> f64 {
        self.runs.iter().map(|run| run.points).sum()
    }
}

impl Run {
    fn check(&self, budget: &Budget) -> Result<(), String> {
        if self.title.trim().is_empty() {
            return Err("title is empty; say what the run is called".into());
        }
        if !(0.0..=MOST_POINTS).contains(&self.points) {
            return Err(format!("points = {}; take 0 to {MOST_POINTS}", self.points));
        }
        if self.seeds.is_empty() || self.seeds.len() > MOST_SEEDS {
            let count = self.seeds.len();
            return Err(format!("{count} seeds; take 1 to {MOST_SEEDS}"));
        }
        match budget.time {
            Some(time) if time <= self.planned() => Err(format!(
                "the run asks for {:?}, and may take {time:?}; raise time in [budget]",
                self.planned()
            )),
            _ => Ok(()),
        }
    }

    /// How long it asks, and waits for the last answers.
    fn planned(&self) -> Duration {
        let latency = self.latency.as_ref().map_or(&Delay::NONE, |one| &one.value);
        Duration::from_secs(self.seconds)
            .saturating_add(self.recovery)
            .saturating_add(patience(latency))
    }

    /// Whether the time that something took is to be above a bound, which a slow host helps.
    pub fn expects_slowness(&self) -> bool {
        let mut all = self.expect.iter().map(|one| &one.text);
        all.any(|text| text.contains('>') && text.trim_start().starts_with("stable"))
    }
}

#[cfg(test)]
mod tests;
