//! The search against one that tries every order, and histories of an object with known
//! mistakes.

use std::cell::Cell;

use property::check as property;
use property::proptest::collection::vec;
use property::proptest::prelude::{Just, Strategy, any, prop_oneof};
use property::proptest::{prop_assert, prop_assert_eq};

use super::*;
use crate::checkers::Outcome;

type Operation = Interval<Ask<u8>, Answer<u8>>;

fn interval(
    process: u64,
    asked: Ask<u8>,
    invoked: u64,
    answer: Option<(u64, Answer<u8>)>,
) -> Operation {
    Interval {
        process: format!("peer-{process:02}"),
        asked,
        invoked,
        answer,
    }
}

fn write(value: u8, [invoked, answered]: [u64; 2]) -> Operation {
    interval(
        0,
        Ask::Write(value),
        invoked,
        Some((answered, Answer::Done)),
    )
}

fn read(process: u64, value: u8, [invoked, answered]: [u64; 2]) -> Operation {
    let answer = Some((answered, Answer::Value(value)));
    interval(process, Ask::Read, invoked, answer)
}

fn verdict(operations: &[Operation]) -> Verdict<u8> {
    judge(&Register(0), operations, BUDGET)
}

/// Whether `order` is one of all operations that were answered until `end`, in which each is after those that
/// were answered before it began, and has the right answer.
fn is_right(order: &[usize], operations: &[Operation], end: u64) -> bool {
    let mut state = 0;
    for (place, one) in order.iter().enumerate() {
        let Interval { asked, answer, .. } = &operations[*one];
        let later = order[place + 1..].iter();
        let too_late = later.clone().any(|later| {
            let end = operations[*later].answer.as_ref();
            end.is_some_and(|(end, _)| *end < operations[*one].invoked) || later == one
        });
        let answer = answer.as_ref().map(|(_, answer)| answer);
        match Register(0).apply(&state, asked, answer) {
            Some(next) if !too_late => state = next,
            _ => return false,
        }
    }
    let mut all = (0..).zip(operations);
    all.all(|(one, operation)| {
        operation.answer.is_none_or(|(at, _)| at > end) || order.contains(&one)
    })
}

/// Tries every order of every choice of operations that were not answered until `end`.
fn has_an_order(operations: &[Operation], end: u64, order: &mut Vec<usize>) -> bool {
    is_right(order, operations, end)
        || (0..operations.len()).any(|one| {
            if order.contains(&one) {
                return false;
            }
            order.push(one);
            let found = has_an_order(operations, end, order);
            order.pop();
            found
        })
}

fn asks() -> impl Strategy<Value = Ask<u8>> {
    prop_oneof![
        2 => Just(Ask::Read),
        2 => (0..3_u8).prop_map(Ask::Write),
        1 => (0..3_u8, 0..3_u8).prop_map(|(from, to)| Ask::CompareAndSwap { from, to }),
    ]
}

/// Operations of a real register, each at a moment of its interval, of which some answers
/// are then changed at random, or lost.
fn histories() -> impl Strategy<Value = Vec<Operation>> {
    let one = (asks(), 0..12_u64, 0..5_u64, 0..5_u64, any::<u8>());
    vec(one, 0..6).prop_map(|all| {
        let mut moments: Vec<_> = (0..).zip(all).collect();
        moments.sort_by_key(|(_, (_, at, ..))| *at);
        let mut state = 0;
        let operations = moments
            .into_iter()
            .map(|(process, (asked, at, before, after, luck))| {
                let right = match asked {
                    Ask::Read => Answer::Value(state),
                    Ask::Write(_) => Answer::Done,
                    Ask::CompareAndSwap { from, .. } if from == state => Answer::Done,
                    Ask::CompareAndSwap { .. } => Answer::Differs,
                };
                state = Register(0).apply(&state, &asked, None).expect("any answer");
                let answer = match (luck % 8, asked) {
                    (0, Ask::Read) => Answer::Value(luck / 8 % 3),
                    (0, Ask::CompareAndSwap { .. }) => Answer::Done,
                    _ => right,
                };
                let at = 5 + at;
                let answer = (luck % 8 != 1).then_some((at + after, answer));
                interval(process, asked, at - before, answer)
            });
        operations.collect()
    })
}

/// The verdicts are those of the search of all orders, an order that is found is right, and
/// a witness is the shortest part of the history without one.
#[test]
fn verdicts_are_those_of_an_exhaustive_search() {
    let counts = [Cell::new(0), Cell::new(0)];
    property(1_000, histories(), |operations| {
        let right = has_an_order(&operations, u64::MAX, &mut Vec::new());
        counts[usize::from(right)].update(|count| count + 1);
        match verdict(&operations) {
            Verdict::Linearizable(order) => {
                prop_assert!(right);
                prop_assert!(is_right(&order, &operations, u64::MAX), "{order:?}");
            }
            Verdict::Violated(witness) => {
                prop_assert!(!right);
                let end = operations[witness.operation].answer.expect("an answer").0;
                let until = |end: u64| -> Vec<_> {
                    let seen = operations.iter().filter(|one| one.invoked <= end);
                    seen.cloned().collect()
                };
                prop_assert!(!has_an_order(&until(end), end, &mut Vec::new()));
                prop_assert_eq!(witness.count, until(end).len());
                if let Some(end) = end.checked_sub(1) {
                    prop_assert!(has_an_order(&until(end), end, &mut Vec::new()));
                }
            }
            Verdict::Unknown => prop_assert!(false, "a small history"),
        }
        Ok(())
    });
    let [wrong, right] = counts.map(Cell::into_inner);
    assert!(wrong > 50 && right > 50, "{wrong} wrong, {right} right");
}

