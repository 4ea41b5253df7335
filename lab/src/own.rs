//! What an algorithm of your own needs, under one name.
//!
//! Write an [`Algorithm`], and a [`System`] that says how many processes of it
//! there are, what is asked of them, and what is right. `testbed::own` has all of
//! this too, and a `main` for all engines.
//!
//! Random choices come from [`Out::rng`], with the traits of [`rand`]:
//!
//! ```
//! use lab::own::{Algorithm, Out, rand::RngExt as _};
//!
//! fn toss<A: Algorithm>(out: &mut Out<A>) -> bool {
//!     out.rng().random()
//! }
//! ```

pub use algorithms::{Algorithm, Describe, Fields, Message, NodeId, Out, Output, rand};
pub use proto::{Bytes, prost};
pub use trace::history::History;

pub use crate::checkers::Property;
pub use crate::system::{Figure, Judgement, ScheduledCommand, Setup, System};

/// What the trace tells of a value: these fields of it.
///
/// ```
/// struct Process {
///     number: u64,
///     begun: bool,
/// }
/// lab::own::describe!(Process, number, begun);
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! own_describe {
    ($type:ty $(, $field:ident)* $(,)?) => {
        impl $crate::own::Describe for $type {
            fn describe(&self, fields: &mut $crate::own::Fields) {
                $(fields.add(stringify!($field), self.$field.clone());)*
                let _ = fields;
            }
        }
    };
}

/// Makes a struct that derives `prost::Message` a message of an algorithm, of
/// that kind; the trace tells these fields of it.
#[macro_export]
#[doc(hidden)]
macro_rules! own_message {
    ($type:ty as $kind:literal $(, $field:ident)* $(,)?) => {
        impl $crate::own::Message for $type {
            fn kind(&self) -> &'static str {
                $kind
            }

            fn to_payload(&self) -> $crate::own::Bytes {
                $crate::own::prost::Message::encode_to_vec(self).into()
            }

            fn from_payload(payload: $crate::own::Bytes) -> Option<Self> {
                $crate::own::prost::Message::decode(payload).ok()
            }
        }

        $crate::own::describe!($type $(, $field)*);
    };
}

/// Makes a struct an output of an algorithm, whose kind is its name; the trace
/// tells these fields of it.
#[macro_export]
#[doc(hidden)]
macro_rules! own_output {
    ($type:ident $(, $field:ident)* $(,)?) => {
        impl $crate::own::Output for $type {
            fn kind(&self) -> &'static str {
                stringify!($type)
            }
        }

        $crate::own::describe!($type $(, $field)*);
    };
}

#[doc(inline)]
pub use {own_describe as describe, own_message as message, own_output as output};
