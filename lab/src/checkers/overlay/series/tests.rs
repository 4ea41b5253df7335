//! Intervals of 5 s, by hand.

use trace::history::{CrashRecord, PartitionRecord};

use super::*;
use crate::checkers::by_hand::{ByHand, flag, integer, list, text};
use crate::checkers::routing;

const A: &str = "peer-00";
const B: &str = "peer-01";
const C: &str = "peer-02";
const SECOND: u64 = 1_000_000_000;

fn at(run: &mut ByHand, node: &str, second: u64, routes: &[&str]) {
    run.step(node).at_unix_nano = second * SECOND;
    run.state(node, [list("routes", routes)]);
}

/// A line of which B is in the middle, at that second.
fn line(run: &mut ByHand, second: u64) {
    let a = ["peer-01 via peer-01 at 1", "peer-02 via peer-01 at 2"];
    let b = ["peer-00 via peer-00 at 1", "peer-02 via peer-02 at 1"];
    let c = ["peer-00 via peer-01 at 2", "peer-01 via peer-01 at 1"];
    for (node, routes) in [(A, a), (B, b), (C, c)] {
        at(run, node, second, &routes);
    }
}

/// The same from 0 s to 20 s.
fn lasting() -> ByHand {
    let mut run = ByHand::new([A, B, C]);
    for second in [0, 20] {
        line(&mut run, second);
    }
    run
}

fn out(run: &mut ByHand, ends: [&str; 2], from: u64, until: Option<u64>) {
    let [group, others] = ends.map(|end| vec![end.into()]);
    run.history.partitions.push(PartitionRecord {
        group,
        others,
        at: from * SECOND,
        healed: until.map(|until| until * SECOND),
    });
}

fn found(run: &ByHand) -> Vec<Interval> {
    let outages = routing::outages(&run.history).unwrap_or_default();
    series(&run.history, &outages.used, Duration::from_secs(5))
}

/// The share of pairs that are connected in each interval, in percent, and the mean distance.
fn connected(run: &ByHand) -> Vec<(u64, Option<f64>)> {
    let rows = found(run).into_iter();
    let percent = |share: Option<f64>| (share.unwrap_or(0.0) * 100.0).round() as u64;
    rows.map(|row| (percent(row.pairs_connected), row.mean_distance))
        .collect()
}

#[test]
fn a_run_without_steps_and_one_without_refreshes_have_no_intervals() {
    let empty = ByHand::new([A, B]);
    assert_eq!(found(&empty), []);
    assert_eq!(series(&lasting().history, &[], Duration::ZERO), []);
}

#[test]
fn the_rest_of_a_run_is_an_interval_if_it_is_long_enough() {
    for (last, times) in [
        (3, vec![(0.0, 1.0)]),
        (9, vec![(0.0, 7.0)]),
        (14, vec![(0.0, 5.0), (5.0, 12.0)]),
        (15, vec![(0.0, 5.0), (5.0, 10.0), (10.0, 13.0)]),
    ] {
        let mut run = ByHand::new([A]);
        at(&mut run, A, 2, &[]);
        at(&mut run, A, last, &[]);
        let rows = found(&run).into_iter();
        let found: Vec<_> = rows
            .map(|row| (row.from_seconds, row.until_seconds))
            .collect();
        assert_eq!(found, times, "{last}");
    }
}

#[test]
fn a_long_run_has_longer_intervals() {
    let mut run = ByHand::new([A]);
    at(&mut run, A, 0, &[]);
    at(&mut run, A, 12_500, &[]);
    let rows = found(&run);
    let times = rows.last().map(|row| (row.from_seconds, row.until_seconds));
    assert_eq!((rows.len(), times), (833, Some((12_480.0, 12_500.0))));
}

