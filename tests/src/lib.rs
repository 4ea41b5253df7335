//! What the tests across rooms share: the programs as a user starts them, and
//! what stands around them.

pub mod collector;
pub mod programs;
pub mod running;
pub mod saved;

pub use programs::{node, testbed, workspace};
pub use running::{Ended, Running, run};
