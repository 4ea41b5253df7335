//! The two sides of every comparison, and how they take turns.

use std::str::FromStr;

use tokio::runtime::Runtime;

use crate::line::{Medians, median};

/// A side of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// What a user of the testbed gets.
    Ours,
    /// libp2p alone.
    Floor,
}

impl Side {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Floor => "floor",
        }
    }
}

impl FromStr for Side {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        [Self::Ours, Self::Floor]
            .into_iter()
            .find(|side| side.name() == name)
            .ok_or_else(|| format!("{name}: no such side"))
    }
}

/// Measures both sides `rounds` times. The order alternates from round to round,
/// so that a machine that slows down, or warms up, favours no side.
pub(crate) fn in_turn(rounds: usize, mut measure: impl FnMut(Side) -> f64) -> Medians {
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let order = match round % 2 {
            0 => [Side::Ours, Side::Floor],
            _ => [Side::Floor, Side::Ours],
        };
        for side in order {
            match side {
                Side::Ours => ours.push(measure(side)),
                Side::Floor => floor.push(measure(side)),
            }
        }
    }
    Medians {
        ours: median(ours),
        floor: median(floor),
    }
}

/// Runs `work` in a task on a runtime of its own, the one that the `testbed`
/// binary has. Everything that it started is gone when this returns.
pub(crate) fn alone<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let runtime = Runtime::new().expect("a machine that can run threads");
    let done = runtime.block_on(async { tokio::spawn(work).await });
    done.expect("a measurement that does not panic")
}
