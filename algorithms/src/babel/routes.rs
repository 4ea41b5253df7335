//! Which routes a node takes, and what it announces of them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Babel, Distance, INFINITY, Message, Output, Route, Timer, is_newer};
use crate::{Describe, NodeId, Out};

/// How many links a request may cross. That of babeld, the reference implementation.
const HOPS: u32 = 127;

/// What a node announces of a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
#[message(nested)]
pub struct Advert {
    /// The destination.
    #[message(tag = 1)]
    pub destination: NodeId,
    /// How far it is.
    #[message(tag = 2)]
    #[describe(flatten)]
    pub distance: Distance,
}

/// A node starves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
#[message(nested)]
pub struct Request {
    /// Of which destination it has no route, or only a worse one.
    #[message(tag = 1)]
    pub destination: NodeId,
    /// The oldest number that helps.
    #[message(tag = 2)]
    pub number: u16,
    /// How many links the request may still cross.
    #[message(tag = 3)]
    pub hops: u32,
}

/// Routes as states have them: `peer-03 via peer-01 at 2`.
pub(super) fn texts(routes: &BTreeMap<NodeId, Route>) -> Vec<String> {
    let texts = routes.iter().map(|(to, route)| {
        let Route { via, distance } = route;
        format!("{to} via {via} at {}", distance.metric)
    });
    texts.collect()
}

/// Feasibility distances as states have them: `peer-03 2 of 7` is the metric 2 with the number 7.
pub(super) fn distances(distances: &BTreeMap<NodeId, Distance>) -> Vec<String> {
    let texts = distances.iter().map(|(to, distance)| {
        let Distance { number, metric } = distance;
        format!("{to} {metric} of {number}")
    });
    texts.collect()
}

/// What decides between two ways to a destination: the metric, then whether it is the one that is
/// taken already, then the neighbour.
type Rank = (u16, bool, NodeId);

impl Babel {
    /// The neighbour to which a packet for that destination goes next.
    pub fn next_hop(&self, destination: NodeId) -> Option<NodeId> {
        Some(self.routes.get(&destination)?.via)
    }

    /// How many destinations are reached over that neighbour.
    pub fn served(&self, neighbour: NodeId) -> usize {
        let routes = self.routes.values();
        routes.filter(|route| route.via == neighbour).count()
    }

    /// Takes over what a neighbour announces.
    pub(super) fn on_update(&mut self, from: NodeId, routes: &[Advert], out: &mut Out<Self>) {
        for advert in routes {
            let Advert {
                destination,
                distance,
            } = *advert;
            if !self.is_possible(from, advert) {
                continue;
            }
            let heard = self.heard.entry(destination).or_default();
            match distance.metric {
                INFINITY => heard.remove(&from),
                _ => heard.insert(from, distance),
            };
            self.select(destination, out);
        }
    }

    /// A table has all that the neighbour reaches.
    pub(super) fn on_table(
        &mut self,
        from: NodeId,
        routes: &[Advert],
        wants: bool,
        out: &mut Out<Self>,
    ) {
        let named: BTreeSet<_> = routes.iter().map(|advert| advert.destination).collect();
        for destination in self.heard_from(from) {
            if !named.contains(&destination) {
                self.forget_one(destination, from, out);
            }
        }
        self.on_update(from, routes, out);
        if wants {
            self.send_table(from, false, out);
        }
    }

    /// Only a destination itself is at distance 0, and only those of the run are kept.
    fn is_possible(&self, from: NodeId, advert: &Advert) -> bool {
        let Advert {
            destination,
            distance,
        } = *advert;
        destination.0 < self.config.destinations
            && destination != self.me
            && (distance.metric == 0) == (destination == from)
    }

    fn heard_from(&self, neighbour: NodeId) -> Vec<NodeId> {
        let heard = self.heard.iter();
        let of = heard.filter(|(_, by)| by.contains_key(&neighbour));
        of.map(|(destination, _)| *destination).collect()
    }

