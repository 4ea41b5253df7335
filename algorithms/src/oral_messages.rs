//! The Byzantine generals: how do the loyal ones agree if some of them lie?
//!
//! Leslie Lamport, Robert Shostak and Marshall Pease, "The Byzantine Generals Problem",
//! ACM Transactions on Programming Languages and Systems 4(3), 1982. Its section 3 has
//! this algorithm, OM(m), for oral messages.
//!
//! A commander sends an order to its lieutenants: attack or retreat. Up to m of all, the
//! commander perhaps among them, are traitors, who may send anything to anyone. The paper
//! asks for two *interactive consistency* conditions:
//!
//! - IC1: all loyal lieutenants obey the same order;
//! - IC2: if the commander is loyal, every loyal lieutenant obeys the order that it sent.
//!
//! OM(0): each lieutenant obeys the order that it receives, and retreats without one.
//! OM(m): the commander sends its order to each lieutenant. Each lieutenant sends what it
//! received to the others, as the commander of an OM(m-1) among them. Then it takes the
//! majority of what it received from the commander, and of what each of these smaller
//! runs gave it; without a majority it retreats.
//!
//! Unrolled, this is m+1 rounds. An order carries the *path* of those that it came
//! through: "the commander said to 1, who said to 2, that ...". In each round a lieutenant
//! sends on, with its own name added to the path, each order that came in the round
//! before. At the end it takes the majorities from the longest paths to the shortest.
//!
//! With three generals a traitor cannot be found out. A lieutenant that hears "attack"
//! from the commander, and from the other lieutenant that the order was "retreat", cannot
//! know which of them lies. The paper shows that no algorithm can do with N = 3m.
//!
//! What it needs: N > 3m processes, at most m of which lie; a channel between any two;
//! synchronous rounds by the clock ([`Rounds`]), for a traitor may
//! be silent; and receivers that know who sent a message.
//!
//! Cost: m+1 rounds. The number of orders grows like N^m: 9 for N = 4 and m = 1, 156 for
//! 7 and 2. The orders of a round to the same receiver are one message here: N-1, and
//! (N-1)(N-2) in each later round.
//!
//! The algorithm is in this file; `rounds.rs` has the rounds, and `oral_messages/` a
//! traitor.

mod traitor;

use std::collections::BTreeMap;
use std::fmt;

use crate::rounds::{Rounds, Synchronous};
use crate::{Describe, NodeId, Out};
pub use traitor::Traitor;

/// The process that gives the order.
pub const COMMANDER: NodeId = NodeId(0);

/// How many messages `processes` send if none lies, and `liars` may.
pub const fn messages(processes: u64, liars: u64) -> u64 {
    let lieutenants = processes.saturating_sub(1);
    lieutenants + liars * lieutenants * lieutenants.saturating_sub(1)
}

/// The orders that a process sends to another in a round.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
pub struct Orders {
    /// Each with its path.
    #[message(tag = 1)]
    #[describe(with = spoken)]
    pub orders: Vec<Order>,
}

/// What the last process of a path says that it was ordered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message)]
#[message(nested)]
pub struct Order {
    /// The processes that it came through, from the commander on.
    #[message(tag = 1)]
    pub path: Vec<NodeId>,
    /// The order: attack, or retreat.
    #[message(tag = 2)]
    pub attack: bool,
}

/// `attack by 0.2`: what process 2 says that process 0 ordered.
impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path: Vec<_> = self.path.iter().map(|node| node.0.to_string()).collect();
        let order = if self.attack { "attack" } else { "retreat" };
        write!(f, "{order} by {}", path.join("."))
    }
}

/// As [`Order`] shows them.
fn spoken(orders: &[Order]) -> Vec<String> {
    orders.iter().map(ToString::to_string).collect()
}

/// The output of a lieutenant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Output, Describe)]
pub struct Obeys {
    /// The order that it obeys: attack, or retreat.
    pub attack: bool,
}

/// The state of one process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct OralMessages {
    #[describe(skip)]
    me: NodeId,
    /// All processes.
    #[describe(skip)]
    count: u32,
    /// The paper's m: how many may lie.
    #[describe(skip)]
    liars: u64,
    /// The commander's order.
    attack: Option<bool>,
    /// What it was told, by the path.
    #[describe(with = BTreeMap::len)]
    orders: BTreeMap<Vec<NodeId>, bool>,
}

impl OralMessages {
    /// One of `count` processes, of which `liars` may lie. The [`COMMANDER`] has an order.
    pub fn new(me: NodeId, count: u32, liars: u64, attack: bool) -> Self {
        Self {
            me,
            count,
            liars,
            attack: (me == COMMANDER).then_some(attack),
            orders: BTreeMap::new(),
        }
    }

    /// Whether a process `from` can send an order of that path in that round.
    fn is_possible(&self, path: &[NodeId], round: u64, from: NodeId) -> bool {
        let is_new = |(place, node): (usize, &NodeId)| !path[..place].contains(node);
        path.first() == Some(&COMMANDER)
            && path.last() == Some(&from)
            && path.len() as u64 == round
            && !path.contains(&self.me)
            && path.iter().all(|node| node.0 < self.count)
            && path.iter().enumerate().all(is_new)
    }

    /// The paper's majority, from the longest paths to the shortest.
    fn obeys(&self, path: &[NodeId]) -> bool {
        // Without an order, it is to retreat.
        let own = self.orders.get(path).copied().unwrap_or(false);
        if path.len() as u64 > self.liars {
            return own;
        }
        let others = (0..self.count).map(NodeId);
        let others = others.filter(|node| *node != self.me && !path.contains(node));
        let others = others.map(|node| self.obeys(&[path, &[node]].concat()));
        let votes: Vec<bool> = others.chain([own]).collect();
        votes.iter().filter(|attack| **attack).count() * 2 > votes.len()
    }
}

