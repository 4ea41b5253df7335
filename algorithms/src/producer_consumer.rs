//! Producers and consumers: an application to take snapshots of.
//!
//! Every process is both. It produces numbered items and sends each to a
//! random neighbour; what it receives it puts into its buffer, and consumes
//! one item after the other. Whatever was produced was consumed, or is in a
//! buffer, or on its way:
//!
//! > produced = consumed + buffered + in channels
//!
//! where a process's share, what it has consumed and buffers less what it has
//! produced, may well be negative. Unlike balances (see `bank.rs`) the three
//! numbers only ever grow, or follow from those that do: an item that is
//! counted twice, or not at all, is never made up for by another.
//!
//! Nothing tells a producer that a consumer is slow, so a buffer has no bound:
//! it is a count of items. Two processes that wait for each other's room would
//! be another lesson.
//!
//! Cost: one message an item.

use std::time::Duration;

use proto::Bytes;
use proto::prost::Message as _;
use proto::v1;
use rand::RngExt as _;
use rand::seq::IndexedRandom as _;

use crate::{Algorithm, Describe, Fields, NodeId, Out};

/// An item on its way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item {
    /// Who produced it.
    pub from: NodeId,
    /// Its how-manieth it was, from 0.
    pub number: u64,
}

/// What is due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Due {
    /// The next item to send.
    Produce,
    /// The next item to take from the buffer.
    Consume,
}

/// The state of one process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProducerConsumer {
    me: NodeId,
    /// Whom items may be sent to.
    neighbours: Vec<NodeId>,
    /// The mean time between two items, produced or consumed.
    pace: Duration,
    /// How many items were produced, and how many will be.
    produced: u64,
    limit: u64,
    /// How many items came and are not consumed.
    buffered: u64,
    /// How many are.
    consumed: u64,
}

impl ProducerConsumer {
    /// A process that has `buffered` items from before the run, produces
    /// `limit` more for random neighbours, one every `pace` on average, and
    /// consumes as fast.
    pub fn new(
        me: NodeId,
        neighbours: Vec<NodeId>,
        buffered: u64,
        pace: Duration,
        limit: u64,
    ) -> Self {
        Self {
            me,
            neighbours,
            pace,
            produced: 0,
            limit,
            buffered,
            consumed: 0,
        }
    }

    /// What it has consumed and buffers, less what it has produced. Over all
    /// processes, and with one for each item on its way, that adds up to what
    /// was in the buffers at the start.
    pub fn share(&self) -> i128 {
        i128::from(self.consumed) + i128::from(self.buffered) - i128::from(self.produced)
    }
}

impl Algorithm for ProducerConsumer {
    type Message = Item;
    type Timer = Due;
    type Command = ();
    type Output = ();

    fn on_start(&mut self, out: &mut Out<Self>) {
        self.wait_to_produce(out);
        if self.buffered > 0 {
            self.wait(Due::Consume, out);
        }
    }

    fn on_command(&mut self, (): (), _: &mut Out<Self>) {}

    fn on_message(&mut self, _: NodeId, Item { .. }: Item, out: &mut Out<Self>) {
        self.buffered += 1;
        // While there was something in the buffer the timer runs already.
        if self.buffered == 1 {
            self.wait(Due::Consume, out);
        }
    }

    fn on_timer(&mut self, due: Due, out: &mut Out<Self>) {
        match due {
            Due::Produce => self.produce(out),
            Due::Consume => self.consume(out),
        }
    }

    fn begins_operation(due: &Due) -> bool {
        match due {
            Due::Produce | Due::Consume => true,
        }
    }
}

impl ProducerConsumer {
    fn produce(&mut self, out: &mut Out<Self>) {
        if let Some(&to) = self.neighbours.choose(out.rng()) {
            let item = Item {
                from: self.me,
                number: self.produced,
            };
            self.produced += 1;
            out.send(to, item);
        }
        self.wait_to_produce(out);
    }

    fn consume(&mut self, out: &mut Out<Self>) {
        if self.buffered > 0 {
            self.buffered -= 1;
            self.consumed += 1;
        }
        if self.buffered > 0 {
            self.wait(Due::Consume, out);
        }
    }

    fn wait_to_produce(&self, out: &mut Out<Self>) {
        if self.produced < self.limit && !self.neighbours.is_empty() {
            self.wait(Due::Produce, out);
        }
    }

    /// What is due comes after a time between none and twice the pace.
    fn wait(&self, due: Due, out: &mut Out<Self>) {
        let after = self.pace.mul_f64(out.rng().random_range(0.0..2.0));
        out.set_timer(due, after);
    }
}

impl crate::Message for Item {
    fn kind(&self) -> &'static str {
        "ITEM"
    }

    fn to_payload(&self) -> Bytes {
        let Self { from, number } = *self;
        v1::Item {
            from: from.0,
            number,
        }
        .encode_to_vec()
        .into()
    }

    fn from_payload(payload: Bytes) -> Option<Self> {
        let v1::Item { from, number } = v1::Item::decode(payload).ok()?;
        Some(Self {
            from: NodeId(from),
            number,
        })
    }
}

impl Describe for Item {
    fn describe(&self, fields: &mut Fields) {
        fields.text("id", format_args!("{}/{}", self.from.0, self.number));
        fields.integer("amount", 1);
    }
}

impl Describe for ProducerConsumer {
    fn describe(&self, fields: &mut Fields) {
        fields.integer("produced", self.produced);
        fields.integer("buffered", self.buffered);
        fields.integer("consumed", self.consumed);
        fields.integer("total.share", self.share());
    }
}
