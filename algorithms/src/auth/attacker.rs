//! Attackers: processes of their own, over the same messages.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::keys::{self, Id, Secret};
use super::{
    Auth, Challenge, Command, Message, Output, PATIENCE, Proof, Replacement, Request, Scheme,
    Statement, TRIES, Timer, fingerprint,
};
use crate::{Algorithm, Describe, Fields, NodeId, Out};

/// What an attacker does to be accepted as another process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Describe)]
pub enum Attack {
    /// As a verifier, it records proofs; later it shows them to other verifiers.
    Replay,
    /// As a verifier, it passes on the challenge of another verifier, and the answer to it
    /// (mafia fraud).
    Relay,
    /// It has the first key of a process.
    Steal,
    /// It signs with its own key, and announces that as the new key of the others.
    Forge,
}

/// An attempt to be accepted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Attempt {
    /// The claimed identity.
    id: Id,
    /// Its owner: the process whose proof is recorded or waited for.
    owner: NodeId,
    /// A recorded proof.
    proof: Option<Proof>,
    tries: u32,
}

/// An attacker. As a verifier it accepts every proof.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attacker {
    me: NodeId,
    neighbours: Vec<NodeId>,
    attack: Attack,
    own: Secret,
    /// The process that it steals a key of, and the key.
    stolen: (NodeId, Secret),
    /// The identities that it claims, with their owners, and by which schemes.
    targets: BTreeMap<NodeId, Id>,
    schemes: Vec<Scheme>,
    nonces: u64,
    /// At each verifier it makes one attempt after the other.
    attempts: BTreeMap<(NodeId, Scheme), VecDeque<Attempt>>,
    /// Whose proofs it has used.
    used: BTreeSet<(NodeId, Scheme)>,
}

impl Attacker {
    /// In place of that process, with its own key, a stolen one, and the identities of those
    /// that prove themselves.
    pub fn new(
        auth: &Auth,
        attack: Attack,
        stolen: (NodeId, Secret),
        targets: BTreeMap<NodeId, Id>,
        schemes: Vec<Scheme>,
    ) -> Self {
        Self {
            me: auth.me,
            neighbours: auth.neighbours.clone(),
            attack,
            own: auth.secret.clone(),
            stolen,
            targets,
            schemes,
            nonces: 0,
            attempts: BTreeMap::new(),
            used: BTreeSet::new(),
        }
    }

    fn id(&self) -> Id {
        fingerprint(&self.own.key())
    }

    /// The key that it signs with.
    fn secret(&self) -> &Secret {
        match self.attack {
            Attack::Steal => &self.stolen.1,
            Attack::Replay | Attack::Relay | Attack::Forge => &self.own,
        }
    }

    /// The verifier to which it relays that process: the next one.
    fn relays_to(&self, owner: NodeId) -> Option<NodeId> {
        let others = self.neighbours.iter().copied();
        let others: Vec<_> = others.filter(|other| *other != owner).collect();
        let next = others.iter().find(|other| **other > owner);
        next.or(others.first()).copied()
    }

    /// Attacks that need no proof of another process.
    fn attack(&mut self, out: &mut Out<Self>) {
        let targets: Vec<_> = match self.attack {
            Attack::Replay | Attack::Relay => return,
            Attack::Steal => vec![self.stolen.0],
            Attack::Forge => self.targets.keys().copied().collect(),
        };
        for owner in targets {
            let Some(id) = self.targets.get(&owner).cloned() else {
                continue;
            };
            for to in self.neighbours.clone() {
                if to == owner {
                    continue;
                }
                if self.attack == Attack::Forge {
                    let forged = Replacement::sign(&id, &self.own, &self.own);
                    out.send(to, Message::Replace(forged));
                }
                for scheme in self.schemes.clone() {
                    self.add(to, scheme, (owner, id.clone()), None, out);
                }
            }
        }
    }

    /// Adds an attempt, and begins with it if no other one is under way there.
    fn add(
        &mut self,
        to: NodeId,
        scheme: Scheme,
        (owner, id): (NodeId, Id),
        proof: Option<Proof>,
        out: &mut Out<Self>,
    ) {
        let attempts = self.attempts.entry((to, scheme)).or_default();
        attempts.push_back(Attempt {
            id,
            owner,
            proof,
            tries: 0,
        });
        if attempts.len() == 1 {
            self.make(to, scheme, out);
        }
    }

    /// Begins with the first attempt at that verifier, or begins again.
    fn make(&mut self, to: NodeId, scheme: Scheme, out: &mut Out<Self>) {
        let attempts = self.attempts.get_mut(&(to, scheme));
        let Some(attempt) = attempts.and_then(VecDeque::front_mut) else {
            return;
        };
        if attempt.tries == TRIES {
            return self.end(to, scheme, false, out);
        }
        attempt.tries += 1;
        let id = attempt.id.clone();
        let proof = attempt.proof.clone();
        let message = match scheme {
            Scheme::Static => {
                let signed = || self.sign(&id, scheme, 0, &id, to);
                Message::Proof(proof.unwrap_or_else(signed))
            }
            Scheme::Challenge | Scheme::Bound => Message::Hello { scheme, id },
        };
        out.send(to, message);
        out.set_timer((to, Request::Prove(scheme)), PATIENCE);
    }

