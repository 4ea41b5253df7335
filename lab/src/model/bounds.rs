//! The bounds of a search, and its extent.

use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use crate::memory;
use crate::stats::show;

/// The bounds of a search. If one is met and no wrong run is found, the result is
/// `unknown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The number of distinct states.
    pub states: NonZeroUsize,
    /// The number of steps of a run.
    pub depth: u64,
    /// Bytes of memory of the whole process.
    pub memory: u64,
    /// Time by the wall clock.
    pub time: Duration,
}

impl Default for Bounds {
    /// Half of the memory that is free now, and for the rest guesses: minutes
    /// on any machine.
    fn default() -> Self {
        let free = memory::available() / 2;
        Self {
            states: Self::STATES,
            depth: Self::DEPTH,
            memory: memory::resident().unwrap_or(0).saturating_add(free),
            time: Self::TIME,
        }
    }
}

impl Bounds {
    /// A guess: a minute or two.
    pub const STATES: NonZeroUsize = NonZeroUsize::new(2_000_000).expect("not zero");
    /// A guess: far more steps than any run has that can be checked.
    pub const DEPTH: u64 = 10_000;
    /// A guess.
    pub const TIME: Duration = Duration::from_secs(300);

    /// The bound of memory or of time that is exceeded after so much time.
    pub(super) fn exceeded(&self, after: Duration) -> Option<Bound> {
        let memory = memory::resident().is_some_and(|bytes| bytes > self.memory);
        match memory {
            true => Some(Bound::Memory(self.memory)),
            false => (after >= self.time).then_some(Bound::Time(self.time)),
        }
    }
}

/// Why a search ended before it had tried every state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// There are more states.
    States(NonZeroUsize),
    /// There are longer runs.
    Depth(u64),
    /// The rest takes more memory.
    Memory(u64),
    /// The rest takes more time.
    Time(Duration),
    /// A crash may lose more channels, of which not every combination was tried.
    Channels(usize),
    /// It was interrupted.
    Interrupted,
}

/// `there are more states than --max-states 2000000`
impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::States(states) => write!(f, "there are more states than --max-states {states}"),
            Self::Depth(depth) => write!(f, "there are longer runs than --max-depth {depth}"),
            Self::Memory(bytes) => {
                write!(f, "it takes more memory than --max-memory {}M", bytes >> 20)
            }
            Self::Time(time) => write!(f, "it takes longer than --timeout {}", show(*time)),
            Self::Channels(most) => write!(
                f,
                "a process that crashes has messages under way to more than {most} others, and not every half of a broadcast was tried"
            ),
            Self::Interrupted => f.write_str("it was interrupted"),
        }
    }
}

/// How far a search has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Different states that were tried.
    pub states: u64,
    /// The steps to the farthest of them.
    pub depth: u64,
    /// All runs of at most so many steps were tried, and all longer ones up to
    /// that step. `None`: not even the start.
    pub complete_depth: Option<u64>,
}
