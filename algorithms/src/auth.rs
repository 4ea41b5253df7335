//! Authentication: how does a process prove that an identity is its own?
//!
//! Whitfield Diffie, Paul van Oorschot and Michael Wiener, "Authentication and Authenticated
//! Key Exchanges" (1992), have the rule: a proof is fresh, and is about this conversation. What
//! happens without it: Yvo Desmedt, Claude Goutier and Samy Bengio, "Special Uses and Abuses of
//! the Fiat-Shamir Passport Protocol" (CRYPTO '87), the *mafia fraud*; Gavin Lowe, "An Attack on
//! the Needham-Schroeder Public-Key Authentication Protocol" (1995). Channel binding: RFC 5056.
//!
//! An identity is the SHA-256 hash of a public key. A *prover* claims one; a *verifier* is to
//! accept only the holder of its key. A key can be stolen, so its owner can replace it: it signs
//! the new key with the old one, and tells all verifiers. The identity remains the same.
//!
//! Three schemes, by what the signature of the prover covers:
//!
//! - *static*: a fixed text and the identity. The same signature is valid in every session, so a
//!   process that has received it can replay it. The verifier stores no keys, so it cannot tell
//!   that a key was replaced.
//! - *challenge*: also a nonce, a number that the verifier has never used before. A recorded
//!   proof is of no use. But the signature does not name the verifier: a process between the
//!   two passes the challenge on to an honest prover, and the answer back (*relay*).
//! - *bound*: also the identity of the verifier, and both ends of the channel. A proof that was
//!   made for another channel is rejected. The ends are needed beside the identity, since the
//!   process between the two can also claim the identity of the verifier.
//!
//! No scheme helps if the key that is current is stolen: to a verifier its holder is its owner.
//! A replaced key is accepted until the verifier hears of the new one.
//!
//! libp2p does this below every algorithm here. Its Noise handshake (XX) makes a key for the
//! connection alone; each side signs its static Noise key with the key of its PeerId and sends
//! that inside the handshake. Only the holder of that static key can complete the handshake, so
//! the proof is fresh, and bound to this connection. That is why the sender of a message is
//! known to a process ([`Out::name`]). Here a process acts as if the channel did not say that:
//! it uses the sender as an address, to reply to, and as one end of the channel.
//!
//! What it needs: a channel between prover and verifier whose two ends see the same ends of it,
//! and no others; signatures that cannot be forged (Ed25519, RFC 8032). Messages may be lost and
//! reordered: a prover asks again.
//!
//! Cost: 2 messages a proof with *static*, 4 with the others; one signature and one check of it,
//! and with *static* one signature for all proofs. A new key: 2 messages for each verifier.
//!
//! The messages, the state and the decision of a verifier are in this file. `auth/prover.rs` and
//! `auth/verifier.rs` have the other handlers, `auth/parts.rs` has what is signed, and
//! `auth/attacker.rs` has the attacks. The whole algorithm is in this file and those.

mod attacker;
mod flawed;
mod interface;
mod keys;
mod parts;
mod prover;
mod verifier;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::{Algorithm, Describe, NodeId, Out};

pub use attacker::{Attack, Attacker};
pub use flawed::{Flaw, Flawed};
use interface::Open;
pub use interface::{Command, Output, Request, Timer};
pub(crate) use keys::is_signed;
pub use keys::{Id, Key, Secret, fingerprint};
pub use parts::{Challenge, Proof, Reason, Replacement, Scheme, Statement};

/// How long a prover waits before it asks again. A guess: many round trips.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often it asks. A guess.
const TRIES: u32 = 10;

/// The most new keys that a verifier stores. A guess; it rejects more.
const MOST_KEYS: usize = 1 << 16;

