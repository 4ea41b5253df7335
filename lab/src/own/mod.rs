//! What an algorithm of your own needs, under one name.
//!
//! Write an [`Algorithm`], and a [`System`] that says how many processes of it there
//! are, which commands they get, and what is right. [`main`] is the program: it
//! simulates the system, or checks it. `testbed::own` has all of this under the same
//! names, and its `main` also runs the system over real peers. [`run`] does the same as
//! the program for a test. `use lab::own::*;` imports all of it.
//!
//! Its types derive what they need beside their definition: messages [`Message`] and
//! [`Describe`], outputs [`Output`] and [`Describe`], the state [`Describe`].
//!
//! ```
//! use lab::own::{Describe, Message};
//!
//! #[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
//! enum Vote {
//!     #[message(tag = 1)]
//!     Yes,
//!     #[message(tag = 2)]
//!     No { reason: String },
//! }
//!
//! let no = Vote::No { reason: "late".to_owned() };
//! assert_eq!((no.kind(), no.fields().to_string()), ("NO", "reason=late".to_owned()));
//! assert_eq!(Vote::from_payload(no.to_payload()), Some(no));
//! # let _ = Vote::Yes;
//! ```
//!
//! Random choices come from [`Out::random`] and [`Out::choose`], of which the model checker
//! tries all values of up to 16, or from [`Out::rng`], with the traits of [`rand`]:
//!
//! ```
//! use lab::own::{Algorithm, Out, rand::RngExt as _};
//!
//! fn throw<A: Algorithm>(out: &mut Out<A>) -> u32 {
//!     out.random(1..=6)
//! }
//!
//! fn probability<A: Algorithm>(out: &mut Out<A>) -> f64 {
//!     out.rng().random()
//! }
//! ```

mod cli;
mod document;
mod program;
mod report;

#[doc(hidden)]
pub use algorithms::derived;
pub use algorithms::rounds::{self, Ending, Rounds, Synchronous};
pub use algorithms::traits::{Describe, Message, Output};
pub use algorithms::{
    Algorithm, Effect, Field, Fields, Fraction, Input, InstanceId, NodeId, Out, Role, rand, step,
};
/// The derives of the traits of the same names.
pub use derive::{LabDescribe as Describe, LabMessage as Message, LabOutput as Output};
pub use proto::Bytes;
pub use trace::history::{
    AnswerRecord, Causality, CrashRecord, History, LossRecord, Moment, OperationRecord,
    PartitionRecord, StepIndex,
};
pub use trace::steps::{Event, MessageRecord, ReceivedRecord, RequestRecord, StepRecord};

/// The parser of the command line, for options of the program's own ([`main_with`]).
pub use clap;
pub use program::{main, main_with, run, run_with};
pub use report::Report;

pub use crate::checkers::{Outcome, Property, linearizability};
pub use crate::liars::{Byzantine, Liars, Lie, Lies};
pub use crate::simulator::Crash;
pub use crate::stats::{Measure, Summary, Times};
pub use crate::system::clients::throughput;
pub use crate::system::{
    Answer, Client, Engine, Figure, Judgement, Renaming, Request, ScheduledCommand, Setup,
    Symmetry, System, To,
};
/// The parser of an option that is a time, such as `50ms` or `1.5s`:
/// `#[arg(long, value_parser = duration)]`.
pub use crate::values::duration;
