//! Attacks below libp2p: bytes on the bare sockets.

use std::net::SocketAddr;

use libp2p::multiaddr::{Multiaddr, Protocol};
use support::peers::within;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};

use crate::hostile::node::Node;

/// From another address than that of the honest peers, where this machine has
/// one: a node keeps places for other addresses (`crowd.rs`).
pub(crate) async fn silence(node: Node) -> Vec<TcpStream> {
    let (source, count) = match cfg!(target_os = "linux") {
        true => ([127, 0, 0, 2], 200),
        false => ([127, 0, 0, 1], 32),
    };
    let mut all = Vec::new();
    for _ in 0..count {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((source, 0).into()).expect("an address");
        let connected = socket.connect(socket_address(&node.tcp));
        all.push(within("connect", connected).await.expect("it listens"));
    }
    all
}

pub(crate) async fn random(node: Node) {
    refused(&node, &noise(1 << 20)).await;
}

pub(crate) async fn http(node: Node) {
    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n";
    refused(&node, &request.repeat(4)).await;
}

/// The start of a TLS 1.2 record with a ClientHello.
pub(crate) async fn tls(node: Node) {
    let mut hello = vec![0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];
    hello.extend(noise(512));
    refused(&node, &hello).await;
}

pub(crate) async fn multistream(node: Node) {
    let mut bytes = b"\x13/multistream/1.0.0\n\x07/noise\n".to_vec();
    bytes.extend(noise(1 << 16));
    refused(&node, &bytes).await;
}

pub(crate) async fn datagrams(node: Node) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let to = socket_address(&node.quic);
    for datagram in noise(1 << 20).chunks(1_200) {
        // The kernel may refuse when its buffer is full.
        let _ = socket.send_to(datagram, to).await;
    }
    socket
}

/// Sends `bytes`, and waits until the node closes the connection.
async fn refused(node: &Node, bytes: &[u8]) {
    refused_by(&node.tcp, bytes).await;
}

/// The same at one of its addresses.
pub(crate) async fn refused_by(address: &Multiaddr, bytes: &[u8]) {
    let connect = TcpStream::connect(socket_address(address));
    let mut stream = within("connect", connect).await.expect("the node listens");
    // It may be closed before all is sent.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = within("close", stream.read_to_end(&mut answer)).await;
    assert!(answer.len() < 1024, "{} bytes of answer", answer.len());
}

pub(crate) fn socket_address(address: &Multiaddr) -> SocketAddr {
    let mut parts = address.iter();
    match (parts.next(), parts.next()) {
        (Some(Protocol::Ip4(ip)), Some(Protocol::Tcp(port) | Protocol::Udp(port))) => {
            (ip, port).into()
        }
        other => panic!("{other:?}"),
    }
}

/// Bytes without sense, the same at each run (xorshift; Marsaglia, "Xorshift
/// RNGs", 2003).
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[7]
    };
    (0..length).map(|_| byte()).collect()
}
