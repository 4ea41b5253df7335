//! `kafka`: logs of which nothing is lost, and in which a message keeps its place.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use serde_json::{Map, Value};
use trace::history::History;

use super::words;
use crate::checkers::Property;
use crate::program::operation::{Ended, Operation, last_of_each};

/// How many missing messages a verdict names. A guess: more would not be read.
const NAMED: usize = 5;

/// A log and an offset in it.
type Place = (String, u64);

/// What a poll asked of a log, and was answered.
struct Polled<'a> {
    operation: &'a Operation<'a>,
    log: String,
    from: u64,
    /// Offsets and messages, in the order of the answer.
    got: Vec<(u64, String)>,
}

pub(super) fn check(operations: &[Operation<'_>], history: &History) -> Vec<Property> {
    let mut form = Property::of("offsets are those of the protocol", history).looks_at("send_ok");
    let sent = sent(operations, &mut form);
    let polled = polled(operations, &mut form);
    vec![
        form,
        places(&sent, &polled, history),
        made_up(operations, &polled, history),
        skipped(&sent, &polled, history),
        lost(operations, &sent, &polled, history),
        commits(operations, history),
    ]
}

/// The acknowledged messages: their places, texts, and when they were known.
fn sent(operations: &[Operation<'_>], form: &mut Property) -> Vec<(Place, String, u64)> {
    let mut all = Vec::new();
    for operation in operations.iter().filter(|one| one.kind == "send") {
        let Some((at, offset)) = operation.has("offset") else {
            continue;
        };
        form.check(offset.is_u64(), || {
            format!(
                "{}; the offset is {offset}, and no number from 0",
                words(operation)
            )
        });
        if let Some(offset) = offset.as_u64() {
            let place = (key(&operation.asks("key")), offset);
            all.push((place, operation.asks("msg").to_string(), at));
        }
    }
    all
}

fn polled<'a>(operations: &'a [Operation<'a>], form: &mut Property) -> Vec<Polled<'a>> {
    let mut all = Vec::new();
    for operation in operations.iter().filter(|one| one.kind == "poll") {
        let Some((_, messages)) = operation.has("msgs") else {
            continue;
        };
        let read = messages.as_object().ok_or(&messages).and_then(|of| {
            let each = offsets(operation).into_iter().map(|(log, from)| {
                let got = of
                    .get(&log)
                    .map_or(Ok(Vec::new()), |got| pairs(got).ok_or(got));
                got.map(|got| Polled {
                    operation,
                    log,
                    from,
                    got,
                })
            });
            each.collect::<Result<Vec<_>, _>>()
        });
        form.check(read.is_ok(), || {
            let wrong = read.as_ref().err().map(ToString::to_string);
            let wrong = wrong.unwrap_or_default();
            format!(
                "{}; \"msgs\" has {}, and no lists of [offset, message]",
                words(operation),
                crate::program::wire::excerpt(&wrong)
            )
        });
        all.extend(read.unwrap_or_default());
    }
    all
}

/// `[[3, "a"], [4, "b"]]`
fn pairs(list: &Value) -> Option<Vec<(u64, String)>> {
    let pair = |pair: &Value| match pair.as_array().map(Vec::as_slice) {
        Some([offset, message]) => Some((offset.as_u64()?, message.to_string())),
        _ => None,
    };
    list.as_array()?.iter().map(pair).collect()
}

fn key(key: &Value) -> String {
    key.as_str().map_or_else(|| key.to_string(), str::to_owned)
}

fn offsets(operation: &Operation<'_>) -> Vec<(String, u64)> {
    let asked = operation.asks("offsets");
    let all = asked.as_object().into_iter().flatten();
    all.filter_map(|(log, from)| Some((log.clone(), from.as_u64()?)))
        .collect()
}

/// A place has one message, and a message one place.
fn places(sent: &[(Place, String, u64)], polled: &[Polled<'_>], history: &History) -> Property {
    let mut property = Property::of("an offset has one message", history).looks_at("send_ok");
    let of_polls = polled.iter().flat_map(|poll| {
        let got = poll.got.iter();
        got.map(|(offset, message)| ((poll.log.clone(), *offset), message.clone()))
    });
    let sent = sent
        .iter()
        .map(|(place, message, _)| (place.clone(), message.clone()));
    let (mut messages, mut places) = (BTreeMap::new(), BTreeMap::new());
    for (place, message) in sent.chain(of_polls) {
        let first = messages.entry(place.clone()).or_insert(message.clone());
        property.check(*first == message, || {
            let (log, offset) = &place;
            format!("log {log} has at offset {offset} the message {first}, and also {message}")
        });
        let of = (place.0.clone(), message.clone());
        let first = *places.entry(of).or_insert(place.1);
        property.check(first == place.1, || {
            let (log, offset) = &place;
            format!("log {log} has the message {message} at offset {first}, and also at {offset}")
        });
    }
    property
}

/// Polls have messages that a client sent to that log, and that were not refused.
fn made_up(operations: &[Operation<'_>], polled: &[Polled<'_>], history: &History) -> Property {
    let mut property = Property::of("polls have only what was sent", history).looks_at("poll_ok");
    let sends = operations.iter().filter(|one| one.kind == "send");
    let sends = sends.map(|one| ((key(&one.asks("key")), one.asks("msg").to_string()), one));
    let sends: BTreeMap<_, _> = sends.collect();
    for poll in polled {
        for (offset, message) in &poll.got {
            let send = sends.get(&(poll.log.clone(), message.clone()));
            property.check(send.is_some_and(|send| send.may_be_done()), || {
                let why = match send {
                    Some(_) => "was refused",
                    None => "no client has sent",
                };
                let (log, by) = (&poll.log, words(poll.operation));
                format!("{by}; the answer has {message} at {offset} of log {log}, which {why}")
            });
        }
    }
    property
}

/// A poll returns messages in the order of their offsets, from that which was asked for, and
/// leaves out none that was there when it was asked for.
fn skipped(sent: &[(Place, String, u64)], polled: &[Polled<'_>], history: &History) -> Property {
    let mut property = Property::of("polls skip nothing", history).looks_at("poll_ok");
    let known = known(sent, polled);
    for poll in polled {
        let in_order = poll.got.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let starts = poll
            .got
            .first()
            .is_none_or(|(first, _)| *first >= poll.from);
        property.check(in_order && starts, || {
            let (log, by) = (&poll.log, words(poll.operation));
            format!(
                "{by}; the offsets of log {log} do not rise from {}",
                poll.from
            )
        });
        let Some((last, _)) = poll.got.last() else {
            continue;
        };
        let asked = poll.operation.record.invoked;
        let got: FxHashSet<_> = poll.got.iter().map(|(at, _)| *at).collect();
        let between = known.range((poll.log.clone(), poll.from)..(poll.log.clone(), *last));
        let there = between.filter(|(_, since)| **since < asked);
        for ((log, offset), _) in there {
            property.check(got.contains(offset), || {
                let by = words(poll.operation);
                format!("{by}; the answer goes on to offset {last} of log {log}, without {offset}")
            });
        }
    }
    property
}

/// The places that have a message, and since when a client knows.
fn known(sent: &[(Place, String, u64)], polled: &[Polled<'_>]) -> BTreeMap<Place, u64> {
    let mut all = BTreeMap::new();
    let sent = sent.iter().map(|(place, _, at)| (place.clone(), *at));
    let of_polls = polled.iter().flat_map(|poll| {
        let at = poll.operation.has("msgs").map_or(u64::MAX, |(at, _)| at);
        let got = poll.got.iter();
        got.map(move |(offset, _)| ((poll.log.clone(), *offset), at))
    });
    for (place, at) in sent.chain(of_polls) {
        let since = all.entry(place).or_insert(at);
        *since = at.min(*since);
    }
    all
}

/// What was acknowledged before the last polls is in them.
fn lost(
    operations: &[Operation<'_>],
    sent: &[(Place, String, u64)],
    polled: &[Polled<'_>],
    history: &History,
) -> Property {
    let mut property = Property::of("nothing that was acknowledged is lost", history)
        .looks_at("last poll of a client");
    for (process, operation) in last_of_each(operations) {
        let is_last = operation.kind == "poll" && operation.asks("to_the_end") == true;
        if !is_last || !operation.is_done() {
            property.unknown(format!("the last poll of {process} was not answered"));
            continue;
        }
        let own = polled
            .iter()
            .filter(|poll| std::ptr::eq(poll.operation, operation));
        let places = own.flat_map(|poll| poll.got.iter().map(|(at, _)| (&poll.log, *at)));
        let places: FxHashSet<_> = places.collect();
        let before: Vec<_> = sent
            .iter()
            .filter(|(.., at)| *at < operation.record.invoked)
            .collect();
        let is_missing =
            |((log, offset), ..): &&&(Place, String, u64)| !places.contains(&(log, *offset));
        let missing: Vec<_> = before.iter().filter(is_missing).collect();
        property.checked += (before.len() - missing.len()) as u64;
        if !missing.is_empty() {
            property.check_in_the_end(false, || {
                let place = |((log, at), ..): &&&(Place, String, u64)| format!("{at} of {log}");
                let named: Vec<_> = missing.iter().take(NAMED).map(place).collect();
                format!(
                    "the last poll of {process} lacks {} of {} messages that were acknowledged \
                     before it: offset {}{}",
                    missing.len(),
                    before.len(),
                    named.join(", "),
                    if missing.len() > NAMED { ", …" } else { "" }
                )
            });
        }
    }
    property
}

/// A list has offsets that clients committed, and of each log for which one was acknowledged.
fn commits(operations: &[Operation<'_>], history: &History) -> Property {
    let mut property = Property::of("committed offsets are kept", history)
        .looks_at("list_committed_offsets_ok after a commit");
    let of_kind = |kind: &'static str| operations.iter().filter(move |one| one.kind == kind);
    let mut committed = BTreeMap::<String, Vec<(u64, &Operation<'_>)>>::new();
    for operation in of_kind("commit_offsets") {
        for (log, offset) in offsets(operation) {
            committed.entry(log).or_default().push((offset, operation));
        }
    }
    for operation in of_kind("list_committed_offsets") {
        let Some((at, listed)) = operation.has("offsets") else {
            continue;
        };
        let nothing = Map::new();
        let listed = listed.as_object().unwrap_or(&nothing);
        let asked = operation.asks("keys");
        for log in asked.as_array().into_iter().flatten().map(key) {
            let commits = committed.get(&log).map(Vec::as_slice).unwrap_or_default();
            // No client commits 0, which some programs list where nothing was committed.
            let offset = listed.get(&log);
            let offset = offset.filter(|offset| !offset.is_null() && **offset != 0);
            let by = || words(operation);
            match offset {
                Some(offset) => {
                    let was_committed = commits.iter().any(|(other, commit)| {
                        offset.as_u64() == Some(*other)
                            && commit.record.invoked <= at
                            && commit.may_be_done()
                    });
                    property.check(was_committed, || {
                        format!(
                            "{}; log {log} has {offset}, which no client has committed",
                            by()
                        )
                    });
                }
                None => {
                    let acknowledged = commits.iter().find(|(_, commit)| {
                        matches!(commit.ended, Ended::Done(known, _) if known < operation.record.invoked)
                    });
                    property.check(acknowledged.is_none(), || {
                        let offset = acknowledged.map_or(0, |(offset, _)| *offset);
                        format!("{}; the answer has no offset of log {log}, for which {offset} was acknowledged", by())
                    });
                }
            }
        }
    }
    property
}
