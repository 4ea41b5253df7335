mod commands;
mod faults;

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use algorithms::Field;
use algorithms::bank::Bank;
use algorithms::chandy_lamport::ChandyLamport;

use trace::history::{History, text};
use trace::recorder::StoreRecorder;
use trace::steps::{Event, Processes, StepRecord, key};
use trace::store::Store;
use trace::telemetry::Sink;

use super::{Crash, End, Memory, Partition, Scenario, Schedule, run};
use crate::system::System as _;
use crate::system::snapshot::Snapshots;

type ChandyLamportOverBank = (Bank, ChandyLamport<Bank>);

pub(super) fn bank(peers: u32) -> Snapshots<ChandyLamportOverBank> {
    let others = |me| (0..peers).filter(|other| *other != me).collect();
    Snapshots {
        neighbours: (0..peers).map(others).collect(),
        initiators: 2,
        each: 2,
        every: Duration::from_millis(50),
        amount: 100,
        pace: Duration::from_millis(5),
        limit: u64::MAX,
        patience: Duration::from_secs(10),
        fifo: true,
        algorithm: PhantomData,
    }
}

/// All are neighbours.
pub(super) fn mesh(peers: u32) -> Processes {
    Processes::new(peers)
}

/// The spans of a run of four processes.
pub(crate) fn traced() -> Arc<Store> {
    traced_in(&Scenario::default(), 1)
}

/// The same in a scenario, with a seed.
pub(crate) fn traced_in(scenario: &Scenario, seed: u64) -> Arc<Store> {
    let store = Arc::new(Store::new());
    let sink = Sink::new(Some(Arc::new(StoreRecorder::start(store.clone()))), None);
    Schedule::new(&bank(4), &mesh(4), scenario, seed).run_traced(&sink);
    assert_eq!(sink.counts().started, store.len() as u64);
    store
}

#[test]
fn snapshots_of_a_bank_are_consistent() {
    let system = bank(6);
    for seed in 0..50 {
        let ran = run(&system, &mesh(6), &Scenario::default(), seed);
        let judgement = system.judge(&ran.recorded);
        assert!(judgement.holds(), "seed {seed}: {}", judgement.text());
    }
}

#[test]
fn without_fifo_the_checker_finds_overtaking_markers() {
    let scenario = Scenario {
        fifo: false,
        ..Scenario::default()
    };
    let system = bank(6);
    let ran = run(&system, &mesh(6), &scenario, 1);
    let judgement = system.judge(&ran.recorded);
    for name in ["I2 channel state", "I3 markers", "I9 FIFO"] {
        let wrong = |p: &&crate::checkers::Property| p.name == name && !p.holds();
        assert!(judgement.properties.iter().any(|p| wrong(&p)), "{name}");
    }
}

#[test]
fn the_seed_decides_every_byte_of_the_spans() {
    let system = bank(3);
    let spans = |seed| {
        let store = Arc::new(Store::new());
        let recorder = StoreRecorder::start(Arc::clone(&store));
        let sink = Sink::new(Some(Arc::new(recorder)), None);
        Schedule::new(&system, &mesh(3), &Scenario::default(), seed).run_traced(&sink);
        assert_eq!(sink.counts().stored, sink.counts().started);
        let mut text = Vec::new();
        store.write_jsonl(&mut text).unwrap();
        (text, History::read(&store))
    };
    let (text, history) = spans(7);
    assert_eq!(spans(7).0, text);
    assert_ne!(spans(8).0, text);
    let direct = run(&system, &mesh(3), &Scenario::default(), 7).recorded;
    for (name, steps) in &direct.processes {
        let read: Vec<_> = steps.iter().map(as_read).collect();
        assert_eq!(history.processes[name], read, "{name}");
    }
}

/// A record in a list of an output is a text in its span.
fn as_read(step: &StepRecord) -> StepRecord {
    let mut step = step.clone();
    for event in &mut step.events {
        if let Event::Output { fields, .. } = event {
            let all = std::mem::take(fields).into_iter();
            *fields = all.map(|(name, field)| (name, in_a_span(field))).collect();
        }
    }
    step
}

fn in_a_span(field: Field) -> Field {
    match field {
        Field::Records(records) => Field::List(
            records
                .iter()
                .map(|record| record.to_record().into())
                .collect(),
        ),
        other @ (Field::Integer(_) | Field::Flag(_) | Field::Text(_) | Field::List(_)) => other,
    }
}

#[test]
fn each_loss_is_recorded_with_its_cause() {
    let scenario = Scenario {
        loss: 0.1,
        crash: vec![Crash {
            process: 3,
            at: Duration::from_millis(20),
            restart: Some(Duration::from_millis(60)),
            state: Memory::Kept,
        }],
        partition: vec![Partition {
            at: Duration::from_millis(60),
            heal: Some(Duration::from_millis(100)),
            group: vec![0],
            ..Partition::default()
        }],
        ..Scenario::default()
    };
    let mut causes = BTreeSet::new();
    traced_in(&scenario, 1).for_each(|_, span| {
        if span.name.starts_with("lost ") {
            let cause = text(&span.attributes, key::ERROR).expect("a cause");
            let reason = span.status.expect("a status").message;
            causes.insert((cause.to_owned(), reason));
        }
    });
    let expected = [
        ("cut", "the network is parted"),
        ("down", "the receiver has crashed"),
        ("lost", "the network has lost it"),
    ];
    assert!(
        causes
            .iter()
            .map(|(cause, reason)| (&**cause, &**reason))
            .eq(expected),
        "{causes:?}"
    );
}

/// The endings of a process that stopped for ever are not waited for: its snapshots will
/// not end, and the others' do.
#[test]
fn run_ends_without_the_operations_of_a_stopped_process() {
    for initiators in [1, 2] {
        let system = Snapshots {
            initiators,
            ..bank(4)
        };
        let scenario = Scenario {
            crash: vec![Crash {
                process: 0,
                at: Duration::ZERO,
                restart: None,
                state: Memory::Kept,
            }],
            ..Scenario::default()
        };
        let ran = run(&system, &mesh(4), &scenario, 1);
        assert_eq!(ran.end, End::Decided, "{initiators}");
        let judged = crate::system::judge(&system, &ran.recorded);
        assert_eq!(judged.violated(), None, "{initiators}");
    }
}

#[test]
fn a_world_decides_how_long_messages_travel() {
    let scenario = |text: &str| Scenario::parse(text).expect(text);
    let system = bank(4);
    let longest = |scenario: &Scenario, seed| {
        let ran = run(&system, &mesh(4), scenario, seed);
        let judgement = system.judge(&ran.recorded);
        assert!(judgement.holds(), "seed {seed}: {}", judgement.text());
        ran.recorded
            .steps()
            .map(|(.., step)| step.at_unix_nano)
            .max()
    };
    let (near, far) = (scenario("delay = \"1ms\""), scenario("network = \"wan\""));
    for seed in 0..5 {
        assert!(longest(&far, seed) > longest(&near, seed));
        assert_eq!(
            longest(&far, seed),
            longest(&far, seed),
            "the seed places them"
        );
    }
    // Streams lose nothing, and the snapshots stay right.
    let far_with_rates = scenario("network = \"regions\"");
    for seed in 0..5 {
        assert!(longest(&far_with_rates, seed).is_some());
    }
    let inline = far.to_string();
    assert_eq!(inline, r#"{network = "wan"}"#);
    assert_eq!(Scenario::parse_inline(&inline), Ok(far));
    let error = Scenario::parse("delay = \"1ms\"\nnetwork = \"mars\"").expect_err("no world");
    for part in ["line 2", "mars", "regions"] {
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
}
