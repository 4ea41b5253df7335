//! Nodes with a mistake in them, for judges to find and for readers to see what a rule is there
//! for.

use super::{Certificate, Epoch, Membership, Message, Output};
use crate::auth::Secret;
use crate::party::around;
use crate::{Describe, Effect, Input, NodeId, Out};

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flaw {
    /// A node takes any signature for the registry's.
    SignatureUnchecked,
    /// A node takes the certificate of anybody.
    SubjectUnchecked,
    /// A node takes an epoch that is older than its own.
    OlderTaken,
    /// A node goes on trusting a neighbour whose certificate has ended.
    EndIgnored,
    /// The registry does not store the prefixes.
    PrefixesForgotten,
}

/// A node with that mistake.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Flawed {
    #[describe(flatten)]
    membership: Membership,
    #[describe(skip)]
    flaw: Flaw,
    /// The registry's key, to make signatures right that are not to be checked.
    #[describe(skip)]
    signer: Secret,
    /// Whether it has taken an older epoch, which it does not pass on: that would go on for ever.
    #[describe(skip)]
    is_older: bool,
}

impl Flawed {
    /// The node with that mistake, in a network whose registry has the key `signer`.
    pub const fn new(membership: Membership, flaw: Flaw, signer: Secret) -> Self {
        Self {
            membership,
            flaw,
            signer,
            is_older: false,
        }
    }

    /// Lets the right node handle the input. What a check would refuse is made right before, and
    /// what the mistake leaves out is undone after.
    fn step(&mut self, input: Input<Membership>, out: &mut Out<Self>) {
        if matches!(input, Input::Restart) && self.flaw == Flaw::PrefixesForgotten {
            self.membership.prefixes.clear();
        }
        self.is_older = false;
        let input = match input {
            Input::Message { from, message } => Input::Message {
                from,
                message: self.made_right(from, message),
            },
            input => input,
        };
        let before = self.membership.trusted.clone();
        for effect in out.step_below(&mut self.membership, input) {
            match effect {
                Effect::Output(Output::Expelled { neighbour, .. })
                    if self.flaw == Flaw::EndIgnored =>
                {
                    let kept = before.get(&neighbour).cloned();
                    let kept = kept.map(|kept| (neighbour, kept));
                    self.membership.trusted.extend(kept);
                }
                Effect::Send {
                    message: Message::Epoch(_),
                    ..
                } if self.is_older => {}
                effect => out.add(effect),
            }
        }
    }

    fn made_right(&mut self, from: NodeId, message: Message) -> Message {
        match message {
            Message::Present {
                certificate,
                epoch,
                wants,
            } => Message::Present {
                certificate: self.on_present(from, certificate),
                epoch,
                wants,
            },
            Message::Epoch(epoch) => Message::Epoch(self.on_epoch(epoch)),
            message => message,
        }
    }

    fn on_present(&self, from: NodeId, certificate: Certificate) -> Certificate {
        let Certificate {
            subject,
            prefix,
            until,
            ..
        } = certificate;
        match self.flaw {
            Flaw::SignatureUnchecked => Certificate::sign(subject, prefix, until, &self.signer),
            Flaw::SubjectUnchecked if certificate.is_signed(&self.membership.config.key) => {
                Certificate::sign(from, prefix, until, &self.signer)
            }
            _ => certificate,
        }
    }

    fn on_epoch(&mut self, epoch: Epoch) -> Epoch {
        let own = self.membership.epoch.as_mut();
        match (self.flaw, own) {
            (Flaw::SignatureUnchecked, _) => {
                Epoch::sign(epoch.number, epoch.settings, &self.signer)
            }
            (Flaw::OlderTaken, Some(own)) if epoch.number < own.number => {
                own.number = epoch.number.saturating_sub(1);
                self.is_older = true;
                epoch
            }
            _ => epoch,
        }
    }
}

around!(Flawed, Membership);
