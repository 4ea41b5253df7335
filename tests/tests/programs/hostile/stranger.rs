//! A libp2p peer that writes arbitrary bytes to its streams.

use futures::{AsyncReadExt as _, AsyncWriteExt as _, StreamExt as _};
use libp2p::StreamProtocol;
use libp2p::swarm::{Stream, SwarmEvent};
use libp2p_stream::{Control, IncomingStreams};
use node::channel::PROTOCOL;
use support::peers::{bare_swarm, within};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::hostile::node::Node;

/// Its swarm runs until it is dropped, and dials the node whenever it is not
/// connected.
pub(crate) struct Stranger {
    node: Node,
    control: Control,
    connected: watch::Receiver<bool>,
    swarm: JoinHandle<()>,
}

impl Stranger {
    pub(crate) fn new(node: Node) -> Self {
        let mut swarm = bare_swarm();
        let control = swarm.behaviour().new_control();
        let (sender, connected) = watch::channel(false);
        let address = node.tcp.clone();
        swarm.dial(address.clone()).expect("an address of TCP");
        let swarm = tokio::spawn(async move {
            loop {
                match swarm.select_next_some().await {
                    SwarmEvent::ConnectionEstablished { .. } => sender.send_replace(true),
                    SwarmEvent::ConnectionClosed { .. }
                    | SwarmEvent::OutgoingConnectionError { .. } => {
                        // It may be dialling already.
                        let _ = swarm.dial(address.clone());
                        sender.send_replace(false)
                    }
                    _ => continue,
                };
            }
        });
        Self {
            node,
            control,
            connected,
            swarm,
        }
    }

    /// A stream to the node, if it takes one.
    pub(crate) async fn stream(&mut self, protocol: StreamProtocol) -> Option<Stream> {
        let connected = self.connected.wait_for(|connected| *connected);
        within("connect", connected).await.expect("the swarm runs");
        let stream = self.control.open_stream(self.node.id(), protocol);
        within("open a stream", stream).await.ok()
    }

    /// A channel to the node.
    pub(crate) async fn channel(&mut self) -> Stream {
        let stream = self.stream(PROTOCOL).await;
        stream.expect("the node speaks it")
    }

    /// The channels that the node opens.
    pub(crate) fn accept(&mut self) -> IncomingStreams {
        self.control.accept(PROTOCOL).expect("asked once")
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.swarm.abort();
    }
}

/// Writes `bytes`. The node may close the stream meanwhile.
pub(crate) async fn write(stream: &mut Stream, bytes: &[u8]) {
    let write = async {
        stream.write_all(bytes).await?;
        stream.flush().await
    };
    let _ = within("write", write).await;
}

/// Waits until the node has closed the stream.
pub(crate) async fn closed(stream: &mut Stream) {
    let mut answer = Vec::new();
    let _ = within("close the stream", stream.read_to_end(&mut answer)).await;
    assert_eq!(answer, b"", "nothing is answered on that stream");
}
