//! Protocols on streams of their own.

use std::io;
use std::time::Duration;

use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use lab::stats::show;
use libp2p::{PeerId, Stream, StreamProtocol};
use libp2p_stream::{Control, OpenStreamError};
use tokio::time::{Instant, timeout_at};

use super::advice::shown;

/// The testbed's own protocol.
pub(super) const CHANNEL: StreamProtocol = node::channel::PROTOCOL;

/// How a relay is asked for a circuit:
/// <https://github.com/libp2p/specs/blob/master/relay/circuit-v2.md>
pub(super) const HOP: StreamProtocol = StreamProtocol::new("/libp2p/circuit/relay/0.2.0/hop");

/// What came of a try.
pub(super) enum Tried {
    /// It works: what was found.
    Ok(String),
    /// The other side does not speak it.
    NotOffered(String),
    /// It does not work: why, and what to do.
    Failed(String, Option<String>),
}

impl Tried {
    /// For what the address needs.
    fn or_failed(self) -> Self {
        match self {
            Self::NotOffered(why) => Self::Failed(
                why,
                Some("it is no relay, or its relay is switched off: ask its operator".into()),
            ),
            tried => tried,
        }
    }
}

/// The result, and how long it took, until the deadline at most.
pub(super) async fn tried(
    deadline: Instant,
    work: impl Future<Output = Tried>,
) -> (Tried, Duration) {
    let began = Instant::now();
    let done = timeout_at(deadline, work).await;
    let done = done.unwrap_or_else(|_| Tried::Failed("no answer in time".into(), None));
    (done, began.elapsed())
}

/// Opens a stream. The error is the end of the try.
async fn open(
    mut control: Control,
    peer: PeerId,
    protocol: StreamProtocol,
) -> Result<Stream, Tried> {
    let opened = control.open_stream(peer, protocol).await;
    opened.map_err(|error| match error {
        OpenStreamError::UnsupportedProtocol(protocol) => {
            Tried::NotOffered(format!("it does not speak {protocol}"))
        }
        error => Tried::Failed(shown(&error.to_string()), None),
    })
}

/// Opens a stream, and leaves it in `opened`.
pub(super) async fn begin(
    control: Control,
    peer: PeerId,
    protocol: StreamProtocol,
    opened: &mut Option<Stream>,
) -> Tried {
    match open(control, peer, protocol.clone()).await {
        Ok(stream) => {
            *opened = Some(stream);
            Tried::Ok(format!("it speaks {protocol}"))
        }
        Err(tried) => tried.or_failed(),
    }
}

/// Whether it speaks a protocol: nothing is said in it.
pub(super) async fn offers(control: Control, peer: PeerId, protocol: StreamProtocol) -> Tried {
    match open(control, peer, protocol.clone()).await {
        Ok(mut stream) => {
            // The stream has served.
            let _ = stream.close().await;
            Tried::Ok(format!("it speaks {protocol}"))
        }
        Err(tried) => tried,
    }
}

/// One ping of libp2p's own protocol.
pub(super) async fn ping(control: Control, peer: PeerId) -> Tried {
    let mut stream = match open(control, peer, node::ping::PROTOCOL).await {
        Ok(stream) => stream,
        Err(tried) => return tried,
    };
    match round_trip(&mut stream).await {
        Ok(took) => {
            let _ = stream.close().await;
            Tried::Ok(format!("round trip {}", show(took)))
        }
        Err(error) => Tried::Failed(format!("the ping has no answer: {error}"), None),
    }
}

async fn round_trip(stream: &mut Stream) -> io::Result<Duration> {
    let ping: [u8; node::ping::SIZE] = rand::random();
    let began = Instant::now();
    stream.write_all(&ping).await?;
    stream.flush().await?;
    let mut pong = [0; node::ping::SIZE];
    stream.read_exact(&mut pong).await?;
    match pong == ping {
        true => Ok(began.elapsed()),
        false => Err(io::Error::other("other bytes came back")),
    }
}