/// The messages between processes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
pub enum Message {
    /// A prover claims an identity.
    #[message(tag = 1, request)]
    Hello {
        /// By which scheme it is going to prove it.
        #[message(tag = 1)]
        scheme: Scheme,
        /// The identity.
        #[message(tag = 2)]
        #[describe(with = keys::short)]
        id: Id,
    },
    /// What its proof has to cover.
    #[message(tag = 2, reply)]
    Challenge(#[describe(flatten)] Challenge),
    /// Its proof.
    #[message(tag = 3, request)]
    Proof(#[describe(flatten)] Proof),
    /// The verifier accepts it.
    #[message(tag = 4, reply)]
    Accepted {
        /// The scheme of the proof.
        #[message(tag = 1)]
        scheme: Scheme,
    },
    /// The verifier rejects it.
    #[message(tag = 5, reply)]
    Refused {
        /// The scheme of the proof.
        #[message(tag = 1)]
        scheme: Scheme,
        /// Why.
        #[message(tag = 2)]
        why: Reason,
    },
    /// An identity has a new key.
    #[message(tag = 6, request)]
    Replace(#[describe(flatten)] Replacement),
    /// The receiver accepts no other key of it from now on.
    #[message(tag = 7, reply)]
    Replaced,
}

/// The state of one process, which is a prover and a verifier.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Auth {
    #[describe(skip)]
    me: NodeId,
    #[describe(skip)]
    neighbours: Vec<NodeId>,
    #[describe(with = keys::short)]
    id: Id,
    /// As a prover: the key that it holds now.
    #[describe(durable, name = "holds", with = keys::holds)]
    secret: Secret,
    /// The proof of the scheme *static*, made once.
    #[describe(skip)]
    fixed: Proof,
    /// The REPLACE that it has sent, if its key is not the first one.
    #[describe(durable, skip)]
    replacement: Option<Replacement>,
    #[describe(skip)]
    open: BTreeMap<Timer, Open>,
    /// As a verifier: what its nonces are computed from, which no other process knows.
    #[describe(skip)]
    seed: Secret,
    /// How many nonces it has used.
    #[describe(durable)]
    nonces: u64,
    /// The claim on each channel that waits for a proof, with its nonce.
    #[describe(skip)]
    claims: BTreeMap<(NodeId, Scheme), (Id, u64)>,
    /// The keys of the identities that have replaced theirs.
    #[describe(durable, with = BTreeMap::len)]
    keys: BTreeMap<Id, Key>,
    /// Whether *bound* covers the ends of the channel.
    #[describe(skip)]
    binds_channel: bool,
}

impl Algorithm for Auth {
    type Message = Message;
    type Timer = Timer;
    type Command = Command;
    type Output = Output;

    fn on_command(&mut self, command: Command, out: &mut Out<Self>) {
        match command {
            Command::Prove(schemes) => self.prove(&schemes, out),
            Command::Replace(secret) => self.replace(secret, out),
            Command::Attack => {}
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Self>) {
        match message {
            Message::Hello { scheme, id } => self.on_hello(from, scheme, id, out),
            Message::Challenge(challenge) => self.on_challenge(from, &challenge, out),
            Message::Proof(proof) => self.on_proof(from, proof, out),
            Message::Accepted { scheme } => self.on_accepted(from, scheme, out),
            Message::Refused { scheme, why } => self.on_refused(from, scheme, why),
            Message::Replace(replacement) => self.on_replace(from, replacement, out),
            Message::Replaced => self.on_replaced(from, out),
        }
    }

    fn on_timer(&mut self, (to, request): Timer, out: &mut Out<Self>) {
        self.ask_again(to, request, out);
    }
}

/// The decision of a verifier.
impl Auth {
    /// Whether the process at the other end of that channel has proven its claim.
    fn check(&mut self, from: NodeId, proof: &Proof) -> Result<(), Reason> {
        let scheme = proof.scheme;
        let is_right = match scheme {
            // Nothing is kept: neither a nonce nor new keys.
            Scheme::Static => fingerprint(&proof.key) == proof.id,
            Scheme::Challenge | Scheme::Bound => {
                // A challenge serves once.
                let claim = self.claims.remove(&(from, scheme));
                let claim = claim.filter(|(id, _)| *id == proof.id);
                let (_, nonce) = claim.ok_or(Reason::Unasked)?;
                if nonce != proof.nonce {
                    return Err(Reason::Nonce);
                }
                self.is_current(&proof.id, &proof.key)
            }
        };
        if !is_right {
            return Err(Reason::Key);
        }
        let statement = Statement {
            scheme,
            prover: &proof.id,
            nonce: proof.nonce,
            verifier: &self.id,
            ends: self.binds_channel.then_some((from, self.me)),
        };
        match is_signed(&proof.key, &statement.text(), &proof.signature) {
            true => Ok(()),
            false => Err(Reason::Signature),
        }
    }

    /// Whether that is the current key of the identity, as far as this process knows.
    fn is_current(&self, id: &Id, key: &Key) -> bool {
        match self.keys.get(id) {
            Some(known) => known == key,
            None => fingerprint(key) == *id,
        }
    }
}

#[cfg(test)]
mod tests;
