//! Ctrl-C, SIGTERM and SIGHUP: the first signal ends the run in order, the second at
//! once. One that comes with the first is the same request: `timeout` of coreutils sends each
//! signal to its command, and then to its group. SIGHUP stays ignored if it was ignored at the
//! start, as under `nohup`.
//!
//! A thread of its own waits for signals, so that tasks that never yield, or a thread
//! that processes millions of spans, do not delay the second one.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
#[cfg(unix)]
use std::{
    future::poll_fn,
    task::{Context, Poll},
};

use tokio::runtime;
use tokio_util::sync::CancellationToken;

/// The exit status that the shell expects of a program ended by SIGINT: 128 and 2.
const AT_ONCE: i32 = 130;

/// How long after the first signal another one belongs to it. A guess: a user takes longer to
/// press Ctrl-C again.
const TOGETHER: Duration = Duration::from_millis(100);

/// Watches for signals from the first call on. The token, which is the same for all calls, is
/// cancelled by the first signal.
///
/// # Errors
/// The system does not allow it, or has no thread for it.
pub fn watch() -> std::io::Result<CancellationToken> {
    static WATCHED: Mutex<Option<CancellationToken>> = Mutex::new(None);
    let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    match &*watched {
        Some(token) => Ok(token.clone()),
        None => Ok(watched.insert(begin()?).clone()),
    }
}

fn begin() -> std::io::Result<CancellationToken> {
    let token = CancellationToken::new();
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut signals = {
        let _guard = runtime.enter();
        Signals::new()?
    };
    let first = token.clone();
    let wait = async move {
        signals.next().await;
        let at = Instant::now();
        first.cancel();
        while at.elapsed() < TOGETHER {
            signals.next().await;
        }
        std::process::exit(AT_ONCE);
    };
    let thread = thread::Builder::new().name("signals".into());
    thread.spawn(move || runtime.block_on(wait))?;
    Ok(token)
}

#[cfg(unix)]
struct Signals(Vec<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
        if !ignores(SignalKind::hangup().as_raw_value()) {
            kinds.push(SignalKind::hangup());
        }
        let signals = kinds.into_iter().map(signal);
        Ok(Self(signals.collect::<std::io::Result<_>>()?))
    }

    async fn next(&mut self) {
        let any = |cx: &mut Context<'_>| {
            let mut came = self.0.iter_mut().map(|signal| signal.poll_recv(cx));
            match came.any(|came| came.is_ready()) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        };
        poll_fn(any).await;
    }
}

/// Whether this process ignores a signal. If the system does not report that, the signal
/// is treated as ignored, and keeps its default effect.
#[cfg(unix)]
fn ignores(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status");
    status.map_or(true, |status| ignored(&status, signal))
}

/// The same, read from the text of `/proc/PID/status`.
#[cfg(unix)]
fn ignored(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_none_or(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::ignored;

    #[test]
    fn ignored_signals_are_read() {
        for (status, expected) in [
            (
                "SigBlk:\t0000000000000001\nSigIgn:\t0000000000000000\n",
                false,
            ),
            (
                "SigIgn:\t0000000000001001\nSigCgt:\t0000000000000000\n",
                true,
            ),
            ("SigIgn:\t0000000000001000\n", false),
            ("Name:\ttestbed\n", true),
            ("SigIgn:\tnone\n", true),
        ] {
            assert_eq!(ignored(status, 1), expected, "{status}");
        }
    }
}
