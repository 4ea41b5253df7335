//! A running peer: one swarm in one task.
//!
//! The loop passes each command and each event to a small function. It never waits
//! for a peer: the results of long operations come back as events.

mod dialling;

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;

use futures::future::{Either, select};
use futures::{FutureExt as _, StreamExt as _};
use libp2p::core::ConnectedPoint;
use libp2p::core::transport::{ListenerId, TransportError};
use libp2p::gossipsub::IdentTopic;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{self, ConnectionId, Swarm, SwarmEvent};
use libp2p::{Multiaddr, PeerId, identify, relay, upnp};
use tokio::sync::{mpsc, oneshot};
use tokio::task::coop::consume_budget;

use crate::behaviour::{Behaviour, BehaviourEvent};
use crate::channel::{self, Inbox};
use crate::config::Config;
use crate::gossip::{Attacker, Notice};
use crate::handle::{COMMANDS, Command, Handle, ListenError};
use crate::in_turn::in_turn;
use crate::mdns;
use crate::message::{self, Parcel};
use crate::one_connection::Count;
use crate::pause::{self, Pause, pausable};
use crate::protocols::gossipsub::{Received, Validation};
use crate::protocols::kademlia::Lookups;
use crate::reach::{self, Reaching};
use crate::refusals::Refusals;
use crate::watched;
use crate::{dial, gossip, lookup, ping, protocols, traffic, transport};
use dialling::Dialling;

/// Connections without streams are kept: an experiment decides what ends.
const IDLE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(365 * 24 * 3600);

