//! What a node sends and forwards.

use std::ops::Range;

use proto::Bytes;

use super::{Message, Output, Overlay, Timer, interface::Drop};
use crate::{Describe, NodeId, Out};

/// How many links a packet may cross: the default of IP's time to live (RFC 1700).
const FARTHEST: u32 = 64;

/// The bytes that a packet carries: from the least that fills an Ethernet frame to what a tunnel
/// leaves of the usual 1,500. A guess; all sizes are as likely.
const SIZES: Range<u64> = 46..1400;

/// A packet on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
#[message(nested)]
pub struct Packet {
    /// Who has sent it.
    #[message(tag = 1)]
    pub origin: NodeId,
    /// Its number there.
    #[message(tag = 2)]
    pub number: u32,
    /// Where it goes.
    #[message(tag = 3)]
    pub destination: NodeId,
    /// How many links it has crossed.
    #[message(tag = 4)]
    pub hops: u32,
    /// What it carries.
    #[message(tag = 5)]
    #[describe(name = "data.size", with = Bytes::len)]
    pub data: Bytes,
}

impl Overlay {
    /// The next packet goes to a random one of those that are reached.
    pub(super) fn send_packet(&mut self, out: &mut Out<Self>) {
        let Some(every) = self.config.packets else {
            return;
        };
        out.set_timer(Timer::Packet, every);
        let reached = self.routing.reached();
        if let Some(destination) = out.choose(&reached).copied() {
            let number = self.sent;
            let size = out.random(SIZES);
            self.sent = self.sent.wrapping_add(1);
            out.persist();
            out.output(Output::Sent {
                number,
                destination,
            });
            let packet = Packet {
                origin: self.me,
                number,
                destination,
                hops: 0,
                data: Bytes::from(vec![0; size as usize]),
            };
            self.forward(packet, out);
        }
    }

    pub(super) fn on_packet(&mut self, from: NodeId, packet: Packet, out: &mut Out<Self>) {
        let hops = packet.hops.saturating_add(1);
        let packet = Packet { hops, ..packet };
        if !self.is_linked(from) {
            return drop_packet(&packet, Drop::NoLink, out);
        }
        self.carried(from, packet.data.len());
        if packet.destination == self.me {
            let Packet { origin, number, .. } = packet;
            out.output(Output::Delivered {
                origin,
                number,
                hops,
            });
        } else if hops >= FARTHEST {
            drop_packet(&packet, Drop::TooFar, out);
        } else {
            self.forward(packet, out);
        }
    }

    fn forward(&mut self, packet: Packet, out: &mut Out<Self>) {
        match self.routing.next_hop(packet.destination) {
            Some(next) => {
                self.carried(next, packet.data.len());
                out.send(next, Message::Packet(packet));
            }
            None => drop_packet(&packet, Drop::NoRoute, out),
        }
    }

    pub(super) fn show(&self, out: &mut Out<Self>) {
        out.output(Output::Shown {
            links: self.all_links().len(),
            destinations: self.routing.reached().len(),
        });
    }
}

fn drop_packet(packet: &Packet, why: Drop, out: &mut Out<Overlay>) {
    let Packet { origin, number, .. } = *packet;
    out.output(Output::Dropped {
        origin,
        number,
        why,
    });
}
