//! Attackers of gossipsub: peers that speak it by themselves, message by message, and not
//! as its specification asks.
//!
//! An attacker has connections like others, and a stream of gossipsub to and from each
//! neighbour. It passes no message on. The attacks are those of D. Vyzovitis et al.,
//! "GossipSub: Attack-Resilient Message Propagation in the Filecoin and ETH2.0 Networks"
//! (2020), and of the specification of gossipsub 1.1, "Overview of attacks".

mod rpc;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use clap::ValueEnum;
use futures::StreamExt as _;
use libp2p::{PeerId, StreamProtocol};
use libp2p_stream::{Control as Streams, IncomingStreams};
use rand::RngExt as _;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::task::AbortOnDropHandle;

use rpc::{Control, Graft, IHave, IWant, Message, Prune, Rpc, Subscription, Writer};

/// What attackers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attack {
    /// Enter the meshes once they have formed, and pass nothing on
    Drop,
    /// The same from the first connection on, before any peer has a score
    ColdBoot,
    /// All connect to peer-00, enter its mesh, and pass nothing on
    Eclipse,
    /// Send messages that are invalid, since they are not signed
    Spam,
    /// Announce messages that do not exist
    Ihave,
    /// Ask for every message as often as it is sent
    Iwant,
}

/// The version of the protocol that attackers speak: all peers know it.
const PROTOCOL: StreamProtocol = StreamProtocol::new("/meshsub/1.2.0");

/// How often an attacker acts: libp2p's heartbeat.
const BEAT: Duration = Duration::from_secs(1);

/// Invalid messages to each neighbour at each beat, and their size. A guess.
const SPAM: usize = 10;
const SPAM_BYTES: usize = 1024;

/// Ids in an announcement, of which there is one for each neighbour at each beat. A guess.
const ANNOUNCED: usize = 50;

/// How often a message is asked for: libp2p sends it three times to a neighbour.
const ASKED: u32 = 3;

/// How many messages an attacker remembers to ask for. A guess.
const REMEMBERED: usize = 1000;

/// RPCs that wait for a neighbour; those beyond are left out. A guess.
const QUEUE: usize = 64;

/// Seconds of a PRUNE that names none: libp2p's back-off.
const BACKOFF: u64 = 60;

/// What the attacker's peer tells it.
pub(crate) enum Notice {
    /// A neighbour is connected.
    Connected(PeerId),
    /// The meshes have formed.
    Begin,
}

/// The way to a running attacker, which stops when it is dropped.
pub(crate) struct Attacker {
    notices: mpsc::UnboundedSender<Notice>,
    _task: AbortOnDropHandle<()>,
}

impl Attacker {
    /// Starts it. `streams` are those of its peer.
    pub(crate) fn start(attack: Attack, topics: Vec<String>, mut streams: Streams) -> Self {
        let incoming = streams
            .accept(PROTOCOL)
            .expect("only the attacker accepts them");
        let (notices, received) = mpsc::unbounded_channel();
        let state = State {
            attack,
            topics,
            streams,
            neighbours: BTreeMap::new(),
            is_active: attack == Attack::ColdBoot,
            heard: VecDeque::new(),
            pruned: BTreeMap::new(),
        };
        let task = tokio::spawn(state.run(received, incoming));
        Self {
            notices,
            _task: AbortOnDropHandle::new(task),
        }
    }

    /// Without effect when it has stopped.
    pub(crate) fn tell(&self, notice: Notice) {
        let _ = self.notices.send(notice);
    }
}

struct State {
    attack: Attack,
    topics: Vec<String>,
    streams: Streams,
    neighbours: BTreeMap<PeerId, mpsc::Sender<Rpc>>,
    is_active: bool,
    /// Messages to ask for, by who announced them, and how often they were asked for.
    heard: VecDeque<(PeerId, Vec<u8>, u32)>,
    /// When the attacker enters the meshes of a neighbour again.
    pruned: BTreeMap<PeerId, Instant>,
}

