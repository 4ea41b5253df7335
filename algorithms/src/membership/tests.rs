use std::time::Duration;

use super::*;
use crate::testing::{Network, mesh, neighbours};
use crate::{Input, Party};

const REGISTRY: NodeId = NodeId(0);
const A: NodeId = NodeId(1);
const B: NodeId = NodeId(2);

fn signer() -> Secret {
    Secret::new([1; 32])
}

fn other() -> Secret {
    Secret::new([2; 32])
}

fn node(me: NodeId, count: u32) -> Membership {
    let config = Config {
        registry: REGISTRY,
        key: signer().key(),
        holds: 4,
        epoch: None,
        remind: None,
        open: true,
    };
    let secret = (me == REGISTRY).then(signer);
    Membership::new(me, &neighbours(&mesh(count), me), secret, Arc::new(config))
}

fn begin<N: Algorithm<Message = Message>>(
    count: u32,
    node: impl Fn(NodeId) -> N,
    seed: u64,
) -> Network<N> {
    let mut network = Network::new(count, node, seed);
    for me in (0..count).map(NodeId) {
        network.now(me, Input::Start);
    }
    network.run();
    network
}

fn advance<N: Algorithm<Message = Message, Command = Command>>(
    network: &mut Network<N>,
    times: u32,
) {
    for _ in 0..times {
        network.now(REGISTRY, Input::Command(Command::Advance));
        network.run();
    }
}

fn present(network: &mut Network<Membership>, certificate: Certificate, from: NodeId, to: NodeId) {
    let message = Message::Present {
        certificate,
        epoch: 1,
        wants: true,
    };
    network.now(to, Input::Message { from, message });
    network.run();
}

fn last_refusal(network: &Network<Membership>) -> Option<Reason> {
    match network.outputs.last() {
        Some((_, Output::Refused { why, .. })) => Some(*why),
        _ => None,
    }
}

#[test]
fn all_trust_each_other_and_have_prefixes_of_their_own() {
    for seed in 0..50 {
        let mut network = begin(5, |me| node(me, 5), seed);
        for epochs in [1, 9] {
            let mut prefixes: Vec<_> = network
                .processes
                .iter()
                .map(|node| {
                    assert_eq!(node.trusted.len(), 4, "seed {seed}");
                    assert_eq!(node.number(), epochs);
                    node.own.as_ref().expect("a certificate").prefix
                })
                .collect();
            prefixes.sort_unstable();
            assert_eq!(prefixes, [0, 1, 2, 3, 4]);
            advance(&mut network, if epochs == 1 { 8 } else { 0 });
        }
        let expelled = |(_, output): &(NodeId, Output)| matches!(output, Output::Expelled { .. });
        assert!(!network.outputs.iter().any(expelled), "seed {seed}");
    }
}

/// Epochs of which nodes hear out of order, and certificates that are renewed meanwhile.
#[test]
fn an_epoch_is_never_followed_by_an_older_one() {
    for seed in 0..100 {
        let mut network = begin(4, |me| node(me, 4), seed);
        for _ in 0..6 {
            network.later(REGISTRY, Input::Command(Command::Advance));
        }
        let mut numbers = [0; 4];
        loop {
            for (number, node) in numbers.iter_mut().zip(&network.processes) {
                assert!(*number <= node.number(), "seed {seed}");
                *number = node.number();
            }
            if !network.step() {
                break;
            }
        }
        assert_eq!(numbers, [7; 4], "seed {seed}");
    }
}

#[test]
fn a_certificate_is_of_use_to_its_subject_alone() {
    let mut network = begin(3, |me| node(me, 3), 1);
    let held = network.processes[1].own.clone().expect("a certificate");
    present(&mut network, held, B, REGISTRY);
    assert_eq!(last_refusal(&network), Some(Reason::Subject));
}

#[test]
fn what_the_registry_has_not_signed_is_refused() {
    let mut network = begin(3, |me| node(me, 3), 1);
    let mut held = network.processes[1].own.clone().expect("a certificate");
    held.until += 1;
    let forged = Certificate::sign(A, 1, 9, &other());
    for certificate in [held, forged] {
        present(&mut network, certificate, A, B);
        assert_eq!(last_refusal(&network), Some(Reason::Signature));
    }
    let epoch = Epoch::sign(9, 7, &other());
    let message = Message::Epoch(epoch);
    network.now(B, Input::Message { from: A, message });
    assert_eq!(last_refusal(&network), Some(Reason::Signature));
    assert_eq!(network.processes[2].number(), 1);
}

