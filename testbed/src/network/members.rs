//! Peers that run no algorithm, and faults of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::pending;

use algorithms::NodeId;
use lab::simulator::Change;
use node::{Config, Handle, Peer, PeerId};
use tokio::task::{JoinHandle, JoinSet};
use trace::telemetry::Tracer;

use super::restart::{Joined, Life, Neighbour, Seat, start};
use super::{Error, LinkFaults};

/// Peers that run no algorithm, connected as the topology says. They stop when
/// it is dropped.
#[derive(Debug)]
pub struct Members {
    /// The running peers, by their number. A peer stops when its handle is removed.
    pub handles: BTreeMap<u32, Handle>,
    /// Each peer's tracer.
    pub tracers: Vec<Tracer>,
    /// Each peer's neighbours, in order.
    pub neighbours: Vec<Vec<u32>>,
    /// The number of each peer, by its PeerId.
    pub numbers: HashMap<PeerId, u32>,
    pub(super) links: LinkFaults,
    pub(super) seats: Vec<Seat>,
    pub(super) returns: Returns,
    pub(super) paused: BTreeSet<u32>,
}

/// Peers that have stopped, and those that come back.
#[derive(Debug, Default)]
pub(super) struct Returns {
    /// Ends once the peer is gone.
    gone: BTreeMap<u32, JoinHandle<()>>,
    under_way: JoinSet<(u32, Result<Joined, Error>)>,
}

impl Members {
    /// Carries out a planned change, unless the peer is in that state already. Returns
    /// whether it did. A restart is only begun: [`returned`](Self::returned) says when the
    /// peer is back.
    pub fn change(&mut self, change: &Change) -> bool {
        match change {
            Change::Crash(crash) => self.stop(crash.process),
            Change::Restart(crash) => self.restart(crash.process),
            Change::Pause(peer) => self.pause(*peer, true),
            Change::Resume(peer) => self.pause(*peer, false),
            Change::Part(_)
            | Change::Heal(_)
            | Change::Slow(..)
            | Change::Usual(_)
            | Change::Links(_) => self.links.apply(change),
        }
    }

    /// The peers that run and are not paused.
    pub fn active(&self) -> Vec<u32> {
        let running = self.handles.keys().copied();
        running.filter(|peer| !self.paused.contains(peer)).collect()
    }

    fn stop(&mut self, peer: u32) -> bool {
        let Some(handle) = self.handles.remove(&peer) else {
            return false;
        };
        self.paused.remove(&peer);
        self.returns.gone.insert(peer, tokio::spawn(handle.gone()));
        true
    }

    fn pause(&mut self, peer: u32, paused: bool) -> bool {
        let Some(handle) = self.handles.get(&peer) else {
            return false;
        };
        handle.pause(paused);
        match paused {
            true => self.paused.insert(peer),
            false => self.paused.remove(&peer),
        }
    }

    fn restart(&mut self, peer: u32) -> bool {
        let Some(gone) = self.returns.gone.remove(&peer) else {
            return false;
        };
        let node = NodeId(peer);
        let seat = &self.seats[peer as usize];
        let (config, address) = (Config::clone(&seat.config), seat.address.clone());
        let neighbours = self.neighbours_of(peer, &BTreeSet::new());
        let tracer = self.tracers[peer as usize].clone();
        let restart = async move {
            // It only waits.
            let _ = gone.await;
            let joined = start(node, config, address).await?;
            Ok(joined.connect(neighbours, tracer).await)
        };
        let restart = async move { (peer, restart.await) };
        self.returns.under_way.spawn(restart);
        true
    }

    /// The next peer that is back: it runs, and has dialled its neighbours that run. Those
    /// that it could not reach stay without a connection. Pending while no peer restarts.
    ///
    /// # Errors
    /// [`Error`] when a peer cannot start.
    pub async fn returned(&mut self) -> Result<u32, Error> {
        loop {
            match self.returns.under_way.join_next().await {
                None => pending().await,
                Some(Ok((peer, joined))) => {
                    if self.join(peer, joined?) {
                        return Ok(peer);
                    }
                }
                // The set is dropped with the run.
                Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
            }
        }
    }

    /// Takes in a peer that is back. `false` if it has to dial neighbours first that have
    /// restarted meanwhile.
    fn join(&mut self, peer: u32, joined: Joined) -> bool {
        let tried = joined.tried();
        let missing = self.neighbours_of(peer, &tried);
        if !missing.is_empty() {
            let tracer = self.tracers[peer as usize].clone();
            let again = async move { (peer, Ok(joined.connect(missing, tracer).await)) };
            self.returns.under_way.spawn(again);
            return false;
        }
        let (Peer { handle, .. }, address) = joined.into_peer();
        let seat = &mut self.seats[peer as usize];
        seat.address = address;
        seat.restarts += 1;
        self.handles.insert(peer, handle);
        true
    }

    /// The neighbours of a peer that run, without those in `tried`.
    fn neighbours_of(&self, peer: u32, tried: &BTreeSet<Life>) -> Vec<Neighbour> {
        let neighbours = self.neighbours[peer as usize].iter();
        let run = neighbours.filter_map(|other| Some((*other, self.handles.get(other)?)));
        let all = run.map(|(other, handle)| {
            let seat = &self.seats[other as usize];
            Neighbour {
                life: (NodeId(other), seat.restarts),
                handle: handle.clone(),
                address: seat.address.clone(),
            }
        });
        all.filter(|one| !tried.contains(&one.life)).collect()
    }
}
