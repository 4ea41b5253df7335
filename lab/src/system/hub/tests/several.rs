//! Several hubs.

use super::*;
use crate::delay::Delay;
use crate::simulator::{Frequency, Partition, RandomFaults};

fn hubs<A>(process: impl Fn(Hub) -> A + Send + Sync + 'static, seed: u64) -> Hubs<A> {
    Hubs {
        processes: 11,
        hubs: 3,
        ..system(move |_, hub| process(hub), seed)
    }
}

fn judged_hubs<A: Algorithm<Command = Command, Output = Output>>(
    system: &Hubs<A>,
    scenario: &Scenario,
    seed: u64,
) -> Judgement {
    let history = run(system, &Processes::new(11), scenario, seed).recorded;
    judge(system, &history)
}

/// Requires that what these schedules do is right.
fn require_right(scenario: &Scenario, seeds: std::ops::Range<u64>) -> Vec<u64> {
    let mut checked = vec![0; 14];
    for seed in seeds {
        let system = hubs(|hub| hub, seed);
        let right = judged_hubs(&system, scenario, seed);
        assert!(right.holds(), "{seed}: {}", right.text());
        for (count, property) in checked.iter_mut().zip(&right.properties) {
            *count += property.checked;
        }
    }
    checked
}

/// The first hub stops for ever, the second restarts.
fn faults() -> Scenario {
    let crash = |process, at: u32, restart: Option<u32>| Crash {
        process,
        at: SECOND / 10 * at,
        restart: restart.map(|restart| SECOND / 10 * restart),
        state: Memory::Lost,
    };
    Scenario {
        crash: vec![
            crash(0, 33, None),
            crash(1, 41, Some(44)),
            crash(5, 25, Some(60)),
        ],
        ..Scenario::default()
    }
}

fn random() -> RandomFaults {
    RandomFaults {
        crash: Frequency::Count(3),
        partition: Frequency::Count(2),
        duration: Delay::Exponential(SECOND * 2),
        state: Memory::Lost,
        until: SECOND * 10,
    }
}

#[test]
fn every_property_of_several_hubs_holds_and_is_checked() {
    let checked = require_right(&Scenario::default(), 0..200);
    assert!(checked.iter().all(|count| *count > 0), "{checked:?}");
}

#[test]
fn a_hub_that_stops_or_restarts_violates_nothing() {
    require_right(&faults(), 0..200);
}

#[test]
fn neither_do_loss_duplication_reordering_partitions_and_crashes() {
    for (loss, duplication, fifo) in [(0.1, 0.0, true), (0.05, 0.1, false), (0.0, 0.3, true)] {
        let scenario = Scenario {
            loss,
            duplication,
            fifo,
            random: random(),
            ..Scenario::default()
        };
        require_right(&scenario, 0..200);
    }
}

/// Peers of a hub that cannot be reached have moved within the time that is stated: four thirds of
/// the life of a session, and what it takes to register.
#[test]
fn a_peer_of_a_hub_that_is_gone_has_moved_within_the_stated_time() {
    let stops = SECOND * 4;
    let scenario = Scenario {
        partition: vec![Partition {
            at: stops,
            group: vec![0],
            ..Partition::default()
        }],
        ..Scenario::default()
    };
    let mut moved = 0;
    for seed in 0..20 {
        let system = hubs(|hub| hub, seed);
        let history = run(&system, &Processes::new(11), &scenario, seed).recorded;
        let begun = history.processes["peer-00"][0].at_unix_nano;
        let latest = begun + (stops + SECOND * 4 + SECOND / 2).as_nanos() as u64;
        for peer in (3..9).map(|peer| NodeId(peer).to_string()) {
            let registered = history.processes[&*peer].iter().filter_map(|step| {
                let received = step.received.as_ref()?;
                let is_it = &*received.message.kind == "REGISTERED";
                is_it.then_some((&*received.from, step.at_unix_nano))
            });
            let registered: Vec<_> = registered.collect();
            if registered.iter().any(|(hub, _)| *hub == "peer-00") {
                let other = registered.iter().find(|(hub, _)| *hub != "peer-00");
                let (_, at) = other.expect("it has moved");
                assert!(*at <= latest, "{seed}: {peer} {registered:?}");
                moved += 1;
            }
        }
    }
    assert!(moved > 20, "{moved}");
}

#[test]
fn each_mistake_of_several_hubs_violates_its_property() {
    let whole = Scenario::default();
    for (flaw, scenario, property) in [
        (
            Flaw::RegisteredAnywhere,
            &whole,
            "peers register at the nearest hub that answers",
        ),
        (
            Flaw::DeadHubKept,
            &faults(),
            "peers register at the nearest hub that answers",
        ),
        (
            Flaw::HandedOverForNothing,
            &whole,
            "what is handed over was paid for",
        ),
        (
            Flaw::HubsUnchecked,
            &whole,
            "what is handed over was paid for",
        ),
        (
            Flaw::OneHubAsked,
            &whole,
            "a receiver that is registered is found",
        ),
    ] {
        let found = (0..50).find_map(|seed| {
            let mut flawed = hubs(move |hub| Flawed::new(hub, flaw), seed);
            // What anybody hands over would be too many requests first.
            flawed.terms.pace = None;
            judged_hubs(&flawed, scenario, seed).violated()
        });
        let found = found.unwrap_or_default();
        assert!(found.contains(property), "{flaw:?}: {found:?}");
    }
}
