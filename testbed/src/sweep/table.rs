//! The table of a sweep.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use lab::stats::show;

use super::grid::{Cell, Grid};
use super::interval::{Median, median};
use super::rows::Row;

/// One measure of one combination, over all its runs.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) runs: usize,
    /// How many of them passed. The others give reasons, for example a saturated host.
    pub(super) passed: usize,
    pub(super) count: u64,
    pub(super) lost: u64,
    /// The median of the runs' medians.
    pub(super) p50: Option<Median>,
    /// The median of the runs' 99th percentiles.
    pub(super) p99: Option<Median>,
    /// The maximum over all runs.
    max: Option<f64>,
    pub(super) theory: Option<f64>,
    pub(super) unit: String,
}

/// All entries, with the measures in the order in which they were measured.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) measures: Vec<String>,
    pub(super) entries: BTreeMap<(String, Cell), Entry>,
    pub(super) cells: Vec<Cell>,
}

impl Table {
    pub(super) fn new(grid: &Grid, rows: &[Row]) -> Self {
        let mut table = Self {
            cells: grid.cells(),
            ..Self::default()
        };
        let mut grouped: BTreeMap<(String, Cell), Vec<&Row>> = BTreeMap::new();
        let is_measured = |row: &&Row| row.measure.count > 0 || row.measure.lost > 0;
        // Without any measure, the table still has how many runs passed.
        let is_empty = !rows.iter().any(|row| is_measured(&row));
        for row in rows.iter().filter(|row| is_empty || is_measured(row)) {
            let name = &row.measure.name;
            if !table.measures.contains(name) {
                table.measures.push(name.clone());
            }
            let key = (name.clone(), row.cell.clone());
            grouped.entry(key).or_default().push(row);
        }
        let entries = grouped
            .into_iter()
            .map(|(key, rows)| (key, Entry::new(&rows)));
        table.entries = entries.collect();
        table
    }

    /// The table as text: a block for each measure, a line for each combination.
    pub(super) fn text(&self, grid: &Grid) -> String {
        let mut text = String::new();
        let names = grid
            .axes
            .iter()
            .map(|(name, _)| name.trim_start_matches('-'));
        let names: Vec<_> = names.collect();
        for measure in &self.measures {
            let _ = writeln!(text, "\n{measure}");
            let head = [
                "runs",
                "passed",
                "n",
                "lost",
                "median",
                "interval of the median",
                "p99",
                "max",
                "theory",
            ];
            let head = names.iter().copied().chain(head).map(str::to_owned);
            let mut lines = vec![head.collect::<Vec<_>>()];
            for cell in &self.cells {
                if let Some(entry) = self.entries.get(&(measure.clone(), cell.clone())) {
                    lines.push(cell.iter().cloned().chain(entry.fields()).collect());
                }
            }
            text.push_str(&aligned(&lines));
        }
        text
    }
}

impl Entry {
    fn new(rows: &[&Row]) -> Self {
        let all = |of: fn(&Row) -> Option<f64>| rows.iter().filter_map(|row| of(row)).collect();
        let max: Vec<f64> = all(|row| row.measure.max);
        let runs = |rows: &mut dyn Iterator<Item = &&Row>| {
            let seeds: BTreeSet<_> = rows.map(|row| row.seed).collect();
            seeds.len()
        };
        Self {
            runs: runs(&mut rows.iter()),
            passed: runs(&mut rows.iter().filter(|row| row.verdict == "pass")),
            count: rows.iter().map(|row| row.measure.count).sum(),
            lost: rows.iter().map(|row| row.measure.lost).sum(),
            p50: median(all(|row| row.measure.p50)),
            p99: median(all(|row| row.measure.p99)),
            max: max.into_iter().max_by(f64::total_cmp),
            theory: rows.iter().find_map(|row| row.measure.theory),
            unit: rows[0].measure.unit.clone(),
        }
    }

    fn fields(&self) -> [String; 9] {
        let value =
            |value: Option<f64>| value.map_or("-".into(), |value| in_unit(value, &self.unit));
        let between = self.p50.map(|p50| {
            let [low, high] = [p50.low, p50.high].map(|of| in_unit(of, &self.unit));
            format!("{low} to {high} ({:.1} %)", 100.0 * p50.coverage)
        });
        [
            self.runs.to_string(),
            self.passed.to_string(),
            self.count.to_string(),
            self.lost.to_string(),
            value(self.p50.map(|median| median.value)),
            between.unwrap_or("-".into()),
            value(self.p99.map(|median| median.value)),
            value(self.max),
            value(self.theory),
        ]
    }
}

/// A value in a readable form.
pub(super) fn in_unit(value: f64, unit: &str) -> String {
    match unit {
        "ns" => show(Duration::from_nanos(value as u64)),
        "count" => format!("{value:.1}"),
        _ if value.abs() >= 100.0 => format!("{value:.0}"),
        _ => format!("{value:.3}"),
    }
}

/// The lines with right-aligned columns.
pub(crate) fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines[0].len();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
    let widths: Vec<_> = (0..columns)
        .map(|column| width(column).unwrap_or(0))
        .collect();
    let mut text = String::new();
    for line in lines {
        for (field, width) in line.iter().zip(&widths) {
            let _ = write!(text, "  {field:>width$}");
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn without_measures_the_table_has_how_many_runs_passed() {
        let grid = Grid {
            experiment: vec!["simulate".to_owned()],
            axes: vec![("--rounds".to_owned(), vec!["1".to_owned(), "2".to_owned()])],
            fixed: Vec::new(),
            jobs: None,
            repeat: 1,
            seed: 1,
        };
        let [few, many] = [["1".to_owned()], ["2".to_owned()]];
        let run = |id: &str, cell: &[String], status: &str| {
            let record = json!({ "id": id, "verdict": { "status": status } });
            Row::of(&record, &cell.to_vec(), 1)
        };
        let rows = [run("a", &few, "pass"), run("b", &many, "fail")];
        let text = Table::new(&grid, &rows.concat()).text(&grid);
        let lines: Vec<Vec<_>> = text
            .lines()
            .map(|line| line.split_whitespace().take(3).collect())
            .collect();
        let expected: [&[_]; 5] = [
            &[],
            &["nothing", "was", "measured"],
            &["rounds", "runs", "passed"],
            &["1", "1", "1"],
            &["2", "1", "0"],
        ];
        assert_eq!(lines, expected, "{text}");
    }
}
