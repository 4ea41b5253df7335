//! `/ipfs/ping/1.0.0`, libp2p's own ping: 32 bytes there, the same 32 back.
//!
//! libp2p's crate pings at regular times, and that half is used as it is. Its
//! answering half is replaced: libp2p-ping 0.48 stores the future that waits for
//! the next ping of a stream and does not poll it, so nothing wakes the
//! connection when that ping comes. Over QUIC it is answered when the
//! connection wakes for another reason, up to 15 s later. It also answers nothing
//! to a peer that speaks no ping itself, and drops a stream when a second one
//! comes. (`docs/libp2p-ping.md` has the report for upstream.) Here up to
//! two inbound streams of a peer, as in the specification, are answered, each in a
//! future that waits for the next ping in the same poll.
//!
//! [`Handle::ping`](crate::Handle::ping) requests a single ping.

mod behaviour;
mod handler;

use std::io;
use std::time::Duration;

use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use libp2p::PeerId;
use libp2p::ping::PROTOCOL_NAME;
use libp2p::swarm::Stream;
use tokio::sync::oneshot;
use tokio::time::Instant;

pub use behaviour::Behaviour;
use handler::Age;

/// The protocol's name in multistream-select.
pub const PROTOCOL: libp2p::StreamProtocol = PROTOCOL_NAME;

/// How many bytes a ping has.
pub const SIZE: usize = 32;

/// How many inbound streams of one peer are answered at once. The specification:
/// "The listening peer SHOULD accept at most two streams per peer".
pub const STREAMS: usize = 2;

/// Why a requested ping has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no connection to that peer.
    #[error("no connection to {0}")]
    NotConnected(PeerId),
    /// The other side does not speak the protocol.
    #[error("{0} does not speak {PROTOCOL}")]
    Unsupported(PeerId),
    /// The stream or the connection broke, or another answer came.
    #[error("ping of {peer}: {reason}")]
    Broken {
        /// The peer that was pinged.
        peer: PeerId,
        /// The cause.
        reason: String,
    },
    /// This peer was started without the protocol.
    #[error("libp2p's ping is switched off on this peer")]
    SwitchedOff,
}

/// The channel for the round trip of a requested ping.
pub(crate) type Reply = oneshot::Sender<Result<Duration, Error>>;

/// Answers the pings of one stream until it ends.
async fn answer(mut stream: Stream) -> io::Result<()> {
    let mut ping = [0; SIZE];
    loop {
        stream.read_exact(&mut ping).await?;
        stream.write_all(&ping).await?;
        stream.flush().await?;
        // The connection does its other work before the next one.
        tokio::task::yield_now().await;
    }
}

/// The outcome of a requested ping.
enum Outcome {
    /// The ping is over. The stream is for the next one, if it is intact.
    Done(Option<Stream>),
    /// The stream was used before, and is broken: the ping is repeated.
    Again(Reply),
}

/// Sends one ping and waits for its answer, or until its reply is not awaited any more.
async fn ask(mut stream: Stream, age: Age, peer: PeerId, mut reply: Reply) -> Outcome {
    let answered = tokio::select! {
        biased;
        answered = round_trip(&mut stream) => answered,
        () = reply.closed() => return Outcome::Done(None),
    };
    match answered {
        Ok(time) => {
            let _ = reply.send(Ok(time));
            Outcome::Done(Some(stream))
        }
        Err(_) if age == Age::Used => Outcome::Again(reply),
        Err(error) => {
            let reason = error.to_string();
            let _ = reply.send(Err(Error::Broken { peer, reason }));
            Outcome::Done(None)
        }
    }
}

async fn round_trip(stream: &mut Stream) -> io::Result<Duration> {
    let ping: [u8; SIZE] = rand::random();
    let began = Instant::now();
    stream.write_all(&ping).await?;
    stream.flush().await?;
    let mut pong = [0; SIZE];
    stream.read_exact(&mut pong).await?;
    match pong == ping {
        true => Ok(began.elapsed()),
        false => Err(io::Error::other("other bytes came back")),
    }
}
