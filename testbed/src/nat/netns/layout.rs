//! The network of a cell: a hub, two hosts, and their routers, around a switch.

use std::net::IpAddr;

use tokio::task::JoinHandle;

use super::builder::Builder;
use super::family::{Family, gateway, up};
use super::space::Space;
use super::switch::{self, Counter};
use super::{Error, command, router};
use crate::nat::{Cell, Kind, Links, Scene, Special};

/// The network of a cell.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) family: Family,
    pub(super) hub: Space,
    pub(super) dialler: Host,
    pub(super) listener: Host,
    /// What the hub's interface has received.
    pub(super) to_hub: Counter,
    switch: JoinHandle<()>,
    spaces: Vec<Space>,
}

/// The host of a peer.
#[derive(Clone, Debug)]
pub(super) struct Host {
    pub(super) space: Space,
    /// What its NAT is, seen from outside.
    pub(super) kind: Kind,
    /// The address that others see.
    pub(super) public: IpAddr,
    /// Its own address.
    pub(super) address: IpAddr,
    /// The router with its address on the WAN.
    pub(super) router: Option<Space>,
}

/// A hub, a dialler and a listener.
type Hosts = (Space, Host, Host);

impl Layout {
    /// The network of this cell. The names of its namespaces begin with `number`.
    ///
    /// # Errors
    /// The kernel or a program refuses a part of it. Nothing of it is left then.
    pub(super) async fn build(
        cell: Cell,
        number: usize,
        links: Links,
        seed: u64,
    ) -> Result<Self, Error> {
        let mut builder = Builder::new(number, family(cell.scene));
        let (hub, dialler, listener) = match hosts(&mut builder, cell.scene).await {
            Ok(hosts) => hosts,
            Err(error) => {
                remove(&builder.spaces).await;
                return Err(error);
            }
        };
        let counters: Vec<_> = builder.ports.iter().map(|_| Counter::default()).collect();
        let to_hub = counters.first().cloned().unwrap_or_default();
        let switch = tokio::spawn(switch::run(builder.ports, counters, links, seed));
        Ok(Self {
            family: builder.family,
            hub,
            dialler,
            listener,
            to_hub,
            switch,
            spaces: builder.spaces,
        })
    }

    /// Restarts the router of the dialler: it forgets all connections. Its rules are loaded before
    /// a packet can come: a router without them answers one of a connection of its host with a
    /// reset.
    pub(super) async fn restart(&mut self) -> Result<(), Error> {
        let Some(old) = self.dialler.router.take() else {
            return Ok(());
        };
        let new = Space::create(format!("{}r", old.name())).await?;
        self.spaces.push(new.clone());
        self.dialler.router = Some(new.clone());
        self.dialler.translate().await?;
        let name = new.name();
        old.ip(&format!(
            "link set wan0 netns {name}\nlink set lan0 netns {name}"
        ))
        .await?;
        new.ip(&up("wan0", self.dialler.public)).await?;
        new.ip(&up("lan0", gateway(self.dialler.address))).await?;
        new.no_offload("wan0").await
    }

    /// Removes it. What still runs in it keeps its namespace until it ends.
    pub(super) async fn remove(self) {
        remove(&self.spaces).await;
    }
}

impl Drop for Layout {
    fn drop(&mut self) {
        self.switch.abort();
    }
}

impl Host {
    /// Loads the rules of its router.
    pub(super) async fn translate(&self) -> Result<(), Error> {
        let Some(router) = &self.router else {
            return Ok(());
        };
        router.forward(Family::of(self.public))?;
        router
            .nft(&router::rules(self.kind, self.public, self.address))
            .await
    }
}

fn family(scene: Scene) -> Family {
    match scene {
        Scene::Special(Special::Firewall) => Family::V6,
        Scene::Pair { .. }
        | Scene::Special(Special::Double | Special::Hairpin | Special::Restart | Special::Upnp) => {
            Family::V4
        }
    }
}

/// The hub is the first on the switch.
async fn hosts(builder: &mut Builder, scene: Scene) -> Result<Hosts, Error> {
    let hub = builder.hub().await?;
    let (dialler, listener) = match scene {
        Scene::Pair { dialler, listener } => (
            builder.host(1, dialler).await?,
            builder.host(2, listener).await?,
        ),
        Scene::Special(Special::Restart) => (
            builder.host(1, Kind::Cone).await?,
            builder.host(2, Kind::Cone).await?,
        ),
        Scene::Special(Special::Upnp) => {
            let listener = builder.host(2, Kind::Cone).await?;
            (builder.host(1, Kind::Symmetric).await?, listener)
        }
        Scene::Special(Special::Double) => {
            (builder.double().await?, builder.host(2, Kind::Cone).await?)
        }
        Scene::Special(Special::Hairpin) => builder.neighbours().await?,
        Scene::Special(Special::Firewall) => builder.firewalled(&hub).await?,
    };
    Ok((hub, dialler, listener))
}

async fn remove(spaces: &[Space]) {
    let line = |space: &Space| format!("netns del {}\n", space.name());
    let lines: String = spaces.iter().map(line).collect();
    // They end with this process at the latest.
    let _ = command::ip(&lines).await;
}