#[test]
fn outputs_count_in_their_intervals_by_their_reasons() {
    let mut run = lasting();
    let closed = |why| ("Closed", vec![text("neighbour", B), text("why", why)]);
    let dropped = |why| ("Dropped", vec![text("origin", B), text("why", why)]);
    for (second, (kind, fields)) in [
        (21, ("Opened", vec![flag("own", true)])),
        (22, ("Opened", vec![flag("own", false)])),
        (23, closed("replaced")),
        (24, closed("silent")),
        (26, closed("other")),
        (27, closed("elsewise")),
        (27, ("Sent", vec![integer("number", 1)])),
        (28, ("Delivered", vec![integer("number", 1)])),
        (29, dropped("no_route")),
    ] {
        at(&mut run, A, second, &[]);
        run.say(A, kind, fields);
    }
    let packet = run.send(B, A, "PACKET", [integer("data.size", 700)]);
    run.receive(A, packet);
    run.say(A, "Dropped", dropped("no_link").1);
    run.history.processes.values_mut().for_each(|steps| {
        let last = steps.last_mut().filter(|step| step.received.is_some());
        last.into_iter()
            .for_each(|step| step.at_unix_nano = 30 * SECOND);
    });
    let rows = found(&run);
    assert_eq!(rows.len(), 6);
    let (before, last) = (&rows[4], &rows[5]);
    assert_eq!((before.links_opened, before.links_closed), (1, 2));
    assert_eq!((before.closed_replaced, before.closed_silent), (1, 1));
    assert_eq!((last.links_closed, last.closed_other), (2, 1));
    assert_eq!((last.packets_sent, last.packets_delivered), (1, 1));
    assert_eq!((last.packets_dropped, last.lost_at_closes_bytes), (2, 700));
    assert_eq!((last.dropped_no_route, last.dropped_no_link), (1, 1));
    assert_eq!(rows[0].links_closed + rows[0].packets_sent, 0);
}

#[test]
fn overhead_is_what_a_peer_receives_beside_packets() {
    let mut run = lasting();
    for (kind, size) in [("HELLO", 60), ("HELLO", 90), ("PACKET", 999)] {
        let id = run.send(A, B, kind, []);
        run.receive(B, id);
        let steps = run.history.processes.get_mut(B).expect("a process");
        let step = steps.last_mut().expect("just received");
        step.at_unix_nano = 22 * SECOND;
        step.received.as_mut().expect("just received").size = Some(size);
    }
    line(&mut run, 25);
    let rates = found(&run).into_iter();
    let rates: Vec<_> = rates.map(|row| row.overhead_bytes_per_second).collect();
    assert_eq!(rates, [0.0, 0.0, 0.0, 0.0, 10.0]);
}

#[test]
fn pairs_are_connected_over_next_hops() {
    let mut run = lasting();
    assert_eq!(connected(&run), [(100, Some(4.0 / 3.0)); 4]);
    // Two nodes take each other's route to a third one.
    at(
        &mut run,
        B,
        22,
        &["peer-00 via peer-00 at 1", "peer-02 via peer-00 at 3"],
    );
    at(&mut run, B, 25, &[]);
    at(&mut run, A, 29, &[]);
    at(&mut run, A, 31, &[]);
    // C still reaches B, and B no one.
    let tail = &connected(&run)[4..];
    assert_eq!(tail, [(67, Some(1.25)), (17, Some(1.0))]);
}

#[test]
fn what_lies_beyond_a_link_that_is_out_is_not_connected() {
    let mut run = lasting();
    out(&mut run, [A, B], 2, Some(8));
    out(&mut run, [B, C], 9, Some(10));
    out(&mut run, [A, C], 12, None);
    let all = (100, Some(4.0 / 3.0));
    let without = (33, Some(1.0));
    assert_eq!(connected(&run), [without, without, all, all]);
}

#[test]
fn peers_that_are_down_are_no_peers() {
    let mut run = lasting();
    run.history.crashes.push(CrashRecord {
        process: B.into(),
        at: 6 * SECOND,
        restarted: Some(12 * SECOND),
    });
    let peers: Vec<_> = found(&run).iter().map(|row| row.peers).collect();
    assert_eq!(peers, [3, 2, 3, 3]);
    let all = (100, Some(4.0 / 3.0));
    assert_eq!(connected(&run), [all, (0, None), all, all]);
}

