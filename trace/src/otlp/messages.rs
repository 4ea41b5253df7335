//! The messages, field by field.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, TracesData};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::scalars::{Bytes, Double, Integer, as_text, id, kind, number, status};
use crate::json::{Object, or_default};

/// A message of OTLP's in JSON.
pub(super) trait Message: Sized {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error>;
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error>;
}

/// Reads a message from a JSON object only.
#[derive(Default)]
pub(super) struct Whole<M>(pub(super) M);

impl<'de, M: Message> Deserialize<'de> for Whole<M> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Object(InForm(message)) = Object::deserialize(from)?;
        Ok(Self(message))
    }
}

struct InForm<M>(M);

impl<'de, M: Message> Deserialize<'de> for InForm<M> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        M::read(from).map(Self)
    }
}

/// Writes a message.
struct Written<'a, M>(&'a M);

impl<M: Message> Serialize for Written<'_, M> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.write(to)
    }
}

/// A field of many messages.
mod list {
    use super::{Deserializer, Message, Serializer, Whole, Written, or_default};

    pub(super) fn serialize<M, S>(all: &[M], to: S) -> Result<S::Ok, S::Error>
    where
        M: Message,
        S: Serializer,
    {
        to.collect_seq(all.iter().map(Written))
    }

    pub(super) fn deserialize<'de, M, D>(from: D) -> Result<Vec<M>, D::Error>
    where
        M: Message,
        D: Deserializer<'de>,
    {
        let all: Vec<Whole<M>> = or_default(from)?;
        Ok(all.into_iter().map(|Whole(message)| message).collect())
    }
}

/// A field of one message or none.
mod optional {
    use super::{Deserialize, Deserializer, Message, Serialize, Serializer, Whole, Written};

    pub(super) fn serialize<M, S>(message: &Option<M>, to: S) -> Result<S::Ok, S::Error>
    where
        M: Message,
        S: Serializer,
    {
        message.as_ref().map(Written).serialize(to)
    }

    pub(super) fn deserialize<'de, M, D>(from: D) -> Result<Option<M>, D::Error>
    where
        M: Message,
        D: Deserializer<'de>,
    {
        let message: Option<Whole<M>> = Option::deserialize(from)?;
        Ok(message.map(|Whole(message)| message))
    }
}

/// Implements the form below for each message.
macro_rules! forms {
    ($($message:ty: $form:ty,)*) => {
        $(impl Message for $message {
            fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                <$form>::serialize(self, to)
            }

            fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                <$form>::deserialize(from)
            }
        })*
    };
}

forms! {
    TracesData: TracesForm,
    ResourceSpans: ResourceSpansForm,
    Resource: ResourceForm,
    ScopeSpans: ScopeSpansForm,
    InstrumentationScope: ScopeForm,
    Span: SpanForm,
    Event: EventForm,
    Link: LinkForm,
    Status: StatusForm,
    KeyValue: KeyValueForm,
    ArrayValue: ArrayForm,
    KeyValueList: MapForm,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(remote = "TracesData", rename_all = "camelCase", default)]
struct TracesForm {
    #[serde(alias = "resource_spans", with = "list")]
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(remote = "ResourceSpans", rename_all = "camelCase", default)]
struct ResourceSpansForm {
    #[serde(with = "optional")]
    resource: Option<Resource>,
    #[serde(alias = "scope_spans", with = "list")]
    scope_spans: Vec<ScopeSpans>,
    #[serde(alias = "schema_url", deserialize_with = "or_default")]
    schema_url: String,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(remote = "Resource", rename_all = "camelCase", default)]
struct ResourceForm {
    #[serde(with = "list")]
    attributes: Vec<KeyValue>,
    #[serde(alias = "dropped_attributes_count", deserialize_with = "number")]
    dropped_attributes_count: u32,
    #[serde(alias = "entity_refs", deserialize_with = "or_default")]
    entity_refs: Vec<EntityRef>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(remote = "ScopeSpans", rename_all = "camelCase", default)]
struct ScopeSpansForm {
    #[serde(with = "optional")]
    scope: Option<InstrumentationScope>,
    #[serde(with = "list")]
    spans: Vec<Span>,
    #[serde(alias = "schema_url", deserialize_with = "or_default")]
    schema_url: String,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(remote = "InstrumentationScope", rename_all = "camelCase", default)]
struct ScopeForm {
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(deserialize_with = "or_default")]
    version: String,
    #[serde(with = "list")]
    attributes: Vec<KeyValue>,
    #[serde(alias = "dropped_attributes_count", deserialize_with = "number")]
    dropped_attributes_count: u32,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(remote = "Span", rename_all = "camelCase", default)]
