//! `testbed grade`: the shipped assignments tell right solutions from the mistakes that students
//! make, programs are contained, and reports say what has to be said.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use serde_json::Value;
use support::saved::{Runs, no_panic, refused};
use support::{CALM, Ended, run, workspace};

use super::any_language::{installed, is_ready};

/// A mistake, the run that is meant for it, and a part of what is said then.
type Mistake<'a> = (&'a str, &'a str, &'a str);

fn assignment(name: &str) -> PathBuf {
    workspace().join(format!("docs/assignments/{name}/assignment.toml"))
}

fn solution(name: &str) -> PathBuf {
    workspace().join(format!("tests/foreign/assignments/{name}/solution.py"))
}

/// Grades it with all shown. Returns what it printed, which is JSON.
fn grade(assignment: &Path, words: &[&str], status: i32) -> (Ended, Value) {
    let runs = Runs::new();
    let mut command = runs.testbed(CALM.split(' '));
    command.args(["--format", "json", "grade", "--reveal", "--assignment"]);
    command.arg(assignment).args(words);
    let ended = run(&mut command).exits(status);
    no_panic(&ended);
    let grade = serde_json::from_str(&ended.stdout);
    let grade = grade.unwrap_or_else(|error| panic!("{error}: {ended}"));
    (ended, grade)
}

/// The program, started with these words, gets all points.
fn gets_all_points(name: &str, program: &[&str]) {
    let (_, grade) = grade(&assignment(name), program, 0);
    assert_eq!(grade["score"], grade["max_score"], "{grade:#}");
    assert!(grade["score"].as_f64() > Some(0.0), "{grade:#}");
}

/// It gets none at the run that is meant for its mistake, and the report says why.
fn loses(name: &str, program: &[&str], (_, title, why): Mistake<'_>) {
    let words = [&["--only", title], program].concat();
    let (ended, grade) = grade(&assignment(name), &words, 1);
    let run = &grade["runs"][0];
    assert_eq!((&run["title"], &run["score"]), (&title.into(), &0.0.into()));
    let lines = run["lines"].to_string();
    assert!(lines.contains(why), "{program:?}: {why}: {ended}");
}

