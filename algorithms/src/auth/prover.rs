//! What a process does as a prover, and as the owner of a key.

use std::collections::BTreeMap;

use super::{
    Auth, Challenge, Message, Open, Output, PATIENCE, Proof, Reason, Replacement, Request, Scheme,
    Secret, Statement, TRIES, fingerprint,
};
use crate::{NodeId, Out};

impl Auth {
    /// The process at that end of its channels to `neighbours`, with its key, and with the seed
    /// of its nonces.
    pub fn new(me: NodeId, neighbours: Vec<NodeId>, secret: Secret, seed: Secret) -> Self {
        let id = fingerprint(&secret.key());
        let fixed = Statement {
            scheme: Scheme::Static,
            prover: &id,
            nonce: 0,
            verifier: &id,
            ends: None,
        };
        Self {
            me,
            neighbours,
            fixed: fixed.sign(&secret),
            id,
            secret,
            replacement: None,
            open: BTreeMap::new(),
            seed,
            nonces: 0,
            claims: BTreeMap::new(),
            keys: BTreeMap::new(),
            binds_channel: true,
        }
    }

    pub(super) fn prove(&mut self, schemes: &[Scheme], out: &mut Out<Self>) {
        for to in self.neighbours.clone() {
            for scheme in schemes {
                self.begin(to, Request::Prove(*scheme), out);
            }
        }
    }

    pub(super) fn replace(&mut self, secret: Secret, out: &mut Out<Self>) {
        self.replacement = Some(Replacement::sign(&self.id, &self.secret, &secret));
        self.secret = secret;
        out.persist();
        for to in self.neighbours.clone() {
            self.begin(to, Request::Replace, out);
        }
    }

    fn begin(&mut self, to: NodeId, request: Request, out: &mut Out<Self>) {
        let open = self.open.entry((to, request)).or_insert(Open {
            tries: 0,
            commands: 0,
            refused: None,
        });
        open.commands += 1;
        open.tries = 0;
        self.ask_again(to, request, out);
    }

    /// Asks the first time, or once more, or no longer.
    pub(super) fn ask_again(&mut self, to: NodeId, request: Request, out: &mut Out<Self>) {
        let Some(open) = self.open.get_mut(&(to, request)) else {
            return;
        };
        if open.tries == TRIES {
            let why = open.refused;
            return self.end(to, request, out, |request| match request {
                Request::Prove(scheme) => Output::Failed { scheme, to, why },
                Request::Replace => Output::Untold { to },
            });
        }
        open.tries += 1;
        let message = match (request, &self.replacement) {
            (Request::Prove(Scheme::Static), _) => Message::Proof(self.fixed.clone()),
            (Request::Prove(scheme), _) => Message::Hello {
                scheme,
                id: self.id.clone(),
            },
            (Request::Replace, Some(replacement)) => Message::Replace(replacement.clone()),
            (Request::Replace, None) => return,
        };
        out.send(to, message);
        out.set_timer((to, request), PATIENCE);
    }

    /// A prover signs only the challenges of verifiers that it has sent a claim to.
    pub(super) fn on_challenge(
        &mut self,
        from: NodeId,
        challenge: &Challenge,
        out: &mut Out<Self>,
    ) {
        let scheme = challenge.scheme;
        if self.open.contains_key(&(from, Request::Prove(scheme))) {
            out.send(from, Message::Proof(self.answer(from, challenge)));
        }
    }

    /// The proof for a verifier at the other end of that channel.
    fn answer(&self, to: NodeId, challenge: &Challenge) -> Proof {
        let statement = Statement {
            scheme: challenge.scheme,
            prover: &self.id,
            nonce: challenge.nonce,
            verifier: &challenge.verifier,
            ends: self.binds_channel.then_some((self.me, to)),
        };
        statement.sign(&self.secret)
    }

    pub(super) fn on_accepted(&mut self, from: NodeId, scheme: Scheme, out: &mut Out<Self>) {
        self.end(from, Request::Prove(scheme), out, |_| Output::Proved {
            scheme,
            to: from,
        });
    }

    /// It asks again later: its new key may not have arrived yet.
    pub(super) fn on_refused(&mut self, from: NodeId, scheme: Scheme, why: Reason) {
        if let Some(open) = self.open.get_mut(&(from, Request::Prove(scheme))) {
            open.refused = Some(why);
        }
    }

    pub(super) fn on_replaced(&mut self, from: NodeId, out: &mut Out<Self>) {
        self.end(from, Request::Replace, out, |_| Output::Told { to: from });
    }

    /// Ends a request, with an output for each command that waits for it.
    fn end(
        &mut self,
        to: NodeId,
        request: Request,
        out: &mut Out<Self>,
        output: impl Fn(Request) -> Output,
    ) {
        if let Some(open) = self.open.remove(&(to, request)) {
            out.cancel_timer((to, request));
            for _ in 0..open.commands {
                out.output(output(request));
            }
        }
    }
}
