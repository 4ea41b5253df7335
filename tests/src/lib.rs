//! What the tests across rooms share: the programs as a user starts them, and
//! what stands around them.

pub mod collector;
pub mod foreign;
pub mod peers;
pub mod ports;
pub mod programs;
pub mod running;
pub mod saved;
pub mod spans;

pub use programs::{node, own_algorithm, testbed, workspace};
pub use running::{Ended, Running, run};
pub use saved::Runs;
