//! Metrics for Prometheus: libp2p's own, those of the peers, and those that the owner of
//! the registry adds.
//!
//! All peers of a process are counted together: with a label for each of
//! thousands there would be more series than any Prometheus takes.

mod classic;
mod peers;
mod spans;
mod sum;

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::watched;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use libp2p::metrics::Recorder as _;
use libp2p::swarm::SwarmEvent;
use libp2p::{gossipsub, identify, kad, metrics, ping};
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;

use crate::http::{self, Times};
use crate::one_connection::Count;
use peers::Peers;
pub use spans::SpanMetrics;

/// The content types of OpenMetrics text and of Prometheus' own text.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const CLASSIC: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The metrics of one process.
pub struct Metrics {
    registry: Registry,
    libp2p: metrics::Metrics,
    peers: Peers,
    /// The metrics of gossipsub, which it registers anew for each peer.
    gossipsub: Mutex<Vec<Registry>>,
}

impl Metrics {
    /// libp2p's metrics, those of the peers, and those that `add` registers.
    pub fn new(add: impl FnOnce(&mut Registry)) -> Self {
        let mut registry = Registry::default();
        let libp2p = metrics::Metrics::new(&mut registry);
        let peers = Peers::default();
        registry.register_collector(Box::new(peers.clone()));
        add(&mut registry);
        Self {
            registry,
            libp2p,
            peers,
            gossipsub: Mutex::default(),
        }
    }

    /// Counts a peer while it runs, and its connections.
    pub(crate) fn add_peer(&self, count: watched::Receiver<Count>) {
        self.peers.add(count);
    }

    /// Registers the metrics of a peer's gossipsub.
    pub(crate) fn add_gossipsub<T: gossipsub::DataTransform + Send + 'static>(
        &self,
        gossipsub: gossipsub::Behaviour<T>,
    ) -> gossipsub::Behaviour<T> {
        let mut registry = Registry::with_prefix("libp2p_gossipsub");
        let gossipsub = gossipsub.with_metrics(&mut registry, gossipsub::MetricsConfig::default());
        let all = self.gossipsub.lock();
        all.unwrap_or_else(PoisonError::into_inner).push(registry);
        gossipsub
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
        const TAKES: &str = "a String takes everything";
        let mut text = String::new();
        encode_registry(&mut text, &self.registry).expect(TAKES);
        let gossipsub = self.gossipsub.lock();
        text += &sum::of(&gossipsub.unwrap_or_else(PoisonError::into_inner));
        encode_eof(&mut text).expect(TAKES);
        text
    }
}

/// Writes one metric, for a collector.
///
/// # Errors
/// Those of the encoder.
pub fn tell(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    metric: &impl EncodeMetric,
) -> fmt::Result {
    metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// The address cannot be bound.
#[derive(Debug, thiserror::Error)]
#[error("--metrics {address}: {why}; choose another port, or 0 for any that is free")]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// The system's error, for example that the port is in use.
    #[source]
    pub why: std::io::Error,
}

/// Listens for Prometheus at `address`.
///
/// # Errors
/// [`BindError`].
pub async fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|why| BindError { address, why })
}

/// Answers `GET /metrics` until `shutdown` is done: in OpenMetrics text where the
/// client asks for it, and in Prometheus' own text format elsewhere.
pub async fn serve(
    listener: TcpListener,
    metrics: Arc<Metrics>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    let text = async move |headers: HeaderMap| {
        // For thousands of peers it takes a while, and must not delay them.
        let metrics = Arc::clone(&metrics);
        let openmetrics = classic::wants_openmetrics(&headers);
        let text = spawn_blocking(move || match openmetrics {
            true => (OPENMETRICS, metrics.text()),
            false => (CLASSIC, classic::of(&metrics.text())),
        });
        let text = text.await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR);
        text.map(|(kind, text)| ([(CONTENT_TYPE, kind)], text))
    };
    let routes = Router::new().route("/metrics", get(text));
    http::serve(listener, routes, Times::default(), shutdown).await;
}
