//! Push-sum, a program of `testbed::own` with options and fractions, on `lab::own`: mass is
//! conserved in every schedule, and its invariant finds the variant that loses a unit.

// The program names `testbed::own`, which has the same names.
extern crate lab as testbed;

use std::ops::ControlFlow;
use std::time::Duration;

use lab::model::{self, Network, Plan};
use lab::own::{Engine, Setup};
use lab::simulator::{Scenario, run};
use lab::system::judge;
use lab::topology;
use push_sum::{Averages, Options, Split};
use trace::steps::Processes;

#[allow(dead_code, missing_docs, unreachable_pub)]
#[path = "../../tests/own-algorithm/src/push_sum.rs"]
mod push_sum;

/// A ring of `peers` processes.
fn averages(peers: u32, rounds: u32, split: Split, engine: Engine) -> (Averages, Processes) {
    let edges: Vec<_> = (0..peers).map(|a| (a, (a + 1) % peers)).collect();
    let neighbours = topology::neighbours(peers, &edges);
    let processes = Processes::new(peers).with_neighbours(neighbours.clone());
    let setup = Setup {
        peers,
        topology: "ring".into(),
        neighbours: topology::ids(neighbours),
        seed: 1,
        engine,
        stops: Vec::new(),
        random_crashes: false,
        outages: None,
        fifo: true,
        liars: lab::liars::Liars::default(),
    };
    let options = Options {
        rounds,
        every: Duration::from_millis(10),
        split,
    };
    (Averages::new(&setup, options), processes)
}

/// The violations in schedules of the simulator.
fn simulate(split: Split, scenario: &Scenario) -> Vec<String> {
    let (system, processes) = averages(5, 60, split, Engine::Simulator);
    let judged = (0..20).flat_map(|seed| {
        let history = run(&system, &processes, scenario, seed).recorded;
        judge(&system, &history).properties
    });
    let mut checked = 0;
    let violations = judged.flat_map(|property| {
        checked += property.checked;
        property.violations
    });
    let violations = violations.collect();
    assert!(checked > 0);
    violations
}

#[test]
fn halves_conserve_the_mass_in_simulated_schedules() {
    assert_eq!(simulate(Split::Exact, &Scenario::default()), [""; 0]);
}

/// What is lost is under way for ever. What arrives twice is mass from nowhere.
#[test]
fn loss_conserves_the_mass_and_duplication_does_not() {
    let scenario = |loss, duplication| Scenario {
        loss,
        duplication,
        ..Scenario::default()
    };
    let conserved = |found: &[String]| !found.iter().any(|text| text.contains("and was"));
    assert!(conserved(&simulate(Split::Exact, &scenario(0.2, 0.0))));
    assert!(!conserved(&simulate(Split::Exact, &scenario(0.0, 0.2))));
}

#[test]
fn the_invariant_finds_a_share_that_was_rounded() {
    let found = simulate(Split::Rounded, &Scenario::default());
    let first = found.first().expect("a violation");
    assert!(first.contains("and was"), "{first}");
}

#[test]
fn the_model_checker_finds_it_too() {
    for (split, is_right) in [(Split::Exact, true), (Split::Rounded, false)] {
        let (system, processes) = averages(3, 1, split, Engine::ModelChecker);
        let plan = Plan::new(Network::RELIABLE, processes, 1);
        let found = model::check(&system, &plan, |_| ControlFlow::Continue(()));
        assert_eq!(found.bound, None);
        assert_eq!(found.counterexample.is_none(), is_right, "{split:?}");
    }
}
