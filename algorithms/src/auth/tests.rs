use proto::Bytes;

use super::*;
use crate::testing::Network;
use crate::{Effect, Input, Message as _, Output as _, step};

const ALL: [Scheme; 3] = [Scheme::Static, Scheme::Challenge, Scheme::Bound];

fn secret(number: u32) -> Secret {
    Secret::new([number as u8 + 1; 32])
}

/// One of `count` processes.
fn auth(me: NodeId, count: u32) -> Auth {
    let others = (0..count).map(NodeId).filter(|other| *other != me);
    Auth::new(me, others.collect(), secret(me.0), secret(me.0 + 100))
}

fn id(number: u32) -> Id {
    fingerprint(&secret(number).key())
}

fn sent(effects: &[Effect<Auth>]) -> Vec<&Message> {
    let sent = effects.iter().filter_map(|effect| match effect {
        Effect::Send { message, .. } => Some(message),
        _ => None,
    });
    sent.collect()
}

/// Lets a process handle a message, and returns the only answer.
fn answer(auth: &mut Auth, from: u32, message: Message) -> Option<Message> {
    let from = NodeId(from);
    let effects = step(auth, Input::Message { from, message }, 0);
    let sent = sent(&effects);
    assert!(sent.len() <= 1, "{sent:?}");
    sent.first().map(|message| (*message).clone())
}

/// The challenge of process 0 to a claim of `who` by process `from`.
fn challenged(verifier: &mut Auth, from: u32, scheme: Scheme, who: u32) -> Challenge {
    let hello = Message::Hello {
        scheme,
        id: id(who),
    };
    match answer(verifier, from, hello) {
        Some(Message::Challenge(challenge)) => challenge,
        other => panic!("no challenge: {other:?}"),
    }
}

/// The proof of process 1, on its channel to process `to`.
fn proof(challenge: &Challenge, to: u32) -> Message {
    let statement = Statement {
        scheme: challenge.scheme,
        prover: &id(1),
        nonce: challenge.nonce,
        verifier: &challenge.verifier,
        ends: Some((NodeId(1), NodeId(to))),
    };
    Message::Proof(statement.sign(&secret(1)))
}

fn refused(scheme: Scheme, why: Reason) -> Option<Message> {
    Some(Message::Refused { scheme, why })
}

#[test]
fn all_prove_themselves_to_all() {
    for seed in 0..20 {
        let mut network = Network::new(3, |me| auth(me, 3), seed);
        for node in 0..3 {
            let prove = Command::Prove(ALL.to_vec());
            network.now(NodeId(node), Input::Command(prove));
        }
        network.run();
        // A timer may run out before any message arrives, so a prover may stop asking.
        let of_kind = |kind| {
            let outputs = network.outputs.iter();
            outputs.filter(|(_, output)| output.kind() == kind).count()
        };
        let (proved, failed) = (of_kind("Proved"), of_kind("Failed"));
        assert_eq!(proved + failed, 3 * 2 * 3, "{seed}: {:?}", network.outputs);
        assert!(proved > failed, "{seed}: {:?}", network.outputs);
    }
}

#[test]
fn a_challenge_serves_once_for_one_claim_on_one_channel() {
    for scheme in [Scheme::Challenge, Scheme::Bound] {
        let unasked = refused(scheme, Reason::Unasked);
        let mut verifier = auth(NodeId(0), 3);
        let challenge = challenged(&mut verifier, 1, scheme, 1);
        let right = proof(&challenge, 0);
        // On another channel.
        assert_eq!(answer(&mut verifier, 2, right.clone()), unasked);
        // The prover asks again, and both of its proofs arrive.
        assert_eq!(challenged(&mut verifier, 1, scheme, 1), challenge);
        let accepted = Some(Message::Accepted { scheme });
        assert_eq!(answer(&mut verifier, 1, right.clone()), accepted);
        assert_eq!(answer(&mut verifier, 1, right.clone()), unasked);
        // The next challenge has another nonce, and the wrong proof uses it up.
        let later = challenged(&mut verifier, 1, scheme, 1);
        assert_ne!(later.nonce, challenge.nonce);
        assert_eq!(
            answer(&mut verifier, 1, right),
            refused(scheme, Reason::Nonce)
        );
        assert_eq!(answer(&mut verifier, 1, proof(&later, 0)), unasked);
        // A claim of another identity.
        let other = challenged(&mut verifier, 1, scheme, 2);
        assert_eq!(answer(&mut verifier, 1, proof(&other, 0)), unasked);
    }
}

#[test]
fn only_the_bound_scheme_knows_the_channel() {
    for (scheme, expected) in [
        (
            Scheme::Challenge,
            Some(Message::Accepted {
                scheme: Scheme::Challenge,
            }),
        ),
        (Scheme::Bound, refused(Scheme::Bound, Reason::Signature)),
    ] {
        let mut verifier = auth(NodeId(0), 3);
        let challenge = challenged(&mut verifier, 2, scheme, 1);
        // Made for process 2, which has passed the challenge on.
        assert_eq!(answer(&mut verifier, 2, proof(&challenge, 2)), expected);
    }
}

