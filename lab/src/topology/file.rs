//! A topology from a file: one connection a line, as two peer numbers. Empty
//! lines and what follows a `#` are ignored.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::Edges;
use crate::Error;

/// The largest edge list that is read: 64 MiB, some five million edges.
const MAX_FILE: u64 = 64 << 20;

/// A connection, and the number of its line from 1.
type Line = (usize, u32, u32);

/// An edge list. It is read when it is first needed, and once: a pipe gives its
/// contents a single time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeList {
    path: PathBuf,
    lines: Arc<OnceLock<Vec<Line>>>,
}

impl EdgeList {
    /// The one in that file.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            lines: Arc::default(),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many peers it names: the largest number and one.
    ///
    /// # Errors
    /// [`Error::Usage`] with the file, and the line that is no edge.
    pub fn peers(&self) -> Result<u32, Error> {
        let largest = self.lines()?.iter().map(|(_, a, b)| *a.max(b)).max();
        Ok(largest.map_or(0, |largest| largest.saturating_add(1)))
    }

    /// Its connections, each once.
    ///
    /// # Errors
    /// As [`peers`](Self::peers), and for a number that no peer has.
    pub fn edges(&self, peers: u32) -> Result<Edges, Error> {
        let mut edges = BTreeSet::new();
        for (number, a, b) in self.lines()? {
            if let Some(unknown) = [*a, *b].into_iter().find(|peer| *peer >= peers) {
                return Err(Error::Usage(format!(
                    "--topology file:{}: line {number}: there is no peer {unknown} among {peers}; \
                     they are numbered from 0, or take --peers {}",
                    self.path.display(),
                    u64::from(unknown) + 1
                )));
            }
            edges.insert((*a.min(b), *a.max(b)));
        }
        Ok(edges.into_iter().collect())
    }

    fn lines(&self) -> Result<&[Line], Error> {
        if self.lines.get().is_none() {
            let lines = read(&self.path).map_err(|why| {
                let path = self.path.display();
                Error::Usage(format!("--topology file:{path}: {why}"))
            })?;
            // Two threads that read it at once have read the same.
            let _ = self.lines.set(lines);
        }
        Ok(self.lines.get().map_or(&[], Vec::as_slice))
    }
}

fn read(path: &Path) -> Result<Vec<Line>, String> {
    let text = text(path).map_err(|error| error.to_string())?;
    if text.len() as u64 > MAX_FILE {
        return Err(format!("longer than the limit of {MAX_FILE} bytes"));
    }
    parse(&text)
}

fn parse(text: &str) -> Result<Vec<Line>, String> {
    // Windows editors begin a file with a byte order mark.
    let text = text.trim_start_matches('\u{feff}');
    let mut edges = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let content = line.split('#').next().unwrap_or_default().trim();
        if !content.is_empty() {
            let (a, b) = edge(content).map_err(|why| format!("line {number}: {why}"))?;
            edges.push((number, a, b));
        }
    }
    match edges.is_empty() {
        true => Err("there is no edge in it; a line looks like: 0 1".into()),
        false => Ok(edges),
    }
}

/// As much of the file as is allowed, and a byte more. A pipe has no length
/// that could be asked for.
fn text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let file = File::open(path)?;
    file.take(MAX_FILE + 1).read_to_string(&mut text)?;
    Ok(text)
}

fn edge(line: &str) -> Result<(u32, u32), String> {
    let numbers: Option<Vec<u32>> = line
        .split_whitespace()
        .map(|word| word.parse().ok())
        .collect();
    match numbers.as_deref() {
        Some([a, b]) if a == b => Err(format!("peer {a} cannot be connected with itself")),
        Some([a, b]) => Ok((*a, *b)),
        _ => {
            let shown: String = line.chars().take(40).collect();
            Err(format!("{shown:?} is no edge; it looks like: 0 1"))
        }
    }
}

#[cfg(test)]
mod random;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn check(text: &str, peers: u32, expected: Result<Edges, &str>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("edges");
        fs::write(&path, text).unwrap();
        match (EdgeList::at(path).edges(peers), expected) {
            (Ok(edges), Ok(expected)) => assert_eq!(edges, expected, "{text:?}"),
            (Err(error), Err(expected)) => {
                assert!(error.to_string().contains(expected), "{text:?}: {error}");
            }
            (got, expected) => panic!("{text:?}: {got:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn edge_lists_are_read_or_refused_with_the_line() {
        check("0 1\n", 2, Ok(vec![(0, 1)]));
        check(
            "# a triangle\n\n2 0 # back\n0 1\n1 2\n1 0\n",
            3,
            Ok(vec![(0, 1), (0, 2), (1, 2)]),
        );
        check(
            "0 1\n1 1\n",
            2,
            Err("line 2: peer 1 cannot be connected with itself"),
        );
        check("0 1\n0 7\n", 3, Err("line 2: there is no peer 7 among 3"));
        check("0 1\n0 4294967295\n", 3, Err("no peer 4294967295"));
        for line in ["0", "0 1 2", "a b", "-1 0", "0,1", "0 4294967296"] {
            check(&format!("0 1\n{line}\n"), 3, Err("line 2: "));
        }
        check("\u{feff}0 1\n1 2\n", 3, Ok(vec![(0, 1), (1, 2)]));
        check("# nothing\n", 3, Err("no edge in it"));
        check("", 3, Err("no edge in it"));
    }

    #[test]
    fn what_is_no_file_is_named() {
        for path in ["/no/such/file", "/"] {
            let error = EdgeList::at(path).edges(3).unwrap_err().to_string();
            assert!(error.contains(path), "{error}");
        }
    }
}
