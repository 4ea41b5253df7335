//! One address cannot occupy all connections of a node, and a refused peer reports what
//! libp2p lets it know. The other address is 127.0.0.2, which Linux has.
#![cfg(target_os = "linux")]

use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use libp2p::multiaddr::Protocol;
use node::{Multiaddr, Peer, Transport, channel, start};
use support::peers::{config, within};
use support::{Running, Runs, node, run};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpSocket};

/// More handshakes than a node admits at once from all addresses.
const SILENT: usize = 300;

/// A node, and the full address of its listener.
fn listening(args: &[&str]) -> (Running, Multiaddr) {
    let listen = ["--listen", "/ip4/127.0.0.1/tcp/0"];
    let mut node = Running::start(node().args(listen).args(args));
    let line = node.line("listening on ");
    let address = line.trim_start_matches("listening on ");
    (node, address.parse().expect("an address"))
}

fn port(address: &Multiaddr) -> u16 {
    match address.iter().nth(1) {
        Some(Protocol::Tcp(port)) => port,
        _ => panic!("{address} is none of TCP"),
    }
}

fn peer(index: u32) -> Peer {
    start(config(Transport::Tcp, index)).expect("a peer starts")
}

/// An address through which connections reach the node at `address` from
/// 127.0.0.2.
async fn from_elsewhere(address: &Multiaddr) -> Multiaddr {
    let node = SocketAddr::from((Ipv4Addr::LOCALHOST, port(address)));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.expect("a free port");
    let here = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        while let Ok((mut inbound, _)) = listener.accept().await {
            let socket = TcpSocket::new_v4().expect("a socket");
            let elsewhere = (Ipv4Addr::new(127, 0, 0, 2), 0);
            socket.bind(elsewhere.into()).expect("Linux has it");
            let mut outbound = socket.connect(node).await.expect("it listens");
            // An end or an error of one side is passed on by dropping the other.
            tokio::spawn(async move {
                let _ = copy_bidirectional(&mut inbound, &mut outbound).await;
            });
        }
    });
    let id = node::address::peer(address).expect("a full address");
    let here = Multiaddr::from(here.ip()).with(Protocol::Tcp(here.port()));
    here.with_p2p(id).expect("an address without a peer")
}

/// Opens a channel to the node.
async fn open(peer: &Peer, address: Multiaddr) -> Result<channel::Sender, channel::Error> {
    let id = node::address::peer(&address).expect("a full address");
    let dialled = within("dial", peer.handle.dial(address)).await;
    assert_eq!(dialled.expect("it lets make a handshake"), id);
    within("open", peer.handle.open_channel(id)).await
}

/// Connections that never end their handshake.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_connections_of_one_address_leave_room_for_others() {
    let (mut node, address) = listening(&[]);
    let connect = |_| TcpStream::connect(("127.0.0.1", port(&address))).expect("it listens");
    let _silent: Vec<_> = (0..SILENT).map(connect).collect();
    // They are accepted in order, so the node has met them before this one.
    let (other, same) = (peer(1), peer(2));
    let elsewhere = from_elsewhere(&address).await;
    open(&other, elsewhere).await.expect("there is room");

    let dialled = within("dial", same.handle.dial(address)).await;
    let error = dialled.expect_err("this address has its part").to_string();
    assert!(error.contains("it may have no room"), "{error}");
    let line = node.line("incoming connections refused");
    assert!(line.contains("handshakes from one address"), "{line}");
}

/// Many identities.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peers_of_one_address_leave_room_for_others() {
    let (mut node, address) = listening(&["--per-address", "2"]);
    let mut let_in = Vec::new();
    for index in 1..=2 {
        let peer = peer(index);
        let sender = open(&peer, address.clone()).await;
        let_in.push((peer, sender.expect("there is room")));
    }
    let third = peer(3);
    let dialled = within("dial", third.handle.dial(address.clone())).await;
    let id = dialled.expect("it lets make a handshake");
    // A channel may be opened in the moment before the connection is closed.
    let turned_away = async {
        while !matches!(
            third.handle.open_channel(id).await,
            Err(channel::Error::TurnedAway(_))
        ) {
            tokio::task::yield_now().await;
        }
    };
    within("be turned away", turned_away).await;
    let line = node.line("incoming connections refused");
    assert!(line.contains("2 connections from one address"), "{line}");

    let runs = Runs::new();
    let to = address.to_string();
    let ended = run(&mut runs.testbed(["ping", "--count", "3", "--to", &to])).exits(1);
    for part in ["3 of 3 pings were lost", "it may have no room for another"] {
        assert!(ended.stdout.contains(part), "{part}: {ended}");
    }

    let other = peer(4);
    let elsewhere = from_elsewhere(&address).await;
    open(&other, elsewhere).await.expect("there is room");
}
