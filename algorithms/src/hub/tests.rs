use std::time::Duration;

use proto::Bytes;

use super::*;
use crate::testing::Network;
use crate::{Effect, Input, step};

const HUB: NodeId = NodeId(0);

fn terms() -> Terms {
    Terms {
        bits: 6,
        crowd: 4,
        epoch: None,
        kept: 1,
        life: None,
        nearest: 2,
        burst: 100,
        tick: Duration::from_secs(1),
        fill: 10,
        largest: 80,
        patience: Duration::from_secs(1),
        errands: 2,
        pace: None,
    }
}

fn server() -> Hub {
    Hub::Server(Server::new(HUB.to_string(), terms(), [7; 32]))
}

fn process(id: NodeId) -> Hub {
    match id {
        HUB => server(),
        id => node(id, VERSION),
    }
}

fn node(id: NodeId, version: u64) -> Hub {
    let hubs = vec![(HUB, HUB.to_string())];
    Hub::Node(Node::new(id.to_string(), hubs, version, None))
}

fn name(node: u32) -> String {
    NodeId(node).to_string()
}

fn zeros(bytes: usize) -> Bytes {
    Bytes::from(vec![0; bytes])
}

/// What the hub sends to that peer for a message of it.
fn ask(hub: &mut Hub, from: NodeId, message: Message) -> Vec<(NodeId, Message)> {
    let effects = step(hub, Input::Message { from, message }, 0);
    let sent = effects.into_iter().filter_map(|effect| match effect {
        Effect::Send { to, message, .. } => Some((to, message)),
        _ => None,
    });
    sent.collect()
}

fn started() -> Hub {
    let mut hub = server();
    step(&mut hub, Input::Start, 0);
    hub
}

/// The proof for what the hub asks of that peer.
fn proof(hub: &mut Hub, node: NodeId) -> Message {
    let answer = ask(hub, node, Message::NewSession { version: VERSION });
    let [(_, Message::Challenge(Challenge { epoch, bits, seed }))] = &answer[..] else {
        panic!("{answer:?}");
    };
    let (epoch, bits, seed) = (*epoch, *bits, seed.clone());
    let puzzle = Puzzle {
        node: node.to_string(),
        hub: HUB.to_string(),
        epoch,
        bits,
        seed: seed.clone(),
    };
    let nonce = (0..).find(|nonce| puzzle.is_solved_by(*nonce));
    let nonce = nonce.expect("one of 64");
    Message::Proof(Proof {
        epoch,
        bits,
        nonce,
        seed,
    })
}

/// Registers that peer. Returns its session.
fn register(hub: &mut Hub, node: NodeId) -> Session {
    let proof = proof(hub, node);
    let answer = ask(hub, node, proof);
    let [(_, Message::Accepted { session })] = &answer[..] else {
        panic!("{answer:?}");
    };
    let registered = ask(
        hub,
        node,
        Message::Register {
            session: session.clone(),
        },
    );
    assert_eq!(registered, [(node, Message::Registered)]);
    session.clone()
}

fn refused(node: NodeId, number: u64, code: Code) -> Vec<(NodeId, Message)> {
    vec![(node, Message::Refused { number, code })]
}

fn forward(number: u64, peer: NodeId, bytes: usize) -> Message {
    let (peer, data) = (peer.to_string(), zeros(bytes));
    Message::Forward(Parcel { number, peer, data })
}

