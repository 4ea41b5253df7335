//! What packets of a link take longer than its latency.

use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::{PACKETS, Settled};
use crate::delay::Delay;

/// The bytes of a full packet: Ethernet's 1,500 less the headers of IPv4 and TCP.
const PACKET: usize = 1460;

/// The shortest time after which a sender repeats a packet that nothing reports as lost:
/// Linux's lower bound. RFC 6298 recommends 1 s.
const TIMEOUT: Duration = Duration::from_millis(200);

/// Draws what packets from one peer to another take longer.
#[derive(Clone, Debug)]
pub struct Packets {
    rng: ChaCha8Rng,
    jitter: Delay,
    loss: f64,
    round_trip: Duration,
}

impl Settled {
    /// What packets from one peer to another take longer than the latency. `None` if the
    /// world has neither jitter nor loss.
    pub fn packets(&self, from: u32, to: u32) -> Option<Packets> {
        let world = self.world();
        let any = !world.jitter.is_none() || world.loss > 0.0;
        any.then(|| {
            let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
            rng.set_stream(PACKETS | u64::from(from) << 30 | u64::from(to));
            Packets {
                rng,
                jitter: world.jitter.clone(),
                loss: world.loss,
                round_trip: self.latency(from, to) + self.latency(to, from),
            }
        })
    }
}

impl Packets {
    /// How much longer so many bytes take on a stream, which loses nothing: a lost packet is
    /// repeated. That takes a round trip if a later packet reports the loss, and at least
    /// 200 ms if none follows.
    pub fn longer(&mut self, bytes: usize) -> Duration {
        let mut longer = self.jitter.draw(&mut self.rng);
        let packets = bytes.div_ceil(PACKET).max(1);
        for packet in 1..=packets {
            while self.loss > 0.0 && self.is_lost() {
                longer += match packet < packets {
                    true => self.round_trip,
                    false => self.round_trip.max(TIMEOUT),
                };
            }
        }
        longer
    }

    /// How much longer one packet takes that is not lost.
    pub fn jitter(&mut self) -> Duration {
        self.jitter.draw(&mut self.rng)
    }

    /// Whether one packet is lost. A link that loses all would never deliver.
    fn is_lost(&mut self) -> bool {
        self.rng.random::<f64>() < self.loss.min(0.99)
    }
}
