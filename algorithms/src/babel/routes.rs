//! Which routes a node takes, and what it announces of them.

use std::collections::BTreeSet;

use super::{Babel, Distance, INFINITY, Message, Output, Route, Timer, is_newer};
use crate::{Describe, Field, Listed, NodeId, Out};

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
pub(super) fn texts(routes: &Listed<NodeId, Route>) -> Field {
    routes.list(|to, Route { via, distance }| {
        let metric = distance.metric;
        Some(format!("{to} via {via} at {metric}"))
    })
}

/// Feasibility distances as states have them: `peer-03 2 of 7` is the metric 2 with the number 7.
pub(super) fn distances(distances: &Listed<NodeId, Distance>) -> Field {
    distances.list(|to, Distance { number, metric }| Some(format!("{to} {metric} of {number}")))
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
            let is_new = match distance.metric {
                INFINITY => heard.remove(&from).is_some(),
                _ => heard.insert(from, distance) != Some(distance),
            };
            if is_new {
                self.select(destination, out);
            }
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
        if !self.is_known(from, routes) {
            let named: BTreeSet<_> = routes.iter().map(|advert| advert.destination).collect();
            for destination in self.heard_from(from) {
                if !named.contains(&destination) {
                    self.forget_one(destination, from, out);
                }
            }
            self.on_update(from, routes, out);
        }
        if wants {
            self.answer_table(from, false, out);
        }
    }

    /// Whether a table has nothing new, as most have.
    fn is_known(&self, from: NodeId, routes: &[Advert]) -> bool {
        let is_route =
            |advert: &&Advert| self.is_possible(from, advert) && advert.distance.metric < INFINITY;
        let told = routes.iter().filter(is_route);
        let told = told.map(|advert| (&advert.destination, &advert.distance));
        self.heard_over(from).eq(told)
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

    /// What a neighbour has announced, in the order of destinations.
    fn heard_over(&self, neighbour: NodeId) -> impl Iterator<Item = (&NodeId, &Distance)> {
        let heard = self.heard.iter();
        heard.filter_map(move |(destination, by)| Some((destination, by.get(&neighbour)?)))
    }

    fn heard_from(&self, neighbour: NodeId) -> Vec<NodeId> {
        let heard = self.heard_over(neighbour);
        heard.map(|(destination, _)| *destination).collect()
    }

    fn distance_over(&self, neighbour: NodeId, destination: NodeId) -> Option<Distance> {
        self.heard.get(&destination)?.get(&neighbour).copied()
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
        let before = self.routes.get(&destination).copied();
        let [best, refused] = self.best(destination, None);
        let route = best.and_then(|(metric, _, via)| {
            let number = self.distance_over(via, destination)?.number;
            let distance = Distance { number, metric };
            Some(Route { via, distance })
        });
        if route != before {
            match route {
                Some(route) => self.routes.insert(destination, route),
                None => self.routes.remove(&destination),
            };
        }
        let [before, distance] = [before, route].map(|route| Some(route?.distance));
        if before != distance && self.damping.is_news(destination, distance) {
            self.changed.insert(destination);
        }
        self.ask_if_starved(destination, refused, false, out);
    }

    /// The best way to a destination over the links that are up, but for one, of those that lead to
    /// no loop, and of the others.
    fn best(&self, destination: NodeId, except: Option<NodeId>) -> [Option<Rank>; 2] {
        let taken = self.next_hop(destination);
        let own = self.feasible.get(&destination);
        let mut best = [None, None];
        for (via, announced) in self.heard.get(&destination).into_iter().flatten() {
            let metric = match self.cost(*via) {
                Some(cost) if except != Some(*via) => announced.metric.saturating_add(cost),
                Some(_) | None => INFINITY,
            };
            let rank = (metric, taken != Some(*via), *via);
            let is_feasible = own.is_none_or(|own| announced.is_better_than(*own));
            let best = &mut best[usize::from(!is_feasible)];
            if metric < INFINITY && best.is_none_or(|best| rank < best) {
                *best = Some(rank);
            }
        }
        best
    }

    /// A node starves that has no route, or a worse one than it may not take (RFC 8966, section
    /// 3.8.2.1 and 3.8.2.2). It asks the neighbour with the best of those, once, and again when
    /// a timer runs out.
    fn ask_if_starved(
        &mut self,
        destination: NodeId,
        refused: Option<Rank>,
        again: bool,
        out: &mut Out<Self>,
    ) {
        let taken = self.routes.get(&destination);
        let taken = taken.map_or(INFINITY, |route| route.distance.metric);
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
        let announced = self.distance_over(via, destination)?;
        let number = match announced.metric < own.metric {
            true => own.number,
            false => own.number.wrapping_add(1),
        };
        Some((number, via))
    }

    pub(super) fn ask_again(&mut self, destination: NodeId, out: &mut Out<Self>) {
        self.select(destination, out);
        let [_, refused] = self.best(destination, None);
        self.ask_if_starved(destination, refused, true, out);
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
            self.damping.have_forwarded(destination, number);
            let request = Request { hops, ..request };
            out.send(to, Message::Request(request));
        }
    }

    /// A neighbour that is nearer to a destination, or says so, and is not `from`.
    fn towards(&self, destination: NodeId, from: NodeId) -> Option<NodeId> {
        let [best, other] = self.best(destination, Some(from));
        let (_, _, via) = best.or(other)?;
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
        self.damping.have_announced(&all);
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
        let up = self.up();
        if up.is_empty() {
            return;
        }
        let all = self.table(out);
        self.damping.have_announced(&all);
        for neighbour in up {
            self.send_table(neighbour, &all, false, out);
        }
    }

    pub(super) fn answer_table(&mut self, to: NodeId, wants: bool, out: &mut Out<Self>) {
        let all = self.table(out);
        self.send_table(to, &all, wants, out);
    }

    /// A node without any distance has nothing to say, unless it wants to be told.
    fn send_table(&self, to: NodeId, all: &[Advert], wants: bool, out: &mut Out<Self>) {
        let others = all.iter().filter(|advert| advert.destination != to);
        let routes: Vec<_> = others.copied().collect();
        if wants || !routes.is_empty() || self.config.table.is_some() {
            out.send(to, Message::Table { routes, wants });
        }
    }

    /// All that it announces.
    fn table(&mut self, out: &mut Out<Self>) -> Vec<Advert> {
        let own = (self.me.0 < self.config.destinations).then_some(self.me);
        let all: BTreeSet<_> = self.routes.keys().copied().chain(own).collect();
        all.into_iter().map(|one| self.advert(one, out)).collect()
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
