//! `testbed sweep`: an experiment over lists of options, each combination with
//! several seeds, each run in a process of its own.
//!
//! The folder of a sweep is named after its command: the same command resumes the
//! sweep.

mod child;
mod error;
mod grid;
mod interval;
mod plot;
mod rows;
mod table;

use std::hash::Hasher as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use futures::{StreamExt as _, stream};
use node::interrupt;
use rustc_hash::FxHasher;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::progress::Progress;
use crate::run::{Status, lock};
pub(crate) use child::{obey, run as run_apart};
pub use error::{Error, Foreign, GridError};
use grid::{Cell, Grid};
pub(crate) use plot::COLOURS;
use rows::{Row, Rows};
use table::Table;
pub(crate) use table::aligned;

/// The program whose runs are swept, which is also the one that sweeps them.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its name on the command line.
    pub name: String,
    /// The system, of a program that runs one only.
    pub system: Option<String>,
    /// What it can sweep, for an error.
    pub example: &'static str,
    /// Options, beside those of the testbed, whose single value may have commas.
    pub lists: Vec<String>,
    /// What differs where the program was built anew, so that its runs are others. Without
    /// it a sweep also resumes what an earlier version of the program has begun.
    pub build: Option<String>,
}

/// A sweep in progress.
struct Sweep {
    program: Program,
    grid: Grid,
    folder: PathBuf,
    rows: Rows,
    quiet: bool,
    /// Where each run serves its metrics to Prometheus.
    metrics: Option<SocketAddr>,
}

/// The options of a sweep.
#[derive(Debug)]
pub struct Options<'a> {
    /// What runs.
    pub program: Program,
    /// An experiment and its options, some of which have lists.
    pub words: &'a [String],
    /// The folder that gets a folder for each sweep.
    pub out: &'a Path,
    /// Where each run serves its metrics.
    pub metrics: Option<SocketAddr>,
    /// No progress.
    pub quiet: bool,
}

/// Executes the missing runs. Returns the table as text, and the verdict. `check` tests
/// whether a command line is that of a run that fits this machine.
///
/// # Errors
/// Those of `check`, and [`Error`], for example when nothing can be saved.
pub async fn sweep<E: From<Error>>(
    options: Options<'_>,
    check: impl Fn(&[String]) -> Result<(), E>,
) -> Result<(String, Status), E> {
    let grid = Grid::read(options.words, &options.program).map_err(Error::from)?;
    for cell in grid.cells() {
        check(&grid.words(&cell))?;
    }
    Ok(run(options, grid).await?)
}

async fn run(options: Options<'_>, grid: Grid) -> Result<(String, Status), Error> {
    let interrupt = interrupt::watch().map_err(Error::Signals)?;
    let folder = options.out.join(name(&options.program, &grid));
    std::fs::create_dir_all(&folder).map_err(|source| Error::Create {
        folder: folder.clone(),
        source,
    })?;
    // Two sweeps in one folder would mix their rows.
    let _held = lock::hold(&folder).ok_or_else(|| Error::Busy {
        folder: folder.clone(),
    })?;
    let rows = Rows::open(&folder, &grid)?;
    let mut sweep = Sweep {
        program: options.program,
        grid,
        folder,
        rows,
        quiet: options.quiet,
        metrics: options.metrics,
    };
    let stopped = sweep.run(&interrupt).await?;
    sweep.tell(stopped)
}

impl Sweep {
    /// Executes the missing runs. Returns whether it was interrupted.
    async fn run(&mut self, interrupt: &CancellationToken) -> Result<bool, Error> {
        let done = self.rows.done();
        let cells = self.grid.cells();
        let seeds = self.grid.seed..self.grid.seed.saturating_add(self.grid.repeat);
        // All combinations run with one seed before the next, so that an interrupted sweep
        // has results for as many of them as possible.
        let all = seeds.flat_map(|seed| cells.iter().map(move |cell| (cell.clone(), seed)));
        let missing: Vec<_> = all.filter(|run| !done.contains(run)).collect();
        let progress = Progress::new(self.quiet);
        let bar = progress.bar("runs", missing.len() as u64);
        let runs: Result<Vec<_>, _> = missing
            .into_iter()
            .map(|(cell, seed)| Ok::<_, Error>((self.command(&cell, seed)?, cell, seed)))
            .collect();
        let jobs = self.grid.jobs()?;
        let runs = stream::iter(runs?).map(|((command, run), cell, seed)| async move {
            let record = one(command, run, interrupt).await;
            (record, cell, seed)
        });
        let mut ended = std::pin::pin!(runs.buffered(jobs));
        while let Some((record, cell, seed)) = ended.next().await {
            // An interrupted run is repeated when the sweep is resumed.
            if interrupt.is_cancelled() {
                return Ok(true);
            }
            self.rows.add(Row::of(&record?, &cell, seed))?;
            bar.step();
        }
        Ok(false)
    }

