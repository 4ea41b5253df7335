//! `total-order-broadcast`: all programs deliver the messages in one order.

use trace::history::History;

use super::set::Adds;
use super::words;
use crate::checkers::Property;

/// Each read is a beginning of the longest one.
pub(super) fn check(adds: &Adds<'_>, history: &History) -> Property {
    let mut property =
        Property::of("all deliver in the same order", history).looks_at("answered read");
    let reads = &adds.reads;
    let Some(longest) = reads.iter().max_by_key(|read| read.seen.len()) else {
        return property;
    };
    for one in reads {
        let mut pairs = one.seen.iter().zip(&longest.seen);
        let differs = pairs.position(|(one, other)| one != other);
        property.check(differs.is_none(), || {
            let place = differs.unwrap_or_default();
            format!(
                "{}: the answer has {} at place {}, where that to {} has {}",
                words(one.operation),
                adds.elements.text(one.seen[place]),
                place + 1,
                longest.operation.client,
                adds.elements.text(longest.seen[place]),
            )
        });
    }
    property
}
