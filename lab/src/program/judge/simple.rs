//! `echo` and `unique-ids`.

use std::collections::BTreeMap;

use trace::history::History;

use super::words;
use crate::checkers::Property;
use crate::program::operation::Operation;

/// Each answer says what was asked.
pub(super) fn echo(operations: &[Operation<'_>], history: &History) -> Property {
    let mut property = Property::of("each echo is what was said", history);
    for operation in operations {
        if let Some((_, said)) = operation.has("echo") {
            property.check(said == operation.asks("echo"), || {
                format!("{} and was answered {said}", words(operation))
            });
        }
    }
    property
}

/// No id is given twice.
pub(super) fn unique(operations: &[Operation<'_>], history: &History) -> Property {
    let mut property = Property::of("no id is given twice", history);
    let mut given = BTreeMap::new();
    for operation in operations {
        if let Some((_, id)) = operation.has("id") {
            let process = &operation.client;
            let before = given.insert(id.to_string(), process);
            property.check(before.is_none() && !id.is_null(), || match before {
                Some(before) => format!("{before} and {process} were both given {id}"),
                None => format!("{process} was given no id"),
            });
        }
    }
    property
}
