//! Getting through: how a peer behind a NAT reaches another, and is reached.
//!
//! A *hub* relays connections (circuit relay v2) for those who have a session, and tells them
//! at which addresses it sees them. A peer of it has a reservation there, and tries several
//! ways to another one at once: `daemon/race.rs` has them.
//!
//! libp2p's behaviours do most of it. Where they do not hold, this module does:
//!
//! - identify replaces an observed port that is not one of those that the peer listens on, and
//!   drops an address that is confirmed already. DCUtR then has no address, or a wrong one. So
//!   it gets each observed address as it is, with the peer's id behind it ([`punching`]).
//! - DCUtR reports some successes late or not at all. A connection is known by the dial that
//!   made it ([`How`]).
//! - A hole is punched with roles that fail over TCP where one side needs none. The other side
//!   dials back as well, from a port of its own (`daemon/race.rs`).
//! - AutoNAT dials a peer back, which is a second connection between the two, and a peer keeps
//!   one. The race tries every way, so nobody has to know which NAT there is.
//! - A connection over a relay stays open beside a direct one, and may carry the messages. It
//!   is closed, as is the second of two direct ones
//!   ([`one_connection`](crate::one_connection)).

mod behaviour;
mod card;
mod how;
mod punching;
mod reaching;
mod relayed;
mod sessions;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(crate) use behaviour::{Reach, ReachEvent, on_event};
use card::Addresses;
pub use card::Card;
pub(crate) use how::is_dialler;
pub use how::{How, Way};
pub(crate) use reaching::{Reached, Reaching};
pub use relayed::Relayed;
pub use sessions::Sessions;

/// What a peer does for its own and for others' reachability.
#[derive(Clone, Debug)]
pub enum Role {
    /// It relays connections for those who have a session.
    Hub(Arc<Sessions>),
    /// It is reached over a hub.
    Peer {
        /// Whether it punches holes.
        punches: bool,
        /// Whether it asks its router to map its ports (UPnP).
        maps: bool,
    },
}
