use super::*;
use crate::checkers::by_hand::{ByHand, integer, list, text, vacuous, violated};

const REGISTRY: &str = "peer-00";
const A: &str = "peer-01";
const B: &str = "peer-02";

const SECOND: u64 = 1_000_000_000;

fn terms() -> Terms {
    let all = [REGISTRY, A, B];
    let others = |of: &str| {
        let others = all.iter().filter(|name| **name != of);
        others.map(|name| (*name).to_owned()).collect()
    };
    Terms {
        registry: REGISTRY.to_owned(),
        neighbours: all.map(|name| (name.to_owned(), others(name))).into(),
        is_attacked: false,
        goes_out: false,
        times: Some(Times {
            remind: SECOND,
            rest: 3 * SECOND,
            known: 3 * SECOND,
            epoch: 5 * SECOND,
        }),
    }
}

fn at(run: &mut ByHand, node: &str, second: u64, epoch: i64, members: &[&str]) {
    run.step(node).at_unix_nano = second * SECOND;
    run.state(node, [integer("epoch", epoch), list("members", members)]);
}

fn issue(run: &mut ByHand, subject: &str, prefix: i64, until: i64) {
    let fields = [
        text("subject", subject),
        integer("prefix", prefix),
        integer("until", until),
    ];
    run.say(REGISTRY, "Issued", fields);
}

fn configure(run: &mut ByHand, node: &str, epoch: i64, settings: &str) {
    let fields = [integer("epoch", epoch), text("settings", settings)];
    run.say(node, "Configured", fields);
}

fn trust(run: &mut ByHand, node: &str, neighbour: &str, (prefix, until): (i64, i64)) {
    let fields = [
        text("neighbour", neighbour),
        integer("prefix", prefix),
        integer("until", until),
    ];
    run.say(node, "Trusted", fields);
}

fn expel(run: &mut ByHand, node: &str, neighbour: &str, until: i64) {
    let fields = [text("neighbour", neighbour), integer("until", until)];
    run.say(node, "Expelled", fields);
}

/// What the members of a node are, as states list them: prefix 0 for the registry, 1 for `A`, 2 for
/// `B`.
fn members(node: &str) -> Vec<String> {
    let all = [REGISTRY, A, B].into_iter().enumerate();
    let others = all.filter(|(_, name)| *name != node);
    others
        .map(|(prefix, name)| format!("{name} prefix {prefix} until 2"))
        .collect()
}

/// Three nodes that trust each other in epoch 1, from second 1 to second 9.
fn trusting() -> ByHand {
    let mut run = ByHand::new([REGISTRY, A, B]);
    for node in [REGISTRY, A, B] {
        let members = members(node);
        let members: Vec<_> = members.iter().map(String::as_str).collect();
        at(&mut run, node, 1, 1, &members);
        if node == REGISTRY {
            configure(&mut run, REGISTRY, 1, "07");
            for (prefix, subject) in (0..).zip([REGISTRY, A, B]) {
                issue(&mut run, subject, prefix, 2);
            }
        } else {
            configure(&mut run, node, 1, "07");
        }
        for (prefix, other) in (0..).zip([REGISTRY, A, B]) {
            if other != node {
                trust(&mut run, node, other, (prefix, 2));
            }
        }
        for second in 2..10 {
            at(&mut run, node, second, 1, &members);
        }
    }
    run
}

fn found(run: &ByHand) -> Vec<&'static str> {
    violated(&check(&run.history, &terms()).properties)
}

#[test]
fn a_right_run_violates_nothing() {
    let run = trusting();
    let findings = check(&run.history, &terms());
    assert_eq!(violated(&findings.properties), [""; 0]);
    assert_eq!(
        vacuous(&findings.properties),
        ["nobody is expelled whose certificate holds"]
    );
    assert_eq!((findings.trusted, findings.expelled), (6, 0));
}

#[test]
fn who_has_no_certificate_is_not_trusted() {
    for wrong in [(1, 3), (2, 2)] {
        let mut run = trusting();
        trust(&mut run, B, A, wrong);
        assert_eq!(found(&run), ["only who has a certificate is trusted"]);
    }
}

