//! Many sessions: their memory, registrations, Finds, and a restart.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt as _};
use rand::seq::SliceRandom as _;
use testbed::host;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

use crate::child::{Listener, Side};
use crate::client::{CHALLENGES, Client};
use crate::figures::{median, rate, thousands};
use crate::{bare, peers};

/// Dials at a time: more than a hub secures at once from one address would be refused.
const DIALS: usize = 32;

/// Peers that register, or ask, at a time.
const AT_A_TIME: usize = 64;

/// How often each side has its turn.
const ROUNDS: usize = 3;

/// What one side took. Times are in seconds.
#[derive(Default)]
struct Took {
    connections: f64,
    a_connection: f64,
    with_a_session: f64,
    registrations: f64,
    cpu_of_one: f64,
    alone: Vec<Duration>,
    busy: Vec<Duration>,
    /// The floor's, with a stream for each question.
    requests: Vec<Duration>,
    again: f64,
    /// How many peers needed a new session after the restart.
    lost: u64,
}

/// All lines.
pub(crate) fn all() -> String {
    host::raise_descriptors(20_000);
    let count = peers();
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let order = match round % 2 {
            0 => [Side::Ours, Side::Floor],
            _ => [Side::Floor, Side::Ours],
        };
        for side in order {
            // All that a side started is gone before the other one begins.
            let runtime = Runtime::new().expect("a machine that can run threads");
            match side {
                Side::Ours | Side::Guarded => ours.push(runtime.block_on(hub(count))),
                Side::Floor => floor.push(runtime.block_on(alone(count))),
            }
        }
    }
    lines(count, &ours, &floor)
}

fn lines(count: usize, ours: &[Took], floor: &[Took]) -> String {
    let of = |side: &[Took], value: fn(&Took) -> f64| median(side.iter().map(value).collect());
    let kib = |side, value| of(side, value) / 1024.0;
    let mut text = format!(
        "{} peers over TCP, medians of {ROUNDS} rounds\n",
        thousands(count as f64)
    );
    let (one, bare) = (
        kib(ours, |it| it.with_a_session),
        kib(floor, |it| it.a_connection),
    );
    let with_stream = kib(floor, |it| it.with_a_session);
    let _ = writeln!(
        text,
        "session_memory ratio {:.2} (ours {one:.1} KiB a session, of which the connection {:.1}; floor {bare:.1} KiB a connection, {with_stream:.1} with a stream)",
        one / bare,
        kib(ours, |it| it.a_connection),
    );
    let registrations = of(ours, |it| it.registrations);
    let _ = writeln!(
        text,
        "registrations {} a second, {:.0} µs of the hub's CPU each; connections {} a second, floor {}",
        thousands(registrations),
        1e6 * of(ours, |it| it.cpu_of_one),
        thousands(of(ours, |it| it.connections)),
        thousands(of(floor, |it| it.connections)),
    );
    for (name, mine, its) in [
        (
            "find_p",
            (|it| &it.alone) as fn(&Took) -> &Vec<Duration>,
            (|it| &it.requests) as fn(&Took) -> &Vec<Duration>,
        ),
        ("find_kept_p", |it| &it.alone, |it| &it.alone),
        ("find_busy_p", |it| &it.busy, |it| &it.busy),
    ] {
        for percent in [50, 99] {
            let at = |side: &[Took], times: fn(&Took) -> &Vec<Duration>| {
                median(side.iter().map(|it| micros(times(it), percent)).collect())
            };
            let (mine, its) = (at(ours, mine), at(floor, its));
            let _ = writeln!(
                text,
                "{name}{percent} ratio {:.2} (target 1.5; ours {mine:.0} µs, floor {its:.0} µs)",
                mine / its
            );
        }
    }
    let (again, its) = (of(ours, |it| it.again), of(floor, |it| it.again));
    let lost: u64 = ours.iter().map(|it| it.lost).sum();
    let _ = write!(
        text,
        "restart ratio {:.2} (ours {again:.2} s until all are answered again, floor {its:.2} s; sessions lost {lost}, target 0)",
        again / its
    );
    text
}