impl Synchronous for OralMessages {
    type Message = Orders;
    type Output = Obeys;

    fn rounds(&self) -> u64 {
        self.liars.saturating_add(1)
    }

    fn send(&self, round: u64, to: NodeId) -> Option<Orders> {
        let order = |path: &Vec<NodeId>, attack| Order {
            path: [path, &[self.me][..]].concat(),
            attack,
        };
        let orders: Vec<_> = match self.attack {
            Some(attack) if round == 1 => vec![order(&Vec::new(), attack)],
            Some(_) => Vec::new(),
            None => {
                let before = self.orders.iter();
                let before = before.filter(|(path, _)| path.len() as u64 + 1 == round);
                let before = before.filter(|(path, _)| !path.contains(&to));
                before.map(|(path, &attack)| order(path, attack)).collect()
            }
        };
        (!orders.is_empty()).then_some(Orders { orders })
    }

    fn receive(
        &mut self,
        round: u64,
        received: BTreeMap<NodeId, Orders>,
        _: &mut Out<Rounds<Self>>,
    ) -> Option<Obeys> {
        for (from, Orders { orders }) in received {
            for Order { path, attack } in orders {
                if self.is_possible(&path, round, from) {
                    self.orders.entry(path).or_insert(attack);
                }
            }
        }
        let is_over = self.attack.is_none() && round == self.rounds();
        is_over.then(|| Obeys {
            attack: self.obeys(&[COMMANDER]),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::rounds::{self, Ending};
    use crate::testing::Network;
    use crate::{Input, Message as _};

    /// The orders that loyal lieutenants obey, and how many orders are sent.
    fn run(count: u32, liars: u64, attack: bool, seed: u64) -> (Vec<bool>, u64, u64) {
        let all = move || (0..count).map(NodeId);
        let process = |me: NodeId| {
            let others = all().filter(move |other| *other != me);
            let process = OralMessages::new(me, count, liars, attack);
            Rounds::new(process, others, Ending::Messages)
        };
        let mut network = Network::new(count, process, seed);
        all().for_each(|me| network.later(me, Input::Start));
        network.run();
        let obeys = network.outputs.iter().map(|(_, output)| match output {
            rounds::Output::Algorithm(Obeys { attack }) => *attack,
            rounds::Output::Late { .. } => panic!("{output:?}"),
        });
        let sent = network
            .sent
            .iter()
            .filter_map(|(.., message)| match message {
                rounds::Message::Something { message, .. } => Some(message.orders.len() as u64),
                rounds::Message::Nothing { .. } => None,
            });
        let sent: Vec<_> = sent.collect();
        (obeys.collect(), sent.len() as u64, sent.iter().sum())
    }

    /// The numbers of orders are those of an enumeration.
    #[test]
    fn without_liars_all_obey_at_the_cost_of_the_paper() {
        for (count, liars, orders) in [(4, 0, 3), (3, 1, 4), (4, 1, 9), (7, 2, 156)] {
            for attack in [true, false] {
                let (obeyed, sent, all) = run(count, liars, attack, 1);
                assert_eq!(obeyed, vec![attack; count as usize - 1]);
                assert_eq!(all, orders, "{count}, {liars}");
                assert_eq!(sent, messages(count.into(), liars), "{count}, {liars}");
            }
        }
    }

    fn order(path: &[u32], attack: bool) -> Order {
        let path = path.iter().copied().map(NodeId).collect();
        Order { path, attack }
    }

    #[test]
    fn an_impossible_path_is_ignored() {
        let mut process = OralMessages::new(NodeId(1), 4, 1, true);
        for (from, path, possible) in [
            (2, &[0, 2][..], true),
            (2, &[0, 3], false),
            (2, &[2, 2], false),
            (2, &[0], false),
            (2, &[0, 1, 2], false),
            (9, &[0, 9], false),
            (0, &[], false),
        ] {
            process.orders.clear();
            let orders = vec![order(path, true), order(path, false)];
            let received = BTreeMap::from([(NodeId(from), Orders { orders })]);
            process.receive(2, received, &mut Out::new(0));
            let known: Vec<_> = process.orders.values().collect();
            assert_eq!(known, vec![&true; possible.into()], "{from}: {path:?}");
        }
    }

    #[test]
    fn a_traitor_tosses_a_coin_for_each_order() {
        let clock = Ending::Clock {
            round: Duration::from_secs(1),
            pace: Duration::ZERO,
        };
        let others = (1..4).map(NodeId);
        let right = Rounds::new(OralMessages::new(COMMANDER, 4, 1, true), others, clock);
        let sent = (0..20).map(|seed| {
            let mut traitor = Traitor::new(right.clone());
            crate::step(&mut traitor, Input::Start, seed);
            let send = Input::Timer(rounds::Timer::Send(NodeId(1)));
            let effects = crate::step(&mut traitor, send, seed);
            format!("{effects:?}")
        });
        let sent: std::collections::BTreeSet<_> = sent.collect();
        assert_eq!(sent.len(), 2, "{sent:?}");
    }

    #[test]
    fn malformed_payload_is_rejected() {
        let orders = vec![order(&[0], true), order(&[0, 300], false)];
        let message = Orders { orders };
        assert_eq!(message.orders[1].to_string(), "retreat by 0.300");
        assert_eq!(Orders::from_payload(message.to_payload()), Some(message));
        for bytes in [&b"\xff"[..], b"\x0a\x7f", b"GET /"] {
            let bytes = proto::Bytes::copy_from_slice(bytes);
            assert_eq!(Orders::from_payload(bytes), None);
        }
    }
}
