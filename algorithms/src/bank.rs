//! Bank transfers: an application to take snapshots of.
//!
//! Every process holds money and now and then sends some of it to a neighbour.
//! Money is neither created nor lost, so at any one time the balances, and the
//! amounts in transfers under way, add up to the total at the start. No process
//! can observe that sum: asking each in turn counts some money twice, and some
//! not at all. A snapshot solves this problem: see `chandy_lamport.rs`.
//!
//! Each transfer has a number, unique together with its sender, so that a
//! checker can tell messages apart: with amounts alone, errors may cancel.
//!
//! What it needs: channels that neither lose nor duplicate messages, in any order.
//!
//! Cost: one message a transfer.
//!
//! The whole application is in this file.

use std::time::Duration;

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;

use crate::{Algorithm, Describe, Fields, Message, NodeId, Out};

/// Money on its way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Message)]
#[message(check = |transfer: &Self| transfer.amount > 0)]
pub struct Transfer {
    /// The sender.
    #[message(tag = 3)]
    pub from: NodeId,
    /// Zero-based sequence number, per sender.
    #[message(tag = 1)]
    pub number: u64,
    /// The amount of money.
    #[message(tag = 2)]
    pub amount: u64,
}

/// When the next transfer is due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Due;

/// The state of one process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bank {
    me: NodeId,
    /// The processes to which it may send money.
    neighbours: Vec<NodeId>,
    /// The mean time between two transfers; none when it is zero.
    pace: Duration,
    balance: u64,
    /// How many transfers were sent, and how many it will send in all.
    sent: u64,
    limit: u64,
}

impl Bank {
    /// A process that holds `balance` and sends up to `limit` transfers to
    /// random neighbours, one every `pace` on average.
    pub fn new(
        me: NodeId,
        neighbours: Vec<NodeId>,
        balance: u64,
        pace: Duration,
        limit: u64,
    ) -> Self {
        Self {
            me,
            neighbours,
            pace,
            balance,
            sent: 0,
            limit,
        }
    }

    /// The money that it holds.
    pub fn balance(&self) -> u64 {
        self.balance
    }
}

impl Algorithm for Bank {
    type Message = Transfer;
    type Timer = Due;
    type Command = ();
    type Output = ();

    fn on_start(&mut self, out: &mut Out<Self>) {
        self.wait(out);
    }

    fn on_command(&mut self, (): (), _: &mut Out<Self>) {}

    fn on_message(&mut self, _: NodeId, transfer: Transfer, _: &mut Out<Self>) {
        // A hostile peer may claim any amount: the sum must not overflow.
        self.balance = self.balance.saturating_add(transfer.amount);
    }

    fn on_timer(&mut self, Due: Due, out: &mut Out<Self>) {
        if let (Some(&to), 1..) = (self.neighbours.choose(out.rng()), self.balance) {
            let amount = out.rng().random_range(1..=self.balance.min(10));
            self.transfer(to, amount, out);
        }
        self.wait(out);
    }

    fn begins_operation(Due: &Due) -> bool {
        true
    }
}

impl Bank {
    fn transfer(&mut self, to: NodeId, amount: u64, out: &mut Out<Self>) {
        self.balance -= amount;
        let transfer = Transfer {
            from: self.me,
            number: self.sent,
            amount,
        };
        self.sent += 1;
        out.send(to, transfer);
    }

    /// Sets the timer to a random time between zero and twice the pace.
    fn wait(&mut self, out: &mut Out<Self>) {
        if self.sent < self.limit && !self.neighbours.is_empty() {
            let after = self.pace.mul_f64(out.rng().random_range(0.0..2.0));
            out.set_timer(Due, after);
        }
    }
}

impl Describe for Transfer {
    fn describe(&self, fields: &mut Fields) {
        fields.text("id", format_args!("{}/{}", self.from.0, self.number));
        fields.integer("amount", self.amount);
    }
}

impl Describe for Bank {
    fn describe(&self, fields: &mut Fields) {
        fields.integer("balance", self.balance);
        fields.integer("sent", self.sent);
        fields.integer("total.share", self.balance);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Effect, Input, step};

    const ME: NodeId = NodeId(0);

    #[test]
    fn money_is_neither_created_nor_lost() {
        let mut bank = Bank::new(
            ME,
            vec![NodeId(1), NodeId(2)],
            100,
            Duration::from_millis(1),
            1000,
        );
        let (mut away, mut sent) = (0, 0);
        for seed in 0..2000 {
            for effect in step(&mut bank, Input::Timer(Due), seed) {
                if let Effect::Send { to, message, .. } = effect {
                    assert_ne!(to, ME);
                    assert_eq!((message.from, message.number), (ME, sent));
                    (away, sent) = (away + message.amount, sent + 1);
                }
            }
            assert_eq!(bank.balance() + away, 100);
        }
        assert_eq!(bank.balance(), 0, "all was sent");
        let gift = Transfer {
            from: NodeId(1),
            number: 0,
            amount: 7,
        };
        let gift = Transfer::from_payload(gift.to_payload()).unwrap();
        step(
            &mut bank,
            Input::Message {
                from: NodeId(1),
                message: gift,
            },
            0,
        );
        assert_eq!(bank.balance(), 7);
    }
}
