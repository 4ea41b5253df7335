//! How values are described in the trace.
//!
//! Checkers, the space-time diagram and people read a run from its spans, so a
//! state, a message or an output describes everything that they need, as named
//! fields. Engines limit the size of a description.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

mod listed;
mod plain;
mod record;
mod share;

pub use listed::Listed;
pub use record::NotARecord;

use crate::{Fraction, NodeId};

/// One field's value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// A number.
    Integer(i64),
    /// A Boolean.
    Flag(bool),
    /// A text.
    Text(String),
    /// Texts in their order. States that follow each other can share them ([`Fields::share`]).
    List(Arc<[Arc<str>]>),
    /// Values with fields of their own, in their order. A span has each as a text
    /// ([`Fields::to_record`]), and [`Fields::get_records`] reads both.
    Records(Vec<Fields>),
}

/// Named fields, in the order in which they were added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fields(Vec<(Cow<'static, str>, Field)>);

/// A value that can describe itself.
///
/// Derived, it has the value's fields, under their names; an enum has those of its
/// variant. A field may be a number, a `bool`, a `char`, a text, a [`NodeId`], a
/// [`Duration`](std::time::Duration), a [`Fraction`], a type that has `Describe` itself,
/// and `Option`, `Vec`, `VecDeque`, `BTreeSet`, `BTreeMap`, arrays and tuples of these:
///
/// - a struct as the field `clock` has its fields as `clock.time`;
/// - an enum is the name of its variant in lower case, and then what the variant holds;
/// - `None` adds no field;
/// - a list or a set is one field; elements with several fields are records
///   ([`Fields::get_records`]);
/// - a map as the field `votes` has a field `votes.peer-03` for that key;
/// - a tuple as the field `pair` has the fields `pair.0` and `pair.1`;
/// - a field without a name, as in `Term(u64)`, is `value`, or `0`, `1`, … if there are
///   several; one with fields of its own adds these.
///
/// Attributes of a field:
///
/// - `#[describe(name = "data.size")]`: under another name;
/// - `#[describe(with = Bytes::len)]`: the result of that function;
/// - `#[describe(skip)]`: not at all;
/// - `#[describe(flatten)]`: by its own fields, without its name;
/// - `#[describe(durable)]`, of a process's state: what is written of it by
///   [`Out::persist`](crate::Out::persist) survives a crash of the process.
///
/// ```
/// use algorithms::{Describe, NodeId};
///
/// #[derive(Describe)]
/// enum Status {
///     Idle,
///     Engaged { parent: NodeId },
/// }
///
/// #[derive(Describe)]
/// struct Process {
///     #[describe(skip)]
///     me: NodeId,
///     status: Status,
///     #[describe(name = "open", with = Vec::len)]
///     requests: Vec<u64>,
/// }
///
/// let status = Status::Engaged { parent: NodeId(3) };
/// let process = Process { me: NodeId(0), status, requests: vec![7, 8] };
/// assert_eq!(process.fields().to_string(), "status=engaged parent=peer-03 open=2");
/// # let _ = (process.me, Status::Idle);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no description for the trace",
    label = "no description",
    note = "if it is a type of your own, add `#[derive(Describe)]` to it",
    note = "otherwise add `#[describe(skip)]` or `#[describe(with = FUNCTION)]` to the field; for a float take `Fraction`, and for a HashMap or a HashSet a BTreeMap or a BTreeSet"
)]
pub trait Describe {
    /// Adds the value's fields.
    fn describe(&self, fields: &mut Fields);

    /// Adds the value as the field `name`: its own fields, each as `name.field`, unless it
    /// is a single value.
    fn describe_as(&self, name: &'static str, fields: &mut Fields) {
        fields.nested(name, self);
    }

    /// Adds the value as a field of a tuple, which has no name: by its own fields. A single
    /// value is the field `place`.
    #[doc(hidden)]
    fn describe_unnamed(&self, _place: &'static str, fields: &mut Fields) {
        self.describe(fields);
    }

