//! Server-sent events, which tell the page when to query again.
//!
//! An event carries counts and no data, so a page that was suspended or is slow misses
//! nothing: the next event is complete, and the data that the page then queries is
//! current.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State as Shared;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures::Stream;
use serde_json::json;
use tokio::sync::watch;

use super::{State, Takes, Viewer};
use crate::control::{self, FaultSender};

/// The least time between two events: people perceive about four changes a second.
const PACE: Duration = Duration::from_millis(250);

/// `data: {"revision":9,"spans":8,"traces":3,"run":2,"live":true,"evicted":0,
/// "control":{"allowed":["pause"],"paused":false}}`: the store's revision and
/// counts, how often `run.json` has changed since this stream began, whether the
/// run goes on, how many spans were evicted to limit memory, and which faults can be
/// requested.
pub(super) async fn events(
    Shared(state): Shared<State>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let State {
        mut viewer,
        stopping,
    } = state;
    // Changes from before this stream began are not reported.
    viewer.run.mark_unchanged();
    let live = viewer.run.has_changed().is_ok();
    let fault_sender = match &viewer.takes {
        Takes::Faults(fault_sender) => Some(fault_sender.clone()),
        Takes::Nothing | Takes::Spans => None,
    };
    let watcher = Watcher {
        viewer,
        stopping,
        seen: None,
        run_changes: 0,
        live,
        fault_sender,
    };
    Sse::new(futures::stream::unfold(watcher, Watcher::next)).keep_alive(KeepAlive::default())
}

struct Watcher {
    viewer: Viewer,
    stopping: watch::Receiver<bool>,
    /// The store's revision when the last event was sent.
    seen: Option<u64>,
    run_changes: u64,
    live: bool,
    /// The sender of fault requests, as long as faults can be requested.
    fault_sender: Option<FaultSender>,
}

impl Watcher {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        let mut stopping = self.stopping.clone();
        // If the sender is gone, so is the server, and the stream ends too.
        let stopped = stopping.wait_for(|stopping| *stopping);
        tokio::select! {
            _ = stopped => return None,
            () = self.change() => {}
        }
        let event = Event::default().data(self.look().to_string());
        Some((Ok(event), self))
    }

    /// Waits until there is a change to report. The first event is sent at once.
    async fn change(&mut self) {
        let Some(seen) = self.seen else { return };
        tokio::time::sleep(PACE).await;
        tokio::select! {
            _ = self.viewer.store.changed_since(seen) => {}
            changed = self.viewer.run.changed(), if self.live => match changed {
                Ok(()) => self.run_changes += 1,
                Err(_) => self.live = false,
            },
            over = pressed(&mut self.fault_sender) => if over { self.fault_sender = None },
        }
    }

    fn look(&mut self) -> serde_json::Value {
        let store = &self.viewer.store;
        // The revision is read first: a span that is added in between is reported twice
        // instead of being missed.
        let revision = store.revision();
        self.seen = Some(revision);
        json!({
            "revision": revision,
            "spans": store.len(),
            "traces": store.trace_count(),
            "run": self.run_changes,
            "live": self.live,
            "evicted": store.evicted().unwrap_or_default().spans,
            "control": self.fault_sender.as_mut().map_or_else(control::State::default, FaultSender::look),
        })
    }
}

/// Waits until the requestable faults change. True if none can be requested any more;
/// pending forever if none ever could.
async fn pressed(fault_sender: &mut Option<FaultSender>) -> bool {
    match fault_sender {
        Some(fault_sender) => fault_sender.changed().await.is_err(),
        None => std::future::pending().await,
    }
}
