//! The network of a simulation: what it loses, doubles and delays.

use std::time::Duration;

use algorithms::{Algorithm, Message as _, NodeId};
use opentelemetry::trace::SpanContext;
use rand::RngExt as _;
use trace::steps::{Loss, Received, mix};

use super::{Happening, Simulation, nanos};
use crate::world::{Packets, Settled};

/// How much longer than the latency a message travels: what its packets take longer, and
/// what the lines of both processes take for its bytes, as if they carried nothing else.
fn travels(
    world: &Settled,
    packets: &mut Option<Packets>,
    [from, to]: [u32; 2],
    size: impl FnOnce() -> usize,
    on_stream: bool,
) -> Duration {
    let lines = world.class(from).zip(world.class(to));
    if packets.is_none() && lines.is_none() {
        return Duration::ZERO;
    }
    let size = size();
    let longer = packets.as_mut().map(|packets| match on_stream {
        true => packets.longer(size),
        false => packets.jitter(),
    });
    let carried = lines.map(|(from, to)| {
        let rate = from.up.bytes_per_second().min(to.down.bytes_per_second());
        Duration::from_secs_f64(size as f64 / rate)
    });
    longer.unwrap_or_default() + carried.unwrap_or_default()
}

impl<A: Algorithm> Simulation<A> {
    pub(super) fn send(
        &mut self,
        from: NodeId,
        to: NodeId,
        message: A::Message,
        id: u64,
        by: &SpanContext,
    ) {
        let channel = self.channels.entry((from.0, to.0)).or_default();
        let (world, settled) = self.worlds.at(self.now);
        if channel.world != world || channel.next_sequence == 0 {
            channel.world = world;
            channel.packets = settled.and_then(|settled| settled.packets(from.0, to.0));
        }
        let received = Received {
            id,
            sequence: channel.next_sequence,
            incarnation: 1,
            deadline_unix_nano: None,
            size: self.counts_bytes.then(|| message.to_payload().len()),
            sent_by: by.is_valid().then(|| by.clone()),
        };
        channel.next_sequence += 1;
        self.messages += 1;
        if let Some(loss) = self.loses(from, to) {
            self.lose(from, to, &message, &received, loss);
            return;
        }
        if self.scenario.duplication > 0.0 && self.rng.random_bool(self.scenario.duplication) {
            self.strikes.doubled += 1;
            self.deliver(from, to, message.clone(), received.clone());
        }
        self.deliver(from, to, message, received);
    }

    /// Why a message that is sent now will not arrive, if it will not.
    fn loses(&mut self, from: NodeId, to: NodeId) -> Option<(Loss, &'static str)> {
        let now = Duration::from_nanos(self.now);
        let all = &self.scenario.partition;
        if let Some(partition) = self.separations.cuts(all, [from.0, to.0], now, false) {
            self.strikes.partitions[partition] += 1;
            return Some((Loss::Cut, "the network is parted"));
        }
        // On a stream a link loses nothing: what it loses arrives later.
        let loss = match self.worlds.at(self.now).1 {
            Some(settled) if !self.scenario.fifo => self.scenario.loss.max(settled.world().loss),
            Some(_) | None => self.scenario.loss,
        };
        let lost = loss > 0.0 && self.rng.random_bool(loss);
        self.strikes.lost += u64::from(lost);
        lost.then_some((Loss::Network, "the network has lost it"))
    }

    fn deliver(&mut self, from: NodeId, to: NodeId, message: A::Message, received: Received) {
        let delay = match self.worlds.at(self.now).1 {
            None => self.scenario.delay.draw(&mut self.rng),
            Some(world) => {
                let packets = &mut self.channels.entry((from.0, to.0)).or_default().packets;
                let size = || message.to_payload().len();
                let fifo = self.scenario.fifo;
                world.latency(from.0, to.0) + travels(world, packets, [from.0, to.0], size, fifo)
            }
        };
        let at = self.now.saturating_add(nanos(delay));
        let at = match self.arrives(from, to, at) {
            Ok(at) => at,
            Err(never) => return self.lose(from, to, &message, &received, never),
        };
        let message = Happening::Message {
            from,
            to,
            message,
            received,
            sent: self.now,
        };
        self.last_arrival = self.last_arrival.max(at);
        self.queue.push(at, message);
    }

    /// The crash of the sender that loses a message which would arrive now. A crash loses
    /// all messages of a channel that are under way, or none; which, the seed draws for each
    /// channel.
    pub(super) fn dies_with_sender(&self, from: NodeId, to: NodeId, sent: u64) -> Option<usize> {
        let under_way = [sent, self.now].map(Duration::from_nanos);
        let begun = self
            .downtimes
            .begin_within(from.0, under_way[0]..under_way[1]);
        let losing = begun.filter(|place| self.scenario.crash[*place].loses_memory());
        let crash = losing.min()?;
        let channel = u64::from(from.0) << 32 | u64::from(to.0);
        let drawn = mix(self.seed ^ mix(channel) ^ mix(crash as u64 + 1));
        (drawn & 1 == 0).then_some(crash)
    }

    pub(super) fn lose(
        &self,
        from: NodeId,
        to: NodeId,
        message: &A::Message,
        received: &Received,
        (loss, reason): (Loss, &str),
    ) {
        let (name, sent_by) = (self.directory.name(to), received.sent_by.clone());
        let steps = &self.processes[usize::from(from)].steps;
        steps.lost(message.kind(), received.id, name, sent_by, loss, reason);
    }
}
