//! Messages that go one way through one channel, as fast as they can: with
//! every step traced, with tracing off, and as frames on one libp2p stream.

use std::sync::Arc;
use std::time::Instant;

use algorithms::NodeId;
use futures::io::{BufReader, BufWriter};
use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use libp2p::Stream;
use node::driver::{Directory, Driver, Process, Report};
use node::{Config, Peer, Transport};
use opentelemetry::Context;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;
use trace::recorder::StoreRecorder;
use trace::telemetry::Sink;

use crate::bare;
use crate::counter::{Counter, Send};
use crate::line::{Line, Medians, median};
use crate::side::{Side, alone, in_turn};

/// How many messages make a measurement.
const COUNT: u64 = 100_000;

/// How many of them one command sends. They share one span at the sender.
const BATCH: u64 = 100;

/// With the four bytes of its length, a frame is as long as that of such a
/// message with its trace context.
const LENGTH: usize = 74;

/// What one message takes.
pub(crate) fn one_way(rounds: usize) -> Line {
    let mut untraced = Vec::new();
    let medians = in_turn(rounds, |side| match side {
        Side::Ours => {
            untraced.push(alone(ours(false)));
            alone(ours(true))
        }
        Side::Floor => alone(floor()),
    });
    let Medians { ours, .. } = medians;
    let untraced = median(untraced);
    let remarks = format!(
        ", each of {COUNT} messages; with tracing off {}; tracing costs {:.0} ns a message",
        show(untraced),
        1e9 * (ours - untraced)
    );
    Line {
        medians,
        show,
        rounds,
        remarks,
    }
}

fn show(seconds: f64) -> String {
    format!("{:.0} ns, {:.0} messages/s", 1e9 * seconds, 1.0 / seconds)
}

/// Seconds a message through the driver.
async fn ours(traced: bool) -> f64 {
    let sink = Sink::new(Some(Arc::new(StoreRecorder::start(Arc::default()))), None);
    let (near, far) = (peer().await, peer().await);
    let address = far.handle.listen("/memory/0".parse().expect("a constant"));
    let address = address.await.expect("a free address");
    near.handle.dial(address).await.expect("a peer that runs");
    let directory = Directory::new(vec![near.handle.peer_id(), far.handle.peer_id()]);
    let (sender, mut reports) = mpsc::channel(16);
    let start = |id, peer: Peer| {
        let process = Process {
            algorithm: Counter { expected: COUNT },
            id: NodeId(id),
            directory: directory.clone(),
            tracer: traced.then(|| sink.tracer("peer", &peer.handle.peer_id().to_string())),
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
        let send = Send { to, count: BATCH };
        let sent = near.command(send, None, Context::new()).await;
        sent.expect("a process that runs");
    }
    let done = reports.recv().await;
    assert!(matches!(done, Some(Report::Output { .. })), "{done:?}");
    // Waits until all spans are stored, which is part of the cost.
    let _settled = sink.counts();
    began.elapsed().as_secs_f64() / COUNT as f64
}

async fn peer() -> Peer {
    let mut config = Config::new(libp2p::identity::Keypair::generate_ed25519());
    config.transports = [Transport::Memory].into();
    node::start(config).expect("a peer")
}

/// Seconds a frame on a bare stream.
async fn floor() -> f64 {
    let peers = bare::network("memory", 2, &[(0, 1)]).await;
    let (near, far) = bare::open_stream(&peers).await;
    let began = Instant::now();
    let reading = tokio::spawn(read(far));
    let mut stream = BufWriter::new(near);
    let frame = [&(LENGTH as u32).to_be_bytes()[..], &[7; LENGTH]].concat();
    for _ in 0..COUNT {
        stream.write_all(&frame).await.expect("an open stream");
    }
    stream.flush().await.expect("an open stream");
    reading.await.expect("a reader that does not panic");
    began.elapsed().as_secs_f64() / COUNT as f64
}

async fn read(stream: Stream) {
    let mut stream = BufReader::new(stream);
    let mut frame = Vec::new();
    for _ in 0..COUNT {
        let mut length = [0; 4];
        stream
            .read_exact(&mut length)
            .await
            .expect("an open stream");
        frame.resize(u32::from_be_bytes(length) as usize, 0);
        stream.read_exact(&mut frame).await.expect("an open stream");
    }
}
