//! States that runs of one seed would not repeat.

use std::collections::HashMap;
use std::time::Instant;

use algorithms::{Describe, NodeId};

#[derive(Describe)]
struct Average {
    mean: f64,
}

#[derive(Describe)]
struct Averages {
    of: Option<Vec<(NodeId, f32)>>,
}

#[derive(Describe)]
struct Table {
    routes: HashMap<u32, NodeId>,
}

#[derive(Describe)]
struct Lease {
    until: Instant,
}

#[derive(Describe)]
enum Phase {
    Waiting {
        #[describe(durable)]
        since: u64,
    },
}

fn main() {}
