//! What clients ask programs for: Maelstrom's workloads, and three of our own.

mod consistency;
mod draw;
mod neighbours;

use std::time::Duration;

use clap::ValueEnum;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use serde_json::{Value, json};

use super::roster::Roster;
pub use consistency::Consistency;
use draw::Draw;
pub use neighbours::Neighbours;

/// How many clients of `mutex` lock once more in the end, and how long after each other: one
/// lock is to be had in that time. Guesses.
const LAST_LOCKS: u32 = 5;
const LAST_LOCK: Duration = Duration::from_secs(1);

/// How long a client of `mutex` has the lock at most. A guess.
const HELD: Duration = Duration::from_secs(1);

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
    /// Transactions over lists, which are strictly serializable
    TxnListAppend,
    /// Logs that clients append to and read from any place
    Kafka,
    /// Agree on a leader: one in each term
    Election,
    /// Lock and unlock: one client at a time has the lock
    Mutex,
    /// Tell all the others a number, in the same order everywhere
    TotalOrderBroadcast,
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
    /// What the client asks next, so long after the answer.
    pub then: Option<(Duration, Value)>,
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
    /// What each client asks once more in the end.
    fn last(self, count: u64) -> Option<Value> {
        match self {
            Self::Broadcast
            | Self::TotalOrderBroadcast
            | Self::GSet
            | Self::GCounter
            | Self::PnCounter => Some(json!({ "type": "read" })),
            Self::Election => Some(json!({ "type": "leader" })),
            Self::Kafka => Some(draw::poll_to_the_end(count)),
            Self::Echo | Self::UniqueIds | Self::LinKv | Self::TxnListAppend | Self::Mutex => None,
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
        let mut draw = Draw::new(ChaCha8Rng::seed_from_u64(seed));
        let mut all = self.first(roster, neighbours);
        let start = Duration::from_millis(if all.is_empty() { 0 } else { 100 });
        let count = (pace.rate * pace.lasts.as_secs_f64()).ceil() as u64;
        // Of two operations the second one follows from the first.
        let step = if self == Self::Mutex { 2 } else { 1 };
        for number in (0..count).step_by(step) {
            let (later, body, then) = match self {
                Self::Mutex => draw.lock(number),
                _ => (0.0, draw.ask(self, number), None),
            };
            // At a low rate a step is longer than the run.
            let since = |steps: f64, most: Duration| {
                let most = most.as_secs_f64();
                Duration::from_secs_f64((steps / pace.rate).min(most))
            };
            let then = then.map(|(steps, body)| (since(steps, HELD), body));
            all.push(Asked {
                at: start + since(number as f64 + later, pace.lasts),
                client: (number / step as u64 % u64::from(roster.clients.max(1))) as u32,
                body,
                then,
            });
        }
        all.sort_by_key(|asked| asked.at);
        let end = start + pace.lasts + pace.recovery;
        all.extend(self.last(count).into_iter().flat_map(|body| {
            (0..roster.clients).map(move |client| Asked {
                at: end,
                client,
                body: body.clone(),
                then: None,
            })
        }));
        if self == Self::Mutex {
            all.extend((0..roster.clients.min(LAST_LOCKS)).map(|client| {
                let (body, unlock) = draw::last_lock(count + u64::from(client));
                Asked {
                    at: end + LAST_LOCK * client,
                    client,
                    body,
                    then: Some((Duration::ZERO, unlock)),
                }
            }));
        }
        all
    }

    /// How long after the recovery the last operation is asked for.
    pub fn last_ones(self, roster: Roster) -> Duration {
        match self {
            Self::Mutex => LAST_LOCK * roster.clients.min(LAST_LOCKS),
            _ => Duration::ZERO,
        }
    }

    /// What is asked before all else.
    fn first(self, roster: Roster, neighbours: Neighbours) -> Vec<Asked> {
        if !matches!(self, Self::Broadcast) {
            return Vec::new();
        }
        let topology = neighbours.of(roster.programs);
        let body = json!({ "type": "topology", "topology": topology });
        let each = (0..roster.programs.min(roster.clients)).map(|client| Asked {
            at: Duration::ZERO,
            client,
            body: body.clone(),
            then: None,
        });
        each.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROSTER: Roster = Roster {
        programs: 3,
        clients: 3,
    };

    fn asks(workload: Workload, seed: u64) -> Vec<Asked> {
        let pace = Pace {
            rate: 10.0,
            lasts: Duration::from_secs(2),
            recovery: Duration::from_secs(1),
        };
        workload.asks(ROSTER, &pace, Neighbours::Grid, seed)
    }

    #[test]
    fn the_same_seed_asks_the_same() {
        for workload in Workload::value_variants() {
            let bodies = |seed| {
                let all = asks(*workload, seed).into_iter();
                all.map(|asked| (asked.body, asked.then))
                    .collect::<Vec<_>>()
            };
            assert_eq!(bodies(1), bodies(1));
            let is_drawn = !matches!(
                workload,
                Workload::Echo | Workload::UniqueIds | Workload::Election
            );
            assert_eq!(bodies(1) != bodies(2), is_drawn, "{workload:?}");
        }
    }

    #[test]
    fn what_is_asked_in_the_end_comes_after_all_else() {
        for workload in Workload::value_variants() {
            for rate in [f64::MIN_POSITIVE, 1e-3, 1.0, 1e3] {
                let pace = Pace {
                    rate,
                    lasts: Duration::from_secs(1),
                    recovery: Duration::from_secs(1),
                };
                let all = workload.asks(ROSTER, &pace, Neighbours::Grid, 1);
                let last = workload.last_ones(ROSTER);
                let end = all.iter().map(|asked| asked.at).max();
                let most = pace.lasts + pace.recovery + last + Duration::from_millis(100);
                assert!(end.is_some_and(|end| end <= most), "{workload:?} {rate}");
                let mut held = all.iter().filter_map(|asked| asked.then.as_ref());
                assert!(held.all(|(held, _)| *held <= HELD), "{workload:?} {rate}");
            }
        }
    }

    #[test]
    fn there_are_as_many_operations_as_the_rate_says() {
        let count = |workload| {
            let all = asks(workload, 1);
            let then = all.iter().filter(|asked| asked.then.is_some());
            all.len() + then.count()
        };
        // Topologies, operations and last reads.
        assert_eq!(count(Workload::Broadcast), 3 + 20 + 3);
        assert_eq!(count(Workload::Echo), 20);
        assert_eq!(count(Workload::Kafka), 20 + 3);
        // Locks and unlocks, in the end too.
        assert_eq!(count(Workload::Mutex), 20 + 2 * 3);
    }
}
