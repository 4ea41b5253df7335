//! The report as JSON. `docs/grading.md` describes its fields.

use serde_json::{Value, json};

use super::{View, clean, network};
use crate::grade::{Attempt, Cut, Grade, Graded};

/// The name and version of the form.
const SCHEMA: &str = "testbed-grade/1";

pub(super) fn value(grade: &Grade, reveal: bool) -> Value {
    let runs = grade.runs.iter().map(|graded| run(graded, grade, reveal));
    json!({
        "schema": SCHEMA,
        "assignment": { "title": grade.title, "file": grade.assignment },
        "program": clean(&grade.program),
        "status": grade.status(),
        "score": grade.score(),
        "max_score": grade.points(),
        "seconds": grade.took.as_secs_f64(),
        "network": { "cut": grade.network == Cut::Off, "text": network(&grade.network) },
        "stopped": grade.stopped,
        "runs": runs.collect::<Vec<_>>(),
    })
}

fn run(graded: &Graded, grade: &Grade, reveal: bool) -> Value {
    let view = View::of(graded, grade, reveal);
    let attempts = graded.attempts.iter().filter(|_| view.is_open);
    json!({
        "title": clean(&graded.run.title),
        "outcome": graded.outcome,
        "score": graded.score(),
        "max_score": graded.run.points,
        "show": graded.run.show,
        "visibility": graded.run.visibility,
        "sentence": view.sentence,
        "lines": view.lines,
        "seconds": graded.took.as_secs_f64(),
        "attempts": attempts.map(attempt).collect::<Vec<_>>(),
    })
}

fn attempt(attempt: &Attempt) -> Value {
    let judged = &attempt.judged;
    let reasons = judged.reasons.iter().take(super::REASONS);
    json!({
        "seed": attempt.seed,
        "outcome": judged.outcome,
        "reasons": reasons.map(|reason| clean(reason)).collect::<Vec<_>>(),
        "properties": judged.properties,
        "doubt": judged.doubt.as_deref().map(clean),
        "command": clean(&attempt.command),
        "saved": attempt.saved,
        "seconds": attempt.took.as_secs_f64(),
    })
}
