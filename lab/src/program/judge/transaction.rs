//! `txn-list-append`: what transactions have read and appended can have happened one after
//! the other.
//!
//! The judge is [`adya`], after Kingsbury and Alvaro, "Elle: Inferring Isolation Anomalies
//! from Experimental Observations" (VLDB 2020): it infers from the lists that were read
//! which transaction must precede which, and looks for cycles. It finds no false anomaly, and
//! not every true one.

use std::time::Duration;

use adya::{History as Transactions, Opts, Report, Valid, check as infer};
use serde_json::{Value, json};
use trace::history::History;

use super::words;
use crate::checkers::Property;
use crate::program::operation::{Ended, Operation};
use crate::program::workload::Consistency;

/// How long the search for a short cycle may take. A guess.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many anomalies of a sort are named. A guess: more would not be read.
const NAMED: usize = 3;

/// What that crate says if it found nothing to judge, or not in time.
const UNKNOWN: [&str; 2] = ["empty-transaction-graph", "cycle-search-timeout"];

pub(super) fn check(
    consistency: Consistency,
    operations: &[Operation<'_>],
    history: &History,
) -> Property {
    let mut property = Property::of(consistency.property(), history).looks_at("txn_ok");
    let asked = operations.iter().filter(|one| one.kind == "txn");
    let asked: Vec<_> = asked.collect();
    for operation in &asked {
        if let Err(why) = micro_operations(operation) {
            property.check(false, || format!("{}: {why}", words(operation)));
        }
    }
    if !property.holds() {
        return property;
    }
    let report = match report(consistency, &asked) {
        Ok(report) => report,
        Err(why) => {
            property.check(false, || why);
            return property;
        }
    };
    property.checked += asked.iter().filter(|one| one.is_done()).count() as u64;
    for (kind, all) in &report.anomalies {
        for anomaly in all.iter().take(NAMED) {
            let lines: Vec<_> = anomaly.explanation.lines().map(str::trim).collect();
            let text = format!("{kind}: {}", lines.join(" "));
            match UNKNOWN.contains(&&**kind) {
                true => property.unknown(text),
                false => property.check(false, || text),
            }
        }
    }
    if report.valid == Valid::Unknown {
        property.unknown("the transactions say nothing about their order");
    }
    property
}

/// The judgement of the crate. Transactions are named by their places.
fn report(consistency: Consistency, asked: &[&Operation<'_>]) -> Result<Report, String> {
    let mut events = Vec::new();
    for (place, operation) in asked.iter().enumerate() {
        // Of equal times no order follows.
        events.push((
            operation.record.invoked,
            false,
            place,
            "invoke",
            operation.asks("txn"),
        ));
        let ended = match &operation.ended {
            Ended::Done(at, body) => Some((*at, "ok", body.get("txn").cloned())),
            Ended::Refused(at, _) => Some((*at, "fail", None)),
            Ended::Unknown | Ended::Malformed(_) => None,
        };
        if let Some((at, kind, txn)) = ended {
            let txn = txn.unwrap_or_else(|| operation.asks("txn"));
            events.push((at, true, place, kind, txn));
        }
    }
    events.sort_by_key(|(at, is_end, place, ..)| (*at, *is_end, *place));
    let lines = events.into_iter().map(|(_, _, place, kind, txn)| {
        // Each is a process of its own: a client does not wait for its answers.
        json!({ "type": kind, "f": "txn", "process": place, "index": place, "value": txn })
    });
    let lines: Vec<_> = lines.map(|line| line.to_string()).collect();
    let transactions = Transactions::from_json(&lines.join("\n"));
    let transactions = transactions.map_err(|error| error.to_string())?;
    let options = Opts {
        models: vec![consistency.name().into()],
        timeout: PATIENCE,
        ..Opts::default()
    };
    Ok(infer(&transactions, adya::Workload::ListAppend, &options))
}

/// Whether the answer has what was asked, with a list in each read.
fn micro_operations(operation: &Operation<'_>) -> Result<(), String> {
    let Some((_, answer)) = operation.has("txn") else {
        return Ok(());
    };
    let asked = operation.asks("txn");
    let (Some(asked), Some(answer)) = (asked.as_array(), answer.as_array()) else {
        return Err("\"txn\" of the answer is no list".into());
    };
    if asked.len() != answer.len() {
        let (asked, answer) = (asked.len(), answer.len());
        return Err(format!(
            "{answer} operations are answered, and {asked} were asked for"
        ));
    }
    for (asked, answer) in asked.iter().zip(answer) {
        let fits = match answer.as_array().map(Vec::as_slice) {
            Some([kind, key, value]) => {
                let is_read = asked[0] == "r";
                let is_list = |value: &Value| {
                    let all = value.as_array().map(Vec::as_slice);
                    value.is_null() || all.is_some_and(|all| all.iter().all(Value::is_i64))
                };
                let value_fits = match is_read {
                    true => is_list(value),
                    false => *value == asked[2],
                };
                *kind == asked[0] && *key == asked[1] && value_fits
            }
            _ => false,
        };
        if !fits {
            return Err(format!("{asked} is answered {answer}"));
        }
    }
    Ok(())
}
