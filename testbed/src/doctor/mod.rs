//! Dials an address, and finds the step that fails.
//!
//! The swarm is the doctor's own. A peer of [`node`] reports a dial as one event, since its
//! transports are upgraded in one future; here each upgrade is [noted](notes) when it begins,
//! and the first bytes of the other side are kept, so that a silent listener, a web server and
//! a libp2p peer that refuses are told apart. The transports and upgrades are libp2p's own.

mod advice;
mod circuit;
mod connect;
mod notes;
mod protocols;
mod report;
mod session;
mod target;

use std::time::Duration;

use tokio::time::Instant;

pub use report::{Diagnosis, Identity, Outcome, Step};
pub use target::{Circuit, Target};

/// Why nothing could be examined.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system has no sockets, or no randomness.
    #[error("cannot set up a transport: {0}")]
    Transport(#[from] std::io::Error),
    /// A key cannot be used.
    #[error("cannot set up Noise: {0}")]
    Noise(#[from] libp2p::noise::Error),
}

/// Dials the target, and tries what it speaks; takes at most `timeout`.
///
/// # Errors
/// Every variant of [`Error`]. What is wrong with the other side is in the diagnosis.
pub async fn examine(target: &Target, timeout: Duration) -> Result<Diagnosis, Error> {
    let end = Instant::now() + timeout;
    let mut diagnosis = Diagnosis::new(target);
    if let Some(mut session) = connect::connect(target, end, &mut diagnosis).await? {
        session.examine(target, &mut diagnosis).await;
    }
    diagnosis.conclude(target, timeout);
    Ok(diagnosis)
}
