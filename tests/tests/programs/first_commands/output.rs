//! What is printed, and where to.

use std::fs;
use std::io::pipe;
use std::process::{Command, Stdio};

use serde_json::Value;
use support::{Runs, run, saved, testbed, workspace};

#[test]
fn json_is_what_was_saved() {
    let runs = Runs::new();
    let ended = run(&mut runs.testbed(["--peers=3", "ping", "--format", "json"])).exits(0);
    let printed = saved::valid(&ended.stdout);
    assert_eq!(printed, saved::record(&runs.only()));
    assert_eq!(ended.stderr, "");
}

/// A document of JSON, and nothing else on either stream.
fn json(command: &mut Command, status: i32) -> Value {
    let ended = run(command).exits(status);
    assert_eq!(ended.stderr, "", "{ended}");
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended}"))
}

#[test]
fn every_lesson_is_listed_explained_simulated_and_checked_as_json() {
    let page = workspace().join("docs/command-line.md");
    let page = fs::read_to_string(page).expect("the page");
    let is_named = |value: &Value, of: &str| {
        for field in value.as_object().expect("an object").keys() {
            assert!(page.contains(&format!("`{field}`")), "{of}: {field}");
        }
    };
    let list = json(testbed().args(["list", "--format", "json"]), 0);
    for lesson in list.as_array().expect("an array") {
        let name = lesson["name"].as_str().expect("a name");
        let whole = json(testbed().args(["explain", name, "--format", "json"]), 0);
        for (field, value) in lesson.as_object().expect("an object") {
            assert_eq!(whole[field], *value, "{name}: {field}");
        }
        is_named(&whole, name);
        for field in ["idea", "messages", "state", "handlers", "question"] {
            assert!(whole[field].is_string(), "{name}: {field}");
        }
        assert!(whole["example"].is_array(), "{name}");
        let words = lesson["command"].as_str().expect("a command");
        let words: Vec<_> = words.split(' ').skip(1).collect();
        for (engine, few) in [
            ("simulate", "--peers 4 --seeds 2 --seed 3"),
            ("check", "--peers 2 --max-states 2000"),
        ] {
            let runs = Runs::new();
            let mut command = runs.testbed(["--format", "json", engine]);
            command.args(&words).args(few.split(' '));
            let ended = run(&mut command);
            assert_eq!(ended.stderr, "", "{ended}");
            let record = saved::valid(&ended.stdout);
            assert_eq!(record, saved::record(&runs.only()), "{engine} {words:?}");
            is_named(&record["results"], &format!("{engine} {name}"));
            let status = match record["verdict"]["status"].as_str() {
                Some("pass") => 0,
                Some("fail") => 1,
                _ => 3,
            };
            let _ = ended.exits(status);
        }
    }
}

#[test]
fn json_has_the_verdict_its_reasons_and_what_was_checked() {
    for (words, status, verdict, field) in [
        ("simulate wave --peers 4 --seeds 3", 0, "pass", "schedules"),
        (
            "simulate wave --peers 4 --seeds 30 --loss 0.3",
            1,
            "fail",
            "again",
        ),
        (
            "simulate snapshot --peers 3 --seeds 2 --max-events 9",
            3,
            "unknown",
            "endless_schedule",
        ),
        ("check wave --peers 3", 0, "pass", "states"),
        ("check wave --peers 3 --lossy", 1, "fail", "narrative"),
        (
            "check snapshot --peers 3 --max-states 99",
            3,
            "unknown",
            "complete_depth",
        ),
    ] {
        let runs = Runs::new();
        let mut command = runs.testbed(words.split(' '));
        let record = json(command.args(["--format=json"]), status);
        assert_eq!(record["verdict"]["status"], verdict, "{words}");
        let reasons = record["verdict"]["reasons"].as_array().expect("a list");
        assert_eq!(reasons.is_empty(), verdict == "pass", "{words}");
        assert!(!record["results"][field].is_null(), "{words}: {record:#}");
        let coverage = &record["results"]["coverage"];
        assert!(coverage["properties"].is_array(), "{words}: {coverage}");
    }
}

