//! What a run leaves behind: a folder with `run.json`, the spans as OTLP, and
//! the measurements as CSV.

mod apart;
mod folder;
pub(crate) mod lock;
mod membership;
mod record;
mod rows;

pub use apart::Apart;
pub use folder::{Folder, Lines, has_ended, latest};
pub use membership::Membership;
pub use record::{Experiment, Phase, Record, SCHEMA, Spans, Status, Verdict, Versions};
pub use rows::{Rows, columns, judgement_columns, save_judgement};

/// The JSON Schema of `run.json` and of `--format json`.
pub const JSON_SCHEMA: &str = include_str!("run.schema.json");
