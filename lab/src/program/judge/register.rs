//! `lin-kv`: each key is a linearizable register.

use std::collections::BTreeMap;

use trace::history::History;

use crate::checkers::Property;
use crate::checkers::linearizability::{Answer, Ask, Interval, Intervals, Register, check_each};
use crate::program::operation::{Ended, Operation};

/// Maelstrom's codes for a key that there is not, and for another value.
const MISSING: u64 = 20;
const DIFFERS: u64 = 22;

/// A value as JSON; null for a key that there is not.
type Text = String;

/// The value of a key that was never written.
const NOTHING: &str = "null";

pub(super) fn check(operations: &[Operation<'_>], history: &History) -> Property {
    let mut keys = BTreeMap::<_, Intervals<Register<Text>>>::new();
    for operation in operations {
        if let Some(interval) = interval(operation) {
            let key = format!("key {}", operation.asks("key"));
            keys.entry(key).or_default().push(interval);
        }
    }
    let register = Register(NOTHING.to_owned());
    check_each("each key is linearizable", &register, &keys, history)
}

/// `None` for an operation that had no effect and says nothing.
fn interval(operation: &Operation<'_>) -> Option<Interval<Ask<Text>, Answer<Text>>> {
    let text = |field| operation.asks(field).to_string();
    let asked = match &*operation.kind {
        "read" => Ask::Read,
        "write" => Ask::Write(text("value")),
        "cas" => Ask::CompareAndSwap {
            from: text("from"),
            to: text("to"),
        },
        _ => return None,
    };
    // A swap that finds no key has read that there is none.
    let asked = match (&operation.ended, asked) {
        (Ended::Refused(_, MISSING), Ask::CompareAndSwap { .. }) => Ask::Read,
        (_, asked) => asked,
    };
    let answer = match (&operation.ended, &asked) {
        (Ended::Done(_, body), Ask::Read) => {
            let value = body.get("value").map(ToString::to_string);
            Some(Answer::Value(value.unwrap_or_else(|| NOTHING.to_owned())))
        }
        (Ended::Done(..), _) => Some(Answer::Done),
        (Ended::Refused(_, MISSING), Ask::Read) => Some(Answer::Value(NOTHING.to_owned())),
        (Ended::Refused(_, DIFFERS), Ask::CompareAndSwap { .. }) => Some(Answer::Differs),
        (Ended::Refused(..), _) => return None,
        (Ended::Unknown | Ended::Malformed(_), _) => None,
    };
    // A read that was not answered says nothing.
    if answer.is_none() && asked == Ask::Read {
        return None;
    }
    Some(Interval {
        process: operation.place(),
        ..Interval::of(&operation.record, asked, answer)
    })
}
