//! Outages of a file: a line for each, `90s,3.5m,7` of all links of process 7, `90s,3.5m,7-9` of the
//! link between processes 7 and 9. Lines are sorted by the begin. Empty lines, and those that begin
//! with `#`, are left out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use trace::time::duration;

use super::super::Error;
use super::{MOST, Outage, Subject};

/// The outages of a file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "PathBuf")]
pub struct Trace {
    /// Its path.
    pub path: PathBuf,
    outages: Vec<Outage>,
    /// The line of each.
    lines: Vec<usize>,
}

impl TryFrom<PathBuf> for Trace {
    type Error = String;

    fn try_from(path: PathBuf) -> Result<Self, String> {
        let text = std::fs::read_to_string(&path);
        let text = text.map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(&path, &text)
    }
}

impl Trace {
    /// The outages of a text. `path` is for errors.
    ///
    /// # Errors
    /// The first line that is no outage, is out of order, or overlaps another outage of the same
    /// process or link.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, String> {
        let mut trace = Self {
            path: path.to_owned(),
            outages: Vec::new(),
            lines: Vec::new(),
        };
        // The line of the latest outage of each, and when that ends.
        let mut latest = BTreeMap::<Subject, (usize, Duration)>::new();
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let wrong = |why: String| format!("{}: line {line}: {why}", path.display());
            let (outage, until) = outage(text).map_err(wrong)?;
            if trace.outages.len() == MOST {
                return Err(wrong(format!("a run has at most {MOST} outages")));
            }
            let last = trace.outages.last();
            if last.is_some_and(|last| outage.from < last.from) {
                let why = "begins before the line above; sort the lines by begin";
                return Err(wrong(format!("{text:?} {why}")));
            }
            if let Some((other, known)) = latest.get(&outage.of)
                && outage.from < *known
            {
                return Err(wrong(format!(
                    "{text:?} overlaps line {other}, where {} is out until {known:?}; make one \
                     outage of them",
                    outage.of
                )));
            }
            latest.insert(outage.of, (line, until));
            trace.outages.push(outage);
            trace.lines.push(line);
        }
        Ok(trace)
    }

    /// In the order of time.
    pub(super) fn outages(&self) -> &[Outage] {
        &self.outages
    }

    /// Whether a run of so many processes has all of them.
    pub(super) fn check(&self, processes: u32) -> Result<(), Error> {
        for (line, outage) in self.lines.iter().zip(&self.outages) {
            let (Subject::Process(process) | Subject::Link(_, process)) = outage.of;
            if process >= processes {
                return Err(Error::NotInTrace {
                    path: self.path.display().to_string(),
                    line: *line,
                    process,
                    processes,
                });
            }
        }
        Ok(())
    }
}

/// The outage, and when it ends.
fn outage(text: &str) -> Result<(Outage, Duration), String> {
    let fields: Vec<_> = text.split(',').map(str::trim).collect();
    let &[from, until, of] = &fields[..] else {
        return Err(format!(
            "{text:?} has {} fields, not three; write for example 90s,3.5m,7",
            fields.len()
        ));
    };
    let time = |text: &str| duration(text).map_err(|why| format!("{text:?} is {why}"));
    let (from, until) = (time(from)?, time(until)?);
    if until <= from {
        return Err(format!("{text:?} ends before it has begun"));
    }
    let of = subject(of)?;
    let outage = Outage {
        of,
        from,
        until: Some(until),
    };
    Ok((outage, until))
}

fn subject(text: &str) -> Result<Subject, String> {
    let wrong = || format!("{text:?} is no process and no link; write for example 7, or 7-9");
    let number = |text: &str| text.parse().map_err(|_| wrong());
    let Some((one, other)) = text.split_once('-') else {
        return Ok(Subject::Process(number(text)?));
    };
    let (one, other): (u32, u32) = (number(one)?, number(other)?);
    match one == other {
        true => Err(format!("{text:?} is a link of a process to itself")),
        false => Ok(Subject::Link(one.min(other), one.max(other))),
    }
}
