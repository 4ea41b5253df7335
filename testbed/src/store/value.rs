//! Attribute values: as text to search by, and as OTLP JSON can carry them.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;

/// Whether an attribute of this key has this value, written as text. Arrays,
/// maps and bytes match nothing: nobody can guess how they would be written.
pub(super) fn matches(attribute: &KeyValue, key: &str, wanted: &str) -> bool {
    attribute.key == key
        && match attribute
            .value
            .as_ref()
            .and_then(|value| value.value.as_ref())
        {
            Some(Value::StringValue(text)) => text == wanted,
            Some(Value::BoolValue(flag)) => wanted.parse() == Ok(*flag),
            Some(Value::IntValue(number)) => wanted.parse() == Ok(*number),
            Some(Value::DoubleValue(number)) => wanted.parse() == Ok(*number),
            _ => false,
        }
}

/// Makes a span safe to write as JSON.
///
/// JSON has no infinity and no NaN. OTLP JSON writes them as text, which
/// `opentelemetry-proto` 0.33 neither writes nor reads: it would write `null`
/// and lose them in silence. They become string values, which every reader
/// takes.
pub(super) fn make_json_safe(span: &mut Span) {
    let events = span
        .events
        .iter_mut()
        .flat_map(|event| &mut event.attributes);
    let links = span.links.iter_mut().flat_map(|link| &mut link.attributes);
    for attribute in span.attributes.iter_mut().chain(events).chain(links) {
        attribute.value.iter_mut().for_each(value_json_safe);
    }
}

fn value_json_safe(any: &mut AnyValue) {
    match &mut any.value {
        Some(Value::DoubleValue(number)) if number.is_nan() => any.value = text("NaN"),
        Some(Value::DoubleValue(number)) if number.is_infinite() => {
            any.value = text(if *number > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            });
        }
        Some(Value::ArrayValue(array)) => array.values.iter_mut().for_each(value_json_safe),
        Some(Value::KvlistValue(list)) => {
            let values = list.values.iter_mut().flat_map(|entry| &mut entry.value);
            values.for_each(value_json_safe);
        }
        _ => {}
    }
}

fn text(value: &str) -> Option<Value> {
    Some(Value::StringValue(value.to_owned()))
}
