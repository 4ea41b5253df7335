//! The verdict on a run: `pass`, `fail` or `unknown`, with its reasons.

use std::fmt;
use std::process::ExitCode;

use serde::Serialize;

/// Whether a run was right.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// In a word.
    pub status: Status,
    /// Why it is not `pass`.
    pub reasons: Vec<String>,
}

impl Verdict {
    /// Something is wrong, whatever else was found.
    pub fn fail(&mut self, reason: String) {
        self.status = Status::Fail;
        self.reasons.push(reason);
    }
}

/// `fail: violated: W2 decision`
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, reasons } = self;
        match reasons.is_empty() {
            true => write!(f, "{status}"),
            false => write!(f, "{status}: {}", reasons.join("; ")),
        }
    }
}

/// The verdict in a word, and in the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// All that was checked holds. Exit status 0.
    Pass,
    /// Something that was checked does not hold. Exit status 1.
    Fail,
    /// It is not known: spans were lost, the host was saturated, or the run was
    /// interrupted. Exit status 3.
    Unknown,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        match status {
            Status::Pass => Self::SUCCESS,
            Status::Fail => Self::from(1),
            Status::Unknown => Self::from(3),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        })
    }
}

/// What keeps a run from passing. The verdict is made of it in one place,
/// [`Findings::verdict`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What is wrong.
    pub violations: Vec<String>,
    /// What did not come in time. Where the host was saturated, that says
    /// nothing of the network.
    pub incomplete: Vec<String>,
    /// Why what is incomplete says nothing of the network, and the run cannot
    /// pass: the run demanded more than the machine can do.
    pub overload: Vec<String>,
    /// Why the run cannot pass although nothing is wrong: a planned fault that
    /// never happened, a property of which nothing was checked, a search that
    /// was not finished.
    pub unknown: Vec<String>,
    /// Why the record cannot be trusted: parts of it are missing, so what looks
    /// wrong in it proves nothing.
    pub untrusted: Vec<String>,
}

impl From<Vec<String>> for Findings {
    fn from(violations: Vec<String>) -> Self {
        Self {
            violations,
            ..Self::default()
        }
    }
}

impl Findings {
    /// Whether anything is wrong, or did not come in time.
    pub fn is_wrong(&self) -> bool {
        !self.violations.is_empty() || !self.incomplete.is_empty()
    }

    /// The verdict of a run that was ended early, for that reason. A violation
    /// stays one; all else may be missing because of it.
    pub fn cut_short(self, reason: String) -> Verdict {
        let findings = Self {
            violations: self.violations,
            untrusted: self.untrusted,
            unknown: vec![reason],
            ..Self::default()
        };
        findings.verdict(Vec::new())
    }

    /// The verdict of a run that was not interrupted. `host` says that the
    /// host was saturated, or that the process stood still.
    ///
    /// A record that cannot be trusted makes it `unknown`. Otherwise a
    /// violation makes it `fail`, and so does what is incomplete, unless the
    /// host was saturated or overloaded. Otherwise any reason is `unknown`.
    pub fn verdict(self, host: Vec<String>) -> Verdict {
        let is_violated = !self.violations.is_empty();
        let is_slow = !host.is_empty() || !self.overload.is_empty();
        let is_late = !self.incomplete.is_empty() && !is_slow;
        let is_failed = self.untrusted.is_empty() && (is_violated || is_late);
        let against = self.violations.into_iter().chain(self.incomplete);
        let unknown = self.untrusted.into_iter().chain(self.unknown);
        let unknown = unknown.chain(self.overload).chain(host);
        let (status, reasons): (_, Vec<_>) = match is_failed {
            true => (Status::Fail, against.chain(unknown).collect()),
            false => (Status::Unknown, unknown.chain(against).collect()),
        };
        match reasons.is_empty() {
            true => Verdict {
                status: Status::Pass,
                reasons,
            },
            false => Verdict { status, reasons },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdict_weighs_the_findings() {
        let some = || vec!["reason".to_owned()];
        let none = Findings::default;
        let wrong = || Findings::from(some());
        let late = || Findings {
            incomplete: some(),
            ..none()
        };
        let open = || Findings {
            unknown: some(),
            ..none()
        };
        let untrusted = || Findings {
            untrusted: some(),
            ..wrong()
        };
        let host = || vec!["host saturated".to_owned()];
        let calm = Vec::new;
        let overload = |findings: Findings| Findings {
            overload: some(),
            ..findings
        };
        for (findings, host, expected) in [
            (none(), calm(), Status::Pass),
            (none(), host(), Status::Unknown),
            (wrong(), calm(), Status::Fail),
            (wrong(), host(), Status::Fail),
            (late(), calm(), Status::Fail),
            (late(), host(), Status::Unknown),
            (open(), calm(), Status::Unknown),
            (overload(none()), calm(), Status::Unknown),
            (overload(late()), calm(), Status::Unknown),
            (overload(wrong()), calm(), Status::Fail),
            (untrusted(), calm(), Status::Unknown),
        ] {
            let verdict = findings.clone().verdict(host.clone());
            assert_eq!(verdict.status, expected, "{findings:?} {host:?}");
            assert_eq!(verdict.reasons.is_empty(), expected == Status::Pass);
        }
        for (findings, expected) in [
            (none(), Status::Unknown),
            (late(), Status::Unknown),
            (wrong(), Status::Fail),
            (untrusted(), Status::Unknown),
        ] {
            let verdict = findings.cut_short("interrupted".into());
            assert_eq!(verdict.status, expected);
            assert!(verdict.reasons.contains(&"interrupted".to_owned()));
        }
    }
}
