//! The answer of a collector to a request.
//!
//! <https://opentelemetry.io/docs/specs/otlp/> defines after which answers the same
//! request may be sent again.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message as _;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use tonic::{Code, ConnectError, Status};

use super::secrets::Secrets;

/// The form of requests and answers.
pub(super) const PROTOBUF: &str = "application/x-protobuf";

/// The longest answer that is read, in bytes, and the longest text of a
/// collector that is printed, in characters. Guesses.
const LONGEST_ANSWER: usize = 64 << 10;
const LONGEST_TEXT: usize = 300;

/// The answer of a collector to a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It has accepted all but that many. `why` is the reason of the rejection; if none
    /// was rejected, it is a warning.
    Taken { rejected: u64, why: Option<String> },
    /// It may accept them later: why, and not before that time.
    Later(String, Option<Duration>),
    /// It will never accept them.
    Refused(String),
    /// There is no listener.
    Unreachable(String),
}

impl Answer {
    pub(super) fn taken(answer: ExportTraceServiceResponse) -> Self {
        let partial = answer.partial_success.unwrap_or_default();
        let rejected = u64::try_from(partial.rejected_spans).unwrap_or(0);
        let said = partial.error_message;
        let why = match (rejected, &*said) {
            (0, "") => None,
            (0, said) => Some(format!("the collector warns: {said}")),
            (_, "") => Some("the collector rejected them and does not say why".to_owned()),
            (_, said) => Some(format!("the collector rejected them: {said}")),
        };
        Self::Taken { rejected, why }
    }

    pub(super) async fn of_response(mut response: Response) -> Self {
        let status = response.status();
        let kind = response.headers().get(CONTENT_TYPE).cloned();
        let kind = kind.as_ref().and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        let after = response.headers().get(RETRY_AFTER);
        let after = after.and_then(|after| after.to_str().ok()?.parse().ok());
        let after = after.map(Duration::from_secs);
        let mut body = Vec::new();
        while body.len() < LONGEST_ANSWER {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                // The status was complete, and suffices for a refusal.
                Err(_) if !status.is_success() => break,
                Err(error) => return Self::Later(deepest(&error), None),
            }
        }
        let why = || match said(&kind, &body) {
            Some(said) => format!("HTTP {status}: {said}"),
            None => format!("HTTP {status}"),
        };
        match status {
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Self::Later(why(), after),
            _ if !status.is_success() => Self::Refused(why()),
            _ => match decode(&kind, &body) {
                Some(answer) => Self::taken(answer),
                None => Self::Refused(format!(
                    "HTTP {status}, but the answer ({}) is none of OTLP's: is it a collector?",
                    if kind.is_empty() { "of no type" } else { &kind }
                )),
            },
        }
    }

    pub(super) fn of_status(status: &Status) -> Self {
        let causes = causes(status);
        if causes.clone().any(|error| error.is::<ConnectError>()) {
            return Self::Unreachable(deepest(status));
        }
        let why = match causes.skip(1).last() {
            // The connection broke.
            Some(cause) => cause.to_string(),
            None => format!("gRPC {:?}: {}", status.code(), status.message()),
        };
        match status.code() {
            Code::Cancelled
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unavailable
            | Code::DataLoss => Self::Later(why, None),
            // RESOURCE_EXHAUSTED may be tried again where a detail of the status says
            // when, which nothing here reads.
            _ => Self::Refused(why),
        }
    }

    /// The texts of a collector are untrusted: secrets and control characters are
    /// removed, and the length is limited.
    pub(super) fn clean(self, secrets: &Secrets) -> Self {
        let clean = |text: String| {
            let text = secrets.strike(&text);
            let plain = |c: char| if c.is_control() { ' ' } else { c };
            text.chars().map(plain).take(LONGEST_TEXT).collect()
        };
        match self {
            Self::Taken { rejected, why } => Self::Taken {
                rejected,
                why: why.map(clean),
            },
            Self::Later(why, after) => Self::Later(clean(why), after),
            Self::Refused(why) => Self::Refused(clean(why)),
            Self::Unreachable(why) => Self::Unreachable(clean(why)),
        }
    }
}

