use super::*;
use crate::checkers::by_hand::{ByHand, integer, text, violated};

const HUB: &str = "peer-00";
const ALICE: &str = "peer-01";
const BOB: &str = "peer-02";

/// Without bits, every number is a proof.
fn terms() -> Terms {
    Terms {
        hubs: vec![HUB.into()],
        nearest: 2,
        burst: 100,
        tick: Duration::from_secs(1),
        fill: 10,
        largest: 80,
        ..Terms::default()
    }
}

fn challenge(run: &mut ByHand, peer: &str) {
    let asks = run.send(peer, HUB, "NEW_SESSION", [integer("version", 1)]);
    run.receive(HUB, asks);
    let fields = [integer("epoch", 0), integer("bits", 0), text("seed", "00")];
    run.send(HUB, peer, "CHALLENGE", fields);
}

fn prove(run: &mut ByHand, peer: &str) {
    let fields = [
        integer("epoch", 0),
        integer("bits", 0),
        integer("nonce", 7),
        text("seed", "00"),
    ];
    let proof = run.send(peer, HUB, "PROOF", fields);
    run.receive(HUB, proof);
    run.send(HUB, peer, "ACCEPTED", session(peer));
}

fn session(peer: &str) -> [crate::checkers::by_hand::Named; 2] {
    [integer("session.epoch", 0), text("session.seal", peer)]
}

fn register(run: &mut ByHand, peer: &str) {
    let registers = run.send(peer, HUB, "REGISTER", session(peer));
    run.receive(HUB, registers);
    run.send(HUB, peer, "REGISTERED", []);
}

/// Both have registered.
fn begun() -> ByHand {
    let mut run = ByHand::new([HUB, ALICE, BOB]);
    for peer in [ALICE, BOB] {
        challenge(&mut run, peer);
        prove(&mut run, peer);
        register(&mut run, peer);
    }
    run
}

/// Alice wants so many bytes to be passed on to Bob.
fn forward(run: &mut ByHand, bytes: i64) {
    let parcel = |peer: &str| {
        [
            integer("number", 1),
            text("peer", peer),
            integer("data", bytes),
        ]
    };
    let asks = run.send(ALICE, HUB, "FORWARD", parcel(BOB));
    run.receive(HUB, asks);
    run.send(HUB, BOB, "RELAYED", parcel(ALICE));
    let forwarded = run.send(HUB, ALICE, "FORWARDED", [integer("number", 1)]);
    run.receive(ALICE, forwarded);
}

fn tick(run: &mut ByHand) {
    run.step(HUB).timer = Some("Tick".into());
}

fn found(run: &ByHand) -> Vec<&'static str> {
    violated(&check(&run.history, &terms()))
}

#[test]
fn the_ration_grows_with_the_ticks_of_the_hub() {
    let mut run = begun();
    forward(&mut run, 80);
    forward(&mut run, 20);
    tick(&mut run);
    forward(&mut run, 10);
    assert_eq!(found(&run), [""; 0]);
    forward(&mut run, 1);
    assert_eq!(found(&run), ["no more than the ration"]);
}

#[test]
fn a_refusal_within_the_ration_is_found() {
    let mut run = begun();
    let fields = [integer("number", 1), text("peer", BOB), integer("data", 80)];
    let asks = run.send(ALICE, HUB, "FORWARD", fields);
    run.receive(HUB, asks);
    let refusal = [
        integer("number", 1),
        text("code", "ration"),
        text("wait", "1s"),
    ];
    let refused = run.send(HUB, ALICE, "REFUSED", refusal);
    run.receive(ALICE, refused);
    assert_eq!(found(&run), ["no refusal without its reason"]);
}

#[test]
fn a_session_for_nothing_is_found() {
    let mut run = ByHand::new([HUB, ALICE, BOB]);
    challenge(&mut run, ALICE);
    prove(&mut run, BOB);
    assert_eq!(found(&run), ["no session without a proof"]);
    let mut run = begun();
    prove(&mut run, ALICE);
    assert_eq!(found(&run), ["a proof serves once"]);
    let mut run = begun();
    let registers = run.send(ALICE, HUB, "REGISTER", session(BOB));
    run.receive(HUB, registers);
    run.send(HUB, ALICE, "REGISTERED", []);
    assert_eq!(found(&run), ["no registration without a session"]);
}

#[test]
fn who_hears_nothing_is_found() {
    let mut run = begun();
    let fields = [integer("number", 4), text("to", BOB)];
    let asks = run.send(ALICE, HUB, "REVERSE", fields);
    run.receive(HUB, asks);
    assert_eq!(
        found(&run),
        ["who asks is answered", "peers hear what came of it"]
    );
}
