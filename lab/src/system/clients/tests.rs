//! Clients and open operations, step by step.

use algorithms::{Algorithm, Out};
use trace::history::{AnswerRecord, History, OperationRecord};

use super::*;
use crate::system::{Judgement, ScheduledCommand, System};

/// A command; an output answers a command with its number, and 0 answers any.
#[derive(Clone, Debug, PartialEq, Eq, Hash, algorithms::Output, algorithms::Describe)]
struct Number {
    number: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, algorithms::Message, algorithms::Describe)]
struct Silence {}

#[derive(Clone, Debug, PartialEq, Eq, Hash, algorithms::Describe)]
struct Idle {}

impl Algorithm for Idle {
    type Message = Silence;
    type Timer = ();
    type Command = Number;
    type Output = Number;

    fn on_command(&mut self, _: Number, _: &mut Out<Self>) {}
    fn on_message(&mut self, _: NodeId, _: Silence, _: &mut Out<Self>) {}
    fn on_timer(&mut self, (): (), _: &mut Out<Self>) {}
}

struct Numbers;

impl System for Numbers {
    type Algorithm = Idle;

    fn processes(&self) -> u32 {
        1
    }

    fn process(&self, _: NodeId) -> Idle {
        Idle {}
    }

    fn commands(&self) -> Vec<ScheduledCommand<Number>> {
        Vec::new()
    }

    fn answers(&self, _: NodeId, command: &Number, output: &Number) -> Option<Answer> {
        (output.number == 0 || output == command).then_some(Answer::Done)
    }

    fn ends(&self, _: NodeId, _: &Number) -> bool {
        false
    }

    fn endings(&self) -> u64 {
        0
    }

    fn judge(&self, _: &History) -> Judgement {
        Judgement::default()
    }
}

const NODE: NodeId = NodeId(0);

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn client(to: To, requests: u32) -> Client<Number> {
    let requests = (1..=requests).map(|number| Request::new("ask", Number { number }));
    Client {
        at: seconds(1),
        to,
        requests: requests.collect(),
        think: seconds(2),
        patience: seconds(10),
        retries: 1,
    }
}

/// Regression test: an output that was made before a command was taken ended the
/// command's operation.
#[test]
fn output_before_its_command_ends_no_operation() {
    let mut operations = Operations::default();
    operations.begin(NODE, Number { number: 1 }, "first");
    operations.begin(NODE, Number { number: 2 }, "second");
    for (taken, expected) in [
        (0, None),
        (1, Some("first")),
        (1, None),
        (2, Some("second")),
        (2, None),
    ] {
        let ended = operations.answer(&Numbers, NODE, taken, &Number { number: 0 });
        assert_eq!(ended.map(|(owner, _)| owner), expected, "{taken} taken");
    }
    assert!(!operations.any(NODE));
}

#[test]
fn output_ends_the_operation_that_it_answers() {
    let mut operations = Operations::default();
    for number in 1..=3 {
        operations.begin(NODE, Number { number }, number);
    }
    let mut answer = |number| {
        let ended = operations.answer(&Numbers, NODE, u64::MAX, &Number { number });
        ended.map(|(owner, _)| owner)
    };
    assert_eq!(
        [2, 2, 0, 0].map(&mut answer),
        [Some(2), None, Some(1), Some(3)]
    );
    operations.begin(NODE, Number { number: 4 }, 4);
    operations.forget(NODE);
    assert!(!operations.any(NODE), "its memory is lost");
}

/// The ticket of a client that has to ask now.
fn ask(clients: &mut Clients<Number>, now: Duration, number: u32) -> Ticket {
    assert_eq!(clients.due(), Some((now, 0)));
    match clients.act(0, now) {
        Act::Ask {
            command, ticket, ..
        } => {
            assert_eq!(command, Number { number });
            ticket
        }
        Act::GoOn => panic!("it goes on"),
    }
}

#[test]
fn client_asks_again_after_an_answer() {
    let mut clients = Clients::new(vec![client(To::Process(NODE), 2)]);
    let first = ask(&mut clients, seconds(1), 1);
    assert!(clients.answered(first, Answer::Done, seconds(3)));
    let second = ask(&mut clients, seconds(5), 2);
    assert!(
        !clients.answered(first, Answer::Done, seconds(6)),
        "answered before"
    );
    assert!(clients.answered(second, Answer::Done, seconds(7)));
    assert!(clients.are_finished());
    assert_eq!((clients.due(), clients.over()), (None, 2));
}

#[test]
fn refused_requests_are_repeated_so_often() {
    let mut clients = Clients::new(vec![client(To::Process(NODE), 2)]);
    for (now, number) in [(1, 1), (3, 1), (5, 2), (7, 2)] {
        let ticket = ask(&mut clients, seconds(now), number);
        assert!(clients.answered(ticket, Answer::Refused, seconds(now)));
    }
    assert!(clients.are_finished());
}

#[test]
fn patience_ends_without_an_answer_and_without_a_leader() {
    let mut clients = Clients::new(vec![client(To::Leader, 3)]);
    assert_eq!(clients.due(), Some((seconds(11), 0)), "no process leads");
    assert!(matches!(clients.act(0, seconds(11)), Act::GoOn));
    clients.led_by(NODE);
    let late = ask(&mut clients, seconds(13), 2);
    assert_eq!(clients.due(), Some((seconds(23), 0)));
    assert!(matches!(clients.act(0, seconds(23)), Act::GoOn));
    assert!(!clients.answered(late, Answer::Done, seconds(24)));
    let last = ask(&mut clients, seconds(25), 3);
    assert!(clients.answered(last, Answer::Done, seconds(25)));
    assert!(clients.are_finished());
}

#[test]
fn limits_of_clients_cover_all_of_their_requests() {
    let clients = Clients::new(vec![client(To::Leader, 3)]);
    // Three requests, asked for twice, each with 10 s of patience and 2 s to think.
    assert_eq!(clients.last(), seconds(1 + 3 * 2 * 12));
    assert_eq!(clients.requests(), 3);
}

#[test]
fn throughput_is_of_answered_operations() {
    let process = "peer-00".into();
    let record = |operation| RequestRecord {
        operation: String::from(operation).into(),
        fields: algorithms::Fields::default(),
    };
    let (read, write) = (record("read"), record("write"));
    let fields = algorithms::Fields::default();
    let second = 1_000_000_000;
    let operation = |request, invoked: u64, answered: Option<u64>| OperationRecord {
        step: 1,
        process: &process,
        request,
        invoked: invoked * second,
        answer: answered.map(|at| AnswerRecord {
            at: at * second,
            kind: "Done",
            fields: &fields,
        }),
    };
    assert_eq!(throughput(&[]), []);
    let measures = throughput(&[
        operation(&read, 10, Some(11)),
        operation(&write, 11, None),
        operation(&read, 12, Some(14)),
        operation(&write, 13, Some(14)),
    ]);
    let words: Vec<_> = measures
        .iter()
        .map(|one| (&*one.name, &*one.unit, one.count, one.lost))
        .collect();
    assert_eq!(
        words,
        [
            ("read", "ns", 2, 0),
            ("write", "ns", 1, 1),
            ("operations a second", "1/s", 3, 1),
        ]
    );
    assert_eq!(measures[2].p50, Some(0.75));
}