    fn forget_one(&mut self, destination: NodeId, neighbour: NodeId, out: &mut Out<Self>) {
        if let Some(heard) = self.heard.get_mut(&destination) {
            heard.remove(&neighbour);
            self.select(destination, out);
        }
    }

    /// What was heard over a link is not true any more.
    pub(super) fn forget(&mut self, neighbour: NodeId, out: &mut Out<Self>) {
        for destination in self.heard_from(neighbour) {
            self.forget_one(destination, neighbour, out);
        }
    }

    /// A link has another cost.
    pub(super) fn reconsider(&mut self, neighbour: NodeId, out: &mut Out<Self>) {
        for destination in self.heard_from(neighbour) {
            self.select(destination, out);
        }
    }

    /// Takes the best route that is feasible.
    fn select(&mut self, destination: NodeId, out: &mut Out<Self>) {
        let best = self.ways(destination, true).min();
        let route = best.and_then(|(metric, _, via)| {
            let number = self.heard.get(&destination)?.get(&via)?.number;
            let distance = Distance { number, metric };
            Some(Route { via, distance })
        });
        let before = match route {
            Some(route) => self.routes.insert(destination, route),
            None => self.routes.remove(&destination),
        };
        if before.map(|route| route.distance) != route.map(|route| route.distance) {
            self.changed.insert(destination);
        }
        self.ask_if_starved(destination, false, out);
    }

    /// The ways to a destination over the links that are up, feasible ones or others.
    fn ways(&self, destination: NodeId, feasible: bool) -> impl Iterator<Item = Rank> {
        let taken = self.next_hop(destination);
        let heard = self.heard.get(&destination).into_iter().flatten();
        heard.filter_map(move |(via, distance)| {
            let metric = distance.metric.saturating_add(self.cost(*via)?);
            let is_way = metric < INFINITY && self.is_feasible(destination, *distance) == feasible;
            is_way.then_some((metric, taken != Some(*via), *via))
        })
    }

    /// Whether a route that is announced like that leads to no loop.
    fn is_feasible(&self, destination: NodeId, announced: Distance) -> bool {
        let own = self.feasible.get(&destination);
        own.is_none_or(|own| announced.is_better_than(*own))
    }

    /// A node starves that has no route, or a worse one than it may not take (RFC 8966, section
    /// 3.8.2.1 and 3.8.2.2). It asks the neighbour with the best of those, once, and again when
    /// a timer runs out.
    fn ask_if_starved(&mut self, destination: NodeId, again: bool, out: &mut Out<Self>) {
        let taken = self.routes.get(&destination);
        let taken = taken.map_or(INFINITY, |route| route.distance.metric);
        let refused = self.ways(destination, false).min();
        let wanted = refused.filter(|(metric, ..)| *metric < taken);
        let Some((number, to)) = wanted.and_then(|(_, _, via)| self.wanted(destination, via))
        else {
            if self.asked.remove(&destination).is_some() {
                out.cancel_timer(Timer::Ask(destination));
            }
            return;
        };
        let is_known = self.asked.insert(destination, (number, to)) == Some((number, to));
        if again || !is_known {
            let request = Request {
                destination,
                number,
                hops: HOPS,
            };
            out.send(to, Message::Request(request));
            out.set_timer(Timer::Ask(destination), self.config.ask);
        }
    }

    /// The number with which what that neighbour announces would be feasible.
    fn wanted(&self, destination: NodeId, via: NodeId) -> Option<(u16, NodeId)> {
        let own = self.feasible.get(&destination)?;
        let announced = self.heard.get(&destination)?.get(&via)?;
        let number = match announced.metric < own.metric {
            true => own.number,
            false => own.number.wrapping_add(1),
        };
        Some((number, via))
    }

    pub(super) fn ask_again(&mut self, destination: NodeId, out: &mut Out<Self>) {
        self.select(destination, out);
        self.ask_if_starved(destination, true, out);
    }

