//! The arguments of the process: parsed by clap, and checked for errors that clap
//! does not report.

mod tips;

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, Args as _, Command, Parser};

use super::Error;
use super::{Common, Usage};

/// Parses the arguments of this process. Like clap, ends the process on a parse
/// error, and when the help or the version was requested.
///
/// # Errors
/// [`Usage`](super::Usage) names an option that was given twice, or that has no effect
/// on this command.
pub fn parse<C: Parser>() -> Result<C, Error> {
    let matches = matches(&C::command())?;
    Ok(C::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()))
}

/// As [`parse`], by a command line that is given.
///
/// # Errors
/// Those of [`parse`].
pub fn matches(command: &Command) -> Result<ArgMatches, Error> {
    let words: Vec<_> = std::env::args_os().collect();
    let matches = command.clone().try_get_matches_from(&words);
    let matches = matches.unwrap_or_else(|error| tips::add(error, command, &words).exit());
    check(command, &words[1..], &matches)?;
    Ok(matches)
}

fn check(command: &Command, words: &[OsString], matches: &ArgMatches) -> Result<(), Usage> {
    if let Some(name) = given_twice(command, words) {
        return Err(Usage::option(name, "is given twice; leave one out"));
    }
    match without_effect(command, matches) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// The first global option that was given more than once: clap keeps the last value,
/// and reports duplicates only within one level.
fn given_twice(command: &Command, words: &[OsString]) -> Option<String> {
    let mut given: BTreeMap<String, u32> = single_options(command)
        .into_iter()
        .map(|name| (format!("--{name}"), 0))
        .collect();
    for word in words {
        let word = word.as_encoded_bytes();
        if word == b"--" {
            break;
        }
        let name = word.split(|byte| *byte == b'=').next().unwrap_or_default();
        let name = String::from_utf8_lossy(name);
        if let Some(count) = given.get_mut(name.as_ref()) {
            *count += 1;
        }
    }
    let mut twice = given.into_iter().filter(|(_, count)| *count > 1);
    twice.next().map(|(name, _)| name)
}

/// The long names of all global options that take one value.
fn single_options(command: &Command) -> Vec<String> {
    let own = command.get_arguments();
    let single =
        own.filter(|arg| arg.is_global_set() && matches!(arg.get_action(), ArgAction::Set));
    let mut names: Vec<_> = single
        .filter_map(|arg| arg.get_long().map(str::to_owned))
        .collect();
    names.extend(command.get_subcommands().flat_map(single_options));
    names
}

/// Whether a command ignores that option of every run.
fn is_ignored(command: &str, id: &str) -> bool {
    match (command, id) {
        (_, "quiet" | "verbose") => false,
        // No peer is started, and no pace is measured.
        ("simulate" | "check", id) => matches!(
            id,
            "transport" | "security" | "dial_timeout" | "max_cpu" | "max_lag"
        ),
        ("view", id) => id != "out",
        ("export", id) => !matches!(id, "out" | "format"),
        ("list", id) => id != "format",
        ("explain", id) => id != "format",
        ("completions", _) => true,
        _ => false,
    }
}

/// The first option without effect, and a remedy.
fn without_effect(command: &Command, matches: &ArgMatches) -> Option<Usage> {
    let (name, leaf) = matches.subcommand()?;
    let mut leaf = leaf;
    while let Some((_, below)) = leaf.subcommand() {
        leaf = below;
    }
    let common = Common::augment_args(Command::new("common"));
    let arg = common.get_arguments().find(|arg| {
        let id = arg.get_id().as_str();
        is_ignored(name, id) && leaf.value_source(id) == Some(ValueSource::CommandLine)
    })?;
    let hint = match (name, arg.get_id().as_str()) {
        ("view", "view") => "; the page's address is --listen",
        ("simulate" | "check", _) => ", which starts no peers",
        _ => "",
    };
    let (long, program) = (arg.get_long()?, command.get_name());
    Some(Usage::option(
        format!("--{long}"),
        format!("has no effect on `{program} {name}`{hint}; leave it out"),
    ))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    fn refused(line: &str) -> Option<String> {
        let words: Vec<OsString> = line.split(' ').map(Into::into).collect();
        let all = std::iter::once(OsString::from("testbed")).chain(words.clone());
        let matches = Cli::command()
            .try_get_matches_from(all)
            .expect("clap takes it");
        let error = check(&Cli::command(), &words, &matches).err()?;
        Some(error.to_string())
    }

    #[test]
    fn option_given_twice_is_refused() {
        for line in [
            "--peers 4 ping --peers 5",
            "--out=a ping --out b",
            "simulate --loss 0.1 snapshot --loss=0.2",
            "--view ping --view=127.0.0.1:1",
        ] {
            let error = refused(line).expect(line);
            assert!(error.contains("is given twice"), "{line}: {error}");
        }
        for line in [
            "--peers 4 ping --count 5",
            "elect --kill 1@1s --kill 2@1s",
            "-v -v ping",
        ] {
            assert_eq!(refused(line), None, "{line}");
        }
    }

    #[test]
    fn option_without_effect_is_refused() {
        for (line, option, hint) in [
            ("view --view", "--view", "--listen"),
            ("--view view", "--view", "--listen"),
            ("view --seed 1", "--seed", "view"),
            ("list --peers 3", "--peers", "list"),
            ("explain echo --out x", "--out", "explain"),
            ("completions bash --format json", "--format", "completions"),
            (
                "export --format otlp --metrics 127.0.0.1:1",
                "--metrics",
                "export",
            ),
            (
                "simulate --transport quic elect",
                "--transport",
                "starts no peers",
            ),
            ("check elect --max-cpu 50", "--max-cpu", "starts no peers"),
        ] {
            let error = refused(line).expect(line);
            assert!(
                error.starts_with(option) && error.contains(hint),
                "{line}: {error}"
            );
        }
        for line in [
            "--transport quic elect --max-cpu 50",
            "view --out x -q",
            "export --out x --format otlp",
            "simulate elect --peers 3 --view",
            "list -v",
            "list --format json",
            "explain echo --format json",
        ] {
            assert_eq!(refused(line), None, "{line}");
        }
    }
}
