//! Random scenarios, valid and damaged.

use std::fmt::Write as _;

use property::proptest::collection::{btree_set, vec};
use property::proptest::prelude::{Just, Strategy, any, prop_oneof};
use property::proptest::test_runner::TestCaseError;
use property::proptest::{option, prop_assert, prop_assert_eq};
use property::{check, hostile};

use super::*;
use crate::simulator::Schedule;
use crate::simulator::tests::{bank, mesh};
use crate::values;

fn times() -> impl Strategy<Value = Duration> {
    (0_u64..10_000_000_000).prop_map(Duration::from_nanos)
}

fn delays() -> impl Strategy<Value = Delay> {
    prop_oneof![
        (times(), times()).prop_map(|(a, b)| Delay::Uniform(a.min(b)..a.max(b))),
        times().prop_map(Delay::Exponential),
    ]
}

fn scenarios() -> impl Strategy<Value = Scenario> {
    let memory = prop_oneof![Just(Memory::Kept), Just(Memory::Lost)];
    let crash = (any::<u32>(), times(), option::of(times()), memory);
    let crash = crash.prop_map(|(process, at, restart, state)| Crash {
        process,
        at,
        restart,
        state,
    });
    let side = || vec(any::<u32>(), 0..5);
    let direction = prop_oneof![Just(Direction::From), Just(Direction::To)];
    let messages = prop_oneof![Just(Cut::Lost), Just(Cut::Held)];
    let kind = (option::of(direction), option::of(messages));
    let partition = (
        times(),
        option::of(times()),
        side(),
        option::of(side()),
        kind,
    );
    let partition =
        partition.prop_map(|(at, heal, group, others, (one_way, messages))| Partition {
            at,
            heal,
            group,
            others,
            one_way,
            messages,
        });
    let pause = (any::<u32>(), times(), times());
    let pause = pause.prop_map(|(process, at, resume)| Pause {
        process,
        at,
        resume,
    });
    let slow = (any::<u32>(), times(), option::of(times()), times());
    let slow = slow.prop_map(|(process, at, until, by)| Slow {
        process,
        at,
        until,
        by,
    });
    let chances = (0.0..=1.0, 0.0..=1.0, any::<bool>());
    let delays_of = (vec(pause, 0..3), vec(slow, 0..3), churn(), outages());
    let faults = (vec(crash, 0..4), vec(partition, 0..4), random());
    let part = (
        option::of(btree_set(any::<u32>(), 0..5)),
        option::of(0..1_u64 << 60),
    );
    (delays(), chances, faults, delays_of, part).prop_map(
        |(
            delay,
            (loss, duplication, fifo),
            (crash, partition, random),
            (pause, slow, churn, outages),
            (commands, steps),
        )| {
            Scenario {
                delay,
                network: None,
                loss,
                duplication,
                fifo,
                crash,
                partition,
                pause,
                slow,
                links: Vec::new(),
                churn,
                outages,
                random,
                commands,
                steps,
            }
        },
    )
}

fn churn() -> impl Strategy<Value = Churn> {
    let state = prop_oneof![Just(Memory::Kept), Just(Memory::Lost)];
    let keep = vec(any::<u32>(), 0..3);
    let churn = (delays(), delays(), times(), times(), state, keep);
    let churn = churn.prop_map(|(session, downtime, from, until, state, keep)| Churn {
        session: Some(session),
        downtime,
        from,
        until,
        state,
        keep,
        trace: None,
    });
    option::of(churn).prop_map(Option::unwrap_or_default)
}

fn outages() -> impl Strategy<Value = Outages> {
    let point = (1_u64..99, 1_u64..10_000);
    let length = prop_oneof![
        delays().prop_map(|delay| delay.to_string()),
        point.prop_map(|(percent, seconds)| format!("{percent}%<{seconds}s")),
    ];
    let outages = (length, times(), times(), option::of(times()));
    let outages = outages.prop_map(|(length, every, from, until)| Outages {
        length: Some(length.parse().expect("a distribution")),
        every,
        from,
        until,
        trace: None,
    });
    option::of(outages).prop_map(Option::unwrap_or_default)
}

fn random() -> impl Strategy<Value = RandomFaults> {
    let frequency = prop_oneof![
        (0_u32..5).prop_map(Frequency::Count),
        (0.0..2.0).prop_map(Frequency::Rate)
    ];
    let frequencies = (frequency.clone(), frequency);
    let until = (1_u64..10_000_000_000).prop_map(Duration::from_nanos);
    let state = prop_oneof![Just(Memory::Kept), Just(Memory::Lost)];
    (frequencies, until, delays(), state).prop_map(
        |((crash, partition), until, duration, state)| RandomFaults {
            crash,
            partition,
            until,
            duration,
            state,
        },
    )
}

