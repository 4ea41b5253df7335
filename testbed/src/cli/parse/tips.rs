//! A tip for arguments that clap rejects: the command line that was probably meant, where
//! another engine or another order of the words makes it valid.

use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

/// Adds a tip to an error about the arguments `words`, of which the first is the program.
pub(super) fn add(mut error: Error, command: &Command, words: &[OsString]) -> Error {
    if !matches!(
        error.kind(),
        ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand
    ) {
        return error;
    }
    let program = command.get_name().to_owned();
    let tip = match meant(command, words) {
        Some(meant) => {
            let words = std::iter::once(&*program).chain(meant.iter().map(|word| &**word));
            format!(
                "this is valid: {}",
                shlex::try_join(words).unwrap_or_default()
            )
        }
        None if error.kind() == ErrorKind::InvalidSubcommand
            && error.get(ContextKind::SuggestedSubcommand).is_none()
            && command.find_subcommand("list").is_some() =>
        {
            format!("{program} list shows what there is to run")
        }
        None => return error,
    };
    for other in [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand] {
        error.remove(other);
    }
    let tips = ContextValue::StyledStrs(vec![tip.into()]);
    error.insert(ContextKind::Suggested, tips);
    error
}

/// The first variant of the words that clap takes.
fn meant(command: &Command, words: &[OsString]) -> Option<Vec<String>> {
    let words: Option<Vec<_>> = words[1..].iter().map(|word| word.to_str()).collect();
    let words = words?;
    let is_command = |word: &&str| command.find_subcommand(word).is_some();
    let place = words.iter().position(is_command)?;
    let engine = matches!(words[place], "simulate" | "check");
    let (before, rest) = words.split_at(place);
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    /// The text of the error about this line.
    fn rejected(line: &str) -> String {
        let words = format!("testbed {line}");
        let words: Vec<OsString> = words.split(' ').map(Into::into).collect();
        let error = Cli::command().try_get_matches_from(&words);
        let error = error.expect_err(line);
        add(error, &Cli::command(), &words).render().to_string()
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
        for line in ["wave --los 0.1", "wave --no-such-option"] {
            let text = rejected(line);
            assert!(!text.contains("this is valid"), "{line}: {text}");
        }
    }
}
