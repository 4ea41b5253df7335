//! `testbed sweep`.

use std::process::ExitCode;

use clap::Parser as _;

use super::output;
use crate::cli::sweep::Sweep;
use crate::cli::{Cli, Common, Error, Usage};
use crate::sweep::{self, Options};

/// Runs the sweep, and prints its table.
pub(super) async fn run(common: &Common, args: &Sweep) -> Result<ExitCode, Error> {
    nothing_else(common)?;
    let options = Options {
        words: &args.words,
        out: &common.out,
        metrics: common.metrics,
        quiet: common.quiet,
    };
    let (text, status) = sweep::sweep(options, check).await?;
    output::print(&text)?;
    Ok(status.into())
}

/// Rejects options of the runs that stand before `sweep`, where they would be lost.
/// Only options of the sweep itself may stand there.
fn nothing_else(common: &Common) -> Result<(), Usage> {
    let usual = Cli::parse_from(["testbed", "list"]).common;
    let taken = Common {
        out: common.out.clone(),
        metrics: common.metrics,
        quiet: common.quiet,
        verbose: common.verbose,
        ..usual
    };
    match taken == *common {
        true => Ok(()),
        false => Err(Usage::option(
            "options of the runs",
            "stand after `sweep`, as in `testbed sweep gossip --peers 8,16`; before it stand \
             --out, --metrics, --quiet and --verbose",
        )),
    }
}

/// Whether the words are those of a run that fits this machine.
fn check(words: &[String]) -> Result<(), Error> {
    let run = format!("testbed {}", words.join(" "));
    let all = std::iter::once("testbed").chain(words.iter().map(String::as_str));
    let cli = Cli::try_parse_from(all).map_err(|error| {
        let text = error.render().to_string();
        let first = text.lines().next().unwrap_or_default();
        let why = first.trim_start_matches("error: ");
        Usage::value(run.as_str(), why)
    })?;
    let need = cli.command.need().ok_or_else(|| {
        Usage::value(
            format!("sweep {}", words[0]),
            "nothing is measured there; take gossip, kad, latency, ping or an algorithm",
        )
    })?;
    match cli.common.checked(need) {
        Err(error) => Err(Usage::value(run, error.to_string()).into()),
        Ok(_) => Ok(()),
    }
}
