//! The fenced blocks of a page, by their info strings.

use std::fs;

use support::workspace;

/// A fenced block.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) kind: String,
    /// Its file, and the number of its first line there: `docs/start.md, line 9`.
    pub(crate) place: String,
    pub(crate) text: String,
}

/// The pages: those at the root, and those in `docs`. Each with its name from the
/// root, and its text.
pub(crate) fn pages() -> Vec<(String, String)> {
    let docs = fs::read_dir(workspace().join("docs"))
        .expect("docs")
        .flatten();
    let docs = docs.map(|file| format!("docs/{}", file.file_name().to_string_lossy()));
    let mut names: Vec<_> = docs.filter(|name| name.ends_with(".md")).collect();
    names.extend(["README.md", "CONTRIBUTING.md"].map(str::to_owned));
    names.sort_unstable();
    let text = |name: &String| fs::read_to_string(workspace().join(name)).expect("a page");
    names
        .into_iter()
        .map(|name| (name.clone(), text(&name)))
        .collect()
}

/// All blocks of all pages, in order.
pub(crate) fn blocks() -> Vec<Block> {
    let all = pages().into_iter();
    all.flat_map(|(name, text)| blocks_of(&name, &text))
        .collect()
}

fn blocks_of(name: &str, page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (line, text) in (1_usize..).zip(page.lines()) {
        match (text.strip_prefix("```"), &mut open) {
            (Some(kind), None) => {
                open = Some(Block {
                    kind: kind.to_owned(),
                    place: format!("{name}, line {}", line + 1),
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
    assert!(open.is_none(), "{name}: a block does not end: {open:?}");
    blocks
}

/// Those of one kind.
pub(crate) fn of_kind(kind: &str) -> Vec<Block> {
    let all = blocks().into_iter();
    let found: Vec<_> = all.filter(|block| block.kind == kind).collect();
    assert!(!found.is_empty(), "no page has a block {kind:?}");
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
    let is_unit = |word: &str| units.contains(&word.trim_end_matches(':'));
    let mut shape: Vec<_> = words.filter(|word| !is_unit(word)).collect();
    shape.dedup();
    shape
}
