//! The echo algorithm: a wave that reaches all processes, and comes back.
//!
//! Ernest J. H. Chang, "Echo Algorithms: Depth Parallel Operations on General Graphs",
//! IEEE TSE SE-8(4), 1982; Gerard Tel, "Introduction to Distributed Algorithms", chapter 6.
//!
//! The initiator sends an explorer to each neighbour. The sender of the first message that
//! a process gets is its parent; the process sends explorers to its other neighbours. When
//! all of these have sent something, it answers its parent with an echo. Two messages on
//! each edge.

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
    engines::own::main(system::Waves::new)
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
pub enum Wave {
    /// Looks for processes that the wave has not reached.
    #[message(tag = 1)]
    Explorer,
    /// The wave has reached so many processes through its sender, itself included.
    #[message(tag = 2)]
    Echo {
        #[message(tag = 1)]
        reached: u64,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Output, Describe)]
pub enum Said {
    /// The wave has reached this process.
    Joined,
    /// The wave has reached all processes: so many.
    Decided { reached: u64 },
}

/// The state of one process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Echo {
    #[describe(skip)]
    neighbours: BTreeSet<NodeId>,
    has_joined: bool,
    /// The sender of the first message; the initiator has none.
    parent: Option<NodeId>,
    /// The neighbours that have sent nothing.
    missing: BTreeSet<NodeId>,
    reached: u64,
    /// The broken variant: it answers before its neighbours have.
    #[describe(skip)]
    is_hasty: bool,
}

impl Algorithm for Echo {
    type Message = Wave;
    type Timer = ();
    type Command = ();
    type Output = Said;

    fn on_command(&mut self, (): (), out: &mut Out<Self>) {
        self.join(None, out);
    }

    fn on_message(&mut self, from: NodeId, message: Wave, out: &mut Out<Self>) {
        let is_first = !self.has_joined;
        if is_first {
            self.join(Some(from), out);
        }
        self.missing.remove(&from);
        if let Wave::Echo { reached } = message {
            self.reached += reached;
        }
        match self.parent {
            Some(_) if self.is_hasty && !is_first => {}
            Some(parent) if self.is_hasty || self.missing.is_empty() => {
                let reached = self.reached;
                out.send(parent, Wave::Echo { reached });
            }
            None if self.missing.is_empty() => {
                let reached = self.reached;
                out.output(Said::Decided { reached });
            }
            Some(_) | None => {}
        }
    }

    fn on_timer(&mut self, (): (), _: &mut Out<Self>) {}
}

impl Echo {
    fn join(&mut self, parent: Option<NodeId>, out: &mut Out<Self>) {
        out.output(Said::Joined);
        self.has_joined = true;
        self.parent = parent;
        let others = self.neighbours.iter().copied();
        let others = others.filter(|other| Some(*other) != parent);
        out.broadcast(others, &Wave::Explorer);
    }
}
