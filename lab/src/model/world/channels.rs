//! The channels between processes, and the messages under way.

use std::collections::VecDeque;
use std::sync::Arc;

use opentelemetry::trace::SpanContext;
use trace::steps::Received;

use super::identity::{Digests, Identity};

/// A message, from the step that sent it on.
#[derive(Debug)]
pub(super) struct Sent<M> {
    pub(super) message: M,
    /// Unique among the messages of its sender.
    pub(super) id: u64,
    pub(super) by: SpanContext,
    pub(super) digests: Digests,
}

/// A message in a channel.
#[derive(Debug)]
pub(super) struct UnderWay<M> {
    pub(super) sent: Arc<Sent<M>>,
    pub(super) sequence: u64,
    /// Whether it has come already.
    pub(super) again: bool,
}

/// What one process sent to another, in order.
#[derive(Clone, Debug)]
pub(super) struct Channel<M> {
    pub(super) from: u32,
    pub(super) to: u32,
    next_sequence: u64,
    pub(super) messages: VecDeque<UnderWay<M>>,
    pub(super) digests: Digests,
}

/// All channels that were used, by their ends. States share those that are the same.
#[derive(Clone, Debug)]
pub(super) struct Channels<M>(Vec<Arc<Channel<M>>>);

impl<M> Default for Channels<M> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<M> Clone for UnderWay<M> {
    fn clone(&self) -> Self {
        Self {
            sent: Arc::clone(&self.sent),
            ..*self
        }
    }
}

impl<M> UnderWay<M> {
    /// What its receiver gets to know of it.
    pub(super) fn received(&self) -> Received {
        let by = &self.sent.by;
        Received {
            id: self.sent.id,
            sequence: self.sequence,
            incarnation: 1,
            deadline_unix_nano: None,
            size: None,
            sent_by: by.is_valid().then(|| by.clone()),
        }
    }
}

impl<M: Clone> Channels<M> {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Channel<M>> {
        self.0.iter().map(Arc::as_ref)
    }

    /// Adds a message at the end of its channel.
    pub(super) fn send(&mut self, ends: (u32, u32), sent: Arc<Sent<M>>, identity: &Identity) {
        self.change(ends, identity, |channel| {
            let sequence = channel.next_sequence;
            channel.next_sequence += 1;
            channel.messages.push_back(UnderWay {
                sent,
                sequence,
                again: false,
            });
        });
    }

    /// Takes the message at that place out of its channel. `again`: it stays there, to come
    /// a second time.
    pub(super) fn take(
        &mut self,
        ends: (u32, u32),
        place: usize,
        again: bool,
        identity: &Identity,
    ) -> UnderWay<M> {
        self.change(ends, identity, |channel| {
            let one = channel.messages.remove(place).expect("it is there");
            if again {
                let again = UnderWay {
                    again,
                    ..one.clone()
                };
                channel.messages.insert(place, again);
            }
            one
        })
    }

    fn change<T>(
        &mut self,
        (from, to): (u32, u32),
        identity: &Identity,
        change: impl FnOnce(&mut Channel<M>) -> T,
    ) -> T {
        let found = self
            .0
            .binary_search_by_key(&(from, to), |channel| (channel.from, channel.to));
        let place = found.unwrap_or_else(|place| {
            let channel = Channel {
                from,
                to,
                next_sequence: 0,
                messages: VecDeque::new(),
                digests: Digests::default(),
            };
            self.0.insert(place, Arc::new(channel));
            place
        });
        let channel = Arc::make_mut(&mut self.0[place]);
        let changed = change(channel);
        channel.digests = identity.channel(channel);
        changed
    }
}
