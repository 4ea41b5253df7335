//! Each invariant has a history that violates it, and a good one violates none.

use std::collections::BTreeMap;

use algorithms::{Field, Fields};
use trace::steps::key;

use super::{Expected, check};
use crate::checkers::by_hand::{ByHand, Named, integer, list, text, vacuous, violated};
use crate::checkers::{Outcome, Property};

const ALICE: &str = "peer-00";
const BOB: &str = "peer-01";
const CAROL: &str = "peer-02";

/// The snapshot that Alice starts.
const ID: &str = "0/0";
/// The balance of each process at the start.
const START: i64 = 10;

/// Banks that send to each other, in a history written by hand.
struct Banks {
    run: ByHand,
    shares: BTreeMap<&'static str, i64>,
    /// The amount of each message.
    amounts: BTreeMap<u64, i64>,
    expected: Expected,
    /// The kind of the algorithm's markers.
    marker: &'static str,
}

impl Banks {
    /// Every process has started.
    fn new<const N: usize>(processes: [&'static str; N]) -> Self {
        let pairs = processes.iter().flat_map(|from| {
            let others = processes.iter().filter(move |to| *to != from);
            others.map(|to| ((*from).to_owned(), (*to).to_owned()))
        });
        let mut banks = Self {
            run: ByHand::new(processes),
            shares: processes.map(|process| (process, START)).into(),
            amounts: BTreeMap::new(),
            expected: Expected {
                channels: pairs.collect(),
                snapshots: 1,
                fifo: true,
                markers: true,
            },
            marker: "MARKER",
        };
        for process in processes {
            banks.step(process);
        }
        banks
    }

    /// A new step, of a timer or a command.
    fn step(&mut self, who: &'static str) {
        self.run.step(who);
        self.gain(who, 0);
    }

    fn gain(&mut self, who: &'static str, amount: i64) {
        *self.shares.get_mut(who).expect("one of them") += amount;
        self.run
            .state(who, [integer("total.share", self.shares[who])]);
    }

    /// A new step, in which a message is sent.
    fn send(&mut self, from: &'static str, to: &'static str, id: &'static str, amount: i64) -> u64 {
        self.step(from);
        let fields = [text("id", id), integer("amount", amount)];
        let message = self.run.send(from, to, "TRANSFER", fields);
        self.gain(from, -amount);
        self.amounts.insert(message, amount);
        message
    }

    /// A new step, in which the message is received.
    fn receive(&mut self, who: &'static str, message: u64) {
        self.run.receive(who, message);
        self.gain(who, self.amounts.get(&message).copied().unwrap_or(0));
    }

    /// In its latest step, the process records its share, plus `more`.
    fn record_and(&mut self, who: &'static str, more: i64) {
        let share = integer("state.total.share", self.shares[who] + more);
        self.run.say(who, "Recorded", [text("snapshot", ID), share]);
    }

    fn record(&mut self, who: &'static str) {
        self.record_and(who, 0);
    }

    fn marker(&mut self, from: &'static str, to: &'static str) -> u64 {
        let fields = [text("snapshot", ID)];
        self.run.send(from, to, self.marker, fields)
    }

    /// In a new step, Alice begins, with a marker for Bob.
    fn begin(&mut self) -> u64 {
        self.step(ALICE);
        self.record(ALICE);
        self.marker(ALICE, BOB)
    }

    /// Bob receives its first marker and records. Returns its marker.
    fn join(&mut self, marker: u64) -> u64 {
        self.receive(BOB, marker);
        self.record(BOB);
        self.marker(BOB, ALICE)
    }

    /// In its latest step, the process has recorded its channels.
    fn finish(&mut self, who: &'static str, channels: impl IntoIterator<Item = Named>) {
        let id = [text("snapshot", ID)];
        self.run
            .say(who, "Finished", id.into_iter().chain(channels));
    }

    fn complete(&mut self) {
        self.run.say(ALICE, "Complete", [text("snapshot", ID)]);
    }

    /// Bob finishes, Alice gets its marker, finishes with what was in the
    /// channel from it, and completes the snapshot.
    fn end(&mut self, marker: u64, from_bob: &[&str]) {
        self.finish(BOB, []);
        self.receive(ALICE, marker);
        let channel = list("channel.1", from_bob);
        self.finish(ALICE, (!from_bob.is_empty()).then_some(channel));
        self.complete();
    }

    fn check(&self) -> Vec<Property> {
        check(&self.run.history, &self.expected)
    }

    fn violated(&self) -> Vec<&'static str> {
        violated(&self.check())
    }
}

