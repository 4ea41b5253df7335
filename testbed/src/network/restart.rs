//! Crashes of the peers of a running network, and their restarts.
//!
//! A crash ends the process and its peer: the sockets are closed, and the neighbours see
//! their connections end. A peer that restarts has the same key, listens at the same
//! address if that is still free, and dials its neighbours that run. Its process takes its
//! first step when both sides have seen these connections.

use std::collections::{BTreeMap, BTreeSet};
use std::task::Poll;

use algorithms::{Algorithm, NodeId};
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use lab::simulator::Memory;
use node::driver::{Crashed, Driver, FaultState, Stopped};
use node::{Config, Handle, Multiaddr, Peer};
use opentelemetry::Context;
use trace::telemetry::Tracer;

use super::connect::Dial;
use super::{AT_A_TIME, Error, FailedDial, FailedDials, Network, any_address};

/// What outlasts the crash of a peer: its identity and its address.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) config: Config,
    pub(super) address: Multiaddr,
    /// How often it has restarted.
    pub(super) restarts: u32,
}

impl Seat {
    pub(super) fn new(config: Config, address: Multiaddr) -> Self {
        Self {
            config,
            address,
            restarts: 0,
        }
    }
}

/// A process that has crashed, and the end of its peer.
struct Down<A: Algorithm> {
    crashed: Crashed<A>,
    /// What it still knows when it restarts.
    state: Memory,
    /// `None` once a restart waits for it.
    gone: Option<BoxFuture<'static, ()>>,
}

/// The processes of a network that have crashed, and the peers that restart.
pub struct Restarts<A: Algorithm> {
    down: BTreeMap<NodeId, Down<A>>,
    under_way: BTreeMap<NodeId, BoxFuture<'static, Result<Joined, Error>>>,
}

impl<A: Algorithm> Default for Restarts<A> {
    fn default() -> Self {
        Self {
            down: BTreeMap::new(),
            under_way: BTreeMap::new(),
        }
    }
}

/// A peer that has restarted, and has no process yet.
pub struct Joined {
    node: NodeId,
    peer: Peer,
    address: Multiaddr,
    /// The neighbours that it has dialled.
    dialled: BTreeSet<Life>,
    failed: Vec<(Life, FailedDial)>,
}

/// A peer, and how often it has restarted.
pub(super) type Life = (NodeId, u32);

/// A neighbour to be dialled.
pub(super) struct Neighbour {
    pub(super) life: Life,
    pub(super) handle: Handle,
    pub(super) address: Multiaddr,
}

impl<A: Algorithm> Restarts<A> {
    /// Whether that process has crashed and not restarted.
    pub fn is_down(&self, node: NodeId) -> bool {
        self.down.contains_key(&node)
    }

    /// Whether any process restarts.
    pub fn any(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// Crashes a process and its peer. Returns whether it was running. When this returns,
    /// the process takes no step any more.
    ///
    /// # Errors
    /// [`Stopped`] if the process has panicked.
    pub async fn crash(
        &mut self,
        network: &mut Network<A>,
        node: NodeId,
        state: Memory,
    ) -> Result<bool, Stopped> {
        let mut ids = network.drivers.iter().map(Driver::id);
        let Some(place) = ids.position(|id| id == node) else {
            return Ok(false);
        };
        let driver = network.drivers.remove(place);
        let gone = Some(driver.handle().gone().boxed());
        let crashed = driver.crash().await?;
        let down = Down {
            crashed,
            state,
            gone,
        };
        self.down.insert(node, down);
        Ok(true)
    }

    /// Begins to restart a process that has crashed, on a new peer. Returns whether it was
    /// down, and not restarting already. [`Restarts::next`] returns the peer.
    pub fn begin(&mut self, network: &Network<A>, node: NodeId) -> bool {
        let Some(down) = self.down.get_mut(&node) else {
            return false;
        };
        let Some(gone) = down.gone.take() else {
            return false;
        };
        let seat = &network.seats[usize::from(node)];
        let config = Config {
            incarnation: down.crashed.incarnation(),
            ..seat.config.clone()
        };
        let address = seat.address.clone();
        let neighbours = network.neighbours_of(node, &BTreeSet::new());
        let tracer = network.tracers[usize::from(node)].clone();
        let restart = async move {
            gone.await;
            let joined = start(node, config, address).await?;
            Ok(joined.connect(neighbours, tracer).await)
        };
        self.under_way.insert(node, restart.boxed());
        true
    }

    /// The next peer that has dialled its neighbours; pending while there is none.
    ///
    /// # Errors
    /// [`Error`] when a peer cannot start.
    pub async fn next(&mut self) -> Result<Joined, Error> {
        std::future::poll_fn(|cx| {
            for (node, restart) in &mut self.under_way {
                if let Poll::Ready(joined) = restart.poll_unpin(cx) {
                    let node = *node;
                    self.under_way.remove(&node);
                    return Poll::Ready(joined);
                }
            }
            Poll::Pending
        })
        .await
    }

    /// The process, and the peer on which it can [resume](Self::resume). `None` if the peer
    /// has to dial neighbours first that have restarted meanwhile, or have not answered.
    ///
    /// # Errors
    /// [`Error::Dials`] if a neighbour that runs refuses it.
    pub fn join(
        &mut self,
        network: &mut Network<A>,
        mut joined: Joined,
    ) -> Result<Option<(NodeId, Peer)>, Error> {
        let node = joined.node;
        let missing = network.neighbours_of(node, &joined.dialled);
        if missing.is_empty() {
            let seat = &mut network.seats[usize::from(node)];
            seat.address = joined.address;
            seat.restarts += 1;
            return Ok(Some((node, joined.peer)));
        }
        let runs = |life: Life| missing.iter().any(|one| one.life == life);
        let failed = std::mem::take(&mut joined.failed).into_iter();
        let failed: Vec<_> = failed.filter(|(life, _)| runs(*life)).collect();
        // Behind a partition a dial ends without an answer, and the neighbour is dialled again.
        let no_answer = |(_, failed): &(Life, FailedDial)| failed.had_no_answer();
        if !failed.iter().all(no_answer) {
            return Err(Error::from(FailedDials {
                failed: failed.into_iter().map(|(_, failed)| failed).collect(),
                all: missing.len(),
            }));
        }
        let tracer = network.tracers[usize::from(node)].clone();
        let again = async move { Ok(joined.connect(missing, tracer).await) };
        self.under_way.insert(node, again.boxed());
        Ok(None)
    }

    /// Restarts the process on its new peer. Cut links are still cut. Returns what it still
    /// knows; `None` if it was not down.
    pub fn resume(
        &mut self,
        network: &mut Network<A>,
        node: NodeId,
        peer: Peer,
        paused: bool,
    ) -> Option<Memory> {
        let Down {
            mut crashed, state, ..
        } = self.down.remove(&node)?;
        crashed.faults().paused = paused;
        let drivers = &mut network.drivers;
        let place = drivers.partition_point(|driver| driver.id() < node);
        let driver = match state {
            Memory::Lost => crashed.restart(peer),
            Memory::Kept => crashed.go_on(peer),
        };
        drivers.insert(place, driver);
        Some(state)
    }

    /// The faults of a process that is down, which outlast its crash.
    pub fn faults(&mut self, node: NodeId) -> Option<&mut FaultState> {
        Some(self.down.get_mut(&node)?.crashed.faults())
    }
}

impl<A: Algorithm> Network<A> {
    /// How many processes there are, those that are down included.
    pub fn seats(&self) -> u32 {
        self.seats.len() as u32
    }

