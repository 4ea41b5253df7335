mod faults;

use std::time::Duration;

use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::io::{DuplexStream, duplex};
use tokio::time::Instant;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt as _};

use super::*;

const MS: Duration = Duration::from_millis(1);
const MBIT: f64 = 1e6 / 8.0;

/// Peers with these rates of upload and download, in Mbit/s, 50 ms apart.
#[derive(Debug)]
struct Apart(Vec<[f64; 2]>);

impl World for Apart {
    fn latency(&self, _: u32, _: u32) -> Duration {
        50 * MS
    }

    fn extra(&self, _: u32, _: u32) -> Option<Extra> {
        None
    }

    fn rates(&self, peer: u32) -> Option<Rates> {
        let [up, down] = *self.0.get(peer as usize)?;
        Some(Rates {
            up: up * MBIT,
            down: down * MBIT,
        })
    }
}

type Stream = Link<Compat<DuplexStream>>;

/// The two ends of a connection.
fn connection(fabric: &Arc<Fabric>, [from, to]: [u32; 2]) -> (Stream, Stream) {
    let (one, other) = duplex(1 << 16);
    let end = |stream: DuplexStream, ends| Link::from_peer(stream.compat(), fabric, ends);
    (end(one, [to, from]), end(other, [from, to]))
}

/// Sends so many bytes. Returns how long it took until all had arrived.
async fn transfer(fabric: Arc<Fabric>, ends: [u32; 2], bytes: usize) -> Duration {
    let began = Instant::now();
    let (mut sender, mut receiver) = connection(&fabric, ends);
    let sent = async {
        sender.write_all(&vec![7; bytes]).await.expect("room");
        sender.close().await.expect("an open stream");
    };
    let mut received = Vec::new();
    let (read, ()) = tokio::join!(receiver.read_to_end(&mut received), sent);
    assert_eq!(read.expect("no error"), bytes);
    assert!(received.iter().all(|byte| *byte == 7));
    began.elapsed()
}

/// To the nearest percent, and to the milliseconds of timers.
fn assert_near(took: Duration, seconds: f64) {
    let off = (took.as_secs_f64() - 0.05 - seconds).abs();
    assert!(
        off <= 0.01 * seconds + 0.002,
        "{took:?} is not {seconds} s and 50 ms"
    );
}

const MIB: usize = 1 << 20;

#[tokio::test(start_paused = true)]
async fn a_line_carries_what_it_can() {
    let fabric = Fabric::new(Apart(vec![[10.0, 10.0], [100.0, 100.0]]), 2);
    assert_near(transfer(Arc::clone(&fabric), [0, 1], MIB).await, 0.839);
    // The line of the receiver is the narrow one.
    assert_near(transfer(fabric, [1, 0], MIB).await, 0.839);
}

#[tokio::test(start_paused = true)]
async fn two_transfers_share_a_line() {
    let fabric = Fabric::new(Apart(vec![[10.0, 10.0], [100.0, 100.0], [100.0, 100.0]]), 3);
    let one = transfer(Arc::clone(&fabric), [0, 1], MIB);
    let (one, other) = tokio::join!(one, transfer(fabric, [0, 2], MIB));
    assert_near(one, 1.678);
    assert_near(other, 1.678);
}

#[tokio::test(start_paused = true)]
async fn what_one_transfer_cannot_take_is_left_to_the_other() {
    let fabric = Fabric::new(Apart(vec![[10.0, 10.0], [100.0, 2.0], [100.0, 100.0]]), 3);
    let capped = transfer(Arc::clone(&fabric), [0, 1], MIB);
    let (capped, other) = tokio::join!(capped, transfer(fabric, [0, 2], MIB));
    assert_near(capped, 4.194);
    assert_near(other, 1.049);
}

#[tokio::test(start_paused = true)]
async fn a_transfer_that_ends_leaves_its_line_to_the_others() {
    let fabric = Fabric::new(Apart(vec![[10.0, 10.0], [100.0, 100.0], [100.0, 100.0]]), 3);
    let short = transfer(Arc::clone(&fabric), [0, 1], MIB / 2);
    let (short, long) = tokio::join!(short, transfer(fabric, [0, 2], MIB));
    // Half a MiB each at 5 Mbit/s, and the rest at 10.
    assert_near(short, 0.839);
    assert_near(long, 1.258);
}

#[tokio::test(start_paused = true)]
async fn without_rates_there_is_latency_alone() {
    let fabric = Fabric::new(Apart(Vec::new()), 2);
    let began = Instant::now();
    let (mut sender, mut receiver) = connection(&fabric, [0, 1]);
    let send = async {
        for byte in 0..3 {
            sender.write_all(&[byte]).await.expect("room");
            tokio::time::sleep(10 * MS).await;
        }
    };
    let receive = async {
        for byte in 0..3_u8 {
            let mut one = [9];
            receiver.read_exact(&mut one).await.expect("a byte");
            assert_eq!(one, [byte]);
            assert_eq!(began.elapsed(), 50 * MS + 10 * MS * u32::from(byte));
        }
    };
    tokio::join!(send, receive);
}

#[tokio::test(start_paused = true)]
async fn a_stranger_is_refused() {
    let fabric = Fabric::new(Apart(Vec::new()), 2);
    let links = Links { peer: 0, fabric };
    let (mine, theirs) = duplex(64);
    let (mine, mut theirs) = (mine.compat(), theirs.compat());
    let endpoint = ConnectedPoint::Listener {
        local_addr: "/memory/1".parse().expect("an address"),
        send_back_addr: "/memory/2".parse().expect("an address"),
    };
    let stranger = async {
        theirs.write_all(&7_u32.to_be_bytes()).await.expect("room");
        theirs
    };
    let (linked, _theirs) = tokio::join!(link(mine, Some(links), endpoint), stranger);
    let error = linked.err().expect("peer 7 of 2").to_string();
    assert!(error.contains("peer 7 is not of this network"), "{error}");
}
