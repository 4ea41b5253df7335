//! Fields as one text, and back: the form of a channel's messages in a span.
//!
//! ```text
//! record = [field *(" " field)]
//! field  = name "=" value
//! value  = integer | "true" | "false" | list | text
//! list   = "[" [text *(", " text)] "]"
//! text   = bare | quoted
//! quoted = a string of JSON, with the escapes \" and \\ alone
//! ```
//!
//! A bare text has no space, comma, quote or closing bracket, does not begin with an
//! opening one, is not empty, and does not read as another value. So the form is exact:
//! fields survive the round trip, or are rejected if a name has a space or an equals
//! sign. `id=0/17 amount=5` has a text and a number.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

use super::{Field, Fields};

/// Why a text is not a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotARecord {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl std::fmt::Display for NotARecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { text, why } = self;
        write!(f, "{text:?} has no fields of the form name=value: {why}")
    }
}

impl std::error::Error for NotARecord {}

impl Fields {
    /// All fields as one text, in the form of this module.
    pub fn to_record(&self) -> String {
        let mut record = String::new();
        for (name, field) in self.iter() {
            let space = if record.is_empty() { "" } else { " " };
            record.extend([space, name, "="]);
            push(field, &mut record);
        }
        record
    }

    /// The fields in a text of the form of this module.
    ///
    /// # Errors
    /// The text is not a record of this form.
    pub fn from_record(text: &str) -> Result<Self, NotARecord> {
        let mut rest = text.chars().peekable();
        let fields = fields(&mut rest).map_err(|why| NotARecord {
            text: text.to_owned(),
            why,
        })?;
        Ok(Self(fields))
    }

    /// The records of that name; those of a span are read from their texts.
    ///
    /// # Errors
    /// There is no list of that name, or one of its texts is not a record.
    pub fn get_records(&self, name: &str) -> Result<Vec<Self>, NotARecord> {
        let text = match self.get(name) {
            Some(Field::Records(records)) => return Ok(records.clone()),
            Some(Field::List(texts)) => {
                return texts.iter().map(|text| Self::from_record(text)).collect();
            }
            Some(other @ (Field::Integer(_) | Field::Flag(_) | Field::Text(_))) => {
                other.to_string()
            }
            None => String::new(),
        };
        let why = "it is not a list";
        Err(NotARecord { text, why })
    }
}

fn push(field: &Field, record: &mut String) {
    match field {
        Field::Integer(value) => write!(record, "{value}").expect("a string takes all"),
        Field::Flag(value) => write!(record, "{value}").expect("a string takes all"),
        Field::Text(text) => {
            let other = text.parse::<i64>().is_ok() || text == "true" || text == "false";
            push_text(text, other, record);
        }
        Field::List(texts) => push_list(texts.iter(), record),
        Field::Records(records) => push_list(records.iter().map(Fields::to_record), record),
    }
}

fn push_list(texts: impl Iterator<Item = impl AsRef<str>>, record: &mut String) {
    record.push('[');
    for (place, text) in texts.enumerate() {
        record.push_str(if place > 0 { ", " } else { "" });
        push_text(text.as_ref(), false, record);
    }
    record.push(']');
}

fn push_text(text: &str, is_ambiguous: bool, record: &mut String) {
    let is_bare = |c: char| !matches!(c, ' ' | ',' | '"' | ']');
    if !is_ambiguous && !text.is_empty() && !text.starts_with('[') && text.chars().all(is_bare) {
        return record.push_str(text);
    }
    record.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            record.push('\\');
        }
        record.push(c);
    }
    record.push('"');
}