#[test]
fn errors_are_no_part_of_the_json() {
    for words in [
        "explain nothing",
        "list --peers 3",
        "simulate wave --loss 2",
        "simulate kad",
        "check wave --peers 1",
    ] {
        let mut command = testbed();
        let ended = run(command.args(words.split(' ')).arg("--format=json")).exits(2);
        assert_eq!(ended.stdout, "", "{words}");
        assert!(ended.stderr.starts_with("error: "), "{words}: {ended}");
    }
}

#[test]
fn quiet_prints_the_result_alone() {
    let runs = Runs::new();
    let ended = run(&mut runs.testbed(["--peers=3", "ping", "--quiet"])).exits(0);
    assert!(!ended.stdout.contains("look at it"), "{ended}");
    assert!(ended.stdout.contains("verdict           pass"), "{ended}");
    assert_eq!(ended.stderr, "");
}

#[test]
fn the_shell_completes() {
    for (shell, part) in [
        ("bash", "complete -F _testbed"),
        ("zsh", "#compdef testbed"),
        ("fish", "complete -c testbed"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion"),
    ] {
        let ended = run(testbed().args(["completions", shell])).exits(0);
        assert!(ended.stdout.contains(part), "{shell}: {ended}");
    }
}

#[test]
fn bash_takes_the_completions() {
    let runs = Runs::new();
    let script = runs.path().join("testbed.bash");
    let ended = run(testbed().args(["completions", "bash"])).exits(0);
    fs::write(&script, ended.stdout).expect("a file");
    let offers = "source \"$0\"; COMP_WORDS=(testbed ping --ev); COMP_CWORD=2; \
                  _testbed testbed --ev ping; echo \"${COMPREPLY[@]}\"";
    let ended = run(Command::new("bash").args(["-c", offers]).arg(&script)).exits(0);
    assert_eq!(ended.stdout, "--every-pair\n", "{ended}");
}

#[test]
fn help_shows_examples() {
    for (args, parts) in [
        (
            &["--help"][..],
            &["Examples:", "testbed --peers 20 ping", "Exit status"][..],
        ),
        (&["-h"], &["Examples:"]),
        (
            &["ping", "--help"],
            &["--every-pair", "--peers", "--topology"],
        ),
        (&["view", "--help"], &["--listen"]),
        (&["--version"], &["testbed 0"]),
    ] {
        let ended = run(testbed().args(args)).exits(0);
        for part in parts {
            assert!(ended.stdout.contains(part), "{args:?} {part}: {ended}");
        }
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    for args in [
        &["ping", "--peers=3"][..],
        &["completions", "bash"],
        &["--help"],
    ] {
        let runs = Runs::new();
        let (reader, writer) = pipe().expect("a pipe");
        drop(reader);
        // Commands that save nothing refuse `--out`.
        let mut command = match args[0] {
            "ping" => runs.testbed([""; 0]),
            _ => support::testbed(),
        };
        command.args(args);
        command.stdout(writer).stderr(Stdio::piped());
        let output = command.output().expect("it starts");
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {message}");
        assert_eq!(message, "", "{args:?}");
    }
}

#[test]
fn both_outputs_may_be_closed() {
    let runs = Runs::new();
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    let mut command = runs.testbed(["-v", "--view=127.0.0.1:0", "ping", "--to=0"]);
    let both = writer.try_clone().expect("a second writer");
    let status = command.stdout(writer).stderr(both).status();
    // Wrong usage stays wrong usage, with both outputs closed.
    assert_eq!(status.expect("it starts").code(), Some(2));
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    let mut command = runs.testbed(["-v", "ping", "--peers=3"]);
    let both = writer.try_clone().expect("a second writer");
    let status = command.stdout(writer).stderr(both).status();
    assert_eq!(status.expect("it starts").code(), Some(0));
}
