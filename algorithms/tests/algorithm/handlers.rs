//! Handlers that are missing, or send what is no message of the algorithm.
use std::collections::HashMap;

use algorithms::{Algorithm, Describe, Message, NodeId, Out, Output};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
struct Number {
    #[message(tag = 1)]
    number: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Output, Describe)]
struct Largest {
    number: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
struct Process {
    number: u64,
}

impl Algorithm for Process {
    type Message = Number;
    type Timer = ();
    type Command = ();
    type Output = Largest;

    fn on_command(&mut self, (): (), out: &mut Out<Self>) {
        out.send(NodeId(1), self.number);
        out.send(1, Number { number: 1 });
        out.broadcast(NodeId(1), &Number { number: 1 });
        out.output(Number { number: 1 });
    }

    fn on_message(&mut self, _: NodeId, _: Number, _: &mut Out<Self>) {}
}

type Routes = HashMap<NodeId, NodeId>;

/// The derive does not see through a name for a type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
struct Router {
    routes: Routes,
}

fn main() {}
