use trace::history::CrashRecord;

use super::*;
use crate::checkers::by_hand::{ByHand, Named, flag, integer, list, text, vacuous, violated};

const A: &str = "peer-00";
const B: &str = "peer-01";
const C: &str = "peer-02";

/// What the nodes promise; their states say their ids.
const fn terms(nearer: bool) -> Terms {
    Terms {
        ids: BTreeMap::new(),
        table: 2,
        nearer,
    }
}

const KEY: &str = "00000000000000f0";

/// The ids of A, B and C. B is the nearest to the key, and then C.
fn id(node: &str) -> &'static str {
    match node {
        A => "0000000000000001",
        B => "00000000000000f1",
        _ => "00000000000000e0",
    }
}

fn state(run: &mut ByHand, node: &str, table: &[&str]) {
    run.state(node, [text("id", id(node)), list("table", table)]);
}

fn message() -> Named {
    text("message", "0/0")
}

fn routed(key: &str) -> [Named; 2] {
    [message(), text("key", key)]
}

fn answer(nearest: &str) -> [Named; 3] {
    [
        message(),
        text("nearest", nearest),
        flag("cut_short", false),
    ]
}

/// A sends a message to C, which forwards it to B. It ends there.
fn good() -> ByHand {
    let mut run = ByHand::new([A, B, C]);
    run.step(A);
    run.say(A, "Sent", routed(KEY));
    let first = run.send(A, C, "ROUTE", routed(KEY));
    state(&mut run, A, &[C]);
    run.receive(C, first);
    let second = run.send(C, B, "ROUTE", routed(KEY));
    state(&mut run, C, &[A, B]);
    run.receive(B, second);
    let end = run.send(B, C, "ANSWER", answer(B));
    state(&mut run, B, &[A, C]);
    run.receive(C, end);
    let end = run.send(C, A, "ANSWER", answer(B));
    state(&mut run, C, &[A, B]);
    run.receive(A, end);
    nearest(&mut run, "Nearest", B);
    run
}

fn nearest(run: &mut ByHand, kind: &'static str, at: &str) {
    run.say(A, kind, [message(), text("at", at), integer("hops", 2)]);
    state(run, A, &[C]);
}

#[track_caller]
fn violates(run: &ByHand, property: &str, part: &str) {
    let properties = check(&run.history, &terms(true));
    assert_eq!(violated(&properties), [property]);
    let wrong: Vec<_> = properties.iter().flat_map(|one| &one.violations).collect();
    assert!(wrong.len() == 1 && wrong[0].contains(part), "{wrong:?}");
}

#[test]
fn a_right_run_passes() {
    let properties = check(&good().history, &terms(true));
    assert_eq!(violated(&properties), [""; 0]);
    let expected = [
        "delivered is what has reached its key",
        "an entry that does not answer leaves the table",
    ];
    assert_eq!(vacuous(&properties), expected);
    let found = outcomes(&good().history, &terms(true));
    assert_eq!((found.sent, found.reached, found.delivered), (1, 1, 0));
    assert_eq!(found.hops.map(|hops| hops.p50), Some(2));
    assert_eq!((found.entries, found.stale), (1, 0));
    assert_eq!(
        found.tables.map(|tables| (tables.min, tables.max)),
        Some((1, 2))
    );
}

#[test]
fn two_nodes_with_an_id_are_found() {
    let mut run = good();
    run.state(B, [text("id", id(A))]);
    let properties = check(&run.history, &terms(true));
    assert!(violated(&properties).contains(&"ids differ"));
}

#[test]
fn wrong_tables_are_found() {
    let name = "a table is no larger than its bound";
    for (table, part) in [
        (
            &[B, C, "peer-03"][..],
            "peer-00 (step 3) has 3 entries of at most 2",
        ),
        (&[B, B], "peer-00 (step 3)"),
        (&[A], "peer-00 (step 3)"),
    ] {
        let mut run = good();
        run.step(A);
        state(&mut run, A, table);
        violates(&run, name, part);
    }
}

