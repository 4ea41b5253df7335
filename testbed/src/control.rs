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
    Over,
    /// What is paused cannot be paused again.
    #[error("the run is paused already")]
    Paused,
    /// What goes on cannot be resumed.
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
    /// The algorithm is not right without all of its processes.
    #[error("this algorithm does not survive that somebody stops")]
    NotSurvived,
    /// The peer has an operation to end.
    #[error("{peer} has an operation to end; kill another")]
    Busy {
        /// The peer.
        peer: String,
    },
}

/// How many requests wait for the experiment at most. A guess: no person is so quick.
const WAITING: usize = 16;

/// Which presses an experiment takes, by their names. What can be paused can be
/// resumed, and what can be cut healed.
pub type Allowed = Vec<&'static str>;

/// What the page shows of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct State {
    /// What can be pressed. Nothing before the network is there, and nothing
    /// after the run.
    pub allowed: Allowed,
    /// Whether the run is paused.
    pub paused: bool,
}

/// A fault that is asked for, and where the answer goes: why it was refused.
#[derive(Debug)]
pub struct FaultRequest {
    /// What is to be done.
    pub press: FaultAction,
    answer: oneshot::Sender<Result<(), Error>>,
}

impl FaultRequest {
    /// Sends the answer.
    pub fn answer(self, answer: Result<(), Error>) {
        // The page may have gone.
        let _ = self.answer.send(answer);
    }
}

/// The page's side.
#[derive(Clone, Debug)]
pub struct FaultSender {
    presses: mpsc::Sender<FaultRequest>,
    state: watch::Receiver<State>,
}

/// The experiment's side.
#[derive(Debug)]
pub struct FaultReceiver {
    presses: mpsc::Receiver<FaultRequest>,
    state: watch::Sender<State>,
}

/// Both sides.
#[must_use]
pub fn control() -> (FaultSender, FaultReceiver) {
    let (sender, presses) = mpsc::channel(WAITING);
    let (state, seen) = watch::channel(State::default());
    let buttons = FaultSender {
        presses: sender,
        state: seen,
    };
    (buttons, FaultReceiver { presses, state })
}

impl FaultSender {
    /// What can be pressed now.
    #[must_use]
    pub fn state(&self) -> State {
        match self.state.has_changed() {
            Ok(_) => self.state.borrow().clone(),
            Err(_) => State::default(), // The run is over.
        }
    }

    /// The same, which [`FaultSender::changed`] then does not report again.
    pub(crate) fn look(&mut self) -> State {
        match self.state.has_changed() {
            Ok(_) => self.state.borrow_and_update().clone(),
            Err(_) => State::default(), // The run is over.
        }
    }

    /// Waits until something else can be pressed than [`FaultSender::look`] has
    /// seen.
    ///
    /// # Errors
    /// The run is over: nothing can be pressed any more.
    pub(crate) async fn changed(&mut self) -> Result<(), watch::error::RecvError> {
        self.state.changed().await
    }

    /// Presses one.
    ///
    /// # Errors
    /// Why nothing was done.
    pub async fn press(&self, press: FaultAction) -> Result<(), Error> {
        let over = || Err(Error::Over);
        let (answer, answered) = oneshot::channel();
        let pressed = FaultRequest { press, answer };
        if self.presses.send(pressed).await.is_err() {
            return over();
        }
        answered.await.unwrap_or_else(|_| over())
    }
}

impl FaultReceiver {
    /// Says what can be pressed from now on.
    pub fn allow(&self, allowed: Allowed) {
        self.state.send_modify(|state| state.allowed = allowed);
    }

    /// Says whether the run is paused.
    pub fn pause(&self, paused: bool) {
        self.state.send_modify(|state| state.paused = paused);
    }

    /// The next press; never done when nobody can press any more.
    pub async fn next(&mut self) -> FaultRequest {
        match self.presses.recv().await {
            Some(pressed) => pressed,
            None => std::future::pending().await,
        }
    }
}