/// Decodes an answer. It should have the encoding of the request, but some collectors
/// answer in JSON only.
fn decode(kind: &str, body: &[u8]) -> Option<ExportTraceServiceResponse> {
    if !kind.starts_with("application/json") {
        return ExportTraceServiceResponse::decode(body).ok();
    }
    let answer: Value = serde_json::from_slice(body).ok()?;
    let answer = answer.as_object()?;
    let partial = answer.get("partialSuccess").unwrap_or(&Value::Null);
    let text = |name: &str| partial[name].as_str().unwrap_or_default();
    let rejected = text("rejectedSpans").parse().ok();
    Some(ExportTraceServiceResponse {
        partial_success: Some(ExportTracePartialSuccess {
            rejected_spans: rejected.or(partial["rejectedSpans"].as_i64()).unwrap_or(0),
            error_message: text("errorMessage").to_owned(),
        }),
    })
}

/// The reason of a refusal: a `google.rpc.Status`, or plain text.
fn said(kind: &str, body: &[u8]) -> Option<String> {
    /// `google.rpc.Status`
    #[derive(Clone, PartialEq, prost::Message)]
    struct Problem {
        #[prost(string, tag = "2")]
        message: String,
    }
    let text = match kind {
        kind if kind.starts_with(PROTOBUF) => Problem::decode(body).ok()?.message,
        kind if kind.starts_with("text/html") => return None,
        _ => std::str::from_utf8(body).ok()?.trim().to_owned(),
    };
    (!text.is_empty()).then_some(text)
}

/// The message of the root cause of an error: libraries wrap it in "transport error" and
/// similar texts.
pub(super) fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    let last = causes(error).last();
    last.map(ToString::to_string).unwrap_or_default()
}

/// The error, what caused it, and so on.
fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> + Clone {
    // With the trait imported, `source` would be that of the reference.
    std::iter::successors(Some(error), |error| error.source())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_in_either_form() {
        let partial = |rejected_spans, message: &str| ExportTraceServiceResponse {
            partial_success: Some(ExportTracePartialSuccess {
                rejected_spans,
                error_message: message.to_owned(),
            }),
        };
        let encoded = partial(7, "old").encode_to_vec();
        let json = "application/json; charset=utf-8";
        for (kind, body, rejected, why) in [
            (PROTOBUF, &b""[..], 0, None),
            ("", b"", 0, None),
            (
                PROTOBUF,
                &encoded,
                7,
                Some("the collector rejected them: old"),
            ),
            (json, b"{}", 0, None),
            (
                json,
                br#"{"partialSuccess":{"rejectedSpans":"7","errorMessage":"old"}}"#,
                7,
                Some("the collector rejected them: old"),
            ),
            (
                json,
                br#"{"partialSuccess":{"rejectedSpans":7}}"#,
                7,
                Some("the collector rejected them and does not say why"),
            ),
            (
                json,
                br#"{"partialSuccess":{"errorMessage":"soon full"}}"#,
                0,
                Some("the collector warns: soon full"),
            ),
        ] {
            let why = why.map(str::to_owned);
            let answer = decode(kind, body).map(Answer::taken);
            let wanted = Answer::Taken { rejected, why };
            assert_eq!(answer, Some(wanted), "{kind} {}", body.escape_ascii());
        }
        for (kind, body) in [("text/html", &b"<html>"[..]), (json, b"OK"), (json, b"[]")] {
            assert_eq!(decode(kind, body), None, "{kind} {}", body.escape_ascii());
        }
        // A negative count rejects nothing.
        let Answer::Taken { rejected: 0, .. } = Answer::taken(partial(-7, "")) else {
            panic!("less than none");
        };
    }
}
