use trace::steps::Processes;

use super::*;
use crate::simulator::{Crash, Memory, Scenario, run};
use crate::system::judge;

const SECOND: Duration = Duration::from_secs(1);

const HOLDER: [&str; 3] = [
    "static: accepted only who holds the key now",
    "challenge: accepted only who holds the key now",
    "bound: accepted only who holds the key now",
];

const STOLEN: &str = "no accepted key is a stolen one";

fn system(attack: Option<Attack>, flaw: Option<Flaw>) -> Auths {
    Auths {
        processes: 5,
        provers: 5,
        rounds: 2,
        every: SECOND,
        schemes: vec![Scheme::Static, Scheme::Challenge, Scheme::Bound],
        attack,
        flaw,
        replaces: true,
        seed: 7,
    }
}

fn judged(system: &Auths, scenario: &Scenario, seed: u64) -> Judgement {
    let processes = Processes::new(system.processes);
    judge(system, &run(system, &processes, scenario, seed).recorded)
}

fn violated(judgement: &Judgement) -> Vec<&'static str> {
    let violated = judgement.properties.iter().filter(|one| !one.holds());
    violated.map(|one| one.name).collect()
}

/// Delays, losses and duplicates that differ by the seed.
fn scenarios() -> [Scenario; 2] {
    let order = Scenario {
        fifo: false,
        duplication: 0.05,
        ..Scenario::default()
    };
    let losses = Scenario {
        loss: 0.05,
        ..Scenario::default()
    };
    [order, losses]
}

#[test]
fn honest_processes_violate_nothing() {
    for scenario in scenarios() {
        for seed in 0..20 {
            let right = judged(&system(None, None), &scenario, seed);
            assert!(right.holds(), "{seed}: {}", right.text());
        }
    }
    let right = judged(&system(None, None), &Scenario::default(), 1);
    let messages = &right.figures[0];
    assert_eq!(Some(messages.measured), messages.theory, "{}", right.text());
    assert_eq!(right.unchecked(), 0, "{}", right.text());
}

/// What each attack comes to, in every schedule.
#[test]
fn each_attack_breaks_the_schemes_that_it_is_known_to_break() {
    for (attack, broken) in [
        (Attack::Replay, &HOLDER[..1]),
        (Attack::Relay, &HOLDER[..2]),
        (Attack::Steal, &HOLDER[..1]),
        (Attack::Forge, &[]),
    ] {
        for seed in 0..10 {
            let found = judged(&system(Some(attack), None), &Scenario::default(), seed);
            assert_eq!(violated(&found), broken, "{attack:?}: {}", found.text());
            assert_eq!(found.unchecked(), 0, "{}", found.text());
        }
    }
}

/// Where messages are lost or overtake each other, the bound scheme resists still.
#[test]
fn the_bound_scheme_resists_in_any_network() {
    for attack in [Attack::Replay, Attack::Relay, Attack::Steal, Attack::Forge] {
        let bound = Auths {
            schemes: vec![Scheme::Bound],
            ..system(Some(attack), None)
        };
        for scenario in scenarios() {
            for seed in 0..10 {
                let found = judged(&bound, &scenario, seed);
                assert!(found.holds(), "{attack:?}, {seed}: {}", found.text());
            }
        }
    }
}

#[test]
fn a_stolen_key_that_is_current_is_the_identity() {
    let kept = Auths {
        replaces: false,
        ..system(Some(Attack::Steal), None)
    };
    let found = judged(&kept, &Scenario::default(), 1);
    assert_eq!(violated(&found), [STOLEN], "{}", found.text());
    assert!(
        found
            .summary
            .iter()
            .all(|line| line.contains("fell to steal: 3 of 3")),
        "{}",
        found.text()
    );
}

/// New keys and the number of nonces are durable.
#[test]
fn verifiers_that_restart_accept_no_old_key() {
    for process in 0..4 {
        for at in [600, 1_100, 1_490] {
            let at = Duration::from_millis(at);
            let scenario = Scenario {
                crash: vec![Crash {
                    process,
                    at,
                    restart: Some(at + SECOND / 100),
                    state: Memory::Lost,
                }],
                ..Scenario::default()
            };
            let schemes = vec![Scheme::Challenge, Scheme::Bound];
            let stolen = Auths {
                schemes,
                ..system(Some(Attack::Steal), None)
            };
            for seed in 0..5 {
                let found = judged(&stolen, &scenario, seed);
                assert!(
                    found.holds(),
                    "{process} at {at:?}, {seed}: {}",
                    found.text()
                );
            }
        }
    }
}

#[test]
fn each_mistake_violates_its_property() {
    let honest = [
        "challenge: honest provers are accepted",
        "bound: honest provers are accepted",
    ];
    for (flaw, attack, properties) in [
        (Flaw::NonceUnchecked, Some(Attack::Replay), &HOLDER[1..2]),
        (Flaw::ChannelLeftOut, Some(Attack::Relay), &HOLDER[2..]),
        (Flaw::KeyUnchecked, Some(Attack::Forge), &HOLDER[1..]),
        (Flaw::ReplacementIgnored, Some(Attack::Steal), &HOLDER[1..]),
        (Flaw::ReplacementUnsigned, Some(Attack::Forge), &HOLDER[1..]),
        (Flaw::OldKeyUsed, None, &honest),
    ] {
        let found = judged(&system(attack, Some(flaw)), &Scenario::default(), 1);
        let violated = violated(&found);
        for property in properties {
            assert!(violated.contains(property), "{flaw:?}: {}", found.text());
        }
    }
}
