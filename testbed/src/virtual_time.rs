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
use std::thread::{self, Builder};

use node::clocks;
use tokio::runtime;
use trace::time;

/// The stack of the thread. Without optimisation, a peer starts deep in libp2p. A guess.
const STACK: usize = 64 << 20;

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
    let follows = FOLLOWS.get_or_init(|| block_on(1, clocks::follow()).unwrap_or(false));
    follows.then_some(()).ok_or(Unsupported)
}

/// Whether what libp2p draws comes from the seed. If not, two runs with one seed differ in
/// its choices.
pub fn is_seeded() -> bool {
    static SEEDED: OnceLock<bool> = OnceLock::new();
    let drawn = |seed| {
        let drawn = async { (RandomState::new().hash_one(0), rand::random::<u64>()) };
        block_on(seed, drawn).ok()
    };
    *SEEDED.get_or_init(|| drawn(1) == drawn(1) && drawn(1) != drawn(2))
}

/// Runs `work` to its end in virtual time, and all tasks that it spawns.
///
/// # Errors
/// The system has no thread for it.
pub fn block_on<T: Send>(seed: u64, work: impl Future<Output = T> + Send) -> io::Result<T> {
    let run = || {
        entropy::seed_thread(seed);
        let mut runtime = runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build()?;
        Ok(runtime.block_on(async {
            time::begin_virtual();
            work.await
        }))
    };
    thread::scope(|scope| {
        let builder = Builder::new().name("virtual time".into()).stack_size(STACK);
        let thread = builder.spawn_scoped(scope, run)?;
        thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant, UNIX_EPOCH};

    use super::*;

    #[test]
    fn an_hour_takes_no_time() {
        let began = Instant::now();
        let hour = Duration::from_secs(3600);
        let now = block_on(1, async {
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
        block_on(1, async {}).expect("a thread");
        assert_ne!(draw(), draw());
    }
}
