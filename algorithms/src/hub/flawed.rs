//! A hub and its peers with a mistake in them, for judges to find and for readers to see what
//! a rule is there for.

use super::{
    Challenge, Code, Command, Handing, Hub, Kind, Message, Nearest, Node, Output, Proof, Server,
    Session, Timer,
};
use crate::{Algorithm, Describe, Effect, Input, NodeId, Out};

/// A mistake. Peers take advantage of it where they can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flaw {
    /// The hub accepts a proof whatever was asked for.
    ProofBoundToNothing,
    /// The hub accepts a proof again.
    ReplayAccepted,
    /// The hub takes any session for its own.
    RegisterBeforeProof,
    /// A session ends a while after it was registered, and not after it was last heard of.
    ExpiryByTheWrongClock,
    /// A session never ends.
    NeverExpires,
    /// A peer that registers again has a full bucket.
    RationResetByReconnecting,
    /// All peers have one bucket.
    RationShared,
    /// Every bucket is full at any time.
    RationIgnored,
    /// A bucket that was never used is empty.
    RationWithheld,
    /// The hub leaves the nearest peer out of NEIGHBOURS.
    NearestLeftOut,
    /// The hub relays data to peers that are not registered.
    ForwardToTheUnregistered,
    /// A peer does not ask again after the hub has restarted.
    QuestionsForgotten,
    /// A peer registers at the hub that is the furthest.
    RegisteredAnywhere,
    /// A peer goes on trying at a hub that does not answer.
    DeadHubKept,
    /// What is handed over to another hub is not taken out of the bucket.
    HandedOverForNothing,
    /// A hub passes on what anybody hands over.
    HubsUnchecked,
    /// A hub asks one other hub for the receiver, and no more.
    OneHubAsked,
    /// The hub serves any number of requests.
    PaceIgnored,
}

/// A process with that mistake.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Flawed {
    #[describe(flatten)]
    hub: Hub,
    #[describe(skip)]
    flaw: Flaw,
}

/// The name under which one bucket is kept for all peers. No peer has an empty name.
const ALL: &str = "";

impl Flawed {
    /// The process with that mistake.
    pub const fn new(hub: Hub, flaw: Flaw) -> Self {
        Self { hub, flaw }
    }

    /// What the right process does, but for some effects.
    fn step(&mut self, input: Input<Hub>, out: &mut Out<Self>) {
        let is_ping = matches!(
            &input,
            Input::Message {
                message: Message::Ping,
                ..
            }
        );
        for effect in out.step_below(&mut self.hub, input) {
            match effect {
                Effect::SetTimer {
                    timer: Timer::Expire(_),
                    ..
                } if self.keeps_no_time(is_ping) => {}
                Effect::Send { to, message, .. } => out.send(to, self.spoiled(message)),
                Effect::SetTimer { timer, after } => out.set_timer(timer, after),
                Effect::CancelTimer { timer } => out.cancel_timer(timer),
                Effect::Output(output) => out.output(output),
                Effect::Persist => out.persist(),
            }
        }
    }

    fn keeps_no_time(&self, is_ping: bool) -> bool {
        match self.flaw {
            Flaw::NeverExpires => true,
            Flaw::ExpiryByTheWrongClock => is_ping,
            _ => false,
        }
    }

    fn spoiled(&self, mut message: Message) -> Message {
        if let (Flaw::NearestLeftOut, Message::Neighbours(Nearest { nodes, .. })) =
            (self.flaw, &mut message)
            && nodes.len() > 1
        {
            nodes.remove(0);
        }
        message
    }
}

impl Algorithm for Flawed {
    type Message = Message;
    type Timer = Timer;
    type Command = Command;
    type Output = Output;

    fn on_start(&mut self, out: &mut Out<Self>) {
        self.step(Input::Start, out);
    }

    fn on_restart(&mut self, out: &mut Out<Self>) {
        self.step(Input::Restart, out);
    }

    fn on_command(&mut self, command: Command, out: &mut Out<Self>) {
        match (&mut self.hub, self.flaw) {
            (Hub::Node(node), Flaw::RegisterBeforeProof) => {
                let seal = proto::Bytes::from_static(b"made up");
                let session = node.hubs.session();
                session.get_or_insert(Session { epoch: 1, seal });
            }
            (Hub::Node(node), Flaw::RegisteredAnywhere) if command == Command::Join => {
                node.hubs.go_to_the_furthest();
            }
            _ => {}
        }
        self.step(Input::Command(command), out);
    }

    fn on_timer(&mut self, timer: Timer, out: &mut Out<Self>) {
        if let (Hub::Node(node), Flaw::DeadHubKept) = (&mut self.hub, self.flaw) {
            // As if it was there.
            node.hubs.heard();
        }
        self.step(Input::Timer(timer), out);
    }

