//! The driver with two real peers in memory.

use std::sync::Arc;
use std::time::Duration;

use crate::watched;
use algorithms::{Algorithm, Describe, Fields, NodeId, Out};
use opentelemetry::Context;
use proto::{Bytes, prost};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::{Directory, Driver, Links, Process, Report};
use crate::channel::Outgoing;
use crate::handle::Command;
use crate::pause::Pause;
use crate::{Config, Handle, Peer, PeerId, Protocol, Transport, keys};

/// The deadline of a test.
const DEADLINE: Duration = Duration::from_secs(60);

/// A message of that many bytes, to be sent.
pub(super) fn message(size: usize) -> Outgoing {
    Outgoing {
        id: 1,
        kind: "TEST",
        within: None,
        trace: None,
        payload: vec![0; size].into(),
    }
}

/// The handle of a peer whose commands come out of the other end of `commands`.
pub(super) fn handle(commands: mpsc::Sender<Command>) -> Handle {
    Handle {
        addresses: Arc::default(),
        peer_id: PeerId::random(),
        commands,
        count: watched::watched().1,
        pause: Pause::new(PeerId::random()).into(),
    }
}

/// Sends as many messages as a command asks for, and outputs each received one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Flood;

#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
struct Drop {}

impl algorithms::Message for Drop {
    fn kind(&self) -> &'static str {
        "DROP"
    }

    fn to_payload(&self) -> Bytes {
        prost::Message::encode_to_vec(self).into()
    }

    fn from_payload(payload: Bytes) -> Option<Self> {
        prost::Message::decode(payload).ok()
    }
}

impl Describe for Drop {
    fn describe(&self, _: &mut Fields) {}
}

impl Describe for Flood {
    fn describe(&self, _: &mut Fields) {}
}

impl Algorithm for Flood {
    type Message = Drop;
    type Timer = ();
    type Command = usize;
    type Output = ();

    fn on_command(&mut self, count: usize, out: &mut Out<Self>) {
        for _ in 0..count {
            out.send(NodeId(1), Drop {});
        }
    }

    fn on_message(&mut self, _: NodeId, _: Drop, out: &mut Out<Self>) {
        out.output(());
    }

    fn on_timer(&mut self, (): (), _: &mut Out<Self>) {}
}

/// Two processes whose peers are connected, over channels or with each message on a
/// stream of its own, and their reports.
async fn pair(in_order: bool) -> ([Driver<Flood>; 2], mpsc::Receiver<Report<Flood>>) {
    let peer = |index| {
        let mut config = Config::new(keys::from_seed(1, index));
        config.transports = [Transport::Memory].into();
        config.protocols = [Protocol::Channel, Protocol::Message].into();
        crate::start(config).expect("a peer")
    };
    let (near, far) = (peer(0), peer(1));
    let address = "/memory/0".parse().expect("a constant");
    let address = far.handle.listen(address).await.expect("a free address");
    near.handle.dial(address).await.expect("a peer that runs");
    let directory = Directory::new(vec![near.handle.peer_id(), far.handle.peer_id()]);
    let (sender, reports) = mpsc::channel(16);
    let start = |id, peer: Peer| {
        let process = Process {
            algorithm: Flood,
            id: NodeId(id),
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
    ([start(0, near), start(1, far)], reports)
}

/// Once, the task stopped taking commands when the outboxes were full, and was not woken
/// when they had emptied.
#[tokio::test]
async fn commands_are_taken_again_when_the_outboxes_have_emptied() {
    commands_are_taken_again(true, 100).await;
}

#[tokio::test]
async fn commands_are_taken_again_when_receipts_have_come() {
    commands_are_taken_again(false, 10).await;
}

async fn commands_are_taken_again(in_order: bool, commands: usize) {
    /// More than may wait before commands are held back.
    const MANY: usize = 2048;
    let ([near, _far], mut reports) = pair(in_order).await;
    let give = async {
        for _ in 0..commands {
            let given = near.command(MANY, None, Context::new()).await;
            given.expect("a process that runs");
        }
    };
    let count = async {
        for _ in 0..commands * MANY {
            let report = reports.recv().await;
            assert!(matches!(report, Some(Report::Output { .. })), "{report:?}");
        }
    };
    let both = timeout(DEADLINE, async { tokio::join!(give, count) }).await;
    both.expect("all commands are taken and all messages come");
}
