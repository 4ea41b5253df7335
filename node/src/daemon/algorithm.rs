//! What a peer on its own runs: PING and PONG, and a hub's sessions on the same channels.
//!
//! A message of either has a tag of its own on the wire, so peers that know only one of the
//! two understand it.

use algorithms::hub::{self, Hub};
use algorithms::ping_pong::{self, PingPong};
use algorithms::{Algorithm, Describe, Fields, Input, NodeId, Out, Role};
use proto::Bytes;

use super::counts::{Apart, HubCounts, data_of};

/// The process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Both {
    ping: PingPong,
    /// As a hub, or as a peer of one; `None` for neither.
    hub: Option<Hub>,
    /// What it counts as a hub.
    counts: Apart,
}

/// One of the two.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Either<P, H> {
    Ping(P),
    Hub(H),
}

pub(super) type Message = Either<ping_pong::Message, hub::Message>;
pub(super) type Command = Either<ping_pong::Command, hub::Command>;
pub(super) type Output = Either<ping_pong::Output, hub::Output>;
pub(super) type Timer = Either<ping_pong::Timeout, hub::Timer>;

impl Both {
    /// `counts` are those of a hub.
    pub(super) fn new(hub: Option<Hub>, counts: Option<HubCounts>) -> Self {
        let ping = PingPong::default();
        let counts = Apart(counts);
        Self { ping, hub, counts }
    }

    fn ping(&mut self, input: Input<PingPong>, out: &mut Out<Self>) {
        out.forward(
            &mut self.ping,
            input,
            |_, message| Either::Ping(message),
            Either::Ping,
            Either::Ping,
        );
    }

    fn hub(&mut self, input: Input<Hub>, out: &mut Out<Self>) {
        let Some(hub) = &mut self.hub else { return };
        let counts = self.counts.0.as_ref();
        let bytes = match &input {
            Input::Message { message, .. } => data_of(message),
            _ => 0,
        };
        out.forward(
            hub,
            input,
            |_, message| {
                counts.inspect(|counts| counts.on_sent(&message, bytes));
                Either::Hub(message)
            },
            Either::Hub,
            |output| {
                counts.inspect(|counts| counts.on_output(&output));
                Either::Hub(output)
            },
        );
    }
}

impl Algorithm for Both {
    type Message = Message;
    type Timer = Timer;
    type Command = Command;
    type Output = Output;

    fn on_start(&mut self, out: &mut Out<Self>) {
        self.hub(Input::Start, out);
    }

    fn on_command(&mut self, command: Command, out: &mut Out<Self>) {
        match command {
            Either::Ping(command) => self.ping(Input::Command(command), out),
            Either::Hub(command) => self.hub(Input::Command(command), out),
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Self>) {
        match message {
            Either::Ping(message) => self.ping(Input::Message { from, message }, out),
            Either::Hub(message) => self.hub(Input::Message { from, message }, out),
        }
    }

    fn on_timer(&mut self, timer: Timer, out: &mut Out<Self>) {
        match timer {
            Either::Ping(timer) => self.ping(Input::Timer(timer), out),
            Either::Hub(timer) => self.hub(Input::Timer(timer), out),
        }
    }
}

impl Describe for Both {
    fn describe(&self, fields: &mut Fields) {
        self.ping.describe(fields);
        if let Some(hub) = &self.hub {
            hub.describe(fields);
        }
    }
}

impl<P: Describe, H: Describe> Describe for Either<P, H> {
    fn describe(&self, fields: &mut Fields) {
        match self {
            Self::Ping(inner) => inner.describe(fields),
            Self::Hub(inner) => inner.describe(fields),
        }
    }
}

impl<P: algorithms::Message, H: algorithms::Message> algorithms::Message for Either<P, H> {
    fn kind(&self) -> &'static str {
        match self {
            Self::Ping(inner) => inner.kind(),
            Self::Hub(inner) => inner.kind(),
        }
    }

    fn role(&self) -> Role {
        match self {
            Self::Ping(inner) => inner.role(),
            Self::Hub(inner) => inner.role(),
        }
    }

    fn to_payload(&self) -> Bytes {
        match self {
            Self::Ping(inner) => inner.to_payload(),
            Self::Hub(inner) => inner.to_payload(),
        }
    }

    fn from_payload(payload: Bytes) -> Option<Self> {
        let ping = P::from_payload(payload.clone()).map(Self::Ping);
        ping.or_else(|| H::from_payload(payload).map(Self::Hub))
    }
}

impl<P: algorithms::Output, H: algorithms::Output> algorithms::Output for Either<P, H> {
    fn kind(&self) -> &'static str {
        match self {
            Self::Ping(inner) => inner.kind(),
            Self::Hub(inner) => inner.kind(),
        }
    }
}

#[cfg(test)]
mod tests {
    use algorithms::Message as _;

    use super::*;

    #[test]
    fn one_channel_carries_both() {
        let ping = ping_pong::Message::Ping {
            id: 7,
            data: Bytes::from_static(b"abc"),
        };
        let find = hub::Message::Find {
            number: 1,
            target: 2,
        };
        let both = [Message::Ping(ping.clone()), Message::Hub(find.clone())];
        assert_eq!(both[0].to_payload(), ping.to_payload());
        for message in both {
            assert_eq!(Message::from_payload(message.to_payload()), Some(message));
        }
        assert_eq!(Message::from_payload(Bytes::from_static(b"GET /")), None);
    }
}
