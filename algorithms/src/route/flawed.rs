//! Nodes with a mistake in them, for judges to find and for readers to see what a rule is there
//! for.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Command, Message, Output, Route, Table, Timer};
use crate::{Algorithm, Describe, Effect, Input, InstanceId, NodeId, Out};

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flaw {
    /// A node forwards to its nearest entry, although it is nearer to the key itself.
    OwnDistanceIgnored,
    /// A node keeps entries that do not answer.
    DeadEntriesKept,
    /// A message does not carry the nodes that it has visited. A node takes one that it has
    /// taken a while ago for a new one.
    LoopsByTimestamp,
    /// The id of a node is computed from the second in which it was started. Several are started
    /// in one.
    IdsByTheSecond,
    /// A table has any number of entries.
    TableUnbounded,
    /// A message that ends at a local minimum is reported as delivered.
    MinimumClaimed,
}

/// How many nodes are started in a second. A guess.
const A_SECOND: u32 = 4;

/// After so long, a message that comes again is taken for a new one. A guess.
const FORGOTTEN: Duration = Duration::from_millis(10);

/// A node with that mistake.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Flawed {
    #[describe(flatten)]
    route: Route,
    #[describe(skip)]
    flaw: Flaw,
    /// The messages that it takes again.
    #[describe(skip)]
    forgotten: BTreeSet<InstanceId>,
}

/// The timers of a node with a mistake.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Again {
    /// One of the right node.
    Right(Timer),
    /// That message was taken a while ago.
    Forget(InstanceId),
}

impl Flawed {
    /// The node with that mistake.
    pub fn new(mut route: Route, flaw: Flaw) -> Self {
        match flaw {
            Flaw::IdsByTheSecond => {
                route.id = super::id(NodeId(route.me.0 / A_SECOND));
                let score = route.config.score.clone();
                route.table = Table::new(route.id, route.config.table, score);
            }
            Flaw::TableUnbounded => route.table.most = usize::MAX,
            Flaw::OwnDistanceIgnored
            | Flaw::DeadEntriesKept
            | Flaw::LoopsByTimestamp
            | Flaw::MinimumClaimed => {}
        }
        Self {
            route,
            flaw,
            forgotten: BTreeSet::new(),
        }
    }

    /// What the right node does, but for some effects.
    fn step(&mut self, input: Input<Route>, out: &mut Out<Self>) {
        let own = self.route.id;
        if let (Flaw::OwnDistanceIgnored, Some(key)) = (self.flaw, self.key_of(&input)) {
            // As if it was the furthest of all.
            self.route.id = !key;
        }
        let before = self.route.table.clone();
        let is_timer = matches!(input, Input::Timer(_));
        let effects = out.step_below(&mut self.route, input);
        self.route.id = own;
        if self.flaw == Flaw::DeadEntriesKept && is_timer {
            self.route.table = before;
        }
        for effect in effects {
            match effect {
                Effect::Send { to, message, .. } => out.send(to, self.spoiled(message)),
                Effect::SetTimer { timer, after } => out.set_timer(Again::Right(timer), after),
                Effect::CancelTimer { timer } => out.cancel_timer(Again::Right(timer)),
                Effect::Output(output) => out.output(self.claimed(output)),
                Effect::Persist => out.persist(),
            }
        }
    }

    /// The key of the message that is about to go on.
    fn key_of(&self, input: &Input<Route>) -> Option<u64> {
        match input {
            Input::Command(Command::Route(key)) => Some(*key),
            Input::Message {
                message: Message::Route(letter) | Message::Back(letter),
                ..
            } => Some(letter.key),
            Input::Timer(Timer::Hop(message)) => self.route.key_of(*message),
            Input::Start | Input::Restart | Input::Message { .. } | Input::Timer(_) => None,
        }
    }

    fn spoiled(&self, mut message: Message) -> Message {
        if let (Flaw::LoopsByTimestamp, Message::Route(letter) | Message::Back(letter)) =
            (self.flaw, &mut message)
        {
            letter.visited.clear();
        }
        message
    }

    fn claimed(&self, output: Output) -> Output {
        match (self.flaw, output) {
            (Flaw::MinimumClaimed, Output::Nearest { message, at, hops }) => {
                Output::Delivered { message, at, hops }
            }
            (_, output) => output,
        }
    }
}

impl Algorithm for Flawed {
    type Message = Message;
    type Timer = Again;
    type Command = Command;
    type Output = Output;

    fn on_start(&mut self, out: &mut Out<Self>) {
        self.step(Input::Start, out);
    }

    fn on_restart(&mut self, out: &mut Out<Self>) {
        self.step(Input::Restart, out);
    }

    fn on_command(&mut self, command: Command, out: &mut Out<Self>) {
        self.step(Input::Command(command), out);
    }

    fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Self>) {
        if let (Flaw::LoopsByTimestamp, Message::Route(letter)) = (self.flaw, &message) {
            let id = letter.message;
            if self.forgotten.remove(&id) {
                self.route.passes.remove(&id);
            }
            out.set_timer(Again::Forget(id), FORGOTTEN);
        }
        self.step(Input::Message { from, message }, out);
    }

    fn on_timer(&mut self, timer: Again, out: &mut Out<Self>) {
        match timer {
            Again::Right(timer) => self.step(Input::Timer(timer), out),
            Again::Forget(message) => {
                self.forgotten.insert(message);
            }
        }
    }

    fn begins_operation(timer: &Again) -> bool {
        matches!(timer, Again::Right(timer) if Route::begins_operation(timer))
    }
}
