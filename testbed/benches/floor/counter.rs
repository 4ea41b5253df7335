//! The smallest algorithm that moves messages one way: a process sends as many
//! as it is told to, and the one that receives them counts.

use algorithms::{Algorithm, Describe, Fields, NodeId, Out};
use proto::Bytes;

/// Sends so many messages to that process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Send {
    pub(crate) to: NodeId,
    pub(crate) count: u64,
}

/// All that were expected have come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Done;

/// A process that counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Counter {
    /// How many messages are still to come.
    pub(crate) expected: u64,
}

/// One message. It has the size of a small one: a number.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub(crate) struct Message {
    #[prost(fixed64, tag = "1")]
    number: u64,
}

impl algorithms::Message for Message {
    fn kind(&self) -> &'static str {
        "COUNT"
    }

    fn to_payload(&self) -> Bytes {
        prost::Message::encode_to_vec(self).into()
    }

    fn from_payload(payload: Bytes) -> Option<Self> {
        prost::Message::decode(payload).ok()
    }
}

impl Describe for Message {
    fn describe(&self, fields: &mut Fields) {
        fields.integer("number", self.number);
    }
}

impl algorithms::Output for Done {
    fn kind(&self) -> &'static str {
        "Done"
    }
}

impl Describe for Done {
    fn describe(&self, _: &mut Fields) {}
}

impl Describe for Counter {
    fn describe(&self, fields: &mut Fields) {
        fields.integer("expected", self.expected);
    }
}

impl Algorithm for Counter {
    type Message = Message;
    type Timer = ();
    type Command = Send;
    type Output = Done;

    fn on_command(&mut self, Send { to, count }: Send, out: &mut Out<Self>) {
        for number in 1..=count {
            out.send(to, Message { number });
        }
    }

    fn on_message(&mut self, _: NodeId, _: Message, out: &mut Out<Self>) {
        self.expected -= 1;
        if self.expected == 0 {
            out.output(Done);
        }
    }

    fn on_timer(&mut self, (): (), _: &mut Out<Self>) {}
}
