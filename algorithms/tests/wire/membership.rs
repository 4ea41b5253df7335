//! The messages of membership.

use algorithms::NodeId;
use algorithms::membership::{Certificate, Epoch, Message};
use proto::Bytes;

use super::same;

fn certificate() -> Certificate {
    Certificate {
        subject: NodeId(3),
        prefix: 300,
        until: 7,
        signature: Bytes::from_static(&[1, 2]),
    }
}

fn epoch() -> Epoch {
    Epoch {
        number: 4,
        settings: 0xf_ffff,
        signature: Bytes::from_static(&[3]),
    }
}

#[test]
fn the_registry_admits() {
    same(Message::Enrol, "ENROL Request", "0a00");
    same(
        Message::Enrolled {
            certificate: certificate(),
            epoch: epoch(),
        },
        "ENROLLED Reply certificate.subject=peer-03 certificate.prefix=300 certificate.until=7 epoch.number=4 epoch.settings=00000000000fffff",
        "12180a0b080310ac021807220201021209080410ffff3f1a0103",
    );
}

#[test]
fn nodes_present_themselves() {
    same(
        Message::Present {
            certificate: certificate(),
            epoch: 4,
            wants: true,
        },
        "PRESENT OneWay certificate.subject=peer-03 certificate.prefix=300 certificate.until=7 epoch=4 wants=true",
        "1a110a0b080310ac0218072202010210041801",
    );
}

#[test]
fn epochs_spread() {
    same(
        Message::Epoch(epoch()),
        "EPOCH OneWay number=4 settings=00000000000fffff",
        "2209080410ffff3f1a0103",
    );
}
