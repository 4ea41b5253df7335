//! The report in lines, for a terminal.

use std::fmt::Write as _;

use lab::stats::show;

use super::{View, clean, network, points};
use crate::grade::outcome::Outcome;
use crate::grade::{Grade, Graded};

/// How wide the titles are at most.
const WIDEST: usize = 48;

pub(super) fn text(grade: &Grade, reveal: bool) -> String {
    let mut text = format!("{}: {}\n", clean(&grade.title), clean(&grade.program));
    let titles = grade
        .runs
        .iter()
        .map(|graded| graded.run.title.chars().count());
    let width = titles.max().unwrap_or(0).min(WIDEST);
    for graded in &grade.runs {
        let view = View::of(graded, grade, reveal);
        let title = clean(&graded.run.title);
        let score = score(graded);
        let took = show(graded.took);
        let _ = writeln!(
            text,
            "{score:>12}  {title:width$}  {} ({took})",
            view.sentence
        );
        for line in &view.lines {
            let _ = writeln!(text, "              {line}");
        }
    }
    let _ = writeln!(text, "network       {}", network(&grade.network));
    let _ = writeln!(
        text,
        "score         {} of {}",
        points(grade.score()),
        points(grade.points())
    );
    let _ = writeln!(text, "verdict       {}{}", grade.status(), why(grade));
    text
}

/// `7.5 of 10`
fn score(graded: &Graded) -> String {
    let of = points(graded.run.points);
    match graded.score() {
        Some(score) => format!("{} of {of}", points(score)),
        None => format!("- of {of}"),
    }
}

fn why(grade: &Grade) -> String {
    let all = grade.runs.len();
    let (failed, open) = (
        grade.count(Outcome::Failed),
        grade.count(Outcome::NotGraded),
    );
    let stopped = grade.stopped.as_deref();
    let stopped = stopped
        .map(|why| format!("; {}", clean(why)))
        .unwrap_or_default();
    match (failed, open) {
        (0, 0) => String::new(),
        (failed, 0) => format!(": {failed} of {all} runs failed"),
        (failed, open) => {
            format!(": {open} of {all} runs could not be graded, {failed} failed{stopped}")
        }
    }
}
