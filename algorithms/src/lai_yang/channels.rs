//! The channels that lead to a process, as a snapshot records them.

use std::collections::{BTreeMap, BTreeSet};

use crate::NodeId;

/// How many messages of the application went over the two channels to and from
/// a neighbour since the start, whatever their colours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Counters {
    pub(super) sent: u64,
    pub(super) received: u64,
}

/// The channels of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Channels<M> {
    /// Channels that may still hold white messages.
    open: BTreeMap<NodeId, Channel<M>>,
    /// Channels that held white messages and have no more.
    recorded: Vec<(NodeId, Vec<M>)>,
}

/// A channel that is being recorded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Channel<M> {
    /// How many white messages have arrived on it since the start.
    white: u64,
    /// How many were sent, once announced.
    announced: Option<u64>,
    /// The messages that arrived after this process recorded its state.
    messages: Vec<M>,
}

impl<M: Clone> Channels<M> {
    /// All channels that lead here. All messages so far were white: a red one would
    /// have been handled after the recording that it causes.
    pub(super) fn new(neighbours: &BTreeMap<NodeId, Counters>) -> Self {
        let channel = |(&from, counters): (&NodeId, &Counters)| {
            let channel = Channel {
                white: counters.received,
                announced: None,
                messages: Vec::new(),
            };
            (from, channel)
        };
        Self {
            open: neighbours.iter().map(channel).collect(),
            recorded: Vec::new(),
        }
    }

    /// The sender had sent that many messages on the channel. Returns whether all
    /// of them have arrived.
    pub(super) fn on_announced(&mut self, from: NodeId, sent: u64) -> bool {
        if let Some(channel) = self.open.get_mut(&from) {
            // A second announcement is forged. It changes nothing.
            channel.announced.get_or_insert(sent);
        }
        self.close_if_empty(from)
    }

    /// A white message has arrived. Returns whether it was the last.
    pub(super) fn on_white(&mut self, from: NodeId, message: &M) -> bool {
        if let Some(channel) = self.open.get_mut(&from) {
            channel.white += 1;
            channel.messages.push(message.clone());
        }
        self.close_if_empty(from)
    }

    /// Whether no channel can hold white messages any more.
    pub(super) fn are_recorded(&self) -> bool {
        self.open.is_empty()
    }

    /// The messages that the channels held, each in its order.
    pub(super) fn take(&mut self) -> Vec<(NodeId, Vec<M>)> {
        std::mem::take(&mut self.recorded)
    }

    /// Stops recording. Returns the senders of the channels that were open.
    pub(super) fn abort(&mut self) -> BTreeSet<NodeId> {
        std::mem::take(&mut self.open).into_keys().collect()
    }

    /// Closes the channel when all white messages that were sent have arrived. An
    /// announcement of fewer than arrived is forged, and the snapshot will abort.
    fn close_if_empty(&mut self, from: NodeId) -> bool {
        let empty = |channel: &Channel<_>| channel.announced == Some(channel.white);
        if !self.open.get(&from).is_some_and(empty) {
            return false;
        }
        if let Some(Channel { messages, .. }) = self.open.remove(&from)
            && !messages.is_empty()
        {
            self.recorded.push((from, messages));
        }
        true
    }
}
