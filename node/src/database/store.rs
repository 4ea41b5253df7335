//! The table of known peers, in SQLite, and the rules that evict them. It has no clock and no
//! thread: times come in, in Unix seconds.

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use rusqlite::{Connection, OptionalExtension as _, Result, Transaction, TransactionBehavior};

use super::{Settings, Sighting};
use crate::address;

/// After so many failed dials in a row a peer is dead: it is dialled only where there are not
/// enough others. A guess: a peer that restarts misses one or two.
pub(super) const DEAD: i64 = 3;

/// A row a peer. PeerIds and addresses are text: `sqlite3` shows them. Times are in
/// Unix seconds. The indices have the orders in which peers are dialled and evicted.
pub(super) const SCHEMA: &str = "
CREATE TABLE network (name TEXT NOT NULL) STRICT;
CREATE TABLE peers (
    peer TEXT NOT NULL PRIMARY KEY,
    address TEXT NOT NULL,
    seen INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    certificate_end INTEGER,
    lease_end INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX by_failures ON peers (failures, seen DESC);
CREATE INDEX by_seen ON peers (seen);
";

/// Whether a peer has a connection.
pub(super) type IsConnected<'a> = &'a dyn Fn(&PeerId) -> bool;

/// Whether a peer that was seen is kept now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Saved {
    Yes,
    /// The database is full, and each of its peers has a connection.
    NoRoom,
}

/// An open table. Its file is locked while it is there.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) connection: Connection,
    size: i64,
    wanted: i64,
}

impl Store {
    pub(super) fn new(connection: Connection, settings: &Settings) -> Self {
        let size = i64::from(settings.size);
        Self {
            connection,
            size,
            wanted: i64::from(settings.wanted).min(size),
        }
    }

    /// A peer was reached: its failures are over.
    pub(super) fn saw(
        &mut self,
        sighting: &Sighting,
        now: i64,
        is_connected: IsConnected<'_>,
    ) -> Result<Saved> {
        let (size, wanted) = (self.size, self.wanted);
        let change = self.change()?;
        let peer = sighting.peer.to_string();
        let known = known(&change, &peer)?;
        if known.is_none() && !make_room(&change, size, is_connected)? {
            return Ok(Saved::NoRoom);
        }
        let address = match known {
            Some(known) if !known.is_replaced_by(&sighting.address) => known.address,
            _ => sighting.address.to_string(),
        };
        change.execute(
            "INSERT INTO peers (peer, address, seen, failures, certificate_end, lease_end)
             VALUES (?1, ?2, ?3, 0, ?4, ?5)
             ON CONFLICT (peer) DO UPDATE SET address = ?2, seen = ?3, failures = 0,
             certificate_end = coalesce(?4, certificate_end), lease_end = coalesce(?5, lease_end)",
            (
                &peer,
                &address,
                now,
                sighting.certificate_end,
                sighting.lease_end,
            ),
        )?;
        remove_dead(&change, wanted, is_connected)?;
        change.commit()?;
        Ok(Saved::Yes)
    }

    /// These peers are there now. Those that are not kept are passed over.
    pub(super) fn touch(&mut self, peers: &[PeerId], now: i64) -> Result<()> {
        let change = self.change()?;
        {
            let mut touch = change.prepare("UPDATE peers SET seen = ?2 WHERE peer = ?1")?;
            for peer in peers {
                touch.execute((peer.to_string(), now))?;
            }
        }
        change.commit()
    }

    /// A dial of the peer's address has failed.
    pub(super) fn failed(&mut self, peer: &PeerId, is_connected: IsConnected<'_>) -> Result<()> {
        let wanted = self.wanted;
        let change = self.change()?;
        change.execute(
            "UPDATE peers SET failures = failures + 1 WHERE peer = ?1",
            [peer.to_string()],
        )?;
        remove_dead(&change, wanted, is_connected)?;
        change.commit()
    }

    /// Removes the peer.
    pub(super) fn forget(&mut self, peer: &PeerId) -> Result<()> {
        remove(&self.connection, &peer.to_string())
    }

    /// At most `count` peers without a connection: those with the fewest failures first, and
    /// of them those seen last. So dead ones come where there are not enough others.
    pub(super) fn candidates(
        &self,
        count: u32,
        is_connected: IsConnected<'_>,
    ) -> Result<Vec<Multiaddr>> {
        let mut all = self
            .connection
            .prepare("SELECT peer, address FROM peers ORDER BY failures, seen DESC, peer")?;
        let mut rows = all.query([])?;
        let mut candidates = Vec::new();
        while let Some(row) = rows.next()?
            && candidates.len() < count as usize
        {
            let (peer, address): (String, String) = (row.get(0)?, row.get(1)?);
            match parsed(&peer, &address) {
                Some((peer, address)) if !is_connected(&peer) => {
                    candidates.push(address.with(Protocol::P2p(peer)));
                }
                _ => {}
            }
        }
        Ok(candidates)
    }

