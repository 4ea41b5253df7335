//! `testbed export`, and files that `view` and `export` are to read.

use std::fs;

use support::{Runs, run};

use super::refused;

#[test]
fn invalid_values_are_rejected() {
    let runs = Runs::new();
    run(&mut runs.testbed(["--peers=2", "ping"])).exits(0);
    let folder = runs.only().display().to_string();
    for (name, args, parts) in [
        (
            "no form",
            &["export", &folder][..],
            &["--format text", "jaeger", "shiviz"][..],
        ),
        (
            "a form that is none",
            &["export", &folder, "--format", "xml"],
            &["xml", "jaeger", "perfetto"],
        ),
        (
            "a run that is none",
            &["export", "/no/run", "--format", "otlp"],
            &["/no/run", "run.json"],
        ),
        (
            "a file in no folder",
            &["export", &folder, "--format", "otlp", "--to", "/no/file"],
            &["/no/file", "--to FILE"],
        ),
        (
            "an export of a run that is to come",
            &["--format", "jaeger", "ping"],
            &["--format jaeger", "testbed export", "text or json"],
        ),
    ] {
        refused(name, &run(&mut runs.testbed(args)), 2, parts);
    }
}

#[test]
fn a_truncated_or_malformed_file_is_rejected() {
    let runs = Runs::new();
    run(&mut runs.testbed(["--peers=2", "ping"])).exits(0);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("traces.json");
    let file = path.display().to_string();
    let whole = run(&mut runs.testbed(["export", "--format", "jaeger"])).exits(0);
    let text = whole.stdout;
    for (name, content, parts) in [
        ("nothing", String::new(), &["line 1", "neither"][..]),
        (
            "a cut",
            text[..text.len() / 2].to_owned(),
            &["line", "column", "cut short", "save it again"],
        ),
        ("another list", "[1]".to_owned(), &["line 1", "Jaeger"]),
    ] {
        fs::write(&path, content).expect("it is ours");
        for args in [
            &["view", &file, "--listen", "127.0.0.1:0"][..],
            &["export", &file, "--format", "otlp"],
        ] {
            let parts = [&[&*file], parts].concat();
            refused(name, &run(&mut runs.testbed(args)), 2, &parts);
        }
    }
    // An invalid id costs only its span.
    let content = text.replacen("\"spanID\":\"", "\"spanID\":\"x", 1);
    fs::write(&path, content).expect("it is ours");
    let ended = run(&mut runs.testbed(["export", &file, "--format", "otlp"])).exits(0);
    for part in ["left out", "data[0].spans[0]", "16 hexadecimal digits"] {
        assert!(ended.stderr.contains(part), "{part}: {ended}");
    }
}
