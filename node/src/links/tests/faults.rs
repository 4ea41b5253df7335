use std::future::pending;

use tokio::time::{sleep, timeout};

use super::*;
use crate::dial;
use crate::pause::tests as pause_tests;

const HOUR: Duration = Duration::from_secs(3600);

/// All peers that far from each other.
#[derive(Debug)]
struct Away(Duration);

impl World for Away {
    fn latency(&self, _: u32, _: u32) -> Duration {
        self.0
    }

    fn extra(&self, _: u32, _: u32) -> Option<Extra> {
        None
    }

    fn rates(&self, _: u32) -> Option<Rates> {
        None
    }
}

async fn send(stream: &mut Stream, bytes: &[u8]) {
    stream.write_all(bytes).await.expect("room");
}

/// What arrives after so long, and nothing before.
async fn assert_arrives(stream: &mut Stream, bytes: &[u8], after: Duration) {
    let began = Instant::now();
    let mut read = vec![0; bytes.len()];
    let arrived = timeout(HOUR, stream.read_exact(&mut read)).await;
    arrived.expect("bytes within an hour").expect("no error");
    assert_eq!((read.as_slice(), began.elapsed()), (bytes, after));
}

async fn assert_nothing_arrives(stream: &mut Stream) {
    let arrived = timeout(HOUR, stream.read(&mut [0])).await;
    assert!(arrived.is_err(), "{arrived:?}");
}