/// Bob has sent 3 to Alice, which are still in the channel when Alice begins.
fn with_a_message_in_the_channel() -> (Banks, u64) {
    let mut banks = Banks::new([ALICE, BOB]);
    let to_bob = banks.send(ALICE, BOB, "0/0", 2);
    let to_alice = banks.send(BOB, ALICE, "1/0", 3);
    banks.receive(BOB, to_bob);
    (banks, to_alice)
}

#[test]
fn a_good_history_violates_nothing() {
    let (mut banks, message) = with_a_message_in_the_channel();
    let marker = banks.begin();
    let after = banks.send(ALICE, BOB, "0/1", 5);
    let back = banks.join(marker);
    let late = banks.send(BOB, ALICE, "1/1", 1);
    banks.receive(BOB, after);
    banks.receive(ALICE, message);
    banks.end(back, &["id=1/0 amount=3"]);
    banks.receive(ALICE, late);
    let properties = banks.check();
    assert_eq!(violated(&properties), [""; 0], "{properties:#?}");
    assert_eq!(vacuous(&properties), [""; 0]);
}

#[test]
fn i1_a_message_sent_after_the_cut_and_received_before_it() {
    let mut banks = Banks::new([ALICE, BOB]);
    let marker = banks.begin();
    let orphan = banks.send(ALICE, BOB, "0/0", 2);
    banks.receive(BOB, orphan);
    let back = banks.join(marker);
    banks.end(back, &[]);
    let properties = banks.check();
    assert_eq!(
        violated(&properties),
        [
            "I1 no orphan",
            "I3 markers",
            "I4 vector clocks",
            "I5 conservation",
            "I6 every message once",
            "I9 FIFO"
        ]
    );
    assert_eq!(
        properties[0].violations,
        [
            "snapshot 0/0: TRANSFER id=0/0 amount=2 was received by peer-01 before it \
             recorded, and sent by peer-00 after it recorded"
        ]
    );
}

#[test]
fn i2_messages_in_the_wrong_order() {
    // Without markers the order is neither kept nor checked.
    let cases: [(_, &[&str]); 2] = [("MARKER", &["I2 channel state"]), ("ANNOUNCE", &[])];
    for (kind, names) in cases {
        let (mut banks, first) = with_a_message_in_the_channel();
        banks.marker = kind;
        banks.expected.markers = kind == "MARKER";
        let second = banks.send(BOB, ALICE, "1/1", 1);
        let marker = banks.begin();
        let back = banks.join(marker);
        banks.receive(ALICE, first);
        banks.receive(ALICE, second);
        banks.end(back, &["id=1/1 amount=1", "id=1/0 amount=3"]);
        assert_eq!(banks.violated(), names, "{kind}");
    }
}

#[test]
fn i2_a_missing_or_surplus_message() {
    let names = [
        "I2 channel state",
        "I5 conservation",
        "I6 every message once",
    ];
    let cases: [&[&str]; 3] = [
        &[],
        &["id=1/0 amount=3", "id=1/0 amount=3"],
        &["id=1/0 amount=3", "id=1/1 amount=1"],
    ];
    for recorded in cases {
        let (mut banks, message) = with_a_message_in_the_channel();
        let marker = banks.begin();
        let back = banks.join(marker);
        banks.receive(ALICE, message);
        banks.send(BOB, ALICE, "1/1", 1);
        banks.end(back, recorded);
        assert_eq!(banks.violated(), names, "{recorded:?}");
    }
}

