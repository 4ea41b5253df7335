//! Producers and consumers: an application to take snapshots of.
//!
//! Every process is both. It produces numbered items and sends each to a
//! random neighbour; what it receives it puts into its buffer, and consumes
//! one item after the other. Whatever was produced was consumed, or is in a
//! buffer, or on its way:
//!
//! > produced = consumed + buffered + in channels
//!
//! A process's share in that, what it has consumed and buffers less what it
//! has produced, may well be negative. Unlike a balance (see `bank.rs`) what
//! was produced and what was consumed only ever grow: of two snapshots the
//! later shows no less of either.
//!
//! Nothing tells a producer that a consumer is slow, so a buffer has no bound:
//! it is a count of items. Two processes that wait for each other's room would
//! be another lesson.
//!
//! What it needs: channels that lose and double nothing, in any order.
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
    /// Who produced it.
    #[message(tag = 1)]
    pub from: NodeId,
    /// How many its producer had produced before.
    #[message(tag = 2)]
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

    /// Processes that all know each other.
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

    /// The shares of all, and what is on its way.
    fn total(network: &Network<ProducerConsumer>) -> i64 {
        let share = |process: &ProducerConsumer| process.fields().get_integer("total.share");
        let amount = |item: &Item| item.fields().get_integer("amount");
        network.processes.iter().filter_map(share).sum::<i64>()
            + network.under_way().filter_map(amount).sum::<i64>()
    }

    #[test]
    fn whatever_was_produced_is_somewhere_and_is_consumed_in_the_end() {
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
    fn items_are_told_apart() {
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
