//! The items that derived code refers to. Public for that code alone.

pub use proto::Bytes;

pub use crate::algorithm::{Message, Output, Role};
pub use crate::describe::{Describe, Fields};
pub use crate::wire::{Body, Input, Key, Single, Wire, decode, encode, member, nested};
