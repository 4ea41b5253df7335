//! What clients ask programs for: Maelstrom's workloads.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::ValueEnum;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use serde_json::{Value, json};

use super::roster::Roster;

/// How many keys of `lin-kv` are in use at a time, and after how many operations others are:
/// the search for an order of a key's operations grows with their number.
const KEYS: u64 = 4;
const OF_A_KEY: u64 = 24;

/// The values of `lin-kv`: few, so that swaps succeed.
const VALUES: u64 = 5;

/// What clients ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Workload {
    /// Say the same
    Echo,
    /// Make up ids that nobody else has
    UniqueIds,
    /// Tell all the others a number
    Broadcast,
    /// A set that only grows
    GSet,
    /// A counter that only grows
    GCounter,
    /// A counter that grows and shrinks
    PnCounter,
    /// Registers that are read, written and swapped
    LinKv,
}

/// How programs are to talk to each other in `broadcast`, if they heed it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Neighbours {
    /// A line
    Line,
    /// A grid of two dimensions
    #[default]
    Grid,
    /// A tree in which each has up to 4 below it
    Tree4,
    /// All with all
    Total,
}

/// When what is asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// When, after the start.
    pub at: Duration,
    /// The number of the client.
    pub client: u32,
    /// The body, without its number.
    pub body: Value,
}

/// How much is asked, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pace {
    /// How many operations a second, by all clients.
    pub rate: f64,
    /// For how long.
    pub lasts: Duration,
    /// How long nothing is asked then, before the last reads.
    pub recovery: Duration,
}

impl Workload {
    /// Whether each program is read once more in the end.
    fn reads_in_the_end(self) -> bool {
        match self {
            Self::Broadcast | Self::GSet | Self::GCounter | Self::PnCounter => true,
            Self::Echo | Self::UniqueIds | Self::LinKv => false,
        }
    }

    /// All that is asked, in the order of time. The seed determines it.
    pub fn asks(
        self,
        roster: Roster,
        pace: &Pace,
        neighbours: Neighbours,
        seed: u64,
    ) -> Vec<Asked> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut all = Vec::new();
        if self == Self::Broadcast {
            let topology = neighbours.of(roster.programs);
            let body = json!({ "type": "topology", "topology": topology });
            all.extend(
                (0..roster.programs.min(roster.clients)).map(|client| Asked {
                    at: Duration::ZERO,
                    client,
                    body: body.clone(),
                }),
            );
        }
        let start = Duration::from_millis(if all.is_empty() { 0 } else { 100 });
        let count = (pace.rate * pace.lasts.as_secs_f64()).ceil() as u64;
        for number in 0..count {
            all.push(Asked {
                at: start + Duration::from_secs_f64(number as f64 / pace.rate),
                client: (number % u64::from(roster.clients.max(1))) as u32,
                body: self.ask(number, &mut rng),
            });
        }
        if self.reads_in_the_end() {
            let at = start + pace.lasts + pace.recovery;
            all.extend((0..roster.clients).map(|client| Asked {
                at,
                client,
                body: json!({ "type": "read" }),
            }));
        }
        all
    }

    fn ask(self, number: u64, rng: &mut ChaCha8Rng) -> Value {
        let read = json!({ "type": "read" });
        match self {
            Self::Echo => json!({ "type": "echo", "echo": format!("Please echo {number}") }),
            Self::UniqueIds => json!({ "type": "generate" }),
            Self::Broadcast | Self::GSet | Self::GCounter | Self::PnCounter
                if rng.random_bool(0.5) =>
            {
                read
            }
            Self::Broadcast => json!({ "type": "broadcast", "message": number }),
            Self::GSet => json!({ "type": "add", "element": number }),
            Self::GCounter => json!({ "type": "add", "delta": rng.random_range(0..5) }),
            Self::PnCounter => json!({ "type": "add", "delta": rng.random_range(-5..5) }),
            Self::LinKv => {
                let key = number / (KEYS * OF_A_KEY) * KEYS + rng.random_range(0..KEYS);
                let mut value = || rng.random_range(0..VALUES);
                let (from, to) = (value(), value());
                match value() % 3 {
                    0 => json!({ "type": "read", "key": key }),
                    1 => json!({ "type": "write", "key": key, "value": to }),
                    _ => json!({ "type": "cas", "key": key, "from": from, "to": to }),
                }
            }
        }
    }
}

impl Neighbours {
    /// The neighbours of each of so many programs.
    fn of(self, count: u32) -> BTreeMap<String, Vec<String>> {
        let mut all: BTreeMap<_, Vec<_>> = (0..count).map(|one| (one, Vec::new())).collect();
        let width = f64::from(count).sqrt().ceil().max(1.0) as u32;
        for one in 0..count {
            let others: Vec<_> = match self {
                Self::Line => (one + 1..count).take(1).collect(),
                Self::Grid => {
                    let right = ((one + 1) % width != 0).then_some(one + 1);
                    right.into_iter().chain([one + width]).collect()
                }
                Self::Tree4 => (4 * one + 1..=4 * one + 4).collect(),
                Self::Total => (one + 1..count).collect(),
            };
            for other in others.into_iter().filter(|other| *other < count) {
                all.entry(one).or_default().push(other);
                all.entry(other).or_default().push(one);
            }
        }
        let name = |number: u32| format!("n{number}");
        let names =
            |(one, others): (u32, Vec<u32>)| (name(one), others.into_iter().map(name).collect());
        all.into_iter().map(names).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_mutual_and_all_are_reached() {
        for neighbours in [
            Neighbours::Line,
            Neighbours::Grid,
            Neighbours::Tree4,
            Neighbours::Total,
        ] {
            for count in [1, 2, 5, 25] {
                let all = neighbours.of(count);
                let mut reached = vec!["n0".to_owned()];
                let mut at = 0;
                while let Some(one) = reached.get(at).cloned() {
                    for other in &all[&one] {
                        assert!(all[other].contains(&one), "{one} and {other}");
                        if !reached.contains(other) {
                            reached.push(other.clone());
                        }
                    }
                    at += 1;
                }
                assert_eq!(reached.len(), count as usize, "{neighbours:?}");
            }
        }
        assert_eq!(Neighbours::Grid.of(4)["n0"], ["n1", "n2"]);
    }

    #[test]
    fn the_same_seed_asks_the_same() {
        let roster = Roster {
            programs: 3,
            clients: 3,
        };
        let pace = Pace {
            rate: 10.0,
            lasts: Duration::from_secs(2),
            recovery: Duration::from_secs(1),
        };
        let asks = |seed| {
            let all = Workload::Broadcast.asks(roster, &pace, Neighbours::Grid, seed);
            all.into_iter().map(|asked| asked.body).collect::<Vec<_>>()
        };
        assert_eq!(asks(1), asks(1));
        assert_ne!(asks(1), asks(2));
        // Topologies, operations and last reads.
        assert_eq!(asks(1).len(), 3 + 20 + 3);
    }
}
