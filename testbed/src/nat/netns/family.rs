//! The addresses of a cell, in one of the two families.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4, or IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    /// The family of this address.
    pub(super) fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// The address of a host on the WAN.
    pub(super) fn wan(self, host: u8) -> IpAddr {
        match self {
            Self::V4 => Ipv4Addr::new(20, 0, 0, host).into(),
            Self::V6 => Ipv6Addr::new(0x2600, 0x20, 0, 0, 0, 0, 0, host.into()).into(),
        }
    }

    /// The address of a host on a LAN. In IPv6 it is public as well.
    pub(super) fn lan(self, lan: u8, host: u8) -> IpAddr {
        match self {
            Self::V4 => Ipv4Addr::new(192, 168, 100 + lan, host).into(),
            Self::V6 => Ipv6Addr::new(0x2600, 0x20, 0, lan.into(), 0, 0, 0, host.into()).into(),
        }
    }

    /// The hub.
    pub(super) fn hub(self) -> IpAddr {
        self.wan(10)
    }

    /// Other addresses of the hub's host: NATs are verified with them.
    pub(super) fn others(self) -> [IpAddr; 2] {
        [self.wan(11), self.wan(12)]
    }

    /// Any address.
    pub(super) fn any(self) -> IpAddr {
        match self {
            Self::V4 => Ipv4Addr::UNSPECIFIED.into(),
            Self::V6 => Ipv6Addr::UNSPECIFIED.into(),
        }
    }

    /// The switch of the kernel that lets it forward packets.
    pub(super) fn forwarding(self) -> &'static str {
        match self {
            Self::V4 => "/proc/sys/net/ipv4/ip_forward",
            Self::V6 => "/proc/sys/net/ipv6/conf/all/forwarding",
        }
    }
}

/// The first address of that one's LAN.
pub(super) fn gateway(host: IpAddr) -> IpAddr {
    match host {
        IpAddr::V4(host) => {
            let [a, b, c, _] = host.octets();
            Ipv4Addr::new(a, b, c, 1).into()
        }
        IpAddr::V6(host) => {
            let [a, b, c, d, ..] = host.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 1).into()
        }
    }
}

/// The command of `ip` that adds the address. One of IPv6 is used without first asking
/// whether another host has it.
pub(super) fn add(interface: &str, address: IpAddr) -> String {
    match address {
        IpAddr::V4(_) => format!("addr add {address}/24 dev {interface}\n"),
        IpAddr::V6(_) => format!("addr add {address}/64 dev {interface} nodad\n"),
    }
}

/// The commands of `ip` that bring up an interface with that address.
pub(super) fn up(interface: &str, address: IpAddr) -> String {
    let local = match address {
        IpAddr::V4(_) => String::new(),
        // Neighbours are asked for from an address of the link.
        IpAddr::V6(public) => {
            let number = public.segments()[7];
            add(
                interface,
                Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, number).into(),
            )
        }
    };
    let public = add(interface, address);
    format!("link set {interface} addrgenmode none\n{public}{local}link set {interface} up\n")
}
