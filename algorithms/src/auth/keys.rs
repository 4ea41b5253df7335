//! Keys, identities and nonces.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use proto::Bytes;
use sha2::{Digest as _, Sha256};

/// An identity: SHA-256 of the first public key of its owner, 32 bytes.
pub type Id = Bytes;

/// A public key of Ed25519, 32 bytes.
pub type Key = Bytes;

/// How many bytes of a hash are shown: four are enough to tell the keys of a run apart.
const SHOWN: usize = 4;

/// A private key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Secret([u8; 32]);

impl Secret {
    /// The private key of Ed25519 with that seed (RFC 8032, section 5.1.5).
    pub const fn new(seed: [u8; 32]) -> Self {
        Self(seed)
    }

    fn signing(&self) -> SigningKey {
        SigningKey::from_bytes(&self.0)
    }

    /// Its public key.
    pub fn key(&self) -> Key {
        Bytes::copy_from_slice(self.signing().verifying_key().as_bytes())
    }

    /// Its signature of that text, 64 bytes.
    pub fn sign(&self, text: &[u8]) -> Bytes {
        Bytes::copy_from_slice(&self.signing().sign(text).to_bytes())
    }

    /// A number that only its holder can compute: a keyed hash of `number`. So no two nonces are
    /// the same (but for chance, 2^-64), and none can be predicted.
    pub(super) fn nonce(&self, number: u64) -> u64 {
        let hash = Sha256::new()
            .chain_update(b"testbed auth nonce")
            .chain_update(self.0)
            .chain_update(number.to_be_bytes())
            .finalize();
        u64::from_be_bytes(*hash.first_chunk().expect("32 bytes"))
    }
}

/// Without the key itself.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({})", short(&fingerprint(&self.key())))
    }
}

/// Whether that is the signature of the text by the key. Anything malformed is none.
pub(crate) fn is_signed(key: &Key, text: &[u8], signature: &Bytes) -> bool {
    let key = <&[u8; 32]>::try_from(&key[..]).ok();
    let key = key.and_then(|key| VerifyingKey::from_bytes(key).ok());
    let signature = Signature::from_slice(signature).ok();
    match (key, signature) {
        (Some(key), Some(signature)) => key.verify_strict(text, &signature).is_ok(),
        _ => false,
    }
}

/// SHA-256 of a key: the identity of its owner, if it is the first one.
pub fn fingerprint(key: &Key) -> Id {
    Bytes::copy_from_slice(&Sha256::digest(key))
}

/// The beginning of an identity, for people and judges.
pub(super) fn short(id: &Id) -> String {
    let shown = id.iter().take(SHOWN);
    shown.map(|byte| format!("{byte:02x}")).collect()
}

/// The fingerprint of a key, as identities are shown.
pub(super) fn short_key(key: &Key) -> String {
    short(&fingerprint(key))
}

/// The fingerprint of the key that is held.
pub(super) fn holds(secret: &Secret) -> Vec<String> {
    vec![short_key(&secret.key())]
}

/// A nonce as a text: numbers of spans have one bit less.
pub(super) fn hex(nonce: &u64) -> String {
    format!("{nonce:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, section 7.1, test 2.
    #[test]
    fn signatures_are_ed25519() {
        let seed = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
        let byte = |at: usize| u8::from_str_radix(&seed[2 * at..2 * at + 2], 16).expect("hex");
        let secret = Secret::new(std::array::from_fn(byte));
        assert_eq!(secret.key()[..4], [0x3d, 0x40, 0x17, 0xc3]);
        let signature = secret.sign(&[0x72]);
        assert_eq!(signature[..4], [0x92, 0xa0, 0x09, 0xa9]);
        assert!(is_signed(&secret.key(), &[0x72], &signature));
    }

    #[test]
    fn malformed_keys_and_signatures_are_rejected() {
        let secret = Secret::new([7; 32]);
        let (key, signature) = (secret.key(), secret.sign(b"text"));
        let other = Secret::new([8; 32]);
        for (key, text, signature) in [
            (other.key(), &b"text"[..], signature.clone()),
            (key.clone(), b"test", signature.clone()),
            (key.clone(), b"text", other.sign(b"text")),
            (key.clone(), b"text", signature.slice(..63)),
            (key.clone(), b"text", Bytes::new()),
            (key.slice(..31), b"text", signature.clone()),
            (Bytes::new(), b"text", signature.clone()),
            (Bytes::from_static(&[0xff; 32]), b"text", signature),
        ] {
            assert!(!is_signed(&key, text, &signature), "{key:?}");
        }
    }

    #[test]
    fn nonces_differ_by_number_and_by_secret() {
        let [one, other] = [7, 8].map(|seed| Secret::new([seed; 32]));
        assert_eq!(one.nonce(1), one.nonce(1));
        assert_ne!(one.nonce(1), one.nonce(2));
        assert_ne!(one.nonce(1), other.nonce(1));
    }
}
