//! A process that crashes and restarts on a real peer.

use std::sync::Arc;
use std::time::Duration;

use algorithms::{Algorithm, Describe, Message, NodeId, Out, Output};
use opentelemetry::Context;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::super::{Directory, Driver, Links, Process, Report};
use crate::{Config, Multiaddr, Peer, Protocol, Transport, keys};

/// The deadline of a test.
const DEADLINE: Duration = Duration::from_secs(60);

const NEAR: NodeId = NodeId(0);
const FAR: NodeId = NodeId(1);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
struct Number {
    #[message(tag = 1)]
    value: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Output, Describe)]
enum Event {
    Sent { first: u64 },
    Received { value: u64 },
    Restarted { durable: u64, volatile: u64 },
    Due { of_restart: bool },
}

/// Sends the numbers of a command, and counts those that it receives.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
struct Counter {
    #[describe(durable)]
    durable: u64,
    volatile: u64,
}

impl Algorithm for Counter {
    type Message = Number;
    /// Whether it is that of the restart.
    type Timer = bool;
    type Command = (NodeId, std::ops::Range<u64>);
    type Output = Event;

    fn on_command(&mut self, (to, values): Self::Command, out: &mut Out<Self>) {
        let first = values.start;
        for value in values {
            out.send(to, Number { value });
        }
        out.output(Event::Sent { first });
    }

    fn on_message(&mut self, _: NodeId, Number { value }: Number, out: &mut Out<Self>) {
        self.durable += 1;
        self.volatile += 1;
        out.persist();
        out.set_timer(false, Duration::from_millis(10));
        out.output(Event::Received { value });
    }

    fn on_timer(&mut self, of_restart: bool, out: &mut Out<Self>) {
        out.output(Event::Due { of_restart });
    }

    fn on_restart(&mut self, out: &mut Out<Self>) {
        let Self { durable, volatile } = *self;
        out.output(Event::Restarted { durable, volatile });
        out.set_timer(true, Duration::from_millis(20));
    }
}

struct Pair {
    transport: Transport,
    /// The number of the far peer's key.
    far: u32,
    in_order: bool,
    reports: mpsc::Receiver<Report<Counter>>,
}

impl Pair {
    fn peer(transport: Transport, index: u32, incarnation: u32) -> Peer {
        let mut config = Config::new(keys::from_seed(1, index));
        config.transports = [transport].into();
        config.protocols = [Protocol::Channel, Protocol::Message].into();
        config.incarnation = incarnation;
        crate::start(config).expect("a peer")
    }

    fn any_address(transport: Transport) -> Multiaddr {
        let text = match transport {
            Transport::Memory => "/memory/0",
            Transport::Tcp => "/ip4/127.0.0.1/tcp/0",
            Transport::WebSocket => "/ip4/127.0.0.1/tcp/0/ws",
            Transport::Quic => "/ip4/127.0.0.1/udp/0/quic-v1",
        };
        text.parse().expect("a constant")
    }

    /// Two processes whose peers are connected, and the address of the first. It has dialled
    /// the other, which has the lower id: when that connection closes, it waits for one that
    /// the other may have dialled.
    async fn start(
        transport: Transport,
        in_order: bool,
    ) -> (Self, [Driver<Counter>; 2], Multiaddr) {
        let id = |index: &u32| keys::from_seed(1, *index).public().to_peer_id();
        let lower = (0..2).min_by_key(id).expect("two");
        let [near, far] = [1 - lower, lower].map(|index| Self::peer(transport, index, 0));
        let [address, at] =
            [&near, &far].map(|peer| peer.handle.listen(Self::any_address(transport)));
        let (address, at) = (address.await.expect("free"), at.await.expect("free"));
        near.handle.dial(at).await.expect("it runs");
        assert!(far.handle.wait_connected(1).await);
        let directory = Directory::new(vec![near.handle.peer_id(), far.handle.peer_id()]);
        let (sender, reports) = mpsc::channel(1024);
        let start = |id, peer: Peer| {
            let process = Process {
                algorithm: Counter {
                    durable: 0,
                    volatile: 0,
                },
                id,
                directory: directory.clone(),
                peer,
                tracer: None,
                links: Some(Links {
                    delay: None,
                    in_order,
                }),
                seed: 1,
                admission: None,
                lateness: Arc::default(),
                tasks: TaskTracker::new(),
            };
            Driver::start(process, sender.clone())
        };
        let pair = Self {
            transport,
            far: lower,
            in_order,
            reports,
        };
        (pair, [start(NEAR, near), start(FAR, far)], address)
    }

