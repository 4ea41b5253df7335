//! Synchronous rounds and liars: under the model checker and in the simulator.

use std::ops::ControlFlow;
use std::time::Duration;

use algorithms::NodeId;
use lab::checkers::{Outcome, Property};
use lab::delay::Delay;
use lab::liars::{Liars, Lie};
use lab::model::{self, Action, Checked, Network, Plan};
use lab::own::{Ending, History};
use lab::simulator::{Crash, Memory, Scenario, run};
use lab::system::agreement::Agreement;
use lab::system::generals::Generals;
use lab::system::{System, judge};
use trace::steps::Processes;

/// Rounds of a second; a process sends in any order.
const ROUNDS: Ending = Ending::Clock {
    round: Duration::from_secs(1),
    pace: Duration::ZERO,
};

fn check(system: &impl System, crashes: u32) -> Checked<Action> {
    let network = Network {
        crashes,
        ..Network::RELIABLE
    };
    let plan = Plan::new(network, Processes::new(system.processes()), 1);
    model::check(system, &plan, |_| ControlFlow::Continue(()))
}

fn agreement(processes: u32, faults: u32, ending: Ending) -> Agreement {
    Agreement {
        processes,
        faults,
        ending,
    }
}

/// Whether no run is wrong, after all were tried.
fn is_right(system: &impl System, crashes: u32) -> bool {
    let found = check(system, crashes);
    assert_eq!(found.bound, None);
    found.counterexample.is_none()
}

#[test]
fn one_round_more_than_processes_stop_is_enough_and_needed() {
    for (processes, faults, crashes) in [
        (2, 0, 0),
        (3, 0, 0),
        (3, 1, 1),
        (4, 1, 1),
        (4, 2, 2),
        (3, 0, 1),
        (4, 0, 1),
        (4, 1, 2),
    ] {
        let right = is_right(&agreement(processes, faults, ROUNDS), crashes);
        assert_eq!(right, crashes <= faults, "{processes}, {faults}, {crashes}");
    }
}

/// It has to stop between two sends.
#[test]
fn the_counterexample_to_f_rounds_is_a_broadcast_that_breaks_off() {
    let found = check(&agreement(3, 0, ROUNDS), 1);
    let way = found.counterexample.expect("a run without agreement");
    let place = way
        .iter()
        .position(|one| matches!(one, Action::Crash(0, _)));
    let place = place.unwrap_or_else(|| panic!("process 0 has the smallest input: {way:?}"));
    let is_send = |one: &&Action| matches!(one, Action::Timer(0, _));
    assert_eq!(way[..place].iter().filter(is_send).count(), 1, "{way:?}");
}

#[test]
fn the_synchronizer_is_right_in_every_schedule_but_waits_for_what_stops() {
    let system = agreement(3, 1, Ending::Messages);
    assert!(is_right(&system, 0));
    assert!(!is_right(&system, 1));
}

fn simulate(system: &impl System, scenario: &Scenario, seed: u64) -> Vec<Property> {
    let history = history(system, scenario, seed);
    judge(system, &history).properties
}

fn history(system: &impl System, scenario: &Scenario, seed: u64) -> History {
    let directory = Processes::new(system.processes());
    run(system, &directory, scenario, seed).recorded
}

fn outcomes(properties: &[Property]) -> Vec<Outcome> {
    properties.iter().map(Property::outcome).collect()
}

#[test]
fn a_process_that_stops_between_two_sends_divides_f_rounds() {
    let ending = Ending::Clock {
        round: Duration::from_secs(1),
        pace: Duration::from_millis(2),
    };
    let scenario = Scenario {
        crash: vec![Crash {
            process: 0,
            at: Duration::from_millis(3),
            restart: None,
            state: Memory::Kept,
        }],
        ..Scenario::default()
    };
    for seed in 0..20 {
        let found = simulate(&agreement(5, 1, ending), &scenario, seed);
        assert_eq!(outcomes(&found), [Outcome::Holds; 4], "seed {seed}");
    }
    let is_violated = |seed: &u64| {
        let found = simulate(&agreement(5, 0, ending), &scenario, *seed);
        found[0].outcome() == Outcome::Violated
    };
    assert!(
        (0..20).any(|seed| is_violated(&seed)),
        "some have it, and some do not"
    );
}

#[test]
fn rounds_shorter_than_the_delay_are_unknown_and_not_wrong() {
    let ending = Ending::Clock {
        round: Duration::from_millis(5),
        pace: Duration::ZERO,
    };
    let delay = |milliseconds| Scenario {
        delay: Delay::Uniform(Duration::ZERO..Duration::from_millis(milliseconds)),
        ..Scenario::default()
    };
    let system = agreement(4, 1, ending);
    for seed in 0..20 {
        let found = simulate(&system, &delay(5), seed);
        assert_eq!(outcomes(&found), [Outcome::Holds; 4], "seed {seed}");
        let found = simulate(&system, &delay(50), seed);
        assert_eq!(outcomes(&found), [Outcome::Unknown; 4], "seed {seed}");
        let reason = found[0].reason().expect("a reason");
        assert!(reason.contains("not synchronous"), "{reason}");
    }
}

fn generals(processes: u32, traitors: u32, attack: bool, liars: &[(u32, Lie)]) -> Generals {
    let liars = liars.iter().map(|(node, lie)| format!("{node}:{lie}"));
    let liars = liars.map(|liar| liar.parse::<Liars>().expect("a liar"));
    Generals {
        processes,
        traitors,
        attack,
        liars: liars.collect(),
        ending: ROUNDS,
    }
}

const LIES: [Lie; 4] = [Lie::Silent, Lie::Equivocate, Lie::Forge, Lie::Custom];

#[test]
fn one_of_four_generals_may_lie_in_any_way() {
    for (liar, lie) in (0..4).flat_map(|liar| LIES.map(|lie| (liar, lie))) {
        for attack in [true, false] {
            let system = generals(4, 1, attack, &[(liar, lie)]);
            assert!(is_right(&system, 0), "{system:?}");
        }
    }
}

#[test]
fn one_of_three_generals_may_not() {
    let wrong = |lie| !is_right(&generals(3, 1, true, &[(2, lie)]), 0);
    assert!(wrong(Lie::Forge));
    // The other lieutenant has an odd number. A silent liar leaves it without a majority.
    assert!(wrong(Lie::Equivocate) && wrong(Lie::Silent));
}

#[test]
fn without_relayed_orders_the_lie_of_the_commander_is_believed() {
    assert!(!is_right(&generals(4, 0, true, &[(0, Lie::Equivocate)]), 0));
}

#[test]
fn two_of_seven_generals_may_toss_coins_and_not_of_six() {
    let scenario = Scenario::default();
    let wrong = |processes: u32, liars: [u32; 2], seed| {
        let liars = liars.map(|liar| (liar, Lie::Custom));
        let system = generals(processes, 2, true, &liars);
        let found = simulate(&system, &scenario, seed);
        found.iter().any(|property| !property.holds())
    };
    for liars in [[0, 4], [3, 4]] {
        assert_eq!((0..100).find(|seed| wrong(7, liars, *seed)), None);
    }
    assert!((0..100).any(|seed| wrong(6, [3, 4], seed)));
}

#[test]
fn a_record_says_who_lies() {
    let system = generals(4, 1, true, &[(0, Lie::Silent), (3, Lie::Custom)]);
    let history = history(&system, &Scenario::default(), 1);
    let liars: Vec<_> = history.liars().into_iter().collect();
    assert_eq!(liars, ["peer-00", "peer-03"]);
    assert_eq!(system.liars().get(NodeId(3)), Some(Lie::Custom));
}
