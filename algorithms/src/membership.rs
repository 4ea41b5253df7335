//! Membership: a registry signs who belongs to the network, for a time, and how it is configured.
//!
//! A certificate names its subject, a prefix that no other node has, and the last *epoch* in which
//! it holds. A node trusts a neighbour that presents such a certificate, and expels it when the
//! certificate has ended. The registry also signs the number of each epoch, together with the
//! settings of the network, and the nodes pass that on from one to the next.
//!
//! After the registry of re6stnet (Nexedi, 2012), whose certificates end at a date. Epochs are those
//! of J. Cowling et al., "Census: Location-Aware Membership Management for Large-Scale Distributed
//! Systems", USENIX ATC 2009. With them nodes need no clocks: a certificate ends when a later epoch
//! is known, and not before. While the registry is down, no epoch begins and no certificate ends:
//! members stay members, and no other node becomes one.
//!
//! **The subject.** The channel authenticates the sender of each message, as the lesson `auth`
//! shows. A node accepts a certificate only if the sender is its subject, so a copy is refused, and
//! a node needs no key of its own.
//!
//! **What is old.** A signature does not age, so an old configuration is as right as a new one to who
//! looks at the signature alone. A node takes an epoch only if its number is above its own, and that
//! is durable: it is not forgotten in a crash.
//!
//! **Renewal.** When half of its epochs are over, a node asks for a new certificate (ENROL), and
//! presents it to its neighbours. That is in time if an epoch is longer than that takes.
//!
//! What it needs: channels whose sender is known; an honest registry that all can reach; signatures
//! that cannot be forged (Ed25519, RFC 8032). Messages may be lost and reordered: a node presents
//! itself again at an interval. A neighbour that withholds epochs lets certificates last longer for
//! those who have no other neighbour.
//!
//! Cost: 2 messages for a certificate, each with a signature and a check of it. For each epoch a
//! message over each link, or one each way. A certificate is presented to all neighbours.
//!
//! What nodes say is in this file; `membership/signed.rs` has what is signed, `membership/epochs.rs`
//! how epochs spread, `membership/registry.rs` what the registry does, and `membership/impostor.rs`
//! the attacks.

mod epochs;
mod flawed;
mod impostor;
mod interface;
mod registry;
mod signed;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::auth::Secret;
use crate::{Algorithm, Describe, NodeId, Out};

pub use flawed::{Flaw, Flawed};
pub use impostor::{Attack, Disguise, Impostor};
pub use interface::{Command, Config, Output, Reason, Timer};
pub use signed::{Certificate, Epoch};

/// The messages between nodes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
pub enum Message {
    /// Asks the registry for a certificate.
    #[message(tag = 1, request)]
    Enrol,
    /// The sender's certificate, and the epoch.
    #[message(tag = 2, reply)]
    Enrolled {
        /// It.
        #[message(tag = 1)]
        certificate: Certificate,
        /// The one in which it was signed, or a later one.
        #[message(tag = 2)]
        epoch: Epoch,
    },
    /// The sender belongs to the network.
    #[message(tag = 3)]
    Present {
        /// As this shows.
        #[message(tag = 1)]
        certificate: Certificate,
        /// The number of its epoch; 0 if it knows none.
        #[message(tag = 2)]
        epoch: u32,
        /// Asks the receiver to present itself too.
        #[message(tag = 3)]
        wants: bool,
    },
    /// An epoch has begun.
    #[message(tag = 4)]
    Epoch(#[describe(flatten)] Epoch),
}

/// The state of one node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Membership {
    #[describe(skip)]
    me: NodeId,
    #[describe(skip)]
    config: Arc<Config>,
    /// The registry's key.
    #[describe(skip)]
    secret: Option<Secret>,
    /// Who is a neighbour now.
    #[describe(skip)]
    open: BTreeSet<NodeId>,
    #[describe(durable, with = signed::number)]
    epoch: Option<Epoch>,
    /// Its own certificate.
    #[describe(durable, name = "certificate", with = signed::own_text)]
    own: Option<Certificate>,
    /// The neighbours that it trusts.
    #[describe(name = "members", with = signed::texts)]
    trusted: BTreeMap<NodeId, Certificate>,
    /// The registry's: the prefix of each node.
    #[describe(durable, skip)]
    prefixes: BTreeMap<NodeId, u32>,
}