    /// The command of one run, and its text.
    fn command(&self, cell: &Cell, seed: u64) -> Result<(Command, String), Error> {
        let program = std::env::current_exe().map_err(Error::Program)?;
        let words = self.grid.words(cell);
        let run = format!("{} {} --seed {seed}", self.program.name, words.join(" "));
        let mut command = Command::new(program);
        command
            .args([
                "--quiet",
                "--format",
                "json",
                "--seed",
                &seed.to_string(),
                "--out",
            ])
            .arg(self.folder.join("runs"))
            .args(self.metrics.map(|address| format!("--metrics={address}")))
            .args(&words);
        Ok((command, run))
    }

    /// The reasons of the first run with that verdict.
    fn example(&self, verdict: &str) -> String {
        let row = self.rows.all.iter().find(|row| row.verdict == verdict);
        row.map_or(String::new(), |row| {
            format!(", as {}: {}", row.run, row.reasons)
        })
    }

    /// Draws the plots. Returns the table and the verdict.
    fn tell(&self, stopped: bool) -> Result<(String, Status), Error> {
        let table = Table::new(&self.grid, &self.rows.all);
        let plots = plot::draw(&self.folder, &self.grid, &table)?;
        let runs = self.rows.done().len();
        let all = self.grid.cells().len() as u64 * self.grid.repeat;
        let with = |verdict: &str| {
            let of = self.rows.all.iter().filter(|row| row.verdict == verdict);
            let runs: std::collections::BTreeSet<_> = of.map(|row| &row.run).collect();
            runs.len()
        };
        let [pass, fail, unknown] = ["pass", "fail", "unknown"].map(with);
        let mut text = format!(
            "{runs} of {all} runs of {}: {pass} pass, {fail} fail, {unknown} unknown\n",
            what(&self.program, &self.grid).join(" ")
        );
        text.push_str(&table.text(&self.grid));
        let path = |name: &str| self.folder.join(name).display().to_string();
        text.push_str(&format!("\nsaved             {}\n", path("sweep.csv")));
        for plot in plots {
            text.push_str(&format!("plot              {}\n", plot.display()));
        }
        let (status, why) = match (stopped, fail, unknown) {
            (true, ..) => (
                Status::Unknown,
                ": stopped; the same command goes on".into(),
            ),
            (false, 0, 0) => (Status::Pass, String::new()),
            (false, 0, _) => (
                Status::Unknown,
                format!(": {unknown} runs are{}", self.example("unknown")),
            ),
            (false, ..) => (
                Status::Fail,
                format!(": {fail} runs failed{}", self.example("fail")),
            ),
        };
        text.push_str(&format!("verdict           {status}{why}\n"));
        Ok((text, status))
    }
}

/// What runs, in words.
fn what(program: &Program, grid: &Grid) -> Vec<String> {
    let system = program.system.iter().cloned();
    system.chain(grid.experiment.iter().cloned()).collect()
}

/// The name of the sweep's folder: what runs, and a digest of the whole grid.
fn name(program: &Program, grid: &Grid) -> String {
    let mut digest = FxHasher::default();
    let words = grid
        .axes
        .iter()
        .flat_map(|(name, values)| [name.clone(), values.join(",")]);
    let numbers = [grid.repeat.to_string(), grid.seed.to_string()];
    let words = words.chain(grid.fixed.iter().cloned()).chain(numbers);
    for word in words.chain(program.build.clone()) {
        digest.write(word.as_bytes());
        digest.write_u8(0);
    }
    let what = what(program, grid).join("-");
    format!("sweep-{what}-{:016x}", digest.finish())
}

/// The path of a plot.
fn plot_path(folder: &Path, measure: &str) -> PathBuf {
    let name: String = measure
        .chars()
        .map(|letter| match letter.is_ascii_alphanumeric() {
            true => letter.to_ascii_lowercase(),
            false => '-',
        })
        .collect();
    folder.join(format!("{name}.svg"))
}

/// Executes one run, to its end or until `interrupt` is cancelled; after that it does not
/// start. The run also receives an interruption from the keyboard.
async fn one(
    mut command: Command,
    run: String,
    interrupt: &CancellationToken,
) -> Result<Value, Error> {
    if interrupt.is_cancelled() {
        return Ok(Value::Null);
    }
    let Output {
        status,
        stdout,
        stderr,
    } = match child::run(&mut command, interrupt, None).await {
        Ok(output) => output,
        Err(source) => return Err(Error::Start { run, source }),
    };
    serde_json::from_slice(&stdout).map_err(|_| {
        let printed = String::from_utf8_lossy(&stderr);
        let reason = printed.trim().trim_start_matches("error: ").to_owned();
        match status.code() {
            Some(2) => Error::Refused { run, reason },
            Some(_) => Error::Failed { run, reason },
            None => Error::Died { run, status },
        }
    })
}
