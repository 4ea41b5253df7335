//! What a process does as a verifier.

use super::{Auth, Challenge, Id, MOST_KEYS, Message, Output, Proof, Replacement, Scheme};
use crate::{NodeId, Out};

impl Auth {
    /// Sends a fresh nonce, so that a recorded proof is not valid. A claim replaces an earlier one on
    /// the same channel, so a verifier keeps one for each. A prover that claims the same again
    /// gets the same challenge, so its proof is right however long a message takes.
    pub(super) fn on_hello(&mut self, from: NodeId, scheme: Scheme, id: Id, out: &mut Out<Self>) {
        let open = self.claims.get(&(from, scheme));
        let nonce = match open.filter(|(claimed, _)| *claimed == id) {
            Some((_, nonce)) => *nonce,
            None => {
                self.nonces += 1;
                // A nonce that was used before a crash is not used again.
                out.persist();
                self.seed.nonce(self.nonces)
            }
        };
        self.claims.insert((from, scheme), (id, nonce));
        let verifier = self.id.clone();
        out.send(
            from,
            Message::Challenge(Challenge {
                scheme,
                nonce,
                verifier,
            }),
        );
    }

    pub(super) fn on_proof(&mut self, from: NodeId, proof: Proof, out: &mut Out<Self>) {
        let scheme = proof.scheme;
        match self.check(from, &proof) {
            Ok(()) => {
                let id = proof.id;
                out.output(Output::Accepted { scheme, id });
                out.send(from, Message::Accepted { scheme });
            }
            Err(why) => out.send(from, Message::Refused { scheme, why }),
        }
    }

    /// Only the holder of the current key can replace it. A verifier that forgot this in a crash
    /// would accept a stolen key again.
    pub(super) fn on_replace(
        &mut self,
        from: NodeId,
        replacement: Replacement,
        out: &mut Out<Self>,
    ) {
        let Replacement { id, old, key, .. } = &replacement;
        let is_known = self.keys.get(id) == Some(key);
        let has_room = self.keys.len() < MOST_KEYS;
        let is_right = || self.is_current(id, old) && replacement.is_signed();
        if !(is_known || has_room && is_right()) {
            return;
        }
        self.keys.insert(replacement.id, replacement.key);
        out.persist();
        out.send(from, Message::Replaced);
    }
}
