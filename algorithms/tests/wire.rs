//! The bytes of every message of every lesson, beside its kind, its role and its fields
//! in spans. Recorded runs and peers of other programs depend on all of them, so they
//! may not change.

#[path = "wire/audit.rs"]
mod audit;
#[path = "wire/auth.rs"]
mod auth;
#[path = "wire/babel.rs"]
mod babel;
#[path = "wire/hub.rs"]
mod hub;
#[path = "wire/membership.rs"]
mod membership;
#[path = "wire/overlay.rs"]
mod overlay;
#[path = "wire/route.rs"]
mod route;

use std::fmt::Write as _;

use algorithms::bank::Transfer;
use algorithms::producer_consumer::Item;
use algorithms::token::Pass;
use algorithms::work::Job;
use algorithms::{InstanceId, Message, NodeId};
use algorithms::{chandy_lamport, dijkstra_scholten, lai_yang, naive_snapshot};
use algorithms::{chang_roberts, echo, flood, ping_pong, ricart_agrawala};
use algorithms::{flood_set, oral_messages, rounds};
use proto::Bytes;

type Marked = chandy_lamport::Message<Transfer>;
type Coloured = lai_yang::Message<Transfer>;
type Naive = naive_snapshot::Message<Transfer>;
type Detected = dijkstra_scholten::Message<Job>;

/// The message has that kind, that role and those fields; it is encoded as those bytes,
/// and decoded from them.
#[track_caller]
fn same<M: Message>(message: M, shown: &str, hex: &str) {
    let payload = message.to_payload();
    let mut bytes = String::new();
    for byte in &payload {
        write!(bytes, "{byte:02x}").expect("a string takes all");
    }
    assert_eq!(bytes, hex, "{message:?}");
    let (kind, role, fields) = (message.kind(), message.role(), message.fields());
    assert_eq!(format!("{kind} {role:?} {fields}").trim_end(), shown);
    assert_eq!(M::from_payload(payload), Some(message));
}

fn id(by: u32, number: u32) -> InstanceId {
    let by = NodeId(by);
    InstanceId { by, number }
}

fn ping(id: u64, data: &[u8]) -> ping_pong::Message {
    let data = Bytes::copy_from_slice(data);
    ping_pong::Message::Ping { id, data }
}

fn pong(id: u64, data: &[u8]) -> ping_pong::Message {
    let data = Bytes::copy_from_slice(data);
    ping_pong::Message::Pong { id, data }
}

fn echoed(by: u32, number: u32, visited: u64) -> echo::Message {
    let wave = id(by, number);
    echo::Message::Echo { wave, visited }
}

fn rumour(by: u32, number: u32, hops: u32, data: &[u8]) -> flood::Message {
    let (rumour, data) = (id(by, number), Bytes::copy_from_slice(data));
    flood::Message { rumour, hops, data }
}

/// FINISHED, of each of the snapshot algorithms.
macro_rules! finished {
    ($of:ident, $by:literal, $number:literal, $process:literal) => {
        $of::Finished {
            id: id($by, $number),
            process: NodeId($process),
        }
    };
}

fn announce(by: u32, number: u32, sent: u64) -> Coloured {
    let id = id(by, number);
    Coloured::Announce { id, sent }
}

fn request(by: u32, number: u32, asked: &[u32]) -> Naive {
    let (id, asked) = (id(by, number), asked.iter().copied().map(NodeId).collect());
    Naive::Request { id, asked }
}

fn transfer(from: u32, number: u64, amount: u64) -> Transfer {
    let from = NodeId(from);
    Transfer {
        from,
        number,
        amount,
    }
}

fn coloured(colours: &[(u32, u32)], message: Transfer) -> Coloured {
    let colours = colours
        .iter()
        .map(|&(by, number)| (NodeId(by), number))
        .collect();
    Coloured::Application { message, colours }
}

fn election(id: u64) -> chang_roberts::Message {
    chang_roberts::Message::Election { id }
}

