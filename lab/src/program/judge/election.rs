//! `election`: a term has one leader, and in the end all know the same one.

use std::collections::BTreeMap;

use serde_json::Value;
use trace::history::History;

use super::words;
use crate::checkers::Property;
use crate::program::operation::{Ended, Operation, last_of_each};
use crate::program::roster::{Part, Roster};

/// A leader, as a program has named it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Leader {
    name: String,
    term: u64,
}

pub(super) fn check(
    operations: &[Operation<'_>],
    history: &History,
    roster: Roster,
) -> Vec<Property> {
    vec![
        one_a_term(operations, history, roster),
        agreed(operations, history, roster),
    ]
}

/// What an answer says; `None` where there is none.
fn leader(operation: &Operation<'_>, roster: Roster) -> Option<Result<Leader, String>> {
    let (_, name) = operation.has("leader")?;
    let (_, term) = operation.has("term")?;
    let process = name.as_str().and_then(|name| roster.process(name));
    let is_program = process.and_then(|process| roster.part(process));
    Some(match (is_program, term.as_u64(), name) {
        (Some(Part::Program(_)), Some(term), Value::String(name)) => Ok(Leader { name, term }),
        (Some(Part::Program(_)), None, _) => Err(format!("the term is {term}, and no number")),
        (_, _, name) => Err(format!("the leader is {name}, and no program")),
    })
}

/// No two answers name two leaders of one term.
fn one_a_term(operations: &[Operation<'_>], history: &History, roster: Roster) -> Property {
    let mut property = Property::of("a term has one leader", history).looks_at("leader_ok");
    let mut leaders = BTreeMap::<u64, (String, String)>::new();
    for operation in operations {
        match leader(operation, roster) {
            None => {}
            Some(Err(why)) => {
                property.check(false, || format!("{}: {why}", words(operation)));
            }
            Some(Ok(Leader { name, term })) => {
                let by = operation.client.clone();
                let (first, heard_by) = leaders.entry(term).or_insert_with(|| (name.clone(), by));
                property.check(*first == name, || {
                    format!(
                        "term {term} has two leaders: {heard_by} was told {first}, and {} {name}",
                        operation.client
                    )
                });
            }
        }
    }
    property
}

/// The last answers name one leader, of one term.
fn agreed(operations: &[Operation<'_>], history: &History, roster: Roster) -> Property {
    let mut property = Property::of("in the end all know the same leader", history)
        .looks_at("last leader_ok of a client");
    let mut first = None;
    for (process, operation) in last_of_each(operations) {
        if operation.ended == Ended::Unknown {
            property.unknown(format!("the last question of {process} was not answered"));
            continue;
        }
        let Some(Ok(leader)) = leader(operation, roster) else {
            property.check_in_the_end(false, || format!("{process} is told no leader in the end"));
            continue;
        };
        let (by, agreed) = first.get_or_insert_with(|| (process, leader.clone()));
        property.check_in_the_end(leader == *agreed, || {
            format!(
                "in the end {by} is told {} of term {}, and {process} {} of term {}",
                agreed.name, agreed.term, leader.name, leader.term
            )
        });
    }
    property
}
