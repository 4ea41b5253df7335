//! What the tests across rooms share: the programs as a user starts them, and
//! what stands around them.

pub mod programs;
pub mod running;

pub use programs::{node, testbed, workspace};
pub use running::{Ended, Running, run};