/// A list that is missing or incomplete in the record is not an empty channel.
#[test]
fn unreadable_channel_states_are_not_judged() {
    let unlisted = || text("channel.1", "[id=1/0 amount=3]");
    let cut = || [list("channel.1", &[]), integer(key::LEFT_OUT, 1)];
    for channels in [
        vec![unlisted()],
        cut().into(),
        vec![list("channel.9", &["id=x"])],
    ] {
        let (mut banks, message) = with_a_message_in_the_channel();
        let marker = banks.begin();
        let back = banks.join(marker);
        banks.receive(ALICE, message);
        banks.finish(BOB, []);
        banks.receive(ALICE, back);
        banks.finish(ALICE, channels.clone());
        banks.complete();
        let properties = banks.check();
        assert_eq!(violated(&properties), [""; 0], "{channels:?}");
        let unjudged = [
            "I2 channel state",
            "I5 conservation",
            "I6 every message once",
        ];
        let unknown = properties
            .iter()
            .filter(|one| one.outcome() == Outcome::Unknown);
        let unknown: Vec<_> = unknown.map(|one| one.name).collect();
        assert_eq!(unknown, unjudged, "{channels:?}");
        let why = properties[1].reason().unwrap_or_default();
        assert!(why.contains("peer-00 reported of channels"), "{why}");
    }
}

/// Alice records Bob's message in the channel, with that description.
fn found_in_the_channel(channel: Named) -> Vec<Property> {
    let (mut banks, message) = with_a_message_in_the_channel();
    let marker = banks.begin();
    let back = banks.join(marker);
    banks.receive(ALICE, message);
    banks.finish(BOB, []);
    banks.receive(ALICE, back);
    banks.finish(ALICE, [channel]);
    banks.complete();
    banks.check()
}

/// Other fields of a message, and the order of its fields, do not matter.
#[test]
fn the_text_of_a_message_does_not_matter() {
    let record = r#"memo="id=9/9 amount=9" amount=3 urgent=true id=1/0"#;
    let fields = Fields::from_record(record).expect("a record");
    let in_memory = ("channel.1".into(), Field::Records(vec![fields]));
    for channel in [in_memory, list("channel.1", &[record])] {
        let properties = found_in_the_channel(channel);
        assert_eq!(violated(&properties), [""; 0], "{properties:#?}");
        assert_eq!(vacuous(&properties), [""; 0]);
    }
}

#[test]
fn a_message_without_a_readable_amount_or_id_is_not_judged() {
    let cases: [(&str, &[&str], &str); 4] = [
        ("id=1/0", &["I5 conservation"], "`amount`"),
        ("id=1/0 amount=much", &["I5 conservation"], "`amount`"),
        ("id=1/0 sum=3", &["I5 conservation"], "`amount`"),
        (
            "amount=3",
            &["I2 channel state", "I6 every message once"],
            "`id`",
        ),
    ];
    for (record, names, missing) in cases {
        let properties = found_in_the_channel(list("channel.1", &[record]));
        assert_eq!(violated(&properties), [""; 0], "{record}");
        let unknown = properties
            .iter()
            .filter(|one| one.outcome() == Outcome::Unknown);
        let (found, why): (Vec<_>, Vec<_>) = unknown.map(|one| (one.name, one.reason())).unzip();
        assert_eq!(found, names, "{record}");
        assert!(why[0].is_some_and(|why| why.contains(missing)), "{why:?}");
    }
}

#[test]
fn i3_a_marker_behind_the_next_message() {
    let mut banks = Banks::new([ALICE, BOB]);
    let marker = banks.begin();
    banks.receive(BOB, marker);
    banks.record(BOB);
    let next = banks.send(BOB, ALICE, "1/0", 3);
    let back = banks.marker(BOB, ALICE);
    banks.receive(ALICE, next);
    banks.end(back, &[]);
    assert_eq!(banks.violated(), ["I3 markers"]);
}

