//! `sweep.csv`: all that was measured, a line for each measure of each run. A
//! sweep that was stopped goes on from it.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::grid::{Cell, Grid};
use crate::Error;
use crate::stats::Measure;

/// Columns before and after those of the lists.
const BEFORE: [&str; 1] = ["run"];
const AFTER: [&str; 11] = [
    "seed", "verdict", "measure", "unit", "count", "lost", "p50", "p90", "p99", "max", "theory",
];

/// A measure of a run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) run: String,
    pub(super) cell: Cell,
    pub(super) seed: u64,
    pub(super) verdict: String,
    pub(super) measure: Measure,
}

/// The file.
#[derive(Debug)]
pub(super) struct Rows {
    path: PathBuf,
    header: Vec<String>,
    pub(super) all: Vec<Row>,
}

impl Rows {
    /// Those of a sweep that was begun, or none.
    pub(super) fn open(folder: &Path, grid: &Grid) -> Result<Self, Error> {
        let axes = grid
            .axes
            .iter()
            .map(|(name, _)| name.trim_start_matches('-'));
        let header = BEFORE.into_iter().chain(axes).chain(AFTER);
        let mut rows = Self {
            path: folder.join("sweep.csv"),
            header: header.map(str::to_owned).collect(),
            all: Vec::new(),
        };
        match csv::Reader::from_path(&rows.path) {
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(rows.failed(&error)),
            Ok(mut reader) => {
                if reader.headers().map_err(|e| rows.failed(&e))? != rows.header.as_slice() {
                    return Err(rows.strange("it is of another sweep"));
                }
                for record in reader.records() {
                    let record = record.map_err(|e| rows.failed(&e))?;
                    let row = Row::read(&record, grid.axes.len());
                    let line = record.position().map_or(0, |at| at.line());
                    let row = row.ok_or_else(|| rows.strange(&format!("line {line} is no row")));
                    rows.all.push(row?);
                }
            }
        }
        Ok(rows)
    }

    /// Which runs are there.
    pub(super) fn done(&self) -> BTreeSet<(Cell, u64)> {
        let all = self.all.iter().map(|row| (row.cell.clone(), row.seed));
        all.collect()
    }

    /// Those of one more run, all at once: a sweep that is stopped has a run or
    /// has it not.
    pub(super) fn add(&mut self, new: Vec<Row>) -> Result<(), Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut write = |row: &[String]| writer.write_record(row).map_err(|e| self.failed(&e));
        if self.all.is_empty() {
            write(&self.header)?;
        }
        new.iter().try_for_each(|row| write(&row.fields()))?;
        let bytes = writer.into_inner().map_err(|e| self.failed(&e))?;
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path);
        let written = file.and_then(|mut file| std::io::Write::write_all(&mut file, &bytes));
        written.map_err(|e| self.failed(&e))?;
        self.all.extend(new);
        Ok(())
    }

    fn failed(&self, error: &dyn std::error::Error) -> Error {
        Error::Failed(format!("{}: {error}", self.path.display()))
    }

    fn strange(&self, why: &str) -> Error {
        Error::Usage(format!(
            "{}: {why}; take it away, or choose another folder with --out DIR",
            self.path.display()
        ))
    }
}

impl Row {
    fn fields(&self) -> Vec<String> {
        let Measure {
            name,
            unit,
            count,
            lost,
            p50,
            p90,
            p99,
            max,
            theory,
        } = &self.measure;
        let number = |of: &Option<f64>| of.map(|of| of.to_string()).unwrap_or_default();
        let mut fields = vec![self.run.clone()];
        fields.extend(self.cell.iter().cloned());
        fields.extend([
            self.seed.to_string(),
            self.verdict.clone(),
            name.clone(),
            unit.clone(),
        ]);
        fields.extend([count.to_string(), lost.to_string()]);
        fields.extend([p50, p90, p99, max, theory].map(number));
        fields
    }

    fn read(fields: &csv::StringRecord, axes: usize) -> Option<Self> {
        let mut fields = fields.iter();
        let mut text = || fields.next().map(str::to_owned);
        let run = text()?;
        let cell = (0..axes).map(|_| text()).collect::<Option<_>>()?;
        let (seed, verdict) = (text()?.parse().ok()?, text()?);
        let (name, unit) = (text()?, text()?);
        let (count, lost) = (text()?.parse().ok()?, text()?.parse().ok()?);
        let mut number = || match text()?.as_str() {
            "" => Some(None),
            number => number.parse().ok().map(Some),
        };
        Some(Self {
            run,
            cell,
            seed,
            verdict,
            measure: Measure {
                name,
                unit,
                count,
                lost,
                p50: number()?,
                p90: number()?,
                p99: number()?,
                max: number()?,
                theory: number()?,
            },
        })
    }

    /// The measures of a run, from its `run.json`. A run without any is a row as
    /// well: it has been made.
    pub(super) fn of(record: &Value, cell: &Cell, seed: u64) -> Vec<Self> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let measures = serde_json::from_value(record["results"]["measures"].clone());
        let mut measures: Vec<Measure> = measures.unwrap_or_default();
        if measures.is_empty() {
            measures.push(Measure::ratio("nothing was measured", f64::NAN, 0));
        }
        let row = |measure| Self {
            run: text(&record["id"]),
            cell: cell.clone(),
            seed,
            verdict: text(&record["verdict"]["status"]),
            measure,
        };
        measures.into_iter().map(row).collect()
    }
}

fn is_missing(error: &csv::Error) -> bool {
    matches!(error.kind(), csv::ErrorKind::Io(error) if error.kind() == ErrorKind::NotFound)
}
