//! What the hub does for those who are registered.

use proto::Bytes;

use super::server::Peer;
use super::{Code, Hub, Message, Parcel, Server, Timer};
use crate::{NodeId, Out};

impl Server {
    /// Those who are nearest to the target, the nearest first.
    pub(super) fn find(
        &self,
        from: Peer<'_>,
        number: u64,
        target: u64,
        out: &mut Out<Hub>,
    ) -> Result<(), Code> {
        self.require(from)?;
        let nodes = self.registered.nearest(target, self.terms.nearest);
        out.send(from.node, Message::Neighbours { number, nodes });
        Ok(())
    }

    pub(super) fn reverse(
        &mut self,
        from: Peer<'_>,
        (number, to, data): (u64, &str, Bytes),
        out: &mut Out<Hub>,
    ) -> Result<(), Code> {
        let to = self.receiver(from, to)?;
        self.spend(from, data.len() as u64, out)?;
        let name = from.name.to_owned();
        out.send(to, Message::DialBack { from: name, data });
        out.send(from.node, Message::Reversed { number });
        Ok(())
    }

    /// The registered process of that name, which is another than the registered sender.
    fn receiver(&self, from: Peer<'_>, to: &str) -> Result<NodeId, Code> {
        self.require(from)?;
        let other = self.registered.get(to).filter(|_| to != from.name);
        other.ok_or(Code::UnknownReceiver)
    }

    /// Sends the other one what it is for, as that message, and takes its bytes out of the
    /// sender's bucket.
    pub(super) fn pass_on(
        &mut self,
        from: Peer<'_>,
        Parcel { number, peer, data }: Parcel,
        message: fn(Parcel) -> Message,
        out: &mut Out<Hub>,
    ) -> Result<(), Code> {
        let to = self.receiver(from, &peer)?;
        self.spend(from, data.len() as u64, out)?;
        let peer = from.name.to_owned();
        out.send(to, message(Parcel { number, peer, data }));
        Ok(())
    }

    fn spend(&mut self, from: Peer<'_>, bytes: u64, out: &mut Out<Hub>) -> Result<(), Code> {
        if bytes > self.terms.largest {
            return Err(Code::Large);
        }
        let spent = self.spent.get(from.name).copied().unwrap_or(0) + bytes;
        if let Some(missing) = spent.checked_sub(self.terms.burst).filter(|it| *it > 0) {
            let ticks = missing.div_ceil(self.terms.fill.max(1));
            let ticks = u32::try_from(ticks).unwrap_or(u32::MAX);
            let wait = self.terms.tick.saturating_mul(ticks);
            return Err(Code::Ration { wait });
        }
        if self.spent.is_empty() && bytes > 0 {
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
        if !self.spent.is_empty() {
            out.set_timer(Timer::Tick, self.terms.tick);
        }
    }
}
