//! What an algorithm is, and the one door through which engines call it.

use std::fmt::Debug;
use std::hash::Hash;

use proto::Bytes;

use crate::{Describe, Effect, NodeId, Out};

/// A distributed algorithm, as one process sees it.
///
/// The value is the process's whole state. `Eq + Hash` keep hidden
/// nondeterminism out: a `HashMap` or an `f64` in the state does not compile.
/// Randomness comes from [`Out::rng`], time as timers.
///
/// A process may send to its neighbours in the topology, and to nobody else: not
/// to itself (what it would do on receipt it can do at once, or after a timer),
/// and to no number that is no process of the run. Neighbours have channels in
/// both directions, so whoever has sent it a message is one. A step that sends
/// elsewhere is an error in the algorithm; every engine ends the run there as
/// failed, with the same words.
pub trait Algorithm: Value + Describe {
    /// What processes send each other.
    type Message: Message;
    /// What a timer is told apart by. Setting one that runs starts it anew.
    type Timer: Value + Ord;
    /// What the world outside asks of a process.
    type Command: Value;
    /// What a process tells the world outside.
    type Output: Output;

    /// The process begins. Called once, before any other input.
    fn on_start(&mut self, _out: &mut Out<Self>) {}

    /// The world outside asks for something.
    fn on_command(&mut self, command: Self::Command, out: &mut Out<Self>);

    /// A message has come.
    fn on_message(&mut self, from: NodeId, message: Self::Message, out: &mut Out<Self>);

    /// A timer has run out.
    fn on_timer(&mut self, timer: Self::Timer, out: &mut Out<Self>);

    /// Whether what the timer sets off is an operation of its own, as the next
    /// transfer of a bank is. It then is a trace of its own, linked to the step
    /// that set the timer, and a workload without end no trace without end.
    fn begins_operation(_timer: &Self::Timer) -> bool {
        false
    }
}

/// What states, messages, timers, commands and outputs are: plain values. They
/// can be copied, shown, compared, and handed to another thread.
pub trait Value: Clone + Debug + Eq + Hash + Send + Sync + 'static {}

impl<T: Clone + Debug + Eq + Hash + Send + Sync + 'static> Value for T {}

/// A message of an algorithm.
///
/// Derived, it travels as protobuf 3. Each field, and each variant of an enum, has a
/// *tag*: the number that stands for it on the wire. The variants of an enum are a
/// `oneof`. There a variant is a message of its fields; one with a single field that has
/// no tag is that field.
///
/// The kind is the name of the struct or of the variant, in upper case: `Election` is
/// ELECTION, and `StateRequest` STATE_REQUEST. Attributes of a struct or a variant:
///
/// - `#[message(tag = 1)]` of a variant is its place in the `oneof`; a struct that has one
///   travels as an enum's only variant;
/// - `#[message(kind = "TOKEN")]`: another kind;
/// - `#[message(request)]` and `#[message(reply)]`: its [`Role`];
///
/// of a struct or an enum:
///
/// - `#[message(check = Self::is_possible)]`: a message that was read and does not fulfil
///   this is none;
/// - `#[message(nested)]`: the type is a field of messages, and no message itself;
///
/// and of a field:
///
/// - `#[message(tag = 1)]`: its number;
/// - `#[message(application)]`: it is the message of the application below, and has the
///   kind and the role of its own.
///
/// Fields may be integers, `bool`, `String`, [`Bytes`], [`NodeId`], types that derive
/// `Message`, and `Option`, `Vec`, `BTreeSet` and `BTreeMap` of these.
///
/// ```
/// use algorithms::{Describe, Message};
/// use proto::Bytes;
///
/// #[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
/// enum Question {
///     #[message(tag = 1, request)]
///     Ask {
///         #[message(tag = 1)]
///         number: u64,
///     },
///     #[message(tag = 2, reply)]
///     Answer { yes: bool },
/// }
///
/// let ask = Question::Ask { number: 7 };
/// assert_eq!((ask.kind(), &ask.to_payload()[..]), ("ASK", &b"\x0a\x02\x08\x07"[..]));
/// assert_eq!(Question::from_payload(ask.to_payload()), Some(ask));
/// assert_eq!(Question::from_payload(Bytes::from_static(b"GET /")), None);
/// # let _ = Question::Answer { yes: true };
/// ```
pub trait Message: Value + Describe {
    /// The name of this kind of message, as the literature writes it: "PING".
    fn kind(&self) -> &'static str;

    /// What the message is to the one that sent it. Spans are marked by it.
    fn role(&self) -> Role {
        Role::OneWay
    }

    /// The message as the payload of an envelope.
    fn to_payload(&self) -> Bytes;

    /// A message from a payload; `None` for bytes that are none. Peers are
    /// hostile: whatever comes must not panic.
    fn from_payload(payload: Bytes) -> Option<Self>;
}

/// What a process tells the world outside.
///
/// Derived, its kind is the name of the struct or of the variant. `#[output(application)]`
/// on a field: it is the output of the application below, with a kind of its own.
pub trait Output: Value + Describe {
    /// The name of this kind of output: "Answered".
    fn kind(&self) -> &'static str;
}

/// What a message is in the conversation it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Asks for a reply; handling it is a server's span.
    Request,
    /// Answers a request.
    Reply,
    /// Stands for itself.
    OneWay,
}

/// One input of a process.
#[derive(Clone, Debug)]
pub enum Input<A: Algorithm> {
    /// See [`Algorithm::on_start`].
    Start,
    /// See [`Algorithm::on_command`].
    Command(A::Command),
    /// See [`Algorithm::on_message`].
    Message {
        /// Who sent it.
        from: NodeId,
        /// What was sent.
        message: A::Message,
    },
    /// See [`Algorithm::on_timer`].
    Timer(A::Timer),
}

/// Lets `algorithm` handle one input and returns its effects, in order. The
/// only door: every engine calls this. `seed` is what [`Out::rng`] starts
/// from; an engine derives it from the run's seed, the process and the step.
pub fn step<A: Algorithm>(algorithm: &mut A, input: Input<A>, seed: u64) -> Vec<Effect<A>> {
    let mut out = Out::new(seed);
    match input {
        Input::Start => algorithm.on_start(&mut out),
        Input::Command(command) => algorithm.on_command(command, &mut out),
        Input::Message { from, message } => algorithm.on_message(from, message, &mut out),
        Input::Timer(timer) => algorithm.on_timer(timer, &mut out),
    }
    out.into_effects()
}

/// For processes that tell nothing.
impl Output for () {
    fn kind(&self) -> &'static str {
        "()"
    }
}
