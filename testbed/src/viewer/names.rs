//! The names of peers that spans name by their PeerIds: a peer on its own knows no other name of
//! the others.

use std::collections::{BTreeMap, BTreeSet};

use trace::store::Store;

/// The attribute of a resource: the PeerId.
pub(super) const INSTANCE: &str = "service.instance.id";

/// The names of services, by their PeerIds. Where several services have one name, the last
/// PeerId counts: such peers cannot be told apart.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    /// Of the services that are known by now.
    pub(super) fn of(store: &Store) -> Self {
        let ids = store.resource_texts(INSTANCE);
        let services = store.services().into_iter().map(|service| service.name);
        let services: BTreeSet<_> = services.collect();
        // No peer takes the name of another.
        let named = ids.into_iter().filter(|(_, id)| !services.contains(id));
        Self(named.map(|(name, id)| (id, name)).collect())
    }

    /// What that peer is called.
    pub(super) fn name<'a>(&'a self, peer: &'a str) -> &'a str {
        self.0.get(peer).map_or(peer, String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use trace::store::samples::{self, text};

    use super::*;

    #[test]
    fn a_peer_has_the_name_of_its_service() {
        let store = Store::new();
        for (name, id) in [("peer-a", "12D3KooWa"), ("peer-b", "peer-a")] {
            let mut resource = samples::resource(name);
            resource.attributes.push(text(INSTANCE, id));
            store.add_service(resource);
        }
        let names = Names::of(&store);
        for (peer, name) in [
            ("12D3KooWa", "peer-a"),
            ("12D3KooWb", "12D3KooWb"),
            ("peer-a", "peer-a"),
        ] {
            assert_eq!(names.name(peer), name);
        }
    }
}
