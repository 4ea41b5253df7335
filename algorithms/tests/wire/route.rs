//! The messages of greedy routing.

use algorithms::NodeId;
use algorithms::route::{Answer, Letter, Message};

use super::{id, same};

fn letter(key: u64, hops: u32, detours: u32, visited: &[u32]) -> Letter {
    Letter {
        message: id(2, 7),
        key,
        hops,
        detours,
        nearest: NodeId(1),
        visited: visited.iter().copied().map(NodeId).collect(),
    }
}

#[test]
fn routed_messages() {
    same(
        Message::Route(letter(0xe220_a839_7b1d_cdaf, 3, 0, &[])),
        "ROUTE Request message=2/7 key=e220a8397b1dcdaf hops=3 detours=0 nearest=peer-01 visited=[]",
        "1a150a040802100710af9bf7d89787aa90e20118032801",
    );
    same(
        Message::Back(letter(255, 9, 4, &[2, 300])),
        "BACK Request message=2/7 key=00000000000000ff hops=9 detours=4 nearest=peer-01 visited=[peer-02, peer-300]",
        "2a140a040802100710ff01180920042801320302ac02",
    );
    let message = id(2, 7);
    same(
        Message::Taken { message },
        "TAKEN Reply message=2/7",
        "22060a0408021007",
    );
    same(
        Message::Answer(Answer {
            message,
            nearest: NodeId(1),
            hops: 3,
            cut_short: false,
        }),
        "ANSWER Request message=2/7 nearest=peer-01 hops=3 cut_short=false",
        "320a0a040802100710011803",
    );
    same(
        Message::Answer(Answer {
            message: id(0, 0),
            nearest: NodeId(0),
            hops: 64,
            cut_short: true,
        }),
        "ANSWER Request message=0/0 nearest=peer-00 hops=64 cut_short=true",
        "32060a0018402001",
    );
}

#[test]
fn probes() {
    same(Message::Probe, "PROBE Request", "0a00");
    let nodes = vec![NodeId(3), NodeId(5)];
    same(
        Message::Known { nodes },
        "KNOWN Reply nodes=[peer-03, peer-05]",
        "12040a020305",
    );
    same(
        Message::Known { nodes: vec![] },
        "KNOWN Reply nodes=[]",
        "1200",
    );
}