struct SpanForm {
    #[serde(alias = "trace_id", with = "id")]
    trace_id: Vec<u8>,
    #[serde(alias = "span_id", with = "id")]
    span_id: Vec<u8>,
    #[serde(alias = "trace_state", deserialize_with = "or_default")]
    trace_state: String,
    #[serde(alias = "parent_span_id", with = "id")]
    parent_span_id: Vec<u8>,
    #[serde(deserialize_with = "number")]
    flags: u32,
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(deserialize_with = "kind")]
    kind: i32,
    #[serde(
        alias = "start_time_unix_nano",
        serialize_with = "as_text",
        deserialize_with = "number"
    )]
    start_time_unix_nano: u64,
    #[serde(
        alias = "end_time_unix_nano",
        serialize_with = "as_text",
        deserialize_with = "number"
    )]
    end_time_unix_nano: u64,
    #[serde(with = "list")]
    attributes: Vec<KeyValue>,
    #[serde(alias = "dropped_attributes_count", deserialize_with = "number")]
    dropped_attributes_count: u32,
    #[serde(with = "list")]
    events: Vec<Event>,
    #[serde(alias = "dropped_events_count", deserialize_with = "number")]
    dropped_events_count: u32,
    #[serde(with = "list")]
    links: Vec<Link>,
    #[serde(alias = "dropped_links_count", deserialize_with = "number")]
    dropped_links_count: u32,
    #[serde(with = "optional")]
    status: Option<Status>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(remote = "Event", rename_all = "camelCase", default)]
struct EventForm {
    #[serde(
        alias = "time_unix_nano",
        serialize_with = "as_text",
        deserialize_with = "number"
    )]
    time_unix_nano: u64,
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(with = "list")]
    attributes: Vec<KeyValue>,
    #[serde(alias = "dropped_attributes_count", deserialize_with = "number")]
    dropped_attributes_count: u32,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(remote = "Link", rename_all = "camelCase", default)]
struct LinkForm {
    #[serde(alias = "trace_id", with = "id")]
    trace_id: Vec<u8>,
    #[serde(alias = "span_id", with = "id")]
    span_id: Vec<u8>,
    #[serde(alias = "trace_state", deserialize_with = "or_default")]
    trace_state: String,
    #[serde(with = "list")]
    attributes: Vec<KeyValue>,
    #[serde(alias = "dropped_attributes_count", deserialize_with = "number")]
    dropped_attributes_count: u32,
    #[serde(deserialize_with = "number")]
    flags: u32,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(remote = "Status", default)]
struct StatusForm {
    #[serde(deserialize_with = "or_default")]
    message: String,
    #[serde(deserialize_with = "status")]
    code: i32,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(remote = "KeyValue", default)]
struct KeyValueForm {
    #[serde(deserialize_with = "or_default")]
    key: String,
    #[serde(with = "optional")]
    value: Option<AnyValue>,
    /// Used by profiles only.
    #[serde(skip)]
    key_strindex: i32,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(remote = "ArrayValue", default)]
struct ArrayForm {
    #[serde(with = "list")]
    values: Vec<AnyValue>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(remote = "KeyValueList", default)]
struct MapForm {
    #[serde(with = "list")]
    values: Vec<KeyValue>,
}

/// At most one of these is present.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ValueForm {
    #[serde(alias = "string_value")]
    string_value: Option<String>,
    #[serde(alias = "bool_value")]
    bool_value: Option<bool>,
    #[serde(alias = "int_value")]
    int_value: Option<Integer>,
    #[serde(alias = "double_value")]
    double_value: Option<Double>,
    #[serde(alias = "array_value")]
    array_value: Option<Whole<ArrayValue>>,
    #[serde(alias = "kvlist_value")]
    kvlist_value: Option<Whole<KeyValueList>>,
    #[serde(alias = "bytes_value")]
    bytes_value: Option<Bytes>,
}

impl Message for AnyValue {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut object = to.serialize_map(None)?;
        match &self.value {
            None | Some(Value::StringValueStrindex(_)) => {}
            Some(Value::StringValue(text)) => object.serialize_entry("stringValue", text)?,
            Some(Value::BoolValue(flag)) => object.serialize_entry("boolValue", flag)?,
            Some(Value::IntValue(number)) => {
                object.serialize_entry("intValue", &number.to_string())?;
            }
            Some(Value::DoubleValue(number)) => match Double::word(*number) {
                Some(word) => object.serialize_entry("doubleValue", word)?,
                None => object.serialize_entry("doubleValue", number)?,
            },
            Some(Value::ArrayValue(list)) => {
                object.serialize_entry("arrayValue", &Written(list))?;
            }
            Some(Value::KvlistValue(map)) => {
                object.serialize_entry("kvlistValue", &Written(map))?;
            }
            Some(Value::BytesValue(bytes)) => {
                object.serialize_entry("bytesValue", &Bytes::write(bytes))?;
            }
        }
        object.end()
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let form = ValueForm::deserialize(from)?;
        let value = form.string_value.map(Value::StringValue);
        let value = value
            .or(form.bool_value.map(Value::BoolValue))
            .or(form
                .int_value
                .map(|Integer(number)| Value::IntValue(number)))
            .or(form
                .double_value
                .map(|Double(number)| Value::DoubleValue(number)))
            .or(form.array_value.map(|Whole(list)| Value::ArrayValue(list)))
            .or(form.kvlist_value.map(|Whole(map)| Value::KvlistValue(map)))
            .or(form
                .bytes_value
                .map(|Bytes(bytes)| Value::BytesValue(bytes)));
        Ok(Self { value })
    }
}
