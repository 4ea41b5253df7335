//! The application's messages by channel, in the order of sending. The messages
//! that a cut divides are near the cut, so the check of a snapshot does not read
//! the rest of the run.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::cut::{Act, Cut, Run, Sent, id_of};

#[cfg(test)]
mod property_tests;

/// The place of a receipt that the run does not have.
const NEVER: usize = usize::MAX;

/// All channels of a run.
#[derive(Debug, Default)]
pub(super) struct Channels<'a> {
    /// By sender and receiver.
    pub(super) all: BTreeMap<(usize, usize), Channel<'a>>,
    /// Receipts by a process to which the message was not sent.
    pub(super) misdelivered: Vec<Misdelivered<'a>>,
}

/// The messages of one channel.
#[derive(Debug, Default)]
pub(super) struct Channel<'a> {
    pub(super) messages: Vec<Passage<'a>>,
    /// For each message, the latest first receipt of the messages up to it.
    last_receipt: Vec<usize>,
    /// For each message, the earliest first receipt of the messages from it on.
    first_receipt: Vec<usize>,
    /// The messages of each name.
    named: HashMap<&'a str, Vec<usize>>,
    /// The messages that were received more than once.
    repeated: Vec<usize>,
}

/// A message and its receipts.
#[derive(Debug)]
pub(super) struct Passage<'a> {
    pub(super) sent: Sent<'a>,
    /// Their places in the receiver's line, in order.
    pub(super) received: Vec<usize>,
}

/// A receipt by a process to which the message was not sent.
#[derive(Debug)]
pub(super) struct Misdelivered<'a> {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) sent: Sent<'a>,
    pub(super) at: usize,
}

impl<'a> Channels<'a> {
    pub(super) fn read(run: &Run<'a>) -> Self {
        let mut channels = Self::default();
        let mut places = HashMap::new();
        for (from, line) in run.lines.iter().enumerate() {
            for (at, act) in line.iter().enumerate() {
                let Act::Send(id) = *act else { continue };
                // Of two messages sent under one id, the run has the last.
                let sent = run.sent.get(&(from, id)).filter(|sent| sent.at == at);
                let Some(&sent) = sent else { continue };
                let channel = channels.all.entry((from, sent.to)).or_default();
                places.insert((from, id), channel.messages.len());
                channel.messages.push(Passage {
                    sent,
                    received: Vec::new(),
                });
            }
        }
        for (to, line) in run.lines.iter().enumerate() {
            for (at, act) in line.iter().enumerate() {
                let Act::Receive(from, id) = *act else {
                    continue;
                };
                let Some(&sent) = run.sent.get(&(from, id)) else {
                    continue;
                };
                let channel = channels.all.get_mut(&(from, to));
                match channel.filter(|_| sent.to == to) {
                    Some(channel) => channel.messages[places[&(from, id)]].received.push(at),
                    None => channels
                        .misdelivered
                        .push(Misdelivered { from, to, sent, at }),
                }
            }
        }
        channels.all.values_mut().for_each(Channel::index);
        channels
    }

    /// How many receipts there are of messages whose sending is known.
    pub(super) fn receipts(&self) -> usize {
        let of = |channel: &Channel<'_>| -> usize {
            let counts = channel.messages.iter().map(|one| one.received.len());
            counts.sum()
        };
        self.all.values().map(of).sum::<usize>() + self.misdelivered.len()
    }
}

impl<'a> Channel<'a> {
    fn index(&mut self) {
        let first = |passage: &Passage<'_>| passage.received.first().copied().unwrap_or(NEVER);
        let mut last = 0;
        for (number, passage) in self.messages.iter().enumerate() {
            last = last.max(first(passage));
            self.last_receipt.push(last);
            if passage.received.len() > 1 {
                self.repeated.push(number);
            }
            if let Some(name) = id_of(&passage.sent.message.fields) {
                self.named.entry(name).or_default().push(number);
            }
        }
        let mut earliest = NEVER;
        for passage in self.messages.iter().rev() {
            earliest = earliest.min(first(passage));
            self.first_receipt.push(earliest);
        }
        self.first_receipt.reverse();
    }

    /// How many messages were sent before that place of the sender's line.
    fn sent_before(&self, place: usize) -> usize {
        self.messages
            .partition_point(|passage| passage.sent.at < place)
    }

    /// The numbers of the messages that were sent before the cut, and not received
    /// before it, in order.
    pub(super) fn in_transit(&self, (from, to): (usize, usize), cut: &Cut<'_>) -> Vec<usize> {
        let end = self.sent_before(cut.place(from));
        let place = cut.place(to);
        let mut found: Vec<_> = (0..end)
            .rev()
            .take_while(|number| self.last_receipt[*number] >= place)
            .filter(|number| {
                let received = self.messages[*number].received.first();
                received.is_none_or(|at| *at >= place)
            })
            .collect();
        found.reverse();
        found
    }

    /// The numbers of the messages that were received before the cut, and not sent
    /// before it, in order.
    pub(super) fn orphans(&self, (from, to): (usize, usize), cut: &Cut<'_>) -> Vec<usize> {
        let begin = self.sent_before(cut.place(from));
        let place = cut.place(to);
        (begin..self.messages.len())
            .take_while(|number| self.first_receipt[*number] < place)
            .filter(|number| {
                let received = self.messages[*number].received.first();
                received.is_some_and(|at| *at < place)
            })
            .collect()
    }

    /// The numbers of all messages that may lie on both sides of the cut, and of
    /// those that the cut recorded in the channel, by their `names`.
    pub(super) fn divided<'b>(
        &self,
        ends: (usize, usize),
        cut: &Cut<'_>,
        names: impl Iterator<Item = &'b str>,
    ) -> BTreeSet<usize> {
        let named = names.filter_map(|name| self.named.get(name)).flatten();
        let mut all: BTreeSet<_> = named.chain(&self.repeated).copied().collect();
        all.extend(self.in_transit(ends, cut));
        all.extend(self.orphans(ends, cut));
        all
    }
}
