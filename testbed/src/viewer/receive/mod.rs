//! The OTLP receiver: spans that other processes report, over HTTP and gRPC.
//!
//! A client that reports is not trusted. Sizes are limited after decompression, and
//! before anything is decoded: two bytes of protobuf are an empty span, which
//! takes three hundred in memory. A span that breaks a limit or cannot be read is
//! rejected whole and counted; the others of its request are stored.

pub(super) mod grpc;
pub(super) mod http;

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use prost::Message as _;

use trace::otlp::Read;
use trace::store::{LeftOut, Store};

/// The longest request, in bytes after decompression. A guess: batches of exporters
/// have a few hundred kilobytes.
const LONGEST_REQUEST: usize = 16 << 20;

/// gRPC's own limit on a message, in bytes.
const LONGEST_MESSAGE: usize = 4 << 20;

/// Limits of one request: spans, and parts that take memory when they are decoded.
/// Guesses.
const MOST_SPANS: usize = 65_536;
const MOST_PARTS: usize = 2_000_000;

/// Limits of one span, event, link or resource. The SDKs' default is 128 of each; these
/// limits leave room for other tools.
const MOST_ATTRIBUTES: usize = 1024;
const MOST_EVENTS: usize = 4096;
const MOST_LINKS: usize = 1024;

/// Limits of lengths, in bytes. Guesses.
const LONGEST_VALUE: usize = 64 << 10;
const LONGEST_NAME: usize = 4 << 10;

/// Why a whole request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Error {
    #[error(
        "this viewer shows one run and takes no spans: start another with `testbed view --collect`"
    )]
    NotCollecting,
    #[error("{0}")]
    Malformed(String),
    #[error("{0}: send fewer spans at a time")]
    TooLarge(String),
    #[error("{0}")]
    UnknownForm(String),
}

/// Stores the valid part of a request, and counts the rest.
fn take(store: &Store, read: Read) -> Result<ExportTraceServiceResponse, Error> {
    let (groups, mut left_out) = (read.data.resource_spans, read.left_out);
    let scopes = groups.iter().flat_map(|around| &around.scope_spans);
    let count: usize = scopes.map(|scope| scope.spans.len()).sum();
    if count as u64 + left_out.spans > MOST_SPANS as u64 {
        let message = format!("{count} spans are over the limit of {MOST_SPANS}");
        return Err(Error::TooLarge(message));
    }
    for mut around in groups {
        strip(&mut around, &mut left_out);
        left_out.extend(store.insert_all(around).left_out);
    }
    store.leave_out(left_out.clone());
    Ok(ExportTraceServiceResponse {
        partial_success: left_out.first.map(|why| ExportTracePartialSuccess {
            rejected_spans: i64::try_from(left_out.spans).unwrap_or(i64::MAX),
            error_message: format!("of the spans rejected, the first: {why}"),
        }),
    })
}

/// Removes the spans that break a limit, and counts them.
fn strip(around: &mut ResourceSpans, left_out: &mut LeftOut) {
    let resource = around
        .resource
        .as_ref()
        .map(|resource| &resource.attributes);
    let outside = resource.map_or(Ok(()), |attributes| of(attributes));
    for scope in &mut around.scope_spans {
        let named = scope.scope.as_ref().map_or(Ok(()), |scope| {
            name(&scope.name)
                .and(name(&scope.version))
                .and(of(&scope.attributes))
        });
        scope.spans.retain(|span| {
            let good = outside.and(named).and_then(|()| check(span));
            if let Err(limit) = good {
                left_out.add(|| limit.to_owned());
            }
            good.is_ok()
        });
    }
}

type Checked = Result<(), &'static str>;

fn check(span: &Span) -> Checked {
    if span.events.len() > MOST_EVENTS {
        return Err("more than 4096 events");
    }
    if span.links.len() > MOST_LINKS {
        return Err("more than 1024 links");
    }
    name(&span.name)?;
    name(&span.trace_state)?;
    of(&span.attributes)?;
    let status = span
        .status
        .as_ref()
        .map_or(0, |status| status.message.len());
    if status > LONGEST_VALUE {
        return Err("a status of more than 64 KiB");
    }
    for event in &span.events {
        name(&event.name)?;
        of(&event.attributes)?;
    }
    for link in &span.links {
        name(&link.trace_state)?;
        of(&link.attributes)?;
    }
    Ok(())
}

fn of(attributes: &[KeyValue]) -> Checked {
    if attributes.len() > MOST_ATTRIBUTES {
        return Err("more than 1024 attributes");
    }
    attributes.iter().try_for_each(|attribute| {
        name(&attribute.key)?;
        match attribute.value.as_ref().map_or(0, length) > LONGEST_VALUE {
            true => Err("a value of more than 64 KiB"),
            false => Ok(()),
        }
    })
}

fn name(text: &str) -> Checked {
    match text.len() > LONGEST_NAME {
        true => Err("a name of more than 4 KiB"),
        false => Ok(()),
    }
}

fn length(value: &AnyValue) -> usize {
    match &value.value {
        Some(Value::StringValue(text)) => text.len(),
        Some(Value::BytesValue(bytes)) => bytes.len(),
        _ => value.encoded_len(),
    }
}
