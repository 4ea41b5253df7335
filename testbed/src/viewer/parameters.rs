//! The parameters in the query string of a request.

use axum::extract::Query;
use axum::http::Uri;
use jiff::SignedDuration;
use trace::store::TraceId;

use super::answer::Refusal;

/// The name-value pairs of a request, in their order. Empty values are dropped: forms
/// send them for empty fields.
pub(super) fn parameters(uri: &Uri) -> Result<Vec<(String, String)>, Refusal> {
    let parsed = Query::<Vec<(String, String)>>::try_from_uri(uri);
    let pairs = parsed.map_err(|error| Refusal::bad_request(error.body_text()))?;
    let filled = pairs.0.into_iter().filter(|(_, value)| !value.is_empty());
    Ok(filled.collect())
}

/// The value of the first parameter of one of these names.
pub(super) fn first(parameters: &[(String, String)], names: &[&str]) -> Option<String> {
    let mut named = parameters
        .iter()
        .filter(|(name, _)| names.contains(&&**name));
    named.next().map(|(_, value)| value.clone())
}

/// A duration such as `1.2s`, in nanoseconds. As in Go, zero needs no unit, the digits
/// before the point may be missing, and either sign for micro is accepted.
pub(super) fn length(text: &str) -> Option<u64> {
    let text = match text {
        "0" => "0s".to_owned(),
        _ if text.starts_with('.') => format!("0{text}"),
        _ => text.to_owned(),
    };
    let duration: SignedDuration = text.replace('μ', "µ").parse().ok()?;
    duration.as_nanos().try_into().ok()
}

/// Up to 32 hexadecimal digits, not all zero.
pub(super) fn trace_id(text: &str) -> Result<TraceId, Refusal> {
    let malformed = || Refusal::bad_request("a trace id is 32 hexadecimal digits, not all zero");
    let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match u128::from_str_radix(text, 16) {
        Ok(id) if digits && text.len() <= 32 && id != 0 => Ok(id.to_be_bytes()),
        _ => Err(malformed()),
    }
}

/// 16 hexadecimal digits, not all zero.
pub(super) fn span_id(text: &str) -> Result<u64, Refusal> {
    let malformed = || Refusal::bad_request("a span id is 16 hexadecimal digits, not all zero");
    let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match u64::from_str_radix(text, 16) {
        Ok(id) if digits && text.len() == 16 && id != 0 => Ok(id),
        _ => Err(malformed()),
    }
}
