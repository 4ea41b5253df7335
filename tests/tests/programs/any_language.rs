//! `testbed program`: programs in Python and JavaScript, right ones and wrong ones.

use std::path::PathBuf;

use serde_json::Value;
use support::foreign::or_say;
use support::saved::{measured, no_panic, refused};
use support::workspace;

/// Whether the programs of these tests can run.
pub(crate) fn is_ready() -> bool {
    let version = std::process::Command::new("python3")
        .args(["-c", "import sys; assert sys.version_info >= (3, 10)"])
        .status();
    or_say(
        version.is_ok_and(|status| status.success()),
        "apt-get install python3 (3.10 or later)",
    )
}

fn program(name: &str) -> PathBuf {
    workspace().join("tests/foreign").join(name)
}

/// Runs it with these options, expects that exit status, and returns the properties' text.
fn run(name: &str, options: &str, status: i32) -> (String, Value) {
    let bin = program(name);
    let words = format!("program --bin {} {options}", bin.display());
    let (ended, record, _) = measured(&words, status);
    no_panic(&ended);
    (ended.stdout, record)
}

/// The right one passes, and the wrong one fails by that property.
fn tell_apart(name: &str, options: &str, argument: &str, property: &str) {
    if !is_ready() {
        return;
    }
    let (right, _) = run(name, &format!("{options} -- {argument}"), 0);
    assert!(right.contains(&format!("{property}: holds")), "{right}");
    let (wrong, _) = run(name, &format!("{options} -- {argument} wrong"), 1);
    assert!(wrong.contains(&format!("{property}: VIOLATED")), "{wrong}");
}

#[test]
fn an_echo_says_what_was_said() {
    tell_apart(
        "echo.py",
        "--workload echo --peers 2 --seconds 2 --rate 10",
        "",
        "each echo is what was said",
    );
}

#[test]
fn ids_are_unique() {
    tell_apart(
        "ids.py",
        "--workload unique-ids --peers 3 --seconds 2 --rate 20",
        "",
        "no id is given twice",
    );
}

/// Both are the same without faults.
#[test]
fn what_is_broadcast_outlives_a_partition() {
    tell_apart(
        "broadcast.py",
        "--workload broadcast --peers 5 --seconds 6 --rate 20 --nemesis partition --recovery 2s \
         --seed 1",
        "",
        "nothing that was acknowledged is lost",
    );
}

/// Each tells each other one: 4 messages of 5 programs, and 4 answers.
#[test]
fn expectations_are_checked() {
    if !is_ready() {
        return;
    }
    let options = "--workload broadcast --peers 5 --seconds 3 --rate 20 --recovery 1s \
                   --expect stable-p50<1s --expect msgs-per-op";
    let (text, record) = run("broadcast.py", &format!("{options}<20"), 0);
    assert_eq!(
        text.matches("expectations are met: holds").count(),
        2,
        "{text}"
    );
    let measures = record["results"]["measures"].as_array().expect("measures");
    let names = measures.iter().map(|measure| measure["name"].to_string());
    let names: Vec<_> = names.collect();
    assert!(names.contains(&"\"until all have it\"".into()), "{names:?}");
    let (text, _) = run("broadcast.py", &format!("{options}<1"), 1);
    assert!(
        text.contains("and msgs-per-op < 1.00 was expected"),
        "{text}"
    );
}

#[test]
fn a_set_grows_everywhere() {
    tell_apart(
        "crdt.py",
        "--workload g-set --peers 3 --seconds 3 --rate 10 --recovery 2s --loss 0.2",
        "set",
        "nothing that was acknowledged is lost",
    );
}

#[test]
fn a_counter_is_the_sum_in_the_end() {
    for workload in ["g-counter", "pn-counter"] {
        tell_apart(
            "crdt.py",
            &format!(
                "--workload {workload} --peers 3 --seconds 3 --rate 10 --recovery 2s --seed 3"
            ),
            "counter",
            "in the end each reads the sum",
        );
    }
}

#[test]
fn registers_are_linearizable() {
    tell_apart(
        "registers.py",
        "--workload lin-kv --peers 3 --seconds 4 --rate 40 --latency 5ms --seed 1",
        "",
        "each key is linearizable",
    );
}

#[test]
fn transactions_are_strictly_serializable() {
    tell_apart(
        "transactions.py",
        "--workload txn-list-append --peers 3 --seconds 4 --rate 80 --latency 30ms --seed 1",
        "",
        "transactions are strictly serializable",
    );
}

