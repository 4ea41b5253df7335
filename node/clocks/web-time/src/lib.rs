//! Replaces the crate `web-time`, from which libp2p takes its clocks: that of tokio, which a
//! runtime can pause. While none is paused, it is the standard library's.

use std::cell::OnceCell;

pub use std::time::*;
pub use tokio::time::Instant;

/// The name of a thread in virtual time.
const VIRTUAL: &str = "virtual time";

thread_local! {
    /// When the virtual time of this thread was first asked for; `None` in any other thread.
    static BEGAN: OnceCell<Option<Instant>> = const { OnceCell::new() };
}

/// The clock of the system. gossipsub takes the first sequence number of its messages from it,
/// so in a thread of virtual time it is the virtual one, which begins at the Unix epoch.
#[derive(Debug)]
pub struct SystemTime(());

impl SystemTime {
    /// The start of 1970.
    pub const UNIX_EPOCH: std::time::SystemTime = std::time::UNIX_EPOCH;

    /// Now.
    pub fn now() -> std::time::SystemTime {
        let began = BEGAN.with(|began| *began.get_or_init(begin));
        match began {
            None => std::time::SystemTime::now(),
            Some(began) => UNIX_EPOCH + began.elapsed(),
        }
    }
}

fn begin() -> Option<Instant> {
    let is_virtual = std::thread::current().name() == Some(VIRTUAL);
    is_virtual.then(Instant::now)
}
