//! `testbed nat`: who reaches whom through network address translation, and how.

use std::process::ExitCode;

use serde_json::json;

use super::output;
use crate::cli::nat::Nat;
use crate::cli::{Common, Error};
use crate::run::Format;

/// The exit status where this machine does not permit it, as test tools use it.
const SKIPPED: u8 = 77;

/// Measures the matrix, in namespaces of its own.
pub(super) async fn run(common: &Common, args: &Nat) -> Result<ExitCode, Error> {
    let format = common.format.try_into()?;
    let plan = args.plan(common)?;
    platform::run(plan, args.inside.as_deref(), common.quiet, format).await
}

/// Says why nothing was measured.
fn skipped(why: &str, format: Format) -> Result<ExitCode, Error> {
    output::print(&match format {
        Format::Json => format!("{:#}\n", json!({"command": "nat", "skipped": why})),
        Format::Text => format!("SKIPPED nat: {why}\n"),
    })?;
    Ok(ExitCode::from(SKIPPED))
}

#[cfg(target_os = "linux")]
mod platform {
    use std::path::Path;
    use std::process::ExitCode;

    use node::interrupt;

    use super::{output, skipped};
    use crate::cli::Error;
    use crate::nat::{Plan, Report, netns};
    use crate::progress::Progress;
    use crate::run::Format;

    pub(super) async fn run(
        plan: Plan,
        inside: Option<&Path>,
        quiet: bool,
        format: Format,
    ) -> Result<ExitCode, Error> {
        let interrupt = interrupt::watch().map_err(Error::Signals)?;
        let Some(spans) = inside else {
            return match netns::again("--inside", plan.otlp.as_ref(), &interrupt).await {
                Ok(code) => Ok(code),
                Err(error) => skipped(&error.to_string(), format),
            };
        };
        let spans = (spans != Path::new(netns::NO_SOCKET)).then_some(spans);
        netns::ends_with_stdin(&interrupt);
        if let Err(error) = netns::prepare().await {
            return skipped(&error.to_string(), format);
        }
        let bar =
            Progress::new(quiet).bar("cells", plan.cells().len() as u64 * u64::from(plan.runs));
        let runs = netns::measure(&plan, spans, &interrupt, || bar.step()).await;
        drop(bar);
        let report = Report::new(&plan, &runs, interrupt.is_cancelled());
        output::print(&match format {
            Format::Json => format!("{:#}\n", report.json()),
            Format::Text => report.text(),
        })?;
        Ok(report.verdict().status.into())
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use std::path::Path;
    use std::process::ExitCode;

    use super::skipped;
    use crate::cli::Error;
    use crate::nat::Plan;
    use crate::run::Format;

    pub(super) async fn run(
        _: Plan,
        _: Option<&Path>,
        _: bool,
        format: Format,
    ) -> Result<ExitCode, Error> {
        skipped("network namespaces are a part of Linux alone", format)
    }
}
