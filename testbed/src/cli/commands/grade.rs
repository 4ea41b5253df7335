//! `testbed grade`.

use std::process::ExitCode;

use node::stderr::note;

use super::output;
use crate::cli::grade::Grade;
use crate::cli::{Common, Error};
use crate::grade::{self, report};
use crate::run::{Format, Status};

/// Grades the program, and writes all reports. Of a program that cannot be run they say why.
pub(super) async fn run(common: &Common, args: &Grade) -> Result<ExitCode, Error> {
    let format = common.format.try_into()?;
    let assignment = args.checked(common)?;
    for target in &args.report {
        target.prepare()?;
    }
    let plan = args.plan(common, &assignment);
    let (grade, status) = match grade::grade(&plan).await {
        Ok(grade) => {
            let status = grade.status();
            (grade, status)
        }
        Err(error @ (grade::Error::Program(_) | grade::Error::Submission { .. })) => {
            note(format_args!("error: {error}"));
            (
                grade::Grade::impossible(&plan, error.to_string()),
                Status::Unknown,
            )
        }
        Err(error) => return Err(error.into()),
    };
    output::print(&match format {
        Format::Json => report::json(&grade, args.reveal),
        Format::Text => report::text(&grade, args.reveal),
    })?;
    for target in &args.report {
        target.write(&grade, args.reveal)?;
    }
    Ok(status.into())
}
