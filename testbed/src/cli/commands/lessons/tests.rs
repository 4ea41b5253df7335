use std::collections::BTreeSet;

use clap::Parser as _;

use super::*;
use crate::cli::Cli;

/// The lesson of that name.
fn lesson(name: &str) -> &'static Lesson {
    let mut all = lessons().into_iter();
    all.find(|lesson| lesson.name == name).expect(name)
}

#[test]
fn texts_fit_a_terminal() {
    let mut texts = vec![table()];
    texts.extend(lessons().into_iter().map(explanation));
    for line in texts.iter().flat_map(|text| text.lines()) {
        assert!(line.chars().count() <= WIDTH, "{line}");
        assert_eq!(line, line.trim_end());
    }
}

#[test]
fn every_lesson_is_listed_and_explained() {
    let list = table();
    for lesson in lessons() {
        let name = lesson.name;
        assert!(list.lines().any(|line| line.starts_with(name)), "{name}");
        let text = explain(name, Format::Text).expect(name);
        let parts = [
            "IDEA",
            "MESSAGES",
            "STATE OF A PROCESS",
            "HANDLERS",
            "STEP BY STEP",
            "QUESTION",
            "TRY",
            lesson.title,
        ];
        for part in parts.into_iter().chain([lesson.file.name]) {
            assert!(text.contains(part), "{name} lacks {part}");
        }
    }
}

#[test]
fn list_for_programs_has_every_lesson() {
    let list: Value = serde_json::from_str(&list(Format::Json)).expect("JSON");
    let names = list.as_array().expect("an array").iter();
    let names: Vec<_> = names.filter_map(|lesson| lesson["name"].as_str()).collect();
    let all = lessons();
    assert_eq!(
        names,
        all.iter().map(|lesson| lesson.name).collect::<Vec<_>>()
    );
    let command = &list[0]["try"][0]["command"];
    assert_eq!(*command, all[0].commands[0].0);
}

#[test]
fn commands_of_lessons_are_accepted() {
    for lesson in lessons() {
        let run = format!("testbed {}", lesson.run);
        let commands = lesson.commands.iter().map(|(command, _)| *command);
        for command in commands.chain([run.as_str()]) {
            if let Err(error) = Cli::try_parse_from(command.split(' ')) {
                panic!("{}: {command}: {error}", lesson.name);
            }
        }
    }
}

#[test]
fn explain_of_a_command_is_that_of_its_only_algorithm() {
    let text = |name| explain(name, Format::Text).expect(name);
    assert_eq!(text("wave"), text("echo"));
    assert_eq!(text("elect"), text("chang-roberts"));
    assert_eq!(text("snapshot"), text("chandy-lamport"), "its default");
    assert!(explain("terminate", Format::Text).is_err());
    let json = explain("echo", Format::Json).expect("echo");
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["name"], "echo");
    assert!(json["idea"].as_str().is_some_and(|idea| idea.len() > 100));
    let example = json["example"].as_array().expect("lines");
    let first = example[0].as_str().expect("a line");
    assert!(first.starts_with("   1  peer-0"), "{first}");
    assert!(
        json["question"]
            .as_str()
            .is_some_and(|text| text.ends_with('?'))
    );
}

#[test]
fn every_lesson_has_a_run_in_few_steps_that_is_the_same_each_time() {
    for lesson in lessons() {
        let run = example::of(lesson);
        assert!((3..=31).contains(&run.len()), "{}: {run:#?}", lesson.name);
        assert!(
            run.iter().any(|line| line.contains(" receives ")),
            "{run:#?}"
        );
        assert_eq!(run, example::of(lesson), "{}", lesson.name);
    }
}

#[test]
fn handlers_are_shown_as_they_stand_in_the_file() {
    for lesson in lessons() {
        let (name, handlers) = (lesson.name, lesson.handlers());
        for part in [" for ", "type Message = ", "    fn "] {
            assert!(handlers.contains(part), "{name}: {part}");
        }
        assert!(lesson.file.content.contains(&handlers), "{name}");
        assert!(!handlers.contains("#[test]"), "{name}");
        let open = handlers.matches('{').count();
        assert_eq!(open, handlers.matches('}').count(), "{name}");
    }
}

#[test]
fn explain_of_an_unknown_name_lists_all_names() {
    for (name, meant) in [
        ("chandy", "(do you mean chandy-lamport?)"),
        ("Lai_Young", "(do you mean lai-yang?)"),
        ("broadcast", "(do you mean flood?)"),
        ("terminate", "(do you mean dijkstra-scholten, work?)"),
        ("paxos", "\"paxos\" is no algorithm; there are"),
        ("", "\"\" is no algorithm; there are"),
    ] {
        let error = explain(name, Format::Text).expect_err(name);
        assert!(matches!(error, Usage::NoAlgorithm { .. }), "{name}");
        let error = error.to_string();
        assert!(error.contains(meant), "{error}");
        assert!(error.contains("ping-pong, echo"), "{error}");
    }
}