#[test]
fn a_prover_signs_nothing_unasked() {
    let mut prover = auth(NodeId(1), 3);
    let challenge = |scheme| {
        Message::Challenge(Challenge {
            scheme,
            nonce: 7,
            verifier: id(0),
        })
    };
    assert_eq!(answer(&mut prover, 0, challenge(Scheme::Bound)), None);
    step(
        &mut prover,
        Input::Command(Command::Prove(vec![Scheme::Bound])),
        0,
    );
    assert_eq!(answer(&mut prover, 0, challenge(Scheme::Challenge)), None);
    assert!(answer(&mut prover, 0, challenge(Scheme::Bound)).is_some());
}

#[test]
fn only_the_current_key_replaces_itself() {
    let mut verifier = auth(NodeId(0), 3);
    let replace = |old: u32, new: u32| {
        Message::Replace(Replacement::sign(&id(1), &secret(old), &secret(new)))
    };
    assert_eq!(answer(&mut verifier, 2, replace(2, 2)), None, "not its key");
    assert_eq!(
        answer(&mut verifier, 1, replace(1, 11)),
        Some(Message::Replaced)
    );
    assert_eq!(
        answer(&mut verifier, 1, replace(1, 11)),
        Some(Message::Replaced),
        "again"
    );
    assert_eq!(
        answer(&mut verifier, 2, replace(1, 12)),
        None,
        "the old key"
    );
    assert_eq!(
        answer(&mut verifier, 1, replace(11, 12)),
        Some(Message::Replaced)
    );
    let Message::Replace(mut forged) = replace(12, 13) else {
        panic!("it is a REPLACE");
    };
    forged.key = secret(14).key();
    assert_eq!(
        answer(&mut verifier, 1, Message::Replace(forged)),
        None,
        "another key"
    );
    // The first key proves nothing any more, but for a verifier that keeps nothing.
    let challenge = challenged(&mut verifier, 1, Scheme::Bound, 1);
    let old = proof(&challenge, 0);
    assert_eq!(
        answer(&mut verifier, 1, old),
        refused(Scheme::Bound, Reason::Key)
    );
    let fixed = auth(NodeId(1), 3).fixed;
    let scheme = Scheme::Static;
    assert_eq!(
        answer(&mut verifier, 2, Message::Proof(fixed)),
        Some(Message::Accepted { scheme })
    );
}

#[test]
fn a_verifier_that_restarts_keeps_new_keys_and_uses_no_nonce_twice() {
    let mut verifier = auth(NodeId(0), 3);
    let before = challenged(&mut verifier, 1, Scheme::Bound, 1);
    let replacement = Replacement::sign(&id(1), &secret(1), &secret(11));
    answer(&mut verifier, 1, Message::Replace(replacement));
    let mut restarted = auth(NodeId(0), 3);
    restarted.recover(&verifier);
    let after = challenged(&mut restarted, 1, Scheme::Bound, 1);
    assert_ne!(before.nonce, after.nonce);
    let old = proof(&after, 0);
    assert_eq!(
        answer(&mut restarted, 1, old),
        refused(Scheme::Bound, Reason::Key)
    );
}

#[test]
fn a_silent_verifier_is_asked_ten_times() {
    let mut prover = auth(NodeId(0), 2);
    step(
        &mut prover,
        Input::Command(Command::Prove(vec![Scheme::Bound])),
        0,
    );
    let timer = (NodeId(1), Request::Prove(Scheme::Bound));
    for _ in 1..TRIES {
        let effects = step(&mut prover, Input::Timer(timer), 0);
        assert!(
            matches!(sent(&effects)[..], [Message::Hello { .. }]),
            "{effects:?}"
        );
    }
    let effects = step(&mut prover, Input::Timer(timer), 0);
    let failed = Output::Failed {
        scheme: Scheme::Bound,
        to: NodeId(1),
        why: None,
    };
    assert!(effects.contains(&Effect::Output(failed)), "{effects:?}");
    assert_eq!(step(&mut prover, Input::Timer(timer), 0), []);
}

#[test]
fn hostile_messages_are_rejected() {
    let mut verifier = auth(NodeId(0), 3);
    for (key, signature) in [
        (Bytes::new(), Bytes::new()),
        (
            Bytes::from_static(&[0xff; 32]),
            Bytes::from_static(&[0xff; 64]),
        ),
        (Bytes::from(vec![0; 100_000]), Bytes::from(vec![0; 100_000])),
    ] {
        let proof = Proof {
            scheme: Scheme::Static,
            id: fingerprint(&key),
            nonce: 0,
            key: key.clone(),
            signature: signature.clone(),
        };
        let refusal = refused(Scheme::Static, Reason::Signature);
        assert_eq!(answer(&mut verifier, 1, Message::Proof(proof)), refusal);
        let replacement = Replacement {
            id: fingerprint(&key),
            old: key.clone(),
            key,
            signature,
        };
        assert_eq!(
            answer(&mut verifier, 1, Message::Replace(replacement)),
            None
        );
    }
    for bytes in [&b"\xff"[..], b"\x0a\x7f", b"GET /"] {
        assert_eq!(Message::from_payload(Bytes::copy_from_slice(bytes)), None);
    }
}
