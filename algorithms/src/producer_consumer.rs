//! Producers and consumers: an application to take snapshots of.
//!
//! Every process is both. It produces numbered items and sends each to a random
//! neighbour; it puts the items that it receives into its buffer, and consumes
//! one after the other. Every item that was produced was consumed, or is in a
//! buffer, or on its way:
//!
//! > produced = consumed + buffered + in channels
//!
//! A process's share in that, the items it has consumed and buffered less those
//! it has produced, may be negative. Unlike a balance (see `bank.rs`), the two
//! counts, produced and consumed, only ever grow: of two snapshots the later
//! shows no less of either.
//!
//! A producer does not learn that a consumer is slow, so a buffer has no bound:
//! it is a count of items. Processes that wait for space in each other's buffers
//! would be another lesson.
//!
//! What it needs: channels that neither lose nor duplicate messages, in any order.
//!
//! Cost: one message an item.
//!
//! The whole application is in this file.

use std::time::Duration;

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;

use crate::{Algorithm, Describe, Fields, Message, NodeId, Out};

/// An item on its way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Message)]
pub struct Item {
    /// The producer.
    #[message(tag = 1)]
    pub from: NodeId,
    /// Zero-based sequence number, per producer.
    #[message(tag = 2)]
    pub number: u64,
}

/// The timers: what a process does next.
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
    /// The processes to which it may send items.
    neighbours: Vec<NodeId>,
    /// The mean time between two items, produced or consumed.
    pace: Duration,
    /// How many items it has produced, and how many it will produce in all.
    produced: u64,
    limit: u64,
    /// How many items it has received and not consumed.
    buffered: u64,
    /// How many items it has consumed.
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

    /// The items that it has consumed and buffered, less those it has produced.
    /// Over all processes, and with one for each item on its way, that adds up to
    /// the number of items in the buffers at the start.
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
        // If the buffer was not empty the timer runs already.
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

    /// Sets the timer to a random time between zero and twice the pace.
    fn wait(&self, due: Due, out: &mut Out<Self>) {
        let after = self.pace.mul_f64(out.rng().random_range(0.0..2.0));
        out.set_timer(due, after);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Network, mesh, neighbours};
    use crate::{Effect, Input, step};

    const BUFFERED: u64 = 2;

    /// A fully connected network.
    fn network(processes: u32, limit: u64, seed: u64) -> Network<ProducerConsumer> {
        let edges = mesh(processes);
        let pace = Duration::from_millis(1);
        let new = |me| ProducerConsumer::new(me, neighbours(&edges, me), BUFFERED, pace, limit);
        let mut network = Network::new(processes, new, seed);
        for me in (0..processes).map(NodeId) {
            network.later(me, Input::Start);
        }
        network
    }

    /// The shares of all processes, and the items on their way.
    fn total(network: &Network<ProducerConsumer>) -> i64 {
        let share = |process: &ProducerConsumer| process.fields().get_integer("total.share");
        let amount = |item: &Item| item.fields().get_integer("amount");
        network.processes.iter().filter_map(share).sum::<i64>()
            + network.under_way().filter_map(amount).sum::<i64>()
    }

    #[test]
    fn produced_items_are_never_lost_and_are_all_consumed() {
        for (processes, limit) in [(1, 10), (2, 0), (2, 10), (5, 20)] {
            for seed in 0..20 {
                let case = format!("{processes} processes, {limit} items, seed {seed}");
                let mut network = network(processes, limit, seed);
                while network.step() {
                    let all = BUFFERED * u64::from(processes);
                    assert_eq!(total(&network), all as i64, "{case}");
                }
                assert!(network.sent.iter().all(|(from, to, _)| from != to));
                let produced = if processes > 1 { limit } else { 0 };
                for process in &network.processes {
                    assert_eq!(
                        (process.produced, process.buffered),
                        (produced, 0),
                        "{case}"
                    );
                }
                let consumed: u64 = network.processes.iter().map(|p| p.consumed).sum();
                assert_eq!(
                    consumed,
                    u64::from(processes) * (produced + BUFFERED),
                    "{case}"
                );
            }
        }
    }

    #[test]
    fn items_have_distinct_ids() {
        let (me, other) = (NodeId(4), NodeId(1));
        let mut process = ProducerConsumer::new(me, vec![other], 0, Duration::ZERO, 3);
        for number in 0..3 {
            let effects = step(&mut process, Input::Timer(Due::Produce), 0);
            let Some(Effect::Send { message, .. }) = effects.first() else {
                panic!("{effects:?}");
            };
            let text = format!("id=4/{number} amount=1");
            assert_eq!(message.fields().to_string(), text);
        }
        let text = "produced=3 buffered=0 consumed=0 total.share=-3";
        assert_eq!(process.fields().to_string(), text);
    }
}