impl Membership {
    /// The node `me` with these neighbours. `secret` is the key of the registry, for it alone.
    pub fn new(
        me: NodeId,
        neighbours: &[NodeId],
        secret: Option<Secret>,
        config: Arc<Config>,
    ) -> Self {
        Self {
            me,
            secret,
            open: neighbours.iter().copied().filter(|_| config.open).collect(),
            config,
            epoch: None,
            own: None,
            trusted: BTreeMap::new(),
            prefixes: BTreeMap::new(),
        }
    }

    /// The number of the epoch; 0 if it knows none.
    fn number(&self) -> u32 {
        self.epoch.as_ref().map_or(0, |epoch| epoch.number)
    }

    /// Why the neighbour is not to be trusted.
    fn refuses(&self, from: NodeId, certificate: &Certificate) -> Option<Reason> {
        if !certificate.is_signed(&self.config.key) {
            return Some(Reason::Signature);
        }
        if certificate.subject != from {
            return Some(Reason::Subject);
        }
        (certificate.until < self.number()).then_some(Reason::Ended)
    }

    fn on_present(&mut self, from: NodeId, certificate: Certificate, out: &mut Out<Self>) {
        if let Some(why) = self.refuses(from, &certificate) {
            out.output(Output::Refused {
                neighbour: from,
                why,
            });
            return;
        }
        let before = self.trusted.get(&from);
        if before.is_none_or(|before| before.until < certificate.until) {
            out.output(Output::Trusted {
                neighbour: from,
                prefix: certificate.prefix,
                until: certificate.until,
            });
            self.trusted.insert(from, certificate);
        }
    }

    fn on_enrolled(&mut self, certificate: Certificate, out: &mut Out<Self>) {
        let is_newer = |own: &Certificate| own.until < certificate.until;
        if self.refuses(self.me, &certificate).is_none() && self.own.as_ref().is_none_or(is_newer) {
            out.output(Output::Enrolled {
                prefix: certificate.prefix,
                until: certificate.until,
            });
            self.own = Some(certificate);
            out.persist();
            self.present_to_all(out);
        }
    }
}

impl Algorithm for Membership {
    type Message = Message;
    type Timer = Timer;
    type Command = Command;
    type Output = Output;

    fn on_start(&mut self, out: &mut Out<Self>) {
        self.begin(out);
    }

    /// The certificate and the epoch are durable. The set of trusted neighbours is empty.
    fn on_restart(&mut self, out: &mut Out<Self>) {
        self.begin(out);
    }

    fn on_command(&mut self, command: Command, out: &mut Out<Self>) {
        match command {
            Command::Up(neighbour) => {
                self.open.insert(neighbour);
                self.present(neighbour, out);
            }
            Command::Down(neighbour) => {
                self.open.remove(&neighbour);
                self.trusted.remove(&neighbour);
            }
            Command::Advance => self.advance(out),
            Command::Show => self.show(out),
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Self>) {
        match message {
            Message::Enrol => self.on_enrol(from, out),
            Message::Enrolled { certificate, epoch } if from == self.config.registry => {
                self.on_epoch(from, epoch, out);
                self.on_enrolled(certificate, out);
            }
            Message::Present {
                certificate,
                epoch,
                wants,
            } if self.open.contains(&from) => {
                self.on_present(from, certificate, out);
                self.answer(from, epoch, wants, out);
            }
            Message::Epoch(epoch) => self.on_epoch(from, epoch, out),
            Message::Enrolled { .. } | Message::Present { .. } => {}
        }
    }

    fn on_timer(&mut self, timer: Timer, out: &mut Out<Self>) {
        match timer {
            Timer::Epoch => self.on_epoch_over(out),
            Timer::Remind => self.remind(out),
        }
    }

    fn begins_operation(timer: &Timer) -> bool {
        match timer {
            Timer::Epoch | Timer::Remind => true,
        }
    }
}

#[cfg(test)]
mod tests;
