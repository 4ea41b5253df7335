//! Messages from one process to another over the memory transport: through the
//! driver with tracing off, and through the channel alone.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Instant;

use algorithms::NodeId;
use node::channel::{Inbound, Inbox, Outgoing, Sender};
use node::driver::{Directory, Driver, Process, Report};
use node::{Config, Peer, Transport};
use opentelemetry::Context;
use proto::Bytes;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use crate::counter::{Counter, Send};
use crate::figures::{median, thousands};

/// How many messages make a measurement.
const COUNT: u64 = 200_000;

/// How many of them one command sends.
const BATCH: u64 = 100;

/// As long as a message of the counter: a tag and eight bytes.
const PAYLOAD: &[u8] = &[7; 9];

/// The order alternates from round to round.
pub(crate) fn memory(rounds: usize) -> String {
    let (mut through, mut bare) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        if round % 2 == 0 {
            through.push(alone(driver()));
            bare.push(alone(channel()));
        } else {
            bare.push(alone(channel()));
            through.push(alone(driver()));
        }
    }
    let (through, bare) = (median(through), median(bare));
    format!(
        "{:.2} of the channel's rate (target 0.50): {} messages a second through the driver, {} through the channel alone; medians of {rounds} rounds of {} messages",
        through / bare,
        thousands(through),
        thousands(bare),
        thousands(COUNT as f64)
    )
}

/// On a runtime of its own, in a task.
fn alone(work: impl Future<Output = f64> + std::marker::Send + 'static) -> f64 {
    let runtime = Runtime::new().expect("a machine that can run threads");
    let done = runtime.block_on(async { tokio::spawn(work).await });
    done.expect("a measurement that does not panic")
}

/// Two peers that are connected.
async fn pair() -> (Peer, Peer) {
    let peer = || {
        let mut config = Config::new(libp2p::identity::Keypair::generate_ed25519());
        config.transports = [Transport::Memory].into();
        node::start(config).expect("a peer")
    };
    let (near, far) = (peer(), peer());
    let address = far.handle.listen("/memory/0".parse().expect("a constant"));
    let address = address.await.expect("a free address");
    near.handle.dial(address).await.expect("a peer that runs");
    (near, far)
}

/// Messages a second through two drivers.
async fn driver() -> f64 {
    let (near, far) = pair().await;
    let directory = Directory::new(vec![near.handle.peer_id(), far.handle.peer_id()]);
    let (sender, mut reports) = mpsc::channel(16);
    let start = |id, peer: Peer| {
        let process = Process {
            algorithm: Counter { expected: COUNT },
            id: NodeId(id),
            directory: directory.clone(),
            tracer: None,
            peer,
            links: None,
            seed: 1,
            admission: None,
            lateness: Arc::default(),
            tasks: TaskTracker::new(),
        };
        Driver::start(process, sender.clone())
    };
    let (near, _far) = (start(0, near), start(1, far));
    let began = Instant::now();
    for _ in 0..COUNT / BATCH {
        let to = NodeId(1);
        let sent = near.command(Send { to, count: BATCH }, None, Context::new());
        sent.await.expect("a process that runs");
    }
    let done = reports.recv().await;
    assert!(matches!(done, Some(Report::Output { .. })), "{done:?}");
    COUNT as f64 / began.elapsed().as_secs_f64()
}

/// Messages a second through a channel.
async fn channel() -> f64 {
    let (near, far) = pair().await;
    let sender = near.handle.open_channel(far.handle.peer_id()).await;
    let sender = sender.expect("a peer that speaks the protocol");
    let began = Instant::now();
    let reading = tokio::spawn(read(far.inbound));
    write(sender).await;
    reading.await.expect("a reader that does not panic");
    COUNT as f64 / began.elapsed().as_secs_f64()
}

async fn write(mut sender: Sender) {
    for id in 0..COUNT {
        let room = poll_fn(|cx| sender.poll_ready(cx)).await;
        room.expect("an open channel");
        let sent = sender.start_send(&Outgoing {
            id,
            kind: "COUNT",
            within: None,
            trace: None,
            payload: Bytes::from_static(PAYLOAD),
        });
        sent.expect("a small message");
    }
    let written = poll_fn(|cx| sender.poll_flush(cx)).await;
    written.expect("an open channel");
}

async fn read(mut inbox: Inbox) {
    for _ in 0..COUNT {
        let came = inbox.recv().await;
        assert!(matches!(came, Some(Inbound::Message { .. })), "{came:?}");
    }
}
