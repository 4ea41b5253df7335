//! The descriptions of plain values: numbers, texts, times, and collections of values.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::{Field, Fields};
use crate::{Describe, Fraction, InstanceId, NodeId};

/// The name of a single value that has none.
const VALUE: &str = "value";

/// Values that are one field each.
macro_rules! values {
    ($($($type:ty),+ => $add:expr;)+) => {$($(
        impl Describe for $type {
            fn describe(&self, fields: &mut Fields) {
                self.describe_as(VALUE, fields);
            }

            fn describe_as(&self, name: &'static str, fields: &mut Fields) {
                let add: fn(&mut Fields, &'static str, &Self) = $add;
                add(fields, name, self);
            }

            fn describe_unnamed(&self, place: &'static str, fields: &mut Fields) {
                self.describe_as(place, fields);
            }

            fn text(&self) -> Option<String> {
                Some(self.to_string())
            }
        }
    )+)+};
}

values! {
    u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize =>
        |fields, name, value| fields.integer(name, *value);
    bool => |fields, name, value| fields.flag(name, *value);
    char, String, &'static str, NodeId, InstanceId, Fraction =>
        |fields, name, value| fields.text(name, value);
}

/// A text with its unit: `1.5s`.
impl Describe for Duration {
    fn describe(&self, fields: &mut Fields) {
        self.describe_as(VALUE, fields);
    }

    fn describe_as(&self, name: &'static str, fields: &mut Fields) {
        fields.text(name, format_args!("{self:?}"));
    }

    fn describe_unnamed(&self, place: &'static str, fields: &mut Fields) {
        self.describe_as(place, fields);
    }

    fn text(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }
}

/// A value of a field that was made before ([`Listed`](crate::Listed)).
impl Describe for Field {
    fn describe(&self, fields: &mut Fields) {
        self.describe_as(VALUE, fields);
    }

    fn describe_as(&self, name: &'static str, fields: &mut Fields) {
        fields.add(name, self.clone());
    }

    fn describe_unnamed(&self, place: &'static str, fields: &mut Fields) {
        self.describe_as(place, fields);
    }
}

/// `None` adds no field; in a list it is `none`.
impl<T: Describe> Describe for Option<T> {
    fn describe(&self, fields: &mut Fields) {
        if let Some(value) = self {
            value.describe(fields);
        }
    }

    fn describe_as(&self, name: &'static str, fields: &mut Fields) {
        if let Some(value) = self {
            value.describe_as(name, fields);
        }
    }

    fn describe_unnamed(&self, place: &'static str, fields: &mut Fields) {
        if let Some(value) = self {
            value.describe_unnamed(place, fields);
        }
    }

    fn text(&self) -> Option<String> {
        self.as_ref().map_or_else(|| Some("none".into()), T::text)
    }
}

impl<T: Describe> Describe for Box<T> {
    fn describe(&self, fields: &mut Fields) {
        T::describe(self, fields);
    }

    fn describe_as(&self, name: &'static str, fields: &mut Fields) {
        T::describe_as(self, name, fields);
    }

    fn describe_unnamed(&self, place: &'static str, fields: &mut Fields) {
        T::describe_unnamed(self, place, fields);
    }

    fn text(&self) -> Option<String> {
        T::text(self)
    }
}

/// Lists and sets: one field.
macro_rules! lists {
    ($([$($generics:tt)+] $type:ty;)+) => {$(
        impl<$($generics)+> Describe for $type {
            fn describe(&self, fields: &mut Fields) {
                self.describe_as(VALUE, fields);
            }

            fn describe_as(&self, name: &'static str, fields: &mut Fields) {
                fields.add(name, list(self));
            }

            fn describe_unnamed(&self, place: &'static str, fields: &mut Fields) {
                self.describe_as(place, fields);
            }
        }
    )+};
}

lists! {
    [T: Describe] Vec<T>;
    [T: Describe] VecDeque<T>;
    [T: Describe] BTreeSet<T>;
    [T: Describe, const N: usize] [T; N];
}

/// Texts, or records if an element has several fields.
fn list<'a, T: Describe + 'a>(values: impl IntoIterator<Item = &'a T>) -> Field {
    let elements: Vec<_> = values.into_iter().map(element).collect();
    let texts = elements.iter().map(|element| match element {
        Element::Text(text) => Some(text.as_str().into()),
        Element::Record(_) => None,
    });
    match texts.collect() {
        Some(texts) => Field::List(texts),
        None => Field::Records(elements.into_iter().map(Element::into_record).collect()),
    }
}

/// An element of a list, or a key of a map.
enum Element {
    Text(String),
    Record(Fields),
}

impl Element {
    fn into_record(self) -> Fields {
        match self {
            Self::Record(fields) => fields,
            Self::Text(text) => [(Cow::from(VALUE), Field::Text(text))]
                .into_iter()
                .collect(),
        }
    }
}

fn element<T: Describe>(value: &T) -> Element {
    if let Some(text) = value.text() {
        return Element::Text(text);
    }
    let mut fields = Fields::default();
    value.describe_as(VALUE, &mut fields);
    match &fields.0[..] {
        [(name, only)] if name == VALUE => Element::Text(only.to_string()),
        _ => {
            let own = fields.into_iter().map(|(name, value)| {
                let own = name.strip_prefix("value.").map(str::to_owned);
                (own.map_or(name, Cow::from), value)
            });
            Element::Record(own.collect())
        }
    }
}

/// Each value under the text of its key: `votes.peer-03=2`.
impl<K: Describe, V: Describe> Describe for BTreeMap<K, V> {
    fn describe(&self, fields: &mut Fields) {
        for (key, value) in self {
            let key = match element(key) {
                Element::Text(text) => text,
                Element::Record(record) => {
                    let parts: Vec<_> = record.iter().map(|(_, part)| part.to_string()).collect();
                    parts.join("/")
                }
            };
            let mut entry = Fields::default();
            value.describe_as(VALUE, &mut entry);
            // A value has the name `value`, or names that begin with `value.`, or, behind
            // the name of an enum's variant, names of its own.
            fields.0.extend(entry.into_iter().map(|(name, value)| {
                let name = match name.strip_prefix(VALUE) {
                    Some("") => key.clone(),
                    Some(own) if own.starts_with('.') => format!("{key}{own}"),
                    Some(_) | None => format!("{key}.{name}"),
                };
                (Cow::from(name), value)
            }));
        }
    }
}

/// Tuples: each part under its index.
macro_rules! tuples {
    ($(($($type:ident $index:tt),+);)+) => {$(
        impl<$($type: Describe),+> Describe for ($($type,)+) {
            fn describe(&self, fields: &mut Fields) {
                $(self.$index.describe_as(stringify!($index), fields);)+
            }
        }
    )+};
}

tuples! {
    (A 0, B 1);
    (A 0, B 1, C 2);
    (A 0, B 1, C 2, D 3);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Describe)]
    struct Clock {
        time: u64,
        by: NodeId,
    }

    #[derive(Clone, Debug, PartialEq, Eq, Describe)]
    struct Term(u64);

    #[derive(Clone, Debug, Describe)]
    enum Phase {
        Idle,
        Waiting { since: u64 },
        Term(Term),
        Number(u64),
        Between(u64, NodeId),
        Clock(Clock),
    }

    fn text(value: &impl Describe) -> String {
        value.fields().to_string()
    }

    #[test]
    fn fields_of_plain_types_need_no_attribute() {
        #[derive(Describe)]
        struct All {
            byte: u8,
            size: usize,
            letter: char,
            label: &'static str,
            name: String,
            wait: Duration,
            share: Fraction,
            parent: Option<NodeId>,
            absent: Option<u64>,
            pair: (u64, bool),
            nested: Option<Clock>,
            term: Term,
            phase: Phase,
        }
        let clock = Clock {
            time: 7,
            by: NodeId(1),
        };
        let all = All {
            byte: 1,
            size: 2,
            letter: 'x',
            label: "a",
            name: "b".into(),
            wait: Duration::from_millis(1500),
            share: Fraction::ratio(1, 8),
            parent: Some(NodeId(3)),
            absent: None,
            pair: (5, true),
            nested: Some(clock),
            term: Term(4),
            phase: Phase::Waiting { since: 9 },
        };
        assert_eq!(
            text(&all),
            "byte=1 size=2 letter=x label=a name=b wait=1.5s share=0.125 parent=peer-03 \
             pair.0=5 pair.1=true nested.time=7 nested.by=peer-01 term=4 phase=waiting since=9"
        );
        assert_eq!(all.fields().get_fraction("share"), Some(all.share));
    }

    #[test]
    fn collections_are_lists_records_or_a_field_for_each_key() {
        #[derive(Describe)]
        struct Collections {
            seen: BTreeSet<NodeId>,
            ids: Vec<u64>,
            maybe: [Option<u64>; 2],
            pairs: VecDeque<(NodeId, u64)>,
            clocks: Vec<Clock>,
            phases: Vec<Phase>,
            none: Vec<Clock>,
            votes: BTreeMap<NodeId, u64>,
            at: BTreeMap<(u64, u64), Clock>,
            phase_of: BTreeMap<u64, Phase>,
        }
        let clock = |time| Clock {
            time,
            by: NodeId(0),
        };
        let all = Collections {
            seen: [NodeId(2), NodeId(1)].into(),
            ids: vec![u64::MAX],
            maybe: [Some(1), None],
            pairs: [(NodeId(1), 5)].into(),
            clocks: vec![clock(1), clock(2)],
            phases: vec![Phase::Idle, Phase::Waiting { since: 3 }],
            none: Vec::new(),
            votes: [(NodeId(1), 5), (NodeId(2), 6)].into(),
            at: [((1, 2), clock(3))].into(),
            phase_of: [(8, Phase::Waiting { since: 4 })].into(),
        };
        assert_eq!(
            text(&all),
            "seen=[peer-01, peer-02] ids=[18446744073709551615] maybe=[1, none] \
             pairs=[0=peer-01 1=5] clocks=[time=1 by=peer-00, time=2 by=peer-00] \
             phases=[value=idle, value=waiting since=3] none=[] \
             votes.peer-01=5 votes.peer-02=6 at.1/2.time=3 at.1/2.by=peer-00 \
             phase_of.8=waiting phase_of.8.since=4"
        );
        let fields = all.fields();
        assert_eq!(fields.get_integer("votes.peer-02"), Some(6));
        let pairs = fields.get_records("pairs").expect("records");
        assert_eq!(pairs[0].get_integer("1"), Some(5));
    }

    #[test]
    fn a_field_without_a_name_is_a_value_or_has_fields() {
        for (phase, expected) in [
            (Phase::Number(3), "value=3"),
            (Phase::Term(Term(3)), "value=3"),
            (Phase::Between(3, NodeId(1)), "0=3 1=peer-01"),
            (
                Phase::Clock(Clock {
                    time: 1,
                    by: NodeId(2),
                }),
                "time=1 by=peer-02",
            ),
        ] {
            assert_eq!(text(&phase), expected);
        }
    }
}