#[test]
fn an_offset_has_one_message() {
    tell_apart(
        "logs.py",
        "--workload kafka --peers 3 --seconds 4 --rate 100 --latency 30ms --recovery 1s --seed 1",
        "",
        "an offset has one message",
    );
}

#[test]
fn a_term_has_one_leader() {
    tell_apart(
        "leader.py",
        "--workload election --peers 5 --seconds 6 --rate 20 --nemesis partition \
         --nemesis-interval 1s --recovery 2s --seed 1",
        "",
        "a term has one leader",
    );
}

#[test]
fn one_client_at_a_time_has_the_lock() {
    tell_apart(
        "lock.py",
        "--workload mutex --peers 3 --seconds 4 --rate 40 --latency 5ms --recovery 1s --seed 1",
        "",
        "one client at a time has the lock",
    );
}

#[test]
fn all_deliver_in_the_same_order() {
    tell_apart(
        "order.py",
        "--workload total-order-broadcast --peers 3 --seconds 4 --rate 40 --latency 0ms..40ms \
         --recovery 1s --seed 1",
        "",
        "all deliver in the same order",
    );
}

/// A killed one starts anew, a halted one goes on, and each fault has struck.
#[test]
fn programs_are_killed_and_halted() {
    if !is_ready() {
        return;
    }
    let options = "--workload unique-ids --peers 3 --seconds 9 --rate 10 --nemesis kill,pause \
                   --nemesis-interval 1s --seed 4";
    let (text, record) = run("ids.py", options, 1);
    // It counts from 1 again: a restart is what it does not survive.
    assert!(text.contains("no id is given twice: VIOLATED"), "{text}");
    assert_eq!(
        record["results"]["faults"]["planned"], record["results"]["faults"]["struck"],
        "{record}"
    );
}

/// A state is that of the steps which follow, and no line for a verdict.
#[test]
fn a_state_on_standard_error_is_in_the_trace() {
    if !is_ready() {
        return;
    }
    let bin = program("leader.py");
    let words = format!(
        "program --bin {} --workload election --peers 3 --seconds 3 --rate 5 --recovery 1s",
        bin.display()
    );
    let runs = support::saved::Runs::new();
    let ended = support::run(&mut runs.testbed(words.split(' '))).exits(0);
    let spans = std::fs::read(runs.only().join("spans.jsonl")).expect("the spans of a run");
    let spans = String::from_utf8_lossy(&spans);
    for part in ["term", "leader", "votes"] {
        let part = format!("state.{part}");
        assert!(spans.contains(&part), "no {part}: {ended}");
    }
}

/// Nobody sends to others, so nothing is known of what a partition does.
#[test]
fn a_partition_that_cuts_nothing_off_leaves_the_verdict_unknown() {
    if !is_ready() {
        return;
    }
    let options = "--workload echo --peers 2 --seconds 3 --rate 10 --nemesis partition";
    let (text, _) = run("echo.py", options, 3);
    let part = "messages were lost, as was asked for: not known";
    assert!(text.contains(part), "{text}");
}

#[test]
fn what_a_program_does_wrong_is_said_with_its_line() {
    if !is_ready() {
        return;
    }
    for (how, why) in [
        ("prints", "line 2: the line is no JSON"),
        ("prints-early", "line 1: the line is no JSON"),
        ("somebody-else", "writes as \"n99\""),
        ("nobody", "\"n99\" is no process that it can send to"),
        ("long", "line 2: the line has more than"),
        (
            "exits-later",
            "exit status: 1; on standard error: that was too much",
        ),
        ("closes-its-output", "it has closed its standard output"),
        ("wrong-type", "of the type \"echoed\""),
    ] {
        let options = format!("--workload echo --peers 2 --seconds 1 --rate 4 -- {how}");
        let (text, _) = run("bad.py", &options, 1);
        assert!(text.contains(why), "{how}: {text}");
        assert!(
            text.contains("n0, peer-00 (step ") || how == "wrong-type",
            "{how}: {text}"
        );
    }
}

/// It is stopped long before the run is over, so what it costs has a bound.
#[test]
fn a_program_that_floods_is_stopped() {
    if !is_ready() {
        return;
    }
    let options = "--workload echo --peers 2 --seconds 5 --rate 4 -- floods";
    let (text, record) = run("bad.py", options, 1);
    assert!(text.contains("\"n99\" is no process"), "{text}");
    let spans = record["spans"]["stored"].as_u64().expect("a number");
    assert!(spans < 100_000, "{spans} spans");
}

