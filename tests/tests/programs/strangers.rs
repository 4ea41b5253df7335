//! Peers that are not of a run, and find the ports of its peers: they are refused
//! and named, unless they are guests, and what guests do makes no right run wrong.

use std::time::Duration;

use algorithms::bank::Transfer;
use algorithms::{Message as _, NodeId, chandy_lamport, ping_pong};
use node::admission::MESSAGES;
use node::channel::{self, Outgoing};
use node::{Multiaddr, Peer, Protocol, Transport, start};
use serde_json::Value;
use support::peers::{config, send, within};
use support::saved::no_panic;
use support::{Ended, Running, Runs, saved};

/// A run that goes on, and where its peers listen.
struct Run {
    runs: Runs,
    running: Running,
    addresses: Vec<Multiaddr>,
}

impl Run {
    fn start(arguments: &str) -> Self {
        let runs = Runs::new();
        let arguments = format!("--seed 1 {} {arguments}", support::CALM);
        let running = Running::start(&mut runs.testbed(arguments.split_whitespace()));
        let addresses = runs.addresses();
        Self {
            runs,
            running,
            addresses,
        }
    }

    fn end(self, status: i32) -> (Ended, Value) {
        let ended = self.running.end().exits(status);
        no_panic(&ended);
        (ended, saved::record(&self.runs.only()))
    }
}

fn stranger(protocols: impl Into<Vec<Protocol>>) -> Peer {
    let mut config = config(Transport::Tcp, 1000);
    config.protocols = protocols.into().into_iter().collect();
    config.topics = vec!["testbed".to_owned()];
    start(config).expect("a peer starts")
}

/// A forged transfer.
fn forged(id: u64) -> Outgoing {
    let transfer = Transfer {
        from: NodeId(3),
        number: id,
        amount: 1_000,
    };
    let message = chandy_lamport::Message::Application(transfer);
    outgoing(id, "TRANSFER", message.to_payload().into())
}

fn ping(id: u64) -> Outgoing {
    let data = Vec::new().into();
    let ping = ping_pong::Message::Ping { id, data };
    outgoing(id, "PING", ping.to_payload().into())
}

fn outgoing(id: u64, kind: &'static str, payload: Vec<u8>) -> Outgoing {
    Outgoing {
        id,
        kind,
        within: None,
        trace: None,
        payload: payload.into(),
    }
}

/// A channel to the first peer of the run.
async fn channel(run: &Run, peer: &Peer) -> Result<channel::Sender, String> {
    let dialled = within("dial", peer.handle.dial(run.addresses[0].clone())).await;
    let id = dialled.map_err(|error| error.to_string())?;
    let opened = within("open", peer.handle.open_channel(id)).await;
    opened.map_err(|error| error.to_string())
}

/// For each protocol: the connection is denied before the protocol sees it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_are_refused_and_named() {
    for (protocol, arguments) in [
        (Protocol::Channel, "--peers 4 snapshot --every 5s"),
        (
            Protocol::Gossipsub,
            "--peers 6 gossip --protocol gossipsub --messages 40 --interval 100ms --heartbeat 200ms",
        ),
        (
            Protocol::Kademlia,
            "--peers 8 kad --operations 200 --interval 20ms",
        ),
    ] {
        let run = Run::start(arguments);
        let peer = stranger([protocol, Protocol::Identify]);
        for address in &run.addresses {
            // The handshake may be over on this side before the other denies it.
            let _ = within("dial", peer.handle.dial(address.clone())).await;
        }
        assert!(within("be refused", peer.handle.wait_connections(0)).await);
        let (ended, record) = run.end(0);
        let id = peer.handle.peer_id().to_string();
        let refused = record["refused"]["peers"][&id].as_u64();
        assert!(refused >= Some(1), "{protocol}: {refused:?} {ended}");
        assert_eq!(record["guests"]["connections"], 0, "{protocol}");
        assert!(ended.stdout.contains("\nrefused           "), "{ended}");
        assert!(ended.stdout.contains(&id), "{ended}");
    }
}

