//! Nodes that want to be trusted without a right to it.

use super::{Certificate, Epoch, Membership, Message};
use crate::auth::Secret;
use crate::party::around;
use crate::{Describe, Effect, Fields, Input, NodeId, Out};

/// By how much the number of a forged epoch is above the true one: all certificates would end.
const FORGED: u32 = 1_000;

/// What an impostor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Describe)]
pub enum Attack {
    /// It signs certificates and epochs with its own key.
    Forge,
    /// It presents the certificate of a neighbour.
    Borrow,
    /// It presents its first certificate for ever, and replays the first epoch.
    Replay,
}

/// What an impostor says in place of what it should.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Disguise {
    me: NodeId,
    attack: Attack,
    own: Secret,
    /// A certificate of a neighbour.
    borrowed: Option<Certificate>,
    /// Its first certificate, and the first epoch.
    first: Option<(Certificate, Epoch)>,
}

impl Disguise {
    /// Of that node, with a key that is not the registry's.
    pub const fn new(me: NodeId, attack: Attack, own: Secret) -> Self {
        Self {
            me,
            attack,
            own,
            borrowed: None,
            first: None,
        }
    }

    /// What it does.
    pub(crate) const fn attack(&self) -> Attack {
        self.attack
    }

    /// Takes from a message that it receives what it has a use for.
    pub(crate) fn learn(&mut self, message: &Message) {
        match message {
            Message::Present { certificate, .. } => self.borrowed = Some(certificate.clone()),
            Message::Enrolled { certificate, epoch } if self.first.is_none() => {
                self.first = Some((certificate.clone(), epoch.clone()));
            }
            Message::Enrol | Message::Enrolled { .. } | Message::Epoch(_) => {}
        }
    }

    /// What it sends in place of that message.
    pub(crate) fn spoil(&self, message: Message) -> Vec<Message> {
        match message {
            Message::Present { epoch, wants, .. } => {
                let present = self.certificate().map(|certificate| Message::Present {
                    certificate,
                    epoch,
                    wants,
                });
                let epoch = self.epoch(epoch).map(Message::Epoch);
                present.into_iter().chain(epoch).collect()
            }
            Message::Epoch(epoch) => {
                let spoiled = self.epoch(epoch.number);
                vec![Message::Epoch(spoiled.unwrap_or(epoch))]
            }
            message => vec![message],
        }
    }

    fn certificate(&self) -> Option<Certificate> {
        match self.attack {
            Attack::Forge => Some(Certificate::sign(self.me, self.me.0, u32::MAX, &self.own)),
            Attack::Borrow => self.borrowed.clone(),
            Attack::Replay => self.first.as_ref().map(|(first, _)| first.clone()),
        }
    }

    /// What it says instead of an epoch with that number.
    fn epoch(&self, number: u32) -> Option<Epoch> {
        match self.attack {
            Attack::Forge => Some(Epoch::sign(number.saturating_add(FORGED), 0, &self.own)),
            Attack::Borrow => None,
            Attack::Replay => self.first.as_ref().map(|(_, first)| first.clone()),
        }
    }
}

/// A node that wants to be trusted. It enrols, and knows what honest nodes know.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Impostor {
    membership: Membership,
    disguise: Disguise,
}

impl Impostor {
    /// In place of that node.
    pub const fn new(membership: Membership, disguise: Disguise) -> Self {
        Self {
            membership,
            disguise,
        }
    }

    fn step(&mut self, input: Input<Membership>, out: &mut Out<Self>) {
        if let Input::Message { message, .. } = &input {
            self.disguise.learn(message);
        }
        for effect in out.step_below(&mut self.membership, input) {
            match effect {
                Effect::Send { to, message, .. } => {
                    for message in self.disguise.spoil(message) {
                        out.send(to, message);
                    }
                }
                effect => out.add(effect),
            }
        }
    }
}

around!(Impostor, Membership);

/// With the name of the attack.
impl Describe for Impostor {
    fn describe(&self, fields: &mut Fields) {
        self.disguise.attack.describe_as("attack", fields);
        self.membership.describe(fields);
    }
}
