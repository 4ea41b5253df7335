//! The judges of the workloads. They see what clients asked and were answered, and nothing
//! that a program says of itself.

mod counter;
mod election;
mod kafka;
mod mutex;
mod order;
mod register;
mod set;
mod simple;
#[cfg(test)]
mod tests;
mod transaction;

use trace::history::History;

use super::operation::{Ended, Operation};
use super::roster::Roster;
use super::workload::{Consistency, Workload};
use crate::checkers::Property;
use crate::stats::Measure;

/// The properties of a run of that workload, and what is measured of its operations.
pub fn check(
    workload: Workload,
    consistency: Consistency,
    operations: &[Operation<'_>],
    history: &History,
    roster: Roster,
) -> (Vec<Property>, Vec<Measure>) {
    let mut all = vec![answers(operations, history), messages(history, roster)];
    let mut measures = Vec::new();
    let mut set = |names| {
        let adds = set::Adds::new(names, operations);
        measures.push(set::until_all_have_it(&adds));
        (set::check(&adds, operations, history), adds)
    };
    all.extend(match workload {
        Workload::Echo => vec![simple::echo(operations, history)],
        Workload::UniqueIds => vec![simple::unique(operations, history)],
        Workload::Broadcast => set(&set::BROADCAST).0,
        Workload::GSet => set(&set::G_SET).0,
        Workload::GCounter | Workload::PnCounter => vec![counter::check(operations, history)],
        Workload::LinKv => vec![register::check(operations, history)],
        Workload::TxnListAppend => vec![transaction::check(consistency, operations, history)],
        Workload::Kafka => kafka::check(operations, history),
        Workload::Election => election::check(operations, history, roster),
        Workload::Mutex => mutex::check(operations, history),
        Workload::TotalOrderBroadcast => {
            let (mut all, adds) = set(&set::BROADCAST);
            all.push(order::check(&adds, history));
            all
        }
    });
    (all, measures)
}

/// Whether answers are what the protocol has, and each sort of operation was carried out at
/// least once: programs that refuse all have shown nothing.
fn answers(operations: &[Operation<'_>], history: &History) -> Property {
    let mut property = Property::of("answers are those of the protocol", history)
        .looks_at("operation of a client");
    for operation in operations {
        let wrong = match &operation.ended {
            Ended::Malformed(why) => Some(why),
            _ => None,
        };
        property.check(wrong.is_none(), || {
            format!(
                "{} was answered with a message {}",
                words(operation),
                wrong.map_or("", |it| it)
            )
        });
    }
    let mut kinds: Vec<_> = operations.iter().map(|one| &*one.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        let mut of_kind = operations.iter().filter(|one| one.kind == kind);
        if !of_kind.any(Operation::is_done) {
            property.unknown(format!("no {kind} was carried out"));
        }
    }
    property
}

/// Whether programs write messages, and to processes that there are.
fn messages(history: &History, roster: Roster) -> Property {
    let mut property = Property::of("programs write messages alone", history);
    for (process, at, kind, fields) in history.outputs() {
        match kind {
            "Delivered" => property.checked += 1,
            "Wrong" => property.check(false, || {
                let text = |name| fields.get(name).map(ToString::to_string);
                let (why, line) = (text("why"), text("text"));
                let line = line.filter(|line| !line.is_empty());
                let line = line.map(|line| format!(": {line}")).unwrap_or_default();
                let program = roster.in_words(process);
                let step = history.processes[process][at].number;
                let place = format!("{program}, {process} (step {step})");
                format!("{place}: {}{line}", why.unwrap_or_default())
            }),
            _ => {}
        }
    }
    property
}

/// The property of a run that was to lose messages. It says nothing of the programs.
pub const LOSSES: &str = "messages were lost, as was asked for";

/// Whether a run that was to lose messages has lost one: a run in which none was under way
/// shows nothing of it.
pub(super) fn losses(history: &History) -> Property {
    let mut property = Property::of(LOSSES, history);
    let lost = history
        .outputs()
        .filter(|(_, _, kind, _)| *kind == "Dropped");
    property.checked = lost.count() as u64;
    if property.checked == 0 {
        property.unknown(
            "no message between programs was under way while messages were to be lost: the run \
             shows nothing of it",
        );
    }
    property
}

/// An operation, for a verdict.
fn words(operation: &Operation<'_>) -> String {
    let body = serde_json::Value::Object(operation.asked.clone());
    format!(
        "{} asked {}",
        operation.place(),
        super::wire::excerpt(&body.to_string())
    )
}
