//! `sweep.csv`: a line for each measure of each run. An interrupted sweep resumes from
//! it.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use lab::stats::Measure;
use serde_json::Value;

use super::grid::{Cell, Grid};
use super::{Error, Foreign};
use crate::run::Folder;

/// Columns before and after those of the lists.
const BEFORE: [&str; 1] = ["run"];
const AFTER: [&str; 12] = [
    "seed", "verdict", "measure", "unit", "count", "lost", "p50", "p90", "p99", "max", "theory",
    "reasons",
];

/// A measure of a run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) run: String,
    pub(super) cell: Cell,
    pub(super) seed: u64,
    pub(super) verdict: String,
    pub(super) measure: Measure,
    /// Why the run did not pass.
    pub(super) reasons: String,
}

/// The file.
#[derive(Debug)]
pub(super) struct Rows {
    path: PathBuf,
    header: Vec<String>,
    pub(super) all: Vec<Row>,
}

impl Rows {
    /// Opens the rows of a sweep that was begun; none for a new one.
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
        let text = match fs::read(&rows.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            read => read.map_err(|e| rows.failed(e))?,
        };
        let end = text.iter().rposition(|byte| *byte == b'\n');
        let (whole, cut) = text.split_at(end.map_or(0, |end| end + 1));
        match whole.is_empty() {
            true if rows.header.join(",").as_bytes().starts_with(cut) => {}
            true => return Err(rows.foreign(Foreign::AnotherSweep)),
            false => rows.read(whole, grid.axes.len())?,
        }
        if rows.drop_part_of_a_run(folder, !cut.is_empty()) {
            rows.rewrite().map_err(|e| rows.failed(e))?;
        }
        Ok(rows)
    }

    fn read(&mut self, text: &[u8], axes: usize) -> Result<(), Error> {
        let mut reader = csv::Reader::from_reader(text);
        if reader.headers().map_err(|e| self.failed(e))? != self.header.as_slice() {
            return Err(self.foreign(Foreign::AnotherSweep));
        }
        for record in reader.records() {
            let record = record.map_err(|e| self.failed(e))?;
            let line = record.position().map_or(0, |at| at.line());
            let row = Row::read(&record, axes);
            let row = row.ok_or_else(|| self.foreign(Foreign::NoRow(line)))?;
            self.all.push(row);
        }
        Ok(())
    }

    /// Drops the rows of the last run if they are incomplete because the sweep died while
    /// writing them; the run is then repeated. Returns whether the file has to be
    /// rewritten.
    fn drop_part_of_a_run(&mut self, folder: &Path, cut: bool) -> bool {
        let Some(last) = self.all.last().cloned() else {
            return cut;
        };
        let there = self.all.iter().filter(|row| row.run == last.run).count();
        let run = Folder::open(&folder.join("runs").join(&last.run));
        let record = run.and_then(|run| run.record());
        // If the run's own folder cannot be read, only a truncated line shows it.
        let is_part = record.map_or(cut, |record| {
            Row::of(&record, &last.cell, last.seed).len() != there
        });
        if is_part {
            self.all.retain(|row| row.run != last.run);
        }
        is_part || cut
    }

    /// Rewrites the file atomically.
    fn rewrite(&self) -> csv::Result<()> {
        let part = self.path.with_extension("csv.part");
        let bytes = self.lines(!self.all.is_empty(), &self.all)?;
        fs::write(&part, bytes)?;
        fs::rename(&part, &self.path)?;
        Ok(())
    }

    /// The rows as CSV, with the header if they are the first.
    fn lines(&self, first: bool, rows: &[Row]) -> csv::Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        if first {
            writer.write_record(&self.header)?;
        }
        for row in rows {
            writer.write_record(row.fields())?;
        }
        writer.flush()?;
        let bytes = writer.into_inner();
        Ok(bytes.expect("it was flushed, and memory takes everything"))
    }

    /// The runs that are done.
    pub(super) fn done(&self) -> BTreeSet<(Cell, u64)> {
        let all = self.all.iter().map(|row| (row.cell.clone(), row.seed));
        all.collect()
    }

    /// Adds the rows of one run, all at once, so that an interrupted sweep has either all
    /// rows of a run or none.
    pub(super) fn add(&mut self, new: Vec<Row>) -> Result<(), Error> {
        let bytes = self.lines(self.all.is_empty(), &new);
        let bytes = bytes.map_err(|e| self.failed(e))?;
        self.append(&bytes).map_err(|e| self.failed(e))?;
        self.all.extend(new);
        Ok(())
    }

    /// Appends all bytes; if the disk is full, none.
    fn append(&self, bytes: &[u8]) -> std::io::Result<()> {
        let mut file = OpenOptions::new();
        let mut file = file.create(true).append(true).open(&self.path)?;
        let before = file.metadata()?.len();
        let written = file.write_all(bytes);
        if written.is_err() {
            let _ = file.set_len(before);
        }
        written
    }

    fn failed(&self, error: impl Into<csv::Error>) -> Error {
        Error::Rows {
            path: self.path.clone(),
            source: error.into(),
        }
    }

    fn foreign(&self, found: Foreign) -> Error {
        Error::Foreign {
            path: self.path.clone(),
            found,
        }
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
        let reasons = &self.reasons;
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
        fields.push(reasons.clone());
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
        let measure = Measure {
            name,
            unit,
            count,
            lost,
            p50: number()?,
            p90: number()?,
            p99: number()?,
            max: number()?,
            theory: number()?,
        };
        Some(Self {
            run,
            cell,
            seed,
            verdict,
            measure,
            reasons: text()?,
        })
    }

    /// The measures of a run, from its `run.json`. A run without measures also has a row,
    /// which marks it as done.
    pub(super) fn of(record: &Value, cell: &Cell, seed: u64) -> Vec<Self> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let measures = serde_json::from_value(record["results"]["measures"].clone());
        let mut measures: Vec<Measure> = measures.unwrap_or_default();
        if measures.is_empty() {
            measures.push(Measure::ratio("nothing was measured", f64::NAN, 0));
        }
        let reasons = record["verdict"]["reasons"].as_array();
        let reasons = reasons.into_iter().flatten().map(text);
        // A row must be a single line, so that a truncated one is detected.
        let reasons = reasons
            .collect::<Vec<_>>()
            .join("; ")
            .replace(['\n', '\r'], " ");
        let row = |measure| Self {
            run: text(&record["id"]),
            cell: cell.clone(),
            seed,
            verdict: text(&record["verdict"]["status"]),
            measure,
            reasons: reasons.clone(),
        };
        measures.into_iter().map(row).collect()
    }
}
