//! Faults that are asked for while a run goes on: the page has a [`FaultSender`], the
//! experiment the [`FaultReceiver`].

use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};
use trace::history::faults::FaultAction;

/// Why a fault is not applied. The page shows it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The run has ended.
    #[error("the run is over")]
    RunEnded,
    /// The run is paused, so it cannot be paused again.
    #[error("the run is paused already")]
    Paused,
    /// The run is not paused, so it cannot be resumed.
    #[error("the run is not paused")]
    NotPaused,
    /// No peer of that name runs.
    #[error("{0:?} is no peer that runs")]
    NoPeer(String),
    /// The peers have no channel.
    #[error("there is no link between {peer} and {other}")]
    NoLink {
        /// One peer.
        peer: String,
        /// The other.
        other: String,
    },
    /// The link is in that state already.
    #[error("the link between {peer} and {other} is {state} already")]
    Unchanged {
        /// One peer.
        peer: String,
        /// The other.
        other: String,
        /// "cut" or "whole".
        state: &'static str,
    },
    /// The algorithm is incorrect when a process crashes.
    #[error("this algorithm does not survive a process that stops")]
    NotSurvived,
    /// The peer runs, or restarts already.
    #[error("{peer} is not down; only a peer that was killed restarts")]
    NotDown {
        /// The peer.
        peer: String,
    },
    /// The peer has an unfinished operation.
    #[error("{peer} has an operation to end; kill another")]
    Busy {
        /// The peer.
        peer: String,
    },
}

/// How many requests may wait for the experiment. A guess: no user is so quick.
const WAITING: usize = 16;

/// The names of the faults that an experiment injects on request. A run that can be
/// paused can be resumed, and a link that can be cut can be healed.
pub type Allowed = Vec<&'static str>;

/// The state that the page shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct State {
    /// The faults that can be requested: none before the network is built, and none
    /// after the run.
    pub allowed: Allowed,
    /// Whether the run is paused.
    pub paused: bool,
}

/// A requested fault, and the channel for the answer.
#[derive(Debug)]
pub struct FaultRequest {
    /// The fault.
    pub action: FaultAction,
    answer: oneshot::Sender<Result<(), Error>>,
}

impl FaultRequest {
    /// Sends the answer.
    pub fn answer(self, answer: Result<(), Error>) {
        // The page may be closed.
        let _ = self.answer.send(answer);
    }
}

/// The page's side.
#[derive(Clone, Debug)]
pub struct FaultSender {
    requests: mpsc::Sender<FaultRequest>,
    state: watch::Receiver<State>,
}

/// The experiment's side.
#[derive(Debug)]
pub struct FaultReceiver {
    requests: mpsc::Receiver<FaultRequest>,
    state: watch::Sender<State>,
}

/// Both sides.
#[must_use]
pub fn control() -> (FaultSender, FaultReceiver) {
    let (sender, requests) = mpsc::channel(WAITING);
    let (state, seen) = watch::channel(State::default());
    let fault_sender = FaultSender {
        requests: sender,
        state: seen,
    };
    (fault_sender, FaultReceiver { requests, state })
}

impl FaultSender {
    /// The faults that can be requested now.
    #[must_use]
    pub fn state(&self) -> State {
        match self.state.has_changed() {
            Ok(_) => self.state.borrow().clone(),
            Err(_) => State::default(), // The run is over.
        }
    }

    /// Like [`FaultSender::state`], and marks the state as seen for
    /// [`FaultSender::changed`].
    pub(crate) fn look(&mut self) -> State {
        match self.state.has_changed() {
            Ok(_) => self.state.borrow_and_update().clone(),
            Err(_) => State::default(), // The run is over.
        }
    }

    /// Waits until other faults can be requested than those that [`FaultSender::look`]
    /// returned.
    ///
    /// # Errors
    /// The run is over: no fault can be requested any more.
    pub(crate) async fn changed(&mut self) -> Result<(), watch::error::RecvError> {
        self.state.changed().await
    }

    /// Requests a fault.
    ///
    /// # Errors
    /// Why the fault was refused.
    pub async fn request(&self, action: FaultAction) -> Result<(), Error> {
        let over = || Err(Error::RunEnded);
        let (answer, answered) = oneshot::channel();
        let request = FaultRequest { action, answer };
        if self.requests.send(request).await.is_err() {
            return over();
        }
        answered.await.unwrap_or_else(|_| over())
    }
}

impl FaultReceiver {
    /// Sets the faults that can be requested from now on.
    pub fn allow(&self, allowed: Allowed) {
        self.state.send_modify(|state| state.allowed = allowed);
    }

    /// Sets whether the run is paused.
    pub fn pause(&self, paused: bool) {
        self.state.send_modify(|state| state.paused = paused);
    }

    /// The next request; never ready once the senders are gone.
    pub async fn next(&mut self) -> FaultRequest {
        match self.requests.recv().await {
            Some(request) => request,
            None => std::future::pending().await,
        }
    }
}
