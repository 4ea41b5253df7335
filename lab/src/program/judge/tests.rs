//! The judges, with histories that are written by hand.

use serde_json::{Value, json};
use trace::history::History;
use trace::steps::RequestRecord;

use super::check;
use crate::checkers::Outcome;
use crate::checkers::Property;
use crate::checkers::by_hand::{ByHand, integer, text};
use crate::program::operation;
use crate::program::roster::Roster;
use crate::program::workload::{Consistency, Workload};

const ROSTER: Roster = Roster {
    programs: 2,
    clients: 2,
};

/// Their clients.
const CLIENTS: [&str; 2] = ["peer-02", "peer-03"];

/// A history of operations under construction.
struct Run {
    by_hand: ByHand,
    /// The number of the last operation, and the time of the last step.
    number: i64,
    now: u64,
}

impl Run {
    fn new() -> Self {
        Self {
            by_hand: ByHand::new(CLIENTS),
            number: 1,
            now: 0,
        }
    }

    /// A client asks for that; returns the operation.
    fn ask(&mut self, client: usize, body: &Value) -> (usize, i64) {
        self.number += 1;
        self.now += 10;
        let step = self.by_hand.step(CLIENTS[client]);
        step.at_unix_nano = self.now;
        let fields = [
            integer("number", self.number),
            text("body", &body.to_string()),
        ];
        step.request = Some(RequestRecord {
            operation: "Ask".into(),
            fields: fields.into_iter().collect(),
        });
        (client, self.number)
    }

    fn answer(&mut self, (client, number): (usize, i64), body: &Value) {
        self.now += 10;
        self.by_hand.step(CLIENTS[client]).at_unix_nano = self.now;
        let body = text("body", &body.to_string());
        let fields = [integer("number", number), body];
        self.by_hand.say(CLIENTS[client], "Answered", fields);
    }

    /// A client asks for that, and is answered.
    fn done(&mut self, client: usize, asked: &Value, answer: &Value) {
        let operation = self.ask(client, asked);
        self.answer(operation, answer);
    }

    fn judge(&self, workload: Workload) -> Vec<Property> {
        judge(
            workload,
            Consistency::StrictSerializable,
            &self.by_hand.history,
        )
    }
}

fn judge(workload: Workload, consistency: Consistency, history: &History) -> Vec<Property> {
    let operations = operation::read(history, ROSTER);
    check(workload, consistency, &operations, history, ROSTER).0
}

/// What is known of the property of that name.
fn outcome(properties: &[Property], name: &str) -> Outcome {
    let found = properties.iter().find(|property| property.name == name);
    found.expect(name).outcome()
}

/// The outcome in a run that came to its end, and in one that did not.
fn outcomes(mut run: Run, workload: Workload, name: &str) -> [Outcome; 2] {
    let ended = outcome(&run.judge(workload), name);
    run.by_hand.history.unfinished = Some("it was interrupted".into());
    [ended, outcome(&run.judge(workload), name)]
}

#[test]
fn a_set_lacks_what_was_acknowledged_before_its_last_read() {
    let name = "nothing that was acknowledged is lost";
    let broadcast = json!({ "type": "broadcast", "message": 1 });
    let acknowledged = json!({ "type": "broadcast_ok" });
    let read = json!({ "type": "read" });
    let nothing = json!({ "type": "read_ok", "messages": [] });

    let mut run = Run::new();
    run.done(0, &broadcast, &acknowledged);
    run.done(1, &read, &nothing);
    run.done(0, &read, &json!({ "type": "read_ok", "messages": [1] }));
    let lost = [Outcome::Violated, Outcome::Unknown];
    assert_eq!(outcomes(run, Workload::Broadcast, name), lost);

    // The acknowledgement came after the last read had begun.
    let mut run = Run::new();
    let adding = run.ask(0, &broadcast);
    let reading = run.ask(1, &read);
    run.answer(adding, &acknowledged);
    run.answer(reading, &nothing);
    run.done(0, &read, &json!({ "type": "read_ok", "messages": [1] }));
    let held = outcomes(run, Workload::Broadcast, name);
    assert_eq!(held, [Outcome::Holds, Outcome::Holds]);
}

#[test]
fn a_swap_that_finds_no_key_has_read_that_there_is_none() {
    let name = "each key is linearizable";
    let swap = json!({ "type": "cas", "key": 1, "from": 0, "to": 1 });
    let missing = json!({ "type": "error", "code": 20 });
    let write = json!({ "type": "write", "key": 1, "value": 0 });
    let mut run = Run::new();
    run.done(0, &swap, &missing);
    run.done(0, &write, &json!({ "type": "write_ok" }));
    assert_eq!(outcome(&run.judge(Workload::LinKv), name), Outcome::Holds);
    run.done(1, &swap, &missing);
    assert_eq!(
        outcome(&run.judge(Workload::LinKv), name),
        Outcome::Violated
    );
}