    /// Removes those whose certificate or lease has ended, those that are none, dead ones if
    /// there are enough others, and those for which there is no room.
    pub(super) fn tidy(&mut self, now: i64, is_connected: IsConnected<'_>) -> Result<()> {
        let (size, wanted) = (self.size, self.wanted);
        let change = self.change()?;
        change.execute(
            "DELETE FROM peers WHERE certificate_end <= ?1 OR lease_end <= ?1",
            [now],
        )?;
        // A clock that was ahead would keep them for ever.
        change.execute("UPDATE peers SET seen = ?1 WHERE seen > ?1", [now])?;
        remove_dead(&change, wanted, is_connected)?;
        make_room(&change, size + 1, is_connected)?;
        change.commit()
    }

    /// Removes rows that are no peers: an edited file may have any text in them.
    pub(super) fn remove_malformed(&mut self) -> Result<()> {
        let change = self.change()?;
        let mut wrong = Vec::new();
        {
            let mut all = change.prepare("SELECT peer, address FROM peers")?;
            let mut rows = all.query([])?;
            while let Some(row) = rows.next()? {
                let (peer, address): (String, String) = (row.get(0)?, row.get(1)?);
                if parsed(&peer, &address).is_none() {
                    wrong.push(peer);
                }
            }
        }
        for peer in wrong {
            remove(&change, &peer)?;
        }
        change.commit()
    }

    /// How many peers are kept that are not dead, and how many that are.
    pub(super) fn count(&self) -> Result<(i64, i64)> {
        self.connection.query_row(
            "SELECT count(*) FILTER (WHERE failures < ?1), count(*) FILTER (WHERE failures >= ?1)
             FROM peers",
            [DEAD],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }

    /// Changes that are not committed are taken back.
    fn change(&mut self) -> Result<Transaction<'_>> {
        let begin = TransactionBehavior::Immediate;
        self.connection.transaction_with_behavior(begin)
    }
}

/// A row.
struct Known {
    address: String,
    failures: i64,
}

impl Known {
    /// Where a peer was reached at a public address, one of a local network is no way to it
    /// from elsewhere, and does not replace it unless dials of it have failed.
    fn is_replaced_by(&self, address: &Multiaddr) -> bool {
        let is_public = self
            .address
            .parse()
            .is_ok_and(|old| address::is_public(&old));
        !is_public || self.failures > 0 || address::is_public(address)
    }
}

fn known(connection: &Connection, peer: &str) -> Result<Option<Known>> {
    let known = "SELECT address, failures FROM peers WHERE peer = ?1";
    let row = connection.query_row(known, [peer], |row| {
        Ok(Known {
            address: row.get(0)?,
            failures: row.get(1)?,
        })
    });
    row.optional()
}

/// The peer and the address of a row that can be dialled.
fn parsed(peer: &str, address: &str) -> Option<(PeerId, Multiaddr)> {
    let address: Multiaddr = address.parse().ok()?;
    address::transport(&address)?;
    // A `/p2p/…` of its own would name another peer.
    let is_bare = address::peer(&address).is_none();
    Some((peer.parse().ok()?, address)).filter(|_| is_bare)
}

fn remove(connection: &Connection, peer: &str) -> Result<()> {
    connection.execute("DELETE FROM peers WHERE peer = ?1", [peer])?;
    Ok(())
}

/// Removes dead ones without a connection if there are enough others. One with a connection
/// has dialled this node.
fn remove_dead(connection: &Connection, wanted: i64, is_connected: IsConnected<'_>) -> Result<()> {
    let live = "SELECT count(*) FROM peers WHERE failures < ?1";
    let live: i64 = connection.query_row(live, [DEAD], |row| row.get(0))?;
    if live >= wanted {
        evict(connection, DEAD_ONES, i64::MAX, is_connected)?;
    }
    Ok(())
}

/// Evicts until there are fewer than `size`: dead ones first, those with the most failures
/// before others, and then the ones that were seen the longest ago. Those with a connection
/// stay. Returns whether there is room.
fn make_room(connection: &Connection, size: i64, is_connected: IsConnected<'_>) -> Result<bool> {
    let all: i64 = connection.query_row("SELECT count(*) FROM peers", [], |row| row.get(0))?;
    let mut over = all - size + 1;
    for order in [DEAD_ONES, LIVE_ONES] {
        over -= evict(connection, order, over, is_connected)?;
    }
    Ok(over <= 0)
}

/// The order in which peers are evicted. The limit of failures is a parameter.
const DEAD_ONES: &str =
    "SELECT peer FROM peers WHERE failures >= ?1 ORDER BY failures DESC, seen, peer";
const LIVE_ONES: &str = "SELECT peer FROM peers WHERE failures < ?1 ORDER BY seen, peer";

/// Removes at most `most` peers, in that order. Returns how many.
fn evict(
    connection: &Connection,
    order: &str,
    most: i64,
    is_connected: IsConnected<'_>,
) -> Result<i64> {
    let mut leaving = Vec::new();
    let mut peers = connection.prepare(order)?;
    let mut rows = peers.query([DEAD])?;
    while (leaving.len() as i64) < most
        && let Some(row) = rows.next()?
    {
        let peer: String = row.get(0)?;
        if !peer.parse().is_ok_and(|peer| is_connected(&peer)) {
            leaving.push(peer);
        }
    }
    for peer in &leaving {
        remove(connection, peer)?;
    }
    Ok(leaving.len() as i64)
}