/// Once, one forged message made a right snapshot a wrong one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_message_of_a_guest_makes_a_run_unknown_and_never_wrong() {
    let peer = stranger([Protocol::Channel]);
    let id = peer.handle.peer_id();
    let run = Run::start(&format!("--peers 4 --guests {id} snapshot --every 5s"));
    let mut sender = channel(&run, &peer).await.expect("a guest");
    for number in 0..10 {
        let sent = within("send", send(&mut sender, forged(number))).await;
        sent.expect("the channel is open");
    }
    let (ended, record) = run.end(3);
    assert_eq!(record["guests"]["messages"], 10, "{ended}");
    assert_eq!(
        record["guests"]["admitted"],
        serde_json::json!([id.to_string()])
    );
    let reported =
        format!("10 messages came from 1 peers of which no step is recorded; the first is {id}");
    assert!(ended.stdout.contains(&reported), "{ended}");
    assert!(
        ended
            .stdout
            .contains("verdict           unknown (guests took part): "),
        "{ended}"
    );
    assert!(
        ended
            .stderr
            .contains("peer-00 listens on /ip4/127.0.0.1/tcp/"),
        "{ended}"
    );
}

/// The steps that a guest causes are recorded up to a limit, and its PINGs do not make
/// the run wrong.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guest_makes_a_run_record_a_bounded_number_of_steps() {
    let run = Run::start("--peers 3 --guests any ping --count 60 --interval 100ms");
    let peer = stranger([Protocol::Channel]);
    let mut sender = channel(&run, &peer).await.expect("a guest");
    let mut sent = 0;
    while within("send", send(&mut sender, ping(sent))).await.is_ok() {
        sent += 1;
        tokio::task::yield_now().await;
    }
    assert!(
        sent > MESSAGES,
        "{sent} were sent until the connection was closed"
    );
    let (ended, record) = run.end(0);
    let guests = &record["guests"];
    assert_eq!(guests["messages"], MESSAGES, "{ended}");
    assert!(guests["dropped"].as_u64() >= Some(1), "{ended}");
    assert_eq!(guests["admitted"], "any");
    let stored = record["spans"]["stored"].as_u64();
    assert!(stored < Some(2 * MESSAGES + 1_000), "{ended}");
    assert!(
        ended
            .stdout
            .contains("verdict           pass (guests took part)"),
        "{ended}"
    );
}

/// Once, a guest in the mesh was not reported.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guest_in_a_mesh_is_named() {
    let run = Run::start(
        "--peers 6 --guests any gossip --protocol gossipsub --messages 40 --interval 100ms --heartbeat 200ms",
    );
    let peer = stranger([Protocol::Gossipsub]);
    for address in &run.addresses {
        let dialled = within("dial", peer.handle.dial(address.clone())).await;
        dialled.expect("a guest");
    }
    // libp2p has no event for a GRAFT.
    let meshed = async {
        while peer.handle.mesh("testbed").await == Some(0) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    within("be in the mesh", meshed).await;
    let (ended, record) = run.end(0);
    let id = peer.handle.peer_id().to_string();
    assert_eq!(record["guests"]["peers"][&id], 6, "{ended}");
    assert_eq!(record["results"]["strange"], 0, "{ended}");
    assert!(
        ended
            .stdout
            .contains(&format!("guests            6 connections of {id} (6)")),
        "{ended}"
    );
}

/// No external peer can reach the memory transport, or a simulation.
#[test]
fn guests_of_a_run_without_sockets_are_refused() {
    for arguments in [
        "--guests any --transport memory ping",
        "--guests any simulate snapshot",
        "--guests any check snapshot",
        "--guests peer-00 ping",
    ] {
        let runs = Runs::new();
        let ended = support::run(&mut runs.testbed(arguments.split(' '))).exits(2);
        assert!(ended.stderr.contains("--guests"), "{arguments}: {ended}");
    }
}