#[test]
fn wrong_registers_are_found() {
    let lost = |answer| interval(0, Ask::Write(1), 0, answer);
    let swap = |process, [invoked, answered]: [u64; 2]| {
        let asked = Ask::CompareAndSwap { from: 0, to: 1 };
        interval(process, asked, invoked, Some((answered, Answer::Done)))
    };
    let cases: [(&str, &[Operation], Option<usize>); 11] = [
        ("nothing", &[], None),
        (
            "a value that is written while it is read",
            &[write(1, [0, 5]), read(1, 1, [1, 2])],
            None,
        ),
        (
            "the older value while it is written",
            &[write(1, [0, 5]), read(1, 0, [1, 2])],
            None,
        ),
        (
            "a stale read",
            &[write(1, [0, 1]), read(1, 0, [2, 3])],
            Some(1),
        ),
        (
            "an older value after a newer one",
            &[write(1, [0, 9]), read(1, 1, [1, 2]), read(2, 0, [3, 4])],
            Some(2),
        ),
        (
            "a lost write",
            &[write(1, [0, 1]), write(2, [2, 3]), read(1, 1, [4, 5])],
            Some(2),
        ),
        (
            "a read from the future",
            &[read(1, 1, [0, 1]), write(1, [2, 3])],
            Some(0),
        ),
        (
            "a value of nobody",
            &[write(1, [0, 1]), read(1, 7, [0, 1])],
            Some(1),
        ),
        (
            "an unanswered write that takes effect late",
            &[lost(None), read(1, 0, [5, 6]), read(2, 1, [8, 9])],
            None,
        ),
        (
            "an unanswered write that takes effect, and then does not",
            &[lost(None), read(1, 1, [5, 6]), read(2, 0, [8, 9])],
            Some(2),
        ),
        (
            "two swaps of one value",
            &[swap(1, [0, 5]), swap(2, [1, 4])],
            Some(0),
        ),
    ];
    for (name, operations, expected) in cases {
        let found = match verdict(operations) {
            Verdict::Linearizable(_) => None,
            Verdict::Violated(witness) => Some(witness.operation),
            Verdict::Unknown => panic!("{name}"),
        };
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_violation_in_words() {
    let operations = [
        write(1, [0, 9_000_000]),
        read(1, 1, [1_000_000, 2_000_000]),
        read(2, 0, [3_000_000, 4_000_000]),
    ];
    let history = History::default();
    let property = check("linearizable", &Register(0), &operations, &history);
    assert_eq!(
        property.violations,
        [
            "no order of the first 3 operations explains peer-02: Read -> Value(0) (3.00 ms to \
             4.00 ms); the state could then be 1; at the same time: peer-00: Write(1) -> Done \
             (0 ns to 9.00 ms); before it: peer-01: Read -> Value(1) (1.00 ms to 2.00 ms)"
        ]
    );
    assert_eq!(property.checked, 3);
    let keys = BTreeMap::from([
        ("x", operations.to_vec()),
        ("y", vec![write(1, [0, 1]), read(1, 1, [2, 3])]),
    ]);
    let property = check_each("linearizable", &Register(0), &keys, &history);
    assert_eq!(property.checked, 5);
    let [violation] = &property.violations[..] else {
        panic!("one key is wrong: {:?}", property.violations);
    };
    assert!(violation.starts_with("x: no order"), "{violation}");
}

/// The operations come one after the other, or in pairs that overlap.
#[test]
fn long_histories_are_judged() {
    let history = |overlap: u64| -> Vec<_> {
        let one = |number: u64| {
            let times = [10 * number, 10 * number + 5 + overlap];
            match number % 2 {
                0 => write((number / 2 % 100) as u8, times),
                _ => read(1, (number / 2 % 100) as u8, times),
            }
        };
        (0..100_000).map(one).collect()
    };
    for overlap in [0, 10] {
        let mut operations = history(overlap);
        assert!(
            matches!(verdict(&operations), Verdict::Linearizable(_)),
            "{overlap}"
        );
        operations[99_999].answer = Some((2_000_000, Answer::Value(200)));
        let Verdict::Violated(witness) = verdict(&operations) else {
            panic!("a value of nobody, {overlap}");
        };
        assert_eq!((witness.operation, witness.count), (99_999, 100_000));
    }
}

/// All operations at once: neither time, memory nor stack run out.
#[test]
fn hopeless_histories_end_as_unknown() {
    let all_at_once: Vec<_> = (0..100_000_u64)
        .map(|number| match number % 2 {
            0 => write((number / 2 % 250) as u8, [0, 1_000_000 + number]),
            _ => read(1, (number / 2 * 7 % 250) as u8, [0, 1_000_000 + number]),
        })
        .collect();
    assert_eq!(verdict(&all_at_once), Verdict::Unknown);
    // Each may have taken effect, or not, and no order explains the last.
    let mut unanswered: Vec<_> = (0..100_000_u64)
        .map(|number| interval(0, Ask::Write((number % 250) as u8), number, None))
        .collect();
    unanswered.push(read(1, 255, [200_000, 200_001]));
    assert_eq!(verdict(&unanswered), Verdict::Unknown);
    let property = check(
        "linearizable",
        &Register(0),
        &unanswered,
        &History::default(),
    );
    assert_eq!(property.outcome(), Outcome::Unknown);
}
