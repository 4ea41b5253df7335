//! A message of a program: one JSON object on a line, as Maelstrom's protocol has it.
//!
//! `{"src": "n1", "dest": "c0", "body": {"type": "echo_ok", "in_reply_to": 7, ...}}`. A message
//! to a program has an integer `id` beside these; one of a program may have nothing else.

use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex, PoisonError};

use algorithms::{Describe, Fields};
use serde_json::{Map, Value};

/// The longest line that is taken from a program, in bytes.
pub const LONGEST: usize = 1 << 20;

/// How much of a wrong line is shown.
const SHOWN: usize = 120;

/// How many types of messages, and fields of states, have their names in the trace, and how
/// long these may be. A program can invent names without end.
const KINDS: usize = 256;
const KIND: usize = 64;

/// The name of all beyond these.
const OTHER: &str = "other";

/// A message of a program, or to one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    /// Who sends it, as it says.
    pub src: String,
    /// Whom it is for.
    pub dest: String,
    /// The type of the body.
    pub kind: &'static str,
    /// The number of a message that is to be answered.
    pub msg_id: Option<u64>,
    /// The number of the message that it answers.
    pub in_reply_to: Option<u64>,
    /// The body: a JSON object.
    pub body: String,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Wrong {
    /// It is longer than [`LONGEST`].
    #[error("the line has more than {LONGEST} bytes")]
    Long,
    /// It has no text.
    #[error("the line is empty")]
    Empty,
    /// It is no JSON.
    #[error("the line is no JSON: {0}")]
    NoJson(String),
    /// It is another value.
    #[error("{0}")]
    NoMessage(String),
}

impl Wrong {
    fn no_message(why: impl Into<String>) -> Self {
        Self::NoMessage(why.into())
    }

    /// What often is the cause.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Long => "send what is large in parts",
            Self::Empty => "print no line without a message",
            Self::NoJson(_) => {
                "standard output takes messages alone, one a line, flushed after each; print the \
                 rest to standard error"
            }
            Self::NoMessage(_) => {
                "a message is {\"src\": ..., \"dest\": ..., \"body\": {\"type\": ...}}"
            }
        }
    }
}

impl Line {
    /// Reads a line of a program.
    ///
    /// # Errors
    /// [`Wrong`].
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        if text.len() > LONGEST {
            return Err(Wrong::Long);
        }
        if text.trim().is_empty() {
            return Err(Wrong::Empty);
        }
        let value = serde_json::from_str(text).map_err(|error| Wrong::NoJson(error.to_string()))?;
        let Value::Object(mut all) = value else {
            return Err(Wrong::no_message("the line is no JSON object"));
        };
        let src = take_text(&mut all, "src")?;
        let dest = take_text(&mut all, "dest")?;
        let body = match all.remove("body") {
            Some(Value::Object(body)) => body,
            Some(_) => return Err(Wrong::no_message("\"body\" is no JSON object")),
            None => return Err(Wrong::no_message("\"body\" is missing")),
        };
        if let Some(other) = all.keys().next() {
            let other = excerpt(other);
            return Err(Wrong::no_message(format!(
                "{other:?} is no field beside src, dest and body"
            )));
        }
        Self::new(src, dest, &body)
    }

    /// A message with that body.
    ///
    /// # Errors
    /// [`Wrong::NoMessage`]: the body has no type, or wrong numbers.
    pub fn new(src: String, dest: String, body: &Map<String, Value>) -> Result<Self, Wrong> {
        let kind = match body.get("type") {
            Some(Value::String(kind)) => name_of(kind),
            Some(_) => return Err(Wrong::no_message("\"type\" of the body is no text")),
            None => return Err(Wrong::no_message("\"type\" of the body is missing")),
        };
        Ok(Self {
            src,
            dest,
            kind,
            msg_id: number(body, "msg_id")?,
            in_reply_to: number(body, "in_reply_to")?,
            body: Value::Object(body.clone()).to_string(),
        })
    }

    /// The line for the standard input of a program, with its number in the run.
    pub fn text(&self, id: u64) -> String {
        let [src, dest] = [&self.src, &self.dest].map(|name| Value::from(name.as_str()));
        let body = &self.body;
        format!("{{\"id\":{id},\"src\":{src},\"dest\":{dest},\"body\":{body}}}\n")
    }

    /// The line as the program has written it, but for its spaces.
    pub fn as_written(&self) -> String {
        let [src, dest] = [&self.src, &self.dest].map(|name| Value::from(name.as_str()));
        format!("{{\"src\":{src},\"dest\":{dest},\"body\":{}}}", self.body)
    }

    /// The fields of the body.
    pub fn fields(&self) -> Map<String, Value> {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

impl Describe for Line {
    fn describe(&self, fields: &mut Fields) {
        if let Some(number) = self.msg_id {
            fields.integer("msg_id", number);
        }
        if let Some(number) = self.in_reply_to {
            fields.integer("in_reply_to", number);
        }
        fields.text("body", excerpt(&self.body));
    }
}

fn take_text(all: &mut Map<String, Value>, name: &str) -> Result<String, Wrong> {
    match all.remove(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(Wrong::no_message(format!("{name:?} is no text"))),
        None => Err(Wrong::no_message(format!("{name:?} is missing"))),
    }
}

fn number(body: &Map<String, Value>, name: &str) -> Result<Option<u64>, Wrong> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(number) => Ok(Some(number)),
            None => Err(Wrong::no_message(format!(
                "{name:?} of the body is no number from 0: {}",
                excerpt(&value.to_string())
            ))),
        },
    }
}

