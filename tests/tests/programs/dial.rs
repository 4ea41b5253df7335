//! Errors of failed dials, and concurrent dials.

use std::net::TcpListener;
use std::time::Duration;

use node::dial::Error;
use node::{Multiaddr, PeerId, Security, Transport, start};
use support::peers::{config, listening, within};

/// Dials `address` from a peer whose dials time out after `timeout`.
async fn dial(address: &str, timeout: Duration) -> Result<PeerId, Error> {
    let mut config = config(Transport::Tcp, 0);
    config.connection_timeout = timeout;
    let peer = start(config).expect("a peer starts");
    let address: Multiaddr = address.parse().expect("an address");
    within("dial", peer.handle.dial(address)).await
}

const PATIENT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_tcp_port_without_a_listener_is_reported() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    let address = format!("/ip4/127.0.0.1/tcp/{}", free.unwrap().port());
    let error = dial(&address, PATIENT).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    assert_eq!(error.kind(), "unreachable");
}

#[tokio::test]
async fn a_memory_port_without_a_listener_is_reported() {
    let peer = start(config(Transport::Memory, 0)).expect("a peer starts");
    let address = "/memory/4242424242".parse().expect("an address");
    let error = within("dial", peer.handle.dial(address)).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn another_peer_id_is_reported() {
    let (peer, address) = listening(config(Transport::Tcp, 1)).await;
    let expected = PeerId::random();
    let mut wrong = address;
    wrong.pop();
    let wrong = wrong.with_p2p(expected).unwrap();
    let error = dial(&wrong.to_string(), PATIENT).await.unwrap_err();
    let there = peer.handle.peer_id();
    assert!(
        matches!(error, Error::WrongPeer { obtained, .. } if obtained == there),
        "{error:?}"
    );
}

/// Once, a peer that was configured for plaintext spoke it over TCP as well.
#[tokio::test]
async fn plaintext_never_leaves_the_process() {
    let (there, address) = listening(config(Transport::Tcp, 1)).await;
    let mut config = config(Transport::Tcp, 0);
    config.security = Security::Plaintext;
    let (peer, own) = listening(config).await;
    let dialled = within("dial", peer.handle.dial(address)).await;
    assert_eq!(dialled.expect("it speaks Noise"), there.handle.peer_id());
    within("disconnect", peer.handle.disconnect(there.handle.peer_id())).await;
    assert!(there.handle.wait_connections(0).await);
    let dialled = within("be dialled", there.handle.dial(own)).await;
    assert_eq!(dialled.expect("it expects it"), peer.handle.peer_id());
}

#[tokio::test]
async fn dialling_oneself_is_rejected() {
    let (peer, address) = listening(config(Transport::Tcp, 1)).await;
    let mut nameless = address.clone();
    nameless.pop();
    for address in [address, nameless] {
        let error = within("dial", peer.handle.dial(address.clone())).await;
        let error = error.unwrap_err();
        assert!(
            matches!(error, Error::Oneself { .. }),
            "{address}: {error:?}"
        );
    }
}

#[tokio::test]
async fn an_address_without_a_transport_is_rejected() {
    let peer = PeerId::random();
    for address in [
        "/ip4/127.0.0.1/udp/1/quic-v1".to_owned(),
        "/memory/1".to_owned(),
        "/dns4/localhost/tcp/1".to_owned(),
        format!("/ip4/127.0.0.1/udp/1/quic-v1/p2p/{peer}"),
        format!("/p2p/{peer}"),
    ] {
        let error = dial(&address, PATIENT).await.unwrap_err();
        assert!(
            matches!(error, Error::Unsupported(_)),
            "{address}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_silent_tcp_listener_times_out() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("/ip4/127.0.0.1/tcp/{}", silent.local_addr().unwrap().port());
    let timeout = Duration::from_millis(200);
    let error = dial(&address, timeout).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
}

#[tokio::test]
async fn a_silent_udp_port_times_out() {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let mut config = config(Transport::Quic, 0);
    config.connection_timeout = Duration::from_millis(200);
    let peer = start(config).expect("a peer starts");
    let address = format!("/ip4/127.0.0.1/udp/{port}/quic-v1");
    let dial = peer.handle.dial(address.parse().unwrap());
    let error = within("dial", dial).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
}

#[tokio::test]
async fn a_listener_of_another_protocol_fails_the_handshake() {
    use std::io::Write as _;
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("/ip4/127.0.0.1/tcp/{}", other.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for stream in other.incoming() {
            let _ = stream
                .unwrap()
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let error = dial(&address, PATIENT).await.unwrap_err();
    assert!(matches!(error, Error::Handshake { .. }), "{error:?}");
}

#[tokio::test]
async fn concurrent_dials_of_one_peer_all_succeed() {
    let (there, address) = listening(config(Transport::Tcp, 1)).await;
    let peer = start(config(Transport::Tcp, 0)).expect("a peer starts");
    let dials: Vec<_> = (0..8)
        .map(|_| {
            let (handle, address) = (peer.handle.clone(), address.clone());
            tokio::spawn(async move { handle.dial(address).await })
        })
        .collect();
    for dial in dials {
        let dialled = within("dial", dial).await.expect("no panic");
        assert_eq!(dialled.unwrap(), there.handle.peer_id());
    }
    within("settle", peer.handle.wait_connections(1)).await;
    within("settle", there.handle.wait_connections(1)).await;
}
