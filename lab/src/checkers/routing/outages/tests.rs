//! Outages of one link of a triangle, by hand.

use trace::history::CrashRecord;

use super::*;
use crate::checkers::by_hand::{ByHand, list};

const A: &str = "peer-00";
const B: &str = "peer-01";
const C: &str = "peer-02";
const SECOND: u64 = 1_000_000_000;

fn at(run: &mut ByHand, node: &str, second: u64, routes: &[&str]) {
    run.step(node).at_unix_nano = second * SECOND;
    run.state(node, [list("routes", routes)]);
}

/// A triangle in which all reach all directly, from 1 s on.
fn triangle() -> ByHand {
    let mut run = ByHand::new([A, B, C]);
    at(
        &mut run,
        A,
        1,
        &["peer-01 via peer-01 at 1", "peer-02 via peer-02 at 1"],
    );
    at(
        &mut run,
        B,
        1,
        &["peer-00 via peer-00 at 1", "peer-02 via peer-02 at 1"],
    );
    at(
        &mut run,
        C,
        1,
        &["peer-00 via peer-00 at 1", "peer-01 via peer-01 at 1"],
    );
    run
}

/// The link of A and B is out in these seconds.
fn out(run: &mut ByHand, from: u64, until: Option<u64>) {
    run.history.partitions.push(PartitionRecord {
        group: vec![A.into()],
        others: vec![B.into()],
        at: from * SECOND,
        healed: until.map(|until| until * SECOND),
    });
}

/// A and B go over C from these seconds on.
fn around(run: &mut ByHand, [a, b]: [u64; 2]) {
    at(
        run,
        A,
        a,
        &["peer-01 via peer-02 at 2", "peer-02 via peer-02 at 1"],
    );
    at(
        run,
        B,
        b,
        &["peer-00 via peer-02 at 2", "peer-02 via peer-02 at 1"],
    );
}

fn seconds(times: Option<Summary>) -> Option<(u64, u64, u64)> {
    times.map(|times| {
        let whole = |nanos: u64| (nanos + SECOND / 2) / SECOND;
        (times.count, whole(times.min), whole(times.max))
    })
}

fn found(run: &ByHand) -> Outages {
    outages(&run.history).expect("an outage")
}

#[test]
fn without_an_outage_there_is_nothing_to_find() {
    assert_eq!(outages(&triangle().history), None);
}

#[test]
fn ways_that_lead_around_before_the_end_mask_an_outage() {
    let mut run = triangle();
    out(&mut run, 10, Some(50));
    around(&mut run, [14, 20]);
    at(&mut run, C, 60, &["peer-00 via peer-00 at 1"]);
    let found = found(&run);
    assert_eq!((found.all, found.unused, found.open), (1, 0, 0));
    assert_eq!((found.masked, found.judged(), found.lost), (1, 1, 0));
    assert_eq!(seconds(found.noticed), Some((2, 4, 10)));
    assert_eq!(seconds(found.restored), Some((2, 4, 10)));
    // Two ways for 40 s each, of which one was interrupted for 4 s and the other for 10 s.
    assert_eq!(found.interrupted, u128::from(14 * SECOND));
    assert_eq!(found.lasted, u128::from(80 * SECOND));
}

#[test]
fn a_way_that_is_not_restored_before_the_end_is_lost() {
    let mut run = triangle();
    out(&mut run, 10, Some(15));
    around(&mut run, [14, 20]);
    let found = found(&run);
    assert_eq!((found.masked, found.judged()), (0, 1));
    assert_eq!((found.lost, found.unnoticed), (1, 1));
    assert_eq!(found.interrupted, u128::from(9 * SECOND));
    assert_eq!(found.lasted, u128::from(10 * SECOND));
}

#[test]
fn a_way_without_a_next_hop_has_noticed_and_is_still_interrupted() {
    let mut run = triangle();
    out(&mut run, 10, Some(30));
    at(&mut run, A, 14, &["peer-02 via peer-02 at 1"]);
    at(
        &mut run,
        B,
        14,
        &["peer-00 via peer-02 at 2", "peer-02 via peer-02 at 1"],
    );
    at(&mut run, C, 40, &[]);
    let found = found(&run);
    assert_eq!(seconds(found.noticed), Some((2, 4, 4)));
    assert_eq!((found.masked, found.lost), (0, 1));
}

#[test]
fn what_the_next_one_does_not_pass_on_does_not_arrive() {
    // C goes over A to B, and A over C: nothing arrives until C has its own link again.
    let mut run = triangle();
    at(
        &mut run,
        C,
        2,
        &["peer-00 via peer-00 at 1", "peer-01 via peer-00 at 2"],
    );
    out(&mut run, 10, Some(50));
    around(&mut run, [14, 14]);
    at(
        &mut run,
        C,
        24,
        &["peer-00 via peer-00 at 1", "peer-01 via peer-01 at 1"],
    );
    at(&mut run, C, 60, &[]);
    let found = found(&run);
    assert_eq!((found.masked, found.lost), (1, 0));
    assert_eq!(seconds(found.restored), Some((2, 4, 14)));
}

#[test]
fn a_way_over_a_process_that_is_down_does_not_arrive() {
    let mut run = triangle();
    out(&mut run, 10, Some(50));
    run.history.crashes.push(CrashRecord {
        process: C.into(),
        at: 12 * SECOND,
        restarted: Some(30 * SECOND),
    });
    around(&mut run, [14, 14]);
    at(&mut run, C, 60, &[]);
    // The table of C is what it was.
    assert_eq!(seconds(found(&run).restored), Some((2, 20, 20)));
}

#[test]
fn outages_of_links_that_carry_nothing_and_those_that_go_on_do_not_count() {
    let mut run = triangle();
    around(&mut run, [5, 5]);
    out(&mut run, 10, Some(20));
    at(&mut run, A, 30, &["peer-01 via peer-01 at 1"]);
    out(&mut run, 40, None);
    at(&mut run, A, 50, &["peer-01 via peer-01 at 1"]);
    let found = found(&run);
    assert_eq!((found.all, found.unused, found.open), (2, 1, 1));
    assert_eq!((found.masked, found.judged()), (0, 0));
}