/// The beginning of a text, on one line.
pub fn excerpt(text: &str) -> String {
    let text: String = text.chars().take(SHOWN + 1).collect();
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// That name in the trace. Names live as long as this process.
pub(super) fn name_of(kind: &str) -> &'static str {
    static KNOWN: LazyLock<Mutex<BTreeSet<&'static str>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(kind) = known.get(kind) {
        return kind;
    }
    if known.len() >= KINDS || kind.len() > KIND || kind.is_empty() {
        return OTHER;
    }
    let kind: &'static str = String::leak(kind.to_owned());
    known.insert(kind);
    kind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_and_written() {
        let text =
            r#"{"src":"n1","dest":"c0","body":{"type":"echo_ok","in_reply_to":7,"echo":"ä"}}"#;
        let line = Line::parse(text).expect("a message");
        assert_eq!(
            (&*line.src, &*line.dest, line.kind),
            ("n1", "c0", "echo_ok")
        );
        assert_eq!((line.msg_id, line.in_reply_to), (None, Some(7)));
        assert_eq!(line.fields()["echo"], "ä");
        let written: Value = serde_json::from_str(&line.text(3)).expect("JSON");
        assert_eq!(
            (&written["id"], &written["body"]["type"]),
            (&3.into(), &"echo_ok".into())
        );
        assert!(line.text(3).ends_with("}\n"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let long = "x".repeat(LONGEST + 1);
        for (text, why) in [
            ("", "empty"),
            ("hello", "no JSON"),
            ("[]", "no JSON object"),
            (r#"{"dest":"n1","body":{"type":"x"}}"#, "\"src\" is missing"),
            (
                r#"{"src":"n1","dest":1,"body":{"type":"x"}}"#,
                "\"dest\" is no text",
            ),
            (r#"{"src":"n1","dest":"n2","body":[]}"#, "no JSON object"),
            (r#"{"src":"n1","dest":"n2"}"#, "\"body\" is missing"),
            (r#"{"src":"n1","dest":"n2","body":{}}"#, "\"type\""),
            (
                r#"{"src":"n1","dest":"n2","body":{"type":"x"},"extra":1}"#,
                "\"extra\"",
            ),
            (
                r#"{"src":"n1","dest":"n2","body":{"type":"x","msg_id":-1}}"#,
                "\"msg_id\"",
            ),
            (
                r#"{"src":"n1","dest":"n2","body":{"type":"x","in_reply_to":"7"}}"#,
                "in_reply_to",
            ),
            (&long, "more than"),
        ] {
            let wrong = Line::parse(text).expect_err(why);
            assert!(wrong.to_string().contains(why), "{wrong}");
            assert!(!wrong.hint().is_empty());
        }
    }

    #[test]
    fn types_without_end_take_no_memory_without_end() {
        let kinds: BTreeSet<_> = (0..2 * KINDS)
            .map(|n| name_of(&format!("kind-{n}")))
            .collect();
        assert!(kinds.len() <= KINDS + 1 && kinds.contains(OTHER));
        assert_eq!(name_of(&"k".repeat(KIND + 1)), OTHER);
    }
}
