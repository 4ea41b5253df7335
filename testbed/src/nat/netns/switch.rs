//! The switch between hosts with public addresses. The kernel of many machines has no
//! netem, so frames pass through this process, which delays and loses them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::port::{Frame, Port};
use crate::nat::Links;

/// How many frames may be on their way. More are dropped, as by a router. A guess.
const QUEUE: usize = 10_000;

/// How many frames may wait to be taken from the ports.
const ARRIVING: usize = 1024;

/// The EtherType of IPv4 and of IPv6. Other frames, as those of ARP, are never lost: they
/// do not stand for the Internet.
const INTERNET: [[u8; 2]; 2] = [[0x08, 0x00], [0x86, 0xdd]];

/// A hardware address.
type Mac = [u8; 6];

/// The bytes that a port has received.
#[derive(Clone, Debug, Default)]
pub(super) struct Counter(Arc<AtomicU64>);

impl Counter {
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Learns behind which port each hardware address is.
#[derive(Debug, Default)]
struct Table(HashMap<Mac, usize>);

impl Table {
    /// The ports that get this frame, which came in at `from`, of `ports` ports.
    fn route(&mut self, from: usize, frame: &[u8], ports: usize) -> Vec<usize> {
        let Some((destination, source)) = macs(frame) else {
            return Vec::new();
        };
        self.0.insert(source, from);
        match self.0.get(&destination) {
            Some(port) if *port == from => Vec::new(),
            Some(port) => vec![*port],
            None => (0..ports).filter(|port| *port != from).collect(),
        }
    }
}

/// Destination and source.
fn macs(frame: &[u8]) -> Option<(Mac, Mac)> {
    let destination = frame.get(..6)?.try_into().ok()?;
    let source = frame.get(6..12)?.try_into().ok()?;
    Some((destination, source))
}

/// When frames leave, and which are lost.
#[derive(Debug)]
struct Shaper {
    links: Links,
    rng: SmallRng,
    /// When the last frame leaves at each port. Jitter changes no order.
    last: HashMap<(usize, usize), Instant>,
}

impl Shaper {
    fn due(&mut self, from: usize, to: usize, frame: &[u8], now: Instant) -> Option<Instant> {
        let is_internet = frame
            .get(12..14)
            .is_some_and(|kind| INTERNET.iter().any(|it| it == kind));
        if is_internet && self.rng.random_bool(self.links.loss) {
            return None;
        }
        let jitter = match self.links.jitter {
            Duration::ZERO => Duration::ZERO,
            most => self.rng.random_range(Duration::ZERO..=most),
        };
        let due = now + self.links.rtt / 2 + jitter;
        let last = self.last.entry((from, to)).or_insert(due);
        *last = due.max(*last);
        Some(*last)
    }
}

/// Forwards frames between these ports until it is dropped. Each port counts the bytes
/// that it sends to its host.
pub(super) async fn run(ports: Vec<Port>, counters: Vec<Counter>, links: Links, seed: u64) {
    let ports: Vec<_> = ports.into_iter().map(Arc::new).collect();
    let (arrived, mut arriving) = mpsc::channel(ARRIVING);
    let mut readers = JoinSet::new();
    for (from, port) in ports.iter().cloned().enumerate() {
        let arrived = arrived.clone();
        readers.spawn(async move {
            while let Ok(frame) = port.receive().await {
                if arrived.send((from, frame)).await.is_err() {
                    break;
                }
            }
        });
    }
    let mut table = Table::default();
    let mut shaper = Shaper {
        links,
        rng: SmallRng::seed_from_u64(seed),
        last: HashMap::new(),
    };
    let mut under_way: BTreeMap<(Instant, u64), (usize, Frame)> = BTreeMap::new();
    let mut number = 0;
    loop {
        let next = under_way.first_key_value().map(|((due, _), _)| *due);
        let wait = next.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
        tokio::select! {
            Some((from, frame)) = arriving.recv() => {
                let now = Instant::now();
                for to in table.route(from, &frame, ports.len()) {
                    let due = shaper.due(from, to, &frame, now);
                    if let Some(due) = due.filter(|_| under_way.len() < QUEUE) {
                        number += 1;
                        under_way.insert((due, number), (to, frame.clone()));
                    }
                }
            }
            () = sleep_until(wait) => {
                let later = under_way.split_off(&(Instant::now(), u64::MAX));
                for (to, frame) in std::mem::replace(&mut under_way, later).into_values() {
                    counters[to].0.fetch_add(frame.len() as u64, Ordering::Relaxed);
                    ports[to].send(&frame);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(to: u8, from: u8) -> Vec<u8> {
        let mut frame = vec![0; 60];
        frame[5] = to;
        frame[11] = from;
        frame[12..14].copy_from_slice(&INTERNET[0]);
        frame
    }

    #[test]
    fn addresses_are_learned() {
        let mut table = Table::default();
        assert_eq!(table.route(0, &frame(2, 1), 3), [1, 2], "unknown: flooded");
        assert_eq!(table.route(1, &frame(1, 2), 3), [0]);
        assert_eq!(table.route(0, &frame(2, 1), 3), [1]);
        assert_eq!(
            table.route(1, &frame(2, 3), 3),
            Vec::<usize>::new(),
            "behind the same port"
        );
        assert_eq!(table.route(2, &frame(2, 1), 3), [1]);
        assert_eq!(table.route(1, &frame(1, 2), 3), [2], "it has moved");
    }

    #[test]
    fn short_frames_are_dropped() {
        let mut table = Table::default();
        for length in 0..12 {
            assert_eq!(table.route(0, &vec![0; length], 3), Vec::<usize>::new());
        }
    }

    fn shaper(jitter: u64, loss: f64) -> Shaper {
        Shaper {
            links: Links {
                rtt: Duration::from_millis(40),
                jitter: Duration::from_millis(jitter),
                loss,
            },
            rng: SmallRng::seed_from_u64(1),
            last: HashMap::new(),
        }
    }

    #[test]
    fn frames_keep_their_order_whatever_the_jitter() {
        let mut shaper = shaper(30, 0.0);
        let now = Instant::now();
        let mut last = now + Duration::from_millis(20);
        for sent in 0..100 {
            let due = shaper.due(0, 1, &frame(1, 2), now + Duration::from_millis(sent));
            let due = due.expect("no loss");
            assert!(due >= last, "{sent}");
            last = due;
        }
        assert!(last <= now + Duration::from_millis(99 + 20 + 30));
    }

    #[test]
    fn only_packets_of_the_internet_are_lost() {
        let mut shaper = shaper(0, 1.0);
        let mut arp = frame(1, 2);
        assert_eq!(shaper.due(0, 1, &arp, Instant::now()), None);
        arp[12..14].copy_from_slice(&[0x08, 0x06]);
        assert!(shaper.due(0, 1, &arp, Instant::now()).is_some());
    }
}
