//! What a hub and its peers compute: the hash of a proof, seals, and places.

use hmac::{Hmac, KeyInit as _, Mac as _};
use proto::Bytes;
use sha2::{Digest as _, Sha256};

use super::Known;

/// The length of a seal in bytes: 128 bits cannot be guessed.
const SEAL: usize = 16;

/// What a peer has to find a number for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Puzzle {
    /// Whose proof it will be.
    pub node: String,
    /// For which hub.
    pub hub: String,
    /// In which epoch.
    pub epoch: u64,
    /// With how many zero bits the hash has to begin.
    pub bits: u32,
    /// The seed of the challenge.
    pub seed: Bytes,
}

impl Puzzle {
    /// Whether SHA-256 of all this and the number begins with so many zero bits. Numbers are
    /// hashed as their bytes, the highest first, and names behind their lengths in four bytes.
    pub fn is_solved_by(&self, nonce: u64) -> bool {
        let hash = Sha256::new()
            .chain_update(length_of(&self.node))
            .chain_update(&self.node)
            .chain_update(length_of(&self.hub))
            .chain_update(&self.hub)
            .chain_update(self.epoch.to_be_bytes())
            .chain_update(self.bits.to_be_bytes())
            .chain_update(&self.seed)
            .chain_update(nonce.to_be_bytes())
            .finalize();
        let mut zeros = 0;
        for byte in hash {
            zeros += byte.leading_zeros();
            if byte != 0 {
                break;
            }
        }
        zeros >= self.bits
    }
}

fn length_of(name: &str) -> [u8; 4] {
    u32::try_from(name.len()).unwrap_or(u32::MAX).to_be_bytes()
}

/// HMAC-SHA-256 of the purpose, the name and the numbers, shortened.
pub(super) fn seal(key: &[u8], purpose: &[u8], name: &str, parts: &[u64]) -> Bytes {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key may have any length");
    mac.update(purpose);
    if !name.is_empty() {
        mac.update(&length_of(name));
        mac.update(name.as_bytes());
    }
    for part in parts {
        mac.update(&part.to_be_bytes());
    }
    Bytes::copy_from_slice(&mac.finalize().into_bytes()[..SEAL])
}

/// Where a peer is, for the distance to other places: the first eight bytes of SHA-256 of its
/// name. The distance of two places is their exclusive or.
pub fn place(name: &str) -> u64 {
    let hash = Sha256::digest(name);
    let first = hash.first_chunk().expect("32 bytes");
    u64::from_be_bytes(*first)
}

/// Sorts hubs by the distance of their places to the target, the nearest first.
pub(super) fn sort_by_distance(hubs: &mut [Known], target: u64) {
    hubs.sort_by_cached_key(|(_, name)| place(name) ^ target);
}

/// A place as a text: numbers of spans have one bit less.
pub(super) fn place_text(place: &u64) -> String {
    format!("{place:016x}")
}

/// A seal as a text.
pub(super) fn hex(bytes: &Bytes) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How many bytes there are.
pub(super) fn length(data: &Bytes) -> u64 {
    data.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_bound_to_everything() {
        let puzzle = Puzzle {
            node: "peer-01".into(),
            hub: "peer-00".into(),
            epoch: 7,
            bits: 12,
            seed: seal(b"key", b"challenge", "peer-01", &[7]),
        };
        let nonce = (0..).find(|nonce| puzzle.is_solved_by(*nonce));
        let nonce = nonce.expect("one of 4,096");
        let others = [
            Puzzle {
                node: "peer-02".into(),
                ..puzzle.clone()
            },
            Puzzle {
                hub: "peer-03".into(),
                ..puzzle.clone()
            },
            Puzzle {
                epoch: 8,
                ..puzzle.clone()
            },
            Puzzle {
                bits: 13,
                ..puzzle.clone()
            },
            Puzzle {
                seed: seal(b"another", b"challenge", "peer-01", &[7]),
                ..puzzle.clone()
            },
        ];
        for other in others {
            assert!(!other.is_solved_by(nonce), "{other:?}");
        }
    }

    /// RFC 4231, test case 2: HMAC-SHA-256 of `what do ya want for nothing?`.
    #[test]
    fn seals_are_hmac() {
        let sealed = seal(b"Jefe", b"what do ya want for nothing?", "", &[]);
        assert_eq!(hex(&sealed), "5bdcc146bf60754e6a042426089575c7");
    }
}
