//! The viewer: a small web server inside the binary that shows a run.
//!
//! It serves the page from `dashboards/viewer`, which is part of the binary, and the
//! query part of Jaeger's HTTP API in both generations. The page, and any other tool
//! that speaks this API, reads the run through it. It also works while the run goes on:
//! server-sent events tell the page when to query again.
//!
//! The viewer is read-only, with two exceptions: it requests faults in a live run if the
//! experiment allows them, and with `--collect` it stores spans that others report over
//! OTLP. `guard` keeps other web sites out. If other machines can reach the viewer,
//! `token` admits only requests with the token.

mod answer;
mod api;
mod bodies;
mod control;
mod diagram;
mod edges;
mod events;
mod faults;
mod guard;
mod names;
mod page;
mod parameters;
#[cfg(test)]
mod property_tests;
mod receive;
pub mod report;
mod runs;
mod search;
mod shown;
#[cfg(test)]
mod tests;
mod token;
mod v1;

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use node::http::{self, Times};
use tokio::net::TcpListener;
use tokio::sync::watch;
use trace::store::Store;

use crate::control::FaultSender;
pub use runs::Runs;
use token::Token;

/// The longest body of a request that is read, in bytes. A guess: as large as typical
/// files of traces.
const LONGEST_BODY: usize = 32 << 20;

/// How long pending answers may take once the viewer is to stop. A stalled reader must
/// not keep the process alive. A guess.
const GRACE: Duration = Duration::from_secs(2);

/// The data that the viewer shows.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// The spans.
    pub store: Arc<Store>,
    /// The contents of `run.json` so far. Dropping the sender means that the run is over.
    pub run: watch::Receiver<serde_json::Value>,
    /// The runs beside it.
    pub runs: Arc<Runs>,
    /// What it accepts besides queries.
    pub takes: Takes,
}

/// What the viewer accepts besides queries.
#[derive(Clone, Debug)]
pub enum Takes {
    /// Nothing: the run is over.
    Nothing,
    /// Requests of faults in the live run.
    Faults(FaultSender),
    /// Spans that other programs report.
    Spans,
}

/// The viewer's bound socket and its address.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    token: Option<Token>,
}

impl Listener {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL to open in a browser.
    #[must_use]
    pub fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            // It listens on all addresses of this machine; loopback is one of them.
            address.set_ip(match address {
                SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        match self.token {
            Some(token) => format!("http://{address}/?token={token}"),
            None => format!("http://{address}"),
        }
    }

    /// A warning, if other machines can reach the viewer.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        self.token.map(|token| {
            format!(
                "warning: {} can be reached from other machines. A client with the token \
                 {token} gets in, and the network between can read it: there is no TLS. From \
                 elsewhere, open http://NAME:{port}/?token={token} with the name of this \
                 machine; programs send the header \"authorization: Bearer {token}\"",
                self.address,
                port = self.address.port()
            )
        })
    }
}

/// Why the viewer cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another program listens there.
    #[error("{0} is in use: choose another port, for example {free}", free = next(.0))]
    InUse(SocketAddr),
    /// Any other error of the operating system.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
}

/// Binds the viewer's address. An address that other machines can reach gets a token.
///
/// # Errors
///
/// The address is taken, or cannot be listened on.
pub async fn bind(address: SocketAddr) -> Result<Listener, Error> {
    let socket = TcpListener::bind(address).await;
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => Error::InUse(address),
        _ => Error::Listen { address, source },
    };
    let socket = socket.map_err(failed)?;
    let address = socket.local_addr().map_err(failed)?;
    Ok(Listener {
        socket,
        address,
        token: Token::for_address(address),
    })
}

/// Serves until `shutdown` is done and the pending answers are sent.
pub async fn serve(
    listener: Listener,
    viewer: Viewer,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    let (stop, stopping) = watch::channel(false);
    let state = State {
        viewer,
        stopping: stopping.clone(),
    };
    let app = router(state, listener.token);
    let server = http::serve(listener.socket, app, Times::default(), async move {
        shutdown.await;
        // Event streams do not end by themselves; they watch this channel.
        stop.send_replace(true);
    });
    tokio::select! {
        () = server => {}
        () = overtime(stopping) => {}
    }
}

async fn overtime(mut stopping: watch::Receiver<bool>) {
    // The sender lives as long as the server, which ends the select.
    let _ = stopping.wait_for(|stopping| *stopping).await;
    tokio::time::sleep(GRACE).await;
}

/// What the handlers share.
#[derive(Clone, Debug)]
struct State {
    viewer: Viewer,
    stopping: watch::Receiver<bool>,
}

fn router(state: State, token: Option<Token>) -> Router {
    Router::new()
        .route("/api/run", get(api::run))
        .route("/api/events", get(events::events))
        .route("/api/diagram", get(api::diagram))
        .route("/api/cuts", get(api::cuts))
        .route("/api/topology", get(api::topology))
        .route("/api/spans/{trace}/{span}", get(api::span))
        .route("/api/spans", get(api::spans))
        .route("/api/runs", get(api::runs))
        .route("/api/results", get(api::results))
        .route(guard::CONTROL, get(control::state).post(control::request))
        .route("/api/v3/services", get(api::services))
        .route("/api/v3/operations", get(api::operations))
        .route("/api/v3/trace-summaries", get(api::summaries))
        .route("/api/v3/traces", get(api::search))
        .route("/api/v3/traces/{id}", get(api::trace))
        .route("/api/services", get(v1::services))
        .route("/api/services/{service}/operations", get(v1::names))
        .route("/api/operations", get(v1::operations))
        .route("/api/traces", get(v1::search))
        .route("/api/traces/{id}", get(v1::trace))
        .route("/api/dependencies", get(v1::dependencies))
        .route(guard::TRANSFORM, post(v1::transform))
        .route(guard::OTLP_HTTP, post(receive::http::traces))
        .route(guard::OTLP_GRPC, post(receive::grpc::export))
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .fallback(page::file)
        .with_state(state)
        .layer(axum::middleware::from_fn_with_state(token, guard::guard))
}

/// Parses a query string with the parsers of all handlers, and discards the results:
/// for `fuzz/`.
#[doc(hidden)]
pub fn read_query(query: &str) {
    let Ok(uri) = format!("/?{query}").parse::<axum::http::Uri>() else {
        return;
    };
    let Ok(pairs) = parameters::parameters(&uri) else {
        return;
    };
    let _ = v1::query(&pairs);
    for (_, value) in &pairs {
        let _ = parameters::trace_id(value);
        let _ = parameters::span_id(value);
    }
    let _ = search::parse(pairs);
}

/// The next port, as a suggestion of one that may be free.
fn next(address: &SocketAddr) -> SocketAddr {
    let port = address.port().checked_add(1).unwrap_or(8701);
    SocketAddr::new(address.ip(), port)
}
