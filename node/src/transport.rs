//! The transports of a peer: TCP, WebSocket, QUIC and memory, each secured and multiplexed.

use std::io;

use futures::future::Either;
use futures::{AsyncRead, AsyncWrite};
use libp2p::PeerId;
use libp2p::core::Transport as _;
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::{Boxed, MemoryTransport, dummy::DummyTransport};
use libp2p::core::upgrade::Version;
use libp2p::{core, noise, plaintext, quic, relay, tcp, yamux};
use libp2p_websocket as websocket;

use crate::config::{Config, Security, Transport};
use crate::links::link;

type Connections = Boxed<(PeerId, StreamMuxerBox)>;

/// The longest message over WebSocket that a listener takes, in bytes: memory for it is
/// taken as soon as its length is read. rust-libp2p writes up to 128 KiB and one message of
/// Noise (64 KiB) as one. A dialler has the bound of its library, 256 MiB: libp2p
/// sets this one for listeners alone.
const MAX_WEBSOCKET_MESSAGE: usize = 256 << 10;

/// The transports that the configuration names, as one, and circuits over relays.
pub(crate) fn new(
    config: &Config,
    circuits: Option<relay::client::Transport>,
) -> io::Result<Connections> {
    let all = named(config)?;
    let Some(circuits) = circuits else {
        return Ok(all);
    };
    let circuits = circuits
        .upgrade(Version::V1Lazy)
        .authenticate(noise::Config::new(&config.key).map_err(io::Error::other)?)
        .multiplex(yamux(config))
        .timeout(config.connection_timeout);
    // The others would take a circuit's address for that of its relay.
    let either = circuits.or_transport(all);
    Ok(either
        .map(|either, _| match either {
            Either::Left((peer, muxer)) => (peer, StreamMuxerBox::new(muxer)),
            Either::Right(connection) => connection,
        })
        .boxed())
}

fn named(config: &Config) -> io::Result<Connections> {
    let mut all = config.transports.iter().map(|kind| match kind {
        // Plaintext never leaves the process.
        Transport::Tcp => secured(tcp(), config, Security::Noise),
        Transport::WebSocket => secured(websocket(), config, Security::Noise),
        Transport::Quic => Ok(quic(config)),
        Transport::Memory => secured(MemoryTransport::new(), config, config.security),
    });
    let first = all
        .next()
        .unwrap_or_else(|| Ok(DummyTransport::new().boxed()))?;
    all.try_fold(first, |one, other| {
        let either = one.or_transport(other?);
        Ok(either.map(|either, _| either.into_inner()).boxed())
    })
}

/// Noise for identity and secrecy, or nothing; Yamux for streams; a time limit
/// for both.
fn secured<T>(transport: T, config: &Config, security: Security) -> io::Result<Connections>
where
    T: core::Transport + Send + Unpin + 'static,
    T::Output: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    T::Error: Send + Sync + 'static,
    T::Dial: Send + 'static,
    T::ListenerUpgrade: Send + 'static,
{
    let links = config.links.clone();
    let transport = transport.and_then(move |stream, endpoint| link(stream, links, endpoint));
    let transport = transport.upgrade(Version::V1Lazy);
    let timeout = config.connection_timeout;
    Ok(match security {
        Security::Noise => transport
            .authenticate(noise::Config::new(&config.key).map_err(io::Error::other)?)
            .multiplex(yamux(config))
            .timeout(timeout)
            .boxed(),
        Security::Plaintext => transport
            .authenticate(plaintext::Config::new(&config.key))
            .multiplex(yamux(config))
            .timeout(timeout)
            .boxed(),
    })
}

fn tcp() -> tcp::tokio::Transport {
    tcp::tokio::Transport::new(tcp::Config::new().nodelay(true))
}

/// Without TLS: Noise secures what it carries.
fn websocket() -> websocket::Config<tcp::tokio::Transport> {
    let mut websocket = websocket::Config::new(tcp());
    websocket.set_max_data_size(MAX_WEBSOCKET_MESSAGE);
    websocket
}

fn yamux(config: &Config) -> yamux::Config {
    let mut yamux = yamux::Config::default();
    if let Some(limits) = config.limits {
        yamux.set_max_num_streams(limits.streams_per_connection);
    }
    yamux
}

fn quic(config: &Config) -> Connections {
    let mut quic = quic::Config::new(&config.key);
    quic.handshake_timeout = config.connection_timeout;
    if let Some(limits) = config.limits {
        let streams = u32::try_from(limits.streams_per_connection);
        quic.max_concurrent_stream_limit = streams.unwrap_or(u32::MAX);
    }
    quic::tokio::Transport::new(quic)
        .map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection)))
        .boxed()
}
