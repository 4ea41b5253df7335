//! Replaces the crate `web-time`, from which libp2p takes its clock: that of tokio, which a
//! runtime can pause. While none is paused, it is the standard library's.

pub use std::time::*;
pub use tokio::time::Instant;
