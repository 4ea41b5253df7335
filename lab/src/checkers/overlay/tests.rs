use super::*;
use crate::checkers::by_hand::{ByHand, integer, list, text, violated};

const A: &str = "peer-00";
const B: &str = "peer-01";

const SECOND: u64 = 1_000_000_000;

fn terms() -> Terms {
    let names = [A, B].map(str::to_owned);
    let others = [(A, B), (B, A)].map(|(one, other)| (one.to_owned(), [other.to_owned()].into()));
    Terms {
        own: 1,
        accepted: 1,
        hidden: BTreeSet::new(),
        drains: true,
        registry: A.to_owned(),
        times: Some(Times {
            joined: 10 * SECOND,
            rest: 10 * SECOND,
            gap: 3 * SECOND,
        }),
        routing: routing::Terms {
            neighbours: others.into(),
            destinations: names.into(),
            hops: true,
            fifo: true,
            goes_out: false,
            times: Some(routing::Intervals {
                watch: None,
                table: None,
                gather: Duration::ZERO,
                ask: Duration::ZERO,
            }),
        },
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
fn a_node_behind_a_nat_accepts_no_link() {
    let hidden = |name: &str| Terms {
        hidden: [name.to_owned()].into(),
        ..terms()
    };
    let run = linked(20).history;
    let holds = |terms: &Terms| check(&run, terms).properties[0].holds();
    assert!(holds(&hidden(A)), "its link is its own");
    assert!(!holds(&hidden(B)), "it has accepted one");
}

#[test]
fn a_next_hop_without_a_link_is_found() {
    let mut run = linked(20);
    at(&mut run, A, 21, &[], &["peer-01 via peer-01 at 1"]);
    assert_eq!(violations(&run), ["next hops are links"]);
}

#[test]
fn what_the_overlay_cannot_repair_is_not_required() {
    let mut lone = linked(20);
    at(&mut lone, B, 21, &[], &[]);
    at(
        &mut lone,
        A,
        25,
        &["peer-01 own"],
        &["peer-01 via peer-01 at 1"],
    );
    let reason = |run: &ByHand| {
        let found = found(run).properties;
        let ends = found.last().expect("a property");
        assert!(ends.holds(), "{ends:?}");
        ends.reason().unwrap_or_default().to_owned()
    };
    // A message that never comes, between nodes that are there.
    let mut lossy = linked(20);
    lossy.send(B, A, "HELLO", []);
    at(&mut lossy, B, 21, &[], &[]);
    at(
        &mut lossy,
        A,
        25,
        &["peer-01 own"],
        &["peer-01 via peer-01 at 1"],
    );
    assert!(
        reason(&lossy).contains("lost until the end"),
        "{}",
        reason(&lossy)
    );
    // Without the registry, islands are not reconnected.
    lone.crash(A);
    assert!(
        reason(&lone).contains("the registry, stopped"),
        "{}",
        reason(&lone)
    );
}

/// A closes its link to B. `others`: its routes after that. `is_told`: whether B has said that it
/// has none over the link.
fn closes(others: &[&str], is_told: bool) -> ByHand {
    let mut run = linked(20);
    let own = ["peer-01 own drains"];
    let routes = ["peer-01 via peer-01 at 1"];
    if is_told {
        let id = run.send(B, A, "DRAINED", []);
        run.receive(A, id);
        run.state(A, [list("links", &own), list("routes", &routes)]);
    } else {
        at(&mut run, A, 21, &own, &routes);
    }
    run.step(A).at_unix_nano = 23 * SECOND;
    run.say(A, "Closed", [text("neighbour", B), text("why", "replaced")]);
    run.state(A, [list("links", &["peer-02 own"]), list("routes", others)]);
    run
}

#[test]
fn a_link_that_still_serves_somebody_is_not_closed() {
    let name = "no route leads over a replaced link".to_owned();
    let other = &["peer-01 via peer-02 at 2"][..];
    for (others, is_told) in [(other, true), (other, false), (&[], true)] {
        let is_wrong = violations(&closes(others, is_told)).contains(&name);
        assert_eq!(
            is_wrong,
            others.is_empty() || !is_told,
            "{others:?} {is_told}"
        );
    }
}

/// What the neighbour itself takes back in the same step is not lost by the closing.
#[test]
fn a_route_that_the_neighbour_takes_back_is_not_lost_by_the_closing() {
    let mut run = closes(&["peer-01 via peer-02 at 2"], true);
    let steps = run.history.processes.get_mut(A).expect("a process");
    steps.pop();
    let update = run.send(B, A, "UPDATE", []);
    run.receive(A, update);
    run.say(A, "Closed", [text("neighbour", B), text("why", "replaced")]);
    run.state(A, [list("links", &["peer-02 own"]), list("routes", &[])]);
    let name = "no route leads over a replaced link".to_owned();
    assert!(!violations(&run).contains(&name));
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

/// The network may make a second message of one.
#[test]
fn a_packet_that_the_network_doubles_may_arrive_twice() {
    for is_doubled in [true, false] {
        let mut run = linked(20);
        sends(&mut run, 7);
        let fields = || [text("origin", A), integer("number", 7)];
        let packet = run.send(A, B, "PACKET", fields());
        let again = if is_doubled {
            packet
        } else {
            run.send(A, B, "PACKET", fields())
        };
        for id in [packet, again] {
            run.receive(B, id);
            arrives(&mut run, B, 7);
            run.state(
                B,
                [
                    list("links", &["peer-00 accepted"]),
                    list("routes", &["peer-00 via peer-00 at 1"]),
                ],
            );
        }
        let name = "a packet ends once, and where it should".to_owned();
        assert_eq!(violations(&run).contains(&name), !is_doubled);
    }
}
