//! Server-sent events: when the page should look again.
//!
//! An event carries counts and no data. A page that was asleep or is slow thus
//! misses nothing: the next event has all it needs, and what it then asks
//! for is as new as can be.

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

/// Between two events at least so much time passes: people see no more than
/// some four changes a second.
const PACE: Duration = Duration::from_millis(250);

/// `data: {"revision":9,"spans":8,"traces":3,"run":2,"live":true,"evicted":0,
/// "control":{"allowed":["pause"],"paused":false}}`: the store's revision and
/// counts, how often `run.json` has changed since this stream began, whether the
/// run goes on, how many spans were evicted for want of memory, and what can be
/// done to the run.
pub(super) async fn events(
    Shared(state): Shared<State>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let State {
        mut viewer,
        stopping,
    } = state;
    // What changed before this stream began is nothing to tell.
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
    /// What reaches into the run, as long as anything does.
    fault_sender: Option<FaultSender>,
}

impl Watcher {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        let mut stopping = self.stopping.clone();
        // When the sender is gone, so is the server: that is an end as well.
        let stopped = stopping.wait_for(|stopping| *stopping);
        tokio::select! {
            _ = stopped => return None,
            () = self.change() => {}
        }
        let event = Event::default().data(self.look().to_string());
        Some((Ok(event), self))
    }

    /// Waits until there is something to tell. The first event comes at once.
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
        // The revision is read first. What is added in between is then told
        // twice, and not forgotten.
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

/// Waits until something else can be done to the run. True when nothing can be
/// any more; never done where nothing ever could.
async fn pressed(fault_sender: &mut Option<FaultSender>) -> bool {
    match fault_sender {
        Some(fault_sender) => fault_sender.changed().await.is_err(),
        None => std::future::pending().await,
    }
}
