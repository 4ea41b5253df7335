//! `testbed sweep`, and `sweep` of a program that runs one system.

use std::process::ExitCode;

use clap::{ArgMatches, Command as Parser, CommandFactory as _, FromArgMatches as _};

use super::output;
use super::systems::without_sockets;
use crate::cli::need::{self, MANY};
use crate::cli::own;
use crate::cli::sweep::Sweep;
use crate::cli::{Cli, Command, Common, Error, Usage};
use crate::limits::Need;
use crate::sweep::{self, Options, Program};

/// Runs the sweep, and prints its table.
pub(super) async fn run(common: &Common, args: &Sweep) -> Result<ExitCode, Error> {
    let program = Program {
        name: "testbed".to_owned(),
        system: None,
        example: "gossip",
        lists: Vec::new(),
        build: None,
    };
    execute(common, &args.words, program, check).await
}

/// The same for a program that runs one system. `check` tests whether a command line is
/// that of a run that fits this machine.
pub(crate) async fn own(
    common: Common,
    args: own::Sweep,
    program: Program,
    check: fn(&[String]) -> Result<(), Error>,
) -> Result<ExitCode, Error> {
    let repeat = args.repeat.map(|count| format!("--repeat={count}"));
    let words: Vec<_> = args.words.into_iter().chain(repeat).collect();
    execute(&common, &words, program, check).await
}

async fn execute(
    common: &Common,
    words: &[String],
    program: Program,
    check: fn(&[String]) -> Result<(), Error>,
) -> Result<ExitCode, Error> {
    let options = Options {
        program,
        words,
        out: &common.out,
        metrics: common.metrics,
        quiet: common.quiet,
    };
    let (text, status) = sweep::sweep(options, check).await?;
    output::print(&text)?;
    Ok(status.into())
}

/// Whether the words are those of a run that fits this machine.
fn check(words: &[String]) -> Result<(), Error> {
    let matches = parsed(Cli::command(), "testbed", words)?;
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let (common, need) = match &cli.command {
        Command::Simulate(args) => (
            without_sockets(&cli.common),
            Some(need::of_system(&args.system, MANY)),
        ),
        command => {
            let need = command.need(&cli.common)?;
            (cli.common, need)
        }
    };
    let need = need.ok_or_else(|| {
        Usage::value(
            format!("sweep {}", words[0]),
            "nothing is measured there; take gossip, kad, latency, ping, an algorithm, or \
             simulate with an algorithm",
        )
    })?;
    fits("testbed", words, &common, need)
}

/// The same of a program that runs one system.
pub(crate) fn check_own(program: &str, words: &[String], cli: &own::Cli) -> Result<(), Error> {
    let common = match &cli.command {
        Some(own::Command::Run(own::Task::Live)) => cli.common.clone(),
        Some(own::Command::Run(own::Task::Simulate(_))) => without_sockets(&cli.common),
        _ => {
            let example = format!("as in `{program} sweep simulate --peers 10,20,40`");
            let reason = format!("take live or simulate, which are measured, {example}");
            return Err(Usage::value(format!("sweep {}", words[0]), reason).into());
        }
    };
    fits(program, words, &common, Need::of(2, MANY))
}

/// Parses the command line of a run.
pub(crate) fn parsed(
    command: Parser,
    program: &str,
    words: &[String],
) -> Result<ArgMatches, Error> {
    let all = std::iter::once(program).chain(words.iter().map(String::as_str));
    let matches = command.try_get_matches_from(all).map_err(|error| {
        let text = error.render().to_string();
        let first = text.lines().next().unwrap_or_default();
        let why = first.trim_start_matches("error: ");
        Usage::value(line(program, words), why)
    });
    Ok(matches?)
}

fn fits(program: &str, words: &[String], common: &Common, need: Need) -> Result<(), Error> {
    match common.checked(need) {
        Err(error) => Err(Usage::value(line(program, words), error.to_string()).into()),
        Ok(_) => Ok(()),
    }
}

fn line(program: &str, words: &[String]) -> String {
    format!("{program} {}", words.join(" "))
}
