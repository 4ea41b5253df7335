//! Reliable broadcast by flooding: a message that one process delivers, all do.
//!
//! Vassos Hadzilacos and Sam Toueg, "A Modular Approach to Fault-Tolerant Broadcasts and
//! Related Problems", Cornell TR 94-1425, 1994, section 4.
//!
//! A process that gets a message for the first time sends it to all its neighbours but the
//! one that it came from, and delivers it. Other copies are dropped.
//!
//! Messages are delivered as they come, so an answer may be delivered before its question.
//! That takes `--channel per-message`: with one stream between two processes, the default,
//! messages keep their order there, and flooding then delivers every question first. With a
//! stream for each message, one may overtake another. The judge counts the deliveries that
//! are `out of order`.
//!
//! The next step is causal broadcast: let a message carry what its origin had delivered, let
//! processes wait for that, and set `is_causal` in `Posts::new`, which makes a property of
//! the count.

mod system;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::process::ExitCode;

// The engines: simulator and model checker, and with `live` also real peers.
#[cfg(not(feature = "live"))]
use lab as engines;
use lab::own::*;
#[cfg(feature = "live")]
use testbed as engines;

fn main() -> ExitCode {
    engines::own::main(system::Posts::new)
}

/// A message on its way, with the process that broadcasts it and a number there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
pub struct Post {
    #[message(tag = 1)]
    #[describe(with = InstanceId::named)]
    id: InstanceId,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Output, Describe)]
pub enum Said {
    /// The message begins here.
    Broadcast {
        #[describe(with = InstanceId::named)]
        id: InstanceId,
    },
    /// The message has come.
    Delivered {
        #[describe(with = InstanceId::named)]
        id: InstanceId,
    },
}

/// The state of one process. What is durable survives a crash, so a process that restarts
/// delivers no message twice.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Flood {
    #[describe(skip)]
    me: NodeId,
    #[describe(skip)]
    neighbours: Vec<NodeId>,
    /// How many messages began here.
    #[describe(durable)]
    sent: u32,
    #[describe(durable, with = BTreeSet::len)]
    delivered: BTreeSet<InstanceId>,
    /// Whether it forwards; the broken variant does not.
    #[describe(skip)]
    forwards: bool,
}

impl Algorithm for Flood {
    type Message = Post;
    type Timer = ();
    type Command = ();
    type Output = Said;

    /// Broadcasts a message.
    fn on_command(&mut self, (): (), out: &mut Out<Self>) {
        let id = InstanceId::new(self.me, self.sent);
        self.sent += 1;
        out.output(Said::Broadcast { id });
        self.deliver(id, out);
        out.broadcast(self.neighbours.iter().copied(), &Post { id });
    }

    fn on_message(&mut self, from: NodeId, Post { id }: Post, out: &mut Out<Self>) {
        if self.delivered.contains(&id) {
            return;
        }
        self.deliver(id, out);
        if self.forwards {
            let others = self.neighbours.iter().copied();
            out.broadcast(others.filter(|other| *other != from), &Post { id });
        }
    }

    fn on_timer(&mut self, (): (), _: &mut Out<Self>) {}
}

impl Flood {
    fn deliver(&mut self, id: InstanceId, out: &mut Out<Self>) {
        self.delivered.insert(id);
        out.persist();
        out.output(Said::Delivered { id });
    }
}
