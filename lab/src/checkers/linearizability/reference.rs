//! The search against another one: the `LinearizabilityTester` of stateright, on random
//! histories of up to 12 operations of 4 clients.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use stateright::semantics::{ConsistencyTester as _, LinearizabilityTester, SequentialSpec};

use super::*;

const HISTORIES: u64 = 10_000;
const OPERATIONS: usize = 12;
const CLIENTS: usize = 4;

/// Of so many answers one is drawn at random, and of so many operations one is never answered.
const WRONG: u32 = 12;
const LOST: u32 = 12;

/// A register that is not [`Register`].
#[derive(Clone, Debug, PartialEq, Hash)]
struct Other(u8);

impl SequentialSpec for Other {
    type Op = Ask<u8>;
    type Ret = Answer<u8>;

    fn invoke(&mut self, asked: &Ask<u8>) -> Answer<u8> {
        match *asked {
            Ask::Read => return Answer::Value(self.0),
            Ask::Write(value) => self.0 = value,
            Ask::CompareAndSwap { from, .. } if from != self.0 => return Answer::Differs,
            Ask::CompareAndSwap { to, .. } => self.0 = to,
        }
        Answer::Done
    }
}

type Operation = Interval<Ask<u8>, Answer<u8>>;

/// A client that waits: the place of its operation, and its answer once it has taken effect.
struct Open {
    place: usize,
    answer: Option<Answer<u8>>,
}

fn draw(rng: &mut ChaCha8Rng) -> Ask<u8> {
    let (kind, from, to) = (
        rng.random_range(0..5),
        rng.random_range(0..3),
        rng.random_range(0..3),
    );
    match kind {
        0 | 1 => Ask::Read,
        2 | 3 => Ask::Write(to),
        _ => Ask::CompareAndSwap { from, to },
    }
}

fn wrong(asked: &Ask<u8>, rng: &mut ChaCha8Rng) -> Answer<u8> {
    match asked {
        Ask::Read => Answer::Value(rng.random_range(0..3)),
        Ask::Write(_) => Answer::Done,
        Ask::CompareAndSwap { .. } if rng.random_bool(0.5) => Answer::Done,
        Ask::CompareAndSwap { .. } => Answer::Differs,
    }
}

/// A random history, and whether the other search finds an order of it.
fn history(rng: &mut ChaCha8Rng) -> (Vec<Operation>, bool) {
    let mut tester = LinearizabilityTester::new(Other(0));
    let (mut register, mut all) = (Other(0), Vec::new());
    let mut clients: [Option<Open>; CLIENTS] = [const { None }; CLIENTS];
    let count = rng.random_range(1..=OPERATIONS);
    for now in 0..100 {
        let client = rng.random_range(0..CLIENTS);
        match clients[client].take() {
            None if all.len() < count => {
                let asked = draw(rng);
                tester
                    .on_invoke(client, asked)
                    .expect("a client that waits for nothing");
                let place = all.len();
                let answer = rng.random_bool(0.5).then(|| register.invoke(&asked));
                clients[client] = Some(Open { place, answer });
                all.push(Interval {
                    process: format!("peer-{client:02}"),
                    asked,
                    invoked: now,
                    answer: None,
                });
            }
            None => {}
            // It waits for ever.
            open @ Some(_) if rng.random_range(0..LOST) == 0 => clients[client] = open,
            Some(Open { place, answer }) => {
                let asked = all[place].asked;
                let right = answer.unwrap_or_else(|| register.invoke(&asked));
                let answer = match rng.random_range(0..WRONG) {
                    0 => wrong(&asked, rng),
                    _ => right,
                };
                tester
                    .on_return(client, answer)
                    .expect("a client that waits");
                all[place].answer = Some((now, answer));
            }
        }
    }
    (all, tester.is_consistent())
}

#[test]
fn verdicts_are_those_of_stateright() {
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    let mut counts = [0_u64; 2];
    for number in 0..HISTORIES {
        let (operations, right) = history(&mut rng);
        let ours = match judge(&Register(0), &operations, BUDGET) {
            Verdict::Linearizable(_) => true,
            Verdict::Violated(_) => false,
            Verdict::Unknown => panic!("history {number} is too long"),
        };
        assert_eq!(ours, right, "history {number}: {operations:#?}");
        counts[usize::from(right)] += 1;
    }
    assert!(
        counts.iter().all(|count| *count > HISTORIES / 10),
        "{counts:?}"
    );
}
