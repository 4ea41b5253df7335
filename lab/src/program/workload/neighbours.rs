//! How programs are to talk to each other.

use std::collections::BTreeMap;

use clap::ValueEnum;
use serde::Serialize;

/// How programs are to talk to each other in `broadcast`, if they heed it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Neighbours {
    /// A line
    Line,
    /// A grid of two dimensions
    #[default]
    Grid,
    /// A tree in which each has up to 4 below it
    Tree4,
    /// All with all
    Total,
}

impl Neighbours {
    /// The neighbours of each of so many programs.
    pub(super) fn of(self, count: u32) -> BTreeMap<String, Vec<String>> {
        let mut all: BTreeMap<_, Vec<_>> = (0..count).map(|one| (one, Vec::new())).collect();
        let width = f64::from(count).sqrt().ceil().max(1.0) as u32;
        for one in 0..count {
            let others: Vec<_> = match self {
                Self::Line => (one + 1..count).take(1).collect(),
                Self::Grid => {
                    let right = ((one + 1) % width != 0).then_some(one + 1);
                    right.into_iter().chain([one + width]).collect()
                }
                Self::Tree4 => (4 * one + 1..=4 * one + 4).collect(),
                Self::Total => (one + 1..count).collect(),
            };
            for other in others.into_iter().filter(|other| *other < count) {
                all.entry(one).or_default().push(other);
                all.entry(other).or_default().push(one);
            }
        }
        let name = |number: u32| format!("n{number}");
        let names =
            |(one, others): (u32, Vec<u32>)| (name(one), others.into_iter().map(name).collect());
        all.into_iter().map(names).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_mutual_and_all_are_reached() {
        for neighbours in [
            Neighbours::Line,
            Neighbours::Grid,
            Neighbours::Tree4,
            Neighbours::Total,
        ] {
            for count in [1, 2, 5, 25] {
                let all = neighbours.of(count);
                let mut reached = vec!["n0".to_owned()];
                let mut at = 0;
                while let Some(one) = reached.get(at).cloned() {
                    for other in &all[&one] {
                        assert!(all[other].contains(&one), "{one} and {other}");
                        if !reached.contains(other) {
                            reached.push(other.clone());
                        }
                    }
                    at += 1;
                }
                assert_eq!(reached.len(), count as usize, "{neighbours:?}");
            }
        }
        assert_eq!(Neighbours::Grid.of(4)["n0"], ["n1", "n2"]);
    }
}
