use super::*;
use crate::checkers::by_hand::{ByHand, integer, list, text, violated};

const A: &str = "peer-00";
const B: &str = "peer-01";

const SECOND: u64 = 1_000_000_000;

fn terms() -> Terms {
    Terms {
        own: 1,
        accepted: 1,
        drains: true,
        gap: 3 * SECOND,
        rest: Some(10 * SECOND),
    }
}

fn at(run: &mut ByHand, node: &str, second: u64, links: &[&str], routes: &[&str]) {
    run.step(node).at_unix_nano = second * SECOND;
    run.state(node, [list("links", links), list("routes", routes)]);
}

/// Two nodes with a link, up to that second.
fn linked(last: u64) -> ByHand {
    let mut run = ByHand::new([A, B]);
    for second in [1, last] {
        at(
            &mut run,
            A,
            second,
            &["peer-01 own"],
            &["peer-01 via peer-01 at 1"],
        );
        at(
            &mut run,
            B,
            second,
            &["peer-00 accepted"],
            &["peer-00 via peer-00 at 1"],
        );
    }
    run
}

fn found(run: &ByHand) -> Findings {
    check(&run.history, &terms())
}

fn violations(run: &ByHand) -> Vec<String> {
    let found = found(run).properties;
    violated(&found).into_iter().map(str::to_owned).collect()
}

#[test]
fn two_nodes_with_a_link_are_right() {
    let run = linked(20);
    assert_eq!(violations(&run), [""; 0]);
    let found = found(&run);
    assert_eq!((found.reached, found.distance), ((2, 2), 2));
    let ends = found.properties.last().expect("a property");
    assert_eq!((ends.checked, ends.reason()), (2, None));
}

#[test]
fn a_run_that_ends_too_early_says_nothing_of_the_end() {
    let found = found(&linked(5));
    let ends = found.properties.last().expect("a property");
    assert!(
        ends.reason().is_some_and(|why| why.contains("--duration")),
        "{ends:?}"
    );
}

#[test]
fn a_node_that_is_cut_off_is_found() {
    let mut run = linked(20);
    at(&mut run, B, 21, &[], &[]);
    at(
        &mut run,
        A,
        23,
        &["peer-01 own"],
        &["peer-01 via peer-01 at 1"],
    );
    assert_eq!(violations(&run), [""; 0], "a gap of 2 s");
    at(&mut run, B, 24, &[], &[]);
    at(
        &mut run,
        A,
        25,
        &["peer-01 own"],
        &["peer-01 via peer-01 at 1"],
    );
    assert_eq!(violations(&run), ["all reach all in the end"]);
}

#[test]
fn too_many_links_are_found() {
    let mut run = linked(20);
    let links = ["peer-01 own", "peer-02 own drains"];
    at(&mut run, A, 21, &links, &["peer-01 via peer-01 at 1"]);
    assert_eq!(violations(&run), ["links are bounded"]);
}

#[test]
fn a_next_hop_without_a_link_is_found() {
    let mut run = linked(20);
    at(&mut run, A, 21, &[], &["peer-01 via peer-01 at 1"]);
    assert_eq!(violations(&run), ["next hops are links"]);
}

/// A closes its link to B, with a route over it or without, told by B or not.
fn closes(has_route: bool, is_told: bool) -> ByHand {
    let mut run = linked(20);
    let own = ["peer-01 own drains"];
    if is_told {
        let id = run.send(B, A, "DRAINED", []);
        run.receive(A, id);
        run.state(A, [list("links", &own), list("routes", &[])]);
    } else {
        at(&mut run, A, 21, &own, &[]);
    }
    if has_route {
        at(&mut run, A, 22, &own, &["peer-01 via peer-01 at 1"]);
    }
    run.step(A).at_unix_nano = 23 * SECOND;
    run.say(A, "Closed", [text("neighbour", B), text("why", "replaced")]);
    let routes: &[&str] = if has_route {
        &["peer-01 via peer-01 at 1"]
    } else {
        &[]
    };
    run.state(A, [list("links", &own), list("routes", routes)]);
    run
}

#[test]
fn a_link_that_still_serves_somebody_is_not_closed() {
    let name = "a link that is replaced serves nobody";
    for (has_route, is_told) in [(false, true), (true, true), (false, false)] {
        let is_wrong = violations(&closes(has_route, is_told)).contains(&name.to_owned());
        assert_eq!(is_wrong, has_route || !is_told, "{has_route} {is_told}");
    }
}

fn sends(run: &mut ByHand, number: i64) {
    run.say(
        A,
        "Sent",
        [integer("number", number), text("destination", B)],
    );
}

fn arrives(run: &mut ByHand, at: &str, number: i64) {
    let fields = [
        text("origin", A),
        integer("number", number),
        integer("hops", 1),
    ];
    run.say(at, "Delivered", fields);
}

#[test]
fn packets_end_once_and_where_they_should() {
    let mut run = linked(20);
    for number in 0..4 {
        sends(&mut run, number);
    }
    arrives(&mut run, B, 0);
    run.say(
        B,
        "Dropped",
        [
            text("origin", A),
            integer("number", 1),
            text("why", "no_route"),
        ],
    );
    assert_eq!(violations(&run), [""; 0]);
    let packets = found(&run).packets;
    assert_eq!((packets.sent, packets.delivered, packets.gone), (4, 1, 2));
    assert_eq!(packets.dropped["no_route"], 1);

    for (at, number) in [(B, 0), (A, 2), (B, 9)] {
        let mut wrong = linked(20);
        for number in 0..4 {
            sends(&mut wrong, number);
        }
        arrives(&mut wrong, B, 0);
        arrives(&mut wrong, at, number);
        let expected = ["a packet ends once, and where it should"];
        assert_eq!(violations(&wrong), expected, "{at} {number}");
    }
}
