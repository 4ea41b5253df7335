//! A seed gives the same run in every version: the spans of ten simulated runs
//! have the hashes below.
//!
//! A change of an algorithm, of the names of its fields or of what a span holds
//! changes them. Then update the hashes, and say why in the commit.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use algorithms::bank::Bank;
use algorithms::chandy_lamport::ChandyLamport;
use algorithms::lai_yang::LaiYang;
use algorithms::naive_snapshot::NaiveSnapshot;
use algorithms::producer_consumer::ProducerConsumer;
use algorithms::token::Tokens;
use sha2::{Digest as _, Sha256};
use trace::recorder::StoreRecorder;
use trace::steps::Processes;
use trace::store::Store;
use trace::telemetry::Sink;

use super::{Crash, Memory, Partition, Scenario, Schedule};
use crate::system::System;
use crate::system::election::Election;
use crate::system::gossip::{Flooding, Plan};
use crate::system::mutual_exclusion::MutualExclusion;
use crate::system::ping::{PeerPair, Pings};
use crate::system::snapshot::{Pair, Snapshots};
use crate::system::termination::Termination;
use crate::system::wave::Waves;

const PEERS: u32 = 5;

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn mesh() -> Vec<Vec<u32>> {
    let others = |me| (0..PEERS).filter(|other| *other != me).collect();
    (0..PEERS).map(others).collect()
}

fn snapshots<S: Pair>() -> Snapshots<S> {
    Snapshots {
        neighbours: mesh(),
        initiators: 2,
        each: 2,
        every: ms(50),
        amount: 100,
        pace: ms(5),
        limit: 100,
        patience: Duration::from_secs(10),
        fifo: true,
        algorithm: PhantomData,
    }
}

fn flood() -> Flooding {
    let plan = Plan {
        messages: 10,
        interval: ms(20),
        size: 1024,
        fanout: Some(3),
        patience: ms(1000),
    };
    Flooding::new(mesh(), plan, 7)
}

/// Messages are lost, come twice and overtake each other, two processes stop and
/// begin again, and a third is cut off for a time.
fn hard() -> Scenario {
    let crash = |process, state| Crash {
        process,
        at: ms(30),
        restart: Some(ms(60)),
        state,
    };
    Scenario {
        loss: 0.05,
        duplication: 0.05,
        fifo: false,
        crash: vec![crash(3, Memory::Kept), crash(4, Memory::Lost)],
        partition: vec![Partition {
            at: ms(80),
            heal: Some(ms(120)),
            group: vec![2],
            ..Partition::default()
        }],
        ..Scenario::default()
    }
}

/// How many spans a run has, and the hash of its `spans.jsonl`. The number of the
/// version is no part of it.
fn hash<S: System>(system: &S, scenario: &Scenario, seed: u64) -> String {
    let store = Arc::new(Store::new());
    let recorder = StoreRecorder::start(Arc::clone(&store));
    let sink = Sink::new(Some(Arc::new(recorder)), None);
    let directory = Processes::new(PEERS).with_neighbours(mesh());
    let ran = Schedule::new(system, &directory, scenario, seed).run_traced(&sink);
    let counts = sink.counts();
    assert_eq!(
        [counts.ended, counts.stored],
        [counts.started; 2],
        "no span is lost"
    );
    assert!(ran.steps > 10, "seed {seed}: {} steps", ran.steps);
    let mut text = Vec::new();
    store
        .write_jsonl(&mut text)
        .expect("memory takes everything");
    let text = String::from_utf8(text).expect("JSON");
    let version = format!("{:?}", env!("CARGO_PKG_VERSION"));
    // The type of ids had another name, which the timers of a span show.
    let text = text.replace("InstanceId { by: ", "Id { initiator: ");
    // Each loss had the same class.
    let class =
        |name: &str| format!("{{\"key\":\"error.type\",\"value\":{{\"stringValue\":\"{name}\"}}}}");
    let text = ["cut", "down"].iter().fold(text, |text, name| {
        text.replace(&class(name), &class("lost"))
    });
    let (text, left_out) = without_partitions(&text.replace(&version, "\"version\""));
    let digest = Sha256::digest(text);
    let digits = digest.iter().take(8).map(|byte| format!("{byte:02x}"));
    format!("{} {}", store.len() - left_out, digits.collect::<String>())
}

/// The text without the spans of partitions, which had none before, and how many there
/// were. They are the last of a line.
fn without_partitions(text: &str) -> (String, usize) {
    let mut left_out = 0;
    let lines = text.lines().map(|line| {
        let spans: Vec<_> = line.split(",{\"traceId\"").collect();
        let is_kept = |span: &&&str| {
            let of_partition = ["\"partition\"", "\"heal\""];
            !of_partition
                .iter()
                .any(|name| span.contains(&format!("\"name\":{name}")))
        };
        let kept: Vec<_> = spans.iter().take_while(is_kept).copied().collect();
        left_out += spans.len() - kept.len();
        // What follows on the last span closes the line.
        let last = spans.last().filter(|_| kept.len() < spans.len());
        let end = last.and_then(|span| span.rfind("}}]").map(|at| &span[at + 2..]));
        kept.join(",{\"traceId\"") + end.unwrap_or_default() + "\n"
    });
    (lines.collect(), left_out)
}

#[test]
fn seeds_give_the_same_spans_as_before() {
    let easy = Scenario::default();
    let ping = Pings {
        processes: PEERS,
        pairs: PeerPair::first(&mesh()),
        count: 5,
        data: proto::Bytes::new(),
        interval: Duration::ZERO,
        timeout: ms(100),
    };
    let mutex = MutualExclusion {
        processes: PEERS,
        entries: 3,
        hold: ms(2),
    };
    let waves = Waves {
        neighbours: mesh(),
        initiators: 2,
    };
    let work = Termination {
        neighbours: mesh(),
        jobs: 100,
        pace: ms(2),
    };
    let marker = snapshots::<(Bank, ChandyLamport<Bank>)>();
    let colour = snapshots::<(Tokens, LaiYang<Tokens>)>();
    let naive = snapshots::<(ProducerConsumer, NaiveSnapshot<ProducerConsumer>)>();
    let runs = [
        ("ping", hash(&ping, &easy, 1), "75 8dc6ef3936adb522"),
        (
            "election",
            hash(&Election::new(PEERS, 3, 2), &easy, 2),
            "15 4d093c4730f4d7e9",
        ),
        (
            "mutual exclusion",
            hash(&mutex, &easy, 3),
            "150 a3160956630d4054",
        ),
        ("wave", hash(&waves, &easy, 4), "42 7b4cf18fb9ede97f"),
        ("termination", hash(&work, &easy, 5), "299 1f0ccb826ad05d49"),
        ("flood", hash(&flood(), &easy, 6), "149 79618a7bc6255323"),
        (
            "flood, hard",
            hash(&flood(), &hard(), 7),
            "158 35fd37c8dca040df",
        ),
        (
            "Chandy-Lamport",
            hash(&marker, &easy, 8),
            "342 98d6e7df76126534",
        ),
        (
            "Lai-Yang, hard",
            hash(&colour, &hard(), 9),
            "7525 1072986a962e4f24",
        ),
        ("naive", hash(&naive, &easy, 10), "368 a8db050c997f9592"),
    ];
    let wrong: Vec<_> = runs
        .iter()
        .filter(|(_, now, before)| now != before)
        .collect();
    assert!(wrong.is_empty(), "other spans than before: {wrong:#?}");
}