#[test]
fn everybody_registers_and_finds_the_others() {
    for seed in 0..50 {
        let mut network = Network::new(6, process, seed);
        network.now(HUB, Input::Start);
        for node in 1..6 {
            network.later(NodeId(node), Input::Command(Command::Join));
        }
        network.run();
        network.later(NodeId(1), Input::Command(Command::Find(place(&name(4)))));
        network.later(
            NodeId(2),
            Input::Command(Command::Forward(name(3), zeros(80))),
        );
        let within = Duration::from_secs(1);
        network.later(
            NodeId(5),
            Input::Command(Command::Reverse(name(1), zeros(8))),
        );
        network.run();
        network.now(
            NodeId(3),
            Input::Command(Command::Call(name(2), zeros(8), within)),
        );
        network.run();
        let outputs = &network.outputs;
        let joined = outputs
            .iter()
            .filter(|(_, output)| *output == Output::Joined);
        assert_eq!(joined.count(), 5);
        let found = outputs.iter().find_map(|(by, output)| match output {
            Output::Found { nodes, .. } => Some((*by, nodes[0].clone())),
            _ => None,
        });
        assert_eq!(found, Some((NodeId(1), name(4))));
        let dial_back = Output::DialBack {
            node: name(5),
            data: zeros(8),
        };
        assert!(outputs.contains(&(NodeId(1), dial_back)), "{outputs:?}");
        for ending in [
            (NodeId(2), Output::Sent { number: 1 }),
            (NodeId(5), Output::Reversed { number: 1 }),
        ] {
            assert!(outputs.contains(&ending), "{outputs:?}");
        }
        let data = zeros(8);
        let answered = [
            Output::Answered { number: 1, data },
            Output::Late { number: 1 },
        ]
        .map(|output| (NodeId(3), output));
        assert!(
            answered.iter().any(|one| outputs.contains(one)),
            "{outputs:?}"
        );
    }
}

#[test]
fn a_proof_serves_one_peer_once() {
    let mut hub = started();
    let [one, other] = [NodeId(1), NodeId(2)];
    let proof = proof(&mut hub, one);
    assert_eq!(
        ask(&mut hub, other, proof.clone()),
        refused(other, 0, Code::Proof)
    );
    let accepted = ask(&mut hub, one, proof.clone());
    assert!(matches!(&accepted[..], [(_, Message::Accepted { .. })]));
    // Also where its number happens to be right for the next challenge: for no bits each is.
    let mut easy = terms();
    easy.bits = 0;
    let mut easy = Hub::Server(Server::new(HUB.to_string(), easy, [7; 32]));
    step(&mut easy, Input::Start, 0);
    let right = self::proof(&mut easy, one);
    let accepted = ask(&mut easy, one, right.clone());
    assert!(matches!(&accepted[..], [(_, Message::Accepted { .. })]));
    assert_eq!(ask(&mut easy, one, right), refused(one, 0, Code::Proof));
    assert_eq!(ask(&mut hub, one, proof), refused(one, 0, Code::Proof));
}

#[test]
fn a_proof_of_the_last_epoch_is_too_late() {
    let mut hub = started();
    let proof = proof(&mut hub, NodeId(1));
    step(&mut hub, Input::Timer(Timer::Epoch), 0);
    assert_eq!(
        ask(&mut hub, NodeId(1), proof),
        refused(NodeId(1), 0, Code::Proof)
    );
}

#[test]
fn sessions_make_those_to_come_harder() {
    let mut hub = started();
    for node in 1..=4 {
        register(&mut hub, NodeId(node));
    }
    let proof = proof(&mut hub, NodeId(5));
    assert!(
        matches!(proof, Message::Proof(Proof { bits: 7, .. })),
        "{proof:?}"
    );
}

#[test]
fn a_session_outlives_the_hub_but_not_its_epochs() {
    let mut hub = started();
    let node = NodeId(1);
    let session = register(&mut hub, node);
    let find = Message::Find {
        number: 3,
        target: 0,
    };
    // What is not durable is lost.
    let mut restarted = server();
    restarted.recover(&hub);
    let mut hub = restarted;
    step(&mut hub, Input::Restart, 0);
    assert_eq!(
        ask(&mut hub, node, find),
        refused(node, 3, Code::Unregistered)
    );
    let register = Message::Register { session };
    assert_eq!(
        ask(&mut hub, node, register.clone()),
        [(node, Message::Registered)]
    );
    let stolen = ask(&mut hub, NodeId(2), register.clone());
    assert_eq!(stolen, refused(NodeId(2), 0, Code::Session));
    step(&mut hub, Input::Timer(Timer::Epoch), 0);
    assert_eq!(
        ask(&mut hub, node, register),
        refused(node, 0, Code::Session)
    );
}

