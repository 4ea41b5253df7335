//! The dial: from the socket to a multiplexed connection, stage by stage.

use std::time::Duration;

use futures::{AsyncRead, AsyncWrite, StreamExt as _};
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::Boxed;
use libp2p::core::upgrade::Version;
use libp2p::core::{self, Transport as _};
use libp2p::identity::Keypair;
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{self, DialError, Swarm, SwarmEvent};
use libp2p::{PeerId, noise, quic, tcp, yamux};
use libp2p_websocket as websocket;
use node::Transport;
use node::dial;
use tokio::time::{Instant, timeout_at};

use super::Error;
use super::advice;
use super::notes::{Agreed, Heard, Noted, Notes, Stage};
use super::report::{Diagnosis, Step};
use super::session::{Behaviour, Session};
use super::target::Target;

/// Dials the target, and adds a step for each stage. Returns the connection, if there is one
/// to the peer that was asked for.
pub(super) async fn connect(
    target: &Target,
    end: Instant,
    diagnosis: &mut Diagnosis,
) -> Result<Option<Session>, Error> {
    let notes = Notes::default();
    let key = Keypair::generate_ed25519();
    let transport = transport(target.transport, &key, &notes)?;
    let began = Instant::now();
    let own = PeerId::from(key.public());
    let idle = end.saturating_duration_since(began) + Duration::from_secs(1);
    let config = swarm::Config::with_tokio_executor().with_idle_connection_timeout(idle);
    let mut swarm = Swarm::new(transport, Behaviour::new(&key), own, config);
    // Any peer is taken, so that another one than the named can be shown.
    let opts = DialOpts::unknown_peer_id().address(target.direct.clone());
    let dialled = match swarm.dial(opts.allocate_new_port().build()) {
        Ok(()) => timeout_at(end, established(&mut swarm)).await,
        Err(error) => Ok(Err(error)),
    };
    let ended = Instant::now();
    let failure = match dialled {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(dial::Error::new(target.direct.clone(), error)),
        Err(_) => Some(dial::Error::Timeout {
            address: target.direct.clone(),
        }),
    };
    let noted = notes.take();
    let peer = stages(target, &noted, failure.as_ref(), [began, ended], diagnosis);
    Ok(match (peer, failure) {
        (Some(peer), None) => Some(Session::start(swarm, peer, key, end)),
        _ => None,
    })
}

/// Waits until the dial has ended.
async fn established(swarm: &mut Swarm<Behaviour>) -> Result<PeerId, DialError> {
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::ConnectionEstablished { peer_id, .. } => return Ok(peer_id),
            SwarmEvent::OutgoingConnectionError { error, .. } => return Err(error),
            _ => {}
        }
    }
}

/// Adds a step for each stage. Returns the peer that was asked for, if it is connected.
fn stages(
    target: &Target,
    noted: &Noted,
    failure: Option<&dial::Error>,
    [began, ended]: [Instant; 2],
    diagnosis: &mut Diagnosis,
) -> Option<PeerId> {
    let mut since = began;
    let mut secured = None;
    let mut add = |name, at: Instant, detail: String| {
        diagnosis.add(Step::ok(name, at.saturating_duration_since(since), detail));
        since = at;
    };
    for (stage, at) in &noted.stages {
        match stage {
            Stage::Socket => add("dial", *at, format!("{} answers", target.direct)),
            Stage::WebSocket => add("websocket", *at, "it takes the upgrade".into()),
            Stage::Negotiated => add("negotiation", *at, "multistream-select, Noise".into()),
            Stage::Secured(peer) => {
                if target.transport == Transport::Quic {
                    let detail = format!("{} answers, and the handshake is done", target.direct);
                    add("dial", *at, detail);
                }
                secured = Some(*peer);
                match target.peer {
                    Some(expected) if expected != *peer => {
                        let took = at.saturating_duration_since(since);
                        let (why, advice) = advice::another_peer(expected, *peer);
                        diagnosis.add(Step::failed("security", took, why).advise(advice));
                        return None;
                    }
                    _ => add("security", *at, format!("it is {peer}")),
                }
            }
            Stage::Muxed => {}
        }
    }
    let took = ended.saturating_duration_since(since);
    match failure {
        None => {
            let muxer = match target.transport {
                Transport::Quic => "QUIC's own streams",
                _ => "Yamux",
            };
            diagnosis.add(Step::ok("muxer", took, muxer.into()));
            secured
        }
        Some(error) => {
            let (name, why, advice) = advice::of_dial(target, noted, error);
            diagnosis.add(Step::failed(name, took, why).advise(advice));
            None
        }
    }
}

/// The transport of the address, whose stages are noted.
fn transport(
    kind: Transport,
    key: &Keypair,
    notes: &Notes,
) -> Result<Boxed<(PeerId, StreamMuxerBox)>, Error> {
    let socket = {
        let notes = notes.clone();
        tcp::tokio::Transport::new(tcp::Config::new().nodelay(true)).map(move |stream, _| {
            notes.reach(Stage::Socket);
            Heard::new(stream, notes)
        })
    };
    Ok(match kind {
        Transport::WebSocket => {
            let notes_of = notes.clone();
            let websocket = websocket::Config::new(socket).map(move |stream, _| {
                notes_of.reach(Stage::WebSocket);
                stream
            });
            secured(websocket, key, notes)?
        }
        Transport::Quic => {
            let notes = notes.clone();
            quic::tokio::Transport::new(quic::Config::new(key))
                .map(move |(peer, connection), _| {
                    notes.reach(Stage::Secured(peer));
                    (peer, StreamMuxerBox::new(connection))
                })
                .boxed()
        }
        // Addresses in memory cannot be given: `Target` refuses them.
        Transport::Tcp | Transport::Memory => secured(socket, key, notes)?,
    })
}

/// Noise and Yamux. Each is negotiated before it begins (`V1`, not `V1Lazy`), so that the
/// negotiation fails by itself.
fn secured<T>(
    transport: T,
    key: &Keypair,
    notes: &Notes,
) -> Result<Boxed<(PeerId, StreamMuxerBox)>, Error>
where
    T: core::Transport + Send + Unpin + 'static,
    T::Output: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    T::Error: Send + Sync + 'static,
    T::Dial: Send + 'static,
    T::ListenerUpgrade: Send + 'static,
{
    let noise = Agreed {
        upgrade: noise::Config::new(key)?,
        stage: Stage::Negotiated,
        notes: notes.clone(),
    };
    let notes = notes.clone();
    let yamux = move |peer: &PeerId, _: &core::ConnectedPoint| {
        notes.reach(Stage::Secured(*peer));
        Agreed {
            upgrade: yamux::Config::default(),
            stage: Stage::Muxed,
            notes,
        }
    };
    Ok(transport
        .upgrade(Version::V1)
        .authenticate(noise)
        .multiplex_ext(yamux)
        .boxed())
}