/// Sends so many bytes and reads them. Returns how long that took.
async fn carry(sender: &mut Stream, receiver: &mut Stream, bytes: usize) -> Duration {
    let began = Instant::now();
    let mut read = vec![0; bytes];
    let sent = vec![7; bytes];
    let both = async { tokio::join!(send(sender, &sent), receiver.read_exact(&mut read)) };
    let (_, read) = timeout(HOUR, both).await.expect("bytes within an hour");
    read.expect("all bytes");
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn held_bytes_arrive_in_order_after_the_release() {
    let fabric = Fabric::new(Away(50 * MS), 2);
    let (mut one, mut other) = connection(&fabric, [0, 1]);
    send(&mut one, &[1]).await;
    sleep(10 * MS).await;
    fabric.hold(0, 1);
    send(&mut one, &[2]).await;
    assert_nothing_arrives(&mut other).await;
    send(&mut one, &[3]).await;
    fabric.release(0, 1);
    assert_arrives(&mut other, &[1, 2], Duration::ZERO).await;
    assert_arrives(&mut other, &[3], 50 * MS).await;
}

#[tokio::test(start_paused = true)]
async fn a_release_wakes_a_reader_and_loses_no_end() {
    let fabric = Fabric::new(Away(50 * MS), 2);
    let (mut one, mut other) = connection(&fabric, [0, 1]);
    fabric.hold(0, 1);
    send(&mut one, &[1, 2]).await;
    one.close().await.expect("an open stream");
    let began = Instant::now();
    let reader = tokio::spawn(async move {
        let mut read = Vec::new();
        other.read_to_end(&mut read).await.expect("no error");
        (read, began.elapsed())
    });
    sleep(HOUR).await;
    fabric.release(0, 1);
    let read = timeout(HOUR, reader).await.expect("a reader that wakes");
    assert_eq!(read.expect("no panic"), (vec![1, 2], HOUR));
}

#[tokio::test(start_paused = true)]
async fn a_hold_is_of_one_direction() {
    let fabric = Fabric::new(Away(50 * MS), 3);
    let (mut one, mut other) = connection(&fabric, [0, 1]);
    let (mut third, mut of_third) = connection(&fabric, [2, 1]);
    fabric.hold(0, 1);
    send(&mut other, &[1]).await;
    assert_arrives(&mut one, &[1], 50 * MS).await;
    send(&mut third, &[2]).await;
    assert_arrives(&mut of_third, &[2], 50 * MS).await;
    send(&mut one, &[3]).await;
    assert_nothing_arrives(&mut other).await;
}

#[tokio::test(start_paused = true)]
async fn two_holds_need_two_releases() {
    let fabric = Fabric::new(Direct, 2);
    // Nothing to take back.
    fabric.release(0, 1);
    let (mut one, mut other) = connection(&fabric, [0, 1]);
    fabric.hold(0, 1);
    fabric.hold(0, 1);
    send(&mut one, &[1]).await;
    fabric.release(0, 1);
    assert_nothing_arrives(&mut other).await;
    fabric.release(0, 1);
    assert_arrives(&mut other, &[1], Duration::ZERO).await;
}

#[tokio::test(start_paused = true)]
async fn a_held_transfer_leaves_its_line_to_the_others_when_it_is_carried() {
    // A chunk takes seconds, in which the reader of the other is not polled.
    let fabric = Fabric::new(Apart(vec![[0.01, 0.01], [1.0, 1.0], [1.0, 1.0]]), 3);
    fabric.hold(0, 1);
    let held = transfer(Arc::clone(&fabric), [0, 1], 1 << 10);
    let held = tokio::spawn(held);
    assert_near(transfer(Arc::clone(&fabric), [0, 2], 8 << 10).await, 7.373);
    fabric.release(0, 1);
    assert_near(held.await.expect("no panic"), 7.373);
}

/// How long a dial from 0 to 1 takes.
async fn dialled(fabric: &Arc<Fabric>) -> Duration {
    let address = |port: u32| format!("/memory/{port}").parse().expect("an address");
    let dialer = ConnectedPoint::Dialer {
        address: address(1),
        role_override: libp2p::core::Endpoint::Dialer,
        port_use: libp2p::core::transport::PortUse::New,
    };
    let listener = ConnectedPoint::Listener {
        local_addr: address(1),
        send_back_addr: address(2),
    };
    let (one, other) = duplex(64);
    let end = |stream: DuplexStream, peer, endpoint| {
        let fabric = Arc::clone(fabric);
        link(stream.compat(), Some(Links { peer, fabric }), endpoint)
    };
    let began = Instant::now();
    let ends = tokio::join!(end(one, 0, dialer), end(other, 1, listener));
    ends.0.and(ends.1).expect("a connection");
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_dial_over_a_held_link_waits_for_the_release() {
    for (from, to) in [(0, 1), (1, 0)] {
        let fabric = Fabric::new(Away(50 * MS), 2);
        fabric.hold(from, to);
        let release = async {
            sleep(HOUR).await;
            fabric.release(from, to);
        };
        let (took, ()) = tokio::join!(dialled(&fabric), release);
        assert_eq!(took, HOUR + 100 * MS);
        assert_eq!(dialled(&fabric).await, 100 * MS);
    }
}

#[tokio::test(start_paused = true)]
async fn a_direct_dial_takes_no_time_and_a_slow_peer_some() {
    let fabric = Fabric::new(Direct, 2);
    assert_eq!(dialled(&fabric).await, Duration::ZERO);
    fabric.slow(1, 30 * MS);
    assert_eq!(dialled(&fabric).await, 30 * MS);
}

#[tokio::test(start_paused = true)]
async fn a_peer_dials_over_a_held_link_until_its_timeout() {
    let fabric = Fabric::new(Direct, 2);
    let [(one, _), (other, address)] = pause_tests::peers(Some(&fabric)).await;
    fabric.hold(1, 0);
    let began = Instant::now();
    let failed = one.handle.dial(address.clone()).await;
    assert!(
        matches!(failed, Err(dial::Error::Timeout { .. })),
        "{failed:?}"
    );
    assert!(
        began.elapsed() >= pause_tests::DIAL,
        "{:?}",
        began.elapsed()
    );
    let release = async {
        sleep(pause_tests::DIAL / 2).await;
        fabric.release(1, 0);
    };
    let (dialled, ()) = tokio::join!(one.handle.dial(address), release);
    assert_eq!(dialled.expect("a released link"), other.handle.peer_id());
}

#[tokio::test(start_paused = true)]
async fn slow_adds_its_time_and_ends_and_reorders_nothing() {
    let fabric = Fabric::new(Away(50 * MS), 2);
    let (mut one, mut other) = connection(&fabric, [0, 1]);
    fabric.slow(1, 200 * MS);
    send(&mut one, &[1]).await;
    assert_arrives(&mut other, &[1], 250 * MS).await;
    send(&mut other, &[9]).await;
    assert_arrives(&mut one, &[9], 50 * MS).await;
    send(&mut one, &[2]).await;
    // It is under way: its reader has taken it.
    assert!(timeout(10 * MS, other.read(&mut [0])).await.is_err());
    fabric.slow(1, Duration::ZERO);
    send(&mut one, &[3]).await;
    assert_arrives(&mut other, &[2, 3], 240 * MS).await;
    send(&mut one, &[4]).await;
    assert_arrives(&mut other, &[4], 50 * MS).await;
}

#[tokio::test(start_paused = true)]
async fn another_world_has_its_latency_and_extra_on_open_connections() {
    #[derive(Debug)]
    struct Lossy;
    impl World for Lossy {
        fn latency(&self, _: u32, _: u32) -> Duration {
            5 * MS
        }
        fn extra(&self, _: u32, _: u32) -> Option<Extra> {
            Some(Box::new(|bytes| MS * u32::try_from(bytes).expect("few")))
        }
        fn rates(&self, _: u32) -> Option<Rates> {
            None
        }
    }
    let fabric = Fabric::new(Away(50 * MS), 2);
    let (mut one, mut other) = connection(&fabric, [0, 1]);
    send(&mut one, &[1]).await;
    assert!(timeout(10 * MS, other.read(&mut [0])).await.is_err());
    fabric.change(Lossy);
    send(&mut one, &[2, 3]).await;
    // None overtakes the first.
    assert_arrives(&mut other, &[1, 2, 3], 40 * MS).await;
    send(&mut one, &[4, 5]).await;
    assert_arrives(&mut other, &[4, 5], 7 * MS).await;
    fabric.change(Away(20 * MS));
    send(&mut one, &[6]).await;
    assert_arrives(&mut other, &[6], 20 * MS).await;
}

#[tokio::test(start_paused = true)]
async fn another_world_has_its_rates_on_open_connections() {
    let fabric = Fabric::new(Apart(Vec::new()), 2);
    let (mut one, mut other) = connection(&fabric, [0, 1]);
    assert_near(carry(&mut one, &mut other, MIB).await, 0.0);
    fabric.change(Apart(vec![[10.0, 10.0], [100.0, 100.0]]));
    assert_near(carry(&mut one, &mut other, MIB).await, 0.839);
    fabric.change(Apart(vec![[20.0, 10.0], [100.0, 100.0]]));
    assert_near(carry(&mut one, &mut other, MIB).await, 0.419);
    fabric.change(Apart(Vec::new()));
    assert_near(carry(&mut one, &mut other, MIB).await, 0.0);
}

#[tokio::test(start_paused = true)]
async fn rates_change_while_bytes_wait_for_their_line() {
    // After 419 ms half of them are carried.
    for (rates, seconds) in [
        (vec![[20.0, 10.0], [100.0, 100.0]], 0.419 + 0.210),
        (vec![[5.0, 10.0], [100.0, 100.0]], 0.419 + 0.839),
        (Vec::new(), 0.419),
    ] {
        let fabric = Fabric::new(Apart(vec![[10.0, 10.0], [100.0, 100.0]]), 2);
        let (mut one, mut other) = connection(&fabric, [0, 1]);
        let change = async {
            sleep(419 * MS).await;
            fabric.change(Apart(rates));
            pending::<()>().await;
        };
        let took = tokio::select! {
            biased;
            took = carry(&mut one, &mut other, MIB) => took,
            () = change => unreachable!("pending"),
        };
        assert_near(took, seconds);
    }
}
