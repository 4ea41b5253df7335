//! What a run saved, read back and checked.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;
use tempfile::TempDir;
use testbed::run::JSON_SCHEMA;

use crate::{CALM, Ended, run, until};

/// An empty folder for runs, gone after the test.
#[derive(Debug)]
pub struct Runs(TempDir);

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let schema = serde_json::from_str(JSON_SCHEMA).expect("the schema is JSON");
    jsonschema::meta::validate(&schema).expect("the schema is one");
    jsonschema::validator_for(&schema).expect("the schema compiles")
});

impl Runs {
    /// A new one.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "it makes a folder")]
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// `testbed`, which will save its runs here.
    #[must_use]
    pub fn testbed<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = crate::testbed();
        command.arg("--out").arg(self.path()).args(args);
        command
    }

    /// The measurements of the only run, once there are some in it.
    ///
    /// # Panics
    /// When there are none within [`DEADLINE`](crate::running::DEADLINE).
    #[must_use]
    pub fn measured(&self) -> PathBuf {
        until("a measurement", || {
            let folders = std::fs::read_dir(self.path()).expect("the folder of runs");
            let mut rows = folders.flatten().map(|run| run.path().join("results.csv"));
            rows.find(|path| path.metadata().is_ok_and(|file| file.len() > 0))
        })
    }

    /// Where the peers of the only run listen, once they do.
    ///
    /// # Panics
    /// When none does within [`DEADLINE`](crate::running::DEADLINE).
    #[must_use]
    pub fn addresses(&self) -> Vec<node::Multiaddr> {
        until("a peer that listens", || {
            let folders = std::fs::read_dir(self.path()).expect("the folder of runs");
            let records = folders.flatten().map(|run| run.path().join("run.json"));
            let mut texts = records.filter_map(|record| std::fs::read_to_string(record).ok());
            let record: Option<Value> = texts.find_map(|text| serde_json::from_str(&text).ok());
            let addresses = record.map(|mut record| record["addresses"].take());
            let addresses: Option<Vec<_>> =
                addresses.and_then(|all| serde_json::from_value(all).ok());
            addresses.filter(|all| !all.is_empty())
        })
    }

    /// The folder of the only run.
    ///
    /// # Panics
    /// When there is none, or another.
    #[must_use]
    pub fn only(&self) -> PathBuf {
        let entries = std::fs::read_dir(self.path()).expect("the folder of runs");
        let paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        match &paths[..] {
            [path] => path.clone(),
            all => panic!("one run is expected, not {all:?}"),
        }
    }
}

/// Runs `testbed` with these arguments. It has to end with this status, without a panic
/// or lost spans. Returns what it printed, `run.json` and `results.csv`.
///
/// # Panics
/// When it does not.
#[must_use]
pub fn measured(words: &str, status: i32) -> (Ended, Value, String) {
    let runs = Runs::new();
    // What is simulated starts no peers, which could be too many for the machine.
    let calm = match words.split_whitespace().any(|word| word == "simulate") {
        true => "",
        false => CALM,
    };
    let all = calm.split_whitespace().chain(words.split_whitespace());
    let ended = run(&mut runs.testbed(all)).exits(status);
    no_panic(&ended);
    let folder = runs.only();
    let record = record(&folder);
    assert_eq!(record["spans"]["lost"], 0, "{words}: {ended}");
    let rows = std::fs::read_to_string(folder.join("results.csv")).expect("results.csv");
    (ended, record, rows)
}

/// The measure of that name in `run.json`.
///
/// # Panics
/// When there is none.
pub fn measure<'a>(record: &'a Value, name: &str) -> &'a Value {
    let measures = record["results"]["measures"].as_array().expect("measures");
    let measure = measures.iter().find(|one| one["name"] == name);
    measure.unwrap_or_else(|| panic!("{name}: {measures:?}"))
}

/// Checks that `testbed` refuses these arguments as wrong usage, prints all of `parts`,
/// and saves nothing.
///
/// # Panics
/// When it does not.
pub fn refused(words: &str, parts: &[&str]) {
    let runs = Runs::new();
    let ended = run(&mut runs.testbed(words.split_whitespace())).exits(2);
    no_panic(&ended);
    for part in parts {
        assert!(ended.stderr.contains(part), "{words}: {part}: {ended}");
    }
    let left = std::fs::read_dir(runs.path()).expect("the folder of runs");
    assert_eq!(left.count(), 0, "{words}");
}

/// `run.json` of the run saved at `path`, which follows the schema.
///
/// # Panics
/// When it is not there, or does not follow.
#[must_use]
pub fn record(path: &Path) -> Value {
    let text = std::fs::read_to_string(path.join("run.json"));
    valid(&text.unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

/// The rows of `results.csv` of the run saved at `path`, without the head.
///
/// # Panics
/// When it is not there, or ends within a row.
#[must_use]
pub fn rows(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path.join("results.csv")).expect("results.csv");
    assert!(text.is_empty() || text.ends_with('\n'), "cut off: {text}");
    text.lines().skip(1).map(str::to_owned).collect()
}

/// `text` as JSON that follows the schema of a run.
///
/// # Panics
/// When it is none, with every place that does not follow.
#[must_use]
pub fn valid(text: &str) -> Value {
    let value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"));
    let wrong: Vec<_> = SCHEMA
        .iter_errors(&value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}\n{value:#}");
    value
}

/// Whether `value` follows the schema of a run.
#[must_use]
pub fn follows(value: &Value) -> bool {
    SCHEMA.is_valid(value)
}

/// Checks that the program reported no panic, on either stream.
///
/// # Panics
/// When it did.
pub fn no_panic(ended: &Ended) {
    for mark in ["panicked", "RUST_BACKTRACE", "stack backtrace"] {
        let found = ended.stderr.contains(mark) || ended.stdout.contains(mark);
        assert!(!found, "{ended}");
    }
}
