//! A poll of `kafka` to the end: from where an answer ends it is asked again, until an answer
//! brings nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::service::Body;

/// The number of a message is that of the message before, and this: operations have smaller
/// numbers.
pub(super) const ROUND: u64 = 1 << 32;

/// How often it is asked at most. A guess.
const ROUNDS: u32 = 10_000;

/// What is polled, and what was got so far.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Poll {
    rounds: u32,
    /// The next offset of each log.
    offsets: BTreeMap<String, u64>,
    got: BTreeMap<String, Vec<Value>>,
}

impl Poll {
    /// That of a request which has `to_the_end`; the program does not see that.
    pub(super) fn of(request: &mut Body) -> Option<Self> {
        request.remove("to_the_end")?;
        let offsets = request.get("offsets").and_then(Value::as_object);
        let offsets = offsets.into_iter().flatten();
        let offsets = offsets.filter_map(|(log, from)| Some((log.clone(), from.as_u64()?)));
        Some(Self {
            rounds: 0,
            offsets: offsets.collect(),
            got: BTreeMap::new(),
        })
    }

    /// Takes an answer, and returns the next request. At the end this is an error, with the
    /// answer to the whole.
    pub(super) fn take(&mut self, mut answer: Body) -> Result<Body, Body> {
        self.rounds += 1;
        if answer.get("type").and_then(Value::as_str) != Some("poll_ok") {
            return Err(answer);
        }
        let Some(Value::Object(messages)) = answer.get_mut("msgs") else {
            return Err(answer);
        };
        let mut goes_on = false;
        for (log, got) in messages {
            let Value::Array(got) = got else {
                return Err(answer);
            };
            let offset = |pair: &Value| pair.get(0).and_then(Value::as_u64);
            let last = got.iter().filter_map(offset).max();
            let next = self.offsets.entry(log.clone()).or_default();
            if let Some(last) = last.filter(|last| last >= next) {
                *next = last.saturating_add(1);
                goes_on = true;
            }
            self.got.entry(log.clone()).or_default().append(got);
        }
        let body = match goes_on && self.rounds < ROUNDS {
            true => json!({ "type": "poll", "offsets": self.offsets }),
            false => {
                let got = std::mem::take(&mut self.got);
                answer.insert("msgs".into(), json!(got));
                return Err(answer);
            }
        };
        Ok(body.as_object().cloned().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(value: Value) -> Body {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn it_goes_on_until_nothing_comes() {
        let mut request =
            body(json!({ "type": "poll", "offsets": { "a": 0 }, "to_the_end": true }));
        let mut poll = Poll::of(&mut request).expect("a poll to the end");
        assert_eq!(
            request,
            body(json!({ "type": "poll", "offsets": { "a": 0 } }))
        );
        let next = poll.take(body(
            json!({ "type": "poll_ok", "msgs": { "a": [[0, 7], [2, 8]] } }),
        ));
        assert_eq!(
            next,
            Ok(body(json!({ "type": "poll", "offsets": { "a": 3 } })))
        );
        let end = poll.take(body(json!({ "type": "poll_ok", "msgs": { "a": [] } })));
        let all = json!({ "type": "poll_ok", "msgs": { "a": [[0, 7], [2, 8]] } });
        assert_eq!(end, Err(body(all)));
    }

    #[test]
    fn an_answer_without_a_new_offset_is_the_end() {
        let mut request = body(json!({ "offsets": { "a": 5 }, "to_the_end": true }));
        let mut poll = Poll::of(&mut request).expect("a poll to the end");
        let again = json!({ "type": "poll_ok", "msgs": { "a": [[4, 1]] } });
        assert!(poll.take(body(again)).is_err());
        for wrong in [
            json!({ "type": "error" }),
            json!({ "type": "poll_ok", "msgs": [] }),
        ] {
            assert_eq!(poll.take(body(wrong.clone())), Err(body(wrong)));
        }
    }
}
