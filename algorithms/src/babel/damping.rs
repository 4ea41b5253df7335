//! Which changes of distances wait for the next table.

use std::collections::BTreeMap;

use super::routes::Advert;
use super::{Distance, INFINITY, is_newer};
use crate::NodeId;

/// What a node has told all of its neighbours, by which it knows whether a change is small. Without
/// damping it is empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Damping {
    /// See [`Config::significant`](super::Config::significant).
    significant: u16,
    /// The distances that all neighbours were told last.
    told: BTreeMap<NodeId, Distance>,
    /// The requests that were passed on: by destination, the number that was asked for.
    owed: BTreeMap<NodeId, u16>,
}

impl Damping {
    pub(super) const fn new(significant: u16) -> Self {
        Self {
            significant,
            told: BTreeMap::new(),
            owed: BTreeMap::new(),
        }
    }

    const fn is_on(&self) -> bool {
        self.significant > 1
    }

    /// Whether all neighbours have to know a new distance at once; without one, the route is lost.
    pub(super) fn is_news(&self, destination: NodeId, distance: Option<Distance>) -> bool {
        let (Some(distance), Some(told)) = (distance, self.told.get(&destination)) else {
            return true;
        };
        let owed = self.owed.get(&destination);
        distance.metric.abs_diff(told.metric) >= self.significant
            || owed.is_some_and(|owed| !is_newer(*owed, distance.number))
    }

    /// All neighbours are told of these.
    pub(super) fn tell(&mut self, adverts: &[Advert]) {
        if !self.is_on() {
            return;
        }
        for advert in adverts {
            self.owed.remove(&advert.destination);
            match advert.distance.metric {
                INFINITY => self.told.remove(&advert.destination),
                _ => self.told.insert(advert.destination, advert.distance),
            };
        }
    }

    /// A neighbour waits for that number.
    pub(super) fn owe(&mut self, destination: NodeId, number: u16) {
        if self.is_on() {
            self.owed.insert(destination, number);
        }
    }
}
