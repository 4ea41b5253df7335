//! A peer of the hub, as `testbed-node --via` runs it: a swarm, and a driver.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use algorithms::hub::{Command, Hub, Message, Node, Output, Timer, VERSION};
use algorithms::{Algorithm, Describe, Fields, Input, NodeId, Out};
use libp2p::identity::Keypair;
use libp2p::{Multiaddr, PeerId};
use node::Config;
use node::driver::{Directory, Driver, Process, Report};
use opentelemetry::Context;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::sleep;
use tokio_util::task::TaskTracker;

/// A third of the life of a session, as in `testbed-node`.
const ALIVE: Duration = Duration::from_secs(20);

/// As `testbed-node --via` waits before it dials its hub again, without doubling.
const PAUSE: Duration = Duration::from_millis(500);

/// How many challenges there were for all peers: one for each new session.
pub(crate) static CHALLENGES: AtomicU64 = AtomicU64::new(0);

/// A peer that runs.
pub(crate) struct Client {
    driver: Driver<Counting>,
    reports: mpsc::Receiver<Report<Counting>>,
    hub: PeerId,
    address: Multiaddr,
}

impl Client {
    pub(crate) fn new(address: Multiaddr) -> Self {
        let hub = node::address::peer(&address).expect("a full address");
        let peer = node::start(Config::new(Keypair::generate_ed25519())).expect("a peer");
        let own = peer.handle.peer_id();
        let hub_node = (NodeId(1), hub.to_string());
        let algorithm = Node::new(own.to_string(), vec![hub_node], VERSION, Some(ALIVE));
        let process = Process {
            algorithm: Counting(Hub::Node(algorithm)),
            id: NodeId(0),
            directory: Directory::with_guests(vec![own], [hub]),
            tracer: None,
            peer,
            links: None,
            seed: rand::random(),
            admission: None,
            lateness: Arc::default(),
            tasks: TaskTracker::new(),
        };
        let (sender, reports) = mpsc::channel(16);
        Self {
            driver: Driver::start(process, sender),
            reports,
            hub,
            address,
        }
    }

    /// Dials until there is a connection.
    pub(crate) async fn connect(&self, at_a_time: &Semaphore) {
        loop {
            let place = at_a_time.acquire().await.expect("never closed");
            if self
                .driver
                .handle()
                .dial(self.address.clone())
                .await
                .is_ok()
            {
                return;
            }
            drop(place);
            sleep(PAUSE).await;
        }
    }

    /// Waits until the connection is gone.
    pub(crate) async fn gone(&self) {
        self.driver.handle().wait_connection(self.hub, false).await;
    }

    pub(crate) async fn register(&mut self) {
        self.ask(Command::Join, |output| *output == Output::Joined)
            .await;
    }

    pub(crate) async fn find(&mut self, target: u64) {
        let found = |output: &Output| matches!(output, Output::Found { .. });
        self.ask(Command::Find(target), found).await;
    }

    async fn ask(&mut self, command: Command, is_answer: fn(&Output) -> bool) {
        let asked = self.driver.command(command, None, Context::new());
        asked.await.expect("a process that runs");
        loop {
            match self.reports.recv().await {
                Some(Report::Output { output, .. }) if is_answer(&output) => return,
                Some(Report::Output {
                    output: output @ Output::Refused { .. },
                    ..
                }) => panic!("{output:?}"),
                Some(_) => {}
                None => panic!("the process has stopped"),
            }
        }
    }
}

/// The process, which counts challenges.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Counting(Hub);

impl Counting {
    fn step(&mut self, input: Input<Hub>, out: &mut Out<Self>) {
        for effect in out.step_below(&mut self.0, input) {
            out.add(effect);
        }
    }
}

impl Algorithm for Counting {
    type Message = Message;
    type Timer = Timer;
    type Command = Command;
    type Output = Output;

    fn on_start(&mut self, out: &mut Out<Self>) {
        self.step(Input::Start, out);
    }

    fn on_command(&mut self, command: Command, out: &mut Out<Self>) {
        self.step(Input::Command(command), out);
    }

    fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Self>) {
        if matches!(message, Message::Challenge(_)) {
            CHALLENGES.fetch_add(1, Ordering::Relaxed);
        }
        self.step(Input::Message { from, message }, out);
    }

    fn on_timer(&mut self, timer: Timer, out: &mut Out<Self>) {
        self.step(Input::Timer(timer), out);
    }
}

impl Describe for Counting {
    fn describe(&self, fields: &mut Fields) {
        self.0.describe(fields);
    }
}
