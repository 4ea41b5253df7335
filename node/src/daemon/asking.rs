//! What the daemon asks of its process, and the answer to each.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use algorithms::{NodeId, hub, ping_pong};
use libp2p::PeerId;
use opentelemetry::Context;
use tokio::sync::oneshot;

use super::algorithm::{Both, Command, Either, Output};
use crate::driver::{Driver, Stopped};

/// The process, and who waits for what it says.
#[derive(Debug)]
pub(super) struct Asking {
    driver: Driver<Both>,
    /// A process numbers what it is asked in its order.
    counts: tokio::sync::Mutex<Counts>,
    waiting: Mutex<HashMap<Key, oneshot::Sender<Output>>>,
}

#[derive(Debug, Default)]
struct Counts {
    pings: u64,
    questions: u64,
}

/// What an output answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Ping(u64),
    Question(u64),
    Session,
}

impl Asking {
    pub(super) fn new(driver: Driver<Both>) -> Self {
        Self {
            driver,
            counts: tokio::sync::Mutex::default(),
            waiting: Mutex::default(),
        }
    }

    pub(super) fn driver(&self) -> &Driver<Both> {
        &self.driver
    }

    /// The process that runs on that peer.
    pub(super) async fn number(&self, peer: PeerId) -> Result<NodeId, Stopped> {
        self.driver.number(peer).await
    }

    /// Gives the command, and waits for its answer. `None`: the process has stopped. A
    /// command without an answer is answered by the next one of its kind.
    pub(super) async fn ask(&self, command: Command, context: Context) -> Option<Output> {
        let answer = {
            let mut counts = self.counts.lock().await;
            let key = counts.key(&command);
            let (sender, answer) = oneshot::channel();
            self.wait(key, sender);
            self.driver.command(command, None, context).await.ok()?;
            answer
        };
        answer.await.ok()
    }

    fn wait(&self, key: Key, sender: oneshot::Sender<Output>) {
        let mut waiting = self.lock();
        waiting.retain(|_, sender| !sender.is_closed());
        waiting.insert(key, sender);
    }

    /// Gives a command that has no answer.
    pub(super) async fn tell(&self, command: hub::Command) {
        // An error means that the process has stopped.
        let command = Either::Hub(command);
        let _ = self.driver.command(command, None, Context::new()).await;
    }

    /// An output of the process.
    pub(super) fn on_output(&self, output: Output) {
        let waits = key_of(&output).and_then(|key| self.lock().remove(&key));
        if let Some(sender) = waits {
            let _ = sender.send(output);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, oneshot::Sender<Output>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn key(&mut self, command: &Command) -> Key {
        match command {
            Either::Ping(ping_pong::Command::Ping { .. }) => {
                let id = self.pings;
                self.pings += 1;
                Key::Ping(id)
            }
            Either::Hub(hub::Command::Join | hub::Command::Leave | hub::Command::AnswerWith(_)) => {
                Key::Session
            }
            Either::Hub(_) => {
                self.questions += 1;
                Key::Question(self.questions)
            }
        }
    }
}

fn key_of(output: &Output) -> Option<Key> {
    use hub::Output as Said;
    match output {
        Either::Ping(
            ping_pong::Output::Answered { id, .. } | ping_pong::Output::TimedOut { id, .. },
        ) => Some(Key::Ping(*id)),
        Either::Ping(ping_pong::Output::Unexpected { .. }) => None,
        Either::Hub(said) => match said {
            Said::Found { number, .. }
            | Said::Sent { number }
            | Said::Answered { number, .. }
            | Said::Late { number }
            | Said::Reversed { number }
            | Said::Refused { number, .. } => Some(match number {
                0 => Key::Session,
                number => Key::Question(*number),
            }),
            Said::Joined | Said::Left => Some(Key::Session),
            Said::Received { .. }
            | Said::DialBack { .. }
            | Said::Entered { .. }
            | Said::SessionBegan { .. }
            | Said::SessionEnded { .. }
            | Said::Vouched { .. } => None,
        },
    }
}