/// The scenario as a file.
fn written(scenario: &Scenario) -> String {
    let mut text = format!(
        "delay = \"{}\"\nloss = {:?}\nduplication = {:?}\nfifo = {}\n",
        scenario.delay, scenario.loss, scenario.duplication, scenario.fifo
    );
    let mut line = |line: String| writeln!(text, "{line}").expect("memory takes everything");
    if let Some(commands) = &scenario.commands {
        line(format!(
            "commands = {:?}",
            commands.iter().collect::<Vec<_>>()
        ));
    }
    if let Some(steps) = scenario.steps {
        line(format!("steps = {steps}"));
    }
    line(format!("pause = {}", inline::list(&scenario.pause)));
    line(format!("slow = {}", inline::list(&scenario.slow)));
    line(format!("churn = {}", scenario.churn));
    line(format!("outages = {}", scenario.outages));
    for crash in &scenario.crash {
        line(format!("[[crash]]\nprocess = {}", crash.process));
        line(format!("at = \"{:?}\"", crash.at));
        if let Some(restart) = crash.restart {
            line(format!("restart = \"{restart:?}\""));
        }
        if crash.state == Memory::Lost {
            line("state = \"lost\"".into());
        }
    }
    for partition in &scenario.partition {
        line(format!("[[partition]]\nat = \"{:?}\"", partition.at));
        if let Some(heal) = partition.heal {
            line(format!("heal = \"{heal:?}\""));
        }
        line(format!("group = {:?}", partition.group));
        if let Some(others) = &partition.others {
            line(format!("others = {others:?}"));
        }
        if let Some(direction) = partition.one_way {
            line(format!("one_way = \"{}\"", values::name_of(direction)));
        }
        if let Some(messages) = partition.messages {
            line(format!("messages = \"{}\"", values::name_of(messages)));
        }
    }
    let RandomFaults {
        crash,
        partition,
        until,
        duration,
        state,
    } = &scenario.random;
    line(format!(
        "[random]\ncrash = \"{crash}\"\npartition = \"{partition}\""
    ));
    line(format!("until = \"{until:?}\"\nduration = \"{duration}\""));
    line(format!("state = \"{}\"", values::name_of(*state)));
    text
}

#[test]
fn scenario_survives_the_round_trip() {
    check(256, scenarios(), |scenario| {
        let text = written(&scenario);
        prop_assert_eq!(Scenario::parse(&text), Ok(scenario.clone()), "{}", text);
        let line = scenario.to_string();
        prop_assert_eq!(Scenario::parse_inline(&line), Ok(scenario), "{}", line);
        Ok(())
    });
}

#[test]
fn damaged_scenarios_are_read_or_rejected_with_the_line() {
    let texts = hostile(scenarios().prop_map(|scenario| written(&scenario).into_bytes()));
    check(1_024, (texts, any::<u32>()), |(bytes, processes)| {
        let text = String::from_utf8_lossy(&bytes);
        match Scenario::parse(&text) {
            Ok(scenario) => {
                let of_none = scenario.check(0);
                let checked = scenario.check(processes);
                let has_random = !scenario.random.is_none()
                    || !scenario.churn.is_none()
                    || !scenario.outages.is_none();
                prop_assert!(checked.is_ok() || of_none.is_err() || has_random);
                if let Err(error) = checked {
                    prop_assert!(!error.to_string().is_empty());
                }
            }
            Err(error) => {
                let Error::Malformed { line, reason } = &error else {
                    return Err(TestCaseError::fail(error.to_string()));
                };
                prop_assert!(!reason.is_empty(), "{}", error);
                // In a truncated file the error may be one line after the last.
                let lines = text.lines().count() + 1;
                prop_assert!((1..=lines).contains(line), "{} of {}", error, lines);
            }
        }
        Ok(())
    });
}

/// The times of a scenario, from zero to the longest that is accepted.
fn any_time() -> impl Strategy<Value = Duration> {
    let year = Duration::from_secs(365 * 24 * 60 * 60);
    prop_oneof![4 => times(), 1 => Just(Duration::ZERO), 1 => Just(year)]
}

/// A scenario that passed the check is simulated without a panic, whatever its
/// times are.
#[test]
fn a_checked_scenario_can_be_simulated() {
    let changed = (vec(any_time(), 24), any::<u64>());
    check(
        48,
        (scenarios(), changed),
        |(mut scenario, (times, seed))| {
            let mut times = times.into_iter();
            let mut time = || times.next().unwrap_or_default();
            if seed % 2 == 0 {
                scenario.delay = Delay::Exponential(time());
            }
            for crash in &mut scenario.crash {
                crash.process %= 3;
                crash.at = time();
                crash.restart = crash.restart.map(|_| crash.at + time());
            }
            for partition in &mut scenario.partition {
                partition.group.iter_mut().for_each(|process| *process %= 3);
                partition.at = time();
                partition.heal = None;
                if let Some(others) = &mut partition.others {
                    others.iter_mut().for_each(|process| *process %= 3);
                    others.retain(|process| !partition.group.contains(process));
                }
            }
            for (process, pause) in (0..).zip(&mut scenario.pause) {
                pause.process = process;
                pause.at = time();
                pause.resume = pause.at + time();
            }
            for (process, slow) in (0..).zip(&mut scenario.slow) {
                slow.process = process;
                slow.at = time();
                slow.until = slow.until.map(|_| slow.at + time());
            }
            scenario.churn = Churn::default();
            scenario.outages = Outages::default();
            prop_assert!(scenario.check(3).is_ok());
            let (system, mesh) = (bank(3), mesh(3));
            let mut schedule = Schedule::new(&system, &mesh, &scenario, seed);
            schedule.limits.events = 2_000;
            let ran = schedule.run();
            prop_assert!(ran.fault.is_none(), "{:?}", ran.fault);
            Ok(())
        },
    );
}
