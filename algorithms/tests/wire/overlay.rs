//! The messages of an overlay.

use algorithms::overlay::{Message, Packet};
use algorithms::{NodeId, babel};

use super::same;

#[test]
fn links_are_asked_for_and_closed() {
    same(Message::Open, "OPEN Request", "1200");
    same(Message::Accept, "ACCEPT Reply", "1a00");
    same(Message::Refuse, "REFUSE Reply", "2200");
    same(Message::Drain, "DRAIN Request", "2a00");
    same(Message::Drained, "DRAINED Reply", "3200");
    same(Message::Keep, "KEEP OneWay", "3a00");
    same(Message::Close, "CLOSE OneWay", "4200");
}

#[test]
fn peers_are_asked_for() {
    same(Message::Ask, "ASK Request", "4a00");
    same(
        Message::Introduce { peer: NodeId(300) },
        "INTRODUCE Reply peer=peer-300",
        "520308ac02",
    );
}

#[test]
fn packets_and_the_messages_of_routing_are_carried() {
    same(
        Message::Packet(Packet {
            origin: NodeId(1),
            number: 7,
            destination: NodeId(2),
            hops: 3,
            data: vec![0, 1].into(),
        }),
        "PACKET OneWay origin=peer-01 number=7 destination=peer-02 hops=3 data.size=2",
        "5a0c08011007180220032a020001",
    );
    same(
        Message::Routing(babel::Message::Hello { number: 7 }),
        "HELLO Request number=7",
        "0a040a020807",
    );
}
