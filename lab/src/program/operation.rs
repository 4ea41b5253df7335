//! The operations of the clients, as the trace has them.

use std::collections::BTreeMap;

use serde_json::Value;
use trace::history::{History, OperationRecord};

use super::body;
use super::roster::Roster;
use super::service::Body;

/// Maelstrom's codes of errors after which an operation may have taken effect, and those of a
/// program's own, which say nothing about that.
const INDEFINITE: [u64; 2] = [0, 13];
const OWN: u64 = 1000;

/// An operation of a client.
#[derive(Clone, Debug)]
pub struct Operation<'a> {
    /// What the trace has of it.
    pub record: OperationRecord<'a>,
    /// The client.
    pub client: String,
    /// Its type.
    pub kind: String,
    /// What was asked.
    pub asked: Body,
    /// What came of it.
    pub ended: Ended,
}

/// What came of an operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    /// The program has answered at that time, as it should.
    Done(u64, Body),
    /// It has refused it, with that code, and it has no effect.
    Refused(u64, u64),
    /// Nothing is known: there was no answer in time, or an error that leaves it open.
    Unknown,
    /// The answer is none.
    Malformed(String),
}

/// All operations, in the order in which they were asked for.
pub fn read(history: &History, roster: Roster) -> Vec<Operation<'_>> {
    let records = history.operations(|request, kind, fields| {
        let number = |fields: &algorithms::Fields| fields.get_integer("number");
        matches!(kind, "Answered" | "TimedOut") && number(fields) == number(&request.fields)
    });
    let of = |record| of(record, roster);
    records.into_iter().filter_map(of).collect()
}

fn of(record: OperationRecord<'_>, roster: Roster) -> Option<Operation<'_>> {
    let asked = object(&body::whole(&record.request.fields, "body")?)?;
    let kind = asked.get("type")?.as_str()?.to_owned();
    let ended = match &record.answer {
        Some(answer) if answer.kind == "Answered" => {
            let body = body::whole(answer.fields, "body");
            let body = body.as_deref().and_then(object);
            ended(&kind, answer.at, body)
        }
        _ => Ended::Unknown,
    };
    Some(Operation {
        client: roster.in_words(record.process),
        record,
        kind,
        asked,
        ended,
    })
}

fn ended(kind: &str, at: u64, body: Option<Body>) -> Ended {
    let Some(body) = body else {
        return Ended::Malformed("no JSON object".into());
    };
    let said = body.get("type").and_then(Value::as_str).unwrap_or("");
    if said == format!("{kind}_ok") {
        return Ended::Done(at, body);
    }
    if said != "error" {
        return Ended::Malformed(format!(
            "of the type {said:?}, and not \"{kind}_ok\" or \"error\""
        ));
    }
    match body.get("code").and_then(Value::as_u64) {
        Some(code) if INDEFINITE.contains(&code) || code >= OWN => Ended::Unknown,
        Some(code) => Ended::Refused(at, code),
        None => Ended::Malformed("an error whose \"code\" is no number".into()),
    }
}

fn object(text: &str) -> Option<Body> {
    serde_json::from_str(text).ok()
}

/// The last operation of each client, by the client.
pub fn last_of_each<'a, 'b>(
    operations: &'a [Operation<'b>],
) -> BTreeMap<&'a str, &'a Operation<'b>> {
    let by_client = operations.iter().map(|one| (&*one.client, one));
    by_client.collect()
}

impl Operation<'_> {
    /// A field of what was asked.
    pub fn asks(&self, field: &str) -> Value {
        self.asked.get(field).cloned().unwrap_or(Value::Null)
    }

    /// The time of the answer, and a field of it.
    pub fn has(&self, field: &str) -> Option<(u64, Value)> {
        match &self.ended {
            Ended::Done(at, body) => Some((*at, body.get(field).cloned().unwrap_or(Value::Null))),
            _ => None,
        }
    }

    /// `c1, peer-04 (step 7)`: the client, and the step in which it asked.
    pub fn place(&self) -> String {
        let OperationRecord { process, step, .. } = self.record;
        format!("{}, {process} (step {step})", self.client)
    }

    /// Whether it was carried out.
    pub fn is_done(&self) -> bool {
        matches!(self.ended, Ended::Done(..))
    }

    /// Whether it may have been.
    pub fn may_be_done(&self) -> bool {
        matches!(
            self.ended,
            Ended::Done(..) | Ended::Unknown | Ended::Malformed(_)
        )
    }
}
