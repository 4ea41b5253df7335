//! Proofs of work and places, computed from what messages say.

use sha2::{Digest as _, Sha256};

/// What a challenge has said, and a proof for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Challenge {
    pub(super) epoch: i64,
    pub(super) bits: i64,
    /// In hexadecimal digits.
    pub(super) seed: String,
}

/// Whether the hash of a proof begins with as many zero bits as the challenge says: of the
/// names of the peer and of the hub (each behind its length in four bytes), the epoch (eight
/// bytes), the bits (four), the seed, and the number that was found (eight).
pub(super) fn solves(challenge: &Challenge, peer: &str, hub: &str, nonce: i64) -> bool {
    let Some(seed) = from_hex(&challenge.seed) else {
        return false;
    };
    let mut input = Vec::new();
    for name in [peer, hub] {
        input.extend((name.len() as u32).to_be_bytes());
        input.extend(name.bytes());
    }
    input.extend(challenge.epoch.to_be_bytes());
    input.extend((challenge.bits as u32).to_be_bytes());
    input.extend(seed);
    input.extend(nonce.to_be_bytes());
    let hash = Sha256::digest(input);
    let bits = hash
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    let zeros = bits.take_while(|bit| *bit == 0).count();
    zeros as i64 >= challenge.bits
}

/// Where a peer is: the first eight bytes of the hash of its name.
pub(super) fn place(peer: &str) -> u64 {
    let hash = Sha256::digest(peer);
    let mut place = 0;
    for byte in &hash[..8] {
        place = place << 8 | u64::from(*byte);
    }
    place
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = (0..text.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_digits() {
        assert_eq!(from_hex("00ff7a"), Some(vec![0, 255, 122]));
        for wrong in ["0", "0g", "é0"] {
            assert_eq!(from_hex(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_hash_with_enough_zeros() {
        let challenge = |bits| Challenge {
            epoch: 1,
            bits,
            seed: "00".into(),
        };
        let solved = (0..256).filter(|nonce| solves(&challenge(4), "peer-01", "peer-00", *nonce));
        let solved = solved.count();
        assert!((4..40).contains(&solved), "one of 16, but {solved} of 256");
        assert!(solves(&challenge(0), "peer-01", "peer-00", 9));
        let malformed = Challenge {
            seed: "0g".into(),
            ..challenge(0)
        };
        assert!(!solves(&malformed, "peer-01", "peer-00", 9));
    }
}
