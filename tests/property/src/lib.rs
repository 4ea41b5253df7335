//! Property tests: random input, and good input that was damaged on its way.
//!
//! [`check`] runs a property on random cases. A failure is reduced to a small
//! case and reported with the seed of the run:
//!
//! ```text
//! PROPTEST_RNG_SEED=17 cargo test --workspace --lib envelope
//! ```
//!
//! repeats it, and `PROPTEST_CASES=100000` runs more cases than the few that
//! the normal tests have time for.

use std::fmt::Debug;
use std::hash::{BuildHasher as _, RandomState};

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::Index;
use proptest::test_runner::{Config, RngSeed, TestCaseResult, TestRunner};

pub use proptest;

/// Steps spent on making a failed case smaller. Guess: some seconds.
const SHRINKING: u32 = 4_096;

/// Runs `property` on that many cases of `inputs`; on `PROPTEST_CASES`, where
/// that is set.
///
/// # Panics
/// The property does not hold: with the smallest case found, and the seed.
pub fn check<S: Strategy>(cases: u32, inputs: S, property: impl Fn(S::Value) -> TestCaseResult)
where
    S::Value: Debug,
{
    let asked = Config::default();
    let seed = match asked.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => RandomState::new().hash_one(cases),
    };
    let mut runner = TestRunner::new(Config {
        cases: match std::env::var_os("PROPTEST_CASES") {
            Some(_) => asked.cases,
            None => cases,
        },
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: SHRINKING,
        ..asked
    });
    if let Err(failure) = runner.run(&inputs, property) {
        panic!("{failure}\nto repeat it: PROPTEST_RNG_SEED={seed}");
    }
}

/// What happens to bytes on their way.
#[derive(Clone, Debug)]
pub enum Damage {
    /// They end at a place.
    Cut(Index),
    /// A bit changes.
    Flip(Index, u8),
    /// A part of them comes twice.
    Repeat(Index, Index),
    /// A part of them is lost.
    Lose(Index, Index),
    /// Others stand in between.
    Insert(Index, Vec<u8>),
}

impl Damage {
    /// The bytes after this damage.
    #[must_use]
    pub fn of(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        let length = bytes.len();
        let part = |a: &Index, b: &Index| {
            let (a, b) = (a.index(length + 1), b.index(length + 1));
            a.min(b)..a.max(b)
        };
        match self {
            Self::Cut(at) => bytes.truncate(at.index(length + 1)),
            Self::Flip(..) if bytes.is_empty() => {}
            Self::Flip(at, bit) => bytes[at.index(length)] ^= 1 << (bit % 8),
            Self::Repeat(a, b) => {
                let part = part(a, b);
                let again = bytes[part.clone()].to_vec();
                bytes.splice(part.end..part.end, again);
            }
            Self::Lose(a, b) => drop(bytes.drain(part(a, b))),
            Self::Insert(at, others) => {
                let at = at.index(length + 1);
                bytes.splice(at..at, others.iter().copied());
            }
        }
        bytes
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = any::<Index>;
    prop_oneof![
        2 => place().prop_map(Damage::Cut),
        4 => (place(), any::<u8>()).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        2 => (place(), place()).prop_map(|(a, b)| Damage::Repeat(a, b)),
        1 => (place(), place()).prop_map(|(a, b)| Damage::Lose(a, b)),
        1 => (place(), vec(any::<u8>(), 1..8)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
    ]
}

/// These bytes with one to three damages.
pub fn damaged(good: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (good, vec(damage(), 1..=3))
        .prop_map(|(good, damages)| damages.iter().fold(good, |bytes, damage| damage.of(bytes)))
}

/// Good bytes that were damaged, and bytes that never were good.
pub fn hostile(good: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => damaged(good),
        1 => vec(any::<u8>(), 0..256),
        1 => Just(vec![0xff; 64]),
    ]
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use proptest::test_runner::TestCaseError;

    use super::*;

    fn failure(seen: &str) -> String {
        let fails = || check(64, any::<u32>(), |_| Err(TestCaseError::fail("no")));
        let panic = catch_unwind(fails).expect_err(seen);
        *panic.downcast::<String>().expect("a message")
    }

    #[test]
    fn a_failure_names_the_case_and_the_seed() {
        let message = failure("the property holds nowhere");
        assert!(message.contains("minimal failing input: 0"), "{message}");
        let seed = message.rsplit_once("PROPTEST_RNG_SEED=").expect("a seed").1;
        assert!(seed.parse::<u64>().is_ok(), "{message}");
    }

    #[test]
    fn damage_is_what_it_says() {
        let bytes = || b"abcdef".to_vec();
        check(256, any::<(Index, Index, u8)>(), |(a, b, bit)| {
            let length = |damage: Damage| damage.of(bytes()).len();
            assert!(length(Damage::Cut(a)) <= 6);
            assert_eq!(length(Damage::Flip(a, bit)), 6);
            assert!((6..=12).contains(&length(Damage::Repeat(a, b))));
            assert!(length(Damage::Lose(a, b)) <= 6);
            assert_eq!(length(Damage::Insert(a, vec![bit])), 7);
            assert!(Damage::Flip(a, bit).of(vec![]).is_empty());
            Ok(())
        });
    }
}