/// A node that is cut off does not renew its certificate, and neighbours do not wait for it.
#[test]
fn a_neighbour_is_expelled_when_its_certificate_ends() {
    let mut network = begin(3, |me| node(me, 3), 1);
    let first = network.processes[1].own.clone().expect("a certificate");
    let old = network.processes[1].epoch.clone().expect("an epoch");
    let mut b = network.processes[2].clone();
    for number in 2..=5 {
        let epoch = Epoch::sign(number, 0, &signer());
        let message = Message::Epoch(epoch);
        let input = Input::Message {
            from: REGISTRY,
            message,
        };
        let effects = crate::step(&mut b, input, 1);
        let expelled = effects.iter().any(|effect| {
            matches!(
                effect,
                crate::Effect::Output(Output::Expelled {
                    neighbour: A,
                    until: 4
                })
            )
        });
        assert_eq!(expelled, number == 5, "{number}");
    }
    network.processes[2] = b;
    present(&mut network, first, A, B);
    assert!(network.outputs.iter().any(|(at, output)| {
        let refused = Output::Refused {
            neighbour: A,
            why: Reason::Ended,
        };
        *at == B && *output == refused
    }));
    let message = Message::Epoch(old);
    network.now(B, Input::Message { from: A, message });
    assert_eq!(last_refusal(&network), Some(Reason::Older));
}

#[test]
fn neighbours_that_do_not_trust_each_other_do_not_answer_for_ever() {
    let mut network = begin(3, |me| node(me, 3), 1);
    for at in [1, 2] {
        let node = &mut network.processes[at];
        node.trusted.clear();
        node.epoch = Some(Epoch::sign(9, 0, &signer()));
    }
    network.sent.clear();
    let held = network.processes[1].own.clone().expect("a certificate");
    present(&mut network, held, A, B);
    let presented =
        |(_, _, message): &&(NodeId, NodeId, Message)| matches!(message, Message::Present { .. });
    assert_eq!(network.sent.iter().filter(presented).count(), 1);
}

/// The registry keeps its number and the prefixes; others their certificates.
#[test]
fn nothing_that_matters_is_forgotten_in_a_crash() {
    let mut network = begin(3, |me| node(me, 3), 1);
    advance(&mut network, 1);
    for at in [REGISTRY, B] {
        let before = network.processes[usize::from(at)].clone();
        let mut again = node(at, 3);
        again.recover(&before);
        network.processes[usize::from(at)] = again;
        network.now(at, Input::Restart);
        network.run();
        let after = &network.processes[usize::from(at)];
        assert_eq!(after.number(), 2);
        assert_eq!(after.own, before.own);
        assert_eq!(after.prefixes, before.prefixes);
        assert_eq!(
            after.trusted.len(),
            2,
            "all neighbours present their certificates"
        );
    }
}

/// Whether `B`, which may have that mistake, trusts an impostor wrongly, or takes an older epoch.
fn is_taken_in(attack: Attack, flaw: Option<Flaw>, seed: u64) -> bool {
    let process = |me: NodeId| match (me, flaw) {
        (A, _) => Party::Adversary(Impostor::new(
            node(me, 4),
            Disguise::new(me, attack, other()),
        )),
        (_, Some(flaw)) => Party::Flawed(Flawed::new(node(me, 4), flaw, signer())),
        (_, None) => Party::Honest(node(me, 4)),
    };
    let mut network = begin(4, process, seed);
    let mut last = 0;
    for _ in 0..8 {
        advance(&mut network, 1);
        let fields = network.processes[2].fields();
        let number = fields.get_integer("epoch").unwrap_or(0);
        let members = fields.get_list("members").unwrap_or_default();
        let trusts = members.iter().find(|text| text.starts_with("peer-01 "));
        let until = trusts.and_then(|text| text.rsplit(' ').next()?.parse().ok());
        let is_right = attack == Attack::Replay && until.is_none_or(|until: i64| until >= number);
        if number < last || trusts.is_some() && !is_right || number > 500 {
            return true;
        }
        last = number;
    }
    false
}

#[test]
fn impostors_are_not_trusted() {
    for attack in [Attack::Forge, Attack::Borrow, Attack::Replay] {
        for seed in 0..20 {
            assert!(!is_taken_in(attack, None, seed), "{attack:?}, seed {seed}");
        }
    }
}

#[test]
fn each_rule_is_there_for_an_attack() {
    for (attack, flaw) in [
        (Attack::Forge, Flaw::SignatureUnchecked),
        (Attack::Borrow, Flaw::SubjectUnchecked),
        (Attack::Replay, Flaw::OlderTaken),
        (Attack::Replay, Flaw::EndIgnored),
    ] {
        let found = (0..20).any(|seed| is_taken_in(attack, Some(flaw), seed));
        assert!(found, "{flaw:?}");
    }
}

/// The rooms of another algorithm open and close.
#[test]
fn a_neighbour_that_is_gone_is_not_trusted() {
    let mut network = begin(3, |me| node(me, 3), 1);
    network.now(B, Input::Command(Command::Down(A)));
    assert_eq!(
        network.processes[2]
            .trusted
            .keys()
            .copied()
            .collect::<Vec<_>>(),
        [REGISTRY]
    );
    network.now(A, Input::Timer(Timer::Remind));
    network.run();
    assert_eq!(network.processes[2].trusted.len(), 1, "it is no neighbour");
    network.now(B, Input::Command(Command::Up(A)));
    network.run();
    assert_eq!(network.processes[2].trusted.len(), 2);
    assert_eq!(network.processes[2].config.remind, None::<Duration>);
}