#[test]
fn a_certificate_ends() {
    let mut run = trusting();
    at(&mut run, B, 10, 3, &["peer-01 prefix 1 until 2"]);
    let ended = "no certificate is trusted that has ended";
    assert!(found(&run).contains(&ended));
}

#[test]
fn settings_are_signed() {
    for (epoch, settings) in [(1, "08"), (2, "07")] {
        let mut run = trusting();
        configure(&mut run, B, epoch, settings);
        assert_eq!(found(&run), ["settings are those of the registry"]);
    }
}

#[test]
fn epochs_do_not_go_back() {
    let mut run = trusting();
    let all = members(B);
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    at(&mut run, B, 10, 0, &all);
    at(&mut run, B, 11, 1, &all);
    assert_eq!(found(&run), ["no epoch is followed by an older one"]);
}

#[test]
fn a_prefix_has_one_owner() {
    for (subject, prefix) in [(A, 2), (A, 3)] {
        let mut run = trusting();
        issue(&mut run, subject, prefix, 2);
        assert_eq!(found(&run), ["no two nodes have the same prefix"]);
    }
}

/// Whoever is expelled has an ended certificate; a newer one was not forgotten.
#[test]
fn who_has_a_certificate_is_not_expelled() {
    let too_early = "nobody is expelled whose certificate holds";
    for (epoch, is_wrong) in [(2, true), (3, false)] {
        let mut run = trusting();
        let rest = ["peer-00 prefix 0 until 3"];
        at(&mut run, B, 10, epoch, &rest);
        expel(&mut run, B, A, 2);
        assert_eq!(found(&run).contains(&too_early), is_wrong, "{epoch}");
    }
}

#[test]
fn all_trust_each_other_in_the_end() {
    let name = "all trust each other in the end";
    let mut run = trusting();
    at(&mut run, B, 10, 1, &["peer-00 prefix 0 until 2"]);
    assert_eq!(found(&run), [name]);
    // Those who stopped are not trusted any more, and trust nobody.
    run.crash(A);
    assert_eq!(found(&run), [""; 0]);
    // An epoch has just begun, and only one that began earlier has to be known.
    let mut run = trusting();
    for second in [10, 11] {
        let all = members(REGISTRY);
        let all: Vec<_> = all.iter().map(String::as_str).collect();
        at(&mut run, REGISTRY, second, 2, &all);
        if second == 10 {
            configure(&mut run, REGISTRY, 2, "08");
        }
    }
    assert_eq!(found(&run), [""; 0]);
    for second in 12..15 {
        for node in [REGISTRY, A, B] {
            let all = members(node);
            let all: Vec<_> = all.iter().map(String::as_str).collect();
            at(&mut run, node, second, if node == B { 1 } else { 2 }, &all);
        }
    }
    assert_eq!(found(&run), [name]);
    // A process that took no steps.
    let mut run = trusting();
    for second in 10..20 {
        for node in [REGISTRY, A] {
            let all = members(node);
            let all: Vec<_> = all.iter().map(String::as_str).collect();
            at(&mut run, node, second, 1, &all);
        }
    }
    let findings = check(&run.history, &terms());
    let ends = findings.properties.last().expect("a property");
    assert!(
        ends.reason()
            .is_some_and(|why| why.contains("took no step")),
        "{ends:?}"
    );
}

#[test]
fn an_attack_that_is_not_refused_never_struck() {
    let mut run = trusting();
    let attack = [
        text("attack", "forge"),
        integer("epoch", 1),
        list("members", &[]),
    ];
    run.state(B, attack);
    let terms = Terms {
        is_attacked: true,
        ..terms()
    };
    let reasons = |run: &ByHand| {
        let all = check(&run.history, &terms).properties;
        let all = all.iter().filter_map(|one| one.reason().map(str::to_owned));
        all.filter(|why| why.contains("never struck")).count()
    };
    assert_eq!(reasons(&run), 4);
    run.say(
        A,
        "Refused",
        [text("neighbour", B), text("why", "signature")],
    );
    assert_eq!(reasons(&run), 0);
}
