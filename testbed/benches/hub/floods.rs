//! Floods of a hub by peers whose identities are new: what a registered peer, and the hub,
//! notice of them. Messages of one peer are bounded for each; `hub --attack` measures those.

use std::env;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use algorithms::Message as _;
use algorithms::hub::{Message, VERSION};
use futures::StreamExt as _;
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::swarm::{Config, SwarmEvent};
use libp2p::{Multiaddr, Swarm, Transport as _, noise, yamux};
use node::channel::{self, Outgoing, Sender};
use tokio::io::AsyncReadExt as _;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{sleep, timeout};

use crate::bound::{BoundTcp, socket_address};
use crate::child::{FLAG, Listener, Side};
use crate::client::Client;
use crate::figures::{median, thousands};

/// From so many addresses, with so many connections at once from each.
const ADDRESSES: u8 = 8;
const AT_ONCE: usize = 80;

/// The same where each connection sends without end: some hundred in all.
const AT_ONCE_WITHOUT_END: usize = 13;

/// How long each flood lasts.
const TIME: Duration = Duration::from_secs(8);

/// How often the registered peer asks: as often as the hub lets it, and not more.
const PAUSE: Duration = Duration::from_millis(110);

/// How often a flooder asks for a challenge, which it never solves: all that is served at
/// once, and as many more.
const CHALLENGES: usize = 120;

/// How long the hub may take to read them. A guess.
const READS: Duration = Duration::from_millis(200);

const ROUNDS: usize = 3;

const WITHOUT_END: &str = "flood_messages";

/// What the strangers do.
const FLOODS: [(&str, &str); 4] = [
    ("flood_silent", "connections that say nothing"),
    (
        "flood_handshakes",
        "connections that are closed once they are secured",
    ),
    (
        "flood_challenges",
        "120 NEW_SESSION on each connection, none solved",
    ),
    (
        WITHOUT_END,
        "NEW_SESSION without end on 13 connections from each address",
    ),
];

/// What a flood came to.
struct Took {
    idle: Duration,
    flooded: Duration,
    asked: usize,
    more_memory: f64,
    cpu: f64,
    counts: [u64; 3],
}

/// All lines.
pub(crate) fn all() -> String {
    let mut text = format!(
        "{} addresses, {AT_ONCE} connections at once from each, {} s, medians of {ROUNDS} rounds",
        ADDRESSES,
        TIME.as_secs()
    );
    for (name, what) in FLOODS {
        let rounds: Vec<_> = (0..ROUNDS).map(|_| flood(name)).collect();
        let of = |value: fn(&Took) -> f64| median(rounds.iter().map(value).collect());
        let idle = of(|took| took.idle.as_secs_f64() * 1e6);
        let flooded = of(|took| took.flooded.as_secs_f64() * 1e6);
        let _ = write!(
            text,
            "\n{name} find_p50 ratio {:.2} (target 2; idle {idle:.0} µs, flooded {flooded:.0} µs, {:.0} asked); {what}: {} tried, {} established, {} messages; the hub took {:.1} MiB more, {:.1} s of CPU",
            flooded / idle,
            of(|took| took.asked as f64),
            thousands(of(|took| took.counts[0] as f64)),
            thousands(of(|took| took.counts[1] as f64)),
            thousands(of(|took| took.counts[2] as f64)),
            of(|took| took.more_memory) / f64::from(1 << 20),
            of(|took| took.cpu),
        );
    }
    text
}

fn flood(name: &str) -> Took {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let key = folder.path().join("hub.key").to_string_lossy().into_owned();
    let hub = Listener::start(Side::Guarded, &key);
    let runtime = Runtime::new().expect("a machine that can run threads");
    runtime.block_on(async {
        let mut honest = Client::new(hub.address.clone());
        honest.connect(&Semaphore::new(1)).await;
        honest.register().await;
        let (idle, _) = finds(
            &mut honest,
            Instant::now() + TIME / 2,
            &AtomicBool::new(false),
        )
        .await;
        let (memory, cpu) = (hub.resident(), hub.cpu());
        let is_over = Arc::new(AtomicBool::new(false));
        let flooding = thread::spawn({
            let (is_over, name, address) = (is_over.clone(), name.to_owned(), hub.address.clone());
            move || {
                let counts = run(&name, &address);
                is_over.store(true, Ordering::Relaxed);
                counts
            }
        });
        let (flooded, asked) = finds(&mut honest, Instant::now() + TIME * 4, &is_over).await;
        let counts = flooding.join().expect("a flood that ends");
        Took {
            idle,
            flooded,
            asked,
            more_memory: hub.resident() - memory,
            cpu: hub.cpu() - cpu,
            counts,
        }
    })
}

/// The median of a Find, and how many there were, until then or until it is over.
async fn finds(honest: &mut Client, end: Instant, is_over: &AtomicBool) -> (Duration, usize) {
    let mut times = Vec::new();
    while Instant::now() < end && !is_over.load(Ordering::Relaxed) {
        let began = Instant::now();
        honest.find(rand::random()).await;
        times.push(began.elapsed());
        sleep(PAUSE).await;
    }
    times.sort_unstable();
    (times[times.len() / 2], times.len())
}

