//! Operations that were in progress while the process was paused, summarized
//! separately from the rest. They are read from `results.csv`, whose rows state when
//! an operation was to begin and how long it took.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use lab::stats::{Summary, Times, show};
use serde::Serialize;

use super::{Error, Pause};

/// Columns of an operation's intended start, in nanoseconds since 1970.
const BEGAN: [&str; 2] = ["intended_unix_ns", "sent_unix_ns"];

/// Columns of an operation's duration, in nanoseconds; empty if it never ended.
const TOOK: [&str; 2] = ["round_trip_ns", "after_ns"];

/// Columns that distinguish kinds of operations, which are summarized separately.
const KINDS: [&str; 3] = ["kind", "road", "size_bytes"];

/// An operation that never ended counts as in progress for so long, in nanoseconds:
/// the default `--patience`. A guess.
const UNENDED: u64 = 10_000_000_000;

/// Measurements of one kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Apart {
    /// The kind; empty if there is only one.
    pub kind: String,
    /// Those that overlap a pause.
    pub met: Part,
    /// All others.
    pub others: Part,
}

/// The summary of some measurements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Part {
    /// How many operations never ended.
    pub lost: u64,
    /// How long the others took.
    pub time_ns: Option<Summary>,
}

/// Reads the measurements at `path`, of a run with these pauses.
///
/// # Errors
/// [`Error`] with the file.
pub(crate) fn apart(path: &Path, pauses: &[Pause]) -> Result<Vec<Apart>, Error> {
    let read = || -> csv::Result<_> {
        let mut rows = csv::Reader::from_path(path)?;
        let columns = rows.headers()?.clone();
        let place = |names: &[&str]| columns.iter().position(|column| names.contains(&column));
        let mut kinds: BTreeMap<String, [Counted; 2]> = BTreeMap::new();
        let (Some(began), Some(took)) = (place(&BEGAN), place(&TOOK)) else {
            return Ok(kinds);
        };
        let of = KINDS.map(|name| place(&[name]));
        for row in rows.records() {
            let row = row?;
            let number = |place: usize| row.get(place)?.parse::<u64>().ok();
            let (Some(began), took) = (number(began), number(took)) else {
                continue;
            };
            let kind = of.iter().filter_map(|place| row.get((*place)?));
            let kind = kind.collect::<Vec<_>>().join(" ");
            let met = |pause: &Pause| pause.met(began, took.unwrap_or(UNENDED));
            let met = pauses.iter().any(met);
            kinds.entry(kind).or_default()[usize::from(!met)].count(took);
        }
        Ok(kinds)
    };
    let kinds = read().map_err(|source| Error {
        path: path.to_owned(),
        source,
    })?;
    let parts = kinds.into_iter().map(|(kind, [met, others])| Apart {
        kind,
        met: met.part(),
        others: others.part(),
    });
    Ok(parts.filter(|apart| apart.met != Part::default()).collect())
}

#[derive(Default)]
struct Counted {
    lost: u64,
    times: Times,
}

impl Counted {
    fn count(&mut self, took: Option<u64>) {
        match took {
            Some(took) => self.times.record(Duration::from_nanos(took)),
            None => self.lost += 1,
        }
    }

    fn part(&self) -> Part {
        Part {
            lost: self.lost,
            time_ns: self.times.summary(),
        }
    }
}

/// `put: under way then p50 2.5 s, …; all others p50 1.9 ms, …`
impl std::fmt::Display for Apart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.kind.is_empty() {
            write!(f, "{}: ", self.kind)?;
        }
        let (met, others) = (self.met.text(), self.others.text());
        write!(f, "under way then {met}; all others {others}")
    }
}

impl Part {
    fn text(&self) -> String {
        let mut text = String::new();
        let show = |nanos| show(Duration::from_nanos(nanos));
        let _ = match &self.time_ns {
            Some(times) => write!(
                text,
                "p50 {}, p99 {}, max {} (n = {})",
                show(times.p50),
                show(times.p99),
                show(times.max),
                times.count
            ),
            None => write!(text, "(n = 0)"),
        };
        if self.lost > 0 {
            let _ = write!(text, ", {} without an end", self.lost);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::PauseKind;

    /// Reads these rows, with a pause from 100 to 200.
    fn read(rows: &str) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("results.csv");
        std::fs::write(&path, rows).expect("a file of ours");
        let pause = Pause::between(PauseKind::Stopped, [100, 200]);
        let apart = apart(&path, &[pause]).expect("rows");
        apart.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn operations_during_a_pause_are_counted_apart() {
        let rows = "message,sent_unix_ns,after_ns,lost\n\
                    0,10,20,\n1,90,20,\n2,150,60,\n3,250,10,\n4,150,,lost\n";
        let expected = "under way then p50 20 ns, p99 60 ns, max 60 ns (n = 2), 1 without an end; \
                        all others p50 10 ns, p99 20 ns, max 20 ns (n = 2)";
        assert_eq!(read(rows), [expected]);
    }

    #[test]
    fn kinds_are_not_mixed() {
        let rows = "road,size_bytes,intended_unix_ns,one_way_ns,round_trip_ns\n\
                    stack,1024,150,1,2\ntcp,1024,150,1,3\ntcp,64,10,1,4\n";
        let read = read(rows);
        let kinds: Vec<_> = read
            .iter()
            .filter_map(|line| line.split(':').next())
            .collect();
        assert_eq!(kinds, ["stack 1024", "tcp 1024"]);
    }

    #[test]
    fn rows_without_times_have_no_percentiles() {
        for rows in ["", "a,b\n1,2\n", "message,sent_unix_ns,after_ns,lost\n"] {
            assert_eq!(read(rows), Vec::<String>::new(), "{rows}");
        }
    }
}
