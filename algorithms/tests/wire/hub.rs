//! The messages of a hub and its peers.

use std::time::Duration;

use algorithms::hub::{
    Challenge, Code, Handing, Invitation, Kind, Look, Message, Nearest, Parcel, Proof, Puzzle,
    Reversal, Session,
};
use proto::Bytes;

/// What peers in other languages are written from.
const PAGE: &str = include_str!("../../../docs/hub-protocol.md");

/// The same, and the page has these bytes.
#[track_caller]
fn same(message: Message, shown: &str, hex: &str) {
    super::same(message, shown, hex);
    assert!(PAGE.contains(&format!("\"payload\": \"{hex}\"")), "{hex}");
}

#[test]
fn documented_proofs_are_right() {
    for (bits, nonce) in [(8, 79), (16, 39433)] {
        let puzzle = Puzzle {
            node: "12D3KooWGjMCwtpbj9o3GA1GHBuNdUVz4nnBhRUhpXCTNPvZvUZE".into(),
            hub: "12D3KooWRQpSiuYJAtYZv2YrxnCtGyaSXGR5qLuNzNzXfxkZy4q9".into(),
            epoch: 29_000_000,
            bits,
            seed: Bytes::from_static(&[0xab; 16]),
        };
        assert!(puzzle.is_solved_by(nonce) && !puzzle.is_solved_by(nonce + 1));
        let (node, nonce) = (puzzle.node, format!("\"nonce\": {nonce},"));
        let mut lines = PAGE.lines();
        assert!(lines.any(|line| line.contains(&node) && line.contains(&nonce)));
    }
}

#[test]
fn sessions_of_a_hub() {
    let seal = || Bytes::from_static(&[0xab; 16]);
    let session = || Session {
        epoch: 7,
        seal: seal(),
    };
    same(
        Message::NewSession { version: 1 },
        "NEW_SESSION Request version=1",
        "8a01020801",
    );
    let challenge = Message::Challenge(Challenge {
        epoch: 7,
        bits: 20,
        seed: seal(),
    });
    same(
        challenge,
        "CHALLENGE Reply epoch=7 bits=20 seed=abababababababababababababababab",
        "920116080710141a10abababababababababababababababab",
    );
    let proof = Message::Proof(Proof {
        epoch: 7,
        bits: 20,
        nonce: 300,
        seed: seal(),
    });
    same(
        proof,
        "PROOF Request epoch=7 bits=20 nonce=300 seed=abababababababababababababababab",
        "9a01190807101418ac022210abababababababababababababababab",
    );
    same(
        Message::Accepted { session: session() },
        "ACCEPTED Reply session.epoch=7 session.seal=abababababababababababababababab",
        "a201160a1408071210abababababababababababababababab",
    );
    same(
        Message::Register { session: session() },
        "REGISTER Request session.epoch=7 session.seal=abababababababababababababababab",
        "aa01160a1408071210abababababababababababababababab",
    );
    same(Message::Registered, "REGISTERED Reply", "b20100");
    same(Message::Ping, "PING Request", "ba0100");
    same(Message::Pong, "PONG Reply", "c20100");
    let target = 0xfedc_ba98_7654_3210;
    same(
        Message::Find { number: 3, target },
        "FIND Request number=3 target=fedcba9876543210",
        "ca010d08031090e4d0b287d3aeeefe01",
    );
    let nodes = vec!["peer-04".into(), "peer-02".into()];
    same(
        Message::Neighbours(Nearest { number: 3, nodes }),
        "NEIGHBOURS Reply number=3 nodes=[peer-04, peer-02]",
        "d2011408031207706565722d30341207706565722d3032",
    );
    let number = 3;
    let parcel = || Parcel {
        number,
        peer: "peer-04".into(),
        data: Bytes::from_static(b"abc"),
    };
    let shown = "number=3 peer=peer-04 data=3";
    same(
        Message::Forward(parcel()),
        &format!("FORWARD Request {shown}"),
        "da011008031207706565722d30341a03616263",
    );
    same(
        Message::Forwarded { number },
        "FORWARDED Reply number=3",
        "e201020803",
    );
    same(
        Message::Relayed(parcel()),
        &format!("RELAYED OneWay {shown}"),
        "ea011008031207706565722d30341a03616263",
    );
    same(
        Message::Call(parcel()),
        &format!("CALL Request {shown}"),
        "f2011008031207706565722d30341a03616263",
    );
    same(
        Message::Called(parcel()),
        &format!("CALLED OneWay {shown}"),
        "fa011008031207706565722d30341a03616263",
    );
    same(
        Message::Answer(parcel()),
        &format!("ANSWER OneWay {shown}"),
        "82021008031207706565722d30341a03616263",
    );
    same(
        Message::Answered(parcel()),
        &format!("ANSWERED Reply {shown}"),
        "8a021008031207706565722d30341a03616263",
    );
    let (to, from) = ("peer-04".into(), "peer-02".into());
    let data = Bytes::from_static(b"abc");
    same(
        Message::Reverse(Reversal {
            number,
            to,
            data: data.clone(),
        }),
        "REVERSE Request number=3 to=peer-04 data=3",
        "92021008031207706565722d30341a03616263",
    );
    same(
        Message::Reversed { number },
        "REVERSED Reply number=3",
        "9a02020803",
    );
    same(
        Message::DialBack(Invitation { from, data }),
        "DIAL_BACK OneWay from=peer-02 data=3",
        "a2020e0a07706565722d30321203616263",
    );
    let wait = Duration::from_millis(1500);
    for (code, shown, hex) in [
        (
            Code::Version { needs: 1 },
            "REFUSED Reply number=3 code=version needs=1",
            "aa0208080312040a020801",
        ),
        (
            Code::Proof,
            "REFUSED Reply number=3 code=proof",
            "aa0206080312021200",
        ),
        (
            Code::Session,
            "REFUSED Reply number=3 code=session",
            "aa0206080312021a00",
        ),
        (
            Code::Unregistered,
            "REFUSED Reply number=3 code=unregistered",
            "aa0206080312022200",
        ),
        (
            Code::UnknownReceiver,
            "REFUSED Reply number=3 code=unknown_receiver",
            "aa0206080312022a00",
        ),
        (
            Code::Large,
            "REFUSED Reply number=3 code=large",
            "aa0206080312023200",
        ),
        (
            Code::Ration { wait },
            "REFUSED Reply number=3 code=ration wait=1.5s",
            "aa02100803120c3a0a0a0808011080cab5ee01",
        ),
        (
            Code::Full,
            "REFUSED Reply number=3 code=full",
            "aa0206080312024a00",
        ),
        (
            Code::Silent,
            "REFUSED Reply number=3 code=silent",
            "aa0206080312025200",
        ),
        (
            Code::Pace { wait },
            "REFUSED Reply number=3 code=pace wait=1.5s",
            "aa02100803120c420a0a0808011080cab5ee01",
        ),
    ] {
        same(Message::Refused { number, code }, shown, hex);
    }
}

