//! Random choices that an engine makes, to try all of them.

use std::ops::{Bound, RangeBounds};
use std::time::Duration;

use rand::distr::uniform::SampleUniform;

/// The most values of a choice that are all tried. A guess: each is a state of its own.
const MOST_VALUES: u32 = 16;

/// The most combinations of the choices of a step that are all tried. A guess.
const MOST_COMBINATIONS: u32 = 256;

/// The random choices of one step, as an engine makes them that tries all of them.
///
/// Each choice is the place of its value among the possible ones. The first choices are
/// given; those that the step makes beyond them are the first value each.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    given: Vec<u32>,
    made: Vec<Made>,
    has_drawn: bool,
}

#[derive(Clone, Debug)]
struct Made {
    place: u32,
    /// How many values there were.
    of: u32,
    /// `3 of 0..=5`
    text: String,
}

impl Choices {
    /// With these first choices.
    pub fn new(given: Vec<u32>) -> Self {
        Self {
            given,
            ..Self::default()
        }
    }

    /// The first choices.
    pub fn given(&self) -> &[u32] {
        &self.given
    }

    /// Whether the step has made any choice.
    pub fn is_empty(&self) -> bool {
        self.made.is_empty()
    }

    /// The values that were chosen, in order: `3 of 0..=5`.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.made.iter().map(|made| &*made.text)
    }

    /// Whether the step also has random numbers of which not all values are tried: from
    /// [`Out::rng`](crate::Out::rng), of a large range, or after too many other choices.
    pub fn has_drawn(&self) -> bool {
        self.has_drawn
    }

    /// The choices to be given next, until all combinations were. `None` after the last.
    pub fn next(&self) -> Option<Vec<u32>> {
        let last = self
            .made
            .iter()
            .rposition(|made| made.place + 1 < made.of)?;
        let mut next: Vec<_> = self.made[..=last].iter().map(|made| made.place).collect();
        next[last] += 1;
        Some(next)
    }

    pub(crate) fn draw(&mut self) {
        self.has_drawn = true;
    }

    /// The value that is chosen of that range; `None` if it has to be drawn.
    pub(crate) fn choose<T: Draw>(&mut self, range: &impl RangeBounds<T>) -> Option<T> {
        let (first, of) = T::values(range).filter(|(_, of)| (1..=MOST_VALUES).contains(of))?;
        let combinations: u32 = self.made.iter().map(|made| made.of).product();
        if combinations * of > MOST_COMBINATIONS {
            return None;
        }
        let given = self.given.get(self.made.len()).copied();
        let place = given.unwrap_or(0).min(of - 1);
        let value = T::nth(first, place)?;
        if of > 1 {
            let last = T::nth(first, of - 1)?;
            let text = format!("{value:?} of {first:?}..={last:?}");
            self.made.push(Made { place, of, text });
        }
        Some(value)
    }
}

/// A type of which [`Out::random`](crate::Out::random) draws values.
pub trait Draw: SampleUniform + Copy + std::fmt::Debug {
    /// The first value of a range, and how many there are; `None` if they are not counted.
    fn values(range: &impl RangeBounds<Self>) -> Option<(Self, u32)>;

    /// The value at that place from `first` on.
    fn nth(first: Self, place: u32) -> Option<Self>;
}

macro_rules! counted {
    ($($integer:ty)*) => {$(
        impl Draw for $integer {
            fn values(range: &impl RangeBounds<Self>) -> Option<(Self, u32)> {
                let first = match range.start_bound() {
                    Bound::Included(first) => *first,
                    Bound::Excluded(before) => before.checked_add(1)?,
                    Bound::Unbounded => Self::MIN,
                };
                let last = match range.end_bound() {
                    Bound::Included(last) => *last,
                    Bound::Excluded(after) => after.checked_sub(1)?,
                    Bound::Unbounded => Self::MAX,
                };
                if last < first {
                    return None;
                }
                let count = last.checked_sub(first)?.checked_add(1)?;
                Some((first, u32::try_from(count).ok()?))
            }

            fn nth(first: Self, place: u32) -> Option<Self> {
                first.checked_add(Self::try_from(place).ok()?)
            }
        }
    )*};
}

macro_rules! uncounted {
    ($($other:ty)*) => {$(
        impl Draw for $other {
            fn values(_: &impl RangeBounds<Self>) -> Option<(Self, u32)> {
                None
            }

            fn nth(_: Self, _: u32) -> Option<Self> {
                None
            }
        }
    )*};
}

counted! { u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 }
uncounted! { f32 f64 char Duration }

#[cfg(test)]
mod tests {
    use super::*;

    /// All combinations of the choices that `step` makes.
    fn all<R>(mut step: impl FnMut(&mut Choices) -> R) -> Vec<R> {
        let (mut all, mut given) = (Vec::new(), Some(Vec::new()));
        while let Some(now) = given {
            let mut choices = Choices::new(now);
            all.push(step(&mut choices));
            given = choices.next();
        }
        all
    }

    #[test]
    fn all_values_of_small_ranges_are_tried() {
        let tried = all(|choices| choices.choose(&(-1..2)));
        assert_eq!(tried, [Some(-1), Some(0), Some(1)]);
        assert_eq!(all(|choices| choices.choose(&(250_u8..=255))).len(), 6);
        assert_eq!(all(|choices| choices.choose(&(7..8))), [Some(7)]);
        assert_eq!(all(|choices| choices.choose(&(0_u64..16))).len(), 16);
        // The second choice depends on the first.
        let tried = all(|choices| {
            let first = choices.choose(&(0..3)).unwrap();
            (first, choices.choose(&(0..=first)).unwrap())
        });
        assert_eq!(tried, [(0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2)]);
    }

    #[test]
    fn other_ranges_are_drawn() {
        let mut choices = Choices::default();
        assert_eq!(choices.choose(&(0..17)), None);
        assert_eq!(choices.choose(&(0_u64..=u64::MAX)), None);
        assert_eq!(choices.choose(&(i64::MIN..i64::MAX)), None);
        assert_eq!(choices.choose(&(0.0..1.0)), None);
        assert_eq!(choices.choose(&(Duration::ZERO..Duration::MAX)), None);
        // `rand` panics at an empty range, here as elsewhere.
        #[expect(clippy::reversed_empty_ranges)]
        let empty = 5..0_u8;
        assert_eq!(choices.choose(&empty), None);
        assert!(choices.is_empty());
    }

    #[test]
    fn combinations_of_a_step_are_limited() {
        let tried = all(|choices| {
            let all = (0..10).map(|_| choices.choose(&(0..2)).is_some());
            all.filter(|is_chosen| *is_chosen).count()
        });
        assert_eq!(tried, [8; 256]);
    }

    #[test]
    fn choices_are_named() {
        let mut choices = Choices::new(vec![3]);
        assert_eq!(choices.choose(&(0..6)), Some(3));
        assert_eq!(choices.texts().collect::<Vec<_>>(), ["3 of 0..=5"]);
    }
}
