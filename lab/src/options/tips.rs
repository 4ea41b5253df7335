//! A tip for arguments that clap rejects: the command line that was probably meant, where
//! another engine or another order of the words makes it valid.

use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

use crate::shell;

/// What a program that depends on `testbed-lab` alone lacks.
const LIVE: &str = "over real peers, and for sweeps, the program takes `testbed::own` for \
                    `lab::own`; a crate of `testbed new` does with `cargo run --features live`";

/// Adds a tip to an error about the arguments `words`, of which the first is the program.
pub fn add(mut error: Error, command: &Command, words: &[OsString]) -> Error {
    let program = shell::program(words);
    let tip = match error.kind() {
        ErrorKind::UnknownArgument => valid(command, words, &program),
        ErrorKind::InvalidSubcommand => {
            valid(command, words, &program).or_else(|| other_command(&error, command, &program))
        }
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            list(&error, command, words, &program)
        }
        _ => None,
    };
    let Some(tip) = tip else {
        return error;
    };
    for other in [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand] {
        error.remove(other);
    }
    let tips = ContextValue::StyledStrs(vec![tip.into()]);
    error.insert(ContextKind::Suggested, tips);
    error
}

/// A variant of the words that is valid.
fn valid(command: &Command, words: &[OsString], program: &str) -> Option<String> {
    let meant = meant(command, words)?;
    let words = std::iter::once(program).chain(meant.iter().map(|word| &**word));
    let line = shlex::try_join(words).unwrap_or_default();
    Some(format!("this is valid: {line}"))
}

/// Where the command is that there is not.
fn other_command(error: &Error, command: &Command, program: &str) -> Option<String> {
    if let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidSubcommand)
        && matches!(&**name, "live" | "sweep")
        && command.find_subcommand("live").is_none()
        && command.find_subcommand("sweep").is_none()
    {
        return Some(LIVE.to_owned());
    }
    let is_known = error.get(ContextKind::SuggestedSubcommand).is_some();
    let has_list = command.find_subcommand("list").is_some();
    (has_list && !is_known).then(|| format!("{program} list shows what there is to run"))
}

/// A list is the value of one run where it stands before what a sweep runs, and without a sweep.
fn list(error: &Error, command: &Command, words: &[OsString], program: &str) -> Option<String> {
    let [arg, value] = [ContextKind::InvalidArg, ContextKind::InvalidValue].map(|kind| {
        let context = error.get(kind);
        context.map(ToString::to_string).unwrap_or_default()
    });
    let parts: Vec<_> = value.split(',').collect();
    if parts.len() < 2 {
        return None;
    }
    let option = arg.split(' ').next().unwrap_or_default();
    if words.iter().any(|word| word == "sweep") {
        return Some(format!(
            "options stand after the experiment or engine: {program} sweep ... {option} {value}"
        ));
    }
    // An option that takes a list itself says so.
    if arg.contains(",...") {
        return None;
    }
    swept(command, words, (&value, &parts), program)
}

/// The sweep over a list whose values are all valid.
fn swept(
    command: &Command,
    words: &[OsString],
    (list, parts): (&str, &[&str]),
    program: &str,
) -> Option<String> {
    command.find_subcommand("sweep")?;
    let words: Option<Vec<_>> = words[1..].iter().map(|word| word.to_str()).collect();
    let words = words?;
    let is_command = |word: &&str| command.find_subcommand(word).is_some();
    let place = words.iter().position(is_command)?;
    let is_valid = |part: &&str| {
        let of_one = words.iter().map(|word| match word.strip_suffix(list) {
            Some(option) if option.is_empty() || option.ends_with('=') => format!("{option}{part}"),
            _ => (*word).to_owned(),
        });
        let of_one = std::iter::once("testbed".to_owned()).chain(of_one);
        command.clone().try_get_matches_from(of_one).is_ok()
    };
    if !parts.iter().all(is_valid) {
        return None;
    }
    let (before, rest) = words.split_at(place);
    let sweep = [&[program, "sweep"], rest, before].concat();
    let line = shlex::try_join(sweep).unwrap_or_default();
    Some(format!("a list is for a sweep: {line}"))
}

/// The first variant of the words that clap takes.
fn meant(command: &Command, words: &[OsString]) -> Option<Vec<String>> {
    let words: Option<Vec<_>> = words[1..].iter().map(|word| word.to_str()).collect();
    let words = words?;
    let is_command = |word: &&str| command.find_subcommand(word).is_some();
    // A program of one system runs it without a command as well.
    let place = words.iter().position(is_command);
    let (before, rest) = words.split_at(place.unwrap_or(0));
    let engine = place.is_some_and(|place| matches!(words[place], "live" | "simulate" | "check"));
    let rest = &rest[usize::from(engine)..];
    let variants = ["simulate", "check", ""].map(|engine| {
        let engine = Some(engine).filter(|engine| !engine.is_empty());
        [before, engine.as_slice(), rest].concat()
    });
    let options_last = [rest, before].concat();
    let all = variants.into_iter().chain([options_last]);
    let mut valid = all.filter(|words| {
        let words = std::iter::once("testbed").chain(words.iter().copied());
        command.clone().try_get_matches_from(words).is_ok()
    });
    valid
        .next()
        .map(|words| words.into_iter().map(str::to_owned).collect())
}
