//! Tags that are missing, duplicated or invalid.
use algorithms::Message;

#[derive(Message)]
enum Missing {
    #[message(tag = 1)]
    Request { time: u64 },
    Reply,
}

#[derive(Message)]
enum Doubled {
    #[message(tag = 1)]
    Request,
    #[message(tag = 1)]
    Reply,
}

#[derive(Message)]
struct Transfer {
    #[message(tag = 1)]
    number: u64,
    amount: u64,
}

#[derive(Message)]
enum InVariant {
    #[message(tag = 1)]
    Echo { wave: u64, visited: u64 },
}

#[derive(Message)]
struct Zero {
    #[message(tag = 0)]
    number: u64,
}

fn main() {}
