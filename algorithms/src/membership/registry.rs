//! What the registry does, and when nodes ask it.

use super::{Certificate, Epoch, Membership, Message, Output, Timer};
use crate::{NodeId, Out};

/// What an algorithm that is superimposed asks.
impl Membership {
    /// Whether it has a certificate that holds, as far as it knows.
    pub(crate) fn is_admitted(&self) -> bool {
        self.own
            .as_ref()
            .is_some_and(|own| own.until >= self.number())
    }

    /// Whether it trusts that neighbour.
    pub(crate) fn trusts(&self, neighbour: NodeId) -> bool {
        self.trusted.contains_key(&neighbour)
    }
}

impl Membership {
    pub(super) fn begin(&mut self, out: &mut Out<Self>) {
        if self.secret.is_some() {
            if self.epoch.is_none() {
                self.advance(out);
            }
            self.time_epoch(out);
        }
        if let Some(remind) = self.config.remind {
            out.set_timer(Timer::Remind, remind);
        }
        self.renew(out);
        self.present_to_all(out);
    }

    fn time_epoch(&self, out: &mut Out<Self>) {
        if let Some(epoch) = self.config.epoch {
            out.set_timer(Timer::Epoch, epoch);
        }
    }

    pub(super) fn on_epoch_over(&mut self, out: &mut Out<Self>) {
        self.time_epoch(out);
        self.advance(out);
    }

    /// The registry begins the next epoch.
    pub(super) fn advance(&mut self, out: &mut Out<Self>) {
        if let Some(secret) = &self.secret
            && let Some(number) = self.number().checked_add(1)
        {
            let epoch = Epoch::sign(number, out.random(0..=u64::MAX), secret);
            self.begin_epoch(self.me, epoch, out);
        }
    }

    /// Asks for a new certificate, if half of the epochs of the own one are over.
    pub(super) fn renew(&mut self, out: &mut Out<Self>) {
        let left = self
            .own
            .as_ref()
            .map(|own| own.until.saturating_sub(self.number()));
        if left.is_some_and(|left| left > self.config.holds / 2) {
            return;
        }
        if self.secret.is_none() {
            out.send(self.config.registry, Message::Enrol);
        } else if let Some(own) = self.issue(self.me, out) {
            self.on_enrolled(own, out);
        }
    }

    /// A node has the same prefix for ever, and no two have the same one.
    fn issue(&mut self, subject: NodeId, out: &mut Out<Self>) -> Option<Certificate> {
        let next = self.prefixes.len() as u32;
        let prefix = *self.prefixes.entry(subject).or_insert(next);
        let until = self.number().saturating_add(self.config.holds - 1);
        let certificate = Certificate::sign(subject, prefix, until, self.secret.as_ref()?);
        out.persist();
        out.output(Output::Issued {
            subject,
            prefix,
            until,
        });
        Some(certificate)
    }

    pub(super) fn on_enrol(&mut self, from: NodeId, out: &mut Out<Self>) {
        if let Some(certificate) = self.issue(from, out)
            && let Some(epoch) = self.epoch.clone()
        {
            out.send(from, Message::Enrolled { certificate, epoch });
        }
    }

    /// What was said may be lost, so it is said again.
    pub(super) fn remind(&mut self, out: &mut Out<Self>) {
        if let Some(remind) = self.config.remind {
            out.set_timer(Timer::Remind, remind);
        }
        self.renew(out);
        self.present_to_all(out);
    }

    pub(super) fn present_to_all(&self, out: &mut Out<Self>) {
        for to in &self.open {
            self.present(*to, out);
        }
    }

    /// Asks the neighbour to do the same, if it is not trusted.
    pub(super) fn present(&self, to: NodeId, out: &mut Out<Self>) {
        self.say(to, !self.trusted.contains_key(&to), out);
    }

    fn say(&self, to: NodeId, wants: bool, out: &mut Out<Self>) {
        if let Some(own) = &self.own {
            let message = Message::Present {
                certificate: own.clone(),
                epoch: self.number(),
                wants,
            };
            out.send(to, message);
        }
    }

    /// Answers a neighbour that has presented itself. Two nodes do not answer each other for ever: an
    /// answer asks for none.
    pub(super) fn answer(&self, to: NodeId, epoch: u32, wants: bool, out: &mut Out<Self>) {
        if let Some(own) = self.epoch.as_ref().filter(|own| own.number > epoch) {
            out.send(to, Message::Epoch(own.clone()));
        }
        if wants {
            self.say(to, false, out);
        }
    }

    pub(super) fn show(&self, out: &mut Out<Self>) {
        out.output(Output::Shown {
            epoch: self.number(),
            members: self.trusted.len(),
        });
    }
}
