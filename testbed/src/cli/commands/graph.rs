//! `testbed graph`: what random overlays look like, computed.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use node::interrupt;
use serde_json::json;
use tokio::task::block_in_place;

use super::output;
use crate::cli::graph::Graph;
use crate::cli::{Common, Error};
use crate::graph::{self, Report};
use crate::progress::Progress;
use crate::run::{Format, Status};

/// Computes the plan, and prints its tables.
pub(super) fn run(common: &Common, args: &Graph) -> Result<ExitCode, Error> {
    let format = common.format.try_into()?;
    let plan = args.plan(common)?;
    let most = thread::available_parallelism().map_or(1, usize::from);
    let threads = graph::threads(&plan, most)?;
    let interrupt = interrupt::watch().map_err(Error::Signals)?;
    if let Some(folder) = &args.plot {
        let made = std::fs::create_dir_all(folder);
        made.map_err(|source| graph::Error::Folder {
            folder: folder.clone(),
            source,
        })?;
    }
    let bar = Progress::new(common.quiet).bar("graphs", plan.tasks() as u64);
    let (stop, step) = (|| interrupt.is_cancelled(), || bar.step());
    let found = block_in_place(|| lab::graph::run(&plan, threads, &stop, &step));
    drop(bar);
    let plots = match &args.plot {
        Some(folder) => graph::draw(folder, &plan, &found)?,
        None => Vec::new(),
    };
    output::print(&rendered(&Report::new(&plan, &found), &plots, format))?;
    Ok(match found.is_complete {
        true => ExitCode::SUCCESS,
        false => Status::Unknown.into(),
    })
}

fn rendered(report: &Report<'_>, plots: &[PathBuf], format: Format) -> String {
    match format {
        Format::Json => {
            let mut document = report.json();
            let plots = plots.iter().map(|plot| plot.display().to_string());
            document["plots"] = json!(plots.collect::<Vec<_>>());
            format!("{document:#}\n")
        }
        Format::Text => {
            let mut text = report.text();
            for plot in plots {
                let _ = writeln!(text, "plot              {}", plot.display());
            }
            text
        }
    }
}
