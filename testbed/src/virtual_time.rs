//! Virtual time: a run over real swarms on a paused clock.
//!
//! The run has a thread and a runtime of its own. Where no task is ready, tokio sets its
//! clock to the next timer, so waiting costs nothing, and the host sets no pace. libp2p has
//! the same clock (`node/clocks`). All entropy of the thread comes from the seed of the run,
//! so the same seed gives the same run.

use std::future::Future;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::sync::OnceLock;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

use node::turns::Turns;
use node::{PeerId, clocks};
use tokio::runtime::{self, Handle};
use tokio::sync::oneshot;
use trace::time;

/// The stack of the thread. Without optimisation, a peer starts deep in libp2p. A guess.
const STACK: usize = 64 << 20;

/// How long the tasks of a run may take turns without any virtual time passing. To start
/// some 10,000 peers takes a tenth of it. A guess.
const LIVELOCK: Duration = Duration::from_secs(120);

/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// No virtual time passes, although much happens: some tasks wake each other, or
/// themselves, without end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Livelock {
    /// For how long no time has passed.
    pub lasted: Duration,
    /// How many tasks there are.
    pub tasks: usize,
    /// The peers whose tasks took turns in the last half second, and how many; those with the
    /// most first. Empty if only the experiment itself did.
    pub busy: Vec<(PeerId, u64)>,
}

/// Why this program cannot run in virtual time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this program was built with the clocks of libp2p as they are; a program of your own needs \
     the two lines of [patch.crates-io] that `testbed new` writes"
)]
pub struct Unsupported;

/// Checks that libp2p follows a paused clock in this program.
///
/// # Errors
/// [`Unsupported`], if its clocks were not replaced.
pub fn check() -> Result<(), Unsupported> {
    static FOLLOWS: OnceLock<bool> = OnceLock::new();
    let follows = FOLLOWS.get_or_init(|| block_on(1, |_| clocks::follow()).unwrap_or(false));
    follows.then_some(()).ok_or(Unsupported)
}

/// Whether what libp2p draws comes from the seed. If not, two runs with one seed differ in
/// its choices.
pub fn is_seeded() -> bool {
    static SEEDED: OnceLock<bool> = OnceLock::new();
    let drawn = |seed| {
        let drawn = async { (RandomState::new().hash_one(0), rand::random::<u64>()) };
        block_on(seed, |_| drawn).ok()
    };
    *SEEDED.get_or_init(|| drawn(1) == drawn(1) && drawn(1) != drawn(2))
}

/// Runs `work` to its end in virtual time, and all tasks that it spawns. The receiver that
/// `work` gets resolves when no virtual time passes any more.
///
/// # Errors
/// The system has no thread for it.
pub fn block_on<W: Future<Output: Send>>(
    seed: u64,
    work: impl FnOnce(oneshot::Receiver<Livelock>) -> W + Send,
) -> io::Result<W::Output> {
    block_on_within(LIVELOCK, seed, work)
}