    fn on_message(&mut self, from: NodeId, mut message: Message, out: &mut Out<Self>) {
        let (mut adds, mut paid, mut others) = (None, None, 0);
        match &mut self.hub {
            Hub::Server(server) => {
                let name = out.name(from);
                paid = Some((server.last_errand, server.spent.get(&*name).copied()));
                others = server.others.len();
                before(self.flaw, server, (from, &name), &mut message);
            }
            Hub::Node(node) => adds = take_advantage(self.flaw, node, &mut message),
        }
        let to = match &message {
            Message::Forward(parcel) => Some(parcel.peer.clone()),
            _ => None,
        };
        self.step(Input::Message { from, message }, out);
        if let Hub::Server(server) = &mut self.hub {
            let name = out.name(from);
            server.others.truncate(others);
            after(self.flaw, server, &name, to.as_deref());
            if let (Flaw::HandedOverForNothing, Some((asked, spent))) = (self.flaw, paid)
                && server.last_errand > asked
            {
                server.spent.remove(&*name);
                server.spent.extend(spent.map(|spent| (name.into(), spent)));
            }
        }
        if let Some(message) = adds {
            out.send(from, message);
        }
    }
}

/// Changes a message, or the state of the hub before it is handled.
fn before(flaw: Flaw, server: &mut Server, (node, from): (NodeId, &str), message: &mut Message) {
    if flaw == Flaw::PaceIgnored {
        server.requests.forget(from);
    }
    match (flaw, message) {
        (Flaw::ProofBoundToNothing, Message::Proof(proof)) => {
            server.terms.bits = 0;
            *proof = Proof {
                epoch: server.epoch,
                bits: 0,
                nonce: proof.nonce,
                seed: server.seed(from, 0),
            };
        }
        (Flaw::ReplayAccepted, Message::Proof(_) | Message::NewSession { .. }) => {
            // As if it had not been accepted yet.
            server.sessions -= server.accepted.remove(from).unwrap_or(0);
        }
        (Flaw::RegisterBeforeProof, Message::Register { session }) => {
            *session = server.session(from, server.epoch);
        }
        (Flaw::RationResetByReconnecting, Message::Register { .. })
        | (Flaw::RationIgnored, Message::Forward(_) | Message::Call(_)) => {
            server.spent.remove(from);
        }
        (Flaw::RationShared, Message::Forward(_) | Message::Call(_)) => {
            if let Some(spent) = server.spent.remove(ALL) {
                server.spent.insert(from.to_owned(), spent);
            }
        }
        (Flaw::RationWithheld, Message::Forward(_) | Message::Call(_)) => {
            let burst = server.terms.burst;
            server.spent.entry(from.to_owned()).or_insert(burst);
        }
        (Flaw::ForwardToTheUnregistered, Message::Forward(parcel))
            if server.registered.get(&parcel.peer).is_none() =>
        {
            // In the laboratory a name has the number of its process.
            if let Some(Ok(node)) = parcel.peer.rsplit('-').next().map(str::parse) {
                server.registered.insert(&parcel.peer, NodeId(node));
            }
            server.accepted.insert(ALL.to_owned(), 0);
        }
        (Flaw::HubsUnchecked, Message::HandOver(_)) => server.others.push((node, from.to_owned())),
        (Flaw::OneHubAsked, Message::NotHere { number }) => {
            if let Some(errand) = server.errands.get_mut(number) {
                errand.forget_the_rest();
            }
        }
        _ => {}
    }
}

/// Changes the state of the hub after a message was handled.
fn after(flaw: Flaw, server: &mut Server, from: &str, to: Option<&str>) {
    match (flaw, to) {
        (Flaw::RationShared, _) => {
            if let Some(spent) = server.spent.remove(from) {
                server.spent.insert(ALL.to_owned(), spent);
            }
        }
        // It was not known before.
        (Flaw::ForwardToTheUnregistered, Some(to)) if server.accepted.remove(ALL).is_some() => {
            server.registered.remove(to);
        }
        _ => {}
    }
}

/// Changes what a peer sees. Returns what it sends in addition.
fn take_advantage(flaw: Flaw, node: &mut Node, message: &mut Message) -> Option<Message> {
    match (flaw, message) {
        (Flaw::ProofBoundToNothing, Message::Challenge(Challenge { bits, .. })) => *bits = 0,
        (Flaw::QuestionsForgotten, Message::Registered) => node.open.clear(),
        // It hears nothing, and goes through it all again, in the same epoch.
        (Flaw::ReplayAccepted, pong @ Message::Pong) => {
            *node.hubs.session() = None;
            *pong = Message::Registered;
        }
        (
            Flaw::RationResetByReconnecting,
            Message::Refused {
                code: Code::Ration { .. },
                ..
            },
        ) => {
            let session = node.hubs.session().clone();
            return session.map(|session| Message::Register { session });
        }
        // The peer hands data for itself over to the hub, and no bucket pays for them.
        (Flaw::HubsUnchecked, Message::Registered) => {
            return Some(Message::HandOver(Handing {
                number: 1,
                kind: Kind::Forward,
                from: node.me.clone(),
                to: node.me.clone(),
                question: 1,
                data: proto::Bytes::from_static(b"free"),
            }));
        }
        _ => {}
    }
    None
}