    /// The next report of a message or of a loss.
    async fn next(&mut self) -> Report<Counter> {
        loop {
            let report = timeout(DEADLINE, self.reports.recv()).await;
            match report.expect("in time").expect("a process that runs") {
                Report::HungUp { .. }
                | Report::Output {
                    output: Event::Due { of_restart: false } | Event::Sent { .. },
                    ..
                } => {}
                report => return report,
            }
        }
    }

    async fn receives(&mut self, node: NodeId, values: std::ops::Range<u64>) {
        let mut received = Vec::new();
        for _ in values.clone() {
            match self.next().await {
                Report::Output {
                    node: by,
                    output: Event::Received { value },
                    ..
                } if by == node => received.push(value),
                report => panic!("{report:?}"),
            }
        }
        if !self.in_order {
            received.sort_unstable();
        }
        assert_eq!(received, Vec::from_iter(values));
    }

    /// Waits until messages are sent whose first is this. Returns how many were lost already.
    async fn sends(&mut self, number: u64) -> usize {
        let mut lost = 0;
        loop {
            match timeout(DEADLINE, self.reports.recv()).await {
                Ok(Some(Report::Lost { .. })) => lost += 1,
                Ok(Some(Report::Output {
                    output: Event::Sent { first },
                    ..
                })) if first == number => return lost,
                Ok(Some(_)) => {}
                report => panic!("{report:?}"),
            }
        }
    }

    /// The far process restarts with its durable field, and without its timer, and so many
    /// messages are lost.
    async fn restarts(&mut self, expected: u64, mut lost: usize) {
        let mut is_due = false;
        while !is_due || lost > 0 {
            match timeout(DEADLINE, self.reports.recv()).await {
                Ok(Some(Report::Lost { .. })) => lost -= 1,
                Ok(Some(Report::Output {
                    node: FAR, output, ..
                })) => match output {
                    Event::Restarted { durable, volatile } => {
                        assert_eq!((durable, volatile), (expected, 0));
                    }
                    Event::Due { of_restart: true } => is_due = true,
                    output => panic!("{output:?}"),
                },
                Ok(Some(_)) => {}
                report => panic!("{report:?}"),
            }
        }
    }
}

async fn send(from: &Driver<Counter>, to: NodeId, values: std::ops::Range<u64>) {
    let given = from.command((to, values), None, Context::new()).await;
    given.expect("a process that runs");
}

/// Crashes and restarts the far process twice. Each time, the messages that are sent
/// to it while it is down are lost, and all later ones arrive, in both directions.
async fn crashes_and_restarts(transport: Transport, in_order: bool) {
    let (mut pair, [near, mut far], address) = Pair::start(transport, in_order).await;
    let mut total = 0;
    for round in 0..2 {
        send(&near, FAR, 0..20).await;
        pair.receives(FAR, 0..20).await;
        send(&far, NEAR, 0..20).await;
        pair.receives(NEAR, 0..20).await;
        total += 20;
        let (id, gone) = (far.handle().peer_id(), far.handle().gone());
        let crashed = far.crash().await.expect("a process that does not panic");
        assert_eq!(crashed.incarnation(), if in_order { round + 1 } else { 0 });
        gone.await;
        assert!(near.handle().wait_connection(id, false).await);
        send(&near, FAR, 100..110).await;
        let lost = pair.sends(100).await;
        near.handle().forget(id).await;
        let peer = Pair::peer(pair.transport, pair.far, crashed.incarnation());
        peer.handle.dial(address.clone()).await.expect("it runs");
        assert!(near.handle().wait_connection(id, true).await);
        far = crashed.restart(peer);
        pair.restarts(total, 10 - lost).await;
    }
    send(&near, FAR, 0..2000).await;
    pair.receives(FAR, 0..2000).await;
    send(&far, NEAR, 0..2000).await;
    pair.receives(NEAR, 0..2000).await;
}

#[tokio::test]
async fn a_process_restarts_on_another_peer_over_tcp() {
    crashes_and_restarts(Transport::Tcp, true).await;
}

#[tokio::test]
async fn a_process_restarts_on_another_peer_over_websocket() {
    crashes_and_restarts(Transport::WebSocket, true).await;
}

#[tokio::test]
async fn a_process_restarts_on_another_peer_over_quic() {
    crashes_and_restarts(Transport::Quic, true).await;
}

#[tokio::test]
async fn a_process_restarts_on_another_peer_in_memory() {
    crashes_and_restarts(Transport::Memory, true).await;
}

#[tokio::test]
async fn a_process_restarts_on_another_peer_without_order() {
    crashes_and_restarts(Transport::Memory, false).await;
}
