//! A step that is part of an operation: it is recorded in the operation's span, which is
//! one of the OpenTelemetry API, since its owner ends it.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use opentelemetry::{Array, Key, KeyValue, StringValue};
use rustc_hash::FxBuildHasher;

use crate::store::encode::{Attributes, Text, Value};

/// Attributes as the API takes them.
#[derive(Debug, Default)]
pub(super) struct ApiAttributes(pub(super) Vec<KeyValue>);

impl Attributes for ApiAttributes {
    fn add(&mut self, prefix: &'static str, name: Cow<'static, str>, value: Value<'_>) {
        let value: opentelemetry::Value = match value {
            Value::Text(text) => text_of(text).into(),
            Value::Integer(value) => value.into(),
            Value::Flag(value) => value.into(),
            Value::Id(id) => format!("{id:016x}").into(),
            Value::List(texts) => {
                let texts = texts.iter().map(|text| text_of(Text::cut(text)).into());
                opentelemetry::Value::Array(Array::String(texts.collect::<Vec<StringValue>>()))
            }
        };
        self.0.push(KeyValue::new(full_key(prefix, name), value));
    }
}

fn text_of(text: Text<'_>) -> String {
    [text.text, text.end].concat()
}

/// A name with its prefix. Most names are literals, so there are few, and each is
/// concatenated once for each thread. The cache key is the literal's address, which is
/// faster than its text.
fn full_key(prefix: &'static str, name: Cow<'static, str>) -> Key {
    type Place = (*const u8, usize, *const u8, usize);
    thread_local! {
        static KEYS: RefCell<HashMap<Place, Key, FxBuildHasher>> = RefCell::default();
    }
    match name {
        Cow::Borrowed(name) if prefix.is_empty() => Key::from_static_str(name),
        Cow::Borrowed(name) => KEYS.with_borrow_mut(|keys| {
            let place = (prefix.as_ptr(), prefix.len(), name.as_ptr(), name.len());
            let whole = || Key::from(Arc::<str>::from(format!("{prefix}{name}")));
            keys.entry(place).or_insert_with(whole).clone()
        }),
        Cow::Owned(name) => Key::from(format!("{prefix}{name}")),
    }
}
