//! One address cannot keep all others out of a node, and a peer that is refused
//! hears what libp2p can say. The addresses are 127.0.0.1 and 127.0.0.2, which
//! Linux has.
#![cfg(target_os = "linux")]

use std::net::{Ipv4Addr, TcpStream};

use libp2p::multiaddr::Protocol;
use node::{Multiaddr, Peer, Transport, channel, start};
use support::peers::{config, within};
use support::{Running, Runs, node, run};

/// More than a node lets make their handshake at once, from all addresses.
const SILENT: usize = 300;

/// A node that listens on all addresses of this machine, and its port's address
/// with its PeerId.
fn listening(args: &[&str]) -> (Running, Multiaddr) {
    let listen = ["--listen", "/ip4/0.0.0.0/tcp/0"];
    let mut node = Running::start(node().args(listen).args(args));
    let line = node.line("listening on ");
    let address = line.trim_start_matches("listening on ");
    (node, address.parse().expect("an address"))
}

/// Where the node is for peers of the loopback's address 127.0.0.`last`.
fn at(address: &Multiaddr, last: u8) -> Multiaddr {
    let ip = Multiaddr::from(Ipv4Addr::new(127, 0, 0, last));
    address.iter().skip(1).fold(ip, Multiaddr::with)
}

/// A peer whose connections come from 127.0.0.`last`: it listens there, and dials
/// from where it listens.
async fn from(last: u8, index: u32) -> Peer {
    let peer = start(config(Transport::Tcp, index)).expect("a peer starts");
    let own = format!("/ip4/127.0.0.{last}/tcp/0");
    let own = own.parse().expect("an address");
    peer.handle.listen(own).await.expect("Linux has it");
    peer
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
    let Some(Protocol::Tcp(port)) = address.iter().nth(1) else {
        panic!("{address} is none of TCP");
    };
    let connect = |_| TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let _silent: Vec<_> = (0..SILENT).map(connect).collect();
    // They are accepted in order, so the node has met them before this one.
    let other = from(2, 1).await;
    open(&other, at(&address, 2)).await.expect("there is room");

    let same = from(1, 2).await;
    let dialled = within("dial", same.handle.dial(at(&address, 1))).await;
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
        let peer = from(1, index).await;
        let sender = open(&peer, at(&address, 1)).await;
        let_in.push((peer, sender.expect("there is room")));
    }
    let third = from(1, 3).await;
    let refused = open(&third, at(&address, 1)).await;
    let error = refused.expect_err("this address has its part");
    assert!(matches!(error, channel::Error::TurnedAway(_)), "{error}");
    let line = node.line("incoming connections refused");
    assert!(line.contains("2 connections from one address"), "{line}");

    let runs = Runs::new();
    let to = at(&address, 1).to_string();
    let ended = run(&mut runs.testbed(["ping", "--count", "3", "--to", &to])).exits(1);
    for part in ["3 of 3 pings were lost", "it may have no room for another"] {
        assert!(ended.stdout.contains(part), "{part}: {ended}");
    }

    let other = from(2, 4).await;
    open(&other, at(&address, 2)).await.expect("there is room");
}