fn block_on_within<W: Future<Output: Send>>(
    limit: Duration,
    seed: u64,
    work: impl FnOnce(oneshot::Receiver<Livelock>) -> W + Send,
) -> io::Result<W::Output> {
    let run = || {
        entropy::seed_thread(seed);
        let mut runtime = runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build()?;
        let (livelock, reported) = oneshot::channel();
        let (over, ended) = mpsc::channel::<()>();
        let handle = runtime.handle().clone();
        let turns = Turns::default();
        turns.follow();
        let watching = Builder::new().name("virtual clock".into());
        watching.spawn(move || watch(&handle, &turns, limit, livelock, &ended))?;
        let output = runtime.block_on(async {
            time::begin_virtual();
            work(reported).await
        });
        drop(over);
        Ok(output)
    };
    thread::scope(|scope| {
        // libp2p's system clock goes by this name: see node/clocks/web-time.
        let builder = Builder::new().name("virtual time".into());
        let thread = builder.stack_size(STACK).spawn_scoped(scope, run)?;
        let ended = thread.join();
        ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Reports a livelock, until the run has ended. A runtime that has nothing ready parks, and
/// sets its clock to the next timer. Without a timer it stays parked until something comes
/// from outside.
fn watch(
    runtime: &Handle,
    turns: &Turns,
    limit: Duration,
    livelock: oneshot::Sender<Livelock>,
    ended: &mpsc::Receiver<()>,
) {
    // Each park and each unpark counts, so the count is odd while it is parked.
    let count = || runtime.metrics().worker_park_unpark_count(0);
    let (mut last, mut since) = (count(), Instant::now());
    while ended.recv_timeout(LOOK.min(limit)) == Err(RecvTimeoutError::Timeout) {
        let now = count();
        if now != last || now % 2 == 1 {
            (last, since) = (now, Instant::now());
        } else if since.elapsed() >= limit {
            turns.begin();
            let has_ended = ended.recv_timeout(LOOK) != Err(RecvTimeoutError::Timeout);
            let busy = turns.end();
            if has_ended {
                return;
            }
            if count() == now {
                // The work may have ended.
                let _ = livelock.send(Livelock {
                    lasted: since.elapsed(),
                    tasks: runtime.metrics().num_alive_tasks(),
                    busy,
                });
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use node::{Config, Protocol, Transport};

    use super::*;

    #[test]
    fn an_hour_takes_no_time() {
        let began = Instant::now();
        let hour = Duration::from_secs(3600);
        let now = block_on(1, |_| async {
            tokio::time::sleep(hour).await;
            time::now()
        });
        assert_eq!(now.expect("a thread"), UNIX_EPOCH + hour);
        assert!(began.elapsed() < hour / 60);
        assert!(!time::is_virtual(), "only that thread is in virtual time");
    }

    #[test]
    fn the_clocks_of_libp2p_follow() {
        assert_eq!(check(), Ok(()));
    }

    /// A task that wakes itself without end.
    #[test]
    fn a_livelock_is_reported() {
        let limit = Duration::from_millis(200);
        let reported = block_on_within(limit, 1, |livelock| async move {
            let spin = tokio::spawn(async {
                loop {
                    tokio::task::yield_now().await;
                }
            });
            let reported = livelock.await;
            spin.abort();
            reported
        });
        let reported = reported.expect("a thread").expect("a report");
        assert!(
            reported.lasted >= limit && reported.tasks >= 1,
            "{reported:?}"
        );
        assert_eq!(reported.busy, [], "no peer took part");
    }

    /// Pings over memory take no virtual time.
    #[test]
    fn a_livelock_names_the_peers_that_are_busy() {
        let reported = block_on_within(Duration::from_millis(200), 1, |livelock| async move {
            let [one, other, idle] = [1, 2, 3].map(|index| {
                let mut config = Config::new(node::keys::from_seed(1, index));
                config.transports = [Transport::Memory].into();
                config.protocols.insert(Protocol::Ping);
                config.regular_pings = false;
                node::start(config).expect("a peer").handle
            });
            let any = "/memory/0".parse().expect("an address");
            let address = other.listen(any).await.expect("a free port");
            one.dial(address).await.expect("a connection");
            let without_end = async { while one.ping(other.peer_id()).await.is_ok() {} };
            let reported = tokio::select! {
                biased;
                reported = livelock => reported.ok(),
                () = without_end => None,
            };
            let mut pinging = [one.peer_id(), other.peer_id()];
            pinging.sort_unstable();
            (reported, pinging, idle)
        });
        let (reported, pinging, _idle) = reported.expect("a thread");
        let busy = reported.expect("a report").busy;
        let mut peers: Vec<_> = busy.iter().map(|(peer, _)| *peer).collect();
        peers.sort_unstable();
        assert_eq!(peers, pinging, "{busy:?}");
        assert!(busy.iter().all(|(_, turns)| *turns > 1), "{busy:?}");
    }

    /// Nothing is ready, and no timer runs.
    #[test]
    fn waiting_for_something_outside_is_no_livelock() {
        let (later, comes) = oneshot::channel();
        let outside = thread::spawn(move || {
            thread::sleep(Duration::from_millis(900));
            later.send(())
        });
        let ended = block_on_within(Duration::from_millis(500), 1, |livelock| async move {
            tokio::select! {
                biased;
                reported = livelock => reported.ok(),
                _ = comes => None,
            }
        });
        assert_eq!(ended.expect("a thread"), None);
        assert!(outside.join().is_ok());
    }

    /// However long it takes.
    #[test]
    fn time_that_passes_is_no_livelock() {
        let ended = block_on_within(Duration::from_millis(500), 1, |livelock| async move {
            let began = Instant::now();
            let work = async {
                while began.elapsed() < Duration::from_millis(900) {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            tokio::select! {
                biased;
                () = work => None,
                reported = livelock => reported.ok(),
            }
        });
        assert_eq!(ended.expect("a thread"), None);
    }

    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[test]
    fn the_seed_decides_what_is_drawn() {
        assert!(is_seeded());
    }

    /// A live run draws from the operating system.
    #[test]
    fn other_threads_draw_from_the_operating_system() {
        let draw = || {
            thread::spawn(|| node::Keypair::generate_ed25519().public())
                .join()
                .expect("no panic")
        };
        block_on(1, |_| async {}).expect("a thread");
        assert_ne!(draw(), draw());
    }
}
