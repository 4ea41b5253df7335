//! Metrics as Prometheus reads them: libp2p's own, and what the owner of the
//! registry adds.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use libp2p::metrics::Recorder as _;
use libp2p::swarm::SwarmEvent;
use libp2p::{gossipsub, identify, kad, metrics, ping};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;

/// What OpenMetrics text calls itself over HTTP.
const CONTENT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The metrics of one process.
pub struct Metrics {
    registry: Registry,
    libp2p: metrics::Metrics,
}

impl Metrics {
    /// libp2p's metrics, and what `add` registers.
    pub fn new(add: impl FnOnce(&mut Registry)) -> Self {
        let mut registry = Registry::default();
        let libp2p = metrics::Metrics::new(&mut registry);
        add(&mut registry);
        Self { registry, libp2p }
    }

    pub(crate) fn on_swarm_event<E>(&self, event: &SwarmEvent<E>) {
        self.libp2p.record(event);
    }

    pub(crate) fn on_identify(&self, event: &identify::Event) {
        self.libp2p.record(event);
    }

    pub(crate) fn on_ping(&self, event: &ping::Event) {
        self.libp2p.record(event);
    }

    pub(crate) fn on_kademlia(&self, event: &kad::Event) {
        self.libp2p.record(event);
    }

    pub(crate) fn on_gossipsub(&self, event: &gossipsub::Event) {
        self.libp2p.record(event);
    }

    /// All metrics in the OpenMetrics text format.
    pub fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a String takes everything");
        text
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// Listens for Prometheus at `address`.
///
/// # Errors
/// What the system says, for example that the port is in use.
pub async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Answers `GET /metrics` until `shutdown` is done.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    metrics: Arc<Metrics>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let text = async move || ([(CONTENT_TYPE, CONTENT)], metrics.text());
    let routes = Router::new().route("/metrics", get(text));
    axum::serve(listener, routes)
        .with_graceful_shutdown(shutdown)
        .await
}
