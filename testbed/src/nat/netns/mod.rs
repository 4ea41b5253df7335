//! Networks in the kernel's namespaces, and the peers in them.

mod attempt;
mod builder;
mod command;
mod error;
mod family;
mod isolate;
mod layout;
mod passage;
mod port;
mod probe;
mod program;
mod router;
mod space;
mod switch;
mod upnp;

use std::path::Path;

use futures::{FutureExt as _, StreamExt as _, stream};
use tokio_util::sync::CancellationToken;

use super::{Plan, Run};
pub use error::Error;
pub use isolate::{NO_SOCKET, again, ends_with_stdin, prepare};

/// Measures all cells, several at a time, until done or interrupted. `done` is called after
/// each. Peers send their spans to the socket `spans`.
pub async fn measure(
    plan: &Plan,
    spans: Option<&Path>,
    interrupt: &CancellationToken,
    done: impl Fn(),
) -> Vec<Run> {
    let all = (0..plan.runs).flat_map(|_| plan.cells());
    // Number 0 was the trial.
    let attempts: Vec<_> = (1..)
        .zip(all)
        .map(|(number, cell)| attempt::run(plan, spans, cell, number).boxed())
        .collect();
    let mut attempts = stream::iter(attempts).buffer_unordered(plan.parallel);
    let mut runs = Vec::new();
    loop {
        tokio::select! {
            biased;
            () = interrupt.cancelled() => break,
            next = attempts.next() => match next {
                Some(run) => runs.push(run),
                None => break,
            },
        }
        done();
    }
    runs
}
