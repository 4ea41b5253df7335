//! The arguments of the process: parsed by clap, and checked for errors that clap
//! does not report.

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, Args as _, Command, Parser};
use lab::options::tips;
use lab::shell;

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
    check(command, &words, &matches)?;
    Ok(matches)
}

/// `words` are those of the whole command line.
fn check(command: &Command, words: &[OsString], matches: &ArgMatches) -> Result<(), Usage> {
    if let Some(name) = given_twice(command, &words[1..]) {
        return Err(Usage::option(name, "is given twice; leave one out"));
    }
    match without_effect(command, &shell::program(words), matches) {
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
        ("judge", id) => !matches!(id, "out" | "format" | "peers" | "topology" | "seed"),
        ("list", id) => id != "format",
        ("explain" | "doctor", id) => id != "format",
        ("completions" | "new", _) => true,
        ("nat", id) => !matches!(id, "transport" | "seed" | "format" | "otlp"),
        ("graph", id) => !matches!(id, "peers" | "seed" | "format"),
        ("sweep", id) => !matches!(id, "out" | "metrics"),
        _ => false,
    }
}

/// The first option without effect, and a remedy.
fn without_effect(command: &Command, program: &str, matches: &ArgMatches) -> Option<Usage> {
    let (name, leaf) = matches.subcommand()?;
    let mut leaf = leaf;
    while let Some((_, below)) = leaf.subcommand() {
        leaf = below;
    }
    let common = Common::augment_args(Command::new("common"));
    // What stands before `sweep` would be lost, the options of one's own system too.
    let all = if name == "sweep" { command } else { &common };
    let arg = all.get_arguments().find(|arg| {
        let id = arg.get_id().as_str();
        is_ignored(name, id) && leaf.value_source(id) == Some(ValueSource::CommandLine)
    })?;
    let long = arg.get_long()?;
    if name == "sweep" {
        return Some(Usage::option(
            format!("--{long}"),
            format!(
                "is for the runs: it stands after `sweep` and the experiment or engine, as in \
                 `{program} sweep ... --{long}`; before it stand --out, --metrics, --quiet and \
                 --verbose"
            ),
        ));
    }
    let hint = match (name, arg.get_id().as_str()) {
        ("view", "view") => "; the page's address is --listen",
        ("simulate" | "check", _) => ", which starts no peers",
        _ => "",
    };
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
        let words = format!("testbed {line}");
        let words: Vec<OsString> = words.split(' ').map(Into::into).collect();
        let matches = Cli::command()
            .try_get_matches_from(&words)
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
            ("nat --peers 3", "--peers", "nat"),
            ("--topology ring nat", "--topology", "nat"),
            ("graph --topology ring", "--topology", "graph"),
            ("list --peers 3", "--peers", "list"),
            ("explain echo --out x", "--out", "explain"),
            ("completions bash --format json", "--format", "completions"),
            ("new mine --peers 3", "--peers", "new"),
            ("judge --view", "--view", "judge"),
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
            (
                "--peers 3 sweep wave --loss 0,0.1",
                "--peers",
                "after `sweep`",
            ),
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
            "nat --transport tcp,quic --seed 1 --format json",
            "--transport quic nat -q",
            "--peers 9 graph --seed 1 --format json -q",
            "judge --out x --with wave --peers 3 --topology ring --seed 1 --format json",
            "list --format json",
            "--out x -q sweep wave --peers 3,4",
            "explain echo --format json",
        ] {
            assert_eq!(refused(line), None, "{line}");
        }
    }

    /// The text of the error about this line.
    fn rejected(line: &str) -> String {
        let words = format!("testbed {line}");
        let words: Vec<OsString> = words.split(' ').map(Into::into).collect();
        let error = Cli::command().try_get_matches_from(&words);
        let error = error.expect_err(line);
        tips::add(error, &Cli::command(), &words)
            .render()
            .to_string()
    }

    #[test]
    fn error_shows_the_command_line_that_was_meant() {
        for (line, meant) in [
            ("wave --loss 0.1", "testbed simulate wave --loss 0.1"),
            (
                "--peers 4 wave --seeds 9",
                "testbed --peers 4 simulate wave --seeds 9",
            ),
            ("wave --lossy", "testbed check wave --lossy"),
            ("check wave --loss 0.1", "testbed simulate wave --loss 0.1"),
            (
                "simulate wave --crashes 1",
                "testbed check wave --crashes 1",
            ),
            ("simulate kad", "testbed kad"),
            ("--kill 3@5ms gossip", "testbed gossip --kill 3@5ms"),
        ] {
            let text = rejected(line);
            assert!(
                text.contains(&format!("tip: this is valid: {meant}\n")),
                "{line}: {text}"
            );
        }
        let text = rejected("simulate raft");
        assert!(text.contains("tip: testbed list shows"), "{text}");
        let text = rejected("sweep --peers 4,8 wave");
        assert!(
            text.contains(
                "tip: options stand after the experiment or engine: testbed sweep ... --peers 4,8\n"
            ),
            "{text}"
        );
        for line in ["wave --los 0.1", "wave --no-such-option"] {
            let text = rejected(line);
            assert!(!text.contains("this is valid"), "{line}: {text}");
        }
    }
}
