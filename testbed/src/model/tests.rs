//! Exact numbers of states: one more or less, and an algorithm, the adapter or
//! the records that tell two states apart have changed.

use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use algorithms::bank::Bank;
use algorithms::chandy_lamport::ChandyLamport;

use super::{Checked, Network, check};
use crate::model::Action;
use crate::system::System;
use crate::system::snapshot::Snapshots;

const RELIABLE: Network = Network {
    fifo: true,
    lossy: false,
    duplicating: false,
};

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
        crashes: false,
        fifo: true,
        algorithm: PhantomData,
    }
}

fn all<S: System + 'static>(system: S, network: Network) -> Checked<Action> {
    let most = NonZeroUsize::new(1_000_000).expect("not zero");
    check(&Arc::new(system), network, 7, most)
}

#[test]
fn every_schedule_of_two_banks_is_found_and_right() {
    let found = all(bank(2), RELIABLE);
    assert_eq!((found.states, found.depth), (124, 9));
    assert!(found.whole);
    assert_eq!(found.counterexample, None);
    let example = found.example.expect("a snapshot with a full channel");
    assert!(example.contains(&Action::Command(0)), "{example:?}");
}

#[test]
fn without_order_the_shortest_wrong_way_is_found() {
    let network = Network {
        fifo: false,
        ..RELIABLE
    };
    let found = all(bank(2), network);
    let way = found.counterexample.expect("a marker that overtakes");
    let overtakes = |action: &Action| matches!(action, Action::Deliver(.., 1));
    assert!(way.iter().any(overtakes), "{way:?}");
}

#[test]
fn a_lost_marker_is_a_snapshot_that_never_ends() {
    let network = Network {
        lossy: true,
        ..RELIABLE
    };
    let found = all(bank(2), network);
    let way = found.counterexample.expect("an aborted snapshot");
    let lost = |action: &Action| matches!(action, Action::Lose(..));
    assert!(way.iter().any(lost), "{way:?}");
}

#[test]
fn what_does_not_fit_is_not_whole() {
    let most = NonZeroUsize::new(10).expect("not zero");
    let found = check(&Arc::new(bank(3)), RELIABLE, 7, most);
    assert!(!found.whole);
}
