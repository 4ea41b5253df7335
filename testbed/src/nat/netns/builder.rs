//! Builds the hosts and the routers of a cell.

use std::net::{IpAddr, Ipv4Addr};

use super::family::{Family, add, gateway, up};
use super::layout::Host;
use super::port::Port;
use super::space::Space;
use super::{Error, command, router};
use crate::nat::Kind;

/// Builds the hosts and the routers of a cell.
#[derive(Debug)]
pub(super) struct Builder {
    prefix: String,
    pub(super) family: Family,
    pub(super) spaces: Vec<Space>,
    /// The ports of the switch.
    pub(super) ports: Vec<Port>,
}

impl Builder {
    /// For the cell of that number.
    pub(super) fn new(number: usize, family: Family) -> Self {
        Self {
            prefix: format!("n{number}"),
            family,
            spaces: Vec::new(),
            ports: Vec::new(),
        }
    }

    /// The host of the hub.
    pub(super) async fn hub(&mut self) -> Result<Space, Error> {
        let hub = self.space("hub").await?;
        self.join_wan(&hub, self.family.hub()).await?;
        let others = self.family.others();
        let others: String = others.iter().map(|other| add("wan0", *other)).collect();
        hub.ip(&others).await?;
        Ok(hub)
    }

    /// A host with a router of that kind. `side` is 1 or 2.
    pub(super) async fn host(&mut self, side: u8, kind: Kind) -> Result<Host, Error> {
        let outside = self.family.wan(1 + side);
        let space = self.space(&side.to_string()).await?;
        if kind == Kind::None {
            self.join_wan(&space, outside).await?;
            return Ok(Host {
                space,
                kind,
                public: outside,
                address: outside,
                router: None,
            });
        }
        let router = self.space(&format!("gw{side}")).await?;
        self.join_wan(&router, outside).await?;
        let address = self.family.lan(side, 2);
        cable(&router, &space, address).await?;
        let host = Host {
            space,
            kind,
            public: match self.family {
                Family::V4 => outside,
                Family::V6 => address,
            },
            address,
            router: Some(router),
        };
        host.translate().await?;
        Ok(host)
    }

    /// A host behind a cone behind another cone.
    pub(super) async fn double(&mut self) -> Result<Host, Error> {
        let outer = self.host(1, Kind::Cone).await?;
        let space = self.space("inner").await?;
        let address = IpAddr::from(Ipv4Addr::new(10, 0, 0, 2));
        // What was the host is the inner router: the outer LAN is outside.
        let way = gateway(outer.address);
        let lines = format!(
            "link set eth0 down\nlink set eth0 name wan0\nlink set wan0 up\n\
             route replace default via {way}"
        );
        outer.space.ip(&lines).await?;
        cable(&outer.space, &space, address).await?;
        outer.space.forward(self.family)?;
        let rules = router::rules(Kind::Cone, outer.address, address);
        outer.space.nft(&rules).await?;
        Ok(Host {
            space,
            address,
            ..outer
        })
    }

    /// Two hosts in one LAN.
    pub(super) async fn neighbours(&mut self) -> Result<(Host, Host), Error> {
        let first = self.host(1, Kind::Cone).await?;
        let router = first.router.clone().expect("a cone has a router");
        let space = self.space("2").await?;
        wire(&router, "lan2", &space).await?;
        let way = gateway(first.address);
        // lan0 becomes a bridge with a port for each of them.
        let lines = format!(
            "link set lan0 down\nlink set lan0 name lan1\nlink add lan0 type bridge\n\
             link set lan1 master lan0\nlink set lan2 master lan0\n\
             addr del {way}/24 dev lan1\naddr add {way}/24 dev lan0\n\
             link set lan0 up\nlink set lan1 up\nlink set lan2 up"
        );
        router.ip(&lines).await?;
        let address = self.family.lan(1, 3);
        space.ip(&up("eth0", address)).await?;
        space.ip(&format!("route add default via {way}")).await?;
        let second = Host {
            space,
            address,
            ..first.clone()
        };
        Ok((first, second))
    }

    /// Two hosts with public addresses behind routers that admit answers alone.
    pub(super) async fn firewalled(&mut self, hub: &Space) -> Result<(Host, Host), Error> {
        let (first, second) = (
            self.host(1, Kind::Cone).await?,
            self.host(2, Kind::Cone).await?,
        );
        for (side, host, other) in [(1, &first, &second), (2, &second, &first)] {
            let (way, to) = (self.family.wan(1 + side), host.address);
            let route = format!("route add {to} via {way}");
            hub.ip(&route).await?;
            other
                .router
                .as_ref()
                .expect("a cone has a router")
                .ip(&route)
                .await?;
        }
        Ok((first, second))
    }

    async fn space(&mut self, name: &str) -> Result<Space, Error> {
        let space = Space::create(format!("{}-{name}", self.prefix)).await?;
        self.spaces.push(space.clone());
        Ok(space)
    }

    /// Connects a namespace to the switch, as wan0.
    async fn join_wan(&mut self, space: &Space, address: IpAddr) -> Result<(), Error> {
        let port = format!("{}p{}", self.prefix, self.ports.len());
        let name = space.name();
        let lines = format!(
            "link add {port} type veth peer name wan0 netns {name}\n\
             link set {port} addrgenmode none\nlink set {port} up\n"
        );
        command::ip(&lines).await?;
        space.ip(&up("wan0", address)).await?;
        space.no_offload("wan0").await?;
        let opened = Port::open(&port);
        let opened = opened.map_err(Error::system(format!("packet socket on {port}")))?;
        self.ports.push(opened);
        Ok(())
    }
}

/// Connects a router's lan0 with a host's eth0.
async fn cable(router: &Space, host: &Space, address: IpAddr) -> Result<(), Error> {
    let way = gateway(address);
    wire(router, "lan0", host).await?;
    router.ip(&up("lan0", way)).await?;
    host.ip(&up("eth0", address)).await?;
    host.ip(&format!("route add default via {way}")).await
}

/// A pair of interfaces: this one of a router, and a host's eth0.
async fn wire(router: &Space, interface: &str, host: &Space) -> Result<(), Error> {
    let (router, host) = (router.name(), host.name());
    let line = format!("link add {interface} netns {router} type veth peer name eth0 netns {host}");
    command::ip(&line).await
}
