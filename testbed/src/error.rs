//! The errors of the crate.

use crate::{
    doctor, experiment, grade, graph, host, limits, network, program, rows, run, sweep, viewer,
};

/// Why the testbed has no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system cannot be run.
    #[error(transparent)]
    Lab(#[from] lab::Error),
    /// A run does not fit this machine.
    #[error(transparent)]
    Limits(#[from] limits::Error),
    /// Peers cannot be started or connected.
    #[error(transparent)]
    Network(#[from] network::Error),
    /// An experiment cannot be carried out.
    #[error(transparent)]
    Experiment(#[from] experiment::Error),
    /// A run cannot be saved, found or read.
    #[error(transparent)]
    Run(#[from] run::Error),
    /// Measurements cannot be written.
    #[error(transparent)]
    Rows(#[from] rows::Error),
    /// The samples of the host cannot be written or read.
    #[error(transparent)]
    Host(#[from] host::Error),
    /// A sweep cannot be run, or cannot go on.
    #[error(transparent)]
    Sweep(#[from] sweep::Error),
    /// A program cannot take part.
    #[error(transparent)]
    Program(#[from] program::Error),
    /// Graphs cannot be computed, or not drawn.
    #[error(transparent)]
    Graph(#[from] graph::Error),
    /// Nothing can be graded.
    #[error(transparent)]
    Grade(#[from] grade::Error),
    /// Nothing can be dialled.
    #[error(transparent)]
    Doctor(#[from] doctor::Error),
    /// The viewer cannot listen.
    #[error(transparent)]
    Viewer(#[from] viewer::Error),
}
