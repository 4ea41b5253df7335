//! Processes that are interchangeable: they differ in their names alone.

use std::collections::{BTreeMap, BTreeSet};

use algorithms::{Algorithm, NodeId};
use trace::steps::{Names as _, Processes};

use super::ScheduledCommand;

/// The most processes of which all orders are compared. With one more, a state would have
/// six times as many.
const MOST: usize = 5;

/// Other names for processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renaming {
    /// The new number of each process that has another.
    to: BTreeMap<NodeId, NodeId>,
}

impl Renaming {
    /// The new name of a process.
    pub fn of(&self, node: NodeId) -> NodeId {
        self.to.get(&node).copied().unwrap_or(node)
    }

    /// The same set under the new names.
    pub fn set(&self, nodes: &BTreeSet<NodeId>) -> BTreeSet<NodeId> {
        nodes.iter().map(|node| self.of(*node)).collect()
    }

    /// The same map under the new names of its keys.
    pub fn map<T: Clone>(&self, nodes: &BTreeMap<NodeId, T>) -> BTreeMap<NodeId, T> {
        let renamed = |(node, value): (&NodeId, &T)| (self.of(*node), value.clone());
        nodes.iter().map(renamed).collect()
    }
}

/// Processes that are interchangeable, and how values look under other names of them.
///
/// Two states of a system that become equal when such processes are renamed have the same
/// futures, but for the names. The model checker tries one of them. It needs a process that
/// treats all names alike: it compares no names but for equality, and sends to each of them
/// alike. For each step that the checker tries, it takes the step under other names too; if
/// that is not the same step, the run ends there as failed.
#[derive(Clone, Debug)]
pub struct Symmetry<A: Algorithm> {
    processes: Vec<NodeId>,
    pub(crate) process: fn(&A, &Renaming) -> A,
    pub(crate) message: fn(&A::Message, &Renaming) -> A::Message,
    pub(crate) output: fn(&A::Output, &Renaming) -> A::Output,
}

impl<A: Algorithm> Symmetry<A> {
    /// These processes are interchangeable: all of them, or the first five if there are
    /// more. `process` is the same process under other names, its own among them. Messages
    /// and outputs hold no names, unless stated; timers and commands hold none.
    pub fn new(
        processes: impl IntoIterator<Item = NodeId>,
        process: fn(&A, &Renaming) -> A,
    ) -> Self {
        Self {
            processes: processes.into_iter().take(MOST).collect(),
            process,
            message: |message, _| message.clone(),
            output: |output, _| output.clone(),
        }
    }

    /// The same message under other names.
    #[must_use]
    pub fn with_messages(self, message: fn(&A::Message, &Renaming) -> A::Message) -> Self {
        Self { message, ..self }
    }

    /// The same output under other names.
    #[must_use]
    pub fn with_outputs(self, output: fn(&A::Output, &Renaming) -> A::Output) -> Self {
        Self { output, ..self }
    }

    /// Whether the processes have the same neighbours and the same commands.
    pub(crate) fn is_of(
        &self,
        directory: &Processes,
        commands: &[ScheduledCommand<A::Command>],
    ) -> bool {
        let of = |node: &NodeId| {
            let own = commands.iter().filter(|command| command.node == *node);
            own.map(|command| &command.command).collect::<Vec<_>>()
        };
        let mut each = self.processes.iter().map(of);
        let first = each.next();
        let nodes = || {
            (0..)
                .map(NodeId)
                .take_while(|node| directory.known(*node).is_some())
        };
        let renamings = self.renamings();
        let neighbours = |[a, b]: [NodeId; 2]| directory.forbids(a, b).is_none();
        each.all(|other| Some(other) == first)
            && nodes()
                .flat_map(|a| nodes().map(move |b| [a, b]))
                .all(|ends| {
                    let renamed = |names: &Renaming| ends.map(|node| names.of(node));
                    let mut all = renamings.iter().map(renamed);
                    all.all(|other| neighbours(other) == neighbours(ends))
                })
    }

    /// How many processes are interchangeable.
    pub(crate) fn processes(&self) -> usize {
        self.processes.len()
    }

    /// All renamings, of which the first changes no name.
    pub(crate) fn renamings(&self) -> Vec<Renaming> {
        let mut orders = vec![Vec::new()];
        for (place, node) in self.processes.iter().enumerate() {
            let longer = |order: &Vec<NodeId>| {
                let order = order.clone();
                (0..=place).rev().map(move |at| {
                    let mut longer = order.clone();
                    longer.insert(at, *node);
                    longer
                })
            };
            orders = orders.iter().flat_map(longer).collect();
        }
        let renaming = |order: Vec<NodeId>| Renaming {
            to: self.processes.iter().copied().zip(order).collect(),
        };
        orders.into_iter().map(renaming).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use algorithms::echo::Echo;

    use super::*;

    #[test]
    fn all_orders_of_the_processes_are_renamings_and_the_first_changes_nothing() {
        for count in 0..=6 {
            let all = (10..10 + count).map(NodeId);
            let symmetry = Symmetry::<Echo>::new(all.clone(), |echo, _| echo.clone());
            let renamings = symmetry.renamings();
            let most = (MOST as u32).min(count);
            assert_eq!(renamings.len() as u32, (1..=most).product::<u32>());
            let orders = renamings.iter().map(|renaming| {
                let order: Vec<_> = all.clone().map(|node| renaming.of(node)).collect();
                assert_eq!(order.iter().collect::<HashSet<_>>().len(), count as usize);
                order
            });
            let orders: HashSet<_> = orders.collect();
            assert_eq!(orders.len(), renamings.len(), "each differs");
            assert!(all.into_iter().all(|node| renamings[0].of(node) == node));
        }
    }
}
