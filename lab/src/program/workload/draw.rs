//! The operations that clients ask for, drawn at random.

use std::collections::BTreeMap;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::Workload;

/// How many keys of `lin-kv` are in use at a time, and after how many operations others are:
/// the search for an order of a key's operations grows with their number.
const KEYS: u64 = 4;
const OF_A_KEY: u64 = 24;

/// The values of `lin-kv`: few, so that swaps succeed.
const VALUES: u64 = 5;

/// The most operations of a transaction, as in Maelstrom.
const OF_A_TRANSACTION: u64 = 4;

/// The keys of `txn-list-append` that are in use at a time, and how often one is appended
/// to, as in Maelstrom: a list is read as a whole, so it has to stay short.
const LISTS: usize = 10;
const APPENDS: u64 = 16;

/// How many logs `kafka` has at most, and how many operations there are for each. Guesses.
const LOGS: u64 = 8;
const OF_A_LOG: u64 = 20;

/// Draws operations.
pub(super) struct Draw {
    rng: ChaCha8Rng,
    /// The lists in use, and how often each was appended to.
    lists: Vec<(u64, u64)>,
    /// The first list that was never in use.
    next_list: u64,
    /// How many messages were sent to each log.
    sent: BTreeMap<u64, u64>,
}

impl Draw {
    pub(super) fn new(rng: ChaCha8Rng) -> Self {
        let lists = (0..LISTS as u64).map(|list| (list, 0)).collect();
        Self {
            rng,
            lists,
            next_list: LISTS as u64,
            sent: BTreeMap::new(),
        }
    }

    /// The operation of that number.
    pub(super) fn ask(&mut self, workload: Workload, number: u64) -> Value {
        let read = json!({ "type": "read" });
        let rng = &mut self.rng;
        match workload {
            Workload::Echo => json!({ "type": "echo", "echo": format!("Please echo {number}") }),
            Workload::UniqueIds => json!({ "type": "generate" }),
            Workload::Election => json!({ "type": "leader" }),
            Workload::LinKv => self.register(number),
            Workload::TxnListAppend => self.transaction(),
            Workload::Kafka => self.log(number),
            Workload::Mutex => self.lock(number).1,
            Workload::Broadcast
            | Workload::TotalOrderBroadcast
            | Workload::GSet
            | Workload::GCounter
            | Workload::PnCounter
                if rng.random_bool(0.5) =>
            {
                read
            }
            Workload::Broadcast | Workload::TotalOrderBroadcast => {
                json!({ "type": "broadcast", "message": number })
            }
            Workload::GSet => json!({ "type": "add", "element": number }),
            Workload::GCounter => json!({ "type": "add", "delta": rng.random_range(0..5) }),
            Workload::PnCounter => json!({ "type": "add", "delta": rng.random_range(-5..5) }),
        }
    }

    /// Those of `mutex`: a lock, and an unlock some time after its answer, in steps of the
    /// rate. Clients come at random, and want the lock for half of the time in all.
    pub(super) fn lock(&mut self, number: u64) -> (f64, Value, Option<(f64, Value)>) {
        let later = self.rng.random_range(0.0..8.0);
        let held = self.rng.random_range(0.0..2.0);
        let [lock, unlock] = lock_and_unlock(number);
        (later, lock, Some((held, unlock)))
    }

    fn register(&mut self, number: u64) -> Value {
        let rng = &mut self.rng;
        let key = number / (KEYS * OF_A_KEY) * KEYS + rng.random_range(0..KEYS);
        let mut value = || rng.random_range(0..VALUES);
        let (from, to) = (value(), value());
        match value() % 3 {
            0 => json!({ "type": "read", "key": key }),
            1 => json!({ "type": "write", "key": key, "value": to }),
            _ => json!({ "type": "cas", "key": key, "from": from, "to": to }),
        }
    }

    /// No value is appended twice to a list.
    fn transaction(&mut self) -> Value {
        let count = self.rng.random_range(1..=OF_A_TRANSACTION);
        let operations = (0..count).map(|_| {
            let at = self.rng.random_range(0..self.lists.len());
            let (list, appended) = &mut self.lists[at];
            if self.rng.random_bool(0.5) {
                return json!(["r", list, null]);
            }
            *appended += 1;
            let operation = json!(["append", list, appended]);
            if *appended == APPENDS {
                self.lists[at] = (self.next_list, 0);
                self.next_list += 1;
            }
            operation
        });
        json!({ "type": "txn", "txn": operations.collect::<Vec<_>>() })
    }

    /// A message's text is its number, so that no two are equal. Offsets are drawn below the
    /// number of messages: programs number them from 0 or 1 in most cases, and have to take
    /// any offset.
    fn log(&mut self, number: u64) -> Value {
        let logs = (number / OF_A_LOG + 1).min(LOGS);
        let log = self.rng.random_range(0..logs);
        let key = log.to_string();
        let sent = self.sent.entry(log).or_default();
        match self.rng.random_range(0..8) {
            0..4 => {
                *sent += 1;
                json!({ "type": "send", "key": key, "msg": number })
            }
            // Nothing is done yet that could be committed.
            4..=6 if *sent == 0 => json!({ "type": "poll", "offsets": { key: 0 } }),
            4..6 => {
                let from = self.rng.random_range(0..=*sent);
                json!({ "type": "poll", "offsets": { key: from } })
            }
            6 => {
                let done = self.rng.random_range(1..=*sent);
                json!({ "type": "commit_offsets", "offsets": { key: done } })
            }
            _ => {
                let keys: Vec<_> = (0..logs).map(|log| log.to_string()).collect();
                json!({ "type": "list_committed_offsets", "keys": keys })
            }
        }
    }
}

/// No two have the same holder.
fn lock_and_unlock(number: u64) -> [Value; 2] {
    ["lock", "unlock"].map(|kind| json!({ "type": kind, "holder": number }))
}

/// Those in the end, when nobody has the lock.
pub(super) fn last_lock(number: u64) -> (Value, Value) {
    let [lock, mut unlock] = lock_and_unlock(number);
    unlock["last"] = true.into();
    (lock, unlock)
}

/// Polls all logs of so many operations from their beginning. The client removes
/// `to_the_end`, and polls again from where the answer ends, until it brings nothing.
pub(super) fn poll_to_the_end(count: u64) -> Value {
    let logs = (count / OF_A_LOG + 1).min(LOGS);
    let offsets: BTreeMap<_, _> = (0..logs).map(|log| (log.to_string(), 0)).collect();
    json!({ "type": "poll", "offsets": offsets, "to_the_end": true })
}