/// Floods from another process, and returns what that counted. It has what the hub leaves of
/// the processors: attackers bring their own.
fn run(name: &str, address: &Multiaddr) -> [u64; 3] {
    let this = env::current_exe().expect("the path of this program");
    let flooder = Command::new("nice")
        .args(["-n", "19"])
        .arg(this)
        .args([FLAG, "flood", name, &address.to_string()])
        .stdout(Stdio::piped())
        .output()
        .expect("a program to start");
    let text = String::from_utf8_lossy(&flooder.stdout);
    let counts: Vec<_> = text.split_whitespace().map(str::parse).collect();
    let [Ok(tried), Ok(established), Ok(sent)] = counts[..] else {
        panic!("a flooder has printed {text:?}");
    };
    [tried, established, sent]
}

#[derive(Default)]
struct Counts {
    tried: AtomicU64,
    established: AtomicU64,
    sent: AtomicU64,
}

/// What the flooding process does.
pub(crate) fn work(name: &str, address: &str) -> io::Result<()> {
    let address: Multiaddr = address.parse().map_err(io::Error::other)?;
    let counts = Arc::new(Counts::default());
    let at_once = match name {
        WITHOUT_END => AT_ONCE_WITHOUT_END,
        _ => AT_ONCE,
    };
    let questions = match name {
        "flood_challenges" => CHALLENGES,
        WITHOUT_END => usize::MAX,
        _ => 0,
    };
    let is_silent = name == "flood_silent";
    Runtime::new()?.block_on(async {
        for number in 1..=ADDRESSES {
            for _ in 0..at_once {
                let (address, counts) = (address.clone(), counts.clone());
                let from = BoundTcp([127, 3, 0, number].into());
                tokio::spawn(async move {
                    loop {
                        counts.tried.fetch_add(1, Ordering::Relaxed);
                        match is_silent {
                            true => silent(from, &address, &counts).await,
                            false => stranger(from, &address, questions, &counts).await,
                        };
                        // A refused flooder does not spin.
                        sleep(Duration::from_millis(20)).await;
                    }
                });
            }
        }
        sleep(TIME).await;
    });
    let all = [&counts.tried, &counts.established, &counts.sent];
    let [tried, established, sent] = all.map(|count| count.load(Ordering::Relaxed));
    writeln!(io::stdout(), "{tried} {established} {sent}")
}

/// A connection that says nothing until the hub closes it.
async fn silent(from: BoundTcp, address: &Multiaddr, counts: &Counts) -> Option<()> {
    let mut stream = from.connect(socket_address(address)?).await.ok()?;
    counts.established.fetch_add(1, Ordering::Relaxed);
    let mut bytes = [0; 64];
    while stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
    Some(())
}

/// A peer that nobody has seen before.
async fn stranger(
    from: BoundTcp,
    address: &Multiaddr,
    questions: usize,
    counts: &Counts,
) -> Option<()> {
    let key = Keypair::generate_ed25519();
    let id = key.public().to_peer_id();
    let transport = from
        .upgrade(Version::V1Lazy)
        .authenticate(noise::Config::new(&key).ok()?)
        .multiplex(yamux::Config::default())
        .timeout(TIME)
        .boxed();
    let (channels, _inbox) = channel::Behaviour::new(0);
    let config = Config::with_tokio_executor().with_idle_connection_timeout(TIME);
    let mut swarm = Swarm::new(transport, channels, id, config);
    swarm.dial(address.clone()).ok()?;
    let (hub, connection) = loop {
        match swarm.select_next_some().await {
            SwarmEvent::ConnectionEstablished {
                peer_id,
                connection_id,
                ..
            } => break (peer_id, connection_id),
            SwarmEvent::OutgoingConnectionError { .. } => return None,
            _ => {}
        }
    };
    counts.established.fetch_add(1, Ordering::Relaxed);
    if questions > 0 {
        let (reply, opened) = oneshot::channel();
        swarm.behaviour_mut().open(hub, connection, reply);
        let asking = async {
            let mut sender = opened.await.ok()?.ok()?;
            ask(&mut sender, questions, counts).await
        };
        tokio::select! {
            asked = asking => asked?,
            () = drive(&mut swarm) => return None,
        }
    }
    Some(())
}

/// Until the connection is closed.
async fn drive(swarm: &mut Swarm<channel::Behaviour>) {
    while !matches!(
        swarm.select_next_some().await,
        SwarmEvent::ConnectionClosed { .. }
    ) {}
}

/// Asks for challenges, and waits until the hub has read the questions.
async fn ask(sender: &mut Sender, questions: usize, counts: &Counts) -> Option<()> {
    let message = Message::NewSession { version: VERSION };
    for id in 0..questions {
        let asked = Outgoing {
            id: id as u64 + 1,
            kind: message.kind(),
            within: None,
            trace: None,
            payload: message.to_payload(),
        };
        timeout(TIME, sender.send(asked)).await.ok()?.ok()?;
        counts.sent.fetch_add(1, Ordering::Relaxed);
    }
    sleep(READS).await;
    Some(())
}
