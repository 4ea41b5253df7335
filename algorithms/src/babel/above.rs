//! What an algorithm that is superimposed asks.

use super::{Babel, routes};
use crate::{Field, NodeId};

impl Babel {
    /// Whether there is a link to that node, used or not.
    pub(crate) fn has_link(&self, node: NodeId) -> bool {
        self.links.contains_key(&node)
    }

    /// The routes as states have them.
    pub(crate) fn route_texts(&self) -> Field {
        routes::texts(&self.routes)
    }

    /// The destinations to which there is a route.
    pub(crate) fn reached(&self) -> Vec<NodeId> {
        self.routes.keys().copied().collect()
    }

    /// Those of the reached destinations for which that holds, and which are the farthest.
    pub(crate) fn farthest(&self, holds: impl Fn(NodeId) -> bool) -> Vec<NodeId> {
        let all = || self.routes.iter().filter(|(to, _)| holds(**to));
        let most = all().map(|(_, route)| route.distance.metric).max();
        let far = all().filter(|(_, route)| Some(route.distance.metric) == most);
        far.map(|(to, _)| *to).collect()
    }

    /// Whether a destination is reached over that neighbour to which no other neighbour surely has
    /// a way: one that is not farther than this node does not go over this node.
    pub(crate) fn is_last_way(&self, neighbour: NodeId) -> bool {
        let mut served = self
            .routes
            .iter()
            .filter(|(_, route)| route.via == neighbour);
        served.any(|(to, route)| {
            let heard = self.heard.get(to).into_iter().flatten();
            let mut others = heard.filter(|(via, _)| **via != neighbour && self.is_up(**via));
            !others.any(|(_, distance)| distance.metric <= route.distance.metric)
        })
    }
}