#[test]
fn the_ration_is_exact() {
    let mut hub = started();
    let [one, other] = [NodeId(1), NodeId(2)];
    register(&mut hub, one);
    assert_eq!(
        ask(&mut hub, one, forward(1, other, 1)),
        refused(one, 1, Code::UnknownReceiver)
    );
    register(&mut hub, other);
    assert_eq!(
        ask(&mut hub, one, forward(2, other, 81)),
        refused(one, 2, Code::Large)
    );
    let passed = |answer: Vec<(NodeId, Message)>| answer.len() == 2;
    assert!(passed(ask(&mut hub, one, forward(3, other, 80))));
    let wait = Duration::from_secs(1);
    let full = ask(&mut hub, one, forward(4, other, 21));
    assert_eq!(full, refused(one, 4, Code::Ration { wait }));
    assert!(
        passed(ask(&mut hub, other, forward(1, one, 80))),
        "it has its own"
    );
    assert!(passed(ask(&mut hub, one, forward(5, other, 20))));
    step(&mut hub, Input::Timer(Timer::Tick), 0);
    let wait = Duration::from_secs(2);
    let full = ask(&mut hub, one, forward(6, other, 30));
    assert_eq!(full, refused(one, 6, Code::Ration { wait }));
    assert!(passed(ask(&mut hub, one, forward(7, other, 10))));
}

/// Those without a session have a bucket as well.
#[test]
fn a_peer_that_asks_too_often_is_refused_and_then_ignored() {
    let mut terms = terms();
    terms.pace = Some(Pace { burst: 3, fill: 2 });
    let mut hub = Hub::Server(Server::new(HUB.to_string(), terms, [7; 32]));
    step(&mut hub, Input::Start, 0);
    let [one, other] = [NodeId(1), NodeId(2)];
    let find = |number| Message::Find { number, target: 0 };
    let busy = |number, seconds| {
        let wait = Duration::from_secs(seconds);
        refused(one, number, Code::Pace { wait })
    };
    for number in 1..=3 {
        let answer = ask(&mut hub, one, find(number));
        assert_eq!(answer, refused(one, number, Code::Unregistered));
    }
    for (number, seconds) in [(4, 1), (5, 2), (6, 2)] {
        assert_eq!(ask(&mut hub, one, find(number)), busy(number, seconds));
    }
    assert_eq!(ask(&mut hub, one, find(7)), []);
    assert_eq!(
        ask(&mut hub, other, find(1)),
        refused(other, 1, Code::Unregistered),
        "it has its own"
    );
    step(&mut hub, Input::Timer(Timer::Tick), 0);
    assert_eq!(ask(&mut hub, one, find(8)), busy(8, 2));
    for _ in 0..2 {
        step(&mut hub, Input::Timer(Timer::Tick), 0);
    }
    let answer = ask(&mut hub, one, find(9));
    assert_eq!(answer, refused(one, 9, Code::Unregistered));
}

#[test]
fn old_versions_are_told_what_they_need() {
    let mut hub = started();
    let old = Message::NewSession { version: 0 };
    let code = Code::Version { needs: VERSION };
    assert_eq!(ask(&mut hub, NodeId(1), old), refused(NodeId(1), 0, code));
    let mut node = node(NodeId(1), 0);
    step(&mut node, Input::Command(Command::Find(1)), 0);
    step(&mut node, Input::Command(Command::Join), 0);
    let message = Message::Refused { number: 0, code };
    let effects = step(&mut node, Input::Message { from: HUB, message }, 0);
    let refusals = effects.iter().filter(|effect| {
        matches!(
            effect,
            Effect::Output(Output::Refused {
                code: Code::Version { needs: 1 },
                ..
            })
        )
    });
    assert_eq!(
        refusals.count(),
        2,
        "the join and the question: {effects:?}"
    );
    let later = step(&mut node, Input::Command(Command::Find(2)), 0);
    assert_eq!(later, [Effect::Output(Output::Refused { number: 2, code })]);
}

