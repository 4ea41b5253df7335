//! Access where other machines can reach the viewer: for a client that has the
//! token that the program printed.
//!
//! A browser sends it once in the address, and then as a cookie; a program sends it with
//! each request, as `Authorization: Bearer TOKEN`. On loopback no token is required.

use std::fmt::{self, Display};
use std::net::SocketAddr;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::answer::Refusal;

/// 128 random bits, for one run of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    secret: u128,
    /// Cookies apply to all ports of a host, so the cookie's name contains the port.
    port: u16,
}

impl Token {
    /// A new one, if other machines can reach that address.
    pub(super) fn for_address(address: SocketAddr) -> Option<Self> {
        (!address.ip().is_loopback()).then(|| Self {
            secret: rand::random(),
            port: address.port(),
        })
    }

    /// The answer to a request that is not admitted; `None` if it is admitted.
    pub(super) fn answer(self, request: &Request) -> Option<Response> {
        if self.is_in_headers(request.headers()) {
            return None;
        }
        Some(match self.is_in_address(request) {
            true => self.welcome(),
            false => refusal().into_response(),
        })
    }

    fn is_in_headers(self, headers: &HeaderMap) -> bool {
        let texts = |name| headers.get_all(name).iter().filter_map(|v| v.to_str().ok());
        let bearer = texts(header::AUTHORIZATION).filter_map(|text| {
            let (scheme, token) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token)
        });
        let name = self.cookie();
        let cookies = texts(header::COOKIE).flat_map(|text| text.split(';'));
        let cookies = cookies.filter_map(|cookie| {
            let (key, token) = cookie.trim().split_once('=')?;
            (key == name).then_some(token)
        });
        bearer.chain(cookies).any(|token| self.is(token))
    }

    fn is_in_address(self, request: &Request) -> bool {
        let query = request.uri().query().unwrap_or("");
        let mut tokens = query
            .split('&')
            .filter_map(|one| one.strip_prefix("token="));
        request.uri().path() == "/" && tokens.any(|token| self.is(token))
    }

    /// Compares numbers, so that the time does not depend on where they differ.
    fn is(self, text: &str) -> bool {
        u128::from_str_radix(text, 16) == Ok(self.secret)
    }

    /// Redirects a browser to the page, with the cookie and without the token in the
    /// address, where others could read it.
    fn welcome(self) -> Response {
        let cookie = format!("{}={self}; Path=/; HttpOnly; SameSite=Lax", self.cookie());
        let cookie = HeaderValue::from_str(&cookie).expect("letters and digits");
        let there = HeaderValue::from_static("/");
        let headers = [(header::SET_COOKIE, cookie), (header::LOCATION, there)];
        (StatusCode::SEE_OTHER, headers).into_response()
    }

    fn cookie(self) -> String {
        format!("testbed-{}", self.port)
    }
}

impl Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.secret)
    }
}

fn refusal() -> Refusal {
    Refusal::new(
        StatusCode::UNAUTHORIZED,
        "open the address that testbed printed, with its token; a program sends it as \
         `Authorization: Bearer TOKEN`",
    )
}
