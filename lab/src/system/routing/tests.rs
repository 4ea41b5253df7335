use std::collections::BTreeSet;
use std::ops::ControlFlow;

use algorithms::babel::{Flaw, Flawed};
use trace::steps::Processes;

use super::*;
use crate::model::{Action, Checked, Network, Plan, check};
use crate::simulator::{Crash, Memory, Partition, Scenario, run};
use crate::system::judge;
use crate::topology::{Topology, ids, neighbours};

const MILLI: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// Nodes that try their links each second, and run for 40 s.
fn system<A>(
    peers: u32,
    topology: &Topology,
    breaks: &[(u32, u32, u64, u64)],
    process: impl Fn(Babel) -> A + Send + Sync + 'static,
) -> Routing<A> {
    let edges = topology.edges(peers, 0).expect("a topology");
    let breaks = breaks.iter().map(|(a, b, at, until)| Break {
        ends: [NodeId(*a), NodeId(*b)],
        at: MILLI.saturating_mul(*at as u32),
        until: MILLI.saturating_mul(*until as u32),
    });
    Routing {
        neighbours: ids(neighbours(peers, &edges)),
        config: Arc::new(Config {
            destinations: peers,
            open: true,
            hello: Some(SECOND),
            misses: 4,
            table: Some(SECOND * 4),
            gather: MILLI * 20,
            ask: SECOND * 2,
            significant: 1,
            cost: Cost::Hops,
        }),
        breaks: breaks.collect(),
        fifo: true,
        goes_out: false,
        duration: Some(SECOND * 40),
        process: Arc::new(process),
    }
}

/// The same for a check: every moment of links of peer 0 that are closed, and opened again.
fn checked<A>(
    peers: u32,
    topology: &Topology,
    breaks: &[(u32, u32)],
    process: impl Fn(Babel) -> A + Send + Sync + 'static,
) -> Routing<A> {
    let breaks: Vec<_> = breaks.iter().map(|(a, b)| (*a, *b, 2000, 5000)).collect();
    let all = system(peers, topology, &breaks, process);
    Routing {
        config: Arc::new(Config {
            destinations: 1,
            hello: None,
            table: None,
            gather: Duration::ZERO,
            ..Config::clone(&all.config)
        }),
        duration: None,
        ..all
    }
}

fn judged<A: Algorithm<Command = Command, Output = Output>>(
    system: &Routing<A>,
    scenario: &Scenario,
    seed: u64,
) -> Judgement {
    let directory = Processes::new(system.processes()).with_neighbours(
        system
            .neighbours
            .iter()
            .map(|all| all.iter().map(|id| id.0).collect())
            .collect(),
    );
    judge(system, &run(system, &directory, scenario, seed).recorded)
}

fn crash(process: u32, at: u64, restart: Option<u64>) -> Crash {
    Crash {
        process,
        at: MILLI * at as u32,
        restart: restart.map(|at| MILLI * at as u32),
        state: Memory::Lost,
    }
}

fn stops() -> Scenario {
    Scenario {
        crash: vec![
            crash(2, 3000, Some(9000)),
            crash(3, 5000, Some(5500)),
            crash(4, 6000, None),
        ],
        ..Scenario::default()
    }
}

fn parts(from: u64, until: u64) -> Scenario {
    Scenario {
        partition: vec![Partition {
            at: MILLI * from as u32,
            heal: Some(MILLI * until as u32),
            group: vec![0, 1],
            others: None,
            one_way: None,
            messages: None,
        }],
        ..Scenario::default()
    }
}

#[test]
fn no_property_is_violated_whatever_fails() {
    let breaks = [(0, 1, 2000, 5000), (1, 2, 4000, 7000), (0, 1, 8000, 8010)];
    let mut checks = BTreeSet::new();
    for topology in [Topology::Ring, Topology::Random(3), Topology::Full] {
        let breaks = match topology {
            Topology::Random(_) => &[][..],
            _ => &breaks[..],
        };
        let right = system(7, &topology, breaks, |babel| babel);
        for seed in 0..6 {
            for scenario in [
                Scenario::default(),
                stops(),
                // Noticed, or over before that.
                parts(4000, 12_000),
                parts(4000, 6000),
                Scenario {
                    loss: 0.2,
                    ..stops()
                },
            ] {
                let is_lossy = scenario.loss > 0.0;
                let found = judged(&right, &scenario, seed);
                assert!(found.holds(), "{topology} {seed}: {}", found.text());
                assert!(is_lossy || found.unknown().is_empty(), "{}", found.text());
                let all = found.properties.iter();
                checks.extend(all.filter(|one| one.checked > 0).map(|one| one.name));
            }
        }
    }
    assert_eq!(checks.len(), 3, "{checks:?}");
}