/// Two transactions that miss each other's append.
fn write_skew() -> Run {
    let mut run = Run::new();
    let skew = |read: u64, append: u64, list: &Value| json!({ "type": "txn", "txn": [["r", read, list], ["append", append, 1]] });
    let one = run.ask(0, &skew(1, 2, &Value::Null));
    let other = run.ask(1, &skew(2, 1, &Value::Null));
    for (asked, read, append) in [(one, 1, 2), (other, 2, 1)] {
        let mut answer = skew(read, append, &json!([]));
        answer["type"] = "txn_ok".into();
        run.answer(asked, &answer);
    }
    for (client, list) in [(0, 1), (1, 2)] {
        let read = |value: Value| json!({ "type": "txn", "txn": [["r", list, value]] });
        let mut answer = read(json!([1]));
        answer["type"] = "txn_ok".into();
        run.done(client, &read(Value::Null), &answer);
    }
    run
}

#[test]
fn write_skew_is_serializable_in_no_order() {
    let run = write_skew();
    let of = |consistency| {
        let properties = judge(Workload::TxnListAppend, consistency, &run.by_hand.history);
        properties.last().expect("a property").outcome()
    };
    assert_eq!(of(Consistency::StrictSerializable), Outcome::Violated);
    assert_eq!(of(Consistency::Serializable), Outcome::Violated);
    assert_eq!(of(Consistency::SnapshotIsolation), Outcome::Holds);
    assert_eq!(of(Consistency::ReadCommitted), Outcome::Holds);
}

#[test]
fn an_answer_to_another_transaction_is_wrong() {
    for wrong in [
        json!({ "type": "txn_ok", "txn": [] }),
        json!({ "type": "txn_ok", "txn": [["append", 1, 2]] }),
        json!({ "type": "txn_ok", "txn": [["r", 1, [1]]] }),
        json!({ "type": "txn_ok" }),
    ] {
        let mut run = Run::new();
        run.done(
            0,
            &json!({ "type": "txn", "txn": [["append", 1, 1]] }),
            &wrong,
        );
        let found = run.judge(Workload::TxnListAppend);
        let name = "transactions are strictly serializable";
        assert_eq!(outcome(&found, name), Outcome::Violated, "{wrong}");
    }
}

fn send(run: &mut Run, message: u64, offset: u64) {
    let send = json!({ "type": "send", "key": "a", "msg": message });
    run.done(0, &send, &json!({ "type": "send_ok", "offset": offset }));
}

fn poll(run: &mut Run, from: u64, messages: &Value, to_the_end: bool) {
    let mut poll = json!({ "type": "poll", "offsets": { "a": from } });
    if to_the_end {
        poll["to_the_end"] = true.into();
    }
    run.done(
        0,
        &poll,
        &json!({ "type": "poll_ok", "msgs": { "a": messages } }),
    );
}

#[test]
fn a_log_keeps_places_and_skips_nothing() {
    let skipped = "polls skip nothing";
    let place = "an offset has one message";
    let made_up = "polls have only what was sent";
    let lost = "nothing that was acknowledged is lost";
    for (messages, violated) in [
        (json!([[0, 7], [3, 8], [4, 9]]), None),
        (json!([[0, 7], [4, 9]]), Some(skipped)),
        (json!([[3, 8], [0, 7], [4, 9]]), Some(skipped)),
        (json!([[0, 7], [3, 9], [4, 8]]), Some(place)),
        (json!([[0, 7], [1, 7], [3, 8], [4, 9]]), Some(place)),
        (json!([[0, 7], [3, 8], [4, 9], [5, 1]]), Some(made_up)),
        (json!([[0, 7]]), Some(lost)),
        (json!({}), Some("offsets are those of the protocol")),
    ] {
        let mut run = Run::new();
        for (message, offset) in [(7, 0), (8, 3), (9, 4)] {
            send(&mut run, message, offset);
        }
        poll(&mut run, 0, &messages, true);
        let found = run.judge(Workload::Kafka);
        for name in [skipped, place, made_up, lost] {
            let is_violated = outcome(&found, name) == Outcome::Violated;
            if violated == Some(name) || violated.is_none() {
                assert_eq!(is_violated, violated.is_some(), "{name}: {messages}");
            }
        }
        let all = found
            .iter()
            .filter(|one| one.outcome() == Outcome::Violated);
        assert_eq!(all.count() > 0, violated.is_some(), "{messages}");
    }
}

#[test]
fn a_poll_may_bring_a_part() {
    let mut run = Run::new();
    send(&mut run, 7, 0);
    send(&mut run, 8, 1);
    poll(&mut run, 0, &json!([[0, 7]]), false);
    poll(&mut run, 1, &json!([]), false);
    let found = run.judge(Workload::Kafka);
    assert_eq!(outcome(&found, "polls skip nothing"), Outcome::Holds);
}

