//! Ports of loopback that stay as they are while a test looks at them.

use std::net::{SocketAddr, TcpListener};

use tokio::net::TcpSocket;

/// A port without a listener, which no other program can take as long as the socket is
/// kept: connections are refused.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn refusing() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().expect("a socket");
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    socket.bind(any).expect("a free port");
    let address = socket.local_addr().expect("it is bound");
    (socket, address)
}

/// A port that is in use as long as the listener is kept: connections are made, and the
/// listener stays silent.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn silent() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    (listener, address)
}
