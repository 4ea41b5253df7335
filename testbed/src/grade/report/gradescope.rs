//! Gradescope's `results.json`, after its specification ("Autograder Specifications", Output
//! format): `score`, `execution_time` in seconds, `output`, and `tests`.
//!
//! A run that could not be graded has no score of its own, and the output of the whole says so:
//! the score of the submission has to be a number there.

use serde_json::{Map, Value, json};

use super::{View, clean, network, points};
use crate::grade::outcome::Outcome;
use crate::grade::{Grade, Graded};

pub(super) fn value(grade: &Grade, reveal: bool) -> Value {
    let tests = grade.runs.iter().map(|graded| test(graded, grade, reveal));
    json!({
        "score": grade.score(),
        "execution_time": grade.took.as_secs(),
        "output": output(grade),
        "output_format": "text",
        "tests": tests.collect::<Vec<_>>(),
        "extra_data": {
            "status": grade.status(),
            "not_graded": grade.count(Outcome::NotGraded),
        },
    })
}

fn output(grade: &Grade) -> String {
    let mut lines = vec![format!(
        "{}: {} of {} points",
        clean(&grade.title),
        points(grade.score()),
        points(grade.points())
    )];
    let open = grade.count(Outcome::NotGraded);
    if open > 0 {
        lines.push(format!(
            "{open} of {} runs could not be graded. Their points are missing from the score; let \
             the submission be graded again.",
            grade.runs.len()
        ));
    }
    lines.extend(grade.stopped.as_deref().map(clean));
    lines.push(format!(
        "The network of the program was {}.",
        network(&grade.network)
    ));
    lines.join("\n")
}

fn test(graded: &Graded, grade: &Grade, reveal: bool) -> Value {
    let mut test = Map::new();
    let mut put = |name: &str, value: Value| test.insert(name.to_owned(), value);
    put("name", clean(&graded.run.title).into());
    put("max_score", graded.run.points.into());
    if let Some(score) = graded.score() {
        let status = match graded.outcome {
            Outcome::Passed => "passed",
            Outcome::Failed | Outcome::NotGraded => "failed",
        };
        put("score", score.into());
        put("status", status.into());
    }
    put("output", View::of(graded, grade, reveal).text().into());
    put("output_format", "text".into());
    put("visibility", json!(graded.run.visibility));
    test.into()
}
