use std::collections::BTreeSet;
use std::ops::ControlFlow;

use algorithms::route::{Flaw, Flawed, Score};
use trace::steps::Processes;

use super::*;
use crate::model::{Action, Checked, Network, Plan, check};
use crate::simulator::{Crash, Memory, Scenario, run};
use crate::system::judge;
use crate::topology::{Topology, ids, neighbours};

const MILLI: Duration = Duration::from_millis(1);

const BACKTRACK: Way = Way::Backtrack { detours: 8 };

fn system<A>(
    peers: u32,
    table: usize,
    way: Way,
    process: impl Fn(Route) -> A + Send + Sync + 'static,
) -> Routes<A> {
    let edges = Topology::Xor(2).edges(peers, 0).expect("a topology");
    Routes {
        neighbours: ids(neighbours(peers, &edges)),
        config: Config {
            table,
            score: vec![Score::Age, Score::Rtt, Score::Success],
            way,
            ttl: 64,
            tries: 2,
            laps: [4, 8, 16, 32, 64].map(Duration::from_millis).to_vec(),
            upkeep: Some(MILLI * 200),
            patience: MILLI * 5000,
        },
        operations: 100,
        every: MILLI * 20,
        keys: Keys::Both,
        seed: 3,
        process: Arc::new(process),
    }
}

fn judged<A: Algorithm<Command = Command, Output = Output>>(
    system: &Routes<A>,
    scenario: &Scenario,
    seed: u64,
) -> (Judgement, Outcomes) {
    let history = recorded(system, scenario, seed);
    let outcomes = route::outcomes(&history, &system.terms());
    (judge(system, &history), outcomes)
}

fn recorded<A: Algorithm<Command = Command, Output = Output>>(
    system: &Routes<A>,
    scenario: &Scenario,
    seed: u64,
) -> History {
    let directory = Processes::new(system.processes()).with_neighbours(
        system
            .neighbours
            .iter()
            .map(|all| all.iter().map(|id| id.0).collect())
            .collect(),
    );
    run(system, &directory, scenario, seed).recorded
}

/// Two nodes stop, one of them for ever, and messages are lost.
fn faults() -> Scenario {
    let crash = |process, at, restart| Crash {
        process,
        at,
        restart,
        state: Memory::Lost,
    };
    Scenario {
        loss: 0.1,
        crash: vec![
            crash(3, MILLI * 300, Some(MILLI * 900)),
            crash(7, MILLI * 500, None),
        ],
        ..Scenario::default()
    }
}

fn calm() -> Scenario {
    Scenario::default()
}

#[test]
fn every_property_holds_and_is_checked() {
    for way in [Way::Nearer, BACKTRACK] {
        let mut unchecked: BTreeSet<_> = BTreeSet::from(["each hop is nearer to the key"]);
        if way == Way::Nearer {
            unchecked.clear();
        }
        let mut checked = BTreeSet::new();
        for seed in 0..40 {
            for scenario in [calm(), faults()] {
                let system = system(30, 5, way, |route| route);
                let (right, _) = judged(&system, &scenario, seed);
                assert!(right.holds(), "{way:?} {seed}: {}", right.text());
                let properties = right.properties.iter();
                checked.extend(properties.filter(|one| one.checked > 0).map(|one| one.name));
            }
        }
        assert_eq!(checked.len() + unchecked.len(), 9, "{way:?}: {checked:?}");
    }
}

#[test]
fn without_faults_each_message_ends_and_large_tables_reach_the_nearest() {
    for way in [Way::Nearer, BACKTRACK] {
        let (right, found) = judged(&system(60, 60, way, |route| route), &calm(), 1);
        assert!(right.holds(), "{}", right.text());
        assert_eq!((found.sent, found.reached), (100, 100), "{way:?}");
        assert_eq!(found.stale, 0);
    }
}

/// Of messages in a network of so many peers, how many reach the nearest.
fn reached(peers: u32, table: usize, way: Way) -> u64 {
    let system = Routes {
        operations: 200,
        ..system(peers, table, way, |route| route)
    };
    let (right, found) = judged(&system, &calm(), 1);
    assert!(right.holds(), "{}", right.text());
    assert_eq!(found.sent, found.reached + found.missed + found.cut_short);
    found.reached
}

#[test]
fn small_tables_end_at_local_minima_and_detours_lead_out() {
    let [few, many] = [4, 16].map(|table| reached(200, table, Way::Nearer));
    let detours = reached(200, 4, BACKTRACK);
    assert!(
        few < detours && few < many && many > 190,
        "{few} {detours} {many}"
    );
}

