//! Every option of every command of both programs, with extreme values: the exit status is 0, 1,
//! 2 or 3, and there is no panic, no signal, and no more memory than allowed.
//! A program that goes on is ended by Ctrl-C. The options are those that clap knows, so a
//! new one is tried without a line here.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt as _;
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use clap::{Arg, CommandFactory as _};
use node::daemon;
use support::{Ended, Running, node, testbed};
use testbed::cli::Cli;

/// Values that for some option are the least, the greatest, or invalid.
const VALUES: [&str; 16] = [
    "",
    "0",
    "-1",
    "1",
    "4294967295",
    "18446744073709551615",
    "1e308",
    "nan",
    "0s",
    "1ns",
    "8760h",
    "9223372036854775807s",
    "1000000",
    "0@0s",
    "random:4294967295",
    "0..1ns",
];

/// A program that goes on longer is interrupted. Long enough for most runs of three peers
/// to end.
const LONG: Duration = Duration::from_secs(1);

/// A program that goes on longer than this after Ctrl-C counts as hung.
const PATIENT: Duration = Duration::from_secs(30);

/// The address space of a process, in KiB: far more than three peers need, and far less
/// than a machine has.
const MOST_MEMORY: u64 = 8 << 20;

/// One way to call the program.
#[derive(Debug)]
struct Case {
    /// Empty for `testbed-node`, which has no commands.
    command: Vec<String>,
    option: String,
    value: OsString,
}

impl Case {
    /// Runs it, in a folder of its own.
    fn run(&self) -> Ended {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut option = OsString::from(format!("--{}=", self.option));
        option.push(&self.value);
        let usual = self.usual().iter().filter(|(name, _)| *name != self.option);
        let usual = usual.map(|(name, value)| format!("--{name}={value}").into());
        let mut words: Vec<OsString> = usual.collect();
        words.extend(self.command.iter().map(OsString::from));
        words.push(option);
        let program = match self.command.is_empty() {
            true => node(),
            false => testbed(),
        };
        let mut shell = Command::new("sh");
        shell
            .current_dir(folder.path())
            .args([
                "-c",
                &format!("ulimit -v {MOST_MEMORY} && exec \"$0\" \"$@\""),
            ])
            .arg(program.get_program())
            .args(words);
        let mut running = Running::start(&mut shell);
        for (signal, within) in [("INT", LONG), ("KILL", PATIENT)] {
            if ends_within(&mut running, within) {
                break;
            }
            running.signal(signal);
        }
        running.end()
    }

    /// The options that keep it small.
    fn usual(&self) -> &'static [(&'static str, &'static str)] {
        const ALL: [(&str, &str); 3] = [("out", "runs"), ("peers", "3"), ("transport", "memory")];
        match self.command.first().map(String::as_str) {
            None => &[("listen", "/ip4/127.0.0.1/tcp/0")],
            Some("list" | "explain" | "new" | "completions" | "sweep") => &[],
            Some("view" | "export" | "judge") => &ALL[..1],
            Some("simulate" | "check") => &ALL[..2],
            Some(_) => &ALL,
        }
    }
}

fn ends_within(running: &mut Running, time: Duration) -> bool {
    let began = Instant::now();
    while began.elapsed() < time {
        if running.ends_soon() {
            return true;
        }
    }
    false
}

/// The cases of each option of `command` and its subcommands. `simulate` and `check` are
/// engines of their own, so their options are tried again.
fn cases(
    command: &clap::Command,
    path: &[String],
    seen: &mut BTreeSet<(String, String)>,
) -> Vec<Case> {
    let mut all = Vec::new();
    for below in command
        .get_subcommands()
        .filter(|below| below.get_name() != "help")
    {
        let path = [path, &[below.get_name().to_owned()]].concat();
        all.extend(cases(below, &path, seen));
    }
    let engine = path.first().cloned().unwrap_or_default();
    let is_leaf = command
        .get_subcommands()
        .all(|below| below.get_name() == "help");
    let words = match (path.is_empty(), is_leaf) {
        (true, true) => Vec::new(),
        (true, false) => vec!["ping".to_owned()],
        (false, true) => path.to_owned(),
        (false, false) => [path, &["elect".to_owned()]].concat(),
    };
    let engine = match &*engine {
        "simulate" | "check" => engine,
        _ => String::new(),
    };
    for arg in command
        .get_arguments()
        .filter(|arg| arg.get_action().takes_values())
    {
        let Some(option) = arg.get_long() else {
            continue;
        };
        let name = if arg.is_global_set() {
            option.to_owned()
        } else {
            format!("{} {option}", words.join(" "))
        };
        if seen.insert((engine.clone(), name)) {
            all.extend(values(arg).into_iter().map(|value| Case {
                command: words.clone(),
                option: option.to_owned(),
                value,
            }));
        }
    }
    all
}

fn values(arg: &Arg) -> Vec<OsString> {
    let not_utf8 = OsString::from_vec(b"bad\xff".to_vec());
    let long = OsString::from("9".repeat(100_000));
    match arg.get_possible_values().is_empty() {
        true => {
            let all = VALUES.iter().map(OsString::from);
            all.chain([not_utf8, long]).collect()
        }
        // The possible values have tests of their own.
        false => vec![OsStr::new("").to_owned(), not_utf8],
    }
}

#[test]
fn extreme_values_of_options_cause_no_crash() {
    let mut all = cases(&Cli::command(), &[], &mut BTreeSet::new());
    all.extend(cases(&daemon::Cli::command(), &[], &mut BTreeSet::new()));
    let cases = all;
    assert!(cases.len() > 600, "{} cases", cases.len());
    let wrong = Mutex::new(Vec::new());
    let next = Mutex::new(cases.iter());
    let work = || {
        while let Some(case) = { next.lock().expect("no panic").next() } {
            let ended = case.run();
            if !matches!(ended.status, Some(0..=3)) || ended.stderr.contains("panicked") {
                wrong
                    .lock()
                    .expect("no panic")
                    .push(format!("{case:?}: {ended}"));
            }
        }
    };
    thread::scope(|scope| {
        // Most of the time a process waits.
        (0..8).for_each(|_| drop(scope.spawn(work)));
    });
    let wrong = wrong.into_inner().expect("no panic");
    assert!(wrong.is_empty(), "{}: {}", wrong.len(), wrong.join("\n"));
}
