//! What a proof costs the peer that looks for it, and the hub that checks it.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use algorithms::hub::{Hub, Message, Proof, Puzzle, Server, VERSION};
use algorithms::{Effect, NodeId};
use proto::Bytes;
use trace::steps::{Clock, Processes, Received, RecordTo, Steps};

use crate::figures::{median, thousands};

const HASHES: u64 = 1_000_000;
const MESSAGES: u64 = 100_000;
const ROUNDS: usize = 5;

/// Its name is as long as a PeerId.
const NAME: &str = "12D3KooWGjMCwK5jBYqbC1xvWbYyXv9PPkzn5TaWbzkUGqRHSWrN";

pub(crate) fn of_proofs() -> String {
    let hash = median((0..ROUNDS).map(|_| hash()).collect());
    let asked = median((0..ROUNDS).map(|_| hub(challenge)).collect());
    let proved = median((0..ROUNDS).map(|_| hub(proof)).collect());
    let mut text = format!(
        "{} hashes a second in one thread; the hub takes {:.2} µs for NEW_SESSION, {:.2} µs for PROOF; medians of {ROUNDS} rounds",
        thousands(1.0 / hash),
        1e6 * asked,
        1e6 * proved
    );
    for bits in [0, 10, 16, 20, 24] {
        let hashes = 2_f64.powi(bits);
        let _ = write!(
            text,
            "\nproof_{bits} {} hashes, {:.6} s of the peer beside {:.2} µs of the hub: {:.1} times",
            thousands(hashes),
            hashes * hash,
            1e6 * (asked + proved),
            hashes * hash / (asked + proved)
        );
    }
    text
}

/// Seconds for one hash of a proof.
fn hash() -> f64 {
    let puzzle = Puzzle {
        node: NAME.into(),
        hub: NAME.into(),
        epoch: 29_000_000,
        bits: 64,
        seed: Bytes::from_static(&[7; 16]),
    };
    let began = Instant::now();
    for nonce in 0..HASHES {
        black_box(puzzle.is_solved_by(black_box(nonce)));
    }
    began.elapsed().as_secs_f64() / HASHES as f64
}

const fn challenge(_: u64) -> Message {
    Message::NewSession { version: VERSION }
}

/// A wrong one, since right ones would be sessions that stay.
fn proof(nonce: u64) -> Message {
    Message::Proof(Proof {
        epoch: 1,
        bits: 64,
        nonce,
        // The hub computes it before it compares.
        seed: Bytes::new(),
    })
}

/// Seconds for one message at the hub, whose answer is encoded as well.
fn hub(message: fn(u64) -> Message) -> f64 {
    let terms = crate::terms();
    let names = Processes::named([NAME.into(), NAME.to_lowercase().into()]);
    let hub = Hub::Server(Server::new(NAME.into(), terms, [7; 32]));
    let mut steps = Steps::new(hub, NodeId(0), RecordTo::Nothing, Clock::Spans, 1);
    steps.start(&names);
    let received = Received {
        id: 0,
        sequence: 0,
        incarnation: 0,
        deadline_unix_nano: None,
        size: None,
        sent_by: None,
    };
    let began = Instant::now();
    for number in 0..MESSAGES {
        let step = steps.message(NodeId(1), message(number), &received, &names);
        for effect in step.effects {
            if let Effect::Send { message, .. } = effect {
                black_box(algorithms::Message::to_payload(&message));
            }
        }
    }
    began.elapsed().as_secs_f64() / MESSAGES as f64
}
