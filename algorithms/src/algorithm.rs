//! The trait of an algorithm, and the one function through which engines call it.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use proto::Bytes;

use crate::{Choices, Describe, Effect, NodeId, Out};

/// A distributed algorithm, as one process sees it.
///
/// The value is the process's whole state. `Eq + Hash` keep hidden
/// nondeterminism out: a `HashMap` or an `f64` in the state does not compile.
/// Randomness comes from [`Out::random`], time as timers.
///
/// A process may send only to its neighbours in the topology: not to itself (it
/// can act at once instead, or after a timer), and not to an id outside the run.
/// Neighbours have channels in both directions, so the sender of a received
/// message is a neighbour. A step that sends elsewhere is an error in the
/// algorithm; every engine ends the run there as failed, with the same message.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an algorithm",
    label = "the state of a process implements Algorithm",
    note = "write `impl Algorithm for {Self}`"
)]
pub trait Algorithm: Value + Describe {
    /// The messages between processes.
    type Message: Message;
    /// The key of a timer. Setting a timer that runs starts it anew.
    type Timer: Value + Ord;
    /// The commands of the environment to a process.
    type Command: Value;
    /// The outputs of a process to the environment.
    type Output: Output;

    /// The process begins. Called once, before any other input.
    fn on_start(&mut self, _out: &mut Out<Self>) {}

    /// The process restarts after a crash: with the durable fields that it wrote last
    /// ([`Out::persist`]), everything else as in its initial state, and no timer set. By
    /// default it begins as at first.
    fn on_restart(&mut self, out: &mut Out<Self>) {
        self.on_start(out);
    }

    /// The environment gives a command.
    fn on_command(&mut self, command: Self::Command, out: &mut Out<Self>);

    /// A message has arrived.
    fn on_message(&mut self, from: NodeId, message: Self::Message, out: &mut Out<Self>);

    /// A timer has run out.
    fn on_timer(&mut self, timer: Self::Timer, out: &mut Out<Self>);

    /// Whether this timer starts a new operation, as the next transfer of a bank
    /// does. The operation is a trace of its own, linked to the step that set the
    /// timer, so that an endless workload is not one endless trace.
    fn begins_operation(_timer: &Self::Timer) -> bool {
        false
    }
}

/// The common bounds of states, messages, timers, commands and outputs: plain values.
/// They can be copied, shown, compared, and handed to another thread.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a plain value",
    label = "cannot be copied, shown, compared or hashed, or holds a reference",
    note = "add `#[derive(Clone, Debug, PartialEq, Eq, Hash)]` to it; maps and sets are BTreeMap and BTreeSet, and fractions are Fraction"
)]
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
/// - `#[message(check = Self::is_possible)]`: a decoded message that does not fulfil this
///   is rejected;
/// - `#[message(nested)]`: the type is a field of messages, and not a message itself;
///
/// and of a field:
///
/// - `#[message(tag = 1)]`: its number;
/// - `#[message(application)]`: it is the message of the application below, and has the
///   kind and the role of its own.
///
/// Fields may be integers of up to 64 bits, `bool`, `char`, `String`, [`Bytes`],
/// [`NodeId`], [`Duration`](std::time::Duration), [`Fraction`](crate::Fraction), tuples,
/// types that derive `Message`, and `Option`, `Vec`, `BTreeSet` and `BTreeMap` of these.
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
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message",
    label = "not a message",
    note = "add `#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]` to it, and a tag to each field and variant"
)]
pub trait Message: Value + Describe {
    /// The name of this kind of message, as the literature writes it: "PING".
    fn kind(&self) -> &'static str;

    /// Whether the message is a request, a reply or neither. The span kind follows from it.
    fn role(&self) -> Role {
        Role::OneWay
    }

    /// The message as the payload of an envelope.
    fn to_payload(&self) -> Bytes;

    /// Decodes a payload; `None` if it is malformed. Peers may be hostile: no
    /// payload may cause a panic.
    fn from_payload(payload: Bytes) -> Option<Self>;
}

/// An output of a process to the environment.
///
/// Derived, its kind is the name of the struct or of the variant. `#[output(application)]`
/// on a field: it is the output of the application below, with a kind of its own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an output",
    label = "not an output",
    note = "add `#[derive(Clone, Debug, PartialEq, Eq, Hash, Output, Describe)]` to it; without outputs, take `()`"
)]
pub trait Output: Value + Describe {
    /// The name of this kind of output: "Answered".
    fn kind(&self) -> &'static str;
}

/// The role of a message in its conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Asks for a reply; handling it is a server's span.
    Request,
    /// Answers a request.
    Reply,
    /// Neither a request nor a reply.
    OneWay,
}

/// One input of a process.
#[derive(Clone, Debug)]
pub enum Input<A: Algorithm> {
    /// See [`Algorithm::on_start`].
    Start,
    /// See [`Algorithm::on_restart`].
    Restart,
    /// See [`Algorithm::on_command`].
    Command(A::Command),
    /// See [`Algorithm::on_message`].
    Message {
        /// The sender.
        from: NodeId,
        /// The message.
        message: A::Message,
    },
    /// See [`Algorithm::on_timer`].
    Timer(A::Timer),
}

/// Lets `algorithm` handle one input and returns its effects, in order. Every
/// engine calls this function, and no handler directly. `seed` seeds [`Out::rng`];
/// an engine derives it from the run's seed, the process and the step.
pub fn step<A: Algorithm>(algorithm: &mut A, input: Input<A>, seed: u64) -> Vec<Effect<A>> {
    step_named(algorithm, input, seed, None)
}

/// The same, for a message of a process from outside the run, which has that name
/// ([`Out::name`]).
pub fn step_named<A: Algorithm>(
    algorithm: &mut A,
    input: Input<A>,
    seed: u64,
    stranger: Option<Arc<str>>,
) -> Vec<Effect<A>> {
    let mut out = Out::new(seed);
    out.stranger = stranger;
    handle(algorithm, input, &mut out);
    out.into_effects()
}

/// The same, for an engine that tries all random choices: it makes those of
/// [`Out::random`] and [`Out::choose`] itself.
pub fn step_choosing<A: Algorithm>(
    algorithm: &mut A,
    input: Input<A>,
    seed: u64,
    choices: &mut Choices,
) -> Vec<Effect<A>> {
    let mut out = Out::new(seed);
    out.choices = Some(std::mem::take(choices));
    handle(algorithm, input, &mut out);
    *choices = out.choices.take().unwrap_or_default();
    out.into_effects()
}

pub(crate) fn handle<A: Algorithm>(algorithm: &mut A, input: Input<A>, out: &mut Out<A>) {
    match input {
        Input::Start => algorithm.on_start(out),
        Input::Restart => algorithm.on_restart(out),
        Input::Command(command) => algorithm.on_command(command, out),
        Input::Message { from, message } => algorithm.on_message(from, message, out),
        Input::Timer(timer) => algorithm.on_timer(timer, out),
    }
}

/// For processes without outputs.
impl Output for () {
    fn kind(&self) -> &'static str {
        "()"
    }
}
