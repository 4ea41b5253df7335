//! Processes that lie: Byzantine faults.
//!
//! Leslie Lamport, Robert Shostak and Marshall Pease, "The Byzantine Generals Problem",
//! ACM Transactions on Programming Languages and Systems 4(3), 1982. A liar may send
//! anything to anyone. Here it lies in one of the ways of [`Lie`]; `custom` is another
//! [`Algorithm`] over the same messages, written beside the right one.
//!
//! A system with liars has [`Byzantine`] processes and returns the [`Liars`] of its
//! [`Setup`](crate::system::Setup) from [`System::liars`](crate::system::System::liars).
//! The states of a liar are recorded with the text `liar`, so a judge knows who lies
//! ([`History::liars`](trace::history::History::liars)), in a saved run as well.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use algorithms::{Algorithm, Describe, Effect, Fields, Input, NodeId, Out};
use serde::{Serialize, Serializer};
use trace::history::LIAR;

/// How a process lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lie {
    /// It sends nothing.
    Silent,
    /// It sends the right messages to processes with an even number, and lies to the others.
    Equivocate,
    /// It lies in every message, to all.
    Forge,
    /// It runs [`Lies::Custom`].
    Custom,
}

/// All ways to lie, with their names on the command line.
const LIES: [(&str, Lie); 4] = [
    ("silent", Lie::Silent),
    ("equivocate", Lie::Equivocate),
    ("forge", Lie::Forge),
    ("custom", Lie::Custom),
];

/// The processes that lie, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Liars(BTreeMap<NodeId, Lie>);

/// An algorithm whose processes can lie.
pub trait Lies: Algorithm {
    /// The algorithm of a liar that lies in a way of its own.
    type Custom: Algorithm<
            Message = Self::Message,
            Timer = Self::Timer,
            Command = Self::Command,
            Output = Self::Output,
        >;

    /// A lie: the message that a liar sends in place of the right one. Random choices come
    /// from `out`, which is for nothing else.
    fn lie(message: Self::Message, out: &mut Out<Byzantine<Self>>) -> Self::Message;

    /// The process that runs in place of this one, if it is [`Lie::Custom`].
    fn custom(self) -> Self::Custom;
}

/// A process that may be a liar.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Byzantine<A: Lies> {
    /// It does what the algorithm says.
    Right(A),
    /// It does so, but for what it sends.
    Liar(A, Lie),
    /// It runs another algorithm.
    Custom(A::Custom),
}

impl Liars {
    /// How that process lies, if it does.
    pub fn get(&self, node: NodeId) -> Option<Lie> {
        self.0.get(&node).copied()
    }

    /// Whether that process lies.
    pub fn contains(&self, node: NodeId) -> bool {
        self.0.contains_key(&node)
    }

    /// How many lie.
    pub fn count(&self) -> u32 {
        self.0.len() as u32
    }

    /// The processes that lie, and how.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, Lie)> {
        self.0.iter().map(|(&node, &lie)| (node, lie))
    }

    /// The process `id`, which lies if it is one of these.
    pub fn process<A: Lies>(&self, id: NodeId, right: A) -> Byzantine<A> {
        match self.get(id) {
            None => Byzantine::Right(right),
            Some(Lie::Custom) => Byzantine::Custom(right.custom()),
            Some(lie) => Byzantine::Liar(right, lie),
        }
    }
}

/// All of them together.
impl FromIterator<Liars> for Liars {
    fn from_iter<T: IntoIterator<Item = Liars>>(all: T) -> Self {
        Self(all.into_iter().flat_map(|liars| liars.0).collect())
    }
}

/// `0,3:equivocate`
impl FromStr for Liars {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            let all = LIES.map(|(name, _)| name).join(", ");
            format!(
                "{text:?} names no peers and their lie ({all}); write for example 0,3:equivocate"
            )
        };
        let (nodes, name) = text.split_once(':').ok_or_else(wrong)?;
        let known = LIES.iter().find(|(known, _)| *known == name);
        let (_, lie) = known.ok_or_else(wrong)?;
        let nodes = nodes.split(',').map(|node| node.parse().map(NodeId));
        let nodes = nodes.collect::<Result<Vec<_>, _>>().map_err(|_| wrong())?;
        let mut liars = BTreeMap::new();
        for node in nodes {
            if liars.insert(node, *lie).is_some() {
                return Err(format!(
                    "{text:?} names peer {} twice; name it once",
                    node.0
                ));
            }
        }
        Ok(Self(liars))
    }
}

/// `0:equivocate 3:equivocate`
impl fmt::Display for Liars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.iter().map(|(node, lie)| format!("{}:{lie}", node.0));
        f.write_str(&all.collect::<Vec<_>>().join(" "))
    }
}

/// `equivocate`
impl fmt::Display for Lie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = LIES.iter().find(|(_, lie)| lie == self);
        f.write_str(named.map_or("", |(name, _)| name))
    }
}

