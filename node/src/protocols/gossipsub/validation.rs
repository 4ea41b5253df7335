//! Messages that are being validated: each waits for the same time.

use std::collections::VecDeque;
use std::future::pending;
use std::time::Duration;

use libp2p::PeerId;
use libp2p::gossipsub::{Message, MessageId};
use tokio::time::{Instant, sleep_until};

/// The first copy of a message, which libp2p holds until it is validated.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) id: MessageId,
    pub(crate) via: PeerId,
    pub(crate) message: Message,
}

/// The messages that wait, in the order in which they are valid.
#[derive(Debug)]
pub(crate) struct Validation {
    takes: Duration,
    waiting: VecDeque<(Instant, Received)>,
}

impl Validation {
    pub(crate) fn new(takes: Duration) -> Self {
        let waiting = VecDeque::new();
        Self { takes, waiting }
    }

    /// Whether messages need not wait.
    pub(crate) fn is_instant(&self) -> bool {
        self.takes.is_zero()
    }

    pub(crate) fn begin(&mut self, received: Received) {
        self.waiting
            .push_back((Instant::now() + self.takes, received));
    }

    /// The next message that is valid. If the future is dropped, none is lost.
    pub(crate) async fn next(&mut self) -> Received {
        if let Some((at, _)) = self.waiting.front() {
            sleep_until(*at).await;
        }
        match self.waiting.pop_front() {
            Some((_, received)) => received,
            None => pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use libp2p::gossipsub::IdentTopic;

    use super::*;

    fn received(id: &str) -> Received {
        Received {
            id: MessageId::new(id.as_bytes()),
            via: PeerId::random(),
            message: Message {
                source: None,
                data: Vec::new(),
                sequence_number: None,
                topic: IdentTopic::new("topic").hash(),
            },
        }
    }

    #[tokio::test(start_paused = true)]
    async fn messages_wait_beside_each_other() {
        let began = Instant::now();
        let mut validation = Validation::new(Duration::from_millis(100));
        validation.begin(received("a"));
        tokio::time::advance(Duration::from_millis(40)).await;
        validation.begin(received("b"));
        assert!(validation.next().now_or_never().is_none(), "not valid yet");
        let mut ended = Vec::new();
        for _ in 0..2 {
            let id = validation.next().await.id;
            ended.push((id, began.elapsed().as_millis()));
        }
        assert_eq!(
            ended,
            [(MessageId::new(b"a"), 100), (MessageId::new(b"b"), 140)]
        );
        assert!(validation.next().now_or_never().is_none(), "no message");
    }
}
