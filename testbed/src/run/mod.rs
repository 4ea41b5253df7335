//! What a run leaves behind: a folder with `run.json`, the spans as OTLP, and
//! the measurements as CSV.

mod error;
mod folder;
pub(crate) mod lock;
mod membership;
mod options;
mod record;

pub use error::Error;
pub use folder::{Folder, Lines, has_ended, latest};
pub use membership::Membership;
pub use options::{Format, RunOptions, ScenarioFile, Time};
pub use record::{Experiment, Network, Phase, Record, SCHEMA, Spans, Status, Verdict, Versions};

/// The record: what was run, and its outcome.
const RECORD: &str = "run.json";

/// The JSON Schema of `run.json` and of `--format json`.
pub const JSON_SCHEMA: &str = include_str!("run.schema.json");
