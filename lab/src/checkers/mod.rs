//! Checkers of a recorded run. They share no code with the algorithms, and read
//! nothing but the [`History`](trace::history::History), so they do not repeat an
//! algorithm's error.

pub mod audit;
pub mod authentication;
#[cfg(test)]
pub(crate) mod by_hand;
pub mod consensus;
pub mod election;
pub mod flood;
pub mod generals;
pub mod hub;
pub mod leadership;
pub mod linearizability;
pub mod membership;
pub mod mutual_exclusion;
pub mod overlay;
mod passages;
pub mod ping;
mod property;
pub mod replicated_log;
pub(crate) mod rounds;
pub mod route;
pub mod routing;
pub mod snapshot;
pub mod termination;
pub mod wave;

pub use property::{Outcome, Property};
