//! `testbed graph` as its user runs it.

use serde_json::Value;
use support::{Ended, Running, run, testbed, until};

fn graph(args: &str) -> Ended {
    run(testbed().arg("graph").args(args.split_whitespace()))
}

#[test]
fn same_seed_prints_the_same_tables() {
    let args = "--peers 100..400 --links 5,10 --kill 0,0.8 --seed 7 --graphs 3";
    let first = graph(args).exits(0);
    let line = first.stdout.lines().find(|line| line.contains("seed"));
    let expected = "random overlays, model opened, 3 graphs a line, seed 7";
    assert_eq!(line, Some(expected), "{first}");
    // Two tables with a head, and a line for each combination.
    let lines = first.stdout.lines().filter(|line| line.starts_with("  "));
    assert_eq!(lines.count(), 2 * (1 + 3 * 2 * 2), "{first}");
    assert_eq!(first.stdout, graph(args).exits(0).stdout);
    assert_ne!(
        first.stdout,
        graph(&args.replace("seed 7", "seed 8")).stdout
    );
}

#[test]
fn document_has_what_the_tables_have() {
    let ended = graph("--peers 100 --links 10 --model re6stnet --seed 1 --format json").exits(0);
    let document: Value = serde_json::from_str(&ended.stdout).expect("one document");
    assert_eq!(
        (&document["complete"], &document["model"]),
        (&true.into(), &"re6stnet".into())
    );
    let cell = &document["cells"][0];
    let (found, published) = (&cell["distance"]["mean"], &cell["published"]);
    let off = found.as_f64().expect("a mean") / published.as_f64().expect("published") - 1.0;
    assert!(off.abs() < 0.01, "{cell}");
    let interval = &cell["distance"]["interval"];
    assert!(interval["low"].as_f64() <= found.as_f64(), "{cell}");
    assert!(interval["high"].as_f64() >= found.as_f64(), "{cell}");
}

#[test]
fn plots_are_drawn_where_there_is_something_to_compare() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("new").display().to_string();
    let drawn = |args: &str| {
        let ended = graph(&format!("{args} --graphs 2 --seed 1 --plot {place}")).exits(0);
        let plots = ended
            .stdout
            .lines()
            .filter_map(|line| line.strip_prefix("plot "));
        let paths: Vec<_> = plots.map(|path| path.trim().to_owned()).collect();
        for path in &paths {
            let text = std::fs::read_to_string(path).expect("a plot");
            assert!(
                text.starts_with("<svg") && text.contains("5 links"),
                "{path}"
            );
        }
        paths.len()
    };
    assert_eq!(drawn("--peers 50,100 --links 5"), 1);
    assert_eq!(drawn("--peers 50,100 --links 5 --kill 0.7,0.8"), 2);
    assert_eq!(drawn("--peers 100 --links 5"), 0);
}

#[test]
fn what_cannot_be_computed_is_refused_in_one_line() {
    for (args, parts) in [
        (
            "--peers 5 --links 5",
            &["--links 5 with --peers 5", "6 peers"][..],
        ),
        ("--kill 0.99 --peers 100", &["--kill 0.99 with --peers 100"]),
        ("--limit 5", &["--limit 5", "--model re6stnet"]),
        (
            "--peers 4294967295 --links 1000",
            &["--peers 4294967295", "MiB", "fewer"],
        ),
        ("--plot /proc/nowhere", &["--plot /proc/nowhere"]),
    ] {
        let ended = graph(args).exits(2);
        let lines: Vec<_> = ended.stderr.lines().collect();
        assert!(
            lines.len() == 1 && lines[0].starts_with("error: "),
            "{args}: {ended}"
        );
        for part in parts {
            assert!(lines[0].contains(part), "{args}: {ended}");
        }
        assert_eq!(ended.stdout, "", "{args}");
    }
}

/// What was computed until then is printed, and the exit status says that it is not all.
#[cfg(unix)]
#[test]
fn interrupted_run_prints_what_it_has() {
    let folder = tempfile::tempdir().expect("a folder");
    let plots = folder.path().join("plots");
    let mut command = testbed();
    command.args([
        "graph",
        "--peers",
        "20,102400",
        "--links",
        "5..15",
        "--graphs",
        "1000",
    ]);
    let running = Running::start(command.arg("--plot").arg(&plots));
    // It makes the folder when it already watches for signals.
    until("the folder", || plots.exists().then_some(()));
    running.signal("INT");
    let ended = running.end().exits(3);
    assert!(
        ended.stdout.contains(" of 6000 graphs were computed"),
        "{ended}"
    );
}
