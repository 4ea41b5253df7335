//! The laboratory: networks of real libp2p peers, experiments with them, and
//! what they leave behind.
//!
//! [`cli`] is the command line, [`app`] does what it says; [`own`] is both, for
//! an algorithm of your own. A run goes through [`network`] (peers that are
//! connected) and an [`experiment`], and ends as a folder ([`run`]) with its
//! spans from the [`store`], which the [`viewer`] shows.

pub mod app;
pub mod checkers;
pub mod cli;
pub mod control;
pub mod delay;
pub mod experiment;
pub mod host;
pub mod limits;
pub mod model;
pub mod network;
pub mod own;
pub mod planned;
pub mod progress;
pub mod run;
mod shell;
pub mod simulator;
mod spread;
pub mod stats;
pub mod sweep;
pub mod system;
pub mod topology;
pub mod viewer;

pub use node::program::Error;
