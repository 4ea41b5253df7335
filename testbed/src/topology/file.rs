//! A topology from a file: one connection a line, as two peer numbers. Empty
//! lines and what follows a `#` are ignored.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::Edges;
use crate::Error;

/// The largest edge list that is read: 64 MiB, some five million edges.
const MAX_FILE: u64 = 64 << 20;

/// The edges of the file with the numbers of their lines, as they stand there.
pub(super) fn read(path: &Path) -> Result<Vec<(usize, u32, u32)>, Error> {
    let wrong = |why: String| Error::Usage(format!("--topology file:{}: {why}", path.display()));
    let length = fs::metadata(path).map_err(|e| wrong(e.to_string()))?.len();
    if length > MAX_FILE {
        return Err(wrong(format!(
            "{length} bytes are over the limit of {MAX_FILE}"
        )));
    }
    let text = fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?;
    let mut edges = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let content = line.split('#').next().unwrap_or_default().trim();
        if !content.is_empty() {
            let (a, b) = edge(content).map_err(|why| wrong(format!("line {number}: {why}")))?;
            edges.push((number, a, b));
        }
    }
    match edges.is_empty() {
        true => Err(wrong(
            "there is no edge in it; a line looks like: 0 1".into(),
        )),
        false => Ok(edges),
    }
}

/// How many peers the edges name: the largest number and one.
pub(super) fn peers(edges: &[(usize, u32, u32)]) -> u32 {
    let largest = edges.iter().map(|(_, a, b)| *a.max(b)).max();
    largest.map_or(0, |largest| largest.saturating_add(1))
}

pub(super) fn edges(path: &Path, peers: u32) -> Result<Edges, Error> {
    let mut edges = BTreeSet::new();
    for (number, a, b) in read(path)? {
        if let Some(unknown) = [a, b].into_iter().find(|peer| *peer >= peers) {
            return Err(Error::Usage(format!(
                "--topology file:{}: line {number}: there is no peer {unknown} among {peers}; \
                 they are numbered from 0, or take --peers {}",
                path.display(),
                u64::from(unknown) + 1
            )));
        }
        edges.insert((a.min(b), a.max(b)));
    }
    Ok(edges.into_iter().collect())
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
mod tests {
    use super::*;

    fn check(text: &str, peers: u32, expected: Result<Edges, &str>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("edges");
        fs::write(&path, text).unwrap();
        match (edges(&path, peers), expected) {
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
        check("# nothing\n", 3, Err("no edge in it"));
        check("", 3, Err("no edge in it"));
    }

    #[test]
    fn what_is_no_file_is_named() {
        for path in ["/no/such/file", "/"] {
            let error = edges(Path::new(path), 3).unwrap_err().to_string();
            assert!(error.contains(path), "{error}");
        }
    }
}
