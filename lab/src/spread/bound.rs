//! How far a message can spread at best, in theory.
//!
//! The publisher sends it to `first` others. Each of these sends it on to
//! `beyond` more, and never back to where it came from: over all of D
//! neighbours a message spreads by D at its first hop, and by D-1 at every
//! later one. If no process gets it twice, `1 + F(1 + B + ... + B^(h-1))`
//! have it after `h` hops, F being `first` and B `beyond`. In a graph this is
//! Moore's bound (A. Hoffman, R. Singleton, "On Moore Graphs with Diameters 2
//! and 3", IBM Journal of Research and Development 4, 1960).

use std::fmt;

/// By how much a message spreads with each hop, at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// To how many others its publisher sends it.
    first: u64,
    /// To how many more each of these sends it on.
    beyond: u64,
}

impl Bound {
    /// Values below 1 count as 1: a message that goes nowhere has no hops.
    pub fn new(first: u64, beyond: u64) -> Self {
        Self {
            first: first.max(1),
            beyond: beyond.max(1),
        }
    }

    /// After how many hops so many processes can have it. The result is
    /// fractional between whole hops.
    pub fn hops(self, processes: u64) -> f64 {
        let others = processes.saturating_sub(1) as f64;
        let (first, beyond) = (self.first as f64, self.beyond as f64);
        match self.beyond {
            1 => others / first,
            _ => (1.0 + others * (beyond - 1.0) / first).log(beyond),
        }
    }
}

/// `the publisher sends to 4 others, each of them 3 more`
impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, beyond } = self;
        write!(
            f,
            "the publisher sends to {first} others, each of them {beyond} more"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of Moore's bound, counted by hand.
    #[test]
    fn hops_until_all_can_have_it() {
        for (first, beyond, processes, hops) in [
            (4, 3, 5, 1.0),
            (4, 3, 17, 2.0),
            (4, 3, 53, 3.0),
            (2, 1, 9, 4.0),
            (3, 2, 10, 2.0),
            (2, 2, 7, 2.0),
            (7, 6, 1, 0.0),
            (0, 0, 3, 2.0),
        ] {
            let found = Bound::new(first, beyond).hops(processes);
            assert!(
                (found - hops).abs() < 1e-9,
                "{first} {beyond} {processes}: {found}"
            );
        }
    }
}