    /// The text of a single value.
    #[doc(hidden)]
    fn text(&self) -> Option<String> {
        None
    }

    /// The value's fields.
    fn fields(&self) -> Fields {
        let mut fields = Fields::default();
        self.describe(&mut fields);
        fields
    }

    /// Takes over the durable fields of `stored`. Without the derive, there are none.
    fn recover(&mut self, _stored: &Self)
    where
        Self: Sized,
    {
    }
}

impl Fields {
    /// Adds a number. One beyond the range becomes the largest `i64`.
    pub fn integer(&mut self, name: &'static str, value: impl TryInto<i64>) {
        let value = value.try_into().unwrap_or(i64::MAX);
        self.0.push((name.into(), Field::Integer(value)));
    }

    /// Adds a field.
    pub fn add(&mut self, name: &'static str, value: impl Into<Field>) {
        self.0.push((name.into(), value.into()));
    }

    /// Adds a Boolean.
    pub fn flag(&mut self, name: &'static str, value: bool) {
        self.0.push((name.into(), Field::Flag(value)));
    }

    /// Adds a text.
    pub fn text(&mut self, name: &'static str, value: impl fmt::Display) {
        self.0.push((name.into(), Field::Text(value.to_string())));
    }

    /// Adds texts in their order.
    pub fn list<T: fmt::Display>(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        values: impl IntoIterator<Item = T>,
    ) {
        let values = values.into_iter().map(|value| value.to_string().into());
        self.0.push((name.into(), Field::List(values.collect())));
    }

    /// Adds values with fields of their own, in their order.
    pub fn records<'a, T: Describe + 'a>(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        values: impl IntoIterator<Item = &'a T>,
    ) {
        let values = values.into_iter().map(Describe::fields);
        self.0.push((name.into(), Field::Records(values.collect())));
    }

    /// Adds the fields of `inner`, each as `name.field`.
    pub fn nested(&mut self, name: &str, inner: &(impl Describe + ?Sized)) {
        let mut own = Self::default();
        inner.describe(&mut own);
        let inner = own.0.into_iter();
        self.0
            .extend(inner.map(|(field, value)| (format!("{name}.{field}").into(), value)));
    }

    /// The field of that name.
    pub fn get(&self, name: &str) -> Option<&Field> {
        let mut fields = self.0.iter();
        fields.find_map(|(field, value)| (field == name).then_some(value))
    }

    /// The number of that name.
    pub fn get_integer(&self, name: &str) -> Option<i64> {
        match self.get(name)? {
            Field::Integer(value) => Some(*value),
            Field::Flag(_) | Field::Text(_) | Field::List(_) | Field::Records(_) => None,
        }
    }

    /// The Boolean of that name.
    pub fn get_flag(&self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Field::Flag(value) => Some(*value),
            Field::Integer(_) | Field::Text(_) | Field::List(_) | Field::Records(_) => None,
        }
    }

    /// The text of that name.
    pub fn get_text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Field::Text(value) => Some(value),
            Field::Integer(_) | Field::Flag(_) | Field::List(_) | Field::Records(_) => None,
        }
    }

    /// The fraction of that name: a text that reads as one, or a whole number.
    pub fn get_fraction(&self, name: &str) -> Option<Fraction> {
        match self.get(name)? {
            Field::Text(value) => value.parse().ok(),
            Field::Integer(value) => Some(Fraction::from(*value)),
            Field::Flag(_) | Field::List(_) | Field::Records(_) => None,
        }
    }

    /// The list of that name.
    pub fn get_list(&self, name: &str) -> Option<&[Arc<str>]> {
        match self.get(name)? {
            Field::List(value) => Some(value),
            Field::Integer(_) | Field::Flag(_) | Field::Text(_) | Field::Records(_) => None,
        }
    }

    /// The fields whose names begin with `prefix`, without it.
    #[must_use]
    pub fn under(&self, prefix: &str) -> Self {
        let under = |(name, value): &(Cow<'static, str>, Field)| {
            let name = name.strip_prefix(prefix)?.to_owned();
            Some((name.into(), value.clone()))
        };
        Self(self.0.iter().filter_map(under).collect())
    }

    /// The fields with their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Field)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }
}

