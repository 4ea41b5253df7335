//! The wire: [`Envelope`], what a channel carries, as `proto/proto` defines it.
//!
//! The messages of each algorithm are defined in its own file, with
//! `#[derive(Message)]`, and travel as an envelope's payload. Depends on prost alone.

mod envelope;
pub mod v1;

pub use envelope::{Envelope, Error, TraceContext};
pub use prost;
pub use prost::bytes::Bytes;

/// The largest body that an application may put into one message: 1 MiB.
pub const MAX_BODY: usize = 1 << 20;

/// The largest payload of an envelope: a body and 1 KiB for the fields that
/// its algorithm puts around it.
pub const MAX_PAYLOAD: usize = MAX_BODY + 1024;

/// The longest name of a message kind, in bytes.
pub const MAX_KIND: usize = 64;

/// The largest encoded envelope. Its fields around the payload take at most
/// 150 bytes: 3 fixed64 (27), kind (66), trace (35), sequence (11),
/// incarnation (6) and the payload's tag and length (5), rounded up.
pub const MAX_ENVELOPE: usize = MAX_PAYLOAD + 256;
