//! The messages of distance-vector routing.

use algorithms::NodeId;
use algorithms::babel::{Advert, Distance, INFINITY, Message, Request};

use super::same;

fn advert(destination: u32, number: u16, metric: u16) -> Advert {
    Advert {
        destination: NodeId(destination),
        distance: Distance { number, metric },
    }
}

#[test]
fn links_are_tried() {
    same(
        Message::Hello { number: 7 },
        "HELLO Request number=7",
        "0a020807",
    );
    same(
        Message::Ihu { number: 300 },
        "IHU Reply number=300",
        "120308ac02",
    );
    same(Message::Ihu { number: 0 }, "IHU Reply number=0", "1200");
}

#[test]
fn distances_are_announced() {
    let routes = vec![advert(3, 7, 2), advert(300, 65_535, INFINITY)];
    same(
        Message::Update { routes },
        "UPDATE OneWay routes=[destination=peer-03 number=7 metric=2, destination=peer-300 number=65535 metric=65535]",
        "1a190a0808031204080710020a0d08ac02120808ffff0310ffff03",
    );
    let routes = vec![advert(0, 1, 0)];
    same(
        Message::Table {
            routes,
            wants: true,
        },
        "TABLE OneWay routes=[destination=peer-00 number=1 metric=0] wants=true",
        "22080a04120208011001",
    );
    same(
        Message::Table {
            routes: vec![],
            wants: false,
        },
        "TABLE OneWay routes=[] wants=false",
        "2200",
    );
}

#[test]
fn distances_are_asked_for() {
    same(
        Message::Request(Request {
            destination: NodeId(2),
            number: 8,
            hops: 127,
        }),
        "REQUEST Request destination=peer-02 number=8 hops=127",
        "2a0608021008187f",
    );
}