#[test]
fn costs_by_round_trips_are_judged_as_well() {
    let all = system(6, &Topology::Ring, &[(0, 1, 2000, 5000)], |babel| babel);
    let laps = [1, 1, 2, 4, 8, 16, 32, 64].map(Duration::from_millis);
    let right = Routing {
        config: Arc::new(Config {
            cost: Cost::RoundTrip(laps.to_vec()),
            ..Config::clone(&all.config)
        }),
        ..all
    };
    let fixed = Scenario {
        delay: "5ms".parse().expect("a delay"),
        ..Scenario::default()
    };
    let found = judged(&right, &fixed, 1);
    assert!(
        found.holds() && found.unknown().is_empty(),
        "{}",
        found.text()
    );
    assert!(found.text().contains("mean distance 2"), "{}", found.text());
    let found = judged(&right, &Scenario::default(), 1);
    assert!(found.holds(), "{}", found.text());
}

/// The first of so many seeds with which the mistake violates that property.
fn violates(system: &Routing<Flawed>, scenario: &Scenario, property: &str) -> Option<u64> {
    (0..30).find(|seed| {
        let wrong = judged(system, scenario, *seed);
        let mut all = wrong.properties.iter();
        all.any(|one| one.name == property && !one.holds())
    })
}

const LOOP: &str = "no loop in the next hops";
const REST: &str = "distances are right at rest";
const HOLE: &str = "no black hole outlives the time-out";

#[test]
fn each_mistake_violates_its_property() {
    let ring = [(0, 1, 2000, 5000), (1, 2, 4000, 9000)];
    for (flaw, property) in [
        (Flaw::BellmanFord, LOOP),
        (Flaw::EqualTaken, LOOP),
        (Flaw::DistanceForgotten, LOOP),
        (Flaw::NumberKept, REST),
        (Flaw::SilenceIgnored, HOLE),
        (Flaw::RetractionNotSent, REST),
    ] {
        let flawed = move |babel| Flawed::new(babel, flaw);
        let (topology, breaks) = match flaw {
            // The links of peer 0 to two nodes that are connected.
            Flaw::EqualTaken => (
                Topology::Full,
                &[(0, 1, 2000, 5000), (0, 2, 2000, 5000)][..],
            ),
            _ => (Topology::Ring, &ring[..]),
        };
        let peers = if flaw == Flaw::EqualTaken { 3 } else { 6 };
        let wrong = system(peers, &topology, breaks, flawed);
        let scenario = match flaw {
            Flaw::SilenceIgnored => stops(),
            Flaw::RetractionNotSent => Scenario {
                crash: vec![crash(3, 3000, None)],
                ..Scenario::default()
            },
            _ => Scenario::default(),
        };
        let found = violates(&wrong, &scenario, property);
        assert!(found.is_some(), "{flaw:?}");
    }
}

fn searched<S: System>(system: &S, network: Network) -> Checked<Action> {
    let plan = Plan::new(network, Processes::new(system.processes()), 7);
    check(system, &plan, |_| ControlFlow::Continue(()))
}

#[test]
fn every_schedule_of_three_nodes_is_right() {
    let crash = Network {
        crashes: 1,
        restarts: 1,
        ..Network::RELIABLE
    };
    for (topology, breaks, network) in [
        (Topology::Full, &[(0, 1)][..], Network::RELIABLE),
        (Topology::Line, &[(0, 1)], Network::RELIABLE),
        (Topology::Full, &[], crash),
        // A message is lost after the restart: nothing is required of distances.
        (Topology::Line, &[], Network { losses: 1, ..crash }),
    ] {
        let right = checked(3, &topology, breaks, |babel| babel);
        let found = searched(&right, network);
        assert!(
            found.is_whole(),
            "{topology} {network:?}: {:?}",
            found.bound
        );
        assert_eq!(found.counterexample, None, "{topology} {network:?}");
    }
}

#[test]
fn mistakes_are_found_in_some_schedule() {
    for (flaw, topology, breaks) in [
        (Flaw::BellmanFord, Topology::Line, &[(0, 1)][..]),
        (Flaw::EqualTaken, Topology::Full, &[(0, 1), (0, 2)]),
        (Flaw::DistanceForgotten, Topology::Line, &[(0, 1)]),
    ] {
        let flawed = move |babel| Flawed::new(babel, flaw);
        let wrong = checked(3, &topology, breaks, flawed);
        let found = searched(&wrong, Network::RELIABLE);
        assert!(found.counterexample.is_some(), "{flaw:?}");
    }
}