#[test]
fn a_hop_to_a_node_that_is_no_nearer_is_found() {
    let mut run = good();
    run.step(B);
    run.send(B, C, "ROUTE", routed(KEY));
    state(&mut run, B, &[C]);
    let part = "peer-01 (step 2) forwards 0/0 for 00000000000000f0 to peer-02, which is no nearer";
    violates(&run, "each hop is nearer to the key", part);
    assert_eq!(violated(&check(&run.history, &terms(false))), [""; 0]);
}

#[test]
fn a_node_that_takes_a_message_again_is_found() {
    let mut run = good();
    run.receive(B, 1);
    run.send(B, C, "ANSWER", answer(B));
    state(&mut run, B, &[A, C]);
    let name = "no message passes a node twice";
    violates(
        &run,
        name,
        "peer-01 takes 0/0 in step 1, and again in step 2",
    );
    // One that only acknowledges it does not take it, and one that restarted has forgotten it.
    let mut acknowledged = good();
    acknowledged.receive(B, 1);
    acknowledged.send(B, C, "TAKEN", [message()]);
    assert_eq!(
        violated(&check(&acknowledged.history, &terms(true))),
        [""; 0]
    );
    let steps = run.history.processes.get_mut(B).unwrap();
    steps[1].restarts = true;
    assert_eq!(violated(&check(&run.history, &terms(true))), [""; 0]);
}

#[test]
fn a_local_minimum_that_is_called_delivered_is_found() {
    let mut run = good();
    let steps = run.history.processes.get_mut(A).unwrap();
    steps.last_mut().unwrap().events.clear();
    nearest(&mut run, "Delivered", B);
    let part = "peer-00 (step 2) says that 0/0 for 00000000000000f0 is delivered at peer-01, which has another id";
    violates(&run, "delivered is what has reached its key", part);
}

#[test]
fn an_end_where_the_message_never_was_is_found() {
    let mut run = ByHand::new([A, B, C]);
    run.step(A);
    run.say(A, "Sent", routed(KEY));
    nearest(&mut run, "Nearest", B);
    state(&mut run, C, &[]);
    state(&mut run, B, &[]);
    violates(
        &run,
        "a message ends where it has been",
        "has ended at peer-01, which never took it",
    );
}

#[test]
fn an_end_although_a_nearer_entry_was_known_is_found() {
    let mut run = ByHand::new([A, B, C]);
    run.step(A);
    run.say(A, "Sent", routed(KEY));
    run.say(A, "Nearest", [message(), text("at", A)]);
    state(&mut run, A, &[C]);
    state(&mut run, C, &[]);
    state(&mut run, B, &[]);
    let name = "nothing nearer was known where it ended";
    violates(
        &run,
        name,
        "which names peer-00, and knows peer-02, which is nearer",
    );
    assert_eq!(
        (
            outcomes(&run.history, &terms(true)).missed,
            outcomes(&run.history, &terms(true)).reached
        ),
        (1, 0)
    );
}

/// What a node learns after an ending, it did not know then.
#[test]
fn an_answer_that_is_repeated_is_no_further_ending() {
    let mut run = ByHand::new([A, B, C]);
    run.step(A);
    run.say(A, "Sent", routed(KEY));
    let first = run.send(A, C, "ROUTE", routed(KEY));
    state(&mut run, A, &[C]);
    state(&mut run, B, &[]);
    run.receive(C, first);
    run.send(C, A, "ANSWER", answer(C));
    state(&mut run, C, &[A]);
    run.step(C).timer = Some("hop".into());
    let end = run.send(C, A, "ANSWER", answer(C));
    state(&mut run, C, &[A, B]);
    run.receive(A, end);
    nearest(&mut run, "Nearest", C);
    assert_eq!(violated(&check(&run.history, &terms(true))), [""; 0]);
}

