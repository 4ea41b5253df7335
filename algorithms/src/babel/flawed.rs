//! Nodes with a mistake in them, for judges to find and for readers to see what a rule is there
//! for.

use std::collections::BTreeMap;

use super::{Advert, Babel, Distance, INFINITY, Message, Request, Timer};
use crate::party::around;
use crate::{Describe, Effect, Input, Listed, NodeId, Out};

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flaw {
    /// A node takes the best route, feasible or not: plain Bellman-Ford.
    BellmanFord,
    /// A node takes a route that is announced at its feasibility distance, and not only below.
    EqualTaken,
    /// A node that loses its route forgets the feasibility distance.
    DistanceForgotten,
    /// A destination never takes a new number.
    NumberKept,
    /// A node keeps a link over which nothing comes back.
    SilenceIgnored,
    /// A node that loses its route does not say so.
    RetractionNotSent,
}

/// A node with that mistake.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Flawed {
    #[describe(flatten)]
    babel: Babel,
    #[describe(skip)]
    flaw: Flaw,
    /// What it has announced last, without retractions.
    #[describe(skip)]
    announced: BTreeMap<NodeId, Advert>,
}

impl Flawed {
    /// The node with that mistake.
    pub const fn new(babel: Babel, flaw: Flaw) -> Self {
        Self {
            babel,
            flaw,
            announced: BTreeMap::new(),
        }
    }

    /// The node without the mistake, whose state it has.
    pub const fn right(&self) -> &Babel {
        &self.babel
    }

    /// What the right node does, but for its feasibility distances and its messages.
    fn step(&mut self, input: Input<Babel>, out: &mut Out<Self>) {
        if self.is_ignored(&input) {
            return;
        }
        self.step_once(input, out);
        if self.flaw == Flaw::DistanceForgotten {
            let lost = self.babel.feasible.keys().copied();
            let lost = lost.filter(|to| self.babel.next_hop(*to).is_none());
            for to in lost.collect::<Vec<_>>() {
                self.babel.feasible.remove(&to);
                self.step_once(Input::Timer(Timer::Ask(to)), out);
            }
        }
    }

    fn step_once(&mut self, input: Input<Babel>, out: &mut Out<Self>) {
        let before = self.babel.feasible.clone();
        match self.flaw {
            Flaw::BellmanFord => self.babel.feasible = Listed::default(),
            Flaw::EqualTaken => self.babel.feasible.values_mut().for_each(loosen),
            Flaw::DistanceForgotten
            | Flaw::NumberKept
            | Flaw::SilenceIgnored
            | Flaw::RetractionNotSent => {}
        }
        let effects = out.step_below(&mut self.babel, input);
        match self.flaw {
            Flaw::BellmanFord => self.babel.feasible = Listed::default(),
            Flaw::EqualTaken => tighten(&mut self.babel.feasible, &before),
            Flaw::DistanceForgotten
            | Flaw::NumberKept
            | Flaw::SilenceIgnored
            | Flaw::RetractionNotSent => {}
        }
        for effect in effects {
            match effect {
                Effect::Send { to, message, .. } => {
                    if let Some(message) = self.spoiled(message) {
                        out.send(to, message);
                    }
                }
                effect @ (Effect::SetTimer { .. }
                | Effect::CancelTimer { .. }
                | Effect::Output(_)
                | Effect::Persist) => out.add(effect),
            }
        }
    }

    fn is_ignored(&self, input: &Input<Babel>) -> bool {
        match (self.flaw, input) {
            (Flaw::SilenceIgnored, Input::Timer(Timer::Silent(_))) => true,
            (
                Flaw::NumberKept,
                Input::Message {
                    message: Message::Request(Request { destination, .. }),
                    ..
                },
            ) => *destination == self.babel.me,
            _ => false,
        }
    }

    fn spoiled(&mut self, message: Message) -> Option<Message> {
        if self.flaw != Flaw::RetractionNotSent {
            return Some(message);
        }
        match message {
            Message::Update { mut routes } => {
                routes.retain(|advert| advert.distance.metric < INFINITY);
                self.remember(&routes);
                (!routes.is_empty()).then_some(Message::Update { routes })
            }
            Message::Table { routes, wants } => {
                self.remember(&routes);
                let routes = self.announced.values().copied().collect();
                Some(Message::Table { routes, wants })
            }
            message @ (Message::Hello { .. } | Message::Ihu { .. } | Message::Request(_)) => {
                Some(message)
            }
        }
    }

    fn remember(&mut self, routes: &[Advert]) {
        let named = routes.iter().map(|advert| (advert.destination, *advert));
        self.announced.extend(named);
    }
}

/// Lets a distance pass that is equal.
const fn loosen(distance: &mut Distance) {
    distance.metric = distance.metric.saturating_add(1);
}

/// Takes that back, where the distance is no new one.
fn tighten(feasible: &mut Listed<NodeId, Distance>, before: &Listed<NodeId, Distance>) {
    for (to, distance) in feasible.iter_mut() {
        if let Some(before) = before.get(to)
            && before.number == distance.number
            && before.metric < distance.metric
        {
            *distance = *before;
        }
    }
}

around!(Flawed, Babel);