/// The percentile by the nearest rank, in microseconds.
fn micros(times: &[Duration], percent: usize) -> f64 {
    let mut times = times.to_vec();
    times.sort_unstable();
    let rank = (times.len() * percent).div_ceil(100).max(1);
    times
        .get(rank - 1)
        .map_or(f64::NAN, |time| time.as_secs_f64() * 1e6)
}

/// The hub's turn.
async fn hub(count: usize) -> Took {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let key = folder.path().join("hub.key").to_string_lossy().into_owned();
    let mut listener = Listener::start(Side::Ours, &key);
    let mut took = Took::default();
    let clients = (0..count).map(|_| Client::new(listener.address.clone()));
    let mut clients: Vec<_> = clients.collect();
    let dials = Arc::new(Semaphore::new(DIALS));

    let (before, began) = (listener.resident(), Instant::now());
    let connect = clients.iter().map(|client| client.connect(&dials));
    futures::future::join_all(connect).await;
    took.connections = rate(count as u64, began.elapsed());
    took.a_connection = (listener.resident() - before) / count as f64;

    let (cpu, began) = (listener.cpu(), Instant::now());
    let register = clients.iter_mut().map(Client::register);
    stream::iter(register)
        .buffer_unordered(AT_A_TIME)
        .for_each(|()| async {})
        .await;
    took.registrations = rate(count as u64, began.elapsed());
    took.cpu_of_one = (listener.cpu() - cpu) / count as f64;
    took.with_a_session = (listener.resident() - before) / count as f64;

    clients.shuffle(&mut rand::rng());
    for client in &mut clients {
        let began = Instant::now();
        client.find(rand::random()).await;
        took.alone.push(began.elapsed());
    }
    let busy = clients.iter_mut().map(async |client| {
        let began = Instant::now();
        client.find(rand::random()).await;
        began.elapsed()
    });
    took.busy = stream::iter(busy)
        .buffer_unordered(AT_A_TIME)
        .collect()
        .await;

    let challenges = CHALLENGES.load(Ordering::Relaxed);
    let began = Instant::now();
    listener.restart();
    let again = clients.iter_mut().map(async |client| {
        client.gone().await;
        client.connect(&dials).await;
        client.register().await;
        client.find(rand::random()).await;
    });
    futures::future::join_all(again).await;
    took.again = began.elapsed().as_secs_f64();
    took.lost = CHALLENGES.load(Ordering::Relaxed) - challenges;
    took
}

/// The floor's turn.
async fn alone(count: usize) -> Took {
    let mut listener = Listener::start(Side::Floor, "key");
    let mut took = Took::default();
    let clients = (0..count).map(|_| bare::Client::new(listener.address.clone()));
    let mut clients: Vec<_> = clients.collect();
    let dials = Arc::new(Semaphore::new(DIALS));

    let (before, began) = (listener.resident(), Instant::now());
    let connect = clients.iter_mut().map(|client| client.connect(&dials));
    futures::future::join_all(connect).await;
    took.connections = rate(count as u64, began.elapsed());
    took.a_connection = (listener.resident() - before) / count as f64;

    clients.shuffle(&mut rand::rng());
    for client in &mut clients {
        let began = Instant::now();
        client.request().await;
        took.requests.push(began.elapsed());
    }
    let open = clients.iter_mut().map(bare::Client::ask);
    stream::iter(open)
        .buffer_unordered(AT_A_TIME)
        .for_each(|()| async {})
        .await;
    took.with_a_session = (listener.resident() - before) / count as f64;
    for client in &mut clients {
        let began = Instant::now();
        client.ask().await;
        took.alone.push(began.elapsed());
    }
    let busy = clients.iter_mut().map(async |client| {
        let began = Instant::now();
        client.ask().await;
        began.elapsed()
    });
    took.busy = stream::iter(busy)
        .buffer_unordered(AT_A_TIME)
        .collect()
        .await;

    let began = Instant::now();
    listener.restart();
    let again = clients.iter_mut().map(async |client| {
        client.gone().await;
        client.connect(&dials).await;
        client.ask().await;
    });
    futures::future::join_all(again).await;
    took.again = began.elapsed().as_secs_f64();
    took
}