#[test]
fn i3_two_markers_or_none_on_a_channel() {
    for count in [0, 2] {
        let mut banks = Banks::new([ALICE, BOB]);
        let marker = banks.begin();
        banks.receive(BOB, marker);
        banks.record(BOB);
        let markers: Vec<_> = (0..count).map(|_| banks.marker(BOB, ALICE)).collect();
        banks.finish(BOB, []);
        banks.step(ALICE);
        for marker in markers {
            banks.receive(ALICE, marker);
        }
        banks.finish(ALICE, []);
        banks.complete();
        let properties = banks.check();
        assert_eq!(violated(&properties), ["I3 markers"], "{count}");
        let violation = format!("snapshot 0/0, channel from peer-01 to peer-00: {count} markers");
        assert_eq!(properties[2].violations, [violation]);
    }
}

/// The causal path from Alice's future to Bob leads through Carol.
#[test]
fn i4_a_causal_path_from_after_the_cut() {
    let mut banks = Banks::new([ALICE, BOB, CAROL]);
    let to_bob = banks.begin();
    let to_carol = banks.marker(ALICE, CAROL);
    banks.receive(CAROL, to_carol);
    banks.record(CAROL);
    let carols = [ALICE, BOB].map(|to| banks.marker(CAROL, to));
    let message = banks.send(ALICE, CAROL, "0/0", 2);
    banks.receive(CAROL, message);
    let message = banks.send(CAROL, BOB, "2/0", 2);
    banks.receive(BOB, message);
    let to_alice = banks.join(to_bob);
    let to_carol = banks.marker(BOB, CAROL);
    banks.receive(BOB, carols[1]);
    banks.receive(CAROL, to_carol);
    banks.finish(CAROL, []);
    banks.receive(ALICE, carols[0]);
    banks.end(to_alice, &[]);
    let properties = banks.check();
    assert_eq!(
        violated(&properties),
        [
            "I1 no orphan",
            "I3 markers",
            "I4 vector clocks",
            "I5 conservation",
            "I6 every message once",
            "I9 FIFO"
        ]
    );
    let [of_alice, of_carol] = &properties[3].violations[..] else {
        panic!("{:?}", properties[3]);
    };
    assert!(of_alice.starts_with("snapshot 0/0: when peer-01 recorded it knew of"));
    assert!(of_alice.contains("acts of peer-00"), "{of_alice}");
    assert!(of_carol.contains("acts of peer-02"), "{of_carol}");
    assert_eq!(properties[0].violations.len(), 1, "Carol's alone");
}

#[test]
fn i5_a_wrong_amount() {
    let (mut banks, message) = with_a_message_in_the_channel();
    let marker = banks.begin();
    let back = banks.join(marker);
    banks.receive(ALICE, message);
    banks.end(back, &["id=1/0 amount=4"]);
    let properties = banks.check();
    assert_eq!(violated(&properties), ["I5 conservation"]);
    assert_eq!(
        properties[4].violations,
        ["snapshot 0/0: states 17 and channels 4 make 21, and there is 20"]
    );
}

#[test]
fn i6_a_duplicate_message() {
    // A message of amount 0 changes no sum, and without markers I3 is not
    // checked.
    let cases: [(_, &[&str]); 2] = [
        (0, &["I6 every message once"]),
        (2, &["I5 conservation", "I6 every message once"]),
    ];
    for (amount, names) in cases {
        let mut banks = Banks::new([ALICE, BOB]);
        banks.marker = "ANNOUNCE";
        banks.expected.fifo = false;
        banks.expected.markers = false;
        let message = banks.send(ALICE, BOB, "0/0", amount);
        banks.receive(BOB, message);
        banks.receive(BOB, message);
        let marker = banks.begin();
        let back = banks.join(marker);
        banks.end(back, &[]);
        assert_eq!(banks.violated(), names, "{amount}");
    }
}

#[test]
fn i6_a_message_in_the_state_and_in_the_channel() {
    let (mut banks, message) = with_a_message_in_the_channel();
    banks.receive(ALICE, message);
    let marker = banks.begin();
    let back = banks.join(marker);
    banks.end(back, &["id=1/0 amount=3"]);
    let names = [
        "I2 channel state",
        "I5 conservation",
        "I6 every message once",
    ];
    assert_eq!(banks.violated(), names);
}