#[test]
fn nodes_that_stop_leave_the_tables() {
    let crash = Crash {
        process: 7,
        at: MILLI * 100,
        restart: None,
        state: Memory::Kept,
    };
    let scenario = Scenario {
        crash: vec![crash],
        ..calm()
    };
    let system = system(16, 8, Way::Nearer, |route| route);
    let history = recorded(&system, &scenario, 1);
    let right = judge(&system, &history);
    assert!(right.holds(), "{}", right.text());
    for (node, steps) in history
        .processes
        .iter()
        .filter(|(node, _)| &***node != "peer-07")
    {
        let table = steps.last().and_then(|step| step.state.get_list("table"));
        let is_gone = table.is_some_and(|table| !table.contains(&"peer-07".into()));
        assert!(is_gone, "{node}: {table:?}");
    }
    let found = route::outcomes(&history, &system.terms());
    assert!(found.late < 5 && found.stale > 0, "{found:?}");
}

/// Whether the mistake violates that property in some of 20 schedules.
fn violates(way: Way, flaw: Flaw, property: &str) -> bool {
    (0..20).any(|seed| {
        let flawed = Routes {
            operations: 40,
            ..system(30, 4, way, move |route| Flawed::new(route, flaw))
        };
        let (wrong, _) = judged(&flawed, &faults(), seed);
        let mut properties = wrong.properties.iter();
        properties.any(|one| one.name == property && !one.holds())
    })
}

#[test]
fn each_mistake_violates_its_property() {
    for (flaw, way, property) in [
        (
            Flaw::OwnDistanceIgnored,
            Way::Nearer,
            "each hop is nearer to the key",
        ),
        (
            Flaw::DeadEntriesKept,
            Way::Nearer,
            "an entry that does not answer leaves the table",
        ),
        (
            Flaw::LoopsByTimestamp,
            BACKTRACK,
            "no message passes a node twice",
        ),
        (Flaw::IdsByTheSecond, Way::Nearer, "ids differ"),
        (
            Flaw::TableUnbounded,
            Way::Nearer,
            "a table is no larger than its bound",
        ),
        (
            Flaw::MinimumClaimed,
            Way::Nearer,
            "delivered is what has reached its key",
        ),
    ] {
        assert!(violates(way, flaw, property), "{flaw:?}");
    }
}

/// Every schedule of a message among four nodes whose tables have two entries.
#[test]
fn every_schedule_is_right() {
    let crash = Network {
        crashes: 1,
        restarts: 1,
        ..Network::RELIABLE
    };
    let loss = Network {
        losses: 1,
        ..Network::RELIABLE
    };
    for way in [Way::Nearer, Way::Backtrack { detours: 1 }] {
        for network in [Network::RELIABLE, crash, loss] {
            let right = checked(way, |route| route);
            let found = searched(&right, network);
            assert!(found.is_whole(), "{way:?} {network:?}: {:?}", found.bound);
            assert_eq!(found.counterexample, None, "{way:?} {network:?}");
        }
    }
}

#[test]
fn mistakes_are_found_in_some_schedule() {
    for (flaw, way, network) in [
        (Flaw::OwnDistanceIgnored, Way::Nearer, Network::RELIABLE),
        (Flaw::IdsByTheSecond, Way::Nearer, Network::RELIABLE),
        (Flaw::TableUnbounded, Way::Nearer, Network::RELIABLE),
        (
            Flaw::DeadEntriesKept,
            Way::Backtrack { detours: 1 },
            Network {
                losses: 2,
                ..Network::RELIABLE
            },
        ),
    ] {
        let wrong = checked(way, move |route| Flawed::new(route, flaw));
        let found = searched(&wrong, network);
        assert!(found.counterexample.is_some(), "{flaw:?}");
    }
}

fn checked<A>(way: Way, process: impl Fn(Route) -> A + Send + Sync + 'static) -> Routes<A> {
    let all = system(4, 2, way, process);
    Routes {
        operations: 1,
        config: Config {
            laps: vec![MILLI * 1000],
            upkeep: None,
            tries: 1,
            ..all.config
        },
        ..all
    }
}

fn searched<S: System>(system: &S, network: Network) -> Checked<Action> {
    let plan = Plan::new(network, Processes::new(system.processes()), 7);
    check(system, &plan, |_| ControlFlow::Continue(()))
}
