//! The body of an operation in the trace, where a text has a bound and a list has a larger one:
//! a read returns all that was ever added.

use algorithms::{Field, Fields};

/// How long a part is at most, in bytes: less than the bound of a text in a span.
const PART: usize = 1000;

/// A text in parts.
pub(super) fn parts(text: &str) -> Vec<String> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let most = PART.min(rest.len());
        let end = (0..=most).rfind(|at| rest.is_char_boundary(*at));
        let (part, later) = rest.split_at(end.unwrap_or(rest.len()));
        parts.push(part.to_owned());
        rest = later;
    }
    parts
}

/// The whole of the field of that name.
pub(super) fn whole(fields: &Fields, name: &str) -> Option<String> {
    match fields.get(name)? {
        Field::List(parts) => Some(parts.concat()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_the_whole() {
        for text in ["", "x", &"äx".repeat(PART), &"y".repeat(2 * PART)] {
            let parts = parts(text);
            assert!(parts.iter().all(|part| part.len() <= PART));
            assert_eq!(parts.concat(), text);
            let fields: Fields = [("body".into(), Field::from(parts))].into_iter().collect();
            assert_eq!(whole(&fields, "body").as_deref(), Some(text));
        }
    }
}