#[test]
fn i7_states_that_did_not_occur_with_the_right_sum() {
    let mut banks = Banks::new([ALICE, BOB]);
    banks.step(ALICE);
    banks.record_and(ALICE, 1);
    let marker = banks.marker(ALICE, BOB);
    banks.receive(BOB, marker);
    banks.record_and(BOB, -1);
    let back = banks.marker(BOB, ALICE);
    banks.end(back, &[]);
    let properties = banks.check();
    assert_eq!(violated(&properties), ["I7 replay"]);
    let [was, replayed, ..] = &properties[6].violations[..] else {
        panic!("{:?}", properties[6]);
    };
    let expected = "snapshot 0/0: peer-00 recorded total.share=11, and was total.share=10";
    assert_eq!(was, expected);
    let expected = "snapshot 0/0: peer-00 recorded 11, began with 10, and got 0 since";
    assert_eq!(replayed, expected);
}

/// How a snapshot of Alice and Bob continues after Bob has joined.
type End = fn(&mut Banks, u64);

#[test]
fn i8_a_snapshot_without_its_end() {
    let cases: [(_, End); 5] = [
        ("no process finishes", |_, _| {}),
        ("complete without Bob", |banks, back| {
            banks.receive(ALICE, back);
            banks.finish(ALICE, []);
            banks.complete();
        }),
        ("complete twice", |banks, back| {
            banks.end(back, &[]);
            banks.complete();
        }),
        ("recorded again", |banks, back| {
            banks.end(back, &[]);
            banks.step(BOB);
            banks.record(BOB);
        }),
        ("one of two", |banks, back| {
            banks.end(back, &[]);
            banks.expected.snapshots = 2;
        }),
    ];
    for (name, end) in cases {
        let mut banks = Banks::new([ALICE, BOB]);
        let marker = banks.begin();
        let back = banks.join(marker);
        end(&mut banks, back);
        assert_eq!(banks.violated(), ["I8 liveness"], "{name}");
    }
}

#[test]
fn i8_an_abort_after_a_crash_is_right() {
    let cases: [(_, &[&str]); 2] = [(false, &["I8 liveness"]), (true, &[])];
    for (crashes, names) in cases {
        let mut banks = Banks::new([ALICE, BOB]);
        if crashes {
            banks.run.crash(BOB);
        }
        banks.begin();
        banks.step(ALICE);
        let fields = [text("snapshot", ID), list("missing", &[BOB])];
        banks.run.say(ALICE, "Aborted", fields);
        assert_eq!(banks.violated(), names, "{crashes}");
    }
}

#[test]
fn i9_a_message_that_overtakes_another() {
    let mut banks = Banks::new([ALICE, BOB]);
    let first = banks.send(ALICE, BOB, "0/0", 2);
    let second = banks.send(ALICE, BOB, "0/1", 1);
    banks.receive(BOB, second);
    banks.receive(BOB, first);
    let marker = banks.begin();
    let back = banks.join(marker);
    banks.end(back, &[]);
    assert_eq!(banks.violated(), ["I9 FIFO"]);
    banks.expected.fifo = false;
    assert_eq!(banks.violated(), [""; 0], "not asked for");
}

/// The channel from Bob breaks, and a message is lost with it. I9 finds the gap
/// within one opening of the channel. If the channel was reopened, each opening
/// is in order, and only the other invariants find the loss.
#[test]
fn i9_a_reconnect() {
    for reopened in [false, true] {
        let (mut banks, _lost) = with_a_message_in_the_channel();
        let marker = banks.begin();
        let back = banks.join(marker);
        banks.end(back, &[]);
        let steps = banks.run.history.processes.get_mut(ALICE);
        let steps = steps.expect("one of them").iter_mut();
        for received in steps.filter_map(|step| step.received.as_mut()) {
            if reopened {
                (received.incarnation, received.sequence) = (1, received.sequence - 1);
            }
        }
        let mut names = vec![
            "I2 channel state",
            "I3 markers",
            "I5 conservation",
            "I6 every message once",
        ];
        names.extend((!reopened).then_some("I9 FIFO"));
        assert_eq!(banks.violated(), names, "{reopened}");
    }
}
