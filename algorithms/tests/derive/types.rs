//! Types that are not allowed in their places.
use algorithms::{Describe, Message};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
struct Packet {
    #[message(tag = 1)]
    #[describe(skip)]
    letter: char,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
enum Several {
    #[message(tag = 1)]
    Numbers { all: Vec<u64> },
}

#[derive(Describe)]
struct State {
    letter: char,
}

fn main() {}
