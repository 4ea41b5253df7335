//! Processes with a mistake in them, for judges to find and for readers to see what a rule is
//! there for.

use super::{Auth, Command, Message, Output, Proof, Replacement, Timer};
use crate::{Algorithm, Describe, Input, NodeId, Out};

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flaw {
    /// The verifier does not compare the nonce of a proof with its own.
    NonceUnchecked,
    /// What is signed in the scheme *bound* does not contain the ends of the channel.
    ChannelLeftOut,
    /// The verifier does not check that the key belongs to the identity.
    KeyUnchecked,
    /// The verifier confirms a new key, and goes on with the old one.
    ReplacementIgnored,
    /// The verifier takes over a new key without the signature of the old one.
    ReplacementUnsigned,
    /// The owner announces its new key, and goes on with the old one.
    OldKeyUsed,
}

/// A process with that mistake.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Flawed {
    #[describe(flatten)]
    auth: Auth,
    #[describe(skip)]
    flaw: Flaw,
}

impl Flawed {
    /// The process with that mistake.
    pub fn new(mut auth: Auth, flaw: Flaw) -> Self {
        auth.binds_channel = flaw != Flaw::ChannelLeftOut;
        Self { auth, flaw }
    }

    /// What the right process does.
    fn step(&mut self, input: Input<Auth>, out: &mut Out<Self>) {
        let effects = out.step_below(&mut self.auth, input);
        effects.into_iter().for_each(|effect| out.add(effect));
    }

    fn on_proof(&mut self, from: NodeId, proof: Proof, out: &mut Out<Self>) {
        let (id, key) = (proof.id.clone(), proof.key.clone());
        let known = self.auth.keys.get(&id).cloned();
        match self.flaw {
            Flaw::NonceUnchecked => {
                if let Some((_, nonce)) = self.auth.claims.get_mut(&(from, proof.scheme)) {
                    *nonce = proof.nonce;
                }
            }
            Flaw::KeyUnchecked => {
                self.auth.keys.insert(id.clone(), key);
            }
            _ => {}
        }
        let message = Message::Proof(proof);
        self.step(Input::Message { from, message }, out);
        if self.flaw == Flaw::KeyUnchecked {
            self.auth.keys.remove(&id);
            self.auth.keys.extend(known.map(|known| (id, known)));
        }
    }

    fn on_replace(&mut self, from: NodeId, replacement: Replacement, out: &mut Out<Self>) {
        let Replacement { id, key, .. } = replacement.clone();
        if self.flaw == Flaw::ReplacementUnsigned {
            self.auth.keys.insert(id.clone(), key);
        }
        let message = Message::Replace(replacement);
        self.step(Input::Message { from, message }, out);
        if self.flaw == Flaw::ReplacementIgnored {
            self.auth.keys.remove(&id);
        }
    }
}

impl Algorithm for Flawed {
    type Message = Message;
    type Timer = Timer;
    type Command = Command;
    type Output = Output;

    fn on_start(&mut self, out: &mut Out<Self>) {
        self.step(Input::Start, out);
    }

    fn on_restart(&mut self, out: &mut Out<Self>) {
        self.step(Input::Restart, out);
    }

    fn on_command(&mut self, command: Command, out: &mut Out<Self>) {
        let old = self.auth.secret.clone();
        let replaces = matches!(command, Command::Replace(_));
        self.step(Input::Command(command), out);
        if replaces && self.flaw == Flaw::OldKeyUsed {
            self.auth.secret = old;
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Self>) {
        match message {
            Message::Proof(proof) => self.on_proof(from, proof, out),
            Message::Replace(replacement) => self.on_replace(from, replacement, out),
            message => self.step(Input::Message { from, message }, out),
        }
    }

    fn on_timer(&mut self, timer: Timer, out: &mut Out<Self>) {
        self.step(Input::Timer(timer), out);
    }
}