fn elected(id: u64, process: u32) -> chang_roberts::Message {
    let process = NodeId(process);
    chang_roberts::Message::Elected(chang_roberts::Leader { id, process })
}

fn item(from: u32, number: u64) -> Item {
    let from = NodeId(from);
    Item { from, number }
}

fn pass(from: u32, number: u64, holder: u32, index: u64, hops: u64) -> Pass {
    let (from, holder) = (NodeId(from), NodeId(holder));
    Pass {
        from,
        number,
        holder,
        index,
        hops,
    }
}

#[test]
fn ping_and_pong() {
    same(
        ping(7, b"data"),
        "PING Request id=7 data.size=4",
        "0a080807120464617461",
    );
    same(ping(0, b""), "PING Request id=0 data.size=0", "0a00");
    same(
        ping(u64::MAX, &[0xab; 130]),
        "PING Request id=9223372036854775807 data.size=130",
        &format!("0a900108ffffffffffffffffff01128201{}", "ab".repeat(130)),
    );
    same(
        pong(300, b"data"),
        "PONG Reply id=300 data.size=4",
        "120908ac02120464617461",
    );
    same(pong(0, b""), "PONG Reply id=0 data.size=0", "1200");
}

#[test]
fn waves() {
    same(
        echo::Message::Explorer(id(0, 0)),
        "EXPLORER OneWay wave=peer-00/0",
        "0a00",
    );
    same(
        echoed(0, 0, 0),
        "ECHO OneWay wave=peer-00/0 visited=0",
        "12020a00",
    );
    same(
        echoed(0, 0, 5),
        "ECHO OneWay wave=peer-00/0 visited=5",
        "12040a001005",
    );
    same(
        echo::Message::Explorer(id(0, 17)),
        "EXPLORER OneWay wave=peer-00/17",
        "0a021011",
    );
    same(
        echoed(0, 17, 0),
        "ECHO OneWay wave=peer-00/17 visited=0",
        "12040a021011",
    );
    same(
        echoed(0, 17, 5),
        "ECHO OneWay wave=peer-00/17 visited=5",
        "12060a0210111005",
    );
    same(
        echo::Message::Explorer(id(300, 70000)),
        "EXPLORER OneWay wave=peer-300/70000",
        "0a0708ac0210f0a204",
    );
    same(
        echoed(300, 70000, 0),
        "ECHO OneWay wave=peer-300/70000 visited=0",
        "12090a0708ac0210f0a204",
    );
    same(
        echoed(300, 70000, 5),
        "ECHO OneWay wave=peer-300/70000 visited=5",
        "120b0a0708ac0210f0a2041005",
    );
}

#[test]
fn rumours() {
    same(
        rumour(0, 0, 1, b"data"),
        "RUMOUR OneWay rumour=peer-00/0 hops=1 size=4",
        "0a0a0a0010011a0464617461",
    );
    same(
        rumour(0, 0, 300, b""),
        "RUMOUR OneWay rumour=peer-00/0 hops=300 size=0",
        "0a050a0010ac02",
    );
    same(
        rumour(0, 17, 1, b"data"),
        "RUMOUR OneWay rumour=peer-00/17 hops=1 size=4",
        "0a0c0a02101110011a0464617461",
    );
    same(
        rumour(0, 17, 300, b""),
        "RUMOUR OneWay rumour=peer-00/17 hops=300 size=0",
        "0a070a02101110ac02",
    );
    same(
        rumour(300, 70000, 1, b"data"),
        "RUMOUR OneWay rumour=peer-300/70000 hops=1 size=4",
        "0a110a0708ac0210f0a20410011a0464617461",
    );
    same(
        rumour(300, 70000, 300, b""),
        "RUMOUR OneWay rumour=peer-300/70000 hops=300 size=0",
        "0a0c0a0708ac0210f0a20410ac02",
    );
}

