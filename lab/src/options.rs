//! Options of the network, of the simulator and of the model checker: what the
//! command line says of them, and what an engine takes. And options of a program's own.

mod error;
mod fits;
mod model_checker;
mod network;
pub mod own;
mod simulator;
pub mod tips;

pub use error::Error;
pub use fits::fits;
pub use model_checker::States;
pub use network::{Channel, Net};
pub use simulator::{Schedules, read_scenario};