#[test]
fn one_that_does_not_start_ends_the_run() {
    if !is_ready() {
        return;
    }
    for (how, why) in [
        (
            "exits-at-once",
            "exit status: 7; on standard error: no more",
        ),
        (
            "ignores-init",
            "n0 has not answered init: within 10s it has written nothing",
        ),
    ] {
        let bin = program("bad.py");
        let words = format!(
            "program --bin {} --workload echo --peers 2 -- {how}",
            bin.display()
        );
        let ended = support::run(&mut support::saved::Runs::new().testbed(words.split(' ')));
        let ended = ended.exits(1);
        assert!(ended.stdout.contains(why), "{how}: {ended}");
    }
}

/// Also one that fled from its group.
#[test]
#[cfg(target_os = "linux")]
fn no_child_is_left() {
    if !is_ready() {
        return;
    }
    let marks = || {
        let all = std::fs::read_dir("/proc").expect("Linux").flatten();
        let lines = all.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
        let texts = lines.map(|line| String::from_utf8_lossy(&line).into_owned());
        texts.filter(|line| line.contains("leaves-a-child")).count()
    };
    run(
        "bad.py",
        "--workload echo --peers 2 --seconds 1 --rate 4 -- leaves-a-child",
        0,
    );
    assert_eq!(marks(), 0);
}

/// Where a program of that name is; none where it is not installed, which is no mistake.
pub(crate) fn installed(name: &str) -> Option<String> {
    let found = std::process::Command::new("which").arg(name).output();
    let path = String::from_utf8(found.expect("which").stdout).expect("a path");
    (!path.is_empty()).then(|| path.trim().to_owned())
}

#[test]
fn the_starters_answer_echo() {
    let folder = tempfile::tempdir().expect("a folder");
    let built = folder.path().join("echo");
    for (language, name) in [
        ("python3", "python.py"),
        ("node", "javascript.mjs"),
        ("java", "Echo.java"),
        ("go", "go.go"),
    ] {
        let starter = workspace().join("docs/starter").join(name);
        let lines = std::fs::read_to_string(&starter).expect("a starter");
        assert!(lines.lines().count() < 60, "{name}");
        let Some(bin) = installed(language) else {
            continue;
        };
        let mut words = "program --workload echo --peers 2 --seconds 2 --rate 10 --bin ".to_owned();
        if language == "go" {
            let mut build = std::process::Command::new(bin);
            build.args(["build", "-o"]).args([&built, &starter]);
            assert!(build.status().expect("go").success());
            words += &built.to_string_lossy();
        } else {
            words += &format!("{bin} -- {}", starter.display());
        }
        drop(measured(&words, 0));
    }
}

/// The judge needs the run alone.
#[test]
fn a_saved_run_is_judged_again() {
    if !is_ready() {
        return;
    }
    let runs = support::saved::Runs::new();
    let bin = program("ids.py");
    let words = format!(
        "program --bin {} --workload unique-ids --peers 2 --seconds 2 --rate 20 -- wrong",
        bin.display()
    );
    let again = |words: &str| support::run(&mut runs.testbed(words.split(' '))).exits(1);
    let first = again(&words);
    let second = again("judge");
    let violated = |ended: &support::Ended| {
        let mut lines = ended.stdout.lines();
        let found = lines.find(|line| line.contains("no id is given twice: VIOLATED"));
        found.expect("a violation").to_owned()
    };
    assert_eq!(violated(&first), violated(&second));
}

#[test]
fn what_cannot_be_run_is_refused() {
    for (words, parts) in [
        (
            "program --workload echo --bin /nowhere/at-all",
            &["--bin /nowhere/at-all", "No such file"][..],
        ),
        (
            "program --workload echo --bin Cargo.toml",
            &["not executable", "chmod +x"],
        ),
        (
            "program --workload echo --bin /bin/true --topology ring",
            &["--topology ring", "--neighbours"],
        ),
        (
            "program --workload echo --bin /bin/true --peers 201",
            &["--peers 201", "at most 200"],
        ),
        (
            "program --workload echo --bin /bin/true --rate 0",
            &["more than 0"],
        ),
        (
            "program --workload echo --bin /bin/true --rate 10000 --seconds 86400",
            &["864000000 operations", "--seconds 2 or less"],
        ),
        (
            "program --workload chess --bin /bin/true",
            &["chess", "unique-ids"],
        ),
    ] {
        refused(words, parts);
    }
}
