//! The messages under way.

use std::sync::Arc;

use algorithms::NodeId;
use opentelemetry::trace::SpanContext;
use trace::steps::Received;

use super::identity::Digests;

/// A message, from the step that sent it on.
#[derive(Debug)]
pub(super) struct Sent<M> {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) message: M,
    /// What its receiver gets to know of it.
    pub(super) received: Received,
    pub(super) digests: Digests,
}

/// A message in a channel.
#[derive(Debug)]
pub(super) struct UnderWay<M> {
    pub(super) sent: Arc<Sent<M>>,
    /// Whether it has come already.
    pub(super) again: bool,
}

/// The messages in all channels: by sender, then by receiver, and in each channel in the
/// order in which they were sent. States share the messages.
#[derive(Debug)]
pub(super) struct Channels<M>(Vec<UnderWay<M>>);

/// The sender and the receiver.
type Ends = (u32, u32);

impl<M> Default for Channels<M> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<M> Clone for Channels<M> {
    /// Leaves room for some more messages: most states are changed at once.
    fn clone(&self) -> Self {
        let mut messages = Vec::with_capacity(self.0.len() + 4);
        messages.extend(self.0.iter().cloned());
        Self(messages)
    }
}

impl<M> Clone for UnderWay<M> {
    fn clone(&self) -> Self {
        Self {
            sent: Arc::clone(&self.sent),
            again: self.again,
        }
    }
}

impl<M> Sent<M> {
    pub(super) fn new(ends: Ends, message: M, ids: [u64; 2], by: &SpanContext) -> Self {
        let ((from, to), [id, sequence]) = (ends, ids);
        Self {
            from,
            to,
            message,
            received: Received {
                id,
                sequence,
                incarnation: 1,
                deadline_unix_nano: None,
                size: None,
                sent_by: by.is_valid().then(|| by.clone()),
            },
            digests: Digests::default(),
        }
    }

    pub(super) fn ends(&self) -> Ends {
        (self.from, self.to)
    }

    pub(super) fn nodes(&self) -> (NodeId, NodeId) {
        (NodeId(self.from), NodeId(self.to))
    }
}

impl<M> Channels<M> {
    /// All messages, each with its place in its channel.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &UnderWay<M>)> {
        let mut last = (None, 0);
        self.0.iter().map(move |one| {
            let ends = Some(one.sent.ends());
            let place = if last.0 == ends { last.1 + 1 } else { 0 };
            last = (ends, place);
            (place, one)
        })
    }

    /// Whether a message is in that channel.
    pub(super) fn any(&self, ends: Ends) -> bool {
        self.0.iter().any(|one| one.sent.ends() == ends)
    }

    /// Adds a message at the end of its channel.
    pub(super) fn send(&mut self, sent: Arc<Sent<M>>) {
        let ends = sent.ends();
        let place = self.0.partition_point(|one| one.sent.ends() <= ends);
        self.0.insert(place, UnderWay { sent, again: false });
    }

    /// Takes the message at that place out of its channel. `again`: it stays there, to come
    /// a second time.
    pub(super) fn take(&mut self, ends: Ends, place: usize, again: bool) -> Arc<Sent<M>> {
        let first = self.0.partition_point(|one| one.sent.ends() < ends);
        let one = &mut self.0[first + place];
        match again {
            true => {
                one.again = true;
                Arc::clone(&one.sent)
            }
            false => self.0.remove(first + place).sent,
        }
    }
}
