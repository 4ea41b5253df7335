//! Peers elsewhere that cannot be reached, are silent, or go away.

use std::net::{TcpListener, UdpSocket};

use node::channel::Inbound;
use node::{Config, Multiaddr, Peer, PeerId};
use support::{Runs, ports, run, saved};
use tokio::runtime::Runtime;

use super::failed;

fn random_peer_id() -> PeerId {
    node::keys::from_seed(1, 0).public().to_peer_id()
}

/// Pings `address`, which has to fail with `parts`.
fn ping_fails(name: &str, address: &str, parts: &[&str]) -> serde_json::Value {
    let runs = Runs::new();
    let args = [
        "--dial-timeout",
        "1s",
        "ping",
        "--count",
        "3",
        "--to",
        address,
    ];
    let ended = run(&mut runs.testbed(args));
    failed(name, &ended, &[&[address], parts].concat());
    let record = saved::record(&runs.only());
    assert_eq!(record["verdict"]["status"], "fail", "{name}");
    assert_eq!(record["spans"]["lost"], 0, "{name}");
    record
}

#[test]
fn connection_refused_is_reported() {
    let (_nobody, address) = ports::refusing();
    let address = format!(
        "/ip4/127.0.0.1/tcp/{}/p2p/{}",
        address.port(),
        random_peer_id()
    );
    let record = ping_fails("refused", &address, &["cannot reach", "refused"]);
    assert_eq!(record["results"], serde_json::Value::Null);
}

#[test]
fn a_silent_listener_times_out() {
    let (_tcp, address) = ports::silent();
    let address = format!(
        "/ip4/127.0.0.1/tcp/{}/p2p/{}",
        address.port(),
        random_peer_id()
    );
    ping_fails("silent", &address, &["no answer from", "in time"]);

    let udp = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let port = udp.local_addr().expect("it is bound").port();
    let address = format!("/ip4/127.0.0.1/udp/{port}/quic-v1/p2p/{}", random_peer_id());
    ping_fails("silent", &address, &["no answer from", "in time"]);
}

#[test]
fn a_listener_of_another_protocol_is_reported() {
    let (listener, address) = ports::silent();
    std::thread::spawn(move || greet(&listener));
    let address = format!(
        "/ip4/127.0.0.1/tcp/{}/p2p/{}",
        address.port(),
        random_peer_id()
    );
    ping_fails("another protocol", &address, &["handshake", "failed"]);
}

/// Greets every client as a mail server does.
fn greet(listener: &TcpListener) {
    use std::io::Write as _;
    for mut stream in listener.incoming().flatten() {
        let _ = stream.write_all(b"220 mail ESMTP\r\n");
    }
}

#[test]
fn another_peer_id_is_reported() {
    let runtime = Runtime::new().expect("a runtime");
    let (_peer, address) = runtime.block_on(listening());
    let address = format!("{address}/p2p/{}", random_peer_id());
    ping_fails(
        "another peer",
        &address,
        &["not the peer that the address names"],
    );
}

/// The other peer accepts the channel, and disconnects at the first PING.
#[test]
fn a_connection_closed_at_the_first_ping_is_reported() {
    let runtime = Runtime::new().expect("a runtime");
    let (mut peer, address) = runtime.block_on(listening());
    let address = format!("{address}/p2p/{}", peer.handle.peer_id());
    runtime.spawn(async move {
        while let Some(inbound) = peer.inbound.recv().await {
            if let Inbound::Message { from, .. } = inbound {
                peer.handle.disconnect(from).await;
            }
        }
    });
    let runs = Runs::new();
    let ended = run(&mut runs.testbed(["ping", "--count=3", "--to", &address]));
    failed("closed", &ended, &["3 of 3 pings were lost"]);
    assert!(
        ended.stdout.contains("closed"),
        "the reason is told: {ended}"
    );
    let folder = runs.only();
    let record = saved::record(&folder);
    assert_eq!(record["connections"], 1);
    assert_eq!(record["results"]["lost"], 3);
    assert_eq!(saved::rows(&folder).len(), 3);
}

/// It takes every PING and answers none.
#[test]
fn a_missing_pong_times_out() {
    let runtime = Runtime::new().expect("a runtime");
    let (peer, address) = runtime.block_on(listening());
    let address = format!("{address}/p2p/{}", peer.handle.peer_id());
    let runs = Runs::new();
    let ended = run(&mut runs.testbed(["ping", "--timeout", "200ms", "--to", &address]));
    failed("no answer", &ended, &["1 of 1 pings were lost"]);
    assert!(ended.stdout.contains("no answer in time"), "{ended}");
    let _ = saved::record(&runs.only());
}

/// A peer of ours that listens, without an algorithm.
async fn listening() -> (Peer, Multiaddr) {
    let key = node::keys::from_seed(2, 0);
    let peer = node::start(Config::new(key)).expect("a peer");
    let any = "/ip4/127.0.0.1/tcp/0".parse().expect("an address");
    let address = peer.handle.listen(any).await.expect("a free port");
    (peer, address)
}
