//! Verifies that a NAT is what it should be, before peers meet it: the public ports of a
//! local port towards three destinations, and whether strangers get in.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, UdpSocket};
use tokio::time::{sleep, timeout};

use super::family::Family;
use super::layout::{Host, Layout};
use super::space::Space;
use crate::nat::{Carrier, Kind, Links};

/// The local port. The peers have another.
const LOCAL: u16 = 4102;

/// How many destinations there are, and how many strangers.
const DESTINATIONS: usize = 3;
const STRANGERS: usize = 2;

/// How often a packet is sent that may be lost.
const COPIES: u32 = 8;

/// How long a connection may take that should come about.
const LONGEST: Duration = Duration::from_secs(10);

/// What a NAT does.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Behaviour {
    /// The public addresses and ports, one for each destination.
    seen: Vec<SocketAddr>,
    /// How many strangers got in.
    strangers: usize,
}

/// Two ports of one address, and another address.
fn destinations(family: Family) -> [SocketAddr; DESTINATIONS] {
    let [other, _] = family.others();
    [(family.hub(), 5000), (family.hub(), 5001), (other, 5000)].map(SocketAddr::from)
}

/// Another port of a known address, and another address.
fn strangers_of(family: Family) -> [SocketAddr; STRANGERS] {
    let [_, other] = family.others();
    [(family.hub(), 5009), (other, 5000)].map(SocketAddr::from)
}

/// Why the NAT of that host is not what it should be, if it is not.
///
/// # Errors
/// Sockets cannot be opened, or nothing passes.
pub(super) async fn verify(
    host: &Host,
    layout: &Layout,
    carrier: Carrier,
    links: Links,
) -> io::Result<Option<String>> {
    let (hub, family) = (&layout.hub, layout.family);
    let behaviour = match carrier {
        Carrier::Tcp => tcp(&host.space, hub, family, links).await?,
        Carrier::Quic => udp(&host.space, hub, family, links).await?,
    };
    Ok((!behaviour.is(host.kind, host.public)).then(|| format!("no {}: {behaviour}", host.kind)))
}

impl Behaviour {
    fn is(&self, kind: Kind, public: IpAddr) -> bool {
        let ports: BTreeSet<_> = self.seen.iter().map(SocketAddr::port).collect();
        let maps = match kind {
            Kind::None | Kind::FullCone | Kind::Cone => ports == BTreeSet::from([LOCAL]),
            Kind::Symmetric => ports.len() == DESTINATIONS,
        };
        let admitted = match kind.admits_strangers() {
            true => STRANGERS,
            false => 0,
        };
        let is_public = self.seen.iter().all(|seen| seen.ip() == public);
        maps && is_public && self.strangers == admitted
    }
}

/// `port 4102 is seen as 20.0.0.2:4102, ..., and 1 of 2 strangers got in`
impl fmt::Display for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen: Vec<_> = self.seen.iter().map(ToString::to_string).collect();
        let (seen, strangers) = (seen.join(", "), self.strangers);
        let all = STRANGERS;
        write!(
            f,
            "port {LOCAL} is seen as {seen}, and {strangers} of {all} strangers got in"
        )
    }
}

/// How long to wait for what should not come.
fn patience(links: Links) -> Duration {
    2 * (links.rtt + links.jitter) + Duration::from_millis(200)
}

async fn udp(host: &Space, hub: &Space, family: Family, links: Links) -> io::Result<Behaviour> {
    let socket = udp_socket(host, SocketAddr::new(family.any(), LOCAL))?;
    let mut seen = Vec::new();
    for destination in destinations(family) {
        let server = udp_socket(hub, destination)?;
        seen.push(timeout(LONGEST, mapped(&socket, &server, destination, links)).await??);
    }
    let mut strangers = 0;
    for stranger in strangers_of(family) {
        let server = udp_socket(hub, stranger)?;
        // The last port: those of a symmetric NAT differ.
        let to = *seen.last().expect("a destination");
        strangers += usize::from(arrives(&server, &socket, to, links).await?);
    }
    Ok(Behaviour { seen, strangers })
}

