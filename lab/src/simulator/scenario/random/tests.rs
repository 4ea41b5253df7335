use std::collections::BTreeSet;
use std::sync::Arc;

use trace::history::History;
use trace::recorder::StoreRecorder;
use trace::store::Store;
use trace::telemetry::Sink;

use super::*;
use crate::simulator::tests::mesh;
use crate::simulator::{Scenario, Schedule, run};
use crate::system::gossip::{Flooding, Plan};

const PROCESSES: u32 = 5;

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn both() -> RandomFaults {
    RandomFaults {
        crash: Frequency::Rate(5.0),
        partition: Frequency::Count(3),
        ..RandomFaults::default()
    }
}

#[test]
fn frequencies_are_read_as_they_are_written() {
    for (text, expected) in [
        ("0", Frequency::NEVER),
        ("2", Frequency::Count(2)),
        ("0.1/s", Frequency::Rate(0.1)),
    ] {
        assert_eq!(text.parse(), Ok(expected));
        assert_eq!(expected.to_string(), text);
    }
    for text in [
        "",
        "-1",
        "1.5",
        "0.1/x",
        "0.1/",
        "/s",
        "-0.1/s",
        "NaN/s",
        "inf/s",
        "5000000000",
    ] {
        let error = text.parse::<Frequency>().expect_err(text);
        assert!(error.ends_with("write for example 2 or 0.1/s"), "{error}");
    }
}

