//! Command lines that a user copies into a shell.

use std::borrow::Cow;
use std::env;
use std::ffi::OsStr;
use std::path::Path;

use crate::simulator::Scenario;

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

/// The name of the program, of a whole command line.
pub fn program<W: AsRef<OsStr>>(command: &[W]) -> Cow<'_, str> {
    let program = command.first().map(Path::new).and_then(Path::file_name);
    program.map_or("testbed".into(), |name| name.to_string_lossy())
}

/// What the user typed to start this program with these words: `cargo run --` if cargo has
/// started it, which builds it again after a change.
pub fn typed(mut words: Vec<String>) -> Vec<String> {
    if words.first().is_some_and(|program| cargo_runs(program)) {
        words.splice(..1, ["cargo", "run", "--"].map(str::to_owned));
    }
    words
}

/// Whether `cargo run` has started the program, and would here again: cargo sets variables
/// for all that it runs, and these name the package of the program.
fn cargo_runs(program: &str) -> bool {
    let package = env::var_os("CARGO_PKG_NAME");
    let (folder, here) = (env::var_os("CARGO_MANIFEST_DIR"), env::current_dir());
    let is_inside = |folder| here.is_ok_and(|here| here.starts_with(folder));
    package.as_deref() == Path::new(program).file_name() && folder.is_some_and(is_inside)
}

/// What a run of the simulator changes of its command line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// The number of peers.
    pub peers: Option<u32>,
    /// The topology.
    pub topology: Option<String>,
    /// The whole scenario.
    pub scenario: Option<Scenario>,
}

/// The command line of a run of the simulator that runs one schedule alone, with the
/// same choices of `seed`, and records it. It writes no file of spans, which would replace that of
/// the run.
pub fn again(command: &[String], seed: u64, schedule: u64) -> String {
    let mut words = without(command, &["--seed", "--seeds", "--schedule", "--spans"]);
    words.retain(|word| word != "--no-record");
    words.extend(option("--seed", seed));
    words.extend(option("--schedule", schedule));
    join(words)
}

/// The same with `changes`, for a schedule that fails: it is not made smaller.
pub fn again_with(command: &[String], seed: u64, schedule: u64, changes: &Changes) -> String {
    let Changes {
        peers,
        topology,
        scenario,
    } = changes;
    let mut replaced = vec!["--shrink"];
    replaced.extend(peers.map(|_| "--peers"));
    replaced.extend(topology.as_ref().map(|_| "--topology"));
    if scenario.is_some() {
        replaced.extend(OF_A_SCENARIO);
    }
    let mut words = without(command, &replaced);
    words.extend(peers.iter().flat_map(|peers| option("--peers", peers)));
    words.extend(topology.iter().flat_map(|one| option("--topology", one)));
    words.extend(scenario.iter().flat_map(of_scenario));
    words.extend(option("--shrink", "0s"));
    again(&words, seed, schedule)
}

/// The options that a scenario replaces.
const OF_A_SCENARIO: [&str; 17] = [
    "--scenario",
    "--network",
    "--delay",
    "--loss",
    "--duplication",
    "--channel",
    "--kill",
    "--crash",
    "--crash-state",
    "--churn",
    "--churn-until",
    "--outages",
    "--outages-every",
    "--outages-until",
    "--partition",
    "--fault-duration",
    "--faults-until",
];

/// A scenario as options, as far as there are options for it.
fn of_scenario(scenario: &Scenario) -> Vec<String> {
    let usual = Scenario::default();
    let mut words = Vec::new();
    if scenario.delay != usual.delay {
        words.extend(option("--delay", &scenario.delay));
    }
    if scenario.loss != usual.loss {
        words.extend(option("--loss", scenario.loss));
    }
    if scenario.duplication != usual.duplication {
        words.extend(option("--duplication", scenario.duplication));
    }
    if !scenario.fifo {
        words.extend(option("--channel", "per-message"));
    }
    let rest = Scenario {
        network: scenario.network.clone(),
        crash: scenario.crash.clone(),
        partition: scenario.partition.clone(),
        random: scenario.random.clone(),
        commands: scenario.commands.clone(),
        steps: scenario.steps,
        ..Scenario::default()
    };
    if rest != usual {
        words.extend(option("--scenario", rest));
    }
    words
}

fn option(name: &str, value: impl ToString) -> [String; 2] {
    [name.to_owned(), value.to_string()]
}

/// The program as it was called, and its arguments without these options and their values.
fn without(command: &[String], options: &[&str]) -> Vec<String> {
    let program = command.first().cloned();
    let mut words = vec![program.unwrap_or_else(|| "testbed".into())];
    let mut rest = command.iter().skip(1);
    while let Some(word) = rest.next() {
        match word.split_once('=') {
            Some((name, _)) if options.contains(&name) => {}
            None if options.contains(&word.as_str()) => drop(rest.next()),
            Some(_) | None => words.push(word.clone()),
        }
    }
    words
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

    /// Cargo runs the tests too.
    #[test]
    fn a_program_that_cargo_runs_is_run_by_cargo_again() {
        for (program, expected) in [
            ("target/debug/testbed-lab", "cargo run -- simulate"),
            ("target/debug/causal", "target/debug/causal simulate"),
        ] {
            let words = [program, "simulate"].map(str::to_owned);
            assert_eq!(join(typed(words.into())), expected);
        }
    }

    #[test]
    fn the_printed_command_reproduces_the_failing_schedule() {
        let words = "testbed --seed=1 simulate snapshot --no-record --seeds 10 --peers 3 --spans x";
        let words = words.split(' ');
        let words = words.chain(["--scenario", "my file.toml"]);
        let words: Vec<_> = words.map(str::to_owned).collect();
        let again = again(&words, 1, 7);
        assert_eq!(
            again,
            "testbed simulate snapshot --peers 3 --scenario 'my file.toml' --seed 1 --schedule 7"
        );
    }

    #[test]
    fn the_printed_command_reproduces_the_smaller_failure() {
        let words =
            "target/testbed simulate snapshot --seeds 10 --peers=20 --kill 3@5ms --loss 0.1";
        let words: Vec<_> = words.split(' ').map(str::to_owned).collect();
        let with = |changes: &Changes| again_with(&words, 1, 7, changes);
        let end = "--shrink 0s --seed 1 --schedule 7";
        let same = "target/testbed simulate snapshot '--peers=20' --kill 3@5ms --loss 0.1";
        assert_eq!(with(&Changes::default()), format!("{same} {end}"));
        let mut changes = Changes {
            peers: Some(3),
            topology: Some("full".into()),
            scenario: Some(Scenario::default()),
        };
        let fewer = "target/testbed simulate snapshot --peers 3 --topology full";
        assert_eq!(with(&changes), format!("{fewer} {end}"));
        let scenario = "{delay = \"5ms\", loss = 0.25, fifo = false, steps = 9}";
        changes.scenario = Some(Scenario::parse_inline(scenario).unwrap());
        let scenario = "--delay 5ms --loss 0.25 --channel per-message --scenario '{steps = 9}'";
        assert_eq!(with(&changes), format!("{fewer} {scenario} {end}"));
    }
}
