//! What can go wrong with a program, by what its caller can do.

use std::process::ExitCode;
use std::time::Duration;

use jiff::SignedDuration;

/// Why a program ended without its result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command makes no sense here: change it. Exit status 2.
    #[error("{0}")]
    Usage(String),
    /// The command made sense, and failed. Exit status 1.
    #[error("{0}")]
    Failed(String),
}

impl Error {
    /// 2 for wrong usage, 1 for a failure.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Failed(_) => ExitCode::from(1),
        }
    }

    pub(crate) fn failed(error: impl ToString) -> Self {
        Self::Failed(error.to_string())
    }
}

/// No time that is given may be longer: a clock can be set so far ahead, and
/// nothing that is measured here takes as long.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A time on the command line or in a file, like `50ms`, `1.5s` or `2m`.
///
/// # Errors
/// What is wrong with it, with an example.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = |_| "no time; it looks like 50ms, 1.5s or 2m".to_owned();
    let parsed: SignedDuration = text.parse().map_err(wrong)?;
    let time = Duration::try_from(parsed).map_err(|_| "a time cannot be negative".to_owned())?;
    match time <= LONGEST {
        true => Ok(time),
        false => Err("longer than a year; it looks like 50ms, 1.5s or 2m".to_owned()),
    }
}

/// A time on the command line that is not 0.
///
/// # Errors
/// What is wrong with it, with an example.
pub(crate) fn interval(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("the time cannot be 0; it looks like 50ms".to_owned()),
        interval => Ok(interval),
    }
}