/// For `run.json`: `{"peer": 3, "lie": "equivocate"}` for each.
impl Serialize for Liars {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Liar {
            peer: u32,
            lie: String,
        }
        serializer.collect_seq(self.iter().map(|(node, lie)| Liar {
            peer: node.0,
            lie: lie.to_string(),
        }))
    }
}

impl<A: Lies> Byzantine<A> {
    fn handle(&mut self, input: Input<A>, out: &mut Out<Self>) {
        match self {
            Self::Right(process) => add_all(out.step_below(process, input), out),
            Self::Liar(process, lie) => {
                for effect in out.step_below(process, input) {
                    tell(effect, *lie, out);
                }
            }
            Self::Custom(process) => {
                let input = match input {
                    Input::Start => Input::Start,
                    Input::Restart => Input::Restart,
                    Input::Command(command) => Input::Command(command),
                    Input::Message { from, message } => Input::Message { from, message },
                    Input::Timer(timer) => Input::Timer(timer),
                };
                add_all(out.step_below(process, input), out);
            }
        }
    }
}

fn add_all<A, B>(effects: Vec<Effect<B>>, out: &mut Out<A>)
where
    A: Algorithm,
    B: Algorithm<Message = A::Message, Timer = A::Timer, Output = A::Output>,
{
    effects.into_iter().for_each(|effect| out.add(effect));
}

/// Adds an effect of a process that lies so.
fn tell<A: Lies>(effect: Effect<A>, lie: Lie, out: &mut Out<Byzantine<A>>) {
    let Effect::Send {
        to,
        message,
        within,
    } = effect
    else {
        return out.add(effect);
    };
    let is_true = match lie {
        Lie::Silent => return,
        Lie::Equivocate => to.0.is_multiple_of(2),
        Lie::Forge => false,
        Lie::Custom => true,
    };
    let message = match is_true {
        true => message,
        false => A::lie(message, out),
    };
    out.add(Effect::<A>::Send {
        to,
        message,
        within,
    });
}

impl<A: Lies> Algorithm for Byzantine<A> {
    type Message = A::Message;
    type Timer = A::Timer;
    type Command = A::Command;
    type Output = A::Output;

    fn on_start(&mut self, out: &mut Out<Self>) {
        self.handle(Input::Start, out);
    }

    fn on_restart(&mut self, out: &mut Out<Self>) {
        self.handle(Input::Restart, out);
    }

    fn on_command(&mut self, command: A::Command, out: &mut Out<Self>) {
        self.handle(Input::Command(command), out);
    }

    fn on_message(&mut self, from: NodeId, message: A::Message, out: &mut Out<Self>) {
        self.handle(Input::Message { from, message }, out);
    }

    fn on_timer(&mut self, timer: A::Timer, out: &mut Out<Self>) {
        self.handle(Input::Timer(timer), out);
    }

    fn begins_operation(timer: &A::Timer) -> bool {
        A::begins_operation(timer)
    }
}

/// As the process, with how it lies.
impl<A: Lies> Describe for Byzantine<A> {
    fn describe(&self, fields: &mut Fields) {
        match self {
            Self::Right(process) => process.describe(fields),
            Self::Liar(process, lie) => {
                fields.text(LIAR, lie);
                process.describe(fields);
            }
            Self::Custom(process) => {
                fields.text(LIAR, Lie::Custom);
                process.describe(fields);
            }
        }
    }

    fn recover(&mut self, stored: &Self) {
        match (self, stored) {
            (Self::Right(new), Self::Right(old)) | (Self::Liar(new, _), Self::Liar(old, _)) => {
                new.recover(old);
            }
            (Self::Custom(new), Self::Custom(old)) => new.recover(old),
            (Self::Right(_) | Self::Liar(..) | Self::Custom(_), _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn liars_are_read_as_the_command_line_names_them() {
        let liars: Liars = "3,0:equivocate".parse().expect("liars");
        assert_eq!(liars.to_string(), "0:equivocate 3:equivocate");
        let all = [liars, "1:silent".parse().expect("liars")];
        let all: Liars = all.into_iter().collect();
        assert_eq!(all.count(), 3);
        assert_eq!(all.get(NodeId(1)), Some(Lie::Silent));
        assert!(!all.contains(NodeId(2)));
        let json = serde_json::to_string(&all).expect("JSON");
        assert!(
            json.starts_with(r#"[{"peer":0,"lie":"equivocate"},{"peer":1,"#),
            "{json}"
        );
        for wrong in [
            "", "3", "3:", ":forge", "a:forge", "3:lies", "3,:forge", "-1:forge",
        ] {
            let error = wrong.parse::<Liars>().expect_err(wrong);
            assert!(
                error.contains("write for example 0,3:equivocate"),
                "{error}"
            );
        }
        let error = "3,3:forge".parse::<Liars>().expect_err("twice");
        assert!(error.contains("names peer 3 twice"), "{error}");
    }
}