/// The address and port as which `server` sees `socket`.
async fn mapped(
    socket: &UdpSocket,
    server: &UdpSocket,
    to: SocketAddr,
    links: Links,
) -> io::Result<SocketAddr> {
    loop {
        socket.send_to(b"map", to).await?;
        if let Ok(received) = timeout(patience(links), server.recv_from(&mut [0; 16])).await {
            return Ok(received?.1);
        }
    }
}

/// Whether a packet of `stranger` gets to `socket` at its public address.
async fn arrives(
    stranger: &UdpSocket,
    socket: &UdpSocket,
    to: SocketAddr,
    links: Links,
) -> io::Result<bool> {
    let from = stranger.local_addr()?;
    for _ in 0..if links.loss > 0.0 { COPIES } else { 1 } {
        stranger.send_to(b"in?", to).await?;
    }
    let received = timeout(patience(links), async {
        loop {
            if socket.recv_from(&mut [0; 16]).await?.1 == from {
                return io::Result::Ok(());
            }
        }
    });
    received
        .await
        .map_or(Ok(false), |received| received.map(|()| true))
}

async fn tcp(host: &Space, hub: &Space, family: Family, links: Links) -> io::Result<Behaviour> {
    let local = SocketAddr::new(family.any(), LOCAL);
    let _listener = listen(host, local)?;
    let mut seen = Vec::new();
    let mut open = Vec::new();
    for destination in destinations(family) {
        let server = listen(hub, destination)?;
        let client = tcp_socket(host, local)?;
        let connect = async { tokio::join!(client.connect(destination), server.accept()) };
        let (stream, accepted) = timeout(LONGEST, connect).await?;
        let (accepted, from) = accepted?;
        seen.push(from);
        // A closed connection may close the port.
        open.push((stream?, accepted));
    }
    let to = *seen.last().expect("a destination");
    let mut strangers = 0;
    for stranger in strangers_of(family) {
        let client = tcp_socket(hub, stranger)?;
        // A lost SYN is sent again after one second, and then after two.
        let again = if links.loss > 0.0 {
            Duration::from_secs(4)
        } else {
            Duration::ZERO
        };
        let connected = timeout(patience(links) + again, client.connect(to)).await;
        strangers += usize::from(matches!(connected, Ok(Ok(_))));
    }
    for (client, server) in open {
        // No port waits for the end of a connection.
        let _ = (client.set_zero_linger(), server.set_zero_linger());
    }
    sleep(links.rtt / 2).await;
    Ok(Behaviour { seen, strangers })
}

fn udp_socket(space: &Space, local: SocketAddr) -> io::Result<UdpSocket> {
    let socket = space.within(|| std::net::UdpSocket::bind(local))?;
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}

fn tcp_socket(space: &Space, local: SocketAddr) -> io::Result<TcpSocket> {
    space.within(|| {
        let socket = match local {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        socket.set_reuseaddr(true)?;
        socket.set_reuseport(true)?;
        socket.bind(local)?;
        Ok(socket)
    })
}

fn listen(space: &Space, local: SocketAddr) -> io::Result<TcpListener> {
    tcp_socket(space, local)?.listen(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(20, 0, 0, 2));

    fn kinds(ports: [u16; 3], strangers: usize) -> Vec<Kind> {
        let seen = ports.map(|port| (PUBLIC, port).into()).to_vec();
        let behaviour = Behaviour { seen, strangers };
        [Kind::None, Kind::FullCone, Kind::Cone, Kind::Symmetric]
            .into_iter()
            .filter(|kind| behaviour.is(*kind, PUBLIC))
            .collect()
    }

    #[test]
    fn kinds_are_told_apart() {
        assert_eq!(kinds([LOCAL; 3], 2), [Kind::None, Kind::FullCone]);
        assert_eq!(kinds([LOCAL; 3], 0), [Kind::Cone]);
        assert_eq!(kinds([1, 2, 3], 0), [Kind::Symmetric]);
        // Restricted by address alone; keeping no port; symmetric by address alone.
        for (ports, strangers) in [
            ([LOCAL; 3], 1),
            ([54102; 3], 0),
            ([1, 1, 2], 0),
            ([1, 2, 3], 2),
        ] {
            assert_eq!(kinds(ports, strangers), [], "{ports:?} {strangers}");
        }
    }
}
