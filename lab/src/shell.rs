//! Command lines that a user copies into a shell.

use std::ffi::OsStr;
use std::path::Path;

/// One word, quoted where a POSIX shell would misread it.
pub fn quote(word: impl AsRef<OsStr>) -> String {
    let word = word.as_ref().to_string_lossy();
    match shlex::try_quote(&word) {
        Ok(quoted) => quoted.into_owned(),
        // It holds a NUL, which no argument can.
        Err(_) => word.replace('\0', ""),
    }
}

/// Words, each quoted where it has to be.
pub fn join(words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> String {
    let words: Vec<_> = words.into_iter().map(quote).collect();
    words.join(" ")
}

/// The command line of a run of the simulator that runs one schedule alone, with the
/// same choices of `seed`.
pub fn again(command: &[String], seed: u64, schedule: u64) -> String {
    let program = command.first().map(Path::new).and_then(Path::file_name);
    let program = program.map_or("testbed".into(), |name| name.to_string_lossy());
    let mut words = vec![program.into_owned()];
    let mut rest = command.iter().skip(1);
    while let Some(word) = rest.next() {
        let name = word.split_once('=').map_or(word.as_str(), |(name, _)| name);
        match name {
            "--seed" | "--seeds" | "--schedule" if name == word => drop(rest.next()),
            "--seed" | "--seeds" | "--schedule" => {}
            _ => words.push(word.to_owned()),
        }
    }
    let seeds = [("--seed", seed), ("--schedule", schedule)];
    words.extend(
        seeds
            .into_iter()
            .flat_map(|(name, value)| [name.to_owned(), value.to_string()]),
    );
    join(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        for (word, quoted) in [
            ("runs/2026-ping", "runs/2026-ping"),
            ("a b", "'a b'"),
            ("$HOME", "'$HOME'"),
            ("it's", "\"it's\""),
            ("", "''"),
        ] {
            assert_eq!(quote(word), quoted);
        }
        assert_eq!(join(["testbed", "view", "a b"]), "testbed view 'a b'");
    }

    #[test]
    fn the_printed_command_reproduces_the_failing_schedule() {
        let words = "testbed --seed=1 simulate snapshot --seeds 10 --peers 3".split(' ');
        let words = words.chain(["--scenario", "my file.toml"]);
        let words: Vec<_> = words.map(str::to_owned).collect();
        let again = again(&words, 1, 7);
        assert_eq!(
            again,
            "testbed simulate snapshot --peers 3 --scenario 'my file.toml' --seed 1 --schedule 7"
        );
    }
}