#[test]
fn hubs_among_each_other() {
    for (kind, shown, hex) in [
        (Kind::Forward, "forward", "0a00"),
        (Kind::Call, "call", "1200"),
        (Kind::Answer, "answer", "1a00"),
        (Kind::Reverse, "reverse", "2200"),
    ] {
        let handing = Handing {
            number: 300,
            kind,
            from: "peer-04".into(),
            to: "peer-02".into(),
            question: 3,
            data: Bytes::from_static(b"abc"),
        };
        super::same(
            Message::HandOver(handing),
            &format!(
                "HAND_OVER Request number=300 kind={shown} from=peer-04 to=peer-02 question=3 data=3"
            ),
            &format!("b2022008ac021202{hex}1a07706565722d30342207706565722d303228033203616263"),
        );
    }
    let number = 300;
    super::same(
        Message::HandedOver { number },
        "HANDED_OVER Reply number=300",
        "ba020308ac02",
    );
    super::same(
        Message::NotHere { number },
        "NOT_HERE Reply number=300",
        "c2020308ac02",
    );
    let target = 0xfedc_ba98_7654_3210;
    super::same(
        Message::Look(Look { number, target }),
        "LOOK Request number=300 target=fedcba9876543210",
        "ca020e08ac021090e4d0b287d3aeeefe01",
    );
    let nodes = vec!["peer-04".into(), "peer-02".into()];
    super::same(
        Message::Seen(Nearest { number, nodes }),
        "SEEN Reply number=300 nodes=[peer-04, peer-02]",
        "d2021508ac021207706565722d30341207706565722d3032",
    );
}
