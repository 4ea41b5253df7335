//! The peer database: the peers that a node has reached, kept in a file, so that it comes
//! back into its network without a bootstrap peer.
//!
//! [`Database::open`] opens the file, which no other process may have open. Its calls block,
//! so a thread of its own makes them: what a node reports by a [`Recorder`] waits in a
//! bounded queue, and is counted and dropped where the queue is full. `store.rs` has the
//! table and its rules, `open.rs` the file.

mod counts;
mod open;
mod store;
#[cfg(test)]
mod tests;
mod worker;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{io, thread};

use libp2p::{Multiaddr, PeerId};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use crate::address;
use counts::Counts;

/// How many changes wait for the thread. A guess: some seconds of a slow disk.
const QUEUE: usize = 1024;

/// How many peers are kept, unless it is said otherwise. A guess: the authors of re6stnet
/// argued over it, and nobody has measured it.
pub const SIZE: u32 = 200;

/// The most that may be kept. A guess: counting their rows takes milliseconds.
pub const LARGEST: u32 = 100_000;

/// The longest address in bytes that is kept. A guess: those of IP have 70.
const LONGEST: usize = 256;

/// What a database is opened with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file. It is made if there is none.
    pub path: PathBuf,
    /// The network of its peers. A file of another one is refused.
    pub network: String,
    /// How many peers are kept, from 1 to [`LARGEST`].
    pub size: u32,
    /// How many peers are wanted that are not dead. Where there are so many, dead ones are
    /// removed.
    pub wanted: u32,
}

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process has it open.
    #[error(
        "{0} is in use by another process; give each node a file of its own, or end that process"
    )]
    InUse(PathBuf),
    /// The peers are those of another network.
    #[error(
        "{path} has the peers of network {found:?}, and this node is in {own:?}; \
         name another file, or take --network {found}"
    )]
    OtherNetwork {
        /// The file.
        path: PathBuf,
        /// Its network.
        found: String,
        /// The one that was asked for.
        own: String,
    },
    /// It is an SQLite database, and not of this program.
    #[error("{0} is an SQLite database of another program; name another file")]
    Foreign(PathBuf),
    /// It was written by a later version.
    #[error(
        "{path} has version {version} of the format, and this testbed-node knows {known}; \
         take a newer testbed-node, or name another file"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: i64,
        /// The one that this program writes.
        known: i64,
    },
    /// The path is not that of a regular file.
    #[error("{path} is {what}; name a file, for example --database peers.db")]
    NoFile {
        /// The path.
        path: PathBuf,
        /// What is there.
        what: &'static str,
    },
    /// The file cannot be read, made or written.
    #[error(
        "cannot use {path}: {reason}; \
         name a file in a folder that can be written and has room"
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the system, or of SQLite.
        reason: String,
    },
}

/// A damaged file that was put aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Where it is now.
    pub kept: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

/// A peer that was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The peer.
    pub peer: PeerId,
    /// Where it was reached, without a `/p2p/…`.
    pub address: Multiaddr,
    /// When its certificate ends, in Unix seconds; `None` if it has none.
    pub certificate_end: Option<i64>,
    /// When its lease ends, in Unix seconds; `None` if it has none.
    pub lease_end: Option<i64>,
}

/// What the thread is to do.
#[derive(Debug)]
enum Message {
    Saw(Sighting),
    /// The last connection to the peer has closed.
    Left(PeerId),
    Failed(PeerId),
    Forget(PeerId),
    Candidates {
        count: u32,
        reply: oneshot::Sender<Vec<Multiaddr>>,
    },
    Close,
}

/// The peers with a connection. The swarm's task changes it, and never waits for the disk:
/// the thread holds the lock for a look at one peer.
#[derive(Debug, Default)]
struct Connected(Mutex<HashSet<PeerId>>);

impl Connected {
    /// Poisoning is harmless: the panic is reported.
    fn lock(&self) -> MutexGuard<'_, HashSet<PeerId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, peer: &PeerId) -> bool {
        self.lock().contains(peer)
    }
}

/// An open peer database.
#[derive(Clone, Debug)]
pub struct Database {
    sender: SyncSender<Message>,
    connected: Arc<Connected>,
    counts: Counts,
    /// Dropped by the thread when the file is closed.
    closed: Arc<Mutex<Option<thread::JoinHandle<()>>>>,
}

