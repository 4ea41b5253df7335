//! The peer database of the node: peers that it has reached before are dialled again, when it
//! starts, and when it has too few connections.

use std::io::Write as _;
use std::time::Duration;

use futures::future::join_all;
use libp2p::Multiaddr;
use rand::RngExt as _;
use tokio::time::{Instant, sleep_until};

use super::{Cli, Error};
use crate::database::{self, Database, Settings};
use crate::{Handle, address, dial, stderr};

/// How many connected peers are enough: fewer, and peers from the database are dialled. A
/// guess: the links that a node of re6stnet opens by itself.
const WANTED: u32 = 10;

/// How many peers from the database are dialled at once. A guess.
const DIALS: u32 = 8;

/// The pause between two rounds of dials, doubled up to the longest, and multiplied by a
/// random number from 0.5 to 1.5: nodes that have lost a network together do not come back at
/// one moment. Guesses.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Opens the database, if the node has one.
///
/// # Errors
/// [`Error::Database`] and [`Error::SameFile`].
pub(super) async fn open(cli: &Cli) -> Result<Option<Database>, Error> {
    let Some(path) = &cli.database else {
        return Ok(None);
    };
    if let Some(key) = &cli.key
        && database::is_same_file(path, key)
    {
        return Err(Error::SameFile(path.clone()));
    }
    let settings = Settings {
        path: path.clone(),
        network: cli.network.clone(),
        size: cli.database_size,
        wanted: WANTED,
    };
    let (database, quarantined) = Database::open(settings).await?;
    if let Some(damaged) = quarantined {
        // Logs of this level may be off.
        stderr::note(format_args!(
            "warning: --database {}: it is damaged ({}) and now at {}; a new one has begun",
            path.display(),
            damaged.reason,
            damaged.kept.display()
        ));
    }
    Ok(Some(database))
}

/// Whether there are peers of the database, or others that are connected.
pub(super) async fn has_others(handle: &Handle, database: &Database) -> bool {
    handle.connected() > 0 || !database.candidates(1).await.is_empty()
}

/// Dials peers from the database whenever there are too few connections.
pub(super) async fn stay(handle: Handle, database: Database) {
    let mut pace = Pace::new();
    loop {
        let Some(missing) = pace.wait_missing(&handle).await else {
            return;
        };
        let candidates = database.candidates(missing.min(DIALS)).await;
        let dialled = !candidates.is_empty();
        let dials = candidates.into_iter();
        join_all(dials.map(|address| try_again(&handle, &database, address))).await;
        pace.on_round(dialled, Instant::now());
    }
}

/// Dials a peer, and reports what came of it: successes are reported by the peer's task.
async fn try_again(handle: &Handle, database: &Database, address: Multiaddr) {
    let Some(peer) = address::peer(&address) else {
        return;
    };
    let dialled = handle.dial(address).await;
    match &dialled {
        Ok(peer) => {
            // A closed standard output does not stop a peer.
            let _ = writeln!(std::io::stdout(), "connected to {peer} of the database");
        }
        Err(dial::Error::Stopped) => return,
        Err(error @ dial::Error::Oneself { .. }) => {
            tracing::debug!(%error, "left out of the peer database");
            database.forget(peer);
        }
        Err(error) => {
            tracing::debug!(%error, "a peer of the database was not reached");
            database.failed(peer);
        }
    }
    database.counts().dialled(dialled.is_ok());
}

/// When to dial the next round.
struct Pace {
    pause: Duration,
    /// The pause times a random number.
    wait: Duration,
    /// When the last round was over in which a peer was dialled.
    ended: Option<Instant>,
    /// Until when there is nobody to dial, unless a connection is lost.
    idle: Option<Instant>,
    /// How many peers were connected at the last look.
    connected: usize,
}

impl Pace {
    fn new() -> Self {
        Self {
            pause: FIRST_PAUSE,
            wait: FIRST_PAUSE,
            ended: None,
            idle: None,
            connected: 0,
        }
    }

    /// Waits until it is time and there are too few connections, and returns how many are
    /// missing. `None` when the peer has stopped.
    async fn wait_missing(&mut self, handle: &Handle) -> Option<u32> {
        let mut count = handle.count.clone();
        loop {
            count.mark_unchanged();
            let connected = handle.connected();
            let missing = WANTED.saturating_sub(u32::try_from(connected).unwrap_or(u32::MAX));
            let next = self.next(connected, Instant::now());
            if missing > 0 && next <= Instant::now() {
                return Some(missing);
            }
            tokio::select! {
                changed = count.changed() => changed.ok()?,
                () = sleep_until(next), if missing > 0 => {}
            }
        }
    }

    /// When the next round begins. One that was over long ago does not hold up what is lost
    /// now.
    fn next(&mut self, connected: usize, now: Instant) -> Instant {
        let since = self.ended.map(|ended| now.saturating_duration_since(ended));
        if connected < self.connected {
            self.idle = None;
            if since.is_some_and(|since| since > LONGEST_PAUSE) {
                (self.pause, self.wait) = (FIRST_PAUSE, FIRST_PAUSE);
            }
        }
        self.connected = connected;
        let next = self.ended.map_or(now, |ended| ended + self.wait);
        self.idle.map_or(next, |idle| idle.max(next))
    }

    /// A round is over. `dialled`: whether there was a peer to dial.
    fn on_round(&mut self, dialled: bool, now: Instant) {
        if !dialled {
            self.idle = Some(now + LONGEST_PAUSE);
            return;
        }
        let jitter = rand::rng().random_range(0.5..1.5);
        (self.ended, self.idle) = (Some(now), None);
        self.wait = self.pause.mul_f64(jitter);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_are_farther_and_farther_apart() {
        let mut pace = Pace::new();
        let start = Instant::now();
        assert_eq!(pace.next(0, start), start, "the first is at once");
        let mut pauses = Vec::new();
        for _ in 0..20 {
            pace.on_round(true, start);
            pauses.push(pace.next(0, start) - start);
        }
        let is_about = |pause: Duration, base: Duration| {
            (base.mul_f64(0.5)..=base.mul_f64(1.5)).contains(&pause)
        };
        assert!(is_about(pauses[0], FIRST_PAUSE), "{pauses:?}");
        assert!(is_about(pauses[1], FIRST_PAUSE * 2), "{pauses:?}");
        assert!(is_about(pauses[19], LONGEST_PAUSE), "{pauses:?}");
    }

    #[test]
    fn a_lost_connection_is_dialled_again_soon_and_never_in_a_loop() {
        let start = Instant::now();
        let after = |time| start + time;
        let mut pace = Pace::new();
        let _ = pace.next(0, start);
        pace.on_round(true, start);
        let _ = pace.next(1, start);
        // Nobody else is known.
        pace.on_round(false, start);
        assert!(pace.next(1, start) >= after(LONGEST_PAUSE));
        assert!(pace.next(0, start) <= after(FIRST_PAUSE * 2));
        // A peer that closes each connection is dialled more and more rarely.
        for _ in 0..10 {
            pace.on_round(true, start);
            let _ = pace.next(1, start);
        }
        assert!(pace.next(0, start) >= after(LONGEST_PAUSE / 2));
        // One that was lost much later has not.
        let later = after(LONGEST_PAUSE * 2);
        let _ = pace.next(1, later);
        assert!(pace.next(0, later) <= later);
    }
}
