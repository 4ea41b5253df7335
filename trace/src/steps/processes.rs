//! The processes of a run: their names, and which of them are neighbours.

use std::borrow::Cow;
use std::sync::Arc;

use algorithms::NodeId;

/// The other processes, as a step needs them.
pub trait Names {
    /// The name of `node` in the trace.
    fn name(&self, node: NodeId) -> Arc<str>;

    /// The same, borrowed where possible.
    fn text(&self, node: NodeId) -> Cow<'_, str>;

    /// Why `from` may not send to `to`; `None` if it may.
    fn forbids(&self, from: NodeId, to: NodeId) -> Option<Forbidden>;

    /// The name of a process from outside the run; `None` if it is of the run.
    fn stranger(&self, _: NodeId) -> Option<Arc<str>> {
        None
    }
}

/// Why a process may not send to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forbidden {
    /// It is the sender itself.
    Itself,
    /// The topology does not connect them.
    NoNeighbour,
    /// There is no such process.
    NoProcess,
}

/// The processes of a run, from 0 on. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Processes {
    names: Arc<[Arc<str>]>,
    /// Each one's neighbours, in order. `None`: all are neighbours.
    neighbours: Option<Arc<[Vec<u32>]>>,
}

impl Processes {
    /// `count` processes, named `peer-00` and so on. All are neighbours.
    pub fn new(count: u32) -> Self {
        Self::named((0..count).map(|node| NodeId(node).to_string().into()))
    }

    /// Processes with these names. All are neighbours.
    pub fn named(names: impl IntoIterator<Item = Arc<str>>) -> Self {
        Self {
            names: names.into_iter().collect(),
            neighbours: None,
        }
    }

    /// The same processes, with these neighbours for each.
    #[must_use]
    pub fn with_neighbours(self, mut neighbours: Vec<Vec<u32>>) -> Self {
        for of_one in &mut neighbours {
            of_one.sort_unstable();
        }
        Self {
            neighbours: Some(neighbours.into()),
            ..self
        }
    }

    /// How many there are.
    pub fn count(&self) -> u32 {
        u32::try_from(self.names.len()).expect("made from a u32, or from as many peers")
    }

    /// The name of `node` in the trace.
    pub fn name(&self, node: NodeId) -> Arc<str> {
        let known = self.known(node).cloned();
        known.unwrap_or_else(|| node.to_string().into())
    }

    /// The name of `node`, if it is one of them.
    pub fn known(&self, node: NodeId) -> Option<&Arc<str>> {
        self.names.get(usize::from(node))
    }
}

impl Names for Processes {
    fn name(&self, node: NodeId) -> Arc<str> {
        self.name(node)
    }

    fn text(&self, node: NodeId) -> Cow<'_, str> {
        let known = self.known(node).map(|name| Cow::Borrowed(&**name));
        known.unwrap_or_else(|| node.to_string().into())
    }

    /// A process may send to its neighbours.
    fn forbids(&self, from: NodeId, to: NodeId) -> Option<Forbidden> {
        match &self.neighbours {
            _ if from == to => Some(Forbidden::Itself),
            _ if self.known(to).is_none() => Some(Forbidden::NoProcess),
            Some(neighbours) => {
                let of_sender = neighbours.get(usize::from(from));
                let has = of_sender.is_some_and(|all| all.binary_search(&to.0).is_ok());
                (!has).then_some(Forbidden::NoNeighbour)
            }
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_send_to_neighbours() {
        let (me, other, far, outside) = (NodeId(0), NodeId(1), NodeId(2), NodeId(3));
        let all = Processes::new(3);
        let line = all
            .clone()
            .with_neighbours(vec![vec![1], vec![2, 0], vec![1]]);
        for (processes, from, to, expected) in [
            (&all, me, far, None),
            (&all, me, me, Some(Forbidden::Itself)),
            (&all, me, outside, Some(Forbidden::NoProcess)),
            (&line, me, other, None),
            (&line, other, me, None),
            (&line, me, far, Some(Forbidden::NoNeighbour)),
            (&line, far, far, Some(Forbidden::Itself)),
            (&line, far, outside, Some(Forbidden::NoProcess)),
        ] {
            assert_eq!(processes.forbids(from, to), expected, "{from} to {to}");
        }
        assert_eq!(*all.name(other), *"peer-01");
        assert_eq!(all.count(), 3);
    }
}