/// An answer that nobody asked this peer for, and one of another peer.
#[test]
fn only_the_one_that_was_called_is_heard() {
    let mut node = node(NodeId(1), VERSION);
    step(&mut node, Input::Command(Command::Find(1)), 0);
    let within = Duration::from_secs(1);
    step(
        &mut node,
        Input::Command(Command::Call(name(2), zeros(3), within)),
        0,
    );
    let mut outputs = |number, peer: NodeId| {
        let peer = peer.to_string();
        let data = Bytes::from_static(b"abc");
        let message = Message::Answered(Parcel { number, peer, data });
        let effects = step(&mut node, Input::Message { from: HUB, message }, 0);
        let outputs = effects
            .into_iter()
            .filter(|effect| matches!(effect, Effect::Output(_)));
        outputs.collect::<Vec<_>>()
    };
    assert_eq!(outputs(1, NodeId(2)), [], "it was to find somebody");
    assert_eq!(outputs(2, NodeId(3)), [], "another one was asked");
    assert_eq!(
        outputs(2, NodeId(2)),
        [Effect::Output(Output::Answered {
            number: 2,
            data: Bytes::from_static(b"abc")
        })]
    );
    assert_eq!(outputs(2, NodeId(2)), [], "once");
}

/// What a process from outside the run is called is its name everywhere.
#[test]
fn strangers_have_their_own_names() {
    let mut hub = started();
    let ask = |hub: &mut Hub, node, name: &str, message| {
        let from = NodeId(node);
        let input = Input::Message { from, message };
        crate::step_named(hub, input, 0, Some(name.into()))
    };
    let version = VERSION;
    let asked = ask(&mut hub, 7, "alice", Message::NewSession { version });
    let Some(Effect::Send { message, .. }) = asked.first() else {
        panic!("{asked:?}");
    };
    let Message::Challenge(Challenge { epoch, bits, seed }) = message.clone() else {
        panic!("{asked:?}");
    };
    let puzzle = Puzzle {
        node: "alice".into(),
        hub: HUB.to_string(),
        epoch,
        bits,
        seed: seed.clone(),
    };
    let nonce = (0..).find(|nonce| puzzle.is_solved_by(*nonce));
    let nonce = nonce.expect("one of 64");
    let proof = Message::Proof(Proof {
        epoch,
        bits,
        nonce,
        seed,
    });
    // She connects again, as another process.
    let accepted = ask(&mut hub, 9, "alice", proof);
    let Some(Effect::Send { to, message, .. }) = accepted.first() else {
        panic!("{accepted:?}");
    };
    let Message::Accepted { session } = message.clone() else {
        panic!("{accepted:?}");
    };
    assert_eq!(*to, NodeId(9));
    ask(&mut hub, 9, "alice", Message::Register { session });
    register(&mut hub, NodeId(1));
    let parcel = Message::Forward(Parcel {
        number: 1,
        peer: "alice".into(),
        data: zeros(3),
    });
    let passed = step(
        &mut hub,
        Input::Message {
            from: NodeId(1),
            message: parcel,
        },
        0,
    );
    assert!(
        matches!(passed[..], [.., Effect::Send { to: NodeId(1), .. }]),
        "{passed:?}"
    );
    let to_her = |effect: &Effect<Hub>| matches!(effect, Effect::Send { to: NodeId(9), .. });
    assert!(passed.iter().any(to_her), "{passed:?}");
}

/// What the page and the judge read.
#[test]
fn refusals_in_fields() {
    let wait = Duration::from_millis(1500);
    let message = Message::Refused {
        number: 2,
        code: Code::Ration { wait },
    };
    let fields = message.fields();
    let texts = ["code", "wait"].map(|name| fields.get_text(name));
    assert_eq!(texts, [Some("ration"), Some("1.5s")]);
}

/// A hub that has started, beside two others.
fn beside_others() -> Hub {
    let others = [1, 2].map(|hub| (NodeId(hub), name(hub)));
    let server = Server::new(HUB.to_string(), terms(), [7; 32]).beside(others.into());
    let mut hub = Hub::Server(server);
    step(&mut hub, Input::Start, 0);
    hub
}

/// The other hubs, the nearest to that peer first.
fn nearest_to(peer: &str) -> [NodeId; 2] {
    let mut hubs = [NodeId(1), NodeId(2)];
    hubs.sort_by_key(|hub| place(&hub.to_string()) ^ place(peer));
    hubs
}

/// Where something was handed over to, and its number.
fn handed(sent: &[(NodeId, Message)]) -> (NodeId, u64) {
    match sent {
        [(to, Message::HandOver(handing))] => (*to, handing.number),
        _ => panic!("{sent:?}"),
    }
}