#[test]
fn markers() {
    same(
        Marked::Marker(id(0, 0)),
        "MARKER OneWay snapshot=0/0",
        "0a00",
    );
    same(
        finished!(Marked, 0, 0, 0),
        "FINISHED OneWay snapshot=0/0 process=peer-00",
        "12020a00",
    );
    same(
        finished!(Marked, 0, 0, 9),
        "FINISHED OneWay snapshot=0/0 process=peer-09",
        "12040a001009",
    );
    same(
        Marked::Marker(id(0, 17)),
        "MARKER OneWay snapshot=0/17",
        "0a021011",
    );
    same(
        finished!(Marked, 0, 17, 0),
        "FINISHED OneWay snapshot=0/17 process=peer-00",
        "12040a021011",
    );
    same(
        finished!(Marked, 0, 17, 9),
        "FINISHED OneWay snapshot=0/17 process=peer-09",
        "12060a0210111009",
    );
    same(
        Marked::Marker(id(300, 70000)),
        "MARKER OneWay snapshot=300/70000",
        "0a0708ac0210f0a204",
    );
    same(
        finished!(Marked, 300, 70000, 0),
        "FINISHED OneWay snapshot=300/70000 process=peer-00",
        "12090a0708ac0210f0a204",
    );
    same(
        finished!(Marked, 300, 70000, 9),
        "FINISHED OneWay snapshot=300/70000 process=peer-09",
        "120b0a0708ac0210f0a2041009",
    );
    same(
        Marked::Application(transfer(1, 2, 3)),
        "TRANSFER OneWay id=1/2 amount=3",
        "1a06080210031801",
    );
    same(
        Marked::Application(transfer(0, 0, 1)),
        "TRANSFER OneWay id=0/0 amount=1",
        "1a021001",
    );
}

#[test]
fn colours() {
    same(
        announce(0, 0, 0),
        "ANNOUNCE OneWay snapshot=0/0 sent=0",
        "0a020a00",
    );
    same(
        announce(0, 0, 1000),
        "ANNOUNCE OneWay snapshot=0/0 sent=1000",
        "0a050a0010e807",
    );
    same(
        finished!(Coloured, 0, 0, 9),
        "FINISHED OneWay snapshot=0/0 process=peer-09",
        "12040a001009",
    );
    same(
        announce(0, 17, 0),
        "ANNOUNCE OneWay snapshot=0/17 sent=0",
        "0a040a021011",
    );
    same(
        announce(0, 17, 1000),
        "ANNOUNCE OneWay snapshot=0/17 sent=1000",
        "0a070a02101110e807",
    );
    same(
        finished!(Coloured, 0, 17, 9),
        "FINISHED OneWay snapshot=0/17 process=peer-09",
        "12060a0210111009",
    );
    same(
        announce(300, 70000, 0),
        "ANNOUNCE OneWay snapshot=300/70000 sent=0",
        "0a090a0708ac0210f0a204",
    );
    same(
        announce(300, 70000, 1000),
        "ANNOUNCE OneWay snapshot=300/70000 sent=1000",
        "0a0c0a0708ac0210f0a20410e807",
    );
    same(
        finished!(Coloured, 300, 70000, 9),
        "FINISHED OneWay snapshot=300/70000 process=peer-09",
        "120b0a0708ac0210f0a2041009",
    );
    same(
        coloured(&[], transfer(1, 2, 3)),
        "TRANSFER OneWay id=1/2 amount=3 recorded=[]",
        "1a081206080210031801",
    );
    same(
        coloured(&[(4, 5), (0, 1), (1, 0), (2, 300)], transfer(1, 2, 3)),
        "TRANSFER OneWay id=1/2 amount=3 recorded=[0/1, 1/0, 2/300, 4/5]",
        "1a1d0a0210010a0208010a05080210ac020a04080410051206080210031801",
    );
    same(
        coloured(&[(0, 0)], transfer(1, 2, 3)),
        "TRANSFER OneWay id=1/2 amount=3 recorded=[0/0]",
        "1a0a0a001206080210031801",
    );
    same(
        coloured(&[], transfer(0, 0, 1)),
        "TRANSFER OneWay id=0/0 amount=1 recorded=[]",
        "1a0412021001",
    );
    same(
        coloured(&[(4, 5), (0, 1), (1, 0), (2, 300)], transfer(0, 0, 1)),
        "TRANSFER OneWay id=0/0 amount=1 recorded=[0/1, 1/0, 2/300, 4/5]",
        "1a190a0210010a0208010a05080210ac020a040804100512021001",
    );
    same(
        coloured(&[(0, 0)], transfer(0, 0, 1)),
        "TRANSFER OneWay id=0/0 amount=1 recorded=[0/0]",
        "1a060a0012021001",
    );
}

