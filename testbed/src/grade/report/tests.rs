use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::grade::Attempt;
use crate::grade::assignment::Assignment;
use crate::grade::outcome::Judged;

const ASSIGNMENT: &str = r#"
title = "T"
workload = "echo"
[[run]]
title = "shown"
points = 2
[[run]]
title = "verdict"
points = 3
show = "verdict"
[[run]]
title = "hidden"
points = 4
show = "nothing"
visibility = "after_due_date"
[[run]]
title = "open"
points = 1
"#;

/// A reason that a program has written, with what would break a report.
const EVIL: &str = "wrote \u{1b}[31m<b>]]>&\u{0}\u{202e}\u{ffff}";

fn attempt(outcome: Outcome) -> Attempt {
    Attempt {
        seed: 77_077,
        command: "testbed program --seed 77077".into(),
        judged: Judged {
            outcome,
            reasons: vec![EVIL.into(), "x".repeat(5000)],
            properties: vec!["each echo is what was said".into()],
            doubt: (outcome == Outcome::NotGraded).then(|| "host saturated".into()),
        },
        saved: Some("runs/1".into()),
        took: Duration::from_secs(1),
    }
}

/// The first three runs failed, and the last could not be graded.
fn grade() -> Grade {
    let assignment = Assignment::parse(Path::new("t.toml"), ASSIGNMENT).expect("an assignment");
    let outcome = |title: &str| match title {
        "open" => Outcome::NotGraded,
        _ => Outcome::Failed,
    };
    let runs = assignment.runs.into_iter().map(|run| Graded {
        outcome: outcome(&run.title),
        attempts: vec![attempt(outcome(&run.title))],
        took: Duration::from_secs(1),
        run,
    });
    Grade {
        title: "T".into(),
        assignment: "t.toml".into(),
        program: "./student.py".into(),
        network: Cut::NotPermitted("EPERM".into()),
        runs: runs.collect(),
        stopped: None,
        took: Duration::from_secs(3),
    }
}

fn all_forms(reveal: bool) -> [String; 4] {
    let grade = grade();
    [
        text(&grade, reveal),
        json(&grade, reveal),
        format!("{:#}", gradescope::value(&grade, reveal)),
        junit::text(&grade, reveal).expect("XML"),
    ]
}

#[test]
fn hidden_runs_show_no_seed_and_no_reason() {
    for text in all_forms(false) {
        // The shown run has it, and the one that was not graded.
        let seeds = text.matches("--seed 77077").count();
        assert!((2..=4).contains(&seeds), "{seeds}: {text}");
        assert!(
            text.contains("does not hold: each echo is what was said"),
            "{text}"
        );
        assert!(text.contains("details of this run are hidden"), "{text}");
    }
    for text in all_forms(true) {
        assert!(!text.contains("are hidden"), "{text}");
        assert!(text.matches("--seed 77077").count() >= 4, "{text}");
    }
}

#[test]
fn what_a_program_wrote_is_escaped_and_bounded() {
    for text in all_forms(true) {
        for letter in ['\u{1b}', '\u{0}', '\u{202e}', '\u{ffff}'] {
            assert!(!text.contains(letter), "{letter:?}: {text}");
        }
        assert!(!text.contains(&"x".repeat(LONGEST + 1)));
        assert!(text.contains(&"x".repeat(LONGEST)));
    }
    let xml = &all_forms(true)[3];
    assert!(!xml.contains("<b>"), "{xml}");
    assert!(xml.contains("&lt;b&gt;"), "{xml}");
}

#[test]
fn a_run_that_was_not_graded_is_no_zero() {
    let [text, json, gradescope, junit] = all_forms(false);
    assert!(text.contains("- of 1"), "{text}");
    assert!(
        text.contains("1 of 4 runs could not be graded, 3 failed"),
        "{text}"
    );
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["status"], "unknown");
    assert_eq!(json["runs"][3]["score"], Value::Null);
    let results: Value = serde_json::from_str(&gradescope).expect("JSON");
    assert_eq!(results["tests"][3].get("score"), None);
    assert_eq!(results["tests"][0]["score"], 0.0);
    assert_eq!(results["tests"][2]["visibility"], "after_due_date");
    let output = results["output"].as_str().expect("text");
    assert!(
        output.contains("1 of 4 runs could not be graded"),
        "{output}"
    );
    assert!(output.contains("NOT cut off"), "{output}");
    assert!(junit.contains(r#"failures="3" errors="1""#), "{junit}");
}

#[test]
fn targets_are_read() {
    let target: Target = "junit:a:b.xml".parse().expect("a target");
    assert_eq!(target.path, Path::new("a:b.xml"));
    for (text, why) in [
        ("a.json", "no form"),
        ("html:a", "none of json"),
        ("json:", "no file"),
    ] {
        let error = text.parse::<Target>().expect_err(text);
        assert!(error.contains(why), "{error}");
    }
}
