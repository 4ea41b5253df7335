//! The way through a relay: the request for a circuit, and Noise with the peer behind it.
//!
//! The messages are those of circuit relay v2, written here by hand: libp2p's own client
//! reports a circuit that fails as a dial that fails, and not the relay's reason.
//! <https://github.com/libp2p/specs/blob/master/relay/circuit-v2.md>

use std::io;

use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use libp2p::core::upgrade::{OutboundConnectionUpgrade as _, Version};
use libp2p::identity::Keypair;
use libp2p::{PeerId, Stream, noise};
use prost::Message;

use super::advice::{self, shown};
use super::protocols::Tried;

/// The longest message of a relay, in bytes: as the specification says.
const LONGEST: usize = 4096;

const CONNECT: i32 = 1;
const STATUS: i32 = 2;

/// `HopMessage`.
#[derive(Clone, PartialEq, Message)]
struct Hop {
    #[prost(int32, optional, tag = "1")]
    kind: Option<i32>,
    #[prost(message, optional, tag = "2")]
    peer: Option<Peer>,
    #[prost(int32, optional, tag = "5")]
    status: Option<i32>,
}

/// `Peer`.
#[derive(Clone, PartialEq, Message)]
struct Peer {
    #[prost(bytes = "vec", optional, tag = "1")]
    id: Option<Vec<u8>>,
}

/// Asks the relay for a circuit over a stream of [`HOP`](super::protocols::HOP), and leaves its stream in `circuit` if there is one.
pub(super) async fn connect(
    mut stream: Stream,
    behind: PeerId,
    circuit: &mut Option<Stream>,
) -> Tried {
    match ask(&mut stream, behind).await {
        Ok(100) => {
            *circuit = Some(stream);
            Tried::Ok(format!("the relay connects to {behind}"))
        }
        Ok(status) => {
            let (why, advice) = of_status(status);
            Tried::Failed(why, Some(advice))
        }
        Err(error) => Tried::Failed(format!("the relay does not answer: {error}"), None),
    }
}

async fn ask(stream: &mut Stream, behind: PeerId) -> io::Result<i32> {
    let request = Hop {
        kind: Some(CONNECT),
        peer: Some(Peer {
            id: Some(behind.to_bytes()),
        }),
        status: None,
    };
    stream
        .write_all(&request.encode_length_delimited_to_vec())
        .await?;
    stream.flush().await?;
    // Byte by byte: what follows belongs to the circuit.
    let mut prefix = Vec::new();
    while prefix.last().is_none_or(|byte| byte & 0x80 != 0) {
        let mut byte = [0];
        stream.read_exact(&mut byte).await?;
        prefix.push(byte[0]);
        if prefix.len() > 2 {
            return Err(io::Error::other("its message is too long"));
        }
    }
    let length = prost::decode_length_delimiter(&*prefix)?;
    if length > LONGEST {
        return Err(io::Error::other("its message is too long"));
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await?;
    match Hop::decode(&*bytes)? {
        Hop {
            kind: Some(STATUS),
            status: Some(status),
            ..
        } => Ok(status),
        _ => Err(io::Error::other("its message is no status")),
    }
}

/// What a status of the relay means. The numbers are the specification's.
fn of_status(status: i32) -> (String, String) {
    let (name, advice) = match status {
        200 => (
            "RESERVATION_REFUSED",
            "the relay refuses the peer behind it: take another relay",
        ),
        201 => (
            "RESOURCE_LIMIT_EXCEEDED",
            "the relay has no room for another circuit: try again later, or take another relay",
        ),
        202 => (
            "PERMISSION_DENIED",
            "the relay does not admit this peer: take another relay",
        ),
        203 => (
            "CONNECTION_FAILED",
            "the relay is reached, and does not reach the peer behind it: is that one running?",
        ),
        204 => (
            "NO_RESERVATION",
            "the relay is reached, and the peer behind it has no reservation there: is it running, \
             and does it listen on this relay?",
        ),
        400 => (
            "MALFORMED_MESSAGE",
            "the relay speaks another version of the protocol",
        ),
        401 => (
            "UNEXPECTED_MESSAGE",
            "the relay speaks another version of the protocol",
        ),
        _ => (
            "an unknown status",
            "the relay speaks another version of the protocol",
        ),
    };
    (
        format!("the relay answers {name} ({status})"),
        advice.into(),
    )
}

/// Secures the circuit, and compares who is at its other end.
pub(super) async fn secure(stream: Stream, key: &Keypair, behind: PeerId) -> Tried {
    match noise_over(stream, key).await {
        Ok(peer) if peer == behind => Tried::Ok(format!("it is {peer}")),
        Ok(peer) => {
            let (why, advice) = advice::another_peer(behind, peer);
            Tried::Failed(why, Some(advice))
        }
        Err(error) => Tried::Failed(
            format!(
                "the circuit is open, and not secured: {}",
                shown(&error.to_string())
            ),
            Some("the peer behind the relay refuses this one, or has no Noise".into()),
        ),
    }
}

async fn noise_over(stream: Stream, key: &Keypair) -> io::Result<PeerId> {
    let names = ["/noise"];
    let chosen = multistream_select::dialer_select_proto(stream, names, Version::V1);
    let (name, stream) = chosen.await.map_err(io::Error::other)?;
    let noise = noise::Config::new(key).map_err(io::Error::other)?;
    let secured = noise.upgrade_outbound(stream, name);
    let (peer, _) = secured.await.map_err(io::Error::other)?;
    Ok(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the specification numbers them.
    #[test]
    fn messages_have_the_bytes_of_the_specification() {
        let hop = Hop {
            kind: Some(CONNECT),
            peer: Some(Peer { id: Some(vec![7]) }),
            status: None,
        };
        assert_eq!(hop.encode_to_vec(), [0x08, 1, 0x12, 3, 0x0a, 1, 7]);
        // STATUS, NO_RESERVATION, and a limit, which is ignored.
        let answer = [0x08, 2, 0x22, 2, 0x08, 9, 0x28, 0xcc, 1];
        let decoded = Hop::decode(&answer[..]).expect("a message");
        assert_eq!((decoded.kind, decoded.status), (Some(STATUS), Some(204)));
    }

    #[test]
    fn every_status_has_a_way_out() {
        for status in [200, 201, 202, 203, 204, 400, 401, 7] {
            let (why, advice) = of_status(status);
            assert!(why.contains(&status.to_string()) && !advice.is_empty());
        }
    }
}
