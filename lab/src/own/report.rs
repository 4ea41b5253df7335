//! What a program that runs one system prints.

use crate::verdict::{Status, Verdict};

/// What a run found, as the program prints it.
#[derive(Clone, Debug)]
pub struct Report {
    /// The verdict in a word.
    pub status: Status,
    /// The results and the verdict, in lines. Of a run that is wrong, it has every step.
    pub text: String,
}

impl Report {
    pub(super) fn new(mut text: String, verdict: &Verdict) -> Self {
        text.push_str(&format!("verdict           {verdict}\n"));
        let status = verdict.status;
        Self { status, text }
    }

    /// Requires that everything that was checked holds.
    ///
    /// # Panics
    /// With the report, if the verdict is not `pass`.
    #[track_caller]
    pub fn passes(&self) {
        assert!(self.status == Status::Pass, "does not pass:\n{}", self.text);
    }

    /// Requires that a run is wrong, and that it violates the property of that name: the
    /// judge catches an algorithm that is broken.
    ///
    /// # Panics
    /// With the report, if there is no such violation.
    #[track_caller]
    pub fn violates(&self, property: &str) {
        let is_violated = self.text.contains(&format!("{property}: VIOLATED: "));
        assert!(
            self.status == Status::Fail && is_violated,
            "does not violate {property:?}:\n{}",
            self.text
        );
    }
}