    /// The neighbours of a process that run, without those in `dialled`.
    fn neighbours_of(&self, node: NodeId, dialled: &BTreeSet<Life>) -> Vec<Neighbour> {
        let neighbours = &self.neighbours[usize::from(node)];
        let run = self.drivers.iter();
        let run = run.filter(|driver| neighbours.contains(&driver.id().0));
        let all = run.map(|driver| {
            let seat = &self.seats[usize::from(driver.id())];
            Neighbour {
                life: (driver.id(), seat.restarts),
                handle: driver.handle().clone(),
                address: seat.address.clone(),
            }
        });
        all.filter(|one| !dialled.contains(&one.life)).collect()
    }
}

/// Starts a peer at the address that it had, or at another if that is taken.
pub(super) async fn start(
    node: NodeId,
    config: Config,
    address: Multiaddr,
) -> Result<Joined, Error> {
    let transport = config.transports.first().copied();
    let started = node::start(config).map_err(|source| Error::Start { peer: node, source })?;
    let handle = &started.handle;
    let listening = match (handle.listen(address).await, transport) {
        (Err(_), Some(transport)) => handle.listen(any_address(transport)).await,
        (listening, _) => listening,
    };
    let address = listening.map_err(|source| Error::Listen {
        peer: node,
        source: Box::new(source),
    })?;
    let address = address
        .with_p2p(handle.peer_id())
        .expect("an address without a peer");
    Ok(Joined {
        node,
        peer: started,
        address,
        dialled: BTreeSet::new(),
        failed: Vec::new(),
    })
}

impl Joined {
    /// The neighbours that it has dialled, also in vain.
    pub(super) fn tried(&self) -> BTreeSet<Life> {
        let failed = self.failed.iter().map(|(life, _)| *life);
        self.dialled.iter().copied().chain(failed).collect()
    }

    /// The peer, and where it listens.
    pub(super) fn into_peer(self) -> (Peer, Multiaddr) {
        (self.peer, self.address)
    }

    /// Dials these neighbours. Returns when both sides have seen each connection.
    pub(super) async fn connect(mut self, neighbours: Vec<Neighbour>, tracer: Tracer) -> Self {
        let (by, handle) = (self.node, &self.peer.handle);
        let dials = neighbours.into_iter().map(|neighbour| {
            let dial = Dial {
                by,
                handle: handle.clone(),
                tracer: tracer.clone(),
                to: neighbour.life.0.to_string(),
                address: neighbour.address.clone(),
                parent: Context::new(),
            };
            async move { (neighbour.life, meet(neighbour, dial).await) }
        });
        let dials: Vec<_> = dials.collect();
        let mut dials = stream::iter(dials).buffer_unordered(AT_A_TIME);
        while let Some((life, met)) = dials.next().await {
            match met {
                Ok(()) => drop(self.dialled.insert(life)),
                Err(failed) => self.failed.push((life, failed)),
            }
        }
        drop(dials);
        self
    }
}

/// Connects a peer to a neighbour, which has to notice the end of the old connection first:
/// it keeps one connection to each peer. What it sent until then is lost.
async fn meet(neighbour: Neighbour, dial: Dial) -> Result<(), FailedDial> {
    let peer = dial.handle.peer_id();
    neighbour.handle.wait_connection(peer, false).await;
    neighbour.handle.forget(peer).await;
    dial.carry_out().await?;
    neighbour.handle.wait_connection(peer, true).await;
    Ok(())
}
