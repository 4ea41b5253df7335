//! The state of a program, as it tells it itself: `{"state": {"term": 3}}` on standard error.

use algorithms::{Describe, Field, Fields};
use serde_json::{Map, Value};

use super::wire::{excerpt, name_of};

/// How many fields are shown. A guess: more would not be read.
const FIELDS: usize = 16;

/// The fields of a state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Shown(Vec<(&'static str, Field)>);

impl Shown {
    /// Those of a JSON object; none of another text.
    pub(super) fn read(state: &str) -> Self {
        let fields: Map<String, Value> = serde_json::from_str(state).unwrap_or_default();
        let fields = fields.iter().take(FIELDS).map(|(name, value)| {
            let field = match (value.as_i64(), value) {
                (Some(number), _) => Field::Integer(number),
                (None, Value::Bool(flag)) => Field::Flag(*flag),
                (None, Value::String(text)) => Field::Text(excerpt(text)),
                (None, other) => Field::Text(excerpt(&other.to_string())),
            };
            (name_of(name), field)
        });
        Self(fields.collect())
    }
}

impl Describe for Shown {
    fn describe(&self, fields: &mut Fields) {
        for (name, field) in &self.0 {
            fields.add(name, field.clone());
        }
    }
}

/// The state in a line of standard error, as JSON; `None` for any other line.
pub fn in_line(line: &str) -> Option<String> {
    let line = line.trim();
    if !line.starts_with('{') {
        return None;
    }
    let all: Map<String, Value> = serde_json::from_str(line).ok()?;
    match (all.len(), all.get("state")) {
        (1, Some(state @ Value::Object(_))) => Some(state.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_an_object_and_nothing_beside_it() {
        let state = in_line(r#" {"state": {"term": 3, "log": [1, 2], "leads": true}} "#);
        let state = state.expect("a state");
        let mut fields = Fields::default();
        Shown::read(&state).describe(&mut fields);
        assert_eq!(fields.get_integer("term"), Some(3));
        assert_eq!(fields.get_text("log"), Some("[1,2]"));
        assert_eq!(fields.get_flag("leads"), Some(true));
        for line in [
            "",
            "hello",
            "{",
            r#"{"state": 3}"#,
            r#"{"state": {}, "more": 1}"#,
        ] {
            assert_eq!(in_line(line), None, "{line}");
        }
        let many: Map<_, _> = (0..100).map(|n| (format!("f{n}"), n.into())).collect();
        let Shown(fields) = Shown::read(&Value::Object(many).to_string());
        assert_eq!(fields.len(), FIELDS);
    }
}
