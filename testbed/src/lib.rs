//! The laboratory: networks of real libp2p peers, experiments with them, and the
//! saved runs.
//!
//! [`cli`] is the command line with its commands; [`own`] is the command line for an
//! algorithm of your own. A run builds a [`network`] of connected peers and executes
//! an [`experiment`]. It ends as a folder ([`run`]) with the spans from the
//! [store](trace::store::Store), which the [`viewer`] shows. The [`doctor`] finds
//! the step at which a dial fails.

// The derives of `own` refer to this crate by that name.
#[cfg(test)]
extern crate self as testbed;

pub mod cli;
pub mod control;
pub mod doctor;
mod error;
pub mod experiment;
pub mod grade;
pub mod graph;
pub mod host;
pub mod limits;
pub mod nat;
pub mod network;
pub mod own;
pub mod program;
pub mod progress;
pub mod rows;
pub mod run;
pub mod sweep;
pub mod viewer;
pub mod virtual_time;

pub use error::Error;
