//! JUnit XML: a test suite for the assignment, a test case for each run. A run that could not be
//! graded is an error, one that failed is a failure.

use std::io;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::{View, clean, network, points};
use crate::grade::outcome::Outcome;
use crate::grade::{Grade, Graded};

pub(super) fn text(grade: &Grade, reveal: bool) -> Result<String, io::Error> {
    let title = clean(&grade.title);
    let mut suite = TestSuite::new(&*title);
    suite.set_time(grade.took);
    for (name, value) in [
        ("score", points(grade.score())),
        ("max_score", points(grade.points())),
        ("network", network(&grade.network)),
    ] {
        suite.add_property(Property::new(name, value));
    }
    for graded in &grade.runs {
        suite.add_test_case(case(graded, grade, &title, reveal));
    }
    let mut report = Report::new(&*title);
    report.set_time(grade.took);
    report.add_test_suite(suite);
    report.to_string().map_err(io::Error::other)
}

fn case(graded: &Graded, grade: &Grade, title: &str, reveal: bool) -> TestCase {
    let view = View::of(graded, grade, reveal);
    let kind = match graded.outcome {
        Outcome::Passed => None,
        Outcome::Failed => Some(NonSuccessKind::Failure),
        Outcome::NotGraded => Some(NonSuccessKind::Error),
    };
    let status = match kind {
        None => TestCaseStatus::success(),
        Some(kind) => {
            let mut status = TestCaseStatus::non_success(kind);
            status.set_message(&*view.sentence);
            status.set_description(view.text());
            status
        }
    };
    let mut case = TestCase::new(clean(&graded.run.title), status);
    case.set_classname(title);
    case.set_time(graded.took);
    case.add_property(Property::new("points", points(graded.run.points)));
    if let Some(score) = graded.score() {
        case.add_property(Property::new("score", points(score)));
    }
    case
}
