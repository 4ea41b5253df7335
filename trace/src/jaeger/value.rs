//! Tags: a key, a value, and the value's type beside it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Otlp;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue as OtlpKeyValue};
use serde::ser::{SerializeStruct as _, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

/// JavaScript does not represent larger integers, positive or negative, exactly: they
/// are written as text.
const SAFE: u64 = (1 << 53) - 1;

/// A tag.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Raw")]
pub struct KeyValue {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: Value,
}

/// The value of a tag.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text; any other type of OTLP as JSON.
    Text(String),
    /// Yes or no.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A number.
    Float(f64),
    /// Bytes, in base64.
    Binary(Vec<u8>),
}

impl Serialize for KeyValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tag = serializer.serialize_struct("KeyValue", 3)?;
        tag.serialize_field("key", &self.key)?;
        tag.serialize_field("type", self.value.kind())?;
        match &self.value {
            Value::Text(text) => tag.serialize_field("value", text)?,
            Value::Bool(flag) => tag.serialize_field("value", flag)?,
            Value::Int(number) if number.unsigned_abs() > SAFE => {
                tag.serialize_field("value", &number.to_string())?;
            }
            Value::Int(number) => tag.serialize_field("value", number)?,
            // JSON cannot represent NaN and infinities.
            Value::Float(number) if !number.is_finite() => {
                tag.serialize_field("value", &number.to_string())?;
            }
            Value::Float(number) => tag.serialize_field("value", number)?,
            Value::Binary(bytes) => tag.serialize_field("value", &STANDARD.encode(bytes))?,
        }
        tag.end()
    }
}

/// A tag as it is encoded.
#[derive(Deserialize)]
struct Raw {
    key: String,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    value: Json,
}

impl TryFrom<Raw> for KeyValue {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        let Raw { key, kind, value } = raw;
        let wrong = || {
            let key: String = key.chars().take(80).collect();
            format!("tag {key:?} is not of its type {kind:?}")
        };
        let value = match (&*kind.to_ascii_lowercase(), value) {
            ("string" | "", Json::String(text)) => Value::Text(text),
            ("bool" | "", Json::Bool(flag)) => Value::Bool(flag),
            ("bool", Json::String(text)) => Value::Bool(text.parse().map_err(|_| wrong())?),
            ("int64", Json::Number(number)) => integer(&number.to_string()).ok_or_else(wrong)?,
            ("int64", Json::String(text)) => integer(&text).ok_or_else(wrong)?,
            ("float64" | "", Json::Number(number)) => {
                Value::Float(number.as_f64().ok_or_else(wrong)?)
            }
            ("float64", Json::String(text)) => Value::Float(text.parse().map_err(|_| wrong())?),
            ("binary", Json::String(text)) => {
                Value::Binary(STANDARD.decode(text).map_err(|_| wrong())?)
            }
            ("string" | "", Json::Null) => Value::Text(String::new()),
            // Jaeger writes empty bytes in this form.
            ("binary", Json::Null) => Value::Binary(vec![]),
            _ => return Err(wrong()),
        };
        Ok(Self { key, value })
    }
}

/// The nearest integer to a number that JavaScript may have rounded or written with an
/// exponent; a number with a fraction stays a float.
fn integer(text: &str) -> Option<Value> {
    if let Ok(number) = text.parse() {
        return Some(Value::Int(number));
    }
    let number: f64 = text
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())?;
    Some(match number.fract() == 0.0 {
        // Saturates beyond the range of integers.
        true => Value::Int(number as i64),
        false => Value::Float(number),
    })
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "string",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int64",
            Self::Float(_) => "float64",
            Self::Binary(_) => "binary",
        }
    }
}

impl KeyValue {
    pub(super) fn text(key: &str, text: impl Into<String>) -> Self {
        Self {
            key: key.to_owned(),
            value: Value::Text(text.into()),
        }
    }
}

impl From<OtlpKeyValue> for KeyValue {
    fn from(attribute: OtlpKeyValue) -> Self {
        let value = match attribute.value.and_then(|any| any.value) {
            None => Value::Text(String::new()),
            Some(Otlp::StringValue(text)) => Value::Text(text),
            Some(Otlp::BoolValue(flag)) => Value::Bool(flag),
            Some(Otlp::IntValue(number)) => Value::Int(number),
            Some(Otlp::DoubleValue(number)) => Value::Float(number),
            Some(Otlp::BytesValue(bytes)) => Value::Binary(bytes),
            Some(other) => Value::Text(json(Some(other)).to_string()),
        };
        Self {
            key: attribute.key,
            value,
        }
    }
}

/// A value inside a list or a map, for which Jaeger's tags have no type.
fn json(value: Option<Otlp>) -> Json {
    let inside = |any: AnyValue| json(any.value);
    match value {
        None | Some(Otlp::StringValueStrindex(_)) => Json::Null,
        Some(Otlp::StringValue(text)) => Json::String(text),
        Some(Otlp::BoolValue(flag)) => Json::Bool(flag),
        Some(Otlp::IntValue(number)) => json!(number),
        Some(Otlp::DoubleValue(number)) if !number.is_finite() => json!(number.to_string()),
        Some(Otlp::DoubleValue(number)) => json!(number),
        Some(Otlp::BytesValue(bytes)) => json!(STANDARD.encode(bytes)),
        Some(Otlp::ArrayValue(array)) => array.values.into_iter().map(inside).collect(),
        Some(Otlp::KvlistValue(list)) => {
            let entry = |entry: OtlpKeyValue| (entry.key, entry.value.map_or(Json::Null, inside));
            Json::Object(list.values.into_iter().map(entry).collect())
        }
    }
}
