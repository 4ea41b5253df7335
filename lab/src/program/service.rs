//! The services that programs may use, as Maelstrom has them: key-value stores and a source
//! of timestamps. Each is one process, so `lin-kv` and `lin-tso` are linearizable.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value, json};

/// How many of the last states a reader of [`Service::SeqKv`] may see.
const STATES: usize = 32;

/// Keys and values, as JSON texts.
type Store = BTreeMap<String, String>;

/// The body of a message.
pub type Body = Map<String, Value>;

/// A service, with its state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// `lin-kv`.
    LinKv(Store),
    /// `seq-kv`: changes apply to the newest state, and a read sees one of the last, none older
    /// than its client has seen before.
    SeqKv(Sequence),
    /// `lww-kv`: two replicas that merge now and then; of two writes the later one wins.
    LwwKv(Replicas),
    /// `lin-tso`: numbers from 0.
    LinTso(u64),
}

/// The states of `seq-kv`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sequence {
    states: VecDeque<Store>,
    /// The number of the first of them.
    first: u64,
    /// The newest state that each client has seen.
    seen: BTreeMap<String, u64>,
}

/// The replicas of `lww-kv`: values with the times at which they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Replicas {
    both: [BTreeMap<String, (u64, String)>; 2],
    time: u64,
}

/// Why a request is refused: Maelstrom's code and a text.
struct Refusal(u64, String);

impl Service {
    /// All of them, by the names that programs send to.
    pub fn all() -> [(&'static str, Self); 4] {
        let sequence = Sequence {
            states: VecDeque::from([Store::new()]),
            first: 0,
            seen: BTreeMap::new(),
        };
        [
            ("lin-kv", Self::LinKv(Store::new())),
            ("seq-kv", Self::SeqKv(sequence)),
            ("lww-kv", Self::LwwKv(Replicas::default())),
            ("lin-tso", Self::LinTso(0)),
        ]
    }

    /// The answer to that request, without its numbers; `None` for a type that it does not
    /// know. `draw` gives a random number below its argument.
    pub fn answer(
        &mut self,
        client: &str,
        request: &Body,
        draw: impl FnMut(u64) -> u64,
    ) -> Option<Body> {
        let answered = match (self, kind(request)) {
            (Self::LinTso(next), "ts") => {
                *next += 1;
                Ok(json!({ "type": "ts_ok", "ts": *next - 1 }))
            }
            (Self::LinKv(store), kind) => ask(store, kind, request)?,
            (Self::SeqKv(sequence), kind) => sequence.ask(client, kind, request, draw)?,
            (Self::LwwKv(replicas), kind) => replicas.ask(kind, request, draw)?,
            (Self::LinTso(_), _) => return None,
        };
        let answer = answered.unwrap_or_else(
            |Refusal(code, text)| json!({ "type": "error", "code": code, "text": text }),
        );
        match answer {
            Value::Object(body) => Some(body),
            _ => None,
        }
    }
}

impl Sequence {
    fn ask(
        &mut self,
        client: &str,
        kind: &str,
        request: &Body,
        mut draw: impl FnMut(u64) -> u64,
    ) -> Option<Result<Value, Refusal>> {
        let newest = self.first + self.states.len() as u64 - 1;
        let seen = self.seen.get(client).copied().unwrap_or(0).max(self.first);
        if kind == "read" {
            let at = seen + draw(newest - seen + 1);
            self.seen.insert(client.to_owned(), at);
            let mut state = self.states[(at - self.first) as usize].clone();
            return ask(&mut state, kind, request);
        }
        let mut next = self.states.back().cloned().unwrap_or_default();
        let answer = ask(&mut next, kind, request)?;
        if answer.is_ok() {
            self.states.push_back(next);
            if self.states.len() > STATES {
                self.states.pop_front();
                self.first += 1;
            }
            self.seen.insert(client.to_owned(), newest + 1);
        }
        Some(answer)
    }
}

impl Replicas {
    fn ask(
        &mut self,
        kind: &str,
        request: &Body,
        mut draw: impl FnMut(u64) -> u64,
    ) -> Option<Result<Value, Refusal>> {
        if draw(2) == 0 {
            self.merge();
        }
        let replica = &mut self.both[draw(2) as usize];
        let mut store: Store = replica
            .iter()
            .map(|(key, (_, value))| (key.clone(), value.clone()))
            .collect();
        let answer = ask(&mut store, kind, request)?;
        if answer.is_ok() && kind != "read" {
            self.time += 1;
            let key = text(request, "key");
            if let Some(value) = store.remove(&key) {
                replica.insert(key, (self.time, value));
            }
        }
        Some(answer)
    }

