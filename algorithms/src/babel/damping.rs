//! Which changes of distances wait for the next table.

use std::collections::BTreeMap;

use super::routes::Advert;
use super::{Distance, INFINITY, is_newer};
use crate::NodeId;

/// What a node has announced to all neighbours, by which it knows whether a change is small. Without
/// damping it is empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Damping {
    /// See [`Config::significant`](super::Config::significant).
    significant: u16,
    /// The distances that were announced last to all neighbours.
    announced: BTreeMap<NodeId, Distance>,
    /// The requests that the node has forwarded: by destination, the sequence number in it.
    requested: BTreeMap<NodeId, u16>,
}

impl Damping {
    pub(super) const fn new(significant: u16) -> Self {
        Self {
            significant,
            announced: BTreeMap::new(),
            requested: BTreeMap::new(),
        }
    }

    const fn is_on(&self) -> bool {
        self.significant > 1
    }

    /// Whether a new distance is announced at once. `None`: the route is lost.
    pub(super) fn is_news(&self, destination: NodeId, distance: Option<Distance>) -> bool {
        let (Some(distance), Some(announced)) = (distance, self.announced.get(&destination)) else {
            return true;
        };
        let requested = self.requested.get(&destination);
        distance.metric.abs_diff(announced.metric) >= self.significant
            || requested.is_some_and(|number| !is_newer(*number, distance.number))
    }

    /// The node has announced these to all neighbours.
    pub(super) fn have_announced(&mut self, adverts: &[Advert]) {
        if !self.is_on() {
            return;
        }
        for advert in adverts {
            self.requested.remove(&advert.destination);
            match advert.distance.metric {
                INFINITY => self.announced.remove(&advert.destination),
                _ => self.announced.insert(advert.destination, advert.distance),
            };
        }
    }

    /// The node forwards a neighbour's request for that sequence number.
    pub(super) fn have_forwarded(&mut self, destination: NodeId, number: u16) {
        if self.is_on() {
            self.requested.insert(destination, number);
        }
    }
}
