//! The search for an order of 10,000 operations over 10 keys.

use std::collections::BTreeMap;
use std::time::Instant;

use lab::checkers::linearizability::{
    Answer, Ask, BUDGET, Interval, Register, Specification as _, Verdict, judge,
};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

const OPERATIONS: u64 = 10_000;
const KEYS: u64 = 10;
const CLIENTS: u64 = 10;

/// An operation takes effect some time within this, and one in so many is not answered.
const LASTS: u64 = 20;
const LOST: u64 = 200;

type Operation = Interval<Ask<u64>, Answer<u64>>;

pub(crate) fn of_many() -> String {
    let lines = [false, true].map(|is_wrong| {
        let keys = history(is_wrong);
        let began = Instant::now();
        let verdicts = keys.values().map(|key| judge(&Register(0), key, BUDGET));
        let mut counts = BTreeMap::<_, u64>::new();
        for verdict in verdicts {
            let name = match verdict {
                Verdict::Linearizable(_) => "linearizable",
                Verdict::Violated(_) => "not",
                Verdict::Unknown => "unknown",
            };
            *counts.entry(name).or_default() += 1;
        }
        format!(
            "{:.2} s (target 5; {OPERATIONS} operations of {CLIENTS} clients over {KEYS} keys, \
             one in {LOST} not answered{}: {counts:?})",
            began.elapsed().as_secs_f64(),
            if is_wrong {
                ", each key with a stale read"
            } else {
                ""
            },
        )
    });
    lines.join("\nlinearize ")
}

/// Operations of real registers, each at a moment of its interval. A wrong history ends with a
/// read of a value that was overwritten long ago.
fn history(is_wrong: bool) -> BTreeMap<u64, Vec<Operation>> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut states = vec![0; KEYS as usize];
    let mut keys = BTreeMap::<_, Vec<_>>::new();
    for number in 0..OPERATIONS {
        // Moments of all clients alternate, so a client's own intervals do not overlap.
        let moment = number * 2 * LASTS / CLIENTS + LASTS;
        let key = rng.random_range(0..KEYS);
        let state = &mut states[key as usize];
        let mut value = || rng.random_range(0..5);
        let asked = match value() % 3 {
            0 => Ask::Read,
            1 => Ask::Write(value()),
            _ => Ask::CompareAndSwap {
                from: value(),
                to: value(),
            },
        };
        let right = match asked {
            Ask::Read => Answer::Value(*state),
            Ask::Write(_) => Answer::Done,
            Ask::CompareAndSwap { from, .. } if from == *state => Answer::Done,
            Ask::CompareAndSwap { .. } => Answer::Differs,
        };
        *state = Register(0)
            .apply(state, &asked, None)
            .expect("any answer is right");
        let (before, after) = (rng.random_range(0..LASTS), rng.random_range(0..LASTS));
        let is_lost = rng.random_range(0..LOST) == 0;
        keys.entry(key).or_default().push(Interval {
            process: format!("c{}", number % CLIENTS),
            asked,
            invoked: moment - before,
            answer: (!is_lost).then_some((moment + after, right)),
        });
    }
    for key in keys.values_mut().filter(|_| is_wrong) {
        let end = OPERATIONS * 2 * LASTS / CLIENTS + 4 * LASTS;
        key.push(Interval {
            process: "c0".into(),
            asked: Ask::Read,
            invoked: end,
            answer: Some((end + 1, Answer::Value(u64::MAX))),
        });
    }
    keys
}