/// Where a peer's task reports its connections.
#[derive(Clone, Debug)]
pub struct Recorder(Database);

impl Database {
    /// Opens the file, and makes it where there is none. A damaged one is put aside under
    /// another name, and a new one is begun.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn open(settings: Settings) -> Result<(Self, Option<Quarantined>), Error> {
        let path = settings.path.clone();
        let refused = |error: io::Error| Error::Io {
            path: path.clone(),
            reason: error.to_string(),
        };
        let (sender, messages) = mpsc::sync_channel(QUEUE);
        let (opened, is_open) = oneshot::channel();
        let connected = Arc::<Connected>::default();
        let counts = Counts::new();
        let worker = worker::Worker::new(Arc::clone(&connected), counts.clone());
        let work = move || match open::open(&settings) {
            Ok((store, quarantined)) => {
                if opened.send(Ok(quarantined)).is_ok() {
                    worker.run(store, &messages);
                }
            }
            Err(error) => drop(opened.send(Err(error))),
        };
        let thread = thread::Builder::new().name("database".to_owned());
        let thread = thread.spawn(work).map_err(refused)?;
        let ended = |_| refused(io::Error::other("its thread has ended"));
        let quarantined = is_open.await.map_err(ended)??;
        let database = Self {
            sender,
            connected,
            counts,
            closed: Arc::new(Mutex::new(Some(thread))),
        };
        Ok((database, quarantined))
    }

    /// What the peer's task reports to.
    pub fn recorder(&self) -> Recorder {
        Recorder(self.clone())
    }

    /// Its metrics.
    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// A dial of the address in the database has failed.
    pub(crate) fn failed(&self, peer: PeerId) {
        self.send(Message::Failed(peer));
    }

    /// The peer cannot be dialled from here, ever.
    pub(crate) fn forget(&self, peer: PeerId) {
        self.send(Message::Forget(peer));
    }

    /// At most `count` peers without a connection, those first that are likely to be there.
    /// Dead ones only where there are not enough others. Each address ends in `/p2p/…`.
    pub(crate) async fn candidates(&self, count: u32) -> Vec<Multiaddr> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Candidates { count, reply });
        // The message was dropped, or the database is closed.
        answer.await.unwrap_or_default()
    }

    /// Writes what waits, and closes the file.
    pub(crate) async fn close(self) {
        // The queue may be full; the thread empties it.
        let close = move || {
            let _ = self.sender.send(Message::Close);
            let thread = self
                .closed
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            thread.map(thread::JoinHandle::join)
        };
        if !matches!(spawn_blocking(close).await, Ok(None | Some(Ok(())))) {
            tracing::warn!("the peer database's thread has failed");
        }
    }

    fn send(&self, message: Message) {
        match self.sender.try_send(message) {
            // A closed one is that of a node that stops.
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => self.counts.lost_in_queue(),
        }
    }
}

impl Recorder {
    /// There is a connection to the peer. `dialled`: at which address this node has reached
    /// it; `None` if the peer has dialled, or both, or if there is a relay in between. Only
    /// an address of IP that this node has dialled is kept: others are claims.
    pub(crate) fn connected(&self, peer: PeerId, dialled: Option<&Multiaddr>) {
        self.0.connected.lock().insert(peer);
        let dialled = dialled.filter(|address| is_kept(address));
        let address = dialled.and_then(|address| address::without(address, peer).ok());
        if let Some(address) = address {
            self.0.send(Message::Saw(Sighting {
                peer,
                address,
                certificate_end: None,
                lease_end: None,
            }));
        }
    }

    /// The last connection to the peer has closed.
    pub(crate) fn left(&self, peer: PeerId) {
        self.0.connected.lock().remove(&peer);
        self.0.send(Message::Left(peer));
    }
}

fn is_kept(address: &Multiaddr) -> bool {
    address::transport(address).is_some() && address.len() <= LONGEST
}

/// Whether both are one file, under whatever names.
pub(crate) fn is_same_file(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path));
    matches!((real(one), real(other)), (Ok(one), Ok(other)) if one == other)
}