#[test]
fn a_silent_entry_that_stays_is_found() {
    let silent = |table: &[&str]| {
        let mut run = ByHand::new([A, B, C]);
        run.step(A);
        run.say(A, "Sent", routed(KEY));
        run.send(A, B, "ROUTE", routed(KEY));
        state(&mut run, A, &[B, C]);
        run.step(A).timer = Some("hop".into());
        run.send(A, C, "ROUTE", routed(KEY));
        state(&mut run, A, table);
        run.say(A, "Late", [message()]);
        state(&mut run, B, &[]);
        state(&mut run, C, &[]);
        run
    };
    let name = "an entry that does not answer leaves the table";
    let part = "peer-00 (step 2) forwards 0/0 to peer-02, since peer-01 does not answer, and keeps peer-01";
    violates(&silent(&[B, C]), name, part);
    assert_eq!(
        violated(&check(&silent(&[C]).history, &terms(true))),
        [""; 0]
    );
    assert_eq!(outcomes(&silent(&[C]).history, &terms(true)).late, 1);
}

#[test]
fn a_missing_or_a_second_ending_is_found() {
    let name = "each message has one ending";
    let mut run = good();
    nearest(&mut run, "Nearest", B);
    violates(&run, name, "peer-00 learns 2 times what has become of 0/0");
    let mut run = good();
    let steps = run.history.processes.get_mut(A).unwrap();
    steps.truncate(1);
    violates(&run, name, "peer-00 learns 0 times");
    run.crash(A);
    assert_eq!(violated(&check(&run.history, &terms(true))), [""; 0]);
}

/// A node that takes no step is known all the same.
#[test]
fn ids_that_no_state_has_are_those_of_the_terms() {
    let mut run = ByHand::new([A, B, C]);
    run.step(A);
    run.say(A, "Sent", routed(KEY));
    run.say(A, "Nearest", [message(), text("at", A)]);
    state(&mut run, A, &[]);
    let number = |node| u64::from_str_radix(id(node), 16).unwrap();
    let ids = [(A, 0xff), (B, number(B)), (C, number(C))];
    let all = Terms {
        ids: ids.map(|(node, id)| (node.to_owned(), id)).into(),
        ..terms(true)
    };
    assert_eq!(violated(&check(&run.history, &all)), [""; 0]);
    assert_eq!(outcomes(&run.history, &all).missed, 1);
    assert_eq!(outcomes(&run.history, &terms(true)).reached, 1);
}

/// B is the nearest, and is down for some time.
#[test]
fn the_oracle_decides_only_what_is_certain() {
    // The message sets off at 10, and ends at C at 20.
    let found = |down: Option<(u64, Option<u64>)>| {
        let mut run = ByHand::new([A, B, C]);
        run.step(A).at_unix_nano = 10;
        run.say(A, "Sent", routed(KEY));
        state(&mut run, A, &[C]);
        run.step(A).at_unix_nano = 20;
        run.say(A, "Nearest", [message(), text("at", C), integer("hops", 1)]);
        state(&mut run, A, &[B]);
        state(&mut run, B, &[]);
        state(&mut run, C, &[]);
        run.history
            .crashes
            .extend(down.map(|(at, restarted)| CrashRecord {
                process: B.into(),
                at,
                restarted,
            }));
        let found = outcomes(&run.history, &terms(true));
        ([found.reached, found.missed, found.undecided], found.stale)
    };
    for (down, expected) in [
        (None, ([0, 1, 0], 0)),
        (Some((5, None)), ([1, 0, 0], 1)),
        (Some((5, Some(30))), ([1, 0, 0], 1)),
        (Some((5, Some(15))), ([0, 0, 1], 0)),
        (Some((15, Some(30))), ([0, 0, 1], 1)),
        (Some((2, Some(5))), ([0, 1, 0], 0)),
        (Some((25, None)), ([0, 1, 0], 0)),
    ] {
        assert_eq!(found(down), expected, "{down:?}");
    }
}
