use trace::steps::Processes;

use super::*;
use crate::simulator::{Crash, Memory, Scenario, run};
use crate::system::judge;

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

const CREDITED: &str = "only the holder of a block is credited";
const DROPPED: &str = "no honest process is dropped";
const DETECTED: &str = "cheaters are detected as often as theory says";

/// Eight auditors, and four cheaters that lack half of the blocks.
fn system(cheat: Cheat) -> Audits {
    Audits {
        processes: 13,
        auditors: 8,
        cheaters: 4,
        cheat,
        lacks: 8,
        rounds: 3,
        every: SECOND,
        probes: 4,
        deadline: None,
        flaw: None,
        file: file(7, 16, 8),
        blocks: 16,
        block_size: 8,
    }
}

fn judged(system: &Audits, scenario: &Scenario, seed: u64) -> Judgement {
    let processes = Processes::new(system.processes);
    judge(system, &run(system, &processes, scenario, seed).recorded)
}

fn violated(judgement: &Judgement) -> Vec<&'static str> {
    let violated = judgement.properties.iter().filter(|one| !one.holds());
    violated.map(|one| one.name).collect()
}

fn figure<'a>(judgement: &'a Judgement, name: &str) -> &'a Figure {
    let figure = judgement.figures.iter().find(|figure| figure.name == name);
    figure.expect(name)
}

/// Every message takes that long.
fn delay(milliseconds: u32) -> Scenario {
    Scenario {
        delay: format!("{milliseconds}ms").parse().expect("a delay"),
        ..Scenario::default()
    }
}

#[test]
fn cheaters_are_dropped_and_honest_processes_are_not() {
    for cheat in [Cheat::Forge, Cheat::Other, Cheat::Silent] {
        for seed in 0..20 {
            let right = judged(&system(cheat), &Scenario::default(), seed);
            assert!(right.holds(), "{cheat:?}, {seed}: {}", right.text());
            assert_eq!(right.unchecked(), 0, "{}", right.text());
            let bytes = figure(&right, "bytes");
            if let Some(theory) = bytes.theory {
                assert_eq!(bytes.measured, theory, "{}", right.text());
            }
            assert_eq!(figure(&right, "false accusations").measured, 0);
            let least = if cheat == Cheat::Silent { 5 } else { 25 };
            let dropped = figure(&right, "cheaters dropped").measured;
            assert!(dropped > least, "{}", right.text());
        }
    }
}

/// Over many runs the share of those detected is that of theory.
#[test]
fn detection_is_as_theory_says() {
    let (mut pairs, mut detected, mut expected) = (0, vec![0; 4], vec![0.0; 4]);
    for seed in 0..100 {
        let system = Audits {
            rounds: 1,
            ..system(Cheat::Forge)
        };
        let processes = Processes::new(system.processes);
        let history = run(&system, &processes, &Scenario::default(), seed).recorded;
        let found = checker::detect(&Facts::read(&history), &system.terms());
        pairs += found.pairs;
        for count in 0..4 {
            detected[count] += found.detected[count];
            expected[count] += found.expected[count];
        }
    }
    assert_eq!(pairs, 100 * 8 * 4);
    // Of 3,200 audits each: five standard deviations of a share of a half are 141.
    for (detected, expected) in detected.into_iter().zip(expected) {
        let difference = (f64::from(u32::try_from(detected).expect("few")) - expected).abs();
        assert!(difference < 141.0, "{detected} and {expected}");
    }
}

/// A block that is fetched is right. It is late, if the deadline lies between one round trip and
/// two of them.
#[test]
fn fetched_blocks_are_told_by_the_time_alone() {
    let fetch = system(Cheat::Fetch);
    let found = judged(&fetch, &delay(20), 1);
    assert_eq!(violated(&found), [CREDITED, DETECTED], "{}", found.text());
    assert_eq!(figure(&found, "cheaters dropped").measured, 0);
    for (deadline, wrong) in [
        (50, &[][..]),
        (100, &[CREDITED, DETECTED]),
        (30, &[DROPPED]),
    ] {
        let limited = Audits {
            deadline: Some(MILLISECOND * deadline),
            ..system(Cheat::Fetch)
        };
        for seed in 0..5 {
            let found = judged(&limited, &delay(20), seed);
            assert_eq!(violated(&found), wrong, "{deadline} ms: {}", found.text());
        }
    }
}

/// Silence is no proof, and an honest process recovers.
#[test]
fn lost_messages_violate_nothing() {
    for scenario in [
        Scenario {
            loss: 0.1,
            ..Scenario::default()
        },
        Scenario {
            fifo: false,
            duplication: 0.1,
            ..Scenario::default()
        },
        Scenario {
            crash: vec![Crash {
                process: 2,
                at: SECOND,
                restart: Some(SECOND * 2),
                state: Memory::Lost,
            }],
            ..Scenario::default()
        },
    ] {
        for seed in 0..20 {
            for deadline in [None, Some(MILLISECOND * 900)] {
                let lossy = Audits {
                    deadline,
                    ..system(Cheat::Forge)
                };
                let right = judged(&lossy, &scenario, seed);
                assert!(right.holds(), "{seed}, {deadline:?}: {}", right.text());
            }
        }
    }
}

#[test]
fn each_mistake_violates_its_property() {
    let scores = "scores follow the rule";
    for (flaw, cheat, property) in [
        (Flaw::IndexUnchecked, Cheat::Other, CREDITED),
        (Flaw::ProofUnchecked, Cheat::Forge, CREDITED),
        (Flaw::BlocksPredictable, Cheat::Forge, DETECTED),
        (Flaw::DroppedForSilence, Cheat::Silent, scores),
        (Flaw::ScoreNeverRises, Cheat::Forge, scores),
        (
            Flaw::DroppedAskedAgain,
            Cheat::Forge,
            "a dropped process is not asked again",
        ),
    ] {
        let flawed = Audits {
            flaw: Some(flaw),
            ..system(cheat)
        };
        let found = judged(&flawed, &Scenario::default(), 1);
        assert!(
            violated(&found).contains(&property),
            "{flaw:?}: {}",
            found.text()
        );
    }
}
