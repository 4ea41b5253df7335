//! What the hub does for those who are registered.

use super::{Code, Hub, Message, Parcel, Server, Timer, place};
use crate::{NodeId, Out};

impl Server {
    /// Those who are nearest to the target, the nearest first.
    pub(super) fn find(
        &self,
        from: NodeId,
        number: u64,
        target: u64,
        out: &mut Out<Hub>,
    ) -> Result<(), Code> {
        self.require(from)?;
        let mut nodes: Vec<_> = self.registered.iter().copied().collect();
        nodes.sort_by_cached_key(|node| place(*node) ^ target);
        nodes.truncate(self.terms.nearest);
        out.send(from, Message::Neighbours { number, nodes });
        Ok(())
    }

    pub(super) fn reverse(
        &self,
        from: NodeId,
        to: NodeId,
        number: u64,
        out: &mut Out<Hub>,
    ) -> Result<(), Code> {
        self.require(from)?;
        self.require_other(from, to)?;
        out.send(to, Message::DialBack { from });
        out.send(from, Message::Reversed { number });
        Ok(())
    }

    fn require_other(&self, from: NodeId, to: NodeId) -> Result<(), Code> {
        let is_there = to != from && self.registered.contains(&to);
        is_there.then_some(()).ok_or(Code::UnknownReceiver)
    }

    /// Sends the other one what it is for, as that message, and takes its bytes out of the
    /// sender's bucket.
    pub(super) fn pass_on(
        &mut self,
        from: NodeId,
        Parcel { number, peer, data }: Parcel,
        message: fn(Parcel) -> Message,
        out: &mut Out<Hub>,
    ) -> Result<(), Code> {
        self.require(from)?;
        self.require_other(from, peer)?;
        self.spend(from, data.len() as u64, out)?;
        let parcel = Parcel {
            number,
            peer: from,
            data,
        };
        out.send(peer, message(parcel));
        Ok(())
    }

    fn spend(&mut self, from: NodeId, bytes: u64, out: &mut Out<Hub>) -> Result<(), Code> {
        if bytes > self.terms.largest {
            return Err(Code::Large);
        }
        let spent = self.spent.get(&from).copied().unwrap_or(0) + bytes;
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
            self.spent.insert(from, spent);
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
