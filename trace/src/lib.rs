//! What the processes of a run tell, and every form of it.
//!
//! [`steps`] is where an algorithm takes its steps, in every engine, and what is
//! recorded of them. A [`telemetry::Sink`] counts the spans of a run and hands them
//! to the [`store`], by way of the [`recorder`]. [`history`] reads a run back from its
//! spans. [`otlp`] and [`jaeger`] are the forms of other tools; [`import`] reads
//! files, [`export`] writes them.
//!
//! Nothing here opens a connection: what sends spans to a collector is an
//! [`Export`](telemetry::Export) of the caller's.

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

/// The service that reports what was done to the network.
pub const LABORATORY: &str = "testbed";