    /// A request is answered by a node that has that number, and by the destination, which then
    /// takes the next one; others pass it on (RFC 8966, section 3.8.1.2).
    pub(super) fn on_request(&mut self, from: NodeId, request: Request, out: &mut Out<Self>) {
        let Request {
            destination,
            number,
            hops,
        } = request;
        let known = match self.routes.get(&destination) {
            _ if destination == self.me => Some(self.number),
            Some(route) => Some(route.distance.number),
            None => None,
        };
        if known.is_some_and(|known| !is_newer(number, known)) {
            let routes = vec![self.advert(destination, out)];
            out.send(from, Message::Update { routes });
        } else if destination == self.me {
            self.number = self.number.wrapping_add(1);
            out.persist();
            self.changed.insert(destination);
        } else if let (Some(to), Some(hops)) =
            (self.towards(destination, from), hops.checked_sub(1))
            && hops > 0
        {
            let request = Request { hops, ..request };
            out.send(to, Message::Request(request));
        }
    }

    /// A neighbour that is nearer to a destination, or says so, and is not `from`.
    fn towards(&self, destination: NodeId, from: NodeId) -> Option<NodeId> {
        let best = |feasible| {
            let ways = self.ways(destination, feasible);
            ways.filter(|(_, _, via)| *via != from).min()
        };
        let (_, _, via) = best(true).or_else(|| best(false))?;
        Some(via)
    }

    /// Announces what has changed, or gathers it.
    pub(super) fn announce(&mut self, out: &mut Out<Self>) {
        if self.changed.is_empty() {
            return;
        }
        match self.config.gather.is_zero() {
            true => self.send_update(out),
            false if self.gathers => {}
            false => {
                self.gathers = true;
                out.set_timer(Timer::Update, self.config.gather);
            }
        }
    }

    /// An update to a neighbour leaves out the distance to that neighbour.
    pub(super) fn send_update(&mut self, out: &mut Out<Self>) {
        self.gathers = false;
        let changed = std::mem::take(&mut self.changed);
        let up = self.up();
        if up.is_empty() {
            return;
        }
        let changed = changed.into_iter();
        let all: Vec<_> = changed.map(|one| self.advert(one, out)).collect();
        for to in up {
            let others = all.iter().filter(|advert| advert.destination != to);
            let routes: Vec<_> = others.copied().collect();
            if !routes.is_empty() {
                out.send(to, Message::Update { routes });
            }
        }
    }

    pub(super) fn send_tables(&mut self, out: &mut Out<Self>) {
        if let Some(table) = self.config.table {
            out.set_timer(Timer::Table, table);
        }
        for neighbour in self.up() {
            self.send_table(neighbour, false, out);
        }
    }

    /// A node without any distance has nothing to say, unless it wants to be told.
    pub(super) fn send_table(&mut self, to: NodeId, wants: bool, out: &mut Out<Self>) {
        let own = (self.me.0 < self.config.destinations).then_some(self.me);
        let all: BTreeSet<_> = self.routes.keys().copied().chain(own).collect();
        let others = all.into_iter().filter(|one| *one != to);
        let routes: Vec<_> = others.map(|one| self.advert(one, out)).collect();
        if wants || !routes.is_empty() || self.config.table.is_some() {
            out.send(to, Message::Table { routes, wants });
        }
    }

    /// What it announces of a destination. The feasibility distance is the best of these (RFC
    /// 8966, section 3.7.3), and is written down before the message is sent.
    fn advert(&mut self, destination: NodeId, out: &mut Out<Self>) -> Advert {
        let own = self.feasible.get(&destination).copied();
        let distance = match self.routes.get(&destination) {
            _ if destination == self.me => Distance {
                number: self.number,
                metric: 0,
            },
            Some(route) => {
                if own.is_none_or(|own| route.distance.is_better_than(own)) {
                    self.feasible.insert(destination, route.distance);
                    out.persist();
                }
                route.distance
            }
            None => Distance {
                number: own.map_or(0, |own| own.number),
                metric: INFINITY,
            },
        };
        Advert {
            destination,
            distance,
        }
    }

    pub(super) fn show(&self, out: &mut Out<Self>) {
        let destinations = self.routes.len();
        out.output(Output::Reached { destinations });
    }
}
