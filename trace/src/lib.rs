//! The record of a run, and its formats.
//!
//! [`steps`] runs and records the steps of an algorithm, in every engine. A
//! [`telemetry::Sink`] counts the spans of a run and passes them to the [`store`], by way
//! of the [`recorder`]. [`history`] reconstructs a run from its spans. [`otlp`] and
//! [`jaeger`] are the formats of other tools; [`import`] reads files, [`export`] writes
//! them.
//!
//! Nothing here opens a connection: spans are sent to a collector by the caller's
//! [`Export`](telemetry::Export).

pub mod export;
pub mod history;
pub mod import;
pub mod jaeger;
pub mod json;
pub mod otlp;
pub mod recorder;
pub mod steps;
pub mod store;
pub mod telemetry;
pub mod time;

/// The service that reports the faults injected into the network.
pub const LABORATORY: &str = "testbed";
