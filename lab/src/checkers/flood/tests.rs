//! Runs written by hand.

use super::super::by_hand::{ByHand, Named, integer, text, vacuous, violated};
use super::*;

const A: &str = "peer-00";
const B: &str = "peer-01";
const C: &str = "peer-02";
const ID: &str = "peer-00/0";

fn id() -> [Named; 1] {
    [text("rumour", ID)]
}

fn hops(count: i64) -> [Named; 2] {
    [text("rumour", ID), integer("hops", count)]
}

/// A line, A - B - C.
fn line() -> Expected {
    Expected {
        degrees: [(A, 1), (B, 2), (C, 1)]
            .map(|(name, degree)| (name.to_owned(), degree))
            .into(),
        fanout: None,
        published: Some(1),
        reaches_all: true,
    }
}

/// A rumour of A goes down the line; C states that many hops.
fn stating(count: i64) -> ByHand {
    let mut run = up_to_b();
    let to_c = run.send(B, C, "RUMOUR", hops(2));
    run.receive(C, to_c);
    run.say(C, "Delivered", hops(count));
    run
}

fn up_to_b() -> ByHand {
    let mut run = ByHand::new([A, B, C]);
    run.say(A, "Published", id());
    let to_b = run.send(A, B, "RUMOUR", hops(1));
    run.receive(B, to_b);
    run.say(B, "Delivered", hops(1));
    run
}

/// The violations, each after its property's name.
fn wrong(run: &ByHand) -> Vec<String> {
    let properties = check(&run.history, &line());
    let wrong = |p: &Property| {
        let name = p.name;
        let tell = move |violation: &String| format!("{name}: {violation}");
        p.violations.iter().map(tell).collect::<Vec<_>>()
    };
    properties.iter().flat_map(wrong).collect()
}

#[test]
fn a_correct_flood_passes() {
    let properties = check(&stating(2).history, &line());
    assert_eq!(violated(&properties), [""; 0]);
    assert_eq!(vacuous(&properties), [""; 0]);
}

#[test]
fn a_wrong_hop_count_is_found() {
    let expected = "hops: peer-02 (step 1) states 3 hops of peer-00/0, but 2 messages carried it";
    assert_eq!(wrong(&stating(3)), [expected]);
}

#[test]
fn a_process_that_does_not_forward_is_found() {
    let expected = [
        "sent on once: peer-01 (step 1) has peer-00/0, and sends 0 copies to 0 others; \
         it should send 1 at once",
        "validity: peer-02 never delivers peer-00/0",
    ];
    assert_eq!(wrong(&up_to_b()), expected);
}

#[test]
fn a_fanout_may_miss_a_process() {
    let chance = Expected {
        fanout: Some(1),
        reaches_all: false,
        ..line()
    };
    let mut run = up_to_b();
    run.send(B, C, "RUMOUR", hops(2));
    assert_eq!(violated(&check(&run.history, &chance)), [""; 0]);
}

#[test]
fn a_second_delivery_is_found() {
    let mut run = stating(2);
    run.say(C, "Delivered", hops(2));
    let expected = "no duplication: peer-02 has peer-00/0 more than once: \
                    peer-02 (step 1), peer-02 (step 1)";
    assert_eq!(wrong(&run), [expected]);
}

#[test]
fn a_rumour_sent_back_is_found() {
    let mut run = up_to_b();
    let to_c = run.send(B, C, "RUMOUR", hops(2));
    run.send(B, A, "RUMOUR", hops(2));
    run.receive(C, to_c);
    run.say(C, "Delivered", hops(2));
    let expected = "sent on once: peer-01 (step 1) has peer-00/0, and sends 2 copies to 2 others, \
                    and back to peer-00; it should send 1 at once";
    assert_eq!(wrong(&run), [expected]);
}

#[test]
fn a_second_forwarding_is_found() {
    let mut run = stating(2);
    run.step(B);
    run.send(B, C, "RUMOUR", hops(2));
    let expected = "sent on once: peer-01 (step 1) has peer-00/0, and sends 2 copies to 1 others; \
                    it should send 1 at once";
    assert_eq!(wrong(&run), [expected]);
}

#[test]
fn an_invented_rumour_is_found() {
    let mut run = stating(2);
    run.history.processes.get_mut(A).unwrap()[0]
        .events
        .remove(0);
    let wrong = wrong(&run);
    let expected = "no creation: peer-01 (step 1) delivers peer-00/0, which no process published";
    assert_eq!(wrong[0], expected);
    let expected = "cause: peer-01 (step 1) delivers peer-00/0, \
                    but peer-00 sent a copy when it had not just got it";
    assert!(wrong.contains(&expected.to_owned()), "{wrong:?}");
    let expected = "all published: 0 of 1 are";
    assert!(wrong.contains(&expected.to_owned()), "{wrong:?}");
}

#[test]
fn a_second_origin_is_found() {
    let mut run = stating(2);
    run.step(B);
    run.say(B, "Published", id());
    let wrong = wrong(&run);
    let expected = "no creation: peer-00/0 is published not by peer-00 once, \
                    but by peer-00 (step 1), peer-01 (step 2)";
    assert_eq!(wrong[0], expected);
}

#[test]
fn a_delivery_without_a_sender_is_found() {
    let mut run = stating(2);
    run.history.processes.get_mut(C).unwrap()[0].received = None;
    let expected = [
        "cause: peer-02 (step 1) delivers peer-00/0, but peer-02 (step 1) got no copy",
        "cause: peer-02 (step 1) delivers peer-00/0, and cannot know that it was published",
    ];
    assert_eq!(wrong(&run)[..2], expected);
    // Or no step sent the copy that C received.
    let mut run = stating(2);
    run.history.processes.get_mut(B).unwrap()[0].events.pop();
    let expected = "cause: peer-02 (step 1) delivers peer-00/0, \
                    but no step records that peer-01 sent the copy";
    assert_eq!(wrong(&run)[0], expected);
}

#[test]
fn a_run_without_rumours_is_found() {
    let run = ByHand::new([A, B, C]);
    let expected = [
        "something is delivered: no process delivers anything",
        "all published: 0 of 1 are",
    ];
    assert_eq!(wrong(&run), expected);
}