#[test]
fn committed_offsets_are_those_that_were_committed() {
    let name = "committed offsets are kept";
    let commit = json!({ "type": "commit_offsets", "offsets": { "a": 4 } });
    let list = json!({ "type": "list_committed_offsets", "keys": ["a", "b"] });
    for (offsets, expected) in [
        (json!({ "a": 4 }), Outcome::Holds),
        (json!({ "a": 4, "b": null }), Outcome::Holds),
        (json!({ "a": 4, "b": 0 }), Outcome::Holds),
        (json!({ "a": 0 }), Outcome::Violated),
        (json!({ "a": 5 }), Outcome::Violated),
        (json!({}), Outcome::Violated),
    ] {
        let mut run = Run::new();
        run.done(0, &commit, &json!({ "type": "commit_offsets_ok" }));
        let listed = json!({ "type": "list_committed_offsets_ok", "offsets": offsets });
        run.done(1, &list, &listed);
        assert_eq!(outcome(&run.judge(Workload::Kafka), name), expected);
    }
}

#[test]
fn a_term_has_one_leader() {
    let says =
        |leader: &str, term: u64| json!({ "type": "leader_ok", "leader": leader, "term": term });
    let asks = json!({ "type": "leader" });
    for (one, other, expected) in [
        (
            says("n0", 1),
            says("n0", 1),
            [Outcome::Holds, Outcome::Holds],
        ),
        (
            says("n0", 1),
            says("n1", 1),
            [Outcome::Violated, Outcome::Violated],
        ),
        (
            says("n0", 1),
            says("n1", 2),
            [Outcome::Holds, Outcome::Violated],
        ),
        (
            says("n0", 1),
            says("n7", 2),
            [Outcome::Violated, Outcome::Violated],
        ),
    ] {
        let mut run = Run::new();
        run.done(0, &asks, &one);
        run.done(1, &asks, &other);
        let found = run.judge(Workload::Election);
        let names = [
            "a term has one leader",
            "in the end all know the same leader",
        ];
        assert_eq!(
            names.map(|name| outcome(&found, name)),
            expected,
            "{one} {other}"
        );
    }
}

#[test]
fn one_client_at_a_time_has_the_lock() {
    let name = "one client at a time has the lock";
    let of = |kind: &str, holder: u64| json!({ "type": kind, "holder": holder });
    let (locked, unlocked) = (json!({ "type": "lock_ok" }), json!({ "type": "unlock_ok" }));

    let mut run = Run::new();
    run.done(0, &of("lock", 1), &locked);
    let waiting = run.ask(1, &of("lock", 2));
    let leaving = run.ask(0, &of("unlock", 1));
    run.answer(waiting, &locked);
    run.answer(leaving, &unlocked);
    assert_eq!(outcome(&run.judge(Workload::Mutex), name), Outcome::Holds);

    // The second one has not left.
    run.done(0, &of("lock", 3), &locked);
    assert_eq!(
        outcome(&run.judge(Workload::Mutex), name),
        Outcome::Violated
    );

    // One that is answered after its unlock was asked for is not held.
    let mut run = Run::new();
    let late = run.ask(0, &of("lock", 1));
    run.done(0, &of("unlock", 1), &unlocked);
    run.done(1, &of("lock", 2), &locked);
    run.answer(late, &locked);
    assert_eq!(outcome(&run.judge(Workload::Mutex), name), Outcome::Holds);
}

#[test]
fn the_lock_is_to_be_had_in_the_end() {
    let name = "in the end the lock can be had";
    let unlock = json!({ "type": "unlock", "holder": 1, "last": true });
    for (answered, expected) in [
        (true, [Outcome::Holds, Outcome::Holds]),
        (false, [Outcome::Violated, Outcome::Unknown]),
    ] {
        let mut run = Run::new();
        let lock = run.ask(0, &json!({ "type": "lock", "holder": 1 }));
        if answered {
            run.answer(lock, &json!({ "type": "lock_ok" }));
        }
        run.done(0, &unlock, &json!({ "type": "unlock_ok" }));
        assert_eq!(outcomes(run, Workload::Mutex, name), expected);
    }
}

#[test]
fn reads_are_beginnings_of_one_order() {
    let name = "all deliver in the same order";
    for (other, expected) in [
        (json!([1, 2]), Outcome::Holds),
        (json!([]), Outcome::Holds),
        (json!([2]), Outcome::Violated),
    ] {
        let mut run = Run::new();
        let read = json!({ "type": "read" });
        run.done(
            0,
            &read,
            &json!({ "type": "read_ok", "messages": [1, 2, 3] }),
        );
        run.done(1, &read, &json!({ "type": "read_ok", "messages": other }));
        let found = run.judge(Workload::TotalOrderBroadcast);
        assert_eq!(outcome(&found, name), expected, "{other}");
    }
}
