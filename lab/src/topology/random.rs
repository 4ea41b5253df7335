//! Random networks that are connected.
//!
//! The union of random Hamiltonian cycles gives every peer two neighbours a
//! cycle, and is an expander with high probability (Friedman, "A proof of
//! Alon's second eigenvalue conjecture", 2003, for the closely related union
//! of random permutations). Where cycles share an edge, or the degree is odd,
//! random pairs fill up to exactly `peers * degree / 2` connections.

use std::collections::BTreeSet;

use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::{Edges, Error};

pub(super) fn count(peers: u32, degree: u32) -> Result<u64, Error> {
    if degree >= peers {
        return Err(Error::Degree { degree, peers });
    }
    Ok(u64::from(peers) * u64::from(degree) / 2)
}

pub(super) fn edges(peers: u32, degree: u32, seed: u64) -> Result<Edges, Error> {
    let count = usize::try_from(count(peers, degree)?).expect("what fits the machine fits usize");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut edges = BTreeSet::new();
    let mut order: Vec<u32> = (0..peers).collect();
    for _ in 0..degree / 2 {
        order.shuffle(&mut rng);
        let next = order.iter().cycle().skip(1);
        edges.extend(order.iter().zip(next).map(|(a, b)| ordered(*a, *b)));
    }
    while edges.len() < count {
        let (a, b) = (rng.random_range(0..peers), rng.random_range(0..peers));
        if a != b {
            edges.insert(ordered(a, b));
        }
    }
    Ok(edges.into_iter().collect())
}

fn ordered(a: u32, b: u32) -> (u32, u32) {
    (a.min(b), a.max(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seed_determines_the_edges() {
        assert_eq!(edges(50, 4, 1).unwrap(), edges(50, 4, 1).unwrap());
        assert_ne!(edges(50, 4, 1).unwrap(), edges(50, 4, 2).unwrap());
    }

    #[test]
    fn degrees_stay_close_to_what_was_asked() {
        let mut degrees = [0; 1000];
        for (a, b) in edges(1000, 8, 3).unwrap() {
            degrees[a as usize] += 1;
            degrees[b as usize] += 1;
        }
        let (least, most) = (degrees.iter().min().unwrap(), degrees.iter().max().unwrap());
        assert!(
            (5..=8).contains(least) && (8..=11).contains(most),
            "{least} to {most}"
        );
    }
}