type Named = (std::borrow::Cow<'static, str>, Field);
type Rest<'a> = Peekable<Chars<'a>>;

fn fields(rest: &mut Rest<'_>) -> Result<Vec<Named>, &'static str> {
    let mut fields = Vec::new();
    while rest.peek().is_some() {
        let name = until(rest, |c| matches!(c, '=' | ' '));
        if name.is_empty() || rest.next() != Some('=') {
            return Err("a field has no name");
        }
        fields.push((name.into(), value(rest)?));
        match (rest.next(), rest.peek()) {
            (None, None) | (Some(' '), Some(_)) => {}
            _ => return Err("a value is followed by something other than a space and a field"),
        }
    }
    Ok(fields)
}

fn value(rest: &mut Rest<'_>) -> Result<Field, &'static str> {
    match rest.peek() {
        Some('"') => Ok(Field::Text(text(rest)?)),
        Some('[') => list(rest),
        Some(_) | None => Ok(match text(rest)? {
            yes if yes == "true" => Field::Flag(true),
            no if no == "false" => Field::Flag(false),
            other => other.parse().map_or(Field::Text(other), Field::Integer),
        }),
    }
}

fn list(rest: &mut Rest<'_>) -> Result<Field, &'static str> {
    let mut texts = Vec::new();
    rest.next();
    while rest.next_if_eq(&']').is_none() {
        if !texts.is_empty() && (rest.next(), rest.next()) != (Some(','), Some(' ')) {
            return Err("a list does not end");
        }
        texts.push(text(rest)?.into());
    }
    Ok(Field::List(texts.into()))
}

/// A text, quoted or bare.
fn text(rest: &mut Rest<'_>) -> Result<String, &'static str> {
    if rest.next_if_eq(&'"').is_none() {
        let bare = until(rest, |c| matches!(c, ' ' | ',' | '"' | ']'));
        return if bare.is_empty() {
            Err("a value is empty")
        } else {
            Ok(bare)
        };
    }
    let mut text = String::new();
    loop {
        match rest.next() {
            Some('"') => return Ok(text),
            Some('\\') => text.extend(rest.next_if(|c| matches!(c, '"' | '\\'))),
            Some(c) => text.push(c),
            None => return Err("a quote does not end"),
        }
    }
}

fn until(rest: &mut Rest<'_>, ends: impl Fn(char) -> bool) -> String {
    let mut text = String::new();
    while let Some(c) = rest.next_if(|c| !ends(*c)) {
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_survive_the_round_trip() {
        let texts = [
            "", "0/17", "5", "-5", "true", "a b", "x=1", "[a]", "a]", "a, b", "\"\\", "é",
        ];
        for text in texts {
            let mut fields = Fields::default();
            fields.text("id", text);
            fields.integer("amount", 5);
            fields.flag("open", false);
            fields.list("all", texts);
            fields.list("none", [""; 0]);
            let record = fields.to_record();
            assert_eq!(Fields::from_record(&record), Ok(fields), "{record}");
        }
        assert_eq!(Fields::from_record(""), Ok(Fields::default()));
    }

    #[test]
    fn records_of_recorded_runs_have_the_form() {
        let fields = Fields::from_record("id=1/2 amount=3 token=3/400 hops=5").expect("a record");
        assert_eq!(fields.to_record(), "id=1/2 amount=3 token=3/400 hops=5");
        assert_eq!(fields.get_text("id"), Some("1/2"));
        assert_eq!(fields.get_integer("amount"), Some(3));
    }

    #[test]
    fn other_texts_are_rejected() {
        let others = [
            "x",
            "=1",
            "id=",
            "id=1 ",
            " id=1",
            "id=1  a=2",
            "id=\"a",
            "id=[a",
            "id=[a,b]",
            "id=[a]b",
            "id=\"a\"b",
            "id=1,2",
        ];
        for text in others {
            let error = Fields::from_record(text).expect_err(text);
            assert!(error.to_string().contains("name=value"), "{error}");
        }
    }

    #[test]
    fn a_list_is_read_as_records_wherever_it_comes_from() {
        let one = Fields::from_record("id=0/1 amount=5").expect("a record");
        let records = |field| -> Fields { [("channel.1".into(), field)].into_iter().collect() };
        let memory = records(Field::Records(vec![one.clone()]));
        let span = records(Field::List(["id=0/1 amount=5".into()].into()));
        assert_eq!(memory.get_records("channel.1"), Ok(vec![one]));
        assert_eq!(
            span.get_records("channel.1"),
            memory.get_records("channel.1")
        );
        assert_eq!(memory.to_string(), span.to_string(), "both show the same");
        assert!(records(Field::Integer(5)).get_records("channel.1").is_err());
        assert!(memory.get_records("channel.2").is_err());
    }
}
