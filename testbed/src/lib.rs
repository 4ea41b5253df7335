//! The laboratory: networks of real libp2p peers, experiments with them, and
//! what they leave behind.
//!
//! [`cli`] is the command line, with what its commands do; [`own`] is one for
//! an algorithm of your own. A run goes through [`network`] (peers that are
//! connected) and an [`experiment`], and ends as a folder ([`run`]) with its
//! spans from the [store](trace::store::Store), which the [`viewer`] shows.

// The derives of `own` name this crate so.
#[cfg(test)]
extern crate self as testbed;

pub mod cli;
pub mod control;
mod error;
pub mod experiment;
pub mod host;
pub mod limits;
pub mod network;
pub mod own;
pub mod progress;
pub mod rows;
pub mod run;
pub mod sweep;
pub mod viewer;

pub use error::Error;
