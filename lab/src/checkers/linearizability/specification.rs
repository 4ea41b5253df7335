//! What an object does when its operations happen one after the other.

use std::fmt::Debug;
use std::hash::Hash;

/// A sequential object: what it does when its operations happen one after the other.
pub trait Specification {
    /// The state of the object.
    type State: Clone + Debug + Eq + Hash;
    /// What can be asked of it.
    type Operation: Debug;
    /// What it answers.
    type Answer: Debug;

    /// Its first state.
    fn initial(&self) -> Self::State;

    /// The state after an operation with that answer; `None` if the object cannot answer
    /// so. Without an answer, what it would be is not known, and any is right.
    fn apply(
        &self,
        state: &Self::State,
        operation: &Self::Operation,
        answer: Option<&Self::Answer>,
    ) -> Option<Self::State>;
}

/// A register with a first value: it is read, written, and compared and swapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Register<V>(pub V);

/// What can be asked of a [`Register`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ask<V> {
    /// The value.
    Read,
    /// To take a value.
    Write(V),
    /// To take the value `to`, if it has the value `from`.
    CompareAndSwap {
        /// The value that it has to have.
        from: V,
        /// The value that it then takes.
        to: V,
    },
}

/// What a [`Register`] answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer<V> {
    /// To a read: the value.
    Value(V),
    /// To a write, or to a swap that happened.
    Done,
    /// To a swap: the value was another.
    Differs,
}

impl<V: Clone + Debug + Eq + Hash> Specification for Register<V> {
    type State = V;
    type Operation = Ask<V>;
    type Answer = Answer<V>;

    fn initial(&self) -> V {
        self.0.clone()
    }

    fn apply(&self, state: &V, operation: &Ask<V>, answer: Option<&Answer<V>>) -> Option<V> {
        let (right, next) = match operation {
            Ask::Read => (Answer::Value(state.clone()), state),
            Ask::Write(value) => (Answer::Done, value),
            Ask::CompareAndSwap { from, to } if from == state => (Answer::Done, to),
            Ask::CompareAndSwap { .. } => (Answer::Differs, state),
        };
        let fits = answer.is_none_or(|answer| *answer == right);
        fits.then(|| next.clone())
    }
}
