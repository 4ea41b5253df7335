//! What a hub does for those who are registered.

use super::pace::wait;
use super::server::Peer;
use super::{Code, Handing, Hub, Kind, Message, Nearest, Parcel, Server, Timer};
use crate::{NodeId, Out};

impl Server {
    /// Those who are nearest to the target, the nearest first: of the own peers, and of those
    /// of the hub that is the nearest to it.
    pub(super) fn find(
        &mut self,
        from: Peer<'_>,
        number: u64,
        target: u64,
        out: &mut Out<Hub>,
    ) -> Result<(), Code> {
        self.require(from)?;
        if !self.look(from, number, target, out) {
            let nodes = self.registered.nearest(target, self.terms.nearest);
            out.send(from.node, Message::Neighbours(Nearest { number, nodes }));
        }
        Ok(())
    }

    /// Passes on to another peer what that is for, here or over another hub, and takes its
    /// bytes out of the sender's bucket.
    pub(super) fn pass_on(
        &mut self,
        from: Peer<'_>,
        kind: Kind,
        Parcel { number, peer, data }: Parcel,
        out: &mut Out<Hub>,
    ) -> Result<(), Code> {
        let to = self.receiver(from, &peer)?;
        self.spend(from, data.len() as u64, out)?;
        let handing = Handing {
            number: 0,
            kind,
            from: from.name.to_owned(),
            to: peer,
            question: number,
            data,
        };
        match to {
            Some(to) => {
                out.send(to, handing.for_receiver());
                Self::report(from.node, kind, number, out);
            }
            None => self.hand_over(from.node, handing, out),
        }
        Ok(())
    }

    /// Tells the sender that it was passed on. Calls are answered by the receiver.
    pub(super) fn report(sender: NodeId, kind: Kind, number: u64, out: &mut Out<Hub>) {
        match kind {
            Kind::Forward => out.send(sender, Message::Forwarded { number }),
            Kind::Reverse => out.send(sender, Message::Reversed { number }),
            Kind::Call | Kind::Answer => {}
        }
    }

    /// The process of that name, which is another than the registered sender; `None` if other
    /// hubs have to be asked for it.
    fn receiver(&self, from: Peer<'_>, to: &str) -> Result<Option<NodeId>, Code> {
        self.require(from)?;
        match self.registered.get(to).filter(|_| to != from.name) {
            Some(node) => Ok(Some(node)),
            None if to == from.name || self.others.is_empty() => Err(Code::UnknownReceiver),
            None if self.is_full_for(from.name) => Err(Code::Full),
            None => Ok(None),
        }
    }

    fn spend(&mut self, from: Peer<'_>, bytes: u64, out: &mut Out<Hub>) -> Result<(), Code> {
        if bytes > self.terms.largest {
            return Err(Code::Large);
        }
        let spent = self.spent.get(from.name).copied().unwrap_or(0) + bytes;
        if let Some(missing) = spent.checked_sub(self.terms.burst).filter(|it| *it > 0) {
            let ticks = missing.div_ceil(self.terms.fill.max(1));
            let wait = wait(self.terms.tick, ticks);
            return Err(Code::Ration { wait });
        }
        if self.is_quiet() && bytes > 0 {
            out.set_timer(Timer::Tick, self.terms.tick);
        }
        if spent > 0 {
            self.spent.insert(from.name.to_owned(), spent);
        }
        Ok(())
    }

    /// A bucket that is full again is not kept.
    pub(super) fn fill(&mut self, out: &mut Out<Hub>) {
        let fill = self.terms.fill.max(1);
        self.spent.retain(|_, spent| {
            *spent = spent.saturating_sub(fill);
            *spent > 0
        });
        self.requests.fill(&self.terms);
        if !self.is_quiet() {
            out.set_timer(Timer::Tick, self.terms.tick);
        }
    }
}