#[test]
fn naive_requests() {
    same(
        request(0, 0, &[]),
        "REQUEST OneWay snapshot=0/0 asked=[]",
        "0a020a00",
    );
    same(
        request(0, 0, &[0, 1, 300]),
        "REQUEST OneWay snapshot=0/0 asked=[peer-00, peer-01, peer-300]",
        "0a080a0012040001ac02",
    );
    same(
        finished!(Naive, 0, 0, 9),
        "FINISHED OneWay snapshot=0/0 process=peer-09",
        "12040a001009",
    );
    same(
        request(0, 17, &[]),
        "REQUEST OneWay snapshot=0/17 asked=[]",
        "0a040a021011",
    );
    same(
        request(0, 17, &[0, 1, 300]),
        "REQUEST OneWay snapshot=0/17 asked=[peer-00, peer-01, peer-300]",
        "0a0a0a02101112040001ac02",
    );
    same(
        finished!(Naive, 0, 17, 9),
        "FINISHED OneWay snapshot=0/17 process=peer-09",
        "12060a0210111009",
    );
    same(
        request(300, 70000, &[]),
        "REQUEST OneWay snapshot=300/70000 asked=[]",
        "0a090a0708ac0210f0a204",
    );
    same(
        request(300, 70000, &[0, 1, 300]),
        "REQUEST OneWay snapshot=300/70000 asked=[peer-00, peer-01, peer-300]",
        "0a0f0a0708ac0210f0a20412040001ac02",
    );
    same(
        finished!(Naive, 300, 70000, 9),
        "FINISHED OneWay snapshot=300/70000 process=peer-09",
        "120b0a0708ac0210f0a2041009",
    );
    same(
        Naive::Application(transfer(1, 2, 3)),
        "TRANSFER OneWay id=1/2 amount=3",
        "1a06080210031801",
    );
    same(
        Naive::Application(transfer(0, 0, 1)),
        "TRANSFER OneWay id=0/0 amount=1",
        "1a021001",
    );
}

#[test]
fn elections() {
    same(election(0), "ELECTION OneWay id=0", "0800");
    same(election(7), "ELECTION OneWay id=7", "0807");
    same(
        election(u64::MAX),
        "ELECTION OneWay id=9223372036854775807",
        "08ffffffffffffffffff01",
    );
    same(
        elected(0, 0),
        "ELECTED OneWay leader=0 process=peer-00",
        "1200",
    );
    same(
        elected(300, 3),
        "ELECTED OneWay leader=300 process=peer-03",
        "120508ac021003",
    );
}

#[test]
fn mutual_exclusion() {
    same(
        ricart_agrawala::Message::Request { time: 0 },
        "REQUEST Request time=0",
        "0a00",
    );
    same(
        ricart_agrawala::Message::Request { time: 300 },
        "REQUEST Request time=300",
        "0a0308ac02",
    );
    same(ricart_agrawala::Message::Reply, "REPLY Reply", "1200");
}

#[test]
fn termination() {
    same(Detected::Signal, "SIGNAL OneWay", "0a00");
    same(
        Detected::Application(Job { jobs: 300 }),
        "JOB OneWay jobs=300",
        "120308ac02",
    );
}

