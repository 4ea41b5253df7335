//! Outages of a file: a line for each, `90s,3.5m,7` of peer 7, `90s,3.5m,7-9` of the link between
//! peers 7 and 9. Lines are sorted by the begin. Empty lines, and those that begin with `#`, are
//! left out.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Error, MOST, Outage, Subject};
use crate::values::duration;

/// The outages of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    path: String,
    outages: Vec<Outage>,
    /// The line of each.
    lines: Vec<usize>,
}

impl Trace {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::File`], and [`Error::Line`] of the first line that is no outage, is out of order,
    /// or overlaps another outage of the same peer or link.
    pub fn read(path: &str) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|why| Error::File {
            path: path.to_owned(),
            why: why.to_string(),
        })?;
        Self::parse(path, &text)
    }

    /// The same of a text. `path` is for errors.
    ///
    /// # Errors
    /// [`Error::Line`], as above.
    pub fn parse(path: &str, text: &str) -> Result<Self, Error> {
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
            let wrong = |why| trace.wrong(line, why);
            let outage = outage(text).map_err(wrong)?;
            if trace.outages.len() == MOST {
                return Err(wrong(format!("a run has at most {MOST} outages")));
            }
            if trace
                .outages
                .last()
                .is_some_and(|last| outage.from < last.from)
            {
                let why = format!("{text:?} begins before the line above; sort the lines by begin");
                return Err(wrong(why));
            }
            if let Some((other, until)) = latest.get(&outage.of)
                && outage.from < *until
            {
                return Err(wrong(format!(
                    "{text:?} overlaps line {other}, where {} is out until {until:?}; make one \
                     outage of them",
                    outage.of
                )));
            }
            latest.insert(outage.of, (line, outage.until));
            trace.outages.push(outage);
            trace.lines.push(line);
        }
        Ok(trace)
    }

    /// Its file.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its outages, in the order of time.
    pub fn outages(&self) -> &[Outage] {
        &self.outages
    }

    /// Whether all of its peers are below that number.
    ///
    /// # Errors
    /// [`Error::Line`] of the first line with another one.
    pub(super) fn check(&self, peers: u32) -> Result<(), Error> {
        for (line, outage) in self.lines.iter().zip(&self.outages) {
            let highest = match outage.of {
                Subject::Peer(peer) => peer,
                Subject::Link(_, other) => other,
            };
            if highest >= peers {
                let why = format!(
                    "there is no peer {highest} among {peers}, whose numbers are 0 to {}; start \
                     more peers, or leave the line out",
                    peers.saturating_sub(1)
                );
                return Err(self.wrong(*line, why));
            }
        }
        Ok(())
    }

    fn wrong(&self, line: usize, why: String) -> Error {
        Error::Line {
            path: self.path.clone(),
            line,
            why,
        }
    }
}

fn outage(text: &str) -> Result<Outage, String> {
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
    Ok(Outage { of, from, until })
}

fn subject(text: &str) -> Result<Subject, String> {
    let wrong = || format!("{text:?} is no peer and no link; write for example 7, or 7-9");
    let number = |text: &str| text.parse().map_err(|_| wrong());
    let Some((one, other)) = text.split_once('-') else {
        return Ok(Subject::Peer(number(text)?));
    };
    let (one, other): (u32, u32) = (number(one)?, number(other)?);
    match one == other {
        true => Err(format!("{text:?} is a link of a peer to itself")),
        false => Ok(Subject::Link(one.min(other), one.max(other))),
    }
}
