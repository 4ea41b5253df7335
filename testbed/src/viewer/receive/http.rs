//! OTLP over HTTP: `POST /v1/traces`, in protobuf or JSON, gzipped or not.
//!
//! <https://opentelemetry.io/docs/specs/otlp/#otlphttp>: an answer has the encoding of
//! its request, and an error is a `google.rpc.Status`.

use std::io::Read as _;

use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::read::MultiGzDecoder;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;
use serde_json::json;
use trace::otlp;
use trace::store::message_count;

use super::{Error, LONGEST_REQUEST, MOST_PARTS, take};
use crate::viewer::{State, Takes};

/// The encoding of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Protobuf,
    Json,
}

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// `google.rpc.Status`
#[derive(Clone, PartialEq, prost::Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// Receives spans.
pub(in crate::viewer) async fn traces(
    Shared(state): Shared<State>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let form = match form(&headers) {
        Ok(form) => form,
        Err(error) => return refusal(Form::Json, &error),
    };
    let store = match state.viewer.takes {
        Takes::Spans => state.viewer.store,
        Takes::Nothing | Takes::Faults(_) => return refusal(form, &Error::NotCollecting),
    };
    let gzipped = match gzipped(&headers) {
        Ok(gzipped) => gzipped,
        Err(error) => return refusal(form, &error),
    };
    let body = match body {
        Ok(body) => body,
        Err(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return refusal(form, &too_long());
        }
        Err(error) => return refusal(form, &Error::Malformed(error.body_text())),
    };
    let work = move || {
        let body = if gzipped { unzip(&body)?.into() } else { body };
        take(&store, decode(form, body)?)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(taken)) => accepted(form, taken),
        Ok(Err(error)) => refusal(form, &error),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn form(headers: &HeaderMap) -> Result<Form, Error> {
    let value = headers
        .get(header::CONTENT_TYPE)
        .map(|value| value.to_str().unwrap_or("?"));
    let kind = value
        .unwrap_or("nothing")
        .split(';')
        .next()
        .unwrap_or_default();
    match kind.trim().to_ascii_lowercase().as_str() {
        PROTOBUF | "application/protobuf" => Ok(Form::Protobuf),
        JSON => Ok(Form::Json),
        _ => Err(Error::UnknownForm(format!(
            "Content-Type must be {PROTOBUF} or {JSON}"
        ))),
    }
}

fn gzipped(headers: &HeaderMap) -> Result<bool, Error> {
    match headers
        .get(header::CONTENT_ENCODING)
        .map(|value| value.as_bytes())
    {
        None | Some(b"" | b"identity") => Ok(false),
        Some(b"gzip") => Ok(true),
        Some(_) => Err(Error::UnknownForm(
            "Content-Encoding must be gzip or none".to_owned(),
        )),
    }
}

/// Decompresses a body, up to the longest accepted length.
fn unzip(body: &[u8]) -> Result<Vec<u8>, Error> {
    let mut unpacked = Vec::new();
    let mut reader = MultiGzDecoder::new(body).take(LONGEST_REQUEST as u64 + 1);
    let read = reader.read_to_end(&mut unpacked);
    match read {
        Ok(length) if length > LONGEST_REQUEST => Err(too_long()),
        Ok(_) => Ok(unpacked),
        Err(error) => Err(Error::Malformed(format!("no gzip: {error}"))),
    }
}

fn too_long() -> Error {
    Error::TooLarge(format!("longer than {} MiB", LONGEST_REQUEST >> 20))
}

/// The spans in a body, if it is not too large to be read.
pub(super) fn decode(form: Form, body: Bytes) -> Result<otlp::Read, Error> {
    let parts = match form {
        Form::Protobuf => message_count(&body),
        // Every object begins with it. Braces in texts are counted too.
        Form::Json => body.iter().filter(|byte| **byte == b'{').count(),
    };
    if body.len() > LONGEST_REQUEST {
        return Err(too_long());
    }
    if parts > MOST_PARTS {
        let message = format!("{parts} parts are over the limit of {MOST_PARTS}");
        return Err(Error::TooLarge(message));
    }
    match form {
        Form::Protobuf => {
            otlp::read_protobuf(body).map_err(|error| Error::Malformed(format!("no OTLP: {error}")))
        }
        Form::Json => {
            otlp::read(&body).map_err(|error| Error::Malformed(format!("no OTLP JSON: {error}")))
        }
    }
}

fn accepted(form: Form, taken: ExportTraceServiceResponse) -> Response {
    match form {
        Form::Protobuf => protobuf(StatusCode::OK, taken.encode_to_vec()),
        Form::Json => {
            let body = match taken.partial_success {
                None => json!({}),
                Some(partial) => json!({ "partialSuccess": {
                    "rejectedSpans": partial.rejected_spans.to_string(),
                    "errorMessage": partial.error_message,
                } }),
            };
            text(StatusCode::OK, body.to_string())
        }
    }
}

fn refusal(form: Form, error: &Error) -> Response {
    // Of google.rpc.Code: PERMISSION_DENIED, INVALID_ARGUMENT,
    // RESOURCE_EXHAUSTED.
    let (status, code) = match error {
        Error::NotCollecting => (StatusCode::FORBIDDEN, 7),
        Error::Malformed(_) => (StatusCode::BAD_REQUEST, 3),
        Error::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, 8),
        Error::UnknownForm(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, 3),
    };
    let message = error.to_string();
    match form {
        Form::Protobuf => protobuf(status, Status { code, message }.encode_to_vec()),
        Form::Json => text(
            status,
            json!({ "code": code, "message": message }).to_string(),
        ),
    }
}

fn protobuf(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, PROTOBUF)], body).into_response()
}

fn text(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, JSON)], body).into_response()
}
