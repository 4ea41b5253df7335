//! A process: it is a hub or a peer, and does what that does.

use super::{Command, Message, Node, Output, Server, Timer};
use crate::{Algorithm, Describe, NodeId, Out};

/// A process: a hub, or a peer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub enum Hub {
    /// A hub.
    Server(#[describe(flatten)] Server),
    /// A peer.
    Node(#[describe(flatten)] Node),
}

impl Algorithm for Hub {
    type Message = Message;
    type Timer = Timer;
    type Command = Command;
    type Output = Output;

    fn on_start(&mut self, out: &mut Out<Self>) {
        if let Self::Server(server) = self {
            server.begin(out);
        }
    }

    /// A peer registers by itself, since it does not know whether it was.
    fn on_restart(&mut self, out: &mut Out<Self>) {
        match self {
            Self::Server(server) => server.begin(out),
            Self::Node(node) => node.enrol(out),
        }
    }

    fn on_command(&mut self, command: Command, out: &mut Out<Self>) {
        match self {
            Self::Server(_) => {}
            Self::Node(node) => node.on_command(command, out),
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Self>) {
        match self {
            Self::Server(server) => server.on_message(from, message, out),
            Self::Node(node) => node.on_message(from, message, out),
        }
    }

    fn on_timer(&mut self, timer: Timer, out: &mut Out<Self>) {
        match self {
            Self::Server(server) => server.on_timer(timer, out),
            Self::Node(node) => node.on_timer(timer, out),
        }
    }
}