/// All solutions of an assignment in Python, side by side.
fn tells_apart(name: &str, mistakes: [Mistake<'_>; 3]) {
    if !is_ready() {
        return;
    }
    let solution = solution(name);
    let program = ["--bin", solution.to_str().expect("a path")];
    thread::scope(|scope| {
        scope.spawn(|| gets_all_points(name, &program));
        for mistake in mistakes {
            scope.spawn(move || loses(name, &[program[0], program[1], "--", mistake.0], mistake));
        }
    });
}

#[test]
fn echo() {
    let three = "three programs answer, each by its own name";
    tells_apart(
        "echo",
        [
            ("unflushed", "one program answers", "it has written nothing"),
            ("as-n0", three, r#"it is n1, and writes as \"n0\""#),
            ("prints", "one program answers", "the line is no JSON"),
        ],
    );
}

#[test]
fn unique_ids() {
    let twice = "no id is given twice: ";
    tells_apart(
        "unique-ids",
        [
            ("seconds", "one program makes up ids", twice),
            ("no-name", "three programs make up ids", twice),
            ("forgets", "a program is killed, and starts anew", twice),
        ],
    );
}

#[test]
fn broadcast() {
    tells_apart(
        "broadcast",
        [
            (
                "no-retries",
                "a partition heals",
                "elements that were acknowledged",
            ),
            (
                "twice",
                "messages are lost, and come twice",
                "reads have nothing twice: ",
            ),
            (
                "all-the-time",
                "few messages",
                "and msgs-per-op < 14.00 was expected",
            ),
        ],
    );
}

#[test]
fn g_counter() {
    let sum = "in the end each reads the sum: ";
    tells_apart(
        "g-counter",
        [
            ("no-cas", "five programs count at once", sum),
            ("stale", "reads are up to date in the end", sum),
            ("twice", "the service is slow", sum),
        ],
    );
}

#[test]
fn pn_counter() {
    let sum = "in the end each reads the sum: ";
    tells_apart(
        "pn-counter",
        [
            ("one-number", "three programs count", sum),
            ("once", "messages are lost", sum),
            ("again", "messages come twice", sum),
        ],
    );
}

#[test]
fn g_set() {
    let lost = "elements that were acknowledged";
    let alone = "one program is killed before the others have its elements";
    let others = "one of three is killed after it has acknowledged what others told it";
    tells_apart(
        "g-set",
        [
            ("memory", alone, lost),
            ("unflushed", alone, lost),
            ("own-only", others, lost),
        ],
    );
}

#[test]
fn lin_kv() {
    let stale = "each key is linearizable: ";
    let apart = "one is apart for a while, and comes back";
    tells_apart(
        "lin-kv",
        [
            (
                "any-reads",
                "three programs, nothing happens to them",
                stale,
            ),
            ("leader-reads", apart, stale),
            ("early", apart, stale),
        ],
    );
}

/// An assignment is the same for all languages.
#[test]
fn solutions_in_java_and_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let built = folder.path().join("ids");
    if let Some(java) = installed("java") {
        let source = workspace().join("tests/foreign/assignments/echo/Solution.java");
        let source = source.to_str().expect("a path");
        gets_all_points("echo", &["--bin", &java, "--", source]);
        let title = "one program answers";
        loses(
            "echo",
            &["--bin", &java, "--", source, "shouts"],
            ("", title, "each echo is what was said"),
        );
    }
    if let Some(go) = installed("go") {
        let source = workspace().join("tests/foreign/assignments/unique-ids/solution.go");
        let mut build = std::process::Command::new(go);
        build.args(["build", "-o"]).args([&built, &source]);
        assert!(build.status().expect("go").success());
        let program = built.to_str().expect("a path");
        gets_all_points("unique-ids", &["--bin", program]);
        let title = "three programs make up ids";
        loses(
            "unique-ids",
            &["--bin", program, "--", "no-name"],
            ("", title, "no id is given twice"),
        );
    }
}

/// An assignment of one run of one program that answers echo, with these lines in its budget.
fn small(folder: &Path, budget: &str) -> PathBuf {
    let text = format!(
        "title = \"T\"\nworkload = \"echo\"\n{budget}\n[[run]]\ntitle = \"R\"\npoints = 1\n\
         peers = 1\nrate = 2\nseconds = 1\nrecovery = \"0s\"\n"
    );
    let path = folder.join("small.toml");
    std::fs::write(&path, text).expect("a file of ours");
    path
}

#[test]
fn a_program_that_takes_too_much_is_stopped() {
    if !is_ready() {
        return;
    }
    let memory = "MiB of memory together, and may take 200 MiB";
    let output = "it wrote more than the 2 MiB that it may write";
    thread::scope(|scope| {
        for (how, budget, why) in [
            ("memory", "memory = \"200M\"", memory),
            ("memory-of-a-child", "memory = \"200M\"", memory),
            ("output", "output = \"2M\"", output),
            ("errors", "output = \"2M\"", output),
            (
                "time",
                "time = \"6500ms\"",
                "the run did not end within 6.5s",
            ),
        ] {
            scope.spawn(move || {
                let bin = workspace().join("tests/foreign/greedy.py");
                let folder = tempfile::tempdir().expect("a folder");
                let assignment = small(folder.path(), &format!("[budget]\n{budget}"));
                let program = ["--bin", bin.to_str().expect("a path"), "--", how];
                let (ended, grade) = grade(&assignment, &program, 1);
                let lines = grade["runs"][0]["lines"].to_string();
                assert!(lines.contains(why), "{how}: {ended}");
            });
        }
    });
}

/// The program connects with this test, unless it is cut off.
#[test]
fn a_program_has_no_network() {
    if !is_ready() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener
        .local_addr()
        .expect("an address")
        .port()
        .to_string();
    let bin = workspace().join("tests/foreign/greedy.py");
    let folder = tempfile::tempdir().expect("a folder");
    let words = [
        "--bin",
        bin.to_str().expect("a path"),
        "--",
        "network",
        &port,
    ];
    let open = small(folder.path(), "network = \"open\"");
    let (_, reaches) = grade(&open, &words, 1);
    assert_eq!(reaches["network"]["cut"], false);
    let lines = reaches["runs"][0]["lines"].to_string();
    assert!(lines.contains("the network is there"), "{reaches:#}");
    let cut = small(folder.path(), "");
    let runs = Runs::new();
    let mut command = runs.testbed(CALM.split(' '));
    command
        .args(["--format", "json", "grade", "--assignment"])
        .arg(&cut)
        .args(words);
    let ended = run(&mut command);
    let reached: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    // Where the system does not permit it, the report says so.
    let is_cut = reached["network"]["cut"] == true;
    let says = if is_cut { "cut off: " } else { "NOT cut off" };
    assert_eq!(
        reached["status"],
        if is_cut { "pass" } else { "fail" },
        "{ended}"
    );
    assert!(
        reached["network"]["text"]
            .as_str()
            .is_some_and(|text| text.contains(says)),
        "{ended}"
    );
}

/// The template's judge judges what was submitted.
#[test]
fn a_crate_is_graded() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let mut new = support::testbed();
    run(new.current_dir(here).args(["new", "wave"])).exits(0);
    let assignment = here.join("wave.toml");
    let text = r#"
        title = "A wave"
        [crate]
        template = "wave"
        files = ["src/main.rs"]
        [[run]]
        title = "schedules"
        points = 6
        command = "simulate --peers 6 --topology random:3 --seeds 100"
        [[run]]
        title = "all schedules"
        points = 4
        command = "check --peers 3 --topology line"
    "#;
    std::fs::write(&assignment, text).expect("a file of ours");
    let submission = here.join("student");
    std::fs::create_dir_all(submission.join("src")).expect("a folder");
    let right = std::fs::read_to_string(here.join("wave/src/main.rs")).expect("a template");
    let hasty = right.replace("self.is_hasty || self.missing", "true || self.missing");
    assert_ne!(right, hasty);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .expect("a folder");
    // What a crate depends on is built once, and takes longer than a run may.
    let mut dependencies = Command::new("cargo");
    dependencies
        .args(["build", "--quiet"])
        .current_dir(here.join("wave"));
    dependencies
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_NET_OFFLINE", "true");
    assert!(dependencies.status().expect("cargo").success());
    for (text, status, score, part) in [
        (right.as_str(), 0, 10.0, "passed"),
        (&hasty, 1, 0.0, "again: cargo run -- simulate --peers 6"),
        ("fn main() { loop {} ", 1, 0.0, "cargo build: error"),
    ] {
        std::fs::write(submission.join("src/main.rs"), text).expect("a file of ours");
        let runs = Runs::new();
        let mut command = runs.testbed(["--format", "json", "grade", "--reveal"]);
        command.arg("--assignment").arg(&assignment);
        command.arg("--crate").arg(&submission);
        command
            .env("CARGO_TARGET_DIR", target)
            .env("CARGO_NET_OFFLINE", "true");
        let ended = run(&mut command).exits(status);
        let grade: Value = serde_json::from_str(&ended.stdout).expect("JSON");
        assert_eq!(grade["score"], score, "{ended}");
        assert!(grade["runs"].to_string().contains(part), "{part}: {ended}");
    }
}