/// Why a peer cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A transport cannot be set up.
    #[error("transport: {0}")]
    Transport(#[from] std::io::Error),
    /// A protocol cannot be set up.
    #[error(transparent)]
    Protocol(#[from] protocols::Error),
}

/// A peer that runs.
#[derive(Debug)]
pub struct Peer {
    /// The way in.
    pub handle: Handle,
    /// The incoming messages, on channels and on streams of their own. An unread inbox
    /// causes back-pressure.
    pub inbound: Inbox,
}

/// Starts a peer. It needs a tokio runtime around it, and stops when the last
/// [`Handle`] is dropped.
///
/// # Errors
/// Every variant of [`Error`].
pub fn start(config: Config) -> Result<Peer, Error> {
    let peer_id = PeerId::from(config.key.public());
    let (channel, inbound) = channel::Behaviour::new(config.incarnation);
    let message = message::Behaviour::new(channel.inbox());
    let (count_sender, count) = watched::watched::<Count>();
    let (commands_sender, commands) = mpsc::channel(COMMANDS);
    let pause = Pause::new(peer_id);
    let is_reached = matches!(config.reach, Some(reach::Role::Peer { .. }));
    let circuits = is_reached.then(|| relay::client::new(peer_id));
    let (circuits, client) = circuits.unzip();
    let mut connections = transport::new(&config, circuits)?;
    let wires = config.watch.as_ref().map(gossip::Watch::wires);
    if let Some(wires) = wires.or(config.traffic.as_ref()) {
        connections = traffic::counted(connections, wires.of(peer_id));
    }
    let behaviour = Behaviour::new(&config, channel, message, count_sender, client)?;
    let attacker = attacker(&config, &behaviour);
    let swarm = Swarm::new(
        connections,
        behaviour,
        peer_id,
        swarm_config(&config, pause.state()),
    );
    if let Some(metrics) = &config.metrics {
        metrics.add_peer(count.clone());
    }
    let addresses = Arc::new(config.addresses.clone());
    let limited = config.limits.is_some();
    let validation = Validation::new(config.gossip.validation);
    let parts = config.gossip.scoring.map(gossip::Parts::new);
    let task = Task {
        swarm,
        config,
        listening: HashMap::new(),
        dialling: HashMap::new(),
        joining: HashMap::new(),
        lookups: Lookups::default(),
        validation,
        parts,
        attacker,
        refusals: Refusals::new(limited),
        reaching: Reaching::default(),
    };
    tokio::spawn(pausable(Box::pin(task.run(commands)), pause.state()));
    let handle = Handle {
        peer_id,
        commands: commands_sender,
        addresses,
        count,
        pause: Arc::new(pause),
    };
    Ok(Peer { handle, inbound })
}

fn attacker(config: &Config, behaviour: &Behaviour) -> Option<Attacker> {
    let attack = config.attack?;
    let streams = behaviour.streams.as_ref()?.new_control();
    Some(Attacker::start(attack, config.topics.clone(), streams))
}

fn swarm_config(config: &Config, pause: Arc<pause::State>) -> swarm::Config {
    let spawn = move |task| drop(tokio::spawn(pausable(task, Arc::clone(&pause))));
    let swarm = swarm::Config::with_executor(spawn);
    let swarm = swarm.with_idle_connection_timeout(IDLE_TIMEOUT);
    match config.limits {
        Some(limits) => swarm.with_max_negotiating_inbound_streams(limits.streams_per_connection),
        None => swarm,
    }
}

/// The peer's task: the swarm, and the pending requests.
struct Task {
    swarm: Swarm<Behaviour>,
    config: Config,
    listening: HashMap<ListenerId, Listening>,
    dialling: HashMap<ConnectionId, Dialling>,
    /// Dials to a peer that is being dialled already.
    joining: HashMap<PeerId, Vec<Dialling>>,
    lookups: Lookups,
    validation: Validation,
    parts: Option<gossip::Parts>,
    attacker: Option<Attacker>,
    refusals: Refusals,
    reaching: Reaching,
}

/// What wakes the loop.
#[expect(clippy::large_enum_variant, reason = "one at a time, on the stack")]
enum Woken {
    Command(Option<Command>),
    Event(SwarmEvent<BehaviourEvent>),
    Validated(Received),
}

struct Listening {
    address: Multiaddr,
    reply: oneshot::Sender<Result<Multiaddr, ListenError>>,
}

impl Task {
    async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        for turn in 0_usize.. {
            // Handlers may always have an event ready.
            consume_budget().await;
            match self.woken(turn, &mut commands).await {
                Woken::Command(Some(command)) => self.on_command(command),
                Woken::Command(None) => return,
                Woken::Event(event) => self.on_event(event),
                Woken::Validated(received) => self.on_validated(received),
            }
        }
    }

    async fn woken(&mut self, turn: usize, commands: &mut mpsc::Receiver<Command>) -> Woken {
        let command = commands.recv().map(Woken::Command);
        let validated = pin!(self.validation.next());
        let event = select(validated, self.swarm.select_next_some());
        let event = event.map(|first| match first {
            Either::Left((received, _)) => Woken::Validated(received),
            Either::Right((event, _)) => Woken::Event(event),
        });
        in_turn(turn, [pin!(command), pin!(event)]).await
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Listen { address, reply } => self.listen(Listening { address, reply }),
            Command::Dial {
                peer,
                address,
                port,
                reply,
            } => {
                self.dial(peer, port, Dialling { address, reply });
            }
            Command::OpenChannel { peer, reply } => self.open_channel(peer, reply),
            Command::SendMessage { peer, parcel } => self.send_message(peer, parcel),
            Command::Ping { peer, reply } => self.ping(peer, reply),
            Command::IsConnected { peer, reply } => {
                let kept = self.swarm.behaviour().one_connection.to(&peer);
                let _ = reply.send(kept.is_some());
            }
            Command::Forget { peer, reply } => {
                if let Some(channel) = self.swarm.behaviour_mut().channel.as_mut() {
                    channel.forget(peer);
                }
                let _ = reply.send(());
            }
            // An error means that there is nothing to close.
            Command::Disconnect { peer } => drop(self.swarm.disconnect_peer_id(peer)),
            Command::Publish { topic, data, reply } => {
                let _ = reply.send(self.publish(&topic, data));
            }
            Command::Mesh { topic, reply } => {
                let gossipsub = self.swarm.behaviour().gossipsub.as_ref();
                let topic = IdentTopic::new(topic).hash();
                let mesh = gossipsub.map_or(0, |g| g.mesh_peers(&topic).count());
                let _ = reply.send(mesh);
            }
            Command::Standing { reply } => {
                let gossipsub = self.swarm.behaviour().gossipsub.as_ref();
                let topics = &self.config.topics;
                let all = gossipsub.map(|g| {
                    let parts = self.parts.as_mut();
                    protocols::gossipsub::standing(g, topics, parts)
                });
                let _ = reply.send(all.unwrap_or_default());
            }
            Command::Attack => self.tell(Notice::Begin),
            Command::Lookup {
                lookup,
                recorded,
                reply,
            } => match self.swarm.behaviour_mut().kademlia.as_mut() {
                Some(table) => self.lookups.begin(lookup, recorded, table, reply),
                None => drop(reply.send((Err(lookup::Error::SwitchedOff), Vec::new()))),
            },
            Command::Table { reply } => {
                let table = self.swarm.behaviour_mut().kademlia.as_mut();
                let _ = reply.send(table.map(|table| table.now()).unwrap_or_default());
            }
            Command::Reserve { hub, reply } => {
                let address = hub.with(Protocol::P2pCircuit);
                self.listen(Listening { address, reply });
            }
            Command::Reach {
                peer,
                addresses,
                reply,
            } => self.reach(peer, addresses, reply),
            Command::DialNeighbour { neighbour, reply } => self.dial_neighbour(neighbour, reply),
            Command::WaitReachable { reply } => self.reaching.wait_reachable(reply),
            Command::Close { reply } => {
                let (listeners, mapped) = self.reaching.close();
                for listener in listeners {
                    self.swarm.remove_listener(listener);
                }
                let _ = reply.send(mapped);
            }
            Command::Card { reply } => drop(reply.send(self.reaching.card())),
            Command::How { peer, reply } => {
                let kept = self.swarm.behaviour().one_connection.to(&peer);
                let _ = reply.send(kept.and_then(|id| self.reaching.how(id)));
            }
            Command::Introduce { peers, reply } => {
                if let Some(table) = self.swarm.behaviour_mut().kademlia.as_mut() {
                    self.lookups.introduce(peers, table);
                }
                let _ = reply.send(());
            }
        }
    }

    fn listen(&mut self, listening: Listening) {
        match self.swarm.listen_on(listening.address.clone()) {
            Ok(id) => drop(self.listening.insert(id, listening)),
            Err(TransportError::MultiaddrNotSupported(address)) => {
                let _ = listening.reply.send(Err(ListenError::Unsupported(address)));
            }
            Err(TransportError::Other(error)) => listening.refuse(&error),
        }
    }

    fn open_channel(
        &mut self,
        peer: PeerId,
        reply: oneshot::Sender<Result<channel::Sender, channel::Error>>,
    ) {
        let behaviour = self.swarm.behaviour_mut();
        let connection = behaviour.one_connection.to(&peer);
        match (behaviour.channel.as_mut(), connection) {
            (Some(channel), Some(connection)) => channel.open(peer, connection, reply),
            (Some(_), None) if behaviour.one_connection.is_settling(&peer) => {
                drop(reply.send(Err(channel::Error::Closed(peer))));
            }
            (Some(_), None) => {
                let error = match behaviour.one_connection.was_turned_away(&peer) {
                    true => channel::Error::TurnedAway(peer),
                    false => channel::Error::NotConnected(peer),
                };
                drop(reply.send(Err(error)));
            }
            (None, _) => drop(reply.send(Err(channel::Error::SwitchedOff))),
        }
    }

    fn ping(&mut self, peer: PeerId, reply: ping::Reply) {
        let behaviour = self.swarm.behaviour_mut();
        let connection = behaviour.one_connection.to(&peer);
        let error = match (behaviour.ping.as_mut(), connection) {
            (Some(ping), Some(connection)) => return ping.ask(peer, connection, reply),
            (Some(_), None) => ping::Error::NotConnected(peer),
            (None, _) => ping::Error::SwitchedOff,
        };
        let _ = reply.send(Err(error));
    }

    fn send_message(&mut self, peer: PeerId, parcel: Parcel) {
        let behaviour = self.swarm.behaviour_mut();
        let connection = behaviour.one_connection.to(&peer);
        let error = match (behaviour.message.as_mut(), connection) {
            (Some(message), Some(connection)) => return message.send(peer, connection, parcel),
            (Some(_), None) => message::Error::NotConnected(peer),
            (None, _) => message::Error::SwitchedOff,
        };
        let _ = parcel.reply.send(Err(error));
    }

    fn publish(&mut self, topic: &str, data: Vec<u8>) -> Result<(), gossip::Error> {
        let gossipsub = self.swarm.behaviour_mut().gossipsub.as_mut();
        let gossipsub = gossipsub.ok_or(gossip::Error::SwitchedOff)?;
        gossipsub.publish(IdentTopic::new(topic), data)?;
        Ok(())
    }

    fn tell(&self, notice: Notice) {
        if let Some(attacker) = &self.attacker {
            attacker.tell(notice);
        }
    }

    fn on_validated(&mut self, received: Received) {
        let local = *self.swarm.local_peer_id();
        if let Some(gossipsub) = self.swarm.behaviour_mut().gossipsub.as_mut() {
            let parts = self.parts.as_mut();
            protocols::gossipsub::on_validated(received, gossipsub, local, &self.config, parts);
        }
    }

    fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        if let Some(metrics) = &self.config.metrics {
            metrics.on_swarm_event(&event);
        }
        match event {
            SwarmEvent::Behaviour(event) => self.on_behaviour_event(event),
            SwarmEvent::NewListenAddr {
                listener_id,
                address,
            } => {
                // A Kademlia server is reachable at its listen addresses, and a hub as well.
                self.reaching.on_listening(listener_id, &address);
                let is_hub = matches!(self.config.reach, Some(reach::Role::Hub(_)));
                if self.swarm.behaviour().kademlia.is_enabled() || is_hub {
                    self.swarm.add_external_address(address.clone());
                }
                if let Some(listening) = self.listening.remove(&listener_id) {
                    let _ = listening.reply.send(Ok(address));
                }
            }
            SwarmEvent::ExpiredListenAddr { address, .. } => self.reaching.on_expired(&address),
            SwarmEvent::ListenerClosed {
                listener_id,
                reason,
                ..
            } => {
                if let (Some(listening), Err(error)) = (self.listening.remove(&listener_id), reason)
                {
                    listening.refuse(&error);
                }
            }
            SwarmEvent::ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            } => {
                self.on_way(connection_id, &endpoint);
                if let Some(database) = &self.config.database {
                    let way = self.reaching.how(connection_id);
                    let dialled = way.filter(reach::How::is_kept);
                    let dialled = dialled.map(|_| endpoint.get_remote_address());
                    database.connected(peer_id, dialled);
                }
                self.on_connected(peer_id, connection_id);
            }
            SwarmEvent::ConnectionClosed {
                connection_id,
                peer_id,
                num_established,
                ..
            } => {
                self.reaching.on_closed(connection_id);
                if let (Some(database), 0) = (&self.config.database, num_established) {
                    database.left(peer_id);
                }
            }
            SwarmEvent::OutgoingConnectionError {
                connection_id,
                peer_id,
                error,
            } => {
                self.reaching
                    .on_failed(connection_id, || dial::reason(&error));
                self.on_dial_error(connection_id, peer_id, error);
            }
            SwarmEvent::IncomingConnectionError {
                error,
                send_back_addr,
                ..
            } => {
                self.refusals.on_failed(&send_back_addr, &error);
            }
            event => tracing::trace!(?event, "swarm"),
        }
    }

    /// Notes how a connection came about.
    fn on_way(&mut self, id: ConnectionId, endpoint: &ConnectedPoint) {
        let reach = self.swarm.behaviour_mut().reach.as_mut();
        let punching = reach.and_then(|reach| reach.punching.as_mut());
        let punches = punching.is_some_and(|punching| punching.take(id));
        self.reaching.on_connected(id, endpoint, punches);
    }

    /// Whether the connection is one within the local network. One that has closed may have
    /// been.
    fn is_local(&self, id: ConnectionId) -> bool {
        let has_mdns = self.config.mdns.is_some();
        let how = self.reaching.how(id);
        how.map_or(has_mdns, |how| how.is_local(has_mdns))
    }

    fn on_mdns(&self, event: mdns::Event) {
        if let Some(watch) = &self.config.mdns
            && let Err(error) = watch.try_send(event)
        {
            tracing::debug!(%error, "an event of mDNS was dropped");
        }
    }

    fn on_reach(&mut self, event: reach::ReachEvent) {
        match &event {
            reach::ReachEvent::Mapping(upnp::Event::NewExternalAddr { external_addr, .. }) => {
                self.reaching.on_mapped(external_addr, true);
                self.on_observed(external_addr);
            }
            reach::ReachEvent::Mapping(upnp::Event::ExpiredExternalAddr {
                external_addr, ..
            }) => self.reaching.on_mapped(external_addr, false),
            _ => {}
        }
        reach::on_event(event, self.config.reach.as_ref());
    }

    fn on_observed(&mut self, address: &Multiaddr) {
        let reach = self.swarm.behaviour_mut().reach.as_mut();
        let punching = reach.and_then(|reach| reach.punching.as_mut());
        if self.reaching.on_observed(address)
            && let Some(punching) = punching
        {
            punching.on_observed(address);
        }
    }

    fn on_connected(&mut self, peer: PeerId, id: ConnectionId) {
        for other in self.swarm.behaviour_mut().one_connection.take_closing() {
            self.swarm.close_connection(other);
        }
        self.tell(Notice::Connected(peer));
        let joining = self.joining.remove(&peer).unwrap_or_default();
        for dialling in self.dialling.remove(&id).into_iter().chain(joining) {
            let _ = dialling.reply.send(Ok(peer));
        }
    }

    fn on_behaviour_event(&mut self, event: BehaviourEvent) {
        let metrics = self.config.metrics.as_deref();
        match event {
            BehaviourEvent::Identify(event) => {
                metrics.inspect(|m| m.on_identify(&event));
                let is_local = self.is_local(event.connection_id());
                if let identify::Event::Received { info, .. } = &event
                    && self.config.reach.is_some()
                    && !is_local
                {
                    self.on_observed(&info.observed_addr);
                }
                let table = self.swarm.behaviour_mut().kademlia.as_mut();
                protocols::identify::on_event(event, is_local, table.map(|table| &mut **table));
            }
            BehaviourEvent::Ping(event) => {
                metrics.inspect(|m| m.on_ping(&event));
                protocols::ping::on_event(event);
            }
            BehaviourEvent::Kademlia(event) => {
                metrics.inspect(|m| m.on_kademlia(&event));
                if let Some(table) = self.swarm.behaviour_mut().kademlia.as_mut() {
                    self.lookups.on_event(event, table);
                }
            }
            BehaviourEvent::Gossipsub(event) => {
                metrics.inspect(|m| m.on_gossipsub(&event));
                let local = *self.swarm.local_peer_id();
                let validation = &mut self.validation;
                let parts = self.parts.as_mut();
                protocols::gossipsub::on_event(event, local, &self.config, validation, parts);
            }
            BehaviourEvent::Admission(never)
            | BehaviourEvent::AddressLimits(never)
            | BehaviourEvent::Limits(never)
            | BehaviourEvent::OneConnection(never)
            | BehaviourEvent::Channel(never)
            | BehaviourEvent::Message(never) => match never {},
            BehaviourEvent::Mdns(event) => self.on_mdns(event),
            BehaviourEvent::Reach(event) => self.on_reach(event),
            BehaviourEvent::Streams(()) => {}
        }
    }
}

impl Listening {
    fn refuse(self, error: &std::io::Error) {
        let _ = self.reply.send(Err(ListenError::Refused {
            address: self.address,
            reason: error.to_string(),
        }));
    }
}
