//! `testbed grade` on the command line.

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory as _, FromArgMatches as _};

use super::{Cli, Command, Common, Error, Usage};
use crate::grade::report::Target;
use crate::grade::{Assignment, Plan, Run, Subject, words};

/// Options of `testbed grade`.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of grade")]
pub struct Grade {
    /// The assignment: a TOML file, as docs/grading.md describes
    #[arg(long, value_name = "FILE")]
    pub assignment: PathBuf,
    /// The program that is graded
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "folder",
        conflicts_with = "folder"
    )]
    pub bin: Option<PathBuf>,
    /// The Rust crate that is graded, with an algorithm: its folder
    #[arg(long = "crate", value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Write a report: json:FILE, gradescope:FILE (its results.json) or junit:FILE; may be given
    /// more than once
    #[arg(long, value_name = "FORM:FILE")]
    pub report: Vec<Target>,
    /// Do the run of that title alone
    #[arg(long, value_name = "TITLE")]
    pub only: Option<String>,
    /// Reports have everything of all runs, also of those that the assignment hides
    #[arg(long)]
    pub reveal: bool,
    /// What the program is started with, after --
    #[arg(last = true, value_name = "ARGUMENT")]
    pub args: Vec<String>,
}

impl Grade {
    /// The assignment, with its runs checked as command lines.
    ///
    /// # Errors
    /// [`crate::grade::Error`], with file and line, and [`Usage`] for other options.
    pub fn checked(&self, common: &Common) -> Result<Assignment, Error> {
        refuse_others(common)?;
        let assignment = Assignment::read(&self.assignment, check)?;
        let is_for_crates = matches!(assignment.subject, Subject::Crate(_));
        if is_for_crates != self.folder.is_some() {
            let (option, reason) = match is_for_crates {
                true => (
                    "--bin",
                    "does not fit: the assignment grades Rust crates; take --crate DIR",
                ),
                false => (
                    "--crate",
                    "does not fit: the assignment grades programs; take --bin FILE",
                ),
            };
            return Err(Usage::option(option, reason).into());
        }
        let titles = || assignment.runs.iter().map(|run| format!("{:?}", run.title));
        if let Some(only) = &self.only
            && assignment.runs.iter().all(|run| run.title != *only)
        {
            let reason = format!(
                "no run has that title; there are {}",
                titles().collect::<Vec<_>>().join(", ")
            );
            return Err(Usage::value(format!("--only {only:?}"), reason).into());
        }
        Ok(assignment)
    }

    /// What is graded.
    pub fn plan<'a>(&'a self, common: &'a Common, assignment: &'a Assignment) -> Plan<'a> {
        let machine = [
            ("--max-cpu", common.max_cpu.to_string()),
            ("--max-lag", format!("{}ms", common.max_lag.as_millis())),
            (
                "--dial-timeout",
                format!("{}ms", common.dial_timeout.as_millis()),
            ),
        ];
        let options = machine
            .into_iter()
            .flat_map(|(name, value)| [name.to_owned(), value]);
        Plan {
            assignment,
            bin: self
                .bin
                .as_deref()
                .or(self.folder.as_deref())
                .unwrap_or(Path::new("")),
            args: &self.args,
            only: self.only.as_deref(),
            out: &common.out,
            options: options.collect(),
            quiet: common.quiet,
        }
    }
}

/// Whether `testbed program` takes the options of the run.
fn check(assignment: &Assignment, run: &Run) -> Result<(), String> {
    if run.command.is_some() {
        return Ok(());
    }
    let mut all: Vec<_> = ["testbed", "program", "--bin", "./program"]
        .map(str::to_owned)
        .into();
    all.extend(words(assignment, run));
    let first_line = |error: clap::Error| {
        let text = error.render().to_string();
        let first = text.lines().next().unwrap_or_default();
        first.trim_start_matches("error: ").to_owned()
    };
    let matches = Cli::command()
        .try_get_matches_from(all)
        .map_err(first_line)?;
    let cli = Cli::from_arg_matches(&matches).map_err(first_line)?;
    match &cli.command {
        Command::Program(program) => program
            .check(&cli.common)
            .map_err(|error| error.to_string()),
        _ => Ok(()),
    }
}

/// The assignment says what runs, and where.
fn refuse_others(common: &Common) -> Result<(), Usage> {
    for (option, is_given) in [
        ("--peers", common.peers.is_some()),
        ("--topology", common.topology.is_some()),
        ("--transport", common.transport.is_some()),
        ("--time", common.time.is_some()),
        ("--network", common.network.is_some()),
        ("--scenario", common.scenario.is_some()),
        ("--security", common.security.is_some()),
        ("--seed", common.seed.is_some()),
        ("--otlp", common.otlp.is_some()),
        ("--view", common.view.is_some()),
        ("--metrics", common.metrics.is_some()),
        ("--guests", common.guests.is_some()),
    ] {
        if is_given {
            let reason =
                "does not hold for a grading: the assignment describes its runs; leave it out";
            return Err(Usage::option(option, reason));
        }
    }
    Ok(())
}