    fn merge(&mut self) {
        let [one, other] = &mut self.both;
        for (key, written) in one.iter() {
            let theirs = other.entry(key.clone()).or_insert_with(|| written.clone());
            if theirs.0 < written.0 {
                theirs.clone_from(written);
            }
        }
        one.clone_from(other);
    }
}

/// Asks a store. `None` for an unknown type.
fn ask(store: &mut Store, kind: &str, request: &Body) -> Option<Result<Value, Refusal>> {
    let key = text(request, "key");
    let missing = || Refusal(20, format!("there is no key {key}"));
    Some(match kind {
        "read" => match store.get(&key) {
            Some(value) => Ok(json!({ "type": "read_ok", "value": parsed(value) })),
            None => Err(missing()),
        },
        "write" => {
            store.insert(key, text(request, "value"));
            Ok(json!({ "type": "write_ok" }))
        }
        "cas" => {
            let (from, to) = (text(request, "from"), text(request, "to"));
            let creates = request.get("create_if_not_exists") == Some(&Value::Bool(true));
            match store.get(&key) {
                None if !creates => Err(missing()),
                Some(value) if *value != from => {
                    let why = format!("the value of {key} is {value}, and not {from}");
                    Err(Refusal(22, why))
                }
                _ => {
                    store.insert(key, to);
                    Ok(json!({ "type": "cas_ok" }))
                }
            }
        }
        _ => return None,
    })
}

fn kind(request: &Body) -> &str {
    request.get("type").and_then(Value::as_str).unwrap_or("")
}

/// A field as JSON; one that is missing is null.
fn text(request: &Body, field: &str) -> String {
    request.get(field).unwrap_or(&Value::Null).to_string()
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str) -> Service {
        let all = Service::all().into_iter();
        all.into_iter()
            .find_map(|(of, service)| (of == name).then_some(service))
            .expect("a service")
    }

    fn body(value: Value) -> Body {
        value.as_object().expect("an object").clone()
    }

    /// Asks, where the first of what may be drawn is drawn.
    fn ask(service: &mut Service, request: Value) -> Value {
        let answer = service.answer("n0", &body(request), |_| 0);
        answer.map_or(Value::Null, Value::Object)
    }

    #[test]
    fn a_store_reads_writes_and_swaps() {
        for name in ["lin-kv", "lww-kv"] {
            let kv = &mut service(name);
            let read = json!({ "type": "read", "key": 1 });
            assert_eq!(ask(kv, read.clone())["code"], 20, "{name}");
            let cas =
                |from: u64, to: u64| json!({ "type": "cas", "key": 1, "from": from, "to": to });
            assert_eq!(ask(kv, cas(1, 2))["code"], 20);
            let mut creates = cas(1, 2);
            creates["create_if_not_exists"] = true.into();
            assert_eq!(ask(kv, creates)["type"], "cas_ok");
            assert_eq!(ask(kv, cas(1, 3))["code"], 22);
            assert_eq!(ask(kv, cas(2, 3))["type"], "cas_ok");
            assert_eq!(ask(kv, read.clone())["value"], 3);
            let write = json!({ "type": "write", "key": 1, "value": [null, "x"] });
            assert_eq!(ask(kv, write)["type"], "write_ok");
            assert_eq!(ask(kv, read)["value"], json!([null, "x"]));
            assert_eq!(ask(kv, json!({ "type": "hello" })), Value::Null);
        }
    }

    #[test]
    fn timestamps_count_up() {
        let tso = &mut service("lin-tso");
        for expected in 0..3 {
            assert_eq!(ask(tso, json!({ "type": "ts" }))["ts"], expected);
        }
    }

    #[test]
    fn a_reader_of_seq_kv_may_see_an_old_state_and_never_goes_back() {
        let kv = &mut service("seq-kv");
        let write = |value: u64| body(json!({ "type": "write", "key": "k", "value": value }));
        let read = body(json!({ "type": "read", "key": "k" }));
        for value in 0..100 {
            assert!(kv.answer("writer", &write(value), |_| 0).is_some());
        }
        let oldest = kv.answer("reader", &read, |_| 0).expect("an answer");
        assert_eq!(oldest["value"], 100 - STATES as u64);
        let newest = kv
            .answer("reader", &read, |below| below - 1)
            .expect("an answer");
        assert_eq!(newest["value"], 99);
        let again = kv.answer("reader", &read, |_| 0).expect("an answer");
        assert_eq!(again["value"], 99, "it has seen that");
        let own = kv.answer("writer", &read, |_| 0).expect("an answer");
        assert_eq!(own["value"], 99, "it has written that");
    }
}
