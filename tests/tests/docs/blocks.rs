//! The fenced blocks of a page, by their info strings.

use std::fs;

use support::workspace;

/// A fenced block.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) kind: String,
    /// The number of its first line in the file, from 1.
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// All blocks of the README, in order.
pub(crate) fn blocks() -> Vec<Block> {
    let page = fs::read_to_string(workspace().join("README.md")).expect("README.md");
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (line, text) in (1..).zip(page.lines()) {
        match (text.strip_prefix("```"), &mut open) {
            (Some(kind), None) => {
                open = Some(Block {
                    kind: kind.to_owned(),
                    line: line + 1,
                    text: String::new(),
                });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => {
                block.text.push_str(text);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "README.md: a block does not end: {open:?}");
    blocks
}

/// Those of one kind.
pub(crate) fn of_kind(kind: &str) -> Vec<Block> {
    let all = blocks().into_iter();
    let found: Vec<_> = all.filter(|block| block.kind == kind).collect();
    assert!(!found.is_empty(), "README.md has no block {kind:?}");
    found
}

/// A line without what differs from run to run: numbers, names with numbers in
/// them, and units.
pub(crate) fn shape(line: &str) -> Vec<String> {
    let units = ["ns", "µs", "ms", "s", "KiB", "MiB", "times"];
    let words = line.split_whitespace().map(|word| {
        let bare = word.trim_matches(|letter: char| ",;.()".contains(letter));
        match bare.chars().any(|letter| letter.is_ascii_digit()) {
            true => "#".to_owned(),
            false => bare.to_owned(),
        }
    });
    let mut shape: Vec<_> = words.filter(|word| !units.contains(&&**word)).collect();
    shape.dedup();
    shape
}
