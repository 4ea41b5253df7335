//! The invariants, each a function of the run.
//!
//! `s(i,j)` are the messages that `i` sent to `j` before it recorded, `r(i,j)`
//! those that `j` received from `i` before it recorded.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use algorithms::NodeId;
use trace::history::{History, StepIndex, clocks as vector_clocks};

use super::Expected;
use super::amounts::{AMOUNT, SHARE, flows, in_cut, start, total};
use super::channels::{Channels, Passage};
use super::cut::{Act, Cut, Run, Sent, id_of};
use super::overview::aborted;
use crate::checkers::Property;

/// I1: `r(i,j)` is contained in `s(i,j)`.
pub(super) fn no_orphan(run: &Run<'_>, channels: &Channels<'_>) -> Property {
    let mut property = Property::new("I1 no orphan")
        .looks_at("receipt of a message of the application, and complete snapshot");
    let receipts = channels.receipts() as u64;
    for (id, cut) in complete(run) {
        let mut wrong = Vec::new();
        for (&(from, to), channel) in &channels.all {
            for number in channel.orphans((from, to), cut) {
                let Passage { sent, received } = &channel.messages[number];
                let before = received.iter().filter(|at| cut.is_before(to, **at));
                wrong.extend(before.map(|_| (from, to, *sent)));
            }
        }
        let orphans = channels
            .misdelivered
            .iter()
            .filter(|one| cut.is_before(one.to, one.at) && !cut.is_before(one.from, one.sent.at));
        wrong.extend(orphans.map(|one| (one.from, one.to, one.sent)));
        property.checked += receipts;
        property.violations.extend(wrong.into_iter().map(|(from, to, sent)| {
            format!(
                "snapshot {id}: {} was received by {} before it recorded, and sent by {} after it recorded",
                show(sent.message), run.names[to], run.names[from]
            )
        }));
    }
    property
}

/// I2: the state of a channel is `s(i,j)` less `r(i,j)`. The order counts where
/// there are markers, since these need channels that keep it.
pub(super) fn channel_states(run: &Run<'_>, channels: &Channels<'_>) -> Property {
    let mut property = Property::new("I2 channel state").looks_at("output Complete");
    let marked: HashSet<_> = run.markers.iter().map(|marker| marker.snapshot).collect();
    for (id, cut) in named(run, &mut property) {
        let ordered = marked.contains(id);
        let mut expected = in_channels(channels, cut);
        let mut pairs: Vec<(usize, usize)> = expected.keys().copied().collect();
        for (&to, channels) in &cut.channels {
            pairs.extend(channels.keys().map(|&from| (from, to)));
        }
        pairs.sort_unstable();
        pairs.dedup();
        property.checked += (run.names.len() * run.names.len().saturating_sub(1)) as u64;
        for (from, to) in pairs {
            let mut should = expected.remove(&(from, to)).unwrap_or_default();
            let recorded = cut.channels.get(&to).and_then(|c| c.get(&from));
            let mut is: Vec<_> = recorded
                .into_iter()
                .flat_map(|c| c.iter().filter_map(id_of).map(str::to_owned))
                .collect();
            if !ordered {
                should.sort_unstable();
                is.sort_unstable();
            }
            if should != is {
                property.violations.push(format!(
                    "snapshot {id}: the channel from {} to {} was recorded as [{}], and held [{}]",
                    run.names[from],
                    run.names[to],
                    is.join(", "),
                    should.join(", ")
                ));
            }
        }
    }
    property
}

/// I3: exactly one marker on each channel, behind exactly `s(i,j)`, when it is
/// sent and when it comes.
pub(super) fn markers(run: &Run<'_>, expected: &Expected) -> Property {
    let mut property = Property::new("I3 markers").looks_at("output Complete");
    let channels: Vec<_> = expected
        .channels
        .iter()
        .filter_map(|(from, to)| Some((run.index(from)?, run.index(to)?)))
        .collect();
    let mut sent = HashMap::<(&str, usize, usize), u64>::new();
    for marker in &run.markers {
        let key = (marker.snapshot, marker.from, marker.to);
        *sent.entry(key).or_default() += 1;
    }
    let before = Before::read(run);
    for (id, _) in complete(run) {
        for &(from, to) in &channels {
            let count = sent.get(&(*id, from, to)).copied().unwrap_or(0);
            let on = || {
                format!(
                    "snapshot {id}, channel from {} to {}",
                    run.names[from], run.names[to]
                )
            };
            property.check(count == 1, || format!("{}: {count} markers", on()));
            let behind = before.marker.get(&(*id, from, to)).copied();
            let recorded = before.record.get(&(*id, from)).map(|sent| sent[to]);
            property.check(count != 1 || behind == recorded, || {
                format!(
                    "{}: the marker was sent behind {} messages, and the state recorded behind {}",
                    on(),
                    number(behind),
                    number(recorded)
                )
            });
            let came = before.marker_came.get(&(*id, to, from)).copied();
            let overtook = came.is_some() && came != recorded;
            property.check(count != 1 || !overtook, || {
                format!(
                    "{}: the marker came behind {} messages, and was sent behind {}",
                    on(),
                    number(came),
                    number(recorded)
                )
            });
        }
    }
    property
}

