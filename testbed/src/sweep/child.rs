//! A run of a sweep, in a separate process, so that runs share neither memory nor
//! ports.
//!
//! The run's standard input is a pipe that the sweep holds. A byte in it asks the run
//! to shut down gracefully; its end means that the sweep is gone. So a run never
//! outlives its sweep, however the sweep ended.

use std::io::{self, Read as _, Write as _};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Set in the environment of a run whose standard input is such a pipe.
const VARIABLE: &str = "TESTBED_SWEEP";

/// The exit status of a run that did not shut down gracefully.
const AT_ONCE: i32 = 130;

/// Runs `command` to its end. When `interrupt` is cancelled, the run is asked to
/// save what it has and to end. If that takes longer than `grace`, the run ends at once.
///
/// # Errors
/// When it cannot be started, or its output cannot be read.
pub(crate) async fn run(
    command: &mut Command,
    interrupt: &CancellationToken,
    grace: Option<Duration>,
) -> io::Result<Output> {
    command.env(VARIABLE, "1").stdin(Stdio::piped());
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn()?;
    let mut input = child.stdin.take();
    let mut ended = tokio::task::spawn_blocking(move || child.wait_with_output());
    let output = tokio::select! {
        output = &mut ended => output,
        () = interrupt.cancelled() => {
            if let Some(input) = &mut input {
                // The write fails if the run has just ended.
                let _ = input.write_all(b"\n");
            }
            if let Some(grace) = grace {
                let in_time = timeout(grace, &mut ended).await;
                // Its end is the end of the run.
                drop(input.take());
                match in_time {
                    Ok(output) => output,
                    Err(_) => ended.await,
                }
            } else {
                ended.await
            }
        }
    };
    drop(input);
    output.map_err(io::Error::other)?
}

/// In a run that a sweep has started, shuts the run down when the sweep asks for it or
/// is gone. If the sweep is gone after it asked, the run ends at once.
pub(crate) fn obey(interrupt: &CancellationToken) {
    if std::env::var_os(VARIABLE).is_none() {
        return;
    }
    let interrupt = interrupt.clone();
    let watch = move || {
        let mut byte = [0];
        while let Ok(1) = io::stdin().read(&mut byte) {
            interrupt.cancel();
        }
        if interrupt.is_cancelled() {
            std::process::exit(AT_ONCE);
        }
        interrupt.cancel();
    };
    // If no thread can be started, the run still ends by itself.
    let _ = thread::Builder::new().spawn(watch);
}
