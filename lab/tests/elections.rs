//! The bully election, while processes crash at any time and come back. Once, right runs were
//! called wrong: they ended when as many processes had a leader as there are, though some of
//! them had forgotten theirs; and a search compared the times of restarts and of steps on two
//! clocks.

use std::ops::ControlFlow;

use lab::model::{Network, Plan, check};
use lab::simulator::{Frequency, RandomFaults, Scenario, run};
use lab::system::election::Bullies;
use lab::system::{self, Engine, Setup};
use lab::topology::{self, Topology};
use trace::steps::Processes;

fn bullies(engine: Engine) -> (Bullies, Processes) {
    let edges = Topology::Full.edges(3, 1).expect("a mesh");
    let neighbours = topology::neighbours(3, &edges);
    let setup = Setup {
        peers: 3,
        topology: "full".into(),
        neighbours: topology::ids(neighbours.clone()),
        seed: 1,
        engine,
        stops: Vec::new(),
        random_crashes: true,
        outages: None,
        fifo: true,
        liars: lab::liars::Liars::default(),
    };
    let processes = Processes::new(3).with_neighbours(neighbours);
    (Bullies::new(&setup, 3, None), processes)
}

#[test]
fn a_process_that_crashes_at_any_time_is_led_in_the_end() {
    let (system, processes) = bullies(Engine::Simulator);
    let scenario = Scenario {
        random: RandomFaults {
            crash: Frequency::Count(1),
            ..RandomFaults::default()
        },
        ..Scenario::default()
    };
    for seed in 0..2000 {
        let ran = run(&system, &processes, &scenario, seed);
        let judgement = system::judge(&system, &ran.recorded);
        assert!(judgement.holds(), "seed {seed}: {}", judgement.text());
    }
}

#[test]
fn every_schedule_with_a_crash_and_a_restart_is_right() {
    let (system, processes) = bullies(Engine::ModelChecker);
    let network = Network {
        crashes: 1,
        restarts: 1,
        ..Network::RELIABLE
    };
    let plan = Plan::new(network, processes, 1);
    let found = check(&system, &plan, |_| ControlFlow::Continue(()));
    assert_eq!(found.counterexample, None);
    assert!(found.is_whole());
}
