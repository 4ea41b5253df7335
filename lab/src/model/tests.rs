//! Exact numbers of states: another number means that an algorithm, the adapter
//! or the records that distinguish states have changed. Also: what the search
//! does within its bounds, and that it ends there.

mod endless;
mod timers;

use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use algorithms::bank::Bank;
use algorithms::chandy_lamport::ChandyLamport;
use trace::history::text;
use trace::recorder::StoreRecorder;
use trace::steps::{Processes, key};
use trace::store::Store;
use trace::telemetry::Sink;

use super::{Bound, Bounds, Checked, Extent, Network, Plan, UNLIMITED, check, replay, start};
use crate::model::Action;
use crate::system::System;
use crate::system::snapshot::Snapshots;

const RELIABLE: Network = Network::RELIABLE;

/// Each process sends one transfer, and process 0 takes a snapshot.
fn bank(peers: u32) -> Snapshots<(Bank, ChandyLamport<Bank>)> {
    let others = |me| (0..peers).filter(|other| *other != me).collect();
    Snapshots {
        neighbours: (0..peers).map(others).collect(),
        initiators: 1,
        each: 1,
        every: Duration::from_millis(50),
        amount: 100,
        pace: Duration::from_millis(5),
        limit: 1,
        patience: Duration::from_secs(10),
        fifo: true,
        algorithm: PhantomData,
    }
}

fn all<S: System>(system: &S, network: Network) -> Checked<Action> {
    within(system, network, |_| {})
}

/// With other bounds than the usual ones.
fn within<S: System>(
    system: &S,
    network: Network,
    change: impl FnOnce(&mut Bounds),
) -> Checked<Action> {
    let mut plan = Plan::new(network, Processes::new(system.processes()), 7);
    change(&mut plan.bounds);
    check(system, &plan, |_| ControlFlow::Continue(()))
}

#[test]
fn every_schedule_of_two_banks_passes() {
    let found = all(&bank(2), RELIABLE);
    let expected = Extent {
        states: 124,
        depth: 8,
        complete_depth: Some(8),
    };
    assert_eq!(found.extent, expected);
    assert!(found.is_whole());
    assert_eq!(found.counterexample, None);
    let example = found.example.expect("a snapshot with a full channel");
    assert!(example.contains(&Action::Command(0)), "{example:?}");
}

#[test]
fn without_order_a_shortest_counterexample_is_found() {
    let network = Network {
        fifo: false,
        ..RELIABLE
    };
    let found = all(&bank(2), network);
    let way = found.counterexample.expect("a marker that overtakes");
    let overtakes = |action: &Action| matches!(action, Action::Deliver(.., 1));
    assert!(way.iter().any(overtakes), "{way:?}");
}

#[test]
fn a_lost_marker_is_a_snapshot_that_never_ends() {
    let network = Network {
        losses: UNLIMITED,
        ..RELIABLE
    };
    let found = all(&bank(2), network);
    let way = found.counterexample.expect("an aborted snapshot");
    let lost = |action: &Action| matches!(action, Action::Lose(..));
    assert!(way.iter().any(lost), "{way:?}");
    assert_eq!(losses(&bank(2), network, &way), ["lost"]);
}

/// The causes of the losses that the record of a run has.
fn losses<S: System>(system: &S, network: Network, way: &[Action]) -> Vec<String> {
    let store = Arc::new(Store::new());
    let sink = Sink::new(Some(Arc::new(StoreRecorder::start(store.clone()))), None);
    let plan = Plan::new(network, Processes::new(system.processes()), 7);
    replay(system, &plan, way, &sink);
    assert_eq!(sink.counts().started, store.len() as u64);
    let mut losses = Vec::new();
    store.for_each(|_, span| {
        if span.name.starts_with("lost ") {
            losses.extend(text(&span.attributes, key::ERROR).map(str::to_owned));
        }
    });
    losses
}

#[test]
fn a_message_to_a_process_that_is_down_is_recorded_as_lost() {
    let network = Network {
        crashes: 1,
        ..RELIABLE
    };
    let system = bank(2);
    let plan = Plan::new(network, Processes::new(2), 7);
    let mut world = start(&system, &plan);
    let mut way = vec![Action::Crash(1, Vec::new())];
    world.act(&system, Action::Crash(1, Vec::new()));
    let delivers = |action: &Action| matches!(action, Action::Deliver(0, 1, _));
    while !way.last().is_some_and(delivers) {
        let actions = world.actions();
        let next = actions.iter().find(|action| delivers(action));
        let next = next.or(actions.first()).expect("process 0 sends").clone();
        way.push(next.clone());
        world.act(&system, next);
    }
    assert_eq!(losses(&system, network, &way), ["down"]);
}

/// Bounds end the search. That no state was wrong until then says nothing of the
/// rest.
#[test]
fn states_beyond_a_bound_are_not_tried() {
    let system = bank(3);
    let ten = NonZeroUsize::new(10).expect("not zero");
    let found = within(&system, RELIABLE, |bounds| bounds.states = ten);
    assert_eq!(found.bound, Some(Bound::States(ten)));
    assert_eq!(found.extent.states, 10, "as many as were asked for");

    let found = within(&system, RELIABLE, |bounds| bounds.depth = 3);
    assert_eq!(found.bound, Some(Bound::Depth(3)));
    assert_eq!(found.extent.depth, 3);
    assert_eq!(found.extent.complete_depth, Some(3));

    let found = within(&system, RELIABLE, |bounds| bounds.time = Duration::ZERO);
    assert_eq!(found.bound, Some(Bound::Time(Duration::ZERO)));
    assert_eq!(found.extent.complete_depth, None);

    if crate::memory::resident().is_some() {
        let found = within(&system, RELIABLE, |bounds| bounds.memory = 1 << 20);
        assert_eq!(found.bound, Some(Bound::Memory(1 << 20)));
    }
    for found in [
        within(&system, RELIABLE, |bounds| {
            bounds.states = NonZeroUsize::MIN
        }),
        within(&system, RELIABLE, |bounds| bounds.depth = 0),
    ] {
        assert!(!found.is_whole());
        assert_eq!(found.counterexample, None);
        assert_eq!(found.extent.states, 1, "the start is tried always");
    }
}

/// A bound is not met if there is nothing beyond it.
#[test]
fn an_exact_bound_is_not_reached() {
    let found = within(&bank(2), RELIABLE, |bounds| {
        bounds.states = NonZeroUsize::new(124).expect("not zero");
        bounds.depth = 8;
    });
    assert!(found.is_whole(), "{:?}", found.bound);
}

#[test]
fn an_interrupted_search_reports_its_extent() {
    let plan = Plan::new(RELIABLE, Processes::new(3), 7);
    let mut seen = Extent::default();
    let found = check(&bank(3), &plan, |extent| {
        seen = *extent;
        match extent.states >= 100 {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    assert_eq!(found.bound, Some(Bound::Interrupted));
    assert_eq!(found.extent, seen);
}
