//! Mutation tests of the checkers. A checker that has never found a mistake may be unable
//! to. So each algorithm is run with small mistakes that a person could make, and the
//! properties of its checker must *kill* each of these mutants. A mutant that survives
//! fails its test, and so does a right algorithm that does not.
//!
//! [`mutant`] makes a wrong process of a right one; the other files hold the
//! mistakes.

mod bully;
mod channels;
mod election;
mod flood;
mod lai_yang;
mod markers;
mod mutant;
mod mutual_exclusion;
mod record;
mod rounds;
mod termination;
mod wave;

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::time::Duration;

use algorithms::bank::Bank;
use lab::simulator::{Scenario, run};
use lab::system::System;
use lab::system::snapshot::Snapshots;
use trace::steps::Processes;

/// How many schedules are tried for a mutant. A guess; most are killed by the first.
const SEEDS: u64 = 50;

/// Runs a mutant until all properties of these names are violated in one run.
///
/// # Panics
/// If it survives.
fn kill(mutant: &impl System, scenario: &Scenario, names: &[&str]) {
    let mut seen = BTreeSet::new();
    for seed in 0..SEEDS {
        let violated = violated(mutant, scenario, seed);
        if names.iter().all(|name| violated.contains(name)) {
            return;
        }
        seen.extend(violated);
    }
    panic!("no run of {SEEDS} violates {names:?}; violated are {seen:?}");
}

/// The control: the right algorithm violates no property.
///
/// # Panics
/// If it does not.
fn spare(right: &impl System, scenario: &Scenario) {
    for seed in 0..SEEDS {
        let violated = violated(right, scenario, seed);
        assert!(violated.is_empty(), "seed {seed}: {violated:?}");
    }
}

fn violated(system: &impl System, scenario: &Scenario, seed: u64) -> BTreeSet<&'static str> {
    let directory = Processes::new(system.processes());
    let judgement = system.judge(&run(system, &directory, scenario, seed).recorded);
    let properties = judgement.properties.iter();
    let wrong = properties.filter(|property| !property.holds());
    wrong.map(|property| property.name).collect()
}

/// Four banks that send to each other all the time. Two of them take two
/// snapshots each, both at the same time.
fn banks<S>() -> Snapshots<(Bank, S)> {
    Snapshots {
        neighbours: mesh(4),
        initiators: 2,
        each: 2,
        every: Duration::from_millis(50),
        amount: 100,
        pace: Duration::from_millis(5),
        limit: u64::MAX,
        patience: Duration::from_secs(1),
        fifo: true,
        algorithm: PhantomData,
    }
}

/// Every process is connected with every other.
fn mesh(processes: u32) -> Vec<Vec<u32>> {
    let others = |me| (0..processes).filter(|other| *other != me).collect();
    (0..processes).map(others).collect()
}