impl FromIterator<(Cow<'static, str>, Field)> for Fields {
    fn from_iter<T: IntoIterator<Item = (Cow<'static, str>, Field)>>(fields: T) -> Self {
        Self(fields.into_iter().collect())
    }
}

impl IntoIterator for Fields {
    type Item = (Cow<'static, str>, Field);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// `id=0/17 amount=5`
impl fmt::Display for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, value)) in self.0.iter().enumerate() {
            let space = if i > 0 { " " } else { "" };
            write!(f, "{space}{name}={value}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => value.fmt(f),
            Self::Flag(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
            Self::List(values) => write!(f, "[{}]", values.join(", ")),
            Self::Records(values) => {
                let values: Vec<_> = values.iter().map(Fields::to_record).collect();
                write!(f, "[{}]", values.join(", "))
            }
        }
    }
}

/// A number beyond the range becomes the largest `i64`.
impl From<u64> for Field {
    fn from(value: u64) -> Self {
        Self::Integer(value.try_into().unwrap_or(i64::MAX))
    }
}

impl From<u32> for Field {
    fn from(value: u32) -> Self {
        Self::Integer(value.into())
    }
}

impl From<i64> for Field {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<bool> for Field {
    fn from(value: bool) -> Self {
        Self::Flag(value)
    }
}

impl From<String> for Field {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<NodeId> for Field {
    fn from(value: NodeId) -> Self {
        Self::Text(value.to_string())
    }
}

impl<T: fmt::Display> From<Vec<T>> for Field {
    fn from(values: Vec<T>) -> Self {
        let texts = values.iter().map(|value| value.to_string().into());
        Self::List(texts.collect())
    }
}

/// Has no fields.
impl Describe for () {
    fn describe(&self, _: &mut Fields) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Account(i64);

    impl Describe for Account {
        fn describe(&self, fields: &mut Fields) {
            fields.integer("balance", self.0);
            fields.flag("open", true);
        }
    }

    #[derive(Clone, Debug, PartialEq, derive::Describe)]
    struct Log {
        #[describe(durable)]
        term: u64,
        votes: u64,
    }

    #[derive(Clone, Debug, PartialEq, derive::Describe)]
    enum Role {
        Leads(#[describe(flatten)] Log),
        Follows {
            #[describe(flatten)]
            log: Log,
            since: u64,
        },
        Rests,
    }

    #[derive(Clone, Debug, PartialEq, derive::Describe)]
    struct Process(Role);

    /// Only what is durable survives, wherever it is in the state.
    #[test]
    fn durable_fields_of_variants_are_recovered() {
        let log = |term, votes| Log { term, votes };
        let recovered = |mut new: Process, old: Role| {
            new.recover(&Process(old));
            new.0
        };
        let new = Process(Role::Leads(log(0, 0)));
        let leads = recovered(new.clone(), Role::Leads(log(7, 3)));
        assert_eq!(leads, Role::Leads(log(7, 0)));
        assert_eq!(recovered(new, Role::Rests), Role::Leads(log(0, 0)));
        let follows = |log, since| Role::Follows { log, since };
        let new = Process(follows(log(0, 0), 1));
        assert_eq!(recovered(new, follows(log(7, 3), 2)), follows(log(7, 0), 1));
    }

    #[test]
    fn fields_are_read_as_they_were_added() {
        let mut fields = Fields::default();
        fields.text("id", "0/17");
        fields.list("seen", [1, 2]);
        fields.integer("large", u64::MAX);
        fields.nested("state", &Account(-5));
        let text = format!(
            "id=0/17 seen=[1, 2] large={} state.balance=-5 state.open=true",
            i64::MAX
        );
        assert_eq!(fields.to_string(), text);
    }
}
