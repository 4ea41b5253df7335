//! Linearizability: whether the operations of clients could have happened one after the
//! other, each at a moment between its invocation and its answer (Herlihy and Wing,
//! "Linearizability: A Correctness Condition for Concurrent Objects", TOPLAS 1990).
//!
//! What the object does in such an order is a [`Specification`]: a [`Register`], or one of
//! your own. The operations are [`Interval`]s; one without an answer may have taken effect
//! at any time after its invocation, or never. [`judge`] decides ([`search`] says how), and
//! [`check`] puts the result into a [`Property`].
//!
//! A map of independent keys is linearizable exactly if each key is (the same paper,
//! theorem 1), so each is judged alone ([`check_each`]), which is much faster.
//!
//! ```
//! use lab::checkers::linearizability::{Answer, Ask, BUDGET, Interval, Register, Verdict, judge};
//!
//! let interval = |process, asked, invoked, answer| Interval {
//!     process: String::from(process),
//!     asked,
//!     invoked,
//!     answer,
//! };
//! let stale = [
//!     interval("peer-00", Ask::Write(1), 0, Some((5, Answer::Done))),
//!     interval("peer-01", Ask::Read, 1, Some((2, Answer::Value(1)))),
//!     interval("peer-02", Ask::Read, 3, Some((4, Answer::Value(0)))),
//! ];
//! let Verdict::Violated(witness) = judge(&Register(0), &stale, BUDGET) else {
//!     panic!("the second read began after the first, and has an older value");
//! };
//! assert_eq!(witness.operation, 2);
//! ```

#[cfg(test)]
mod reference;
mod search;
mod specification;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};
use std::time::Duration;

use trace::history::{History, OperationRecord};

use super::Property;
use crate::stats::show;
pub use search::{BUDGET, Verdict, Witness, judge};
pub use specification::{Answer, Ask, Register, Specification};

/// How many operations of each sort the words about a violation name. A guess: more would
/// not be read.
const NAMED: usize = 4;

/// An operation of a client, as an interval of time. Times are in nanoseconds since any
/// moment, the same for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval<O, A> {
    /// The process that was asked.
    pub process: String,
    /// What was asked.
    pub asked: O,
    /// When.
    pub invoked: u64,
    /// When it was answered, and how. An operation without an answer may have taken effect.
    pub answer: Option<(u64, A)>,
}

/// The intervals of an object's operations.
pub type Intervals<S> =
    Vec<Interval<<S as Specification>::Operation, <S as Specification>::Answer>>;

impl<O, A> Interval<O, A> {
    /// The interval of a recorded operation that asked `asked`, and what its answer says.
    pub fn of(record: &OperationRecord<'_>, asked: O, answer: Option<A>) -> Self {
        Self {
            process: record.process.to_string(),
            asked,
            invoked: record.invoked,
            answer: record.answer.map(|answer| answer.at).zip(answer),
        }
    }
}

impl<O: Debug, A: Debug> Interval<O, A> {
    /// `peer-01: Read -> Value(1) (12.0 ms to 15.0 ms)`, in the time since `start`.
    fn words(&self, start: u64) -> String {
        let since = |at: u64| show(Duration::from_nanos(at.saturating_sub(start)));
        let (process, asked, invoked) = (&self.process, &self.asked, since(self.invoked));
        match &self.answer {
            Some((at, answer)) => {
                format!(
                    "{process}: {asked:?} -> {answer:?} ({invoked} to {})",
                    since(*at)
                )
            }
            None => format!("{process}: {asked:?}, never answered (from {invoked})"),
        }
    }
}

/// The property that the operations of one object are linearizable. Not known, if the search
/// takes more than the usual [`BUDGET`].
pub fn check<S: Specification>(
    name: &'static str,
    specification: &S,
    operations: &[Interval<S::Operation, S::Answer>],
    history: &History,
) -> Property {
    let mut property = Property::of(name, history).looks_at("operation of a client");
    add(&mut property, "", specification, operations);
    property
}

/// The same for independent objects, such as the keys of a map.
pub fn check_each<S: Specification, K: Display>(
    name: &'static str,
    specification: &S,
    objects: &BTreeMap<K, Intervals<S>>,
    history: &History,
) -> Property {
    let mut property = Property::of(name, history).looks_at("operation of a client");
    for (key, operations) in objects {
        add(
            &mut property,
            &format!("{key}: "),
            specification,
            operations,
        );
    }
    property
}

fn add<S: Specification>(
    property: &mut Property,
    object: &str,
    specification: &S,
    operations: &[Interval<S::Operation, S::Answer>],
) {
    let unknown = match judge(specification, operations, BUDGET) {
        Verdict::Unknown => true,
        Verdict::Violated(witness) => {
            property.checked += operations.len() as u64 - 1;
            property.check(false, || format!("{object}{}", witness.words(operations)));
            false
        }
        Verdict::Linearizable(_) => {
            property.checked += operations.len() as u64;
            false
        }
    };
    if unknown {
        let count = operations.len();
        property.unknown(format!(
            "{object}the search for an order of {count} operations was ended after {BUDGET} \
             steps; fewer operations at a time, or more keys, make it shorter"
        ));
    }
}

impl<S: Debug> Witness<S> {
    /// The violation in words, with times since the first invocation.
    pub fn words<O: Debug, A: Debug>(&self, operations: &[Interval<O, A>]) -> String {
        let start = operations.iter().map(|one| one.invoked).min();
        let words = |at: &usize| operations[*at].words(start.unwrap_or_default());
        let list = |title: &str, all: &[usize]| match all.len().checked_sub(NAMED) {
            _ if all.is_empty() => String::new(),
            None | Some(0) => {
                let named: Vec<_> = all.iter().map(words).collect();
                format!("; {title} {}", named.join(", "))
            }
            Some(more) => {
                let named: Vec<_> = all[more..].iter().map(words).collect();
                format!("; {title} {} and {more} more", named.join(", "))
            }
        };
        let states: Vec<_> = self.states.iter().map(|one| format!("{one:?}")).collect();
        format!(
            "no order of the first {} operations explains {}; the state could then be {}{}{}",
            self.count,
            words(&self.operation),
            states.join(" or "),
            list("at the same time:", &self.concurrent),
            list("before it:", &self.before),
        )
    }
}
