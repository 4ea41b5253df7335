//! Links of a world: latency and rates between the peers of one process, which the machine
//! does not have.
//!
//! A link is a wrapper of the raw connection, below security and multiplexer. Each end delays
//! what it reads: a byte waits until the lines of both peers have carried it
//! ([`Lines`](lines::Lines)), and then for the latency. So both ends have to know which peer
//! is at the other: the first four bytes of a connection, in each direction, are the number of
//! the peer that sends them. A dial takes a round trip more, as that of TCP does.
//!
//! Links can fail while connections are open: [`Fabric::hold`], [`Fabric::slow`] and
//! [`Fabric::change`].

mod direction;
mod faults;
mod lines;
mod rates;
mod stream;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use libp2p::core::ConnectedPoint;
use tokio::time::sleep;

pub(crate) use stream::Link;

use faults::State;

/// The links between peers, which are numbered from 0.
pub trait World: fmt::Debug + Send + Sync {
    /// How long a byte travels from one peer to another, at least.
    fn latency(&self, from: u32, to: u32) -> Duration;

    /// Draws how much longer so many bytes take, which travel together. `None` if they never
    /// take longer.
    fn extra(&self, from: u32, to: u32) -> Option<Extra>;

    /// How much the line of that peer carries. `None` if it has no limit.
    fn rates(&self, peer: u32) -> Option<Rates>;
}

/// How much longer so many bytes take.
pub type Extra = Box<dyn FnMut(usize) -> Duration + Send>;

/// How much the line of a peer carries, in bytes a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// What it sends at most.
    pub up: f64,
    /// What it receives at most.
    pub down: f64,
}

/// The world in which links take no time and have no limits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Direct;

impl World for Direct {
    fn latency(&self, _from: u32, _to: u32) -> Duration {
        Duration::ZERO
    }

    fn extra(&self, _from: u32, _to: u32) -> Option<Extra> {
        None
    }

    fn rates(&self, _peer: u32) -> Option<Rates> {
        None
    }
}

/// All links of a network, and their faults.
#[derive(Debug)]
pub struct Fabric {
    peers: u32,
    state: Mutex<State>,
}

impl Fabric {
    /// The links of so many peers in that world.
    pub fn new(world: impl World + 'static, peers: u32) -> Arc<Self> {
        Arc::new(Self {
            peers,
            state: Mutex::new(State::new(world, peers)),
        })
    }
}

/// The links of one peer.
#[derive(Clone, Debug)]
pub struct Links {
    /// Its number.
    pub peer: u32,
    /// The links of the network, which its peers share.
    pub fabric: Arc<Fabric>,
}

/// Puts the link of a connection under it, if there are links.
pub(crate) async fn link<S>(
    mut stream: S,
    links: Option<Links>,
    endpoint: ConnectedPoint,
) -> io::Result<Link<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Some(Links { peer, fabric }) = links else {
        return Ok(Link::plain(stream));
    };
    stream.write_all(&peer.to_be_bytes()).await?;
    stream.flush().await?;
    let mut other = [0; 4];
    stream.read_exact(&mut other).await?;
    let other = u32::from_be_bytes(other);
    if other >= fabric.peers {
        let reason = format!("peer {other} is not of this network");
        return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
    }
    let is_dialer = endpoint.is_dialer();
    if is_dialer {
        // SYN.
        fabric.released([peer, other]).await;
    }
    // SYN-ACK, or SYN.
    fabric.released([other, peer]).await;
    let link = Link::from_peer(stream, &fabric, [other, peer]);
    let round_trip = fabric.latency(peer, other) + fabric.latency(other, peer);
    // A timer of zero takes up to a millisecond.
    if is_dialer && !round_trip.is_zero() {
        sleep(round_trip).await;
    }
    Ok(link)
}
