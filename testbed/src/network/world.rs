//! The links of a run in a world.

use std::sync::Arc;
use std::time::Duration;

use lab::world::Settled;
use node::links::{Extra, Rates, World};
use opentelemetry::KeyValue;

/// The attribute of a peer's service that names its region.
pub const REGION: &str = "p2p.region";

/// The peers of a run, in a world.
#[derive(Clone, Debug)]
pub(super) struct Links(pub(super) Arc<Settled>);

impl World for Links {
    fn latency(&self, from: u32, to: u32) -> Duration {
        self.0.latency(from, to)
    }

    fn extra(&self, from: u32, to: u32) -> Option<Extra> {
        let mut packets = self.0.packets(from, to)?;
        Some(Box::new(move |bytes| packets.longer(bytes)))
    }

    fn rates(&self, peer: u32) -> Option<Rates> {
        self.0.class(peer).map(|class| Rates {
            up: class.up.bytes_per_second(),
            down: class.down.bytes_per_second(),
        })
    }
}

/// Where that peer sits, for the attributes of its service.
pub(super) fn place(settled: &Settled, peer: u32) -> Vec<KeyValue> {
    let region = settled.region(peer).map(|region| region.name.clone());
    let class = settled.class(peer).map(|class| class.name.clone());
    let region = region.map(|name| KeyValue::new(REGION, name));
    let class = class.map(|name| KeyValue::new("p2p.class", name));
    region.into_iter().chain(class).collect()
}
