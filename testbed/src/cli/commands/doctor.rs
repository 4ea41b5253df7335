//! `testbed doctor`: finds the step at which a dial fails.

use std::process::ExitCode;

use super::output;
use crate::cli::doctor::Doctor;
use crate::cli::{Common, Error};
use crate::doctor;
use crate::run::Format;

/// Prints the diagnosis.
pub(super) async fn examine(common: &Common, args: &Doctor) -> Result<ExitCode, Error> {
    let format = Format::try_from(common.format)?;
    let diagnosis = doctor::examine(&args.address, args.timeout).await?;
    output::print(&match format {
        Format::Text => diagnosis.text(),
        Format::Json => format!("{:#}\n", diagnosis.json()),
    })?;
    Ok(match diagnosis.is_ok() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