#[test]
fn rounds_of_values() {
    type Message = rounds::Message<flood_set::Values>;
    let values = |round, values: &[u64]| Message::Something {
        round,
        message: flood_set::Values {
            values: values.iter().copied().collect(),
        },
    };
    same(
        values(1, &[7]),
        "VALUES OneWay round=1 values=[7]",
        "0a07080112030a0107",
    );
    same(
        values(2, &[0, 300]),
        "VALUES OneWay round=2 values=[0, 300]",
        "0a09080212050a0300ac02",
    );
    same(
        Message::Nothing { round: 3 },
        "NOTHING OneWay round=3",
        "12020803",
    );
}

#[test]
fn rounds_of_orders() {
    let order = |path: &[u32], attack| oral_messages::Order {
        path: path.iter().copied().map(NodeId).collect(),
        attack,
    };
    let message = oral_messages::Orders {
        orders: vec![order(&[0, 2], true), order(&[0, 1], false)],
    };
    same(
        rounds::Message::Something { round: 2, message },
        "ORDERS OneWay round=2 orders=[attack by 0.2, retreat by 0.1]",
        "0a120802120e0a060a02000210010a040a020001",
    );
}

#[test]
fn applications() {
    same(
        transfer(1, 2, 3),
        "TRANSFER OneWay id=1/2 amount=3",
        "080210031801",
    );
    same(transfer(0, 0, 1), "TRANSFER OneWay id=0/0 amount=1", "1001");
    same(
        transfer(u32::MAX, u64::MAX, u64::MAX),
        "TRANSFER OneWay id=4294967295/18446744073709551615 amount=9223372036854775807",
        "08ffffffffffffffffff0110ffffffffffffffffff0118ffffffff0f",
    );
    same(Job { jobs: 1 }, "JOB OneWay jobs=1", "0801");
    same(item(0, 0), "ITEM OneWay id=0/0 amount=1", "");
    same(item(4, 300), "ITEM OneWay id=4/300 amount=1", "080410ac02");
    same(
        pass(0, 0, 0, 0, 1),
        "TOKEN OneWay id=0/0 amount=1 token=0/0 hops=1",
        "2801",
    );
    same(
        pass(1, 2, 3, 400, 5),
        "TOKEN OneWay id=1/2 amount=1 token=3/400 hops=5",
        "0801100218032090032805",
    );
}

/// Other encoders may write a message in parts, lists in another form, and fields that
/// are not known here.
#[test]
fn alternative_protobuf_encodings_are_decoded() {
    let explorer = |by, number| echo::Message::Explorer(id(by, number));
    let cases = [
        ("in parts", "12040a0208071202 1005", Some(echoed(7, 0, 5))),
        (
            "the last counts",
            "0a020807 12060a0208031005",
            Some(echoed(3, 0, 5)),
        ),
        ("an unknown field", "2807 0a020807", Some(explorer(7, 0))),
        ("an unknown group", "2b2c 0a020807", Some(explorer(7, 0))),
        ("a wrong wire type", "0807", None),
        (
            "64 bits for 32",
            "0a06 10ffffffff7f",
            Some(explorer(0, u32::MAX)),
        ),
    ];
    for (name, hex, expected) in cases {
        assert_eq!(echo::Message::from_payload(bytes(hex)), expected, "{name}");
    }
    let packed = bytes("0a09 0a00 1205 0001ac0201");
    assert_eq!(
        Naive::from_payload(packed),
        Some(request(0, 0, &[0, 1, 300]))
    );
    let apart = bytes("0a08 0a00 1005 1003 1005");
    assert_eq!(Naive::from_payload(apart), Some(request(0, 0, &[3, 5])));
}

fn bytes(hex: &str) -> Bytes {
    let digits: String = hex.split(' ').collect();
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("two digits");
    (0..digits.len()).step_by(2).map(byte).collect()
}
