//! A topology from a file: one connection a line, as two peer numbers. Empty
//! lines and what follows a `#` are ignored.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::{Edges, Error};

/// The largest edge list that is read: 64 MiB, some five million edges.
const MAX_FILE: u64 = 64 << 20;

/// How many characters of a line an error shows. A guess.
const SHOWN: usize = 40;

/// A connection, and the number of its line from 1.
type Line = (usize, u32, u32);

/// Why a file is not the edge list of a network.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// It is too long.
    #[error("longer than the limit of {MAX_FILE} bytes")]
    TooLong,
    /// It has no edge.
    #[error("there is no edge in it; a line is for example: 0 1")]
    Empty,
    /// A line is no edge.
    #[error("line {line}: {text:?} is no edge; write for example: 0 1")]
    NoEdge {
        /// From 1.
        line: usize,
        /// Its first characters.
        text: String,
    },
    /// An edge connects a peer with itself.
    #[error("line {line}: peer {peer} cannot be connected with itself")]
    SelfLoop {
        /// From 1.
        line: usize,
        /// Both ends.
        peer: u32,
    },
    /// An edge names a peer that the run does not have.
    #[error(
        "line {line}: there is no peer {peer} among {peers}; they are numbered from 0, or take \
         --peers {}", u64::from(*peer) + 1
    )]
    UnknownPeer {
        /// From 1.
        line: usize,
        /// The peer.
        peer: u32,
        /// How many there are.
        peers: u32,
    },
}

/// An edge list. It is read when it is first needed, and only once: a pipe can be
/// read a single time.
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

    /// How many peers it names: the largest number plus one.
    ///
    /// # Errors
    /// [`Error::File`], for example with the line that is no edge.
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
        for &(line, a, b) in self.lines()? {
            if let Some(peer) = [a, b].into_iter().find(|peer| *peer >= peers) {
                return Err(self.error(FileError::UnknownPeer { line, peer, peers }));
            }
            edges.insert((a.min(b), a.max(b)));
        }
        Ok(edges.into_iter().collect())
    }

    fn lines(&self) -> Result<&[Line], Error> {
        if self.lines.get().is_none() {
            let lines = read(&self.path).map_err(|why| self.error(why))?;
            // Two threads that read it at once have read the same.
            let _ = self.lines.set(lines);
        }
        Ok(self.lines.get().map_or(&[], Vec::as_slice))
    }

    fn error(&self, why: FileError) -> Error {
        Error::File {
            path: self.path.clone(),
            why,
        }
    }
}

fn read(path: &Path) -> Result<Vec<Line>, FileError> {
    let text = text(path)?;
    if text.len() as u64 > MAX_FILE {
        return Err(FileError::TooLong);
    }
    parse(&text)
}

fn parse(text: &str) -> Result<Vec<Line>, FileError> {
    // Windows editors begin a file with a byte order mark.
    let text = text.trim_start_matches('\u{feff}');
    let mut edges = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let content = line.split('#').next().unwrap_or_default().trim();
        if !content.is_empty() {
            edges.push(edge(number, content)?);
        }
    }
    match edges.is_empty() {
        true => Err(FileError::Empty),
        false => Ok(edges),
    }
}

/// The text of the file, up to one byte more than is allowed, by which a longer
/// file is recognized: a pipe does not report its length.
fn text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let file = File::open(path)?;
    file.take(MAX_FILE + 1).read_to_string(&mut text)?;
    Ok(text)
}

fn edge(line: usize, content: &str) -> Result<Line, FileError> {
    let numbers: Option<Vec<u32>> = content
        .split_whitespace()
        .map(|word| word.parse().ok())
        .collect();
    match numbers.as_deref() {
        Some(&[a, b]) if a == b => Err(FileError::SelfLoop { line, peer: a }),
        Some(&[a, b]) => Ok((line, a, b)),
        _ => Err(FileError::NoEdge {
            line,
            text: content.chars().take(SHOWN).collect(),
        }),
    }
}

#[cfg(test)]
mod property_tests;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn edges(text: &str, peers: u32) -> Result<Edges, FileError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("edges");
        fs::write(&path, text).unwrap();
        EdgeList::at(&path).edges(peers).map_err(|error| {
            let Error::File { path: named, why } = error else {
                panic!("{text:?}: {error}");
            };
            assert_eq!(named, path, "{text:?}");
            why
        })
    }

    #[test]
    fn edge_lists_are_read() {
        let triangle = "# a triangle\n\n2 0 # back\n0 1\n1 2\n1 0\n";
        assert_eq!(edges("0 1\n", 2).unwrap(), [(0, 1)]);
        assert_eq!(edges(triangle, 3).unwrap(), [(0, 1), (0, 2), (1, 2)]);
        assert_eq!(edges("\u{feff}0 1\n1 2\n", 3).unwrap(), [(0, 1), (1, 2)]);
    }

    #[test]
    fn damaged_edge_lists_are_rejected_with_the_line() {
        let error = edges("0 1\n1 1\n", 2).unwrap_err();
        assert!(
            matches!(error, FileError::SelfLoop { line: 2, peer: 1 }),
            "{error}"
        );
        for unknown in [7, u32::MAX] {
            let error = edges(&format!("0 1\n0 {unknown}\n"), 3).unwrap_err();
            assert!(
                matches!(error, FileError::UnknownPeer { line: 2, peer, peers: 3 } if peer == unknown),
                "{error}"
            );
        }
        for line in ["0", "0 1 2", "a b", "-1 0", "0,1", "0 4294967296"] {
            let error = edges(&format!("0 1\n{line}\n"), 3).unwrap_err();
            assert!(
                matches!(&error, FileError::NoEdge { line: 2, text } if text == line),
                "{error}"
            );
        }
        for text in ["# nothing\n", ""] {
            let error = edges(text, 3).unwrap_err();
            assert!(matches!(error, FileError::Empty), "{error}");
        }
    }

    #[test]
    fn unreadable_file_is_named() {
        for path in ["/no/such/file", "/"] {
            let error = EdgeList::at(path).edges(3).unwrap_err();
            let Error::File {
                path: named,
                why: FileError::Read(_),
            } = &error
            else {
                panic!("{error}");
            };
            assert_eq!(named, Path::new(path));
        }
    }
}
