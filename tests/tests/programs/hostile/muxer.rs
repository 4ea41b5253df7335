//! Attacks between the connection and its protocols: Yamux streams that never
//! negotiate a protocol.

use std::task::Poll;

use futures::AsyncWriteExt as _;
use futures::future::poll_fn;
use libp2p::core::muxing::{StreamMuxerBox, StreamMuxerExt as _};
use libp2p::core::transport::{DialOpts, PortUse};
use libp2p::core::upgrade::Version;
use libp2p::core::{Endpoint, Transport as _};
use libp2p::identity::Keypair;
use libp2p::{noise, tcp, yamux};
use support::peers::within;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::hostile::node::Node;

/// How many streams this side's Yamux opens before they are acknowledged.
const STREAMS: usize = 256;

/// What fits into the window of each.
const WINDOW: usize = 256 << 10;

/// The first streams take all places for protocol negotiation, and never negotiate. Data
/// on the others fills their windows in the node's memory, unless they are refused.
pub(crate) async fn stuffed(node: Node) -> JoinSet<()> {
    let mut connections = JoinSet::new();
    for _ in 0..4 {
        let (opened, mut streams) = mpsc::unbounded_channel();
        let mut muxer = connect(&node).await;
        connections.spawn(async move {
            let mut open = 0;
            let driven = poll_fn(|cx| {
                while open < STREAMS {
                    match muxer.poll_outbound_unpin(cx) {
                        Poll::Ready(Ok(stream)) => {
                            open += 1;
                            let _ = opened.send(stream);
                        }
                        Poll::Ready(Err(_)) => return Poll::Ready(()),
                        Poll::Pending => break,
                    }
                }
                muxer.poll_unpin(cx).map(|_| ())
            });
            driven.await;
        });
        let mut writes = JoinSet::new();
        for number in 0..STREAMS {
            // There are fewer when the node has closed the connection.
            let Some(mut stream) = within("open", streams.recv()).await else {
                break;
            };
            writes.spawn(async move {
                let size = if number < STREAMS / 2 { 1 } else { WINDOW };
                let _ = stream.write_all(&vec![0x7f; size]).await;
                let _ = stream.flush().await;
                stream
            });
        }
        // The streams stay open.
        let streams = within("write", writes.join_all()).await;
        connections.spawn(async move {
            std::future::pending::<()>().await;
            drop(streams);
        });
    }
    connections
}

async fn connect(node: &Node) -> StreamMuxerBox {
    let key = Keypair::generate_ed25519();
    let mut transport = tcp::tokio::Transport::new(tcp::Config::new())
        .upgrade(Version::V1)
        .authenticate(noise::Config::new(&key).expect("a key"))
        .multiplex(yamux::Config::default())
        .boxed();
    let opts = DialOpts {
        role: Endpoint::Dialer,
        port_use: PortUse::New,
    };
    let dial = transport.dial(node.tcp.clone(), opts).expect("TCP");
    within("dial", dial).await.expect("the node listens").1
}