#[test]
fn a_table_of_random_faults_is_read() {
    let text = "[random]\ncrash = 2\npartition = \"0.5/s\"\nuntil = \"3s\"\n\
                duration = \"10ms\"\nstate = \"kept\"\n";
    let expected = RandomFaults {
        crash: Frequency::Count(2),
        partition: Frequency::Rate(0.5),
        until: ms(3000),
        duration: Delay::Uniform(ms(10)..ms(10)),
        state: Memory::Kept,
    };
    let scenario = Scenario::parse(text).expect("a scenario");
    assert_eq!(scenario.random, expected);
    assert!(!scenario.is_reliable());
    for (value, words) in [
        ("-1", "\"-1\" is no number of faults"),
        (
            "0.1",
            "expected a number of faults, for example 2, or a rate",
        ),
        ("\"0.1/x\"", "\"0.1/x\" is no number of faults and no rate"),
    ] {
        let text = format!("[random]\ncrash = {value}");
        let error = Scenario::parse(&text).expect_err(value).to_string();
        assert!(error.starts_with("line 2: "), "{error}");
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn random_faults_that_cannot_be_are_rejected() {
    let (rate, count) = (Frequency::Rate, Frequency::Count);
    for (crash, partition, until, processes, words) in [
        (rate(0.1), count(2), 1000, 5, None),
        (count(2), count(0), 1000, 1, None),
        (
            rate(1e9),
            count(0),
            1000,
            5,
            Some("crash 1000000000/s: some 5000000000 until 1.00 s"),
        ),
        (
            count(1001),
            count(0),
            1000,
            5,
            Some("crash 1001: some 1001 until"),
        ),
        (
            count(0),
            rate(1001.0),
            1000,
            5,
            Some("partition 1001/s: some 1001 until"),
        ),
        (
            count(0),
            count(1),
            1000,
            1,
            Some("one process cannot be partitioned"),
        ),
        (count(1), count(0), 0, 5, Some("random faults until 0s")),
        (count(0), count(0), 0, 5, None),
    ] {
        let random = RandomFaults {
            crash,
            partition,
            until: ms(until),
            ..RandomFaults::default()
        };
        let checked = random.check(processes).map_err(|error| error.to_string());
        match words {
            None => assert_eq!(checked, Ok(())),
            Some(words) => {
                let error = checked.expect_err(words);
                assert!(error.contains(words), "{error}");
            }
        }
    }
}

#[test]
fn each_seed_draws_its_own_faults_and_each_kind_apart() {
    let draw = |random: &RandomFaults, seed| random.draw(&[], PROCESSES, seed);
    let first = draw(&both(), 1);
    assert!(first.crash.len() > 5);
    assert_eq!(draw(&both(), 1), first);
    assert_ne!(draw(&both(), 2).crash, first.crash);
    assert_ne!(draw(&both(), 2).partition, first.partition);
    let partition = Frequency::NEVER;
    let crashes = RandomFaults {
        partition,
        ..both()
    };
    assert_eq!(draw(&crashes, 1).crash, first.crash);
    let crash = Frequency::NEVER;
    let partitions = RandomFaults { crash, ..both() };
    assert_eq!(draw(&partitions, 1).partition, first.partition);
}

#[test]
fn all_faults_are_over_in_time_and_a_process_crashes_only_while_it_is_up() {
    let fixed = [Crash {
        process: 1,
        at: ms(300),
        restart: None,
        state: Memory::Kept,
    }];
    for crash in [Frequency::Count(20), Frequency::Rate(20.0)] {
        for seed in 0..100 {
            let random = RandomFaults { crash, ..both() };
            let DrawnFaults {
                crash, partition, ..
            } = random.draw(&fixed, PROCESSES, seed);
            let crashes = crash.iter().map(|one| (one.at, one.restart));
            for (at, end) in crashes.chain(partition.iter().map(|one| (one.at, one.heal))) {
                assert!(at < random.until && at <= end.expect("an end"));
                assert!(end <= Some(random.until));
            }
            for process in 0..PROCESSES {
                let all = crash.iter().chain(&fixed);
                let mut own: Vec<_> = all.filter(|one| one.process == process).collect();
                own.sort_by_key(|one| one.at);
                let apart = |two: &[&Crash]| two[0].restart <= Some(two[1].at);
                assert!(own.windows(2).all(apart), "seed {seed}: {own:?}");
            }
            for part in &partition {
                let group: BTreeSet<_> = part.group.iter().collect();
                assert!((1..=2).contains(&group.len()), "{part:?}");
                assert!(group.iter().all(|process| **process < PROCESSES));
            }
        }
    }
}

/// 1,000 faults are expected, with a standard deviation of some 32.
#[test]
fn faults_are_as_frequent_as_their_rate() {
    let duration = Delay::NONE;
    let of_crashes = RandomFaults {
        crash: Frequency::Rate(0.5),
        partition: Frequency::Rate(2.5),
        duration,
        ..RandomFaults::default()
    };
    let drawn: Vec<_> = (0..400)
        .map(|seed| of_crashes.draw(&[], PROCESSES, seed))
        .collect();
    let crashes: Vec<_> = drawn.iter().flat_map(|one| &one.crash).collect();
    let partitions: Vec<_> = drawn.iter().flat_map(|one| &one.partition).collect();
    for count in [crashes.len(), partitions.len()] {
        assert!((850..1150).contains(&count), "{count}");
    }
    for process in 0..PROCESSES {
        let own = crashes.iter().filter(|crash| crash.process == process);
        assert!((140..260).contains(&own.count()));
        let parted = partitions
            .iter()
            .filter(|part| part.group.contains(&process));
        assert!((200..400).contains(&parted.count()));
    }
    let early = crashes.iter().filter(|crash| crash.at < ms(500)).count();
    assert!((400..600).contains(&early), "{early}");
    let counted = RandomFaults {
        crash: Frequency::Count(2),
        ..RandomFaults::default()
    };
    let all = (0..100).map(|seed| counted.draw(&[], PROCESSES, seed));
    assert!(all.into_iter().all(|drawn| drawn.crash.len() == 2));
}

/// Ten messages in some 200 ms.
fn flood() -> Flooding {
    let others = |me| (0..PROCESSES).filter(|other| *other != me).collect();
    let plan = Plan {
        messages: 10,
        interval: ms(20),
        size: 16,
        fanout: None,
        patience: ms(1000),
    };
    Flooding::new((0..PROCESSES).map(others).collect(), plan, 7)
}

/// The steps until a time.
fn until(history: &History, end: u64) -> Vec<(String, u64)> {
    let steps = history.steps();
    let steps = steps.filter(|(.., step)| step.at_unix_nano < end);
    steps
        .map(|(name, _, step)| (format!("{name} {step:?}"), step.at_unix_nano))
        .collect()
}

#[test]
fn faults_do_not_change_what_happens_before_them() {
    let scenario = |random| Scenario {
        random,
        ..Scenario::default()
    };
    let history = |random, seed| run(&flood(), &mesh(PROCESSES), &scenario(random), seed).recorded;
    for seed in 0..20 {
        let random = RandomFaults {
            until: ms(200),
            ..both()
        };
        let (faulty, right) = (
            history(random, seed),
            history(RandomFaults::default(), seed),
        );
        let crashes = faulty.crashes.iter().map(|crash| crash.at);
        let partitions = faulty.partitions.iter().map(|part| part.at);
        let first = crashes.chain(partitions).min().expect("a fault");
        let before = until(&right, first);
        assert!(!before.is_empty());
        assert_eq!(until(&faulty, first), before, "seed {seed}");
        assert_ne!(faulty.processes, right.processes, "seed {seed}");
    }
}

#[test]
fn faults_in_memory_are_those_of_the_spans() {
    let random = RandomFaults {
        until: ms(150),
        duration: Delay::Exponential(ms(20)),
        ..both()
    };
    let scenario = Scenario {
        random,
        ..Scenario::default()
    };
    for seed in 0..20 {
        let store = Arc::new(Store::new());
        let recorder = StoreRecorder::start(Arc::clone(&store));
        let sink = Sink::new(Some(Arc::new(recorder)), None);
        Schedule::new(&flood(), &mesh(PROCESSES), &scenario, seed).run_traced(&sink);
        assert_eq!(sink.counts().started, store.len() as u64);
        let read = History::read(&store);
        let ran = run(&flood(), &mesh(PROCESSES), &scenario, seed).recorded;
        assert_eq!(read.crashes, ran.crashes, "seed {seed}");
        assert!(!ran.partitions.is_empty());
        assert_eq!(read.partitions, ran.partitions, "seed {seed}");
        assert_eq!(read.healed(), ran.healed(), "seed {seed}");
    }
}