    /// Ends an attempt, and begins with the next one.
    fn end(&mut self, to: NodeId, scheme: Scheme, accepted: bool, out: &mut Out<Self>) {
        let attempts = self.attempts.get_mut(&(to, scheme));
        let Some(attempt) = attempts.and_then(VecDeque::pop_front) else {
            return;
        };
        out.cancel_timer((to, Request::Prove(scheme)));
        out.output(Output::Tried {
            scheme,
            id: attempt.id,
            to,
            accepted,
        });
        self.make(to, scheme, out);
    }

    /// A proof with the key that it has, for that channel.
    fn sign(&self, id: &Id, scheme: Scheme, nonce: u64, verifier: &Id, to: NodeId) -> Proof {
        let statement = Statement {
            scheme,
            prover: id,
            nonce,
            verifier,
            ends: Some((self.me, to)),
        };
        statement.sign(self.secret())
    }

    /// A verifier asks for a proof.
    fn on_challenge(&mut self, from: NodeId, challenge: Challenge, out: &mut Out<Self>) {
        let Challenge {
            scheme,
            nonce,
            ref verifier,
        } = challenge;
        let attempts = self.attempts.get(&(from, scheme));
        let Some(attempt) = attempts.and_then(VecDeque::front) else {
            return;
        };
        match (self.attack, &attempt.proof) {
            (Attack::Relay, _) => out.send(attempt.owner, Message::Challenge(challenge)),
            (_, Some(recorded)) => out.send(from, Message::Proof(recorded.clone())),
            (_, None) => {
                let proof = self.sign(&attempt.id, scheme, nonce, verifier, from);
                out.send(from, Message::Proof(proof));
            }
        }
    }

    /// A prover claims an identity: it is asked for what another verifier asks for, or for
    /// anything.
    fn on_hello(&mut self, from: NodeId, scheme: Scheme, id: Id, out: &mut Out<Self>) {
        let relays_to = self.relays_to(from);
        if let (Attack::Relay, Some(to)) = (self.attack, relays_to)
            && self.used.insert((from, scheme))
        {
            return self.add(to, scheme, (from, id), None, out);
        }
        let mut waiting = self.attempts.values().flatten();
        if self.attack == Attack::Relay
            && waiting.any(|attempt| attempt.owner == from && attempt.id == id)
        {
            return;
        }
        self.nonces += 1;
        let nonce = self.own.nonce(self.nonces);
        let verifier = self.id();
        out.send(
            from,
            Message::Challenge(Challenge {
                scheme,
                nonce,
                verifier,
            }),
        );
    }

    /// A prover proves itself to the attacker.
    fn on_proof(&mut self, from: NodeId, proof: Proof, out: &mut Out<Self>) {
        let scheme = proof.scheme;
        out.send(from, Message::Accepted { scheme });
        let Some(to) = self.relays_to(from) else {
            return;
        };
        let id = proof.id.clone();
        match (self.attack, scheme) {
            (Attack::Relay, Scheme::Challenge | Scheme::Bound) => {
                let attempts = self.attempts.get(&(to, scheme));
                let attempt = attempts.and_then(VecDeque::front);
                if attempt.is_some_and(|attempt| attempt.owner == from) {
                    out.send(to, Message::Proof(proof));
                }
            }
            (Attack::Relay, Scheme::Static) => {
                if self.used.insert((from, scheme)) {
                    self.add(to, scheme, (from, id), Some(proof), out);
                }
            }
            (Attack::Replay, _) => {
                if self.used.insert((from, scheme)) {
                    for to in self.neighbours.clone() {
                        if to != from {
                            self.add(to, scheme, (from, id.clone()), Some(proof.clone()), out);
                        }
                    }
                }
            }
            (Attack::Steal | Attack::Forge, _) => {}
        }
    }
}

impl Algorithm for Attacker {
    type Message = Message;
    type Timer = Timer;
    type Command = Command;
    type Output = Output;

    fn on_command(&mut self, command: Command, out: &mut Out<Self>) {
        match command {
            Command::Attack => self.attack(out),
            Command::Prove(_) | Command::Replace(_) => {}
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Self>) {
        match message {
            Message::Hello { scheme, id } => self.on_hello(from, scheme, id, out),
            Message::Challenge(challenge) => self.on_challenge(from, challenge, out),
            Message::Proof(proof) => self.on_proof(from, proof, out),
            Message::Accepted { scheme } => self.end(from, scheme, true, out),
            Message::Refused { scheme, .. } => self.end(from, scheme, false, out),
            Message::Replace(_) => out.send(from, Message::Replaced),
            Message::Replaced => {}
        }
    }

    fn on_timer(&mut self, (to, request): Timer, out: &mut Out<Self>) {
        match request {
            Request::Prove(scheme) => self.make(to, scheme, out),
            Request::Replace => {}
        }
    }
}

/// With the name of the attack, and the keys that it holds.
impl Describe for Attacker {
    fn describe(&self, fields: &mut Fields) {
        self.attack.describe_as("attack", fields);
        fields.text("id", keys::short(&self.id()));
        let mut holds = keys::holds(&self.own);
        if self.attack == Attack::Steal {
            holds.extend(keys::holds(&self.stolen.1));
        }
        fields.list("holds", holds);
    }
}