/// A goes over C from the first second on, and B from the second one.
fn around(run: &mut ByHand, [a, b]: [u64; 2]) {
    let over = ["peer-01 via peer-02 at 2", "peer-02 via peer-02 at 1"];
    at(run, A, a, &over);
    let over = ["peer-00 via peer-02 at 2", "peer-02 via peer-02 at 1"];
    at(run, B, b, &over);
}

/// A triangle in which all reach all directly from 0 s on.
fn triangle() -> ByHand {
    let mut run = ByHand::new([A, B, C]);
    let routes = |of: [&str; 2]| of.map(|to| format!("{to} via {to} at 1"));
    for (node, others) in [(A, [B, C]), (B, [A, C]), (C, [A, B])] {
        let [one, other] = routes(others);
        at(&mut run, node, 0, &[&one, &other]);
    }
    run
}

/// The outages of each interval, and how many were masked. Together they are those of the whole run.
fn outages(run: &ByHand) -> Vec<(u64, u64)> {
    let rows = found(run);
    let whole = routing::outages(&run.history).expect("an outage");
    let sum = |of: fn(&Interval) -> u64| rows.iter().map(of).sum::<u64>();
    let sums = (sum(|row| row.outages), sum(|row| row.outages_masked));
    assert_eq!(sums, (whole.judged(), whole.masked));
    let noticed: usize = whole.used.iter().map(|outage| outage.noticed.len()).sum();
    assert_eq!(noticed as u64, whole.noticed.map_or(0, |all| all.count));
    let rows = rows.iter();
    rows.map(|row| (row.outages, row.outages_masked)).collect()
}

#[test]
fn outages_count_where_they_began() {
    let mut run = triangle();
    out(&mut run, [A, B], 6, Some(14));
    around(&mut run, [8, 12]);
    at(&mut run, C, 20, &["peer-00 via peer-00 at 1"]);
    assert_eq!(outages(&run), [(0, 0), (1, 1), (0, 0), (0, 0)]);
    let rows = found(&run);
    let noticed: Vec<_> = rows.iter().map(|row| row.detection_p50_seconds).collect();
    assert_eq!(noticed, [None, Some(4.0), None, None]);
}

#[test]
fn outages_are_masked_as_in_the_whole_run() {
    let down = |restarted: Option<u64>| CrashRecord {
        process: C.into(),
        at: 7 * SECOND,
        restarted: restarted.map(|at| at * SECOND),
    };
    for (name, b, until, crash, judged) in [
        ("B is too late", 12, Some(10), None, (1, 0)),
        ("B is just in time", 9, Some(10), None, (1, 1)),
        ("masked, and it goes on", 12, None, None, (1, 1)),
        ("not masked, and it goes on", 40, None, None, (0, 0)),
        ("C is down", 9, Some(15), Some(down(None)), (1, 0)),
        ("C comes back", 9, Some(15), Some(down(Some(11))), (1, 1)),
    ] {
        let mut run = triangle();
        out(&mut run, [A, B], 6, until);
        around(&mut run, [8, b]);
        let is_over = |step: &StepRecord| step.at_unix_nano > 30 * SECOND;
        let steps = run.history.processes.get_mut(B).expect("a process");
        steps.retain(|step| !is_over(step));
        // By then nothing leads over the link.
        if b < 30 {
            out(&mut run, [A, B], 18, Some(19));
        }
        run.history.crashes.extend(crash);
        at(&mut run, C, 20, &["peer-00 via peer-00 at 1"]);
        assert_eq!(outages(&run)[1], judged, "{name}");
    }
}

#[test]
fn what_the_next_one_does_not_pass_on_is_not_masked() {
    // C goes over A to B, and A over C, until C has its own link.
    for (back, masked) in [(9, 1), (16, 0)] {
        let mut run = triangle();
        let over = ["peer-00 via peer-00 at 1", "peer-01 via peer-00 at 2"];
        at(&mut run, C, 1, &over);
        out(&mut run, [A, B], 6, Some(14));
        around(&mut run, [8, 8]);
        let own = ["peer-00 via peer-00 at 1", "peer-01 via peer-01 at 1"];
        at(&mut run, C, back, &own);
        at(&mut run, C, 20, &own);
        assert_eq!(outages(&run)[1], (1, masked), "{back}");
    }
}
