//! A hub under many sessions, beside libp2p alone.
//!
//! `cargo bench --bench hub` starts `testbed-node --hub` as a user does, in a process of its
//! own, and 10,000 peers of it in this one: each a swarm and a driver, over TCP on loopback.
//! In turn with it runs the *floor*: a bare rust-libp2p program ([`bare`]) with as many bare
//! peers. Each benchmark prints lines; `cargo bench --bench hub -- quota cost` runs those
//! whose names contain one of the arguments, and `HUB_PEERS=1000` takes fewer peers.
//!
//! `sessions` is the one that takes minutes: what a session costs, how fast peers register,
//! how long a Find takes, and how a restart goes. `quota` runs in the simulator, and `cost`
//! measures what a proof costs the peer and the hub. `floods` are of new identities, and `nat` is
//! the matrix of `testbed nat`, as root or in a user namespace.

mod bare;
mod bound;
mod child;
mod client;
mod cost;
#[path = "../engines/figures.rs"]
#[allow(dead_code, reason = "shared with another benchmark")]
mod figures;
mod floods;
mod nat;
mod quota;
#[path = "../floor/resident.rs"]
#[allow(dead_code, reason = "shared with another benchmark")]
mod resident;
mod sessions;

use std::env;
use std::io;
use std::time::Duration;

use algorithms::hub::Terms;
use figures::Benchmark;

const ALL: [Benchmark; 5] = [
    ("sessions", sessions::all),
    ("quota", quota::greedy),
    ("cost", cost::of_proofs),
    ("floods", floods::all),
    ("nat", nat::matrix),
];

/// How many peers there are, if the environment does not say.
const PEERS: usize = 10_000;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let Some((child::FLAG, job)) = arguments
        .split_first()
        .map(|(flag, job)| (flag.as_str(), job))
    {
        return match job {
            [job, name, address] if job == "flood" => floods::work(name, address),
            job => child::work(job),
        };
    }
    figures::run(&ALL)
}

/// A hub that is alone, and bounds nothing but the size of what it passes on.
fn terms() -> Terms {
    Terms {
        bits: 0,
        crowd: u64::MAX,
        epoch: None,
        kept: 60,
        life: None,
        nearest: 20,
        burst: 1 << 16,
        tick: Duration::from_secs(1),
        fill: 1,
        largest: 32 << 10,
        pace: None,
        patience: Duration::ZERO,
        errands: 0,
    }
}

fn peers() -> usize {
    let wanted = env::var("HUB_PEERS").ok();
    wanted.and_then(|peers| peers.parse().ok()).unwrap_or(PEERS)
}
