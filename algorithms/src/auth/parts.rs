//! What messages carry, and what is signed.

use proto::Bytes;

use super::keys::{self, Id, Key, Secret};
use crate::{Describe, NodeId};

/// What the signature of a prover covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, crate::Message, Describe)]
#[message(nested)]
pub enum Scheme {
    /// A fixed text and the identity.
    #[message(tag = 1)]
    Static,
    /// Also a nonce of the verifier.
    #[message(tag = 2)]
    Challenge,
    /// Also the identity of the verifier, and both ends of the channel.
    #[message(tag = 3)]
    Bound,
}

/// What a proof has to cover.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
#[message(nested)]
pub struct Challenge {
    /// The scheme of the claim.
    #[message(tag = 1)]
    pub scheme: Scheme,
    /// A number that was never used before.
    #[message(tag = 2)]
    #[describe(with = keys::hex)]
    pub nonce: u64,
    /// The identity of the verifier.
    #[message(tag = 3)]
    #[describe(with = keys::short)]
    pub verifier: Id,
}

/// A proof.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
#[message(nested)]
pub struct Proof {
    /// The scheme.
    #[message(tag = 1)]
    pub scheme: Scheme,
    /// The claimed identity.
    #[message(tag = 2)]
    #[describe(with = keys::short)]
    pub id: Id,
    /// The nonce of the challenge; 0 in the scheme *static*.
    #[message(tag = 3)]
    #[describe(with = keys::hex)]
    pub nonce: u64,
    /// The public key.
    #[message(tag = 4)]
    #[describe(with = keys::short_key)]
    pub key: Key,
    /// Its signature of the [`Statement`].
    #[message(tag = 5)]
    #[describe(with = keys::short)]
    pub signature: Bytes,
}

/// A new key of an identity.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
#[message(nested)]
pub struct Replacement {
    /// The identity.
    #[message(tag = 1)]
    #[describe(with = keys::short)]
    pub id: Id,
    /// The key that it replaces.
    #[message(tag = 2)]
    #[describe(with = keys::short_key)]
    pub old: Key,
    /// The new one.
    #[message(tag = 3)]
    #[describe(with = keys::short_key)]
    pub key: Key,
    /// The signature by the old one of a fixed text, the identity and the new one.
    #[message(tag = 4)]
    #[describe(with = keys::short)]
    pub signature: Bytes,
}

/// Why a verifier rejects a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, crate::Message, Describe)]
#[message(nested)]
pub enum Reason {
    /// No challenge on this channel waits for a proof of that identity.
    #[message(tag = 1)]
    Unasked,
    /// The nonce is another one.
    #[message(tag = 2)]
    Nonce,
    /// The key is not the current one of the identity.
    #[message(tag = 3)]
    Key,
    /// The signature is not of what the scheme covers.
    #[message(tag = 4)]
    Signature,
}

/// What a prover signs. A part that the scheme does not cover is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement<'a> {
    /// The scheme.
    pub scheme: Scheme,
    /// The identity of the prover.
    pub prover: &'a Id,
    /// The nonce of the verifier.
    pub nonce: u64,
    /// The identity of the verifier.
    pub verifier: &'a Id,
    /// The ends of the channel: the prover's, the verifier's.
    pub ends: Option<(NodeId, NodeId)>,
}

impl Statement<'_> {
    /// The text that is signed: a constant for each scheme, then the parts, each with a fixed
    /// length, so that no two statements have the same text.
    pub fn text(&self) -> Vec<u8> {
        let mut text = match self.scheme {
            Scheme::Static => b"testbed auth static\0".to_vec(),
            Scheme::Challenge => b"testbed auth challenge\0".to_vec(),
            Scheme::Bound => b"testbed auth bound\0".to_vec(),
        };
        text.extend_from_slice(&keys::fingerprint(self.prover));
        if self.scheme == Scheme::Static {
            return text;
        }
        text.extend_from_slice(&self.nonce.to_be_bytes());
        if self.scheme == Scheme::Challenge {
            return text;
        }
        text.extend_from_slice(&keys::fingerprint(self.verifier));
        if let Some((prover, verifier)) = self.ends {
            text.extend_from_slice(&prover.0.to_be_bytes());
            text.extend_from_slice(&verifier.0.to_be_bytes());
        }
        text
    }

    /// The proof of it by the holder of that key.
    pub fn sign(&self, secret: &Secret) -> Proof {
        Proof {
            scheme: self.scheme,
            id: self.prover.clone(),
            nonce: self.nonce,
            key: secret.key(),
            signature: secret.sign(&self.text()),
        }
    }
}

impl Replacement {
    /// The key `new` replaces `old`.
    pub fn sign(id: &Id, old: &Secret, new: &Secret) -> Self {
        let key = new.key();
        Self {
            id: id.clone(),
            old: old.key(),
            signature: old.sign(&Self::text(id, &key)),
            key,
        }
    }

    /// Whether the old key has signed it.
    pub(super) fn is_signed(&self) -> bool {
        let text = Self::text(&self.id, &self.key);
        keys::is_signed(&self.old, &text, &self.signature)
    }

    fn text(id: &Id, key: &Key) -> Vec<u8> {
        let hashes = [keys::fingerprint(id), keys::fingerprint(key)];
        [&b"testbed auth replace\0"[..], &hashes.concat()].concat()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What each scheme covers, and what it does not.
    #[test]
    fn a_statement_is_what_the_scheme_covers() {
        let [id, other] = [b"id", b"ot"].map(|id| Bytes::copy_from_slice(id));
        let ends = [(1, 2), (3, 2), (1, 3)].map(|(p, v)| Some((NodeId(p), NodeId(v))));
        for (scheme, covered) in [
            (Scheme::Static, 2),
            (Scheme::Challenge, 2 * 2),
            (Scheme::Bound, 2 * 2 * 2 * 4),
        ] {
            let mut texts = BTreeSet::new();
            for prover in [&id, &other] {
                for nonce in [1, 2] {
                    for verifier in [&id, &other] {
                        for ends in ends.into_iter().chain([None]) {
                            let statement = Statement {
                                scheme,
                                prover,
                                nonce,
                                verifier,
                                ends,
                            };
                            texts.insert(statement.text());
                        }
                    }
                }
            }
            assert_eq!(texts.len(), covered, "{scheme:?}");
        }
    }
}
