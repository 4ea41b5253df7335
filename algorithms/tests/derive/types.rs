//! Types that are not allowed in their places.
use std::net::Ipv4Addr;

use algorithms::{Describe, Message};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
struct Packet {
    #[message(tag = 1)]
    #[describe(skip)]
    host: Ipv4Addr,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
enum Several {
    #[message(tag = 1)]
    Numbers { all: Vec<u64> },
}

#[derive(Describe)]
struct State {
    host: Ipv4Addr,
}

fn main() {}
