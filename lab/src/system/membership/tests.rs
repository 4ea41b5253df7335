use trace::steps::Processes;

use super::*;
use crate::delay::Delay;
use crate::simulator::{Crash, Memory, Partition, Scenario, run};
use crate::system::judge;
use crate::topology::{Topology, ids, neighbours};

const SECOND: Duration = Duration::from_secs(1);

const CERTIFIED: &str = "only who has a certificate is trusted";
const ENDED: &str = "no certificate is trusted that has ended";
const OLDER: &str = "no epoch is followed by an older one";
const SETTINGS: &str = "settings are those of the registry";

fn system(attack: Option<Attack>, flaw: Option<Flaw>) -> Members {
    let edges = Topology::Full.edges(6, 0).expect("a topology");
    let secret = Secret::new([1; 32]);
    Members {
        neighbours: ids(neighbours(6, &edges)),
        config: Arc::new(Config {
            registry: NodeId(0),
            key: secret.key(),
            holds: 2,
            epoch: Some(SECOND * 5),
            remind: Some(SECOND),
            open: true,
        }),
        secret,
        forger: Secret::new([2; 32]),
        attack,
        flaw,
        advances: 0,
        goes_out: false,
        duration: Some(SECOND * 29),
    }
}

fn judged(system: &Members, scenario: &Scenario, seed: u64) -> Judgement {
    let processes = Processes::new(system.processes());
    judge(system, &run(system, &processes, scenario, seed).recorded)
}

fn violated(judgement: &Judgement) -> Vec<&'static str> {
    let violated = judgement.properties.iter().filter(|one| !one.holds());
    violated.map(|one| one.name).collect()
}

fn crash(process: u32, at: u32, restart: Option<u32>) -> Scenario {
    Scenario {
        crash: vec![Crash {
            process,
            at: SECOND * at,
            restart: restart.map(|at| SECOND * at),
            state: Memory::Lost,
        }],
        ..Scenario::default()
    }
}

/// Whether all had to trust each other in the end, and did.
fn all_trust(judgement: &Judgement) -> bool {
    let ends = judgement.properties.last().expect("a property");
    ends.checked > 0 && ends.holds()
}

#[test]
fn all_are_admitted_and_nobody_is_expelled() {
    for seed in 0..10 {
        let right = judged(&system(None, None), &Scenario::default(), seed);
        assert!(
            right.holds() && all_trust(&right),
            "{seed}: {}",
            right.text()
        );
        assert!(
            right.summary[0].ends_with(" 0 ended unrenewed"),
            "{}",
            right.text()
        );
    }
}

/// Messages that are lost, doubled or overtaken.
#[test]
fn losses_are_repaired() {
    for seed in 0..10 {
        let scenario = Scenario {
            fifo: false,
            duplication: 0.1,
            loss: 0.2,
            ..Scenario::default()
        };
        let right = judged(&system(None, None), &scenario, seed);
        assert!(right.holds(), "{seed}: {}", right.text());
    }
}

/// Nothing is required of a network in which messages are lost or late until the end.
#[test]
fn what_arrives_too_late_or_never_is_not_held_against_the_nodes() {
    let slow = |seconds: u32| Scenario {
        delay: Delay::Uniform(SECOND * seconds..SECOND * seconds + SECOND / 10),
        ..Scenario::default()
    };
    let lossy = Scenario {
        loss: 0.8,
        ..Scenario::default()
    };
    for (scenario, is_required) in [
        (slow(1), true),
        (slow(4), false),
        (slow(60), false),
        (lossy, false),
    ] {
        for seed in 0..20 {
            let right = judged(&system(None, None), &scenario, seed);
            assert!(right.holds(), "{scenario:?}, {seed}: {}", right.text());
            assert_eq!(all_trust(&right), is_required, "{seed}: {}", right.text());
        }
    }
}

#[test]
fn who_was_away_is_expelled_and_comes_back() {
    for (process, restart) in [(3, 18), (0, 20)] {
        for seed in 0..5 {
            let right = judged(&system(None, None), &crash(process, 6, Some(restart)), seed);
            assert!(
                right.holds() && all_trust(&right),
                "{process}, {seed}: {}",
                right.text()
            );
        }
    }
    let cut = Scenario {
        partition: vec![Partition {
            group: vec![4, 5],
            at: SECOND * 4,
            heal: Some(SECOND * 18),
            ..Partition::default()
        }],
        ..Scenario::default()
    };
    let right = judged(&system(None, None), &cut, 1);
    assert!(right.holds() && all_trust(&right), "{}", right.text());
    let text = right.text();
    assert!(!text.contains(" 0 ended unrenewed"), "{text}");
}

/// No epoch begins any more, so nothing ends.
#[test]
fn the_network_lives_on_without_its_registry() {
    let right = judged(&system(None, None), &crash(0, 7, None), 1);
    assert!(right.holds(), "{}", right.text());
    assert!(
        right.summary[0].ends_with(" 0 ended unrenewed"),
        "{}",
        right.text()
    );
}

#[test]
fn attacks_are_resisted() {
    for attack in [Attack::Forge, Attack::Borrow, Attack::Replay] {
        for seed in 0..10 {
            let right = judged(&system(Some(attack), None), &Scenario::default(), seed);
            assert!(right.holds(), "{attack:?}, {seed}: {}", right.text());
            let known = right.properties[..4]
                .iter()
                .all(|one| one.reason().is_none());
            assert!(known && all_trust(&right), "{attack:?}: {}", right.text());
        }
    }
}

#[test]
fn each_mistake_violates_its_property() {
    for (flaw, attack, properties) in [
        (
            Flaw::SignatureUnchecked,
            Some(Attack::Forge),
            &[CERTIFIED, SETTINGS][..],
        ),
        (Flaw::SubjectUnchecked, Some(Attack::Borrow), &[CERTIFIED]),
        (Flaw::OlderTaken, Some(Attack::Replay), &[OLDER]),
        (Flaw::EndIgnored, Some(Attack::Replay), &[ENDED]),
    ] {
        let found = judged(&system(attack, Some(flaw)), &Scenario::default(), 1);
        let violated = violated(&found);
        for property in properties {
            assert!(violated.contains(property), "{flaw:?}: {}", found.text());
        }
    }
    let forgets = system(None, Some(Flaw::PrefixesForgotten));
    let found = judged(&forgets, &crash(0, 6, Some(7)), 1);
    let prefixes = "no two nodes have the same prefix";
    assert!(violated(&found).contains(&prefixes), "{}", found.text());
}