/// How many messages of the application were sent, or received, on a channel
/// before an act; of a repeated act, the first counts.
#[derive(Default)]
struct Before<'a> {
    /// Sent before the marker, by snapshot, sender and receiver.
    marker: HashMap<(&'a str, usize, usize), u64>,
    /// Received before the marker, by snapshot, receiver and sender.
    marker_came: HashMap<(&'a str, usize, usize), u64>,
    /// Sent to each process before the record, by snapshot and recording process.
    record: HashMap<(&'a str, usize), Vec<u64>>,
}

impl<'a> Before<'a> {
    fn read(run: &Run<'a>) -> Self {
        let mut before = Self::default();
        for (process, line) in run.lines.iter().enumerate() {
            let mut sent = vec![0; run.names.len()];
            let mut received = sent.clone();
            for act in line {
                match *act {
                    Act::Send(id) => {
                        if let Some(message) = run.sent.get(&(process, id)) {
                            sent[message.to] += 1;
                        }
                    }
                    Act::Receive(from, _) => received[from] += 1,
                    Act::Marker(id, to) => {
                        let first = before.marker.entry((id, process, to));
                        first.or_insert(sent[to]);
                    }
                    Act::MarkerCame(id, from) => {
                        let first = before.marker_came.entry((id, process, from));
                        first.or_insert(received[from]);
                    }
                    Act::Record(id) => {
                        let first = before.record.entry((id, process));
                        first.or_insert_with(|| sent.clone());
                    }
                }
            }
        }
        before
    }
}

/// I4: no record depends, through messages of the application, on what another
/// process did after its own record.
pub(super) fn clocks(run: &Run<'_>) -> Property {
    let mut property = Property::new("I4 vector clocks").looks_at("output Complete");
    let cause = |act: &Act<'_>| match *act {
        Act::Receive(process, id) => run.sent.get(&(process, id)).map(|sent| StepIndex {
            process,
            step: sent.at,
        }),
        Act::Send(_) | Act::Marker(..) | Act::MarkerCame(..) | Act::Record(_) => None,
    };
    let causes: Vec<Vec<_>> = run
        .lines
        .iter()
        .map(|line| line.iter().map(cause).collect())
        .collect();
    if run.cuts.is_empty() {
        return property;
    }
    let clocks = vector_clocks(&causes);
    for (id, cut) in complete(run) {
        for (&j, at_j) in &cut.records {
            for (&i, at_i) in cut.records.iter().filter(|(i, _)| **i != j) {
                let knows = clocks[j][at_j.at][i];
                // Its own record is the last that it knows of itself.
                let own = clocks[i][at_i.at][i];
                property.check(knows <= own, || {
                    format!(
                        "snapshot {id}: when {} recorded it knew of {knows} acts of {}, who recorded at its act {own}",
                        run.names[j], run.names[i]
                    )
                });
            }
        }
    }
    property
}

/// I5: states and channels add up to the total at the start.
pub(super) fn conservation(run: &Run<'_>, history: &History) -> Property {
    let mut property = Property::new("I5 conservation")
        .looks_at("output Complete over states that have a `total.share`");
    let Some(total) = total(history) else {
        if history
            .steps()
            .any(|(.., step)| step.state.get(SHARE).is_some())
        {
            property.unknown("what there was at the start cannot be read from the first steps");
        }
        return property;
    };
    for (id, cut) in readable(run, &mut property) {
        let (states, channels) = match in_cut(cut) {
            Ok(amounts) => amounts,
            Err(unreadable) => {
                property.unknown(format!("snapshot {id}: {unreadable}"));
                continue;
            }
        };
        property.check(states + channels == total, || {
            format!(
                "snapshot {id}: states {states} and channels {channels} make {}, and there is {total}",
                states + channels
            )
        });
    }
    property
}

/// I6: a message sent before the cut was received before it or is in a channel,
/// and not both. A message sent after the cut is in neither.
pub(super) fn every_message_once(run: &Run<'_>, channels: &Channels<'_>) -> Property {
    let mut property = Property::new("I6 every message once")
        .looks_at("message of the application, and complete snapshot");
    for (id, cut) in named(run, &mut property) {
        for (&(from, to), channel) in &channels.all {
            let mut recorded = HashMap::<&str, u64>::new();
            let messages = cut.channels.get(&to).and_then(|found| found.get(&from));
            for name in messages.into_iter().flatten().filter_map(id_of) {
                *recorded.entry(name).or_default() += 1;
            }
            let divided = channel.divided((from, to), cut, recorded.keys().copied());
            // Each of the others was sent and received once, on the same side.
            property.checked += (channel.messages.len() - divided.len()) as u64;
            for number in divided {
                let Passage { sent, received } = &channel.messages[number];
                let past = cut.is_before(from, sent.at);
                let before = received.iter().filter(|at| cut.is_before(to, **at));
                let received = before.count() as u64;
                let name = id_of(&sent.message.fields).unwrap_or_default();
                let in_channel = recorded.get(name).copied().unwrap_or(0);
                property.check(received + in_channel == u64::from(past), || {
                    format!(
                        "snapshot {id}: {} from {} to {} was sent {} the cut, received {received} times before it, and is {in_channel} times in the channel",
                        show(sent.message),
                        run.names[from],
                        run.names[to],
                        if past { "before" } else { "after" }
                    )
                });
            }
        }
    }
    property
}

/// I7: the recorded state follows from the process's own past.
pub(super) fn replay(run: &Run<'_>, history: &History) -> Property {
    let mut property = Property::new("I7 replay").looks_at("output Complete");
    let flows = flows(run);
    for (id, cut) in complete(run) {
        for (&process, recorded) in &cut.records {
            let who = run.names[process];
            if let Some(before) = recorded.before {
                let same = recorded
                    .state
                    .iter()
                    .all(|(name, value)| before.get(name) == Some(value));
                property.check(same, || {
                    format!(
                        "snapshot {id}: {who} recorded {}, and was {before}",
                        recorded.state
                    )
                });
            }
            let share = recorded.state.get_integer(SHARE);
            let Some((share, first)) = share.zip(start(history, who)) else {
                continue;
            };
            let Some(flow) = flows[process][recorded.at] else {
                property.unknown(format!(
                    "snapshot {id}: {who} sent or received a message without a readable `{AMOUNT}`"
                ));
                continue;
            };
            property.check(share == first + flow, || {
                format!("snapshot {id}: {who} recorded {share}, began with {first}, and got {flow} since")
            });
        }
    }
    property
}

/// I8: every snapshot ends, no process records twice, and no snapshot is complete
/// without all processes.
pub(super) fn liveness(run: &Run<'_>, history: &History, expected: &Expected) -> Property {
    let mut property = Property::of("I8 liveness", history);
    let count = run.cuts.len() as u64;
    let crashed = !history.crashes.is_empty();
    let has_crashed = |name: Option<&str>| {
        let mut crashes = history.crashes.iter();
        name.is_some_and(|name| crashes.any(|crash| &*crash.process == name))
    };
    property.check_in_the_end(count >= expected.snapshots || crashed, || {
        format!("{count} of {} snapshots began", expected.snapshots)
    });
    for (id, cut) in &run.cuts {
        for &process in &cut.again {
            property.check(false, || {
                format!("snapshot {id}: {} recorded again", run.names[process])
            });
        }
        let missing: Vec<_> = (0..run.names.len())
            .filter(|process| {
                !cut.records.contains_key(process) || !cut.channels.contains_key(process)
            })
            .map(|process| run.names[process].to_string())
            .collect();
        if !cut.complete.is_empty() {
            property.check(missing.is_empty() && cut.complete.len() == 1, || {
                format!(
                    "snapshot {id}: said to be complete {} times, without {}",
                    cut.complete.len(),
                    missing.join(", ")
                )
            });
        } else if let Some(abort) = cut.aborted.first() {
            property.check(crashed, || {
                format!("snapshot {id}: {}", aborted(run, cut, abort))
            });
        } else {
            // No process ends the snapshot of an initiator that crashed.
            property.check_in_the_end(has_crashed(initiator(id).as_deref()), || {
                let missing = missing.join(", ");
                format!("snapshot {id}: it did not end; {missing} are not done")
            });
        }
    }
    property
}

/// The name of the process that began a snapshot, whose id is `initiator/count`.
fn initiator(id: &str) -> Option<String> {
    let (initiator, _) = id.split_once('/')?;
    let number = initiator.parse().ok()?;
    Some(NodeId(number).to_string())
}

/// I9: in each opening of each channel, no message is missing, duplicated or out
/// of order.
pub(super) fn fifo(history: &History) -> Property {
    let mut property = Property::new("I9 FIFO").looks_at("receipt of a message");
    for (name, steps) in &history.processes {
        let mut next = HashMap::<&Arc<str>, (u32, u64)>::new();
        let receipts = steps
            .iter()
            .filter_map(|step| Some((step, step.received.as_ref()?)));
        for (step, received) in receipts {
            let (incarnation, sequence) = next
                .get(&received.from)
                .copied()
                .filter(|(incarnation, _)| *incarnation == received.incarnation)
                .unwrap_or((received.incarnation, 0));
            let newer = next
                .get(&received.from)
                .is_none_or(|(last, _)| *last <= incarnation);
            property.check(newer && received.sequence == sequence, || {
                format!(
                    "{name} (step {}) received {} from {} as number {} of channel opening {incarnation}, and was to receive number {sequence}",
                    step.number, show(&received.message), received.from, received.sequence
                )
            });
            next.insert(
                &received.from,
                (received.incarnation, received.sequence + 1),
            );
        }
    }
    property
}

/// The snapshots that were reported complete. Others are not checked.
fn complete<'a, 'b>(run: &'b Run<'a>) -> impl Iterator<Item = (&'b &'a str, &'b Cut<'a>)> {
    run.cuts.iter().filter(|(_, cut)| !cut.complete.is_empty())
}

/// The complete snapshots whose channels are all in the record. A list that is
/// missing or incomplete there says nothing of what was in the channel, so for
/// the other snapshots the property is not known.
fn readable<'a, 'b>(run: &'b Run<'a>, property: &mut Property) -> Vec<(&'b &'a str, &'b Cut<'a>)> {
    let (readable, unreadable): (Vec<_>, Vec<_>) =
        complete(run).partition(|(_, cut)| cut.unreadable.is_empty());
    if let Some((id, cut)) = unreadable.first() {
        let names: Vec<_> = cut
            .unreadable
            .iter()
            .map(|one| &**run.names[*one])
            .collect();
        property.unknown(format!(
            "snapshot {id}: the record does not have all that {} reported of channels",
            names.join(", ")
        ));
    }
    readable
}

/// The readable snapshots whose messages all have names; none, if any message
/// sent lacks one.
fn named<'a, 'b>(run: &'b Run<'a>, property: &mut Property) -> Vec<(&'b &'a str, &'b Cut<'a>)> {
    let mut readable = readable(run, property);
    let nameless = |sent: &&Sent<'_>| id_of(&sent.message.fields).is_none();
    let nameless = run
        .sent
        .values()
        .filter(nameless)
        .min_by_key(|sent| sent.message.id);
    if let Some(sent) = nameless {
        let message = show(sent.message);
        property.unknown(format!("the message {message} has no readable `id`"));
        return Vec::new();
    }
    readable.retain(|(id, cut)| {
        let nameless = cut.messages().find(|message| id_of(message).is_none());
        if let Some(message) = nameless {
            property.unknown(format!(
                "snapshot {id}: the message {message} in a channel has no readable `id`"
            ));
        }
        nameless.is_none()
    });
    readable
}

/// The names of the messages in each channel of a cut, from their sends and
/// receipts.
fn in_channels(channels: &Channels<'_>, cut: &Cut<'_>) -> BTreeMap<(usize, usize), Vec<String>> {
    let mut all = BTreeMap::new();
    for (&ends, channel) in &channels.all {
        let found = channel.in_transit(ends, cut).into_iter();
        let name = |number: usize| id_of(&channel.messages[number].sent.message.fields);
        let names: Vec<_> = found
            .map(|number| name(number).unwrap_or_default().to_owned())
            .collect();
        if !names.is_empty() {
            all.insert(ends, names);
        }
    }
    all
}

fn number(count: Option<u64>) -> String {
    count.map_or_else(|| "no".to_owned(), |count| count.to_string())
}

fn show(message: &trace::steps::MessageRecord) -> String {
    format!("{} {}", message.kind, message.fields)
}
