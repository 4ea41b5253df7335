//! Attacks on a node's WebSocket listener, below libp2p.

use node::Limits;
use support::peers::within;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::hostile::node::Node;
use crate::hostile::sockets::{noise, refused_by, socket_address};

/// A right request of RFC 6455, 4.1, with its example of a key.
const UPGRADE: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

/// The first byte of a frame: a whole binary message.
const BINARY: u8 = 0x82;

/// No upgrade is asked for.
pub(crate) async fn http(node: Node) {
    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n";
    refused_by(&node.websocket, request).await;
}

/// A request that never ends.
pub(crate) async fn endless(node: Node) {
    let mut request = b"GET / HTTP/1.1\r\nX: ".to_vec();
    request.resize(1 << 20, b'x');
    refused_by(&node.websocket, &request).await;
}

/// Bytes that are no frames, after the upgrade.
pub(crate) async fn nonsense(node: Node) {
    refused_by(&node.websocket, &[UPGRADE, &noise(1 << 16)].concat()).await;
}

/// A message of 2^62 bytes.
pub(crate) async fn enormous(node: Node) {
    let header = frame(1 << 62);
    refused_by(&node.websocket, &[UPGRADE, &header].concat()).await;
}

/// Messages as long as they may be, of which no byte comes: from as many connections as
/// one address may have pending, and from another address than that of the honest peers,
/// where this machine has one.
pub(crate) async fn promised(node: Node) -> Vec<TcpStream> {
    let source = match cfg!(target_os = "linux") {
        true => [127, 0, 0, 3],
        false => [127, 0, 0, 1],
    };
    let mut all = Vec::new();
    for _ in 0..Limits::default().pending_per_address / 2 {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((source, 0).into()).expect("an address");
        let connected = socket.connect(socket_address(&node.websocket));
        let mut stream = within("connect", connected).await.expect("it listens");
        stream.write_all(UPGRADE).await.expect("it reads");
        let mut answer = [0; 12];
        let read = within("upgrade", stream.read_exact(&mut answer)).await;
        read.expect("it answers");
        assert_eq!(&answer, b"HTTP/1.1 101");
        stream.write_all(&frame(256 << 10)).await.expect("it reads");
        all.push(stream);
    }
    all
}

/// The header of a masked frame with that many bytes.
fn frame(length: u64) -> Vec<u8> {
    let mut header = vec![BINARY, 0x80 | 127];
    header.extend(length.to_be_bytes());
    header.extend([1, 2, 3, 4]);
    header
}
