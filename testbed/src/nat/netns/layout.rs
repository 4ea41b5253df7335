//! The network of a cell: a hub, two hosts, and their routers, around a switch.

use std::net::Ipv4Addr;

use tokio::task::JoinHandle;

use super::port::Port;
use super::space::Space;
use super::switch::{self, Counter};
use super::{Error, command, router};
use crate::nat::{Cell, Kind, Links, Scene, Special};

/// The address of the hub.
pub(super) const HUB: Ipv4Addr = Ipv4Addr::new(20, 0, 0, 10);

/// Other addresses of the hub's host: the NATs are verified with them.
pub(super) const OTHERS: [Ipv4Addr; 2] = [Ipv4Addr::new(20, 0, 0, 11), Ipv4Addr::new(20, 0, 0, 12)];

/// The network of a cell.
#[derive(Debug)]
pub(super) struct Layout {
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
    pub(super) public: Ipv4Addr,
    /// Its own address.
    address: Ipv4Addr,
    /// The router with its address on the WAN.
    router: Option<Space>,
}

/// Builds a network.
struct Builder {
    prefix: String,
    spaces: Vec<Space>,
    ports: Vec<Port>,
}

impl Layout {
    /// The network of this cell. Names begin with `number`.
    pub(super) async fn build(
        cell: Cell,
        number: usize,
        links: Links,
        seed: u64,
    ) -> Result<Self, Error> {
        let mut builder = Builder {
            prefix: format!("n{number}"),
            spaces: Vec::new(),
            ports: Vec::new(),
        };
        let built = builder.hosts(cell).await;
        let (hub, dialler, listener) = match built {
            Ok(hosts) => hosts,
            Err(error) => {
                remove(&builder.spaces).await;
                return Err(error);
            }
        };
        let counters: Vec<_> = builder.ports.iter().map(|_| Counter::default()).collect();
        let to_hub = counters[0].clone();
        let switch = tokio::spawn(switch::run(builder.ports, counters, links, seed));
        Ok(Self {
            hub,
            dialler,
            listener,
            to_hub,
            switch,
            spaces: builder.spaces,
        })
    }

