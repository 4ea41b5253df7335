//! Keeps other web sites out of the viewer.
//!
//! The viewer listens on loopback, which every page that a browser on this machine has
//! open can reach. The same-origin policy keeps those pages from reading answers, with
//! one hole: a site can let its own name resolve to 127.0.0.1 (DNS rebinding). Its
//! requests then still carry its name in `Host`, so `Host` is checked. If other machines
//! can reach the viewer, it may have any name. Then the token is checked instead: a site
//! whose name resolves to the viewer does not get the viewer's cookie.
//!
//! The headers of every answer prevent text from a peer from being executed as a script,
//! even if the page has a bug.

use std::net::IpAddr;

use axum::extract::{Request, State as Shared};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::answer::Refusal;
use super::receive::grpc;
use super::token::Token;

/// The path at which Jaeger's page has OTLP translated.
pub(super) const TRANSFORM: &str = "/api/transform";

/// The path at which the page requests faults.
pub(super) const CONTROL: &str = "/api/control";

/// The paths at which spans are received.
pub(super) const OTLP_HTTP: &str = "/v1/traces";
pub(super) const OTLP_GRPC: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// The paths that accept POST. All others are read-only.
const POSTS: [&str; 4] = [TRANSFORM, CONTROL, OTLP_HTTP, OTLP_GRPC];

const HEADERS: [(HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
         img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    // A live run changes, and the next run has the same address.
    (header::CACHE_CONTROL, "no-store"),
];

/// Refuses requests that are not allowed, and adds the headers to all answers.
pub(super) async fn guard(
    Shared(token): Shared<Option<Token>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match refuse(&request, token) {
        None => next.run(request).await,
        Some(answer) => answer,
    };
    let values = HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value)));
    response.headers_mut().extend(values);
    response
}

fn refuse(request: &Request, token: Option<Token>) -> Option<Response> {
    let answer = match token {
        Some(token) => token.answer(request),
        None if names_loopback(request) => None,
        None => {
            let refusal = Refusal::forbidden("Host must be localhost or a loopback address");
            Some(refusal.into_response())
        }
    };
    let method = || check_method(request).err().map(Refusal::into_response);
    answer.or_else(|| unknown_service(request)).or_else(method)
}

/// The gRPC error for a call of a service that does not exist.
fn unknown_service(request: &Request) -> Option<Response> {
    let kind = request.headers().get(header::CONTENT_TYPE)?.as_bytes();
    let (path, method) = (request.uri().path(), request.method());
    let is_call = method == Method::POST && kind.starts_with(b"application/grpc");
    (is_call && path != OTLP_GRPC).then(|| grpc::unknown(path))
}

fn check_method(request: &Request) -> Result<(), Refusal> {
    match *request.method() {
        Method::GET | Method::HEAD => Ok(()),
        Method::POST if POSTS.contains(&request.uri().path()) => {
            match comes_from_elsewhere(request) {
                true => Err(Refusal::forbidden("Origin must be this server")),
                false => Ok(()),
            }
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// Whether a page of another origin has sent the request. Browsers let any page send
/// requests, but add its `Origin`; programs send none.
fn comes_from_elsewhere(request: &Request) -> bool {
    let host = host(request).map(str::as_bytes);
    let mut origins = request.headers().get_all(header::ORIGIN).iter();
    origins.any(|origin| origin.as_bytes().strip_prefix(b"http://") != host)
}

fn names_loopback(request: &Request) -> bool {
    host(request).is_some_and(is_loopback)
}

/// The host of the request. HTTP/2 has it in the URI; if `Host` is present too, the two
/// must agree.
fn host(request: &Request) -> Option<&str> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (host, more) = (hosts.next(), hosts.next());
    let named = match host {
        Some(host) => Some(host.to_str().ok()?),
        None => None,
    };
    let authority = request
        .uri()
        .authority()
        .map(|authority| authority.as_str());
    match (named, authority, more) {
        (Some(host), None, None) | (None, Some(host), None) => Some(host),
        (Some(host), Some(authority), None) if host == authority => Some(host),
        _ => None,
    }
}

/// Whether `host`, with or without a port, is this machine by any name.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        // The last colon of a bare IPv6 address is inside its brackets.
        Some((name, port)) if !port.ends_with(']') => {
            if !port.bytes().all(|byte| byte.is_ascii_digit()) {
                return false;
            }
            name
        }
        _ => host,
    };
    let bare = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'));
    match bare {
        Some(address) => matches!(address.parse(), Ok(IpAddr::V6(ip)) if ip.is_loopback()),
        None if name.eq_ignore_ascii_case("localhost") => true,
        None => matches!(name.parse(), Ok(IpAddr::V4(ip)) if ip.is_loopback()),
    }
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_loopback_names_are_local() {
        for (host, wanted) in [
            ("localhost", true),
            ("LocalHost:8700", true),
            ("127.0.0.1", true),
            ("127.0.0.1:8700", true),
            ("127.8.9.1:1", true),
            ("[::1]", true),
            ("[::1]:8700", true),
            ("", false),
            (":8700", false),
            ("evil.example", false),
            ("evil.example:8700", false),
            ("localhost.evil.example", false),
            ("evil.localhost.example:80", false),
            ("127.0.0.1.evil.example", false),
            ("127.0.0.1:80:80", false),
            ("127.0.0.1:80@evil.example", false),
            ("192.168.0.1:8700", false),
            ("0.0.0.0:8700", false),
            ("[::]:8700", false),
            ("::1", false),
            ("[127.0.0.1]:80", false),
            ("[::1", false),
        ] {
            assert_eq!(is_loopback(host), wanted, "{host:?}");
        }
    }
}
