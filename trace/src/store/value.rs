//! Attribute values as text to search by.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use serde_json::Value as Json;

use super::hex;

/// Whether an attribute of this key has this value, written as text.
pub(super) fn matches(attribute: &KeyValue, key: &str, wanted: &str) -> bool {
    let value = attribute.value.as_ref();
    attribute.key == key
        && match value.and_then(|value| value.value.as_ref()) {
            Some(Value::StringValue(text)) => text == wanted,
            Some(Value::BoolValue(flag)) => wanted.parse() == Ok(*flag),
            Some(Value::IntValue(number)) => wanted.parse() == Ok(*number),
            Some(Value::DoubleValue(number)) => wanted.parse() == Ok(*number),
            Some(Value::BytesValue(bytes)) => read_bytes(wanted).contains(bytes),
            Some(nested) => Nested::read(wanted).is_some_and(|wanted| wanted.is(nested)),
            None => false,
        }
}

/// Bytes as Jaeger's page writes them, or as the testbed's page does.
pub(super) fn read_bytes(text: &str) -> Vec<Vec<u8>> {
    let base64 = STANDARD.decode(text).ok();
    let pairs = text.split(' ').map(|pair| match pair.len() {
        2 => u8::from_str_radix(pair, 16).ok(),
        _ => None,
    });
    base64
        .into_iter()
        .chain(pairs.collect::<Option<_>>())
        .collect()
}

/// A list or a map in a condition.
#[derive(Clone, Debug)]
pub(super) struct Nested {
    text: String,
    json: Option<Json>,
}

impl Nested {
    /// `None` if the text is neither.
    pub(super) fn read(text: &str) -> Option<Self> {
        text.starts_with(['[', '{']).then(|| Self {
            text: text.to_owned(),
            json: serde_json::from_str(text).ok(),
        })
    }

    /// Whether Jaeger's page (as JSON) or the testbed's page shows the value as this text.
    pub(super) fn is(&self, value: &Value) -> bool {
        let json = self.json.as_ref();
        json.is_some_and(|json| is_json(Some(value), json)) || shown(Some(value)) == self.text
    }
}

fn is_json(value: Option<&Value>, json: &Json) -> bool {
    let inside =
        |any: Option<&AnyValue>, json: &Json| is_json(any.and_then(|any| any.value.as_ref()), json);
    match (value, json) {
        (None, Json::Null) => true,
        (Some(Value::StringValue(text)), Json::String(wanted)) => text == wanted,
        (Some(Value::BoolValue(flag)), Json::Bool(wanted)) => flag == wanted,
        (Some(Value::IntValue(number)), Json::Number(wanted)) => wanted.as_i64() == Some(*number),
        (Some(Value::DoubleValue(number)), Json::Number(wanted)) => {
            wanted.as_f64() == Some(*number)
        }
        (Some(Value::DoubleValue(number)), Json::String(wanted)) => number.to_string() == *wanted,
        (Some(Value::BytesValue(bytes)), Json::String(wanted)) => STANDARD.encode(bytes) == *wanted,
        (Some(Value::ArrayValue(list)), Json::Array(wanted)) => {
            let mut both = list.values.iter().zip(wanted);
            list.values.len() == wanted.len() && both.all(|(any, json)| inside(Some(any), json))
        }
        (Some(Value::KvlistValue(map)), Json::Object(wanted)) => {
            let is = |entry: &KeyValue| {
                let json = wanted.get(&entry.key);
                json.is_some_and(|json| inside(entry.value.as_ref(), json))
            };
            map.values.len() == wanted.len() && map.values.iter().all(is)
        }
        _ => false,
    }
}

/// As `read` in `dashboards/viewer/otlp.js`.
fn shown(value: Option<&Value>) -> String {
    let inside = |any: Option<&AnyValue>| shown(any.and_then(|any| any.value.as_ref()));
    match value {
        None | Some(Value::StringValueStrindex(_)) => "–".to_owned(),
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::BoolValue(flag)) => flag.to_string(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        Some(Value::BytesValue(bytes)) => {
            let pairs: Vec<_> = bytes.iter().map(|byte| hex(&[*byte])).collect();
            pairs.join(" ")
        }
        Some(Value::ArrayValue(list)) => {
            let all: Vec<_> = list.values.iter().map(|any| inside(Some(any))).collect();
            format!("[{}]", all.join(", "))
        }
        Some(Value::KvlistValue(map)) => {
            let entry =
                |entry: &KeyValue| format!("{}: {}", entry.key, inside(entry.value.as_ref()));
            let all: Vec<_> = map.values.iter().map(entry).collect();
            format!("{{{}}}", all.join(", "))
        }
    }
}
