//! The messages of provers and verifiers.

use algorithms::auth::{Challenge, Message, Proof, Reason, Replacement, Scheme};
use proto::Bytes;

use super::same;

fn bytes(value: u8, count: usize) -> Bytes {
    Bytes::from(vec![value; count])
}

#[test]
fn claims_and_proofs() {
    let (scheme, id) = (Scheme::Bound, bytes(0xab, 32));
    let shown = "ab".repeat(32);
    same(
        Message::Hello {
            scheme,
            id: id.clone(),
        },
        "HELLO Request scheme=bound id=abababab",
        &format!("0a260a021a001220{shown}"),
    );
    same(
        Message::Challenge(Challenge {
            scheme: Scheme::Challenge,
            nonce: u64::MAX,
            verifier: id.clone(),
        }),
        "CHALLENGE Reply scheme=challenge nonce=ffffffffffffffff verifier=abababab",
        &format!("12310a02120010ffffffffffffffffff011a20{shown}"),
    );
    same(
        Message::Proof(Proof {
            scheme: Scheme::Static,
            id,
            nonce: 0,
            key: bytes(0xcd, 32),
            signature: bytes(0xef, 64),
        }),
        "PROOF Request scheme=static id=abababab nonce=0000000000000000 key=7969ec0f signature=efefefef",
        &format!(
            "1a8a010a020a001220{shown}2220{}2a40{}",
            "cd".repeat(32),
            "ef".repeat(64)
        ),
    );
    same(
        Message::Accepted { scheme },
        "ACCEPTED Reply scheme=bound",
        "22040a021a00",
    );
    same(
        Message::Refused {
            scheme,
            why: Reason::Signature,
        },
        "REFUSED Reply scheme=bound why=signature",
        "2a080a021a0012022200",
    );
}

#[test]
fn new_keys() {
    same(
        Message::Replace(Replacement {
            id: bytes(0xab, 32),
            old: bytes(0xcd, 32),
            key: bytes(0x12, 32),
            signature: bytes(0xef, 64),
        }),
        "REPLACE Request id=abababab old=7969ec0f key=b6acca81 signature=efefefef",
        &format!(
            "32a8010a20{}1220{}1a20{}2240{}",
            "ab".repeat(32),
            "cd".repeat(32),
            "12".repeat(32),
            "ef".repeat(64)
        ),
    );
    same(Message::Replaced, "REPLACED Reply", "3a00");
}
