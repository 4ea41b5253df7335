//! `testbed list` and `testbed explain`.

use std::fmt::Write as _;

use algorithms::lessons::{ALL, Lesson};
use serde_json::{Value, json};

use crate::cli::Usage;
use crate::run::Format;

/// How wide the text is, in columns.
const WIDTH: usize = 100;

/// How wide the names of fields are.
const LABEL: usize = 10;

/// What there is to learn and to run.
pub(super) fn list(format: Format) -> String {
    match format {
        Format::Text => table(),
        Format::Json => format!("{:#}\n", Value::from_iter(ALL.iter().map(to_json))),
    }
}

/// An object for a program that reads the list.
fn to_json(lesson: &Lesson) -> Value {
    let tries = lesson.try_.iter();
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

fn table() -> String {
    let mut text = format!("{:<19}{:<43}{}\n", "NAME", "WHAT", "TO RUN IT");
    for Lesson {
        name, about, run, ..
    } in ALL
    {
        let _ = writeln!(text, "{name:<19}{about:<43}{run}");
    }
    text.push_str(
        "
testbed explain NAME        idea, messages, state, cost, and what to try
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
/// [`Usage::NoAlgorithm`] if there is none, with the names that there are.
pub(super) fn explain(name: &str) -> Result<String, Usage> {
    match Lesson::find(name) {
        Some(lesson) => Ok(tell(lesson)),
        None => Err(Usage::NoAlgorithm {
            name: name.to_owned(),
            similar: closest(name),
            all: ALL.iter().map(|lesson| lesson.name).collect(),
        }),
    }
}

fn tell(lesson: &Lesson) -> String {
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
    text.push_str("\nTRY\n\n");
    for (command, shows) in lesson.try_ {
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

/// What to say of a name that no lesson has.
/// The names that may be meant: of what the command of that name runs, else
/// those that contain it, else those that it is a misspelling of.
fn closest(name: &str) -> Vec<&'static str> {
    let named = |meant: &dyn Fn(&Lesson) -> bool| -> Vec<_> {
        let meant = ALL.iter().filter(|lesson| meant(lesson));
        meant.map(|lesson| lesson.name).collect()
    };
    let typed = name.to_lowercase();
    let runs = named(&|lesson| lesson.run.split(' ').next() == Some(&typed));
    let contain = named(&|lesson| typed.len() > 2 && lesson.name.contains(&typed));
    // A third of the letters, as clap and rustc have it.
    let near = named(&|lesson| 3 * distance(lesson.name, &typed) <= typed.len());
    let mut all = [runs, contain, near].into_iter();
    all.find(|names| !names.is_empty()).unwrap_or_default()
}

/// How many letters one must insert, remove or change to get from the one word
/// to the other: Levenshtein's distance.
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
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn texts_fit_a_terminal() {
        let mut texts = vec![table()];
        texts.extend(ALL.iter().map(tell));
        for line in texts.iter().flat_map(|text| text.lines()) {
            assert!(line.chars().count() <= WIDTH, "{line}");
            assert_eq!(line, line.trim_end());
        }
    }

    #[test]
    fn every_lesson_is_listed_and_explained() {
        let list = table();
        for lesson in ALL {
            let name = lesson.name;
            assert!(list.lines().any(|line| line.starts_with(name)), "{name}");
            let text = explain(name).expect(name);
            let parts = [
                "IDEA",
                "MESSAGES",
                "STATE OF A PROCESS",
                "TRY",
                lesson.title,
            ];
            for part in parts.into_iter().chain([lesson.file]) {
                assert!(text.contains(part), "{name} lacks {part}");
            }
        }
    }

    #[test]
    fn list_for_programs_has_every_lesson() {
        let list: Value = serde_json::from_str(&list(Format::Json)).expect("JSON");
        let names = list.as_array().expect("an array").iter();
        let names: Vec<_> = names.filter_map(|lesson| lesson["name"].as_str()).collect();
        assert_eq!(
            names,
            ALL.iter().map(|lesson| lesson.name).collect::<Vec<_>>()
        );
        let command = &list[0]["try"][0]["command"];
        assert_eq!(*command, ALL[0].try_[0].0);
    }

    #[test]
    fn what_is_said_to_be_typed_can_be() {
        for lesson in ALL {
            let run = format!("testbed {}", lesson.run);
            let commands = lesson.try_.iter().map(|(command, _)| *command);
            for command in commands.chain([run.as_str()]) {
                if let Err(error) = Cli::try_parse_from(command.split(' ')) {
                    panic!("{}: {command}: {error}", lesson.name);
                }
            }
        }
    }

    #[test]
    fn who_asks_for_something_else_hears_what_there_is() {
        for (name, meant) in [
            ("chandy", "(do you mean chandy-lamport?)"),
            ("Lai_Young", "(do you mean lai-yang?)"),
            ("elect", "(do you mean chang-roberts?)"),
            ("terminate", "(do you mean dijkstra-scholten, work?)"),
            ("paxos", "\"paxos\" is no algorithm; there are"),
            ("", "\"\" is no algorithm; there are"),
        ] {
            let error = explain(name).expect_err(name);
            assert!(matches!(error, Usage::NoAlgorithm { .. }), "{name}");
            let error = error.to_string();
            assert!(error.contains(meant), "{error}");
            assert!(error.contains("ping-pong, echo"), "{error}");
        }
    }
}