impl State {
    async fn run(
        mut self,
        mut notices: mpsc::UnboundedReceiver<Notice>,
        mut incoming: IncomingStreams,
    ) {
        let (sender, mut received) = mpsc::channel(QUEUE);
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                notice = notices.recv() => match notice {
                    Some(Notice::Connected(peer)) => self.on_connected(peer),
                    Some(Notice::Begin) => self.begin(),
                    None => return,
                },
                Some((peer, stream)) = incoming.next() => {
                    tokio::spawn(listen(peer, stream, sender.clone()));
                }
                Some((peer, rpc)) = received.recv() => self.on_rpc(peer, rpc),
                _ = beat.tick() => if self.is_active {
                    self.on_beat();
                },
            }
        }
    }

    fn on_connected(&mut self, peer: PeerId) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(speak(peer, self.streams.clone(), receiver));
        self.neighbours.insert(peer, sender);
        if self.is_active {
            self.greet(peer);
        }
    }

    /// Whether it takes places in meshes.
    fn enters(&self) -> bool {
        match self.attack {
            Attack::Drop | Attack::ColdBoot | Attack::Eclipse => true,
            Attack::Spam | Attack::Ihave | Attack::Iwant => false,
        }
    }

    fn begin(&mut self) {
        if !self.is_active {
            self.is_active = true;
            let all: Vec<_> = self.neighbours.keys().copied().collect();
            all.into_iter().for_each(|peer| self.greet(peer));
        }
    }

    fn send(&self, peer: PeerId, rpc: Rpc) {
        if let Some(neighbour) = self.neighbours.get(&peer) {
            let _ = neighbour.try_send(rpc);
        }
    }

    /// Subscribes, and enters the mesh.
    fn greet(&self, peer: PeerId) {
        let subscription = |topic: &String| Subscription {
            subscribe: Some(true),
            topic: Some(topic.clone()),
        };
        let graft = self.enters().then(|| self.graft());
        let rpc = Rpc {
            subscriptions: self.topics.iter().map(subscription).collect(),
            control: graft,
            ..Rpc::default()
        };
        self.send(peer, rpc);
    }

    fn graft(&self) -> Control {
        let graft = |topic: &String| Graft {
            topic: Some(topic.clone()),
        };
        Control {
            graft: self.topics.iter().map(graft).collect(),
            ..Control::default()
        }
    }

    fn on_rpc(&mut self, peer: PeerId, rpc: Rpc) {
        let control = rpc.control.unwrap_or_default();
        if !control.graft.is_empty() && !self.enters() {
            self.leave(peer);
        }
        if self.enters() {
            let backoffs = control
                .prune
                .iter()
                .map(|one| one.backoff.unwrap_or(BACKOFF));
            if let Some(longest) = backoffs.max() {
                let wait = Duration::from_secs(longest.min(3600)) + BEAT;
                self.pruned.insert(peer, Instant::now() + wait);
            }
        }
        if self.attack == Attack::Iwant {
            let ids = control.ihave.into_iter().flat_map(|ihave| ihave.ids);
            self.heard.extend(ids.map(|id| (peer, id, 0)));
            let surplus = self.heard.len().saturating_sub(REMEMBERED);
            self.heard.drain(..surplus);
        }
    }

    /// Leaves the mesh, since the attack is another one.
    fn leave(&self, peer: PeerId) {
        let prune = |topic: &String| Prune {
            topic: Some(topic.clone()),
            backoff: Some(BACKOFF),
        };
        let control = Control {
            prune: self.topics.iter().map(prune).collect(),
            ..Control::default()
        };
        self.send(peer, control.into());
    }

    fn on_beat(&mut self) {
        match self.attack {
            Attack::Drop | Attack::ColdBoot | Attack::Eclipse => self.enter_again(),
            Attack::Spam => self.to_all(|state| state.spam()),
            Attack::Ihave => self.to_all(|state| state.announcement()),
            Attack::Iwant => self.ask(),
        }
    }

    fn to_all(&self, rpc: impl Fn(&Self) -> Rpc) {
        let all = self.neighbours.keys();
        all.for_each(|peer| self.send(*peer, rpc(self)));
    }

    /// Once the back-off is over, as the specification asks: an earlier GRAFT is punished.
    fn enter_again(&mut self) {
        let now = Instant::now();
        let due = self.pruned.iter().filter(|(_, at)| **at <= now);
        due.for_each(|(peer, _)| self.send(*peer, self.graft().into()));
        self.pruned.retain(|_, at| *at > now);
    }

    fn spam(&self) -> Rpc {
        let mut rng = rand::rng();
        let message = || Message {
            from: Some(PeerId::random().to_bytes()),
            data: Some(vec![0; SPAM_BYTES]),
            sequence_number: Some(rng.random::<[u8; 8]>().to_vec()),
            topic: self.topics[rng.random_range(0..self.topics.len())].clone(),
        };
        Rpc {
            publish: std::iter::repeat_with(message).take(SPAM).collect(),
            ..Rpc::default()
        }
    }

    fn announcement(&self) -> Rpc {
        let mut rng = rand::rng();
        let id = || rng.random::<[u8; 32]>().to_vec();
        let ihave = IHave {
            topic: self.topics.first().cloned(),
            ids: std::iter::repeat_with(id).take(ANNOUNCED).collect(),
        };
        Rpc::from(Control {
            ihave: vec![ihave],
            ..Control::default()
        })
    }

    /// Asks each neighbour for all that it announced.
    fn ask(&mut self) {
        let mut wanted = BTreeMap::<PeerId, Vec<Vec<u8>>>::new();
        self.heard.retain_mut(|(peer, id, times)| {
            wanted.entry(*peer).or_default().push(id.clone());
            *times += 1;
            *times < ASKED
        });
        for (peer, ids) in wanted {
            let control = Control {
                iwant: vec![IWant { ids }],
                ..Control::default()
            };
            self.send(peer, control.into());
        }
    }
}

/// Reports what a neighbour sends, until its stream ends.
async fn listen(peer: PeerId, stream: libp2p::Stream, to: mpsc::Sender<(PeerId, Rpc)>) {
    let mut rpcs = rpc::read(stream);
    while let Some(Ok(rpc)) = rpcs.next().await {
        if to.send((peer, rpc)).await.is_err() {
            return;
        }
    }
}

/// Sends to a neighbour, until its stream ends.
async fn speak(peer: PeerId, mut streams: Streams, mut rpcs: mpsc::Receiver<Rpc>) {
    let Ok(stream) = streams.open_stream(peer, PROTOCOL).await else {
        return;
    };
    let mut writer = Writer::new(stream);
    while let Some(rpc) = rpcs.recv().await {
        if writer.send(&rpc).await.is_err() {
            return;
        }
    }
}
