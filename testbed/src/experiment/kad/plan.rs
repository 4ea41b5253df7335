//! The operations of a run and their peers, all from one seed.

use std::collections::BTreeSet;

use clap::ValueEnum;
use node::lookup::Lookup;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, RngExt as _};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::oracle::Oracle;

/// How many bytes a key has.
pub const KEY: usize = 32;

/// How many records, and how many providers, are stored before the first operation,
/// if the operations look for any. A guess: enough for random choices.
const PREPARED: usize = 20;

/// What can be asked.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    #[default]
    /// Store a value at the peers closest to its key.
    Put,
    /// Fetch a value that was stored.
    Get,
    /// Say that one provides something.
    Provide,
    /// Find who provides it.
    Providers,
    /// Find the closest peers to a key, which the oracle checks.
    Find,
}

impl Kind {
    /// As on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Put => "put",
            Self::Get => "get",
            Self::Provide => "provide",
            Self::Providers => "providers",
            Self::Find => "find",
        }
    }
}

/// One operation.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub(super) kind: Kind,
    /// Whether it belongs to the preparation and is not measured.
    pub(super) prepares: bool,
    pub(super) peer: u32,
    pub(super) key: Vec<u8>,
    /// The value to store, or the expected one.
    pub(super) value: Vec<u8>,
    /// The provider that should be found.
    pub(super) provider: Option<u32>,
}

/// A stored record or provider record.
#[derive(Clone, Debug)]
struct Known {
    key: Vec<u8>,
    value: Vec<u8>,
    by: u32,
}

/// The operations of a run.
#[derive(Debug)]
pub(super) struct Plan {
    /// The operations of the preparation, which store what later ones are to find.
    pub(super) before: Vec<Operation>,
    pub(super) operations: Vec<Operation>,
}

impl Plan {
    /// Plans `count` operations, each of a kind drawn from `mix`.
    pub(super) fn new(
        count: u32,
        mix: &[Kind],
        size: usize,
        oracle: &Oracle,
        peers: u32,
        mut rng: ChaCha8Rng,
    ) -> Self {
        let mut new = |kind| Operation::new(kind, size, rng.random_range(0..peers), &mut rng);
        let mut before = Vec::new();
        for (finds, needs) in [(Kind::Get, Kind::Put), (Kind::Providers, Kind::Provide)] {
            if mix.contains(&finds) {
                before.extend((0..PREPARED).map(|_| Operation {
                    prepares: true,
                    ..new(needs)
                }));
            }
        }
        let known = |kind| {
            let all = before
                .iter()
                .filter(move |operation| operation.kind == kind);
            all.map(Operation::known).collect::<Vec<_>>()
        };
        let (records, provided) = (known(Kind::Put), known(Kind::Provide));
        let operations = (0..count).map(|_| {
            let kind = *mix.choose(&mut rng).expect("a mix of something");
            let from = match kind {
                Kind::Get => records.choose(&mut rng),
                Kind::Providers => provided.choose(&mut rng),
                Kind::Put | Kind::Provide | Kind::Find => None,
            };
            match from {
                Some(known) => known.find(kind, oracle, peers, &mut rng),
                None => Operation::new(kind, size, rng.random_range(0..peers), &mut rng),
            }
        });
        let operations = operations.collect();
        Self { before, operations }
    }
}

impl Operation {
    fn new(kind: Kind, size: usize, peer: u32, rng: &mut ChaCha8Rng) -> Self {
        let mut key = vec![0; KEY];
        rng.fill_bytes(&mut key);
        let mut value = vec![0; if kind == Kind::Put { size } else { 0 }];
        rng.fill_bytes(&mut value);
        Self {
            kind,
            prepares: false,
            peer,
            key,
            value,
            provider: None,
        }
    }

    fn known(&self) -> Known {
        Known {
            key: self.key.clone(),
            value: self.value.clone(),
            by: self.peer,
        }
    }

    /// The name of its trace.
    pub(super) fn name(&self) -> String {
        let kind = self.kind.name();
        match self.prepares {
            true => format!("prepare {kind}"),
            false => kind.to_owned(),
        }
    }

    /// The operation as a request to the peer.
    pub(super) fn lookup(&self) -> Lookup {
        let key = self.key.clone();
        match self.kind {
            Kind::Put => Lookup::Put {
                key,
                value: self.value.clone(),
            },
            Kind::Get => Lookup::Get { key },
            Kind::Provide => Lookup::Provide { key },
            Kind::Providers => Lookup::Providers { key },
            Kind::Find => Lookup::Closest { key },
        }
    }
}

impl Known {
    /// An operation that looks for it. The requester is not the peer that stored it and,
    /// if there are others, none of the peers that hold it.
    fn find(&self, kind: Kind, oracle: &Oracle, peers: u32, rng: &mut ChaCha8Rng) -> Operation {
        let keep: BTreeSet<_> = oracle.closest(&self.key, self.by).into_iter().collect();
        let others = (0..peers).filter(|peer| *peer != self.by);
        let (without, with): (Vec<_>, Vec<_>) = others.partition(|peer| !keep.contains(peer));
        let peer = without.choose(rng).or_else(|| with.choose(rng));
        Operation {
            kind,
            prepares: false,
            peer: *peer.expect("two peers at least"),
            key: self.key.clone(),
            value: self.value.clone(),
            provider: (kind == Kind::Providers).then_some(self.by),
        }
    }
}