#[test]
fn reports_are_written() {
    if !is_ready() {
        return;
    }
    let runs = Runs::new();
    let path = |name: &str| runs.path().join(name);
    let mut command = runs.testbed(CALM.split(' '));
    command
        .args(["grade", "--assignment"])
        .arg(assignment("echo"));
    command.arg("--bin").arg(solution("echo"));
    for (form, name) in [
        ("json", "a.json"),
        ("gradescope", "b.json"),
        ("junit", "c.xml"),
    ] {
        command
            .arg("--report")
            .arg(format!("{form}:{}", path(name).display()));
    }
    let ended = run(command.args(["--", "as-n0"])).exits(1);
    assert!(ended.stdout.contains("score         4 of 10"), "{ended}");
    assert!(
        ended.stdout.contains("again: testbed program --bin "),
        "{ended}"
    );
    let read = |name: &str| std::fs::read_to_string(path(name)).expect("a report");
    let ours: Value = serde_json::from_str(&read("a.json")).expect("JSON");
    assert_eq!(
        (&ours["schema"], &ours["score"]),
        (&"testbed-grade/1".into(), &4.0.into())
    );
    let results: Value = serde_json::from_str(&read("b.json")).expect("JSON");
    assert_eq!(results["score"], 4.0);
    assert_eq!(results["tests"][1]["status"], "failed");
    assert_eq!(results["tests"][1]["max_score"], 6.0);
    assert!(read("c.xml").contains(r#"tests="2" skipped="0" errors="0" failures="1""#));
}

/// Nothing is graded then, which is no zero: the exit status is 3, and reports say why.
#[test]
fn what_cannot_be_graded_is_not_graded() {
    let runs = Runs::new();
    let results = runs.path().join("results.json");
    let report = format!("gradescope:{}", results.display());
    let echo = assignment("echo");
    let echo = echo.to_str().expect("a path");
    let wrong = runs.path().join("wrong.toml");
    std::fs::write(&wrong, "title = \"T\"\nworkload = \"echo\"\npears = 2")
        .expect("a file of ours");
    let wrong = wrong.to_str().expect("a path");
    let many = runs.path().join("many.toml");
    let text =
        "title = \"T\"\nworkload = \"echo\"\n[[run]]\ntitle = \"R\"\npoints = 1\npeers = 500";
    std::fs::write(&many, text).expect("a file of ours");
    let many = many.to_str().expect("a path");
    let crates = runs.path().join("crates.toml");
    let text = "title = \"T\"\n[crate]\ntemplate = \"x\"\n[[run]]\ntitle = \"R\"\npoints = 1\n\
                command = \"check\"";
    std::fs::write(&crates, text).expect("a file of ours");
    let crates = crates.to_str().expect("a path");
    for (words, parts) in [
        (
            &["--assignment", "/nowhere.toml", "--bin", "x"][..],
            &["--assignment /nowhere.toml", "No such file"][..],
        ),
        (
            &["--assignment", wrong, "--bin", "x"],
            &["wrong.toml:3: ", "pears", "`network`"],
        ),
        (
            &["--assignment", many, "--bin", "x"],
            &["many.toml:3: ", "--peers 500", "at most 200"],
        ),
        (
            &[
                "--assignment",
                echo,
                "--bin",
                "/nowhere",
                "--report",
                &report,
            ],
            &["--bin /nowhere", "No such file"],
        ),
        (
            &["--assignment", crates, "--crate", "/nowhere"],
            &["--crate /nowhere", "No such file"],
        ),
        (
            &["--assignment", echo, "--bin", "Cargo.toml"],
            &["not executable", "chmod +x"],
        ),
        (
            &[
                "--assignment",
                echo,
                "--bin",
                "x",
                "--report",
                "json:/nowhere/a",
            ],
            &["--report /nowhere/a", "another file"],
        ),
    ] {
        let ended = run(runs.testbed(["grade"]).args(words)).exits(3);
        no_panic(&ended);
        for part in parts {
            assert!(ended.stderr.contains(part), "{words:?}: {part}: {ended}");
        }
    }
    let text = std::fs::read_to_string(results).expect("a report");
    let results: Value = serde_json::from_str(&text).expect("JSON");
    let output = results["output"].as_str().expect("a text");
    assert!(
        output.contains("2 of 2 runs could not be graded"),
        "{output}"
    );
    assert!(output.contains("--bin /nowhere"), "{output}");
    assert_eq!(results["tests"][0].get("score"), None);
}

#[test]
fn wrong_usage_is_refused() {
    let echo = assignment("echo");
    let grade = format!("grade --assignment {} --bin x", echo.display());
    for (words, parts) in [
        (
            "--only none",
            &["--only \"none\"", "one program answers"][..],
        ),
        (
            "--peers 5",
            &["--peers", "the assignment describes its runs"],
        ),
        ("--crate x", &["--bin", "--crate", "cannot be used with"]),
        ("--report a.json", &["a.json", "gradescope:results.json"]),
    ] {
        refused(&format!("{grade} {words}"), parts);
    }
}