    /// Restarts the router of the dialler: it forgets all connections.
    pub(super) async fn restart(&mut self) -> Result<(), Error> {
        let Some(old) = self.dialler.router.take() else {
            return Ok(());
        };
        let new = Space::create(format!("{}r", old.name())).await?;
        self.spaces.push(new.clone());
        let name = new.name();
        old.ip(&format!(
            "link set wan0 netns {name}\nlink set lan0 netns {name}"
        ))
        .await?;
        new.ip(&up("wan0", self.dialler.public)).await?;
        new.ip(&up("lan0", gateway_of(self.dialler.address)))
            .await?;
        new.no_offload("wan0").await?;
        self.dialler.router = Some(new);
        self.dialler.translate().await
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

async fn remove(spaces: &[Space]) {
    let lines: String = spaces
        .iter()
        .map(|space| format!("netns del {}\n", space.name()))
        .collect();
    // They end with this process at the latest.
    let _ = command::ip(&lines).await;
}

impl Builder {
    async fn hosts(&mut self, cell: Cell) -> Result<(Space, Host, Host), Error> {
        let hub = self.space("hub").await?;
        self.join_wan(&hub, HUB).await?;
        for other in OTHERS {
            hub.ip(&format!("addr add {other}/24 dev wan0")).await?;
        }
        let (dialler, listener) = match cell.scene {
            Scene::Pair { dialler, listener } => (
                self.host('a', dialler).await?,
                self.host('b', listener).await?,
            ),
            Scene::Special(Special::Restart) => (
                self.host('a', Kind::Cone).await?,
                self.host('b', Kind::Cone).await?,
            ),
            Scene::Special(Special::Double) => {
                (self.double('a').await?, self.host('b', Kind::Cone).await?)
            }
            Scene::Special(Special::Hairpin) => self.neighbours().await?,
        };
        Ok((hub, dialler, listener))
    }

    async fn space(&mut self, name: &str) -> Result<Space, Error> {
        let space = Space::create(format!("{}-{name}", self.prefix)).await?;
        self.spaces.push(space.clone());
        Ok(space)
    }

    /// Connects a namespace to the switch, as wan0.
    async fn join_wan(&mut self, space: &Space, address: Ipv4Addr) -> Result<(), Error> {
        let port = format!("{}p{}", self.prefix, self.ports.len());
        let name = space.name();
        command::ip(&format!(
            "link add {port} type veth peer name wan0 netns {name}\n\
             link set {port} addrgenmode none\n\
             link set {port} up\n"
        ))
        .await?;
        space.ip(&up("wan0", address)).await?;
        space.no_offload("wan0").await?;
        let opened =
            Port::open(&port).map_err(Error::system(format!("packet socket on {port}")))?;
        self.ports.push(opened);
        Ok(())
    }

    /// A host with a router of that kind.
    async fn host(&mut self, side: char, kind: Kind) -> Result<Host, Error> {
        let number = match side {
            'a' => 1,
            _ => 2,
        };
        let public = Ipv4Addr::new(20, 0, 0, 1 + number);
        let space = self.space(&side.to_string()).await?;
        if kind == Kind::None {
            self.join_wan(&space, public).await?;
            return Ok(Host {
                space,
                kind,
                public,
                address: public,
                router: None,
            });
        }
        let router = self.space(&format!("gw{side}")).await?;
        self.join_wan(&router, public).await?;
        let address = Ipv4Addr::new(192, 168, 100 + number, 2);
        cable(&router, &space, address).await?;
        let host = Host {
            space,
            kind,
            public,
            address,
            router: Some(router),
        };
        host.translate().await?;
        Ok(host)
    }

    /// A host behind a cone behind another cone.
    async fn double(&mut self, side: char) -> Result<Host, Error> {
        let outer = self.host(side, Kind::Cone).await?;
        let space = self.space(&format!("{side}2")).await?;
        let address = Ipv4Addr::new(10, 0, 0, 2);
        // What was the host is the inner router: to it, the outer LAN is the outside.
        outer.space.ip("link set eth0 down\nlink set eth0 name wan0\nlink set wan0 up\nroute replace default via 192.168.101.1").await?;
        cable(&outer.space, &space, address).await?;
        outer.space.forward()?;
        outer
            .space
            .nft(&router::rules(Kind::Cone, outer.address, address))
            .await?;
        Ok(Host {
            space,
            address,
            ..outer
        })
    }

    /// Two hosts in one LAN.
    async fn neighbours(&mut self) -> Result<(Host, Host), Error> {
        let first = self.host('a', Kind::Cone).await?;
        let router = first.router.clone().expect("a cone has a router");
        let space = self.space("b").await?;
        let (router_name, name) = (router.name(), space.name());
        // The router's lan0 becomes a bridge with a port for each of them.
        command::ip(&format!(
            "link add lan2 netns {router_name} type veth peer name eth0 netns {name}\n"
        ))
        .await?;
        router
            .ip(
                "link set lan0 down\nlink set lan0 name lan1\nlink add lan0 type bridge\n\
                 link set lan1 master lan0\nlink set lan2 master lan0\n\
                 addr del 192.168.101.1/24 dev lan1\naddr add 192.168.101.1/24 dev lan0\n\
                 link set lan0 up\nlink set lan1 up\nlink set lan2 up",
            )
            .await?;
        let address = Ipv4Addr::new(192, 168, 101, 3);
        space.ip(&up("eth0", address)).await?;
        space.ip("route add default via 192.168.101.1").await?;
        let second = Host {
            space,
            address,
            ..first.clone()
        };
        Ok((first, second))
    }
}

impl Host {
    async fn translate(&self) -> Result<(), Error> {
        let Some(router) = &self.router else {
            return Ok(());
        };
        router.forward()?;
        router
            .nft(&router::rules(self.kind, self.public, self.address))
            .await
    }
}

/// Connects a router's lan0 with a host's eth0.
async fn cable(router: &Space, host: &Space, address: Ipv4Addr) -> Result<(), Error> {
    let (router_name, name, gateway) = (router.name(), host.name(), gateway_of(address));
    command::ip(&format!(
        "link add lan0 netns {router_name} type veth peer name eth0 netns {name}\n"
    ))
    .await?;
    router.ip(&up("lan0", gateway)).await?;
    host.ip(&up("eth0", address)).await?;
    host.ip(&format!("route add default via {gateway}")).await
}

/// The first address of its LAN.
fn gateway_of(host: Ipv4Addr) -> Ipv4Addr {
    let [a, b, c, _] = host.octets();
    Ipv4Addr::new(a, b, c, 1)
}

fn up(interface: &str, address: Ipv4Addr) -> String {
    format!(
        "link set {interface} addrgenmode none\naddr add {address}/24 dev {interface}\n\
         link set {interface} up\n"
    )
}