#[test]
fn the_other_hubs_are_asked_one_after_the_other() {
    let mut hub = beside_others();
    let sender = NodeId(5);
    register(&mut hub, sender);
    let [first, second] = nearest_to(&name(6));
    let sent = ask(&mut hub, sender, forward(1, NodeId(6), 70));
    let (to, number) = handed(&sent);
    assert_eq!(to, first);
    // Only the hub whose turn it is has a say.
    assert_eq!(ask(&mut hub, sender, Message::NotHere { number }), []);
    assert_eq!(ask(&mut hub, second, Message::NotHere { number }), []);
    let next = handed(&ask(&mut hub, first, Message::NotHere { number }));
    assert_eq!(next, (second, number));
    assert_eq!(
        ask(&mut hub, second, Message::NotHere { number }),
        refused(sender, 1, Code::UnknownReceiver)
    );
    // It was paid for.
    let wait = Duration::from_secs(4);
    let full = ask(&mut hub, sender, forward(2, NodeId(6), 70));
    assert_eq!(full, refused(sender, 2, Code::Ration { wait }));
}

#[test]
fn a_hub_that_is_gone_blocks_nothing() {
    let mut hub = beside_others();
    let sender = NodeId(5);
    register(&mut hub, sender);
    let [first, second] = nearest_to(&name(6));
    let overdue = |hub: &mut Hub, number| {
        let effects = step(hub, Input::Timer(Timer::Overdue(number)), 0);
        let sent = effects.into_iter().filter_map(|effect| match effect {
            Effect::Send { to, message, .. } => Some((to, message)),
            _ => None,
        });
        sent.collect::<Vec<_>>()
    };
    let (_, number) = handed(&ask(&mut hub, sender, forward(1, NodeId(6), 1)));
    assert_eq!(handed(&overdue(&mut hub, number)), (second, number));
    // It may be registered at the one that is silent.
    assert_eq!(
        ask(&mut hub, second, Message::NotHere { number }),
        refused(sender, 1, Code::Silent)
    );
    let (_, number) = handed(&ask(&mut hub, sender, forward(2, NodeId(6), 1)));
    overdue(&mut hub, number);
    assert_eq!(
        ask(&mut hub, first, Message::HandedOver { number }),
        [(sender, Message::Forwarded { number: 2 })],
        "late, but it has passed it on"
    );
    for number in [3, 4] {
        handed(&ask(&mut hub, sender, forward(number, NodeId(6), 1)));
    }
    assert_eq!(
        ask(&mut hub, sender, forward(5, NodeId(6), 1)),
        refused(sender, 5, Code::Full)
    );
}

#[test]
fn hubs_believe_hubs_alone() {
    let mut hub = beside_others();
    let receiver = NodeId(6);
    register(&mut hub, receiver);
    let handing = |to: NodeId| {
        Message::HandOver(Handing {
            number: 9,
            kind: Kind::Forward,
            from: name(5),
            to: to.to_string(),
            question: 3,
            data: zeros(4),
        })
    };
    assert_eq!(ask(&mut hub, receiver, handing(receiver)), []);
    let parcel = Parcel {
        number: 3,
        peer: name(5),
        data: zeros(4),
    };
    assert_eq!(
        ask(&mut hub, NodeId(1), handing(receiver)),
        [
            (receiver, Message::Relayed(parcel)),
            (NodeId(1), Message::HandedOver { number: 9 })
        ]
    );
    assert_eq!(
        ask(&mut hub, NodeId(1), handing(NodeId(7))),
        [(NodeId(1), Message::NotHere { number: 9 })]
    );
}

/// A hub that restarts does not use a number again: an answer may be under way.
#[test]
fn numbers_are_used_once() {
    let mut hub = beside_others();
    register(&mut hub, NodeId(5));
    let (_, before) = handed(&ask(&mut hub, NodeId(5), forward(1, NodeId(6), 1)));
    let mut restarted = beside_others();
    restarted.recover(&hub);
    step(&mut restarted, Input::Restart, 0);
    register(&mut restarted, NodeId(5));
    let (_, after) = handed(&ask(&mut restarted, NodeId(5), forward(1, NodeId(6), 1)));
    assert!(after > before, "{before} {after}");
}