/// Modules that are not lessons: the common parts of the snapshot algorithms and of
/// synchronous ones, and the modules of derived code.
const NONE: [&str; 4] = ["derived", "rounds", "snapshot", "wire"];

#[test]
fn every_algorithm_is_a_lesson() {
    let modules = include_str!("../../../../../algorithms/src/lib.rs").lines();
    let modules = modules.filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let modules: BTreeSet<_> = modules.filter(|module| !NONE.contains(module)).collect();
    let all = lessons();
    let files = all
        .iter()
        .filter_map(|lesson| lesson.file.name.strip_suffix(".rs"));
    assert_eq!(
        files.collect::<BTreeSet<_>>(),
        modules,
        "the system of a new algorithm declares its lesson"
    );
    let names: BTreeSet<_> = all.iter().map(|lesson| lesson.name).collect();
    let order: BTreeSet<_> = all.iter().map(|lesson| lesson.order).collect();
    assert_eq!(
        [names.len(), order.len()],
        [all.len(); 2],
        "each has its own name and place"
    );
}

#[test]
fn no_lesson_is_longer_than_250_lines() {
    for lesson in lessons() {
        let lines = lesson.file.content.lines();
        let lines = lines.take_while(|line| *line != "#[cfg(test)]").count();
        assert!(
            lines <= 250,
            "{}: {lines} lines before its tests",
            lesson.name
        );
    }
}

#[test]
fn every_lesson_is_complete() {
    for lesson in lessons() {
        let Lesson { name, run, .. } = *lesson;
        let idea = lesson.idea();
        assert!(idea.len() > 400, "{name}: {idea}");
        for part in ["\nWhat it needs", "\nCost: ", " is in this file"] {
            assert!(idea.contains(part), "the head of {name} lacks {part:?}");
        }
        for (field, text) in [
            ("title", lesson.title),
            ("about", lesson.about),
            ("needs", lesson.needs),
            ("cost", lesson.cost),
            ("run", run),
        ] {
            assert!(!text.is_empty() && !text.contains('\n'), "{name}: {field}");
        }
        assert!(!lesson.commands.is_empty(), "{name}");
        let command = run.split(' ').next().unwrap_or(run);
        for (typed, shows) in lesson.commands {
            let mut words = typed.split(' ');
            assert_eq!(words.next(), Some("testbed"), "{name}: {typed}");
            assert!(words.any(|word| word == command), "{name}: {typed}");
            assert!(!shows.is_empty(), "{name}: {typed}");
        }
    }
}

#[test]
fn messages_and_state_are_shown_as_they_stand_in_the_file() {
    for (name, messages, state) in [
        ("ping-pong", "pub enum Message {", "pub struct PingPong {"),
        ("echo", "pub enum Message {", "pub struct Echo {"),
        ("flood", "pub struct Message {", "pub struct Flood {"),
        ("chang-roberts", "pub enum Message {", "enum Status {"),
        ("bully", "pub enum Message {", "enum Phase {"),
        ("ricart-agrawala", "pub enum Message {", "enum Phase {"),
        ("dijkstra-scholten", "pub enum Message<M> {", "enum Place {"),
        ("raft", "pub enum Message {", "enum Role {"),
        ("flood-set", "pub struct Values {", "pub struct FloodSet {"),
        (
            "oral-messages",
            "pub struct Orders {",
            "pub struct OralMessages {",
        ),
        (
            "naive",
            "pub enum Message<M> {",
            "pub struct NaiveSnapshot<A: Algorithm> {",
        ),
        (
            "chandy-lamport",
            "pub enum Message<M> {",
            "struct Recording<M> {",
        ),
        ("lai-yang", "pub enum Message<M> {", "struct Snapshot<M> {"),
        ("bank", "pub struct Transfer {", "pub struct Bank {"),
        ("token", "pub struct Pass {", "pub struct Tokens {"),
        (
            "producer-consumer",
            "pub struct Item {",
            "pub struct ProducerConsumer {",
        ),
        ("work", "pub struct Job {", "pub struct Work {"),
    ] {
        let lesson = lesson(name);
        for (shown, part) in [(lesson.messages(), messages), (lesson.state(), state)] {
            assert!(shown.lines().any(|line| line == part), "{name}:\n{shown}");
            assert!(shown.ends_with('}'), "{name}:\n{shown}");
            assert!(!shown.contains("#["), "{name}:\n{shown}");
            let open = shown.matches('{').count();
            assert_eq!(open, shown.matches('}').count(), "{name}:\n{shown}");
        }
    }
    let state = lesson("chang-roberts").state();
    assert!(state.ends_with("    Bystander,\n}"), "{state}");
    assert!(
        state.starts_with("/// The state of one process.\npub struct"),
        "{state}"
    );
}
