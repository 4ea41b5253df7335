//! Floods of a hub. It answers an honest peer all the while, serves the flooders no more than
//! their bound, does not panic, and takes no more memory than stated.

use algorithms::Message as _;
use algorithms::hub::{Challenge, Message, Parcel, Proof, Puzzle, Session, VERSION};
use node::channel::{Inbound, OUTBOUND_BYTES, Outgoing, Sender};
use node::{Multiaddr, Peer, PeerId, Transport, start};
use proto::Bytes;
use serde_json::{Value, json};
use support::peers::{config, send, within};
use support::saved::no_panic;
use support::{Running, node};
use tokio::task::JoinHandle;

use crate::hostile::node::resident;

/// How many flood it at once, and how often.
const FLOODERS: u32 = 8;
const WAVES: u64 = 200;

/// The bits of a proof.
const BITS: u32 = 8;

/// What a peer is served at once, and in addition in each second: half a second is a guess at
/// how long a wave takes on a busy machine, and the bound is for all.
const AT_ONCE: u64 = 60;
const A_SECOND: u64 = 10;

/// The most that the hub may take for it, in bytes: for each flooder a connection (256 KiB),
/// what waits in front of its stream, and a frame of what is too large; and 16 MiB that the
/// allocator keeps.
const MEMORY: usize =
    FLOODERS as usize * ((256 << 10) + 2 * OUTBOUND_BYTES + (128 << 10)) + (16 << 20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_outlives_floods() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("hub.key");
    let mut command = node();
    command
        .args(["--hub", "--bits", &BITS.to_string(), "--key"])
        .arg(&key);
    let mut hub = Running::start(&mut command);
    let line = hub.line("listening on ");
    let text = line.trim_start_matches("listening on ").to_owned();
    let address: Multiaddr = text.parse().expect("an address");

    let mut honest = Running::start_with_input(node().args(["--stdin", "--via", &text]));
    honest.line("registered at ");
    let before = resident(hub.id());
    let began = std::time::Instant::now();
    let floods: Vec<JoinHandle<u64>> = (10..10 + FLOODERS)
        .map(|number| tokio::spawn(flood(address.clone(), number)))
        .collect();
    let (mut honest, mut asked) = (Some(honest), 0);
    while floods.iter().any(|flood| !flood.is_finished()) {
        let mut asking = honest.take().expect("just put there");
        asked += 1;
        honest = Some(
            tokio::task::spawn_blocking(move || {
                find(&mut asking, asked);
                asking
            })
            .await
            .expect("an answer"),
        );
        // No more often than the bound.
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    }
    let took = began.elapsed().as_secs() + 1;
    for flood in floods {
        let served = flood.await.expect("a flood that ends");
        let bound = AT_ONCE + A_SECOND * took;
        assert!(served <= bound, "{served} served, {bound} allowed");
        assert!(served > 0, "those within the bound are served");
    }
    let taken = resident(hub.id()).saturating_sub(before);
    assert!(taken <= MEMORY, "{taken} bytes taken, {MEMORY} allowed");
    let mut honest = honest.take().expect("just put there");
    find(&mut honest, asked + 1);
    for running in [honest, hub] {
        running.signal("TERM");
        no_panic(&running.end().exits(0));
    }
}

/// An honest peer is answered.
fn find(honest: &mut Running, id: u64) {
    honest.write(&json!({ "id": id, "do": "peers" }).to_string());
    let line = honest.line(&format!("\"id\":{id},"));
    let answer: Value = serde_json::from_str(&line).expect(&line);
    assert_eq!(answer["ok"], true, "{answer}");
}

/// A peer that sends all it can think of, and counts what it is served. A refusal is none.
async fn flood(address: Multiaddr, number: u32) -> u64 {
    let Peer {
        handle,
        mut inbound,
    } = start(config(Transport::Tcp, number)).expect("a peer starts");
    let hub = within("dial", handle.dial(address)).await;
    let hub = hub.expect("the hub listens");
    let sender = within("open", handle.open_channel(hub)).await;
    let mut flooder = Flooder {
        sender: sender.expect("the hub speaks it"),
        me: handle.peer_id(),
        hub,
        sent: 0,
        proof: None,
    };
    let (mut served, mut challenge) = (0, None);
    for wave in 0..WAVES {
        flooder.wave(wave, challenge.take()).await;
        while let Ok(came) = tokio::time::timeout(std::time::Duration::ZERO, inbound.recv()).await {
            let Some(Inbound::Message { envelope, .. }) = came else {
                panic!("the hub hung up: {came:?}");
            };
            match Message::from_payload(envelope.payload) {
                Some(Message::Refused { .. }) => {}
                Some(said) => {
                    served += 1;
                    challenge = Some(said)
                        .filter(|said| matches!(said, Message::Challenge(_)))
                        .or(challenge);
                }
                None => panic!("the hub speaks its protocol"),
            }
        }
    }
    served
}

struct Flooder {
    sender: Sender,
    me: PeerId,
    hub: PeerId,
    sent: u64,
    /// One that was right once.
    proof: Option<Message>,
}

impl Flooder {
    async fn wave(&mut self, number: u64, challenge: Option<Message>) {
        self.say(&Message::NewSession { version: VERSION }).await;
        self.send(Bytes::from_static(b"\xaa\x02\xff garbage")).await;
        let bad = Message::Proof(Proof {
            epoch: 1,
            bits: BITS,
            nonce: number,
            seed: Bytes::new(),
        });
        self.say(&bad).await;
        if let (Some(challenge), None) = (challenge, &self.proof) {
            self.proof = self.solve(challenge);
        }
        if let Some(proof) = self.proof.clone() {
            self.say(&proof).await;
        }
        let seal = Bytes::from_static(&[7; 16]);
        let session = Session { epoch: 1, seal };
        self.say(&Message::Register { session }).await;
        let find = Message::Find {
            number,
            target: number,
        };
        self.say(&find).await;
        let own = self.me.to_string();
        for (peer, size) in [("nobody", 1), (&own, 1), (&own, 40_000)] {
            let parcel = Parcel {
                number,
                peer: peer.to_owned(),
                data: Bytes::from(vec![0; size]),
            };
            self.say(&Message::Forward(parcel)).await;
        }
    }

    fn solve(&self, challenge: Message) -> Option<Message> {
        let Message::Challenge(Challenge { epoch, bits, seed }) = challenge else {
            return None;
        };
        let puzzle = Puzzle {
            node: self.me.to_string(),
            hub: self.hub.to_string(),
            epoch,
            bits,
            seed: seed.clone(),
        };
        let nonce = (0..).find(|nonce| puzzle.is_solved_by(*nonce))?;
        Some(Message::Proof(Proof {
            epoch,
            bits,
            nonce,
            seed,
        }))
    }

    async fn say(&mut self, message: &Message) {
        self.send(message.to_payload()).await;
    }

    async fn send(&mut self, payload: Bytes) {
        let message = Outgoing {
            id: self.sent,
            kind: "FLOOD",
            within: None,
            trace: None,
            payload,
        };
        self.sent += 1;
        let sent = within("flood", send(&mut self.sender, message)).await;
        sent.expect("the hub reads on");
    }
}
