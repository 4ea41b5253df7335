//! `testbed list` and `testbed explain`.

mod example;

use std::fmt::Write as _;

use lab::lesson::Lesson;
use serde_json::{Value, json};

use crate::cli::Usage;
use crate::cli::registry::lessons;
use crate::run::Format;

/// How wide the text is, in columns.
const WIDTH: usize = 100;

/// How wide the names of fields are.
const LABEL: usize = 10;

/// The list of the lessons.
pub(super) fn list(format: Format) -> String {
    match format {
        Format::Text => table(),
        Format::Json => format!(
            "{:#}\n",
            Value::from_iter(lessons().into_iter().map(to_json))
        ),
    }
}

/// An object for a program that reads the list.
fn to_json(lesson: &Lesson) -> Value {
    let tries = lesson.commands.iter();
    let tries = tries.map(|(command, shows)| json!({"command": command, "shows": shows}));
    json!({
        "name": lesson.name,
        "title": lesson.title,
        "about": lesson.about,
        "needs": lesson.needs,
        "cost": lesson.cost,
        "command": format!("testbed {}", lesson.run),
        "file": lesson.path(),
        "try": Value::from_iter(tries),
    })
}

/// All that `explain` shows, for a program.
fn whole(lesson: &Lesson) -> Value {
    let mut all = to_json(lesson);
    all["idea"] = lesson.idea().into();
    all["messages"] = lesson.messages().into();
    all["state"] = lesson.state().into();
    all["handlers"] = lesson.handlers().into();
    all["example"] = example::of(lesson).into();
    all["question"] = lesson.question().into();
    all
}

fn table() -> String {
    let mut text = format!("{:<19}{:<43}{}\n", "NAME", "WHAT", "TO RUN IT");
    for Lesson {
        name, about, run, ..
    } in lessons()
    {
        let _ = writeln!(text, "{name:<19}{about:<43}{run}");
    }
    text.push_str(
        "
testbed explain NAME        idea, code, a run step by step, cost, and what to try
testbed ...                 over real peers: testbed --peers 20 snapshot
testbed simulate ...        in virtual time, by many seeds
testbed check ...           in every schedule, with few peers
testbed gossip --protocol gossipsub, kad, latency
                            libp2p's own protocols and channels, measured
testbed sweep ...           over lists of options: a table, and plots
",
    );
    text
}

/// The lesson of that name.
///
/// # Errors
/// [`Usage::NoAlgorithm`] if there is none, with all valid names.
pub(super) fn explain(name: &str, format: Format) -> Result<String, Usage> {
    let all = lessons();
    let named = all.iter().copied().find(|lesson| lesson.name == name);
    match named.or_else(|| only_algorithm(&all, name)) {
        Some(lesson) => Ok(match format {
            Format::Text => explanation(lesson),
            Format::Json => format!("{:#}\n", whole(lesson)),
        }),
        None => Err(Usage::NoAlgorithm {
            name: name.to_owned(),
            similar: closest(name),
            all: all.iter().map(|lesson| lesson.name).collect(),
        }),
    }
}

/// The algorithm that a command runs, if it runs one only.
fn only_algorithm(all: &[&'static Lesson], command: &str) -> Option<&'static Lesson> {
    let mut run = all.iter().copied().filter(|lesson| lesson.run == command);
    let first = run.next()?;
    run.next().is_none().then_some(first)
}

fn explanation(lesson: &Lesson) -> String {
    let mut text = format!("{}\n\n", lesson.title);
    for (label, value) in [
        ("name", lesson.name),
        ("about", lesson.about),
        ("needs", lesson.needs),
        ("cost", lesson.cost),
        ("file", &lesson.path()),
    ] {
        let mut label = label;
        for line in wrap(value, WIDTH - LABEL) {
            let _ = writeln!(text, "{label:<LABEL$}{line}");
            label = "";
        }
    }
    for (heading, block) in [
        ("IDEA", lesson.idea()),
        ("MESSAGES", lesson.messages()),
        ("STATE OF A PROCESS", lesson.state()),
    ] {
        let _ = writeln!(text, "\n{heading}\n");
        indent(&mut text, &block);
    }
    // As wide as the file, so it is not indented.
    let _ = write!(text, "\nHANDLERS\n\n{}\n", lesson.handlers());
    text.push_str("\nA RUN OF THREE PROCESSES, STEP BY STEP\n\n");
    for line in example::of(lesson) {
        let (mut number, step) = line.split_at(example::NUMBER);
        for line in wrap(step, WIDTH - example::NUMBER) {
            let _ = writeln!(text, "{number:<width$}{line}", width = example::NUMBER);
            number = "";
        }
    }
    text.push_str("\nQUESTION\n\n");
    indent(&mut text, &wrap(lesson.question(), WIDTH - 2).join("\n"));
    text.push_str("\nTRY\n\n");
    for (command, shows) in lesson.commands {
        let _ = writeln!(text, "  {command}\n      {shows}");
    }
    text
}

fn indent(text: &mut String, block: &str) {
    for line in block.lines() {
        let space = if line.is_empty() { "" } else { "  " };
        let _ = writeln!(text, "{space}{line}");
    }
}

/// `text` in lines of at most `width` columns, unless a word is longer.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always one");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// Problems in the words of textbooks, and the algorithm here that solves each.
const TITLES: [(&str, &str); 3] = [
    ("broadcast", "flood"),
    ("reliable-broadcast", "flood"),
    ("flooding", "flood"),
];

/// The lessons that may be meant: that of a textbook's word, else those that the command of that name runs, else
/// those whose names contain it, else those of which it is a misspelling.
fn closest(name: &str) -> Vec<&'static str> {
    let named = |meant: &dyn Fn(&Lesson) -> bool| -> Vec<_> {
        let meant = lessons().into_iter().filter(|lesson| meant(lesson));
        meant.map(|lesson| lesson.name).collect()
    };
    let typed = name.to_lowercase();
    let titled = named(&|lesson| TITLES.contains(&(&*typed, lesson.name)));
    let runs = named(&|lesson| lesson.run.split(' ').next() == Some(&typed));
    let contain = named(&|lesson| typed.len() > 2 && lesson.name.contains(&typed));
    // A third of the letters, as clap and rustc have it.
    let near = named(&|lesson| 3 * distance(lesson.name, &typed) <= typed.len());
    let mut all = [titled, runs, contain, near].into_iter();
    all.find(|names| !names.is_empty()).unwrap_or_default()
}

/// The Levenshtein distance: how many letters must be inserted, removed or changed
/// to turn one word into the other.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.chars().enumerate() {
            let changed = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.chars().count()]
}

#[cfg(test)]
mod tests;
