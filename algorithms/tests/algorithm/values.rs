//! States, messages and outputs without their derives.
use algorithms::{Algorithm, Describe, Message, NodeId, Out};

/// A state without `Hash`.
#[derive(Clone, Debug, PartialEq, Eq, Describe)]
struct WithoutHash {
    number: u64,
}

/// A state without `Describe`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct WithoutDescribe {
    number: u64,
}

/// A message without `Describe`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Message)]
struct Undescribed {
    #[message(tag = 1)]
    number: u64,
}

/// A message without any derive of ours.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Underived {
    number: u64,
}

impl Algorithm for WithoutHash {
    type Message = Underived;
    type Timer = ();
    type Command = ();
    type Output = Underived;

    fn on_command(&mut self, (): (), _: &mut Out<Self>) {}
    fn on_message(&mut self, _: NodeId, _: Underived, _: &mut Out<Self>) {}
    fn on_timer(&mut self, (): (), _: &mut Out<Self>) {}
}

impl Algorithm for WithoutDescribe {
    type Message = Undescribed;
    type Timer = ();
    type Command = f64;
    type Output = ();

    fn on_command(&mut self, _: f64, _: &mut Out<Self>) {}
    fn on_message(&mut self, _: NodeId, _: Undescribed, _: &mut Out<Self>) {}
    fn on_timer(&mut self, (): (), _: &mut Out<Self>) {}
}

fn main() {}
