use std::sync::Arc;

use super::*;
use crate::{Effect, Input, Message as _, step};

const TARGET: NodeId = NodeId(1);

fn store() -> Store {
    let blocks = (0..8_u8).map(|block| Bytes::from(vec![block; 4]));
    Store::new(Arc::new(File::new(blocks.collect())), [].into())
}

fn auditor(deadline: Option<Duration>) -> Audit {
    Audit::new(store(), vec![TARGET], deadline)
}

/// The questions, findings and other outputs of a step.
#[derive(Debug, Default)]
struct Did {
    asked: Vec<(u64, u32)>,
    found: Vec<(Finding, u32)>,
    is_dropped: bool,
    is_over: bool,
}

fn take(auditor: &mut Audit, input: Input<Audit>, seed: u64) -> Did {
    let mut did = Did::default();
    for effect in step(auditor, input, seed) {
        match effect {
            Effect::Send {
                message: Message::Probe { number, index },
                ..
            } => did.asked.push((number, index)),
            Effect::Output(Output::Found { finding, score, .. }) => {
                did.found.push((finding, score));
            }
            Effect::Output(Output::Dropped { .. }) => did.is_dropped = true,
            Effect::Output(Output::Audited { .. }) => did.is_over = true,
            _ => {}
        }
    }
    did
}

fn audit(auditor: &mut Audit, probes: u32) -> (u64, u32) {
    let did = take(auditor, Input::Command(Command::Audit(probes)), 1);
    did.asked[0]
}

fn answer(auditor: &mut Audit, message: Message) -> Did {
    let from = TARGET;
    take(auditor, Input::Message { from, message }, 2)
}

fn right((number, index): (u64, u32)) -> Message {
    store().answer(number, index).expect("a block of the file")
}

#[test]
fn right_answers_raise_the_score_to_its_end() {
    let mut auditor = auditor(None);
    let mut asked = audit(&mut auditor, 8);
    for score in [6, 7, 8, 9, 10, 10, 10, 10] {
        let did = answer(&mut auditor, right(asked));
        assert_eq!(did.found, [(Finding::Right, score)]);
        match did.asked.first() {
            Some(next) => asked = *next,
            None => assert!(did.is_over, "{did:?}"),
        }
    }
    assert_eq!(auditor.open, BTreeMap::new());
}

#[test]
fn anything_else_than_the_block_drops_the_target() {
    let number = |asked: (u64, u32)| asked.0;
    type Wrong = fn((u64, u32)) -> Message;
    let wrong: [Wrong; 4] = [
        // Another block, with its own proof.
        |(number, index)| right((number, (index + 1) % 8)),
        // The same block under the index that was asked for.
        |asked| match right((asked.0, (asked.1 + 1) % 8)) {
            Message::Answer {
                number, data, path, ..
            } => Message::Answer {
                number,
                index: asked.1,
                data,
                path,
            },
            other => other,
        },
        // Other bytes, and no path.
        |(number, index)| Message::Answer {
            number,
            index,
            data: Bytes::from_static(b"none"),
            path: store().path(index),
        },
        |(number, index)| Message::Answer {
            number,
            index,
            data: Bytes::new(),
            path: Vec::new(),
        },
    ];
    for wrong in wrong {
        let mut auditor = auditor(None);
        let asked = audit(&mut auditor, 3);
        // The answer to no question changes nothing.
        let stray = answer(&mut auditor, wrong((number(asked) + 1, asked.1)));
        assert!(stray.found.is_empty(), "{stray:?}");
        let did = answer(&mut auditor, wrong(asked));
        assert_eq!(did.found, [(Finding::Wrong, 0)]);
        assert!(
            did.is_dropped && did.is_over && did.asked.is_empty(),
            "{did:?}"
        );
        let again = take(&mut auditor, Input::Command(Command::Audit(3)), 1);
        assert!(again.is_over && again.asked.is_empty(), "{again:?}");
    }
}

#[test]
fn silence_is_asked_three_times_or_once_with_a_deadline() {
    for (deadline, tries) in [(None, 3), (Some(Duration::from_millis(50)), 1)] {
        let mut auditor = auditor(deadline);
        let first = audit(&mut auditor, 9);
        for _ in 1..tries {
            let did = take(&mut auditor, Input::Timer(TARGET), 3);
            assert_eq!(did.asked, [first], "the same question");
        }
        let did = take(&mut auditor, Input::Timer(TARGET), 3);
        assert_eq!(did.found, [(Finding::Missed, 3)]);
        // The answer comes too late: another question is open.
        assert!(answer(&mut auditor, right(first)).found.is_empty());
        for score in [1, 0] {
            let missed = (0..tries).map(|_| take(&mut auditor, Input::Timer(TARGET), 3));
            let did = missed.last().expect("one try at least");
            assert_eq!(did.found, [(Finding::Missed, score)]);
            assert_eq!(did.is_dropped, score == 0);
        }
    }
}

#[test]
fn blocks_are_drawn_anew_for_each_question() {
    let drawn = (0..50).map(|seed| {
        let mut auditor = auditor(None);
        let did = take(&mut auditor, Input::Command(Command::Audit(1)), seed);
        did.asked[0].1
    });
    let drawn: BTreeSet<_> = drawn.collect();
    assert_eq!(drawn, (0..8).collect());
}

#[test]
fn malformed_questions_and_payloads_are_rejected() {
    let mut auditor = auditor(None);
    for index in [8, u32::MAX] {
        let probe = Message::Probe { number: 1, index };
        let effects = step(
            &mut auditor,
            Input::Message {
                from: TARGET,
                message: probe,
            },
            0,
        );
        assert_eq!(effects, []);
    }
    for bytes in [&b"\xff"[..], b"\x0a\x7f", b"GET /"] {
        assert_eq!(Message::from_payload(Bytes::copy_from_slice(bytes)), None);
    }
}
