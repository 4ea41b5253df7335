use super::super::by_hand::{ByHand, Named, list, text, vacuous, violated};
use super::*;

const OWNER: &str = "peer-00";
const VERIFIER: &str = "peer-01";
const OTHER: &str = "peer-02";

/// The names of the properties of `bound`.
const HOLDER: &str = "bound: accepted only who holds the key now";
const HONEST: &str = "bound: honest provers are accepted";
const STOLEN: &str = "no accepted key is a stolen one";

/// Three processes with the identities `id0`, `id1` and `id2`; the last one holds `holds`.
fn start(holds: &[&str], attacks: bool) -> ByHand {
    let mut run = ByHand::new([OWNER, VERIFIER, OTHER]);
    state(&mut run, OWNER, "id0", &["id0"], false);
    state(&mut run, VERIFIER, "id1", &["id1"], false);
    state(&mut run, OTHER, "id2", holds, attacks);
    run
}

fn state(run: &mut ByHand, process: &str, id: &str, holds: &[&str], attacks: bool) {
    let attack = attacks.then(|| text("attack", "steal"));
    run.step(process);
    let fields = [text("id", id), list("holds", holds)];
    run.state(process, fields.into_iter().chain(attack));
}

fn claim(id: &str) -> [Named; 2] {
    [text("scheme", "bound"), text("id", id)]
}

/// `by` proves `id`, and is accepted. The state of `by` is that of its latest step.
fn accepted(run: &mut ByHand, by: &str, id: &str) {
    let proof = run.send(by, VERIFIER, "PROOF", claim(id));
    run.receive(VERIFIER, proof);
    run.say(VERIFIER, "Accepted", claim(id));
}

/// The owner replaces its key by `new`, and the verifier hears of it, if it does.
fn replace(run: &mut ByHand, is_heard: bool) {
    state(run, OWNER, "id0", &["new"], false);
    let fields = [text("id", "id0"), text("key", "new")];
    let replace = run.send(OWNER, VERIFIER, "REPLACE", fields);
    if is_heard {
        run.receive(VERIFIER, replace);
    }
}

fn ends(run: &mut ByHand, kind: &'static str) {
    ends_at(run, kind, VERIFIER);
}

fn ends_at(run: &mut ByHand, kind: &'static str, to: &str) {
    run.step(OWNER);
    run.say(OWNER, kind, [text("scheme", "bound"), text("to", to)]);
}

fn judged(run: &ByHand, attack: Option<&str>) -> Vec<Property> {
    let terms = Terms {
        schemes: vec!["bound".into()],
        attack: attack.map(str::to_owned),
    };
    check(&run.history, &Facts::read(&run.history), &terms)
}

#[test]
fn an_owner_is_accepted_with_its_old_and_its_new_key() {
    let mut run = start(&["id2"], false);
    accepted(&mut run, OWNER, "id0");
    ends(&mut run, "Proved");
    replace(&mut run, true);
    accepted(&mut run, OWNER, "id0");
    ends(&mut run, "Proved");
    let properties = judged(&run, None);
    assert_eq!(violated(&properties), [""; 0]);
    assert_eq!(vacuous(&properties), [""; 0]);
}

/// A static proof is that of the first key, also where the verifier has not heard of the new one.
#[test]
fn an_owner_with_a_newer_key_than_is_known_is_right() {
    let mut run = start(&["id2"], false);
    replace(&mut run, false);
    accepted(&mut run, OWNER, "id0");
    assert_eq!(violated(&judged(&run, None)), [""; 0]);
}

#[test]
fn a_process_without_the_key_is_not_to_be_accepted() {
    let mut run = start(&["id2"], true);
    accepted(&mut run, OTHER, "id0");
    let properties = judged(&run, Some("replay"));
    assert_eq!(violated(&properties), [HOLDER]);
    let violation = &properties[0].violations[0];
    assert_eq!(
        violation,
        "peer-01 (step 2) accepted peer-02 as peer-00 (id0), which does not hold its key id0"
    );
}

#[test]
fn a_stolen_key_is_right_until_the_verifier_hears_of_a_new_one() {
    let attacked = |is_replaced, is_heard| {
        let mut run = start(&["id2", "id0"], true);
        if is_replaced {
            replace(&mut run, is_heard);
        }
        accepted(&mut run, OTHER, "id0");
        violated(&judged(&run, Some("steal")))
    };
    assert_eq!(attacked(true, true), [HOLDER]);
    assert_eq!(attacked(true, false), [""; 0]);
    assert_eq!(attacked(false, false), [STOLEN]);
}

/// Only the owner can say that a key is new.
#[test]
fn a_replacement_by_another_process_does_not_count() {
    let mut run = start(&["id2"], true);
    let fields = [text("id", "id0"), text("key", "id2")];
    let replace = run.send(OTHER, VERIFIER, "REPLACE", fields);
    run.receive(VERIFIER, replace);
    accepted(&mut run, OTHER, "id0");
    assert_eq!(violated(&judged(&run, Some("forge"))), [HOLDER]);
}

#[test]
fn an_honest_prover_is_to_be_accepted() {
    let mut run = start(&["id2"], false);
    accepted(&mut run, OWNER, "id0");
    ends(&mut run, "Failed");
    assert_eq!(violated(&judged(&run, None)), [HONEST]);
    // It says so, but no verifier has accepted it.
    let mut run = start(&["id2"], false);
    ends(&mut run, "Proved");
    assert_eq!(violated(&judged(&run, None)), [HONEST]);
}

#[test]
fn a_failure_after_a_loss_is_not_known() {
    let mut run = start(&["id2"], false);
    run.send(OWNER, VERIFIER, "HELLO", claim("id0"));
    ends(&mut run, "Failed");
    let properties = judged(&run, None);
    assert_eq!(violated(&properties), [""; 0]);
    let reason = properties[1].reason().expect("not known");
    assert!(reason.contains("did not arrive"), "{reason}");
}

#[test]
fn a_verifier_that_has_stopped_need_not_accept() {
    let mut run = start(&["id2"], false);
    accepted(&mut run, OWNER, "id0");
    ends(&mut run, "Proved");
    ends_at(&mut run, "Failed", OTHER);
    assert_eq!(violated(&judged(&run, None)), [HONEST]);
    run.crash(OTHER);
    let properties = judged(&run, None);
    assert_eq!(violated(&properties), [""; 0]);
    assert_eq!(vacuous(&properties), [""; 0]);
}

#[test]
fn an_attack_that_never_struck_shows_nothing() {
    let mut run = start(&["id2"], true);
    accepted(&mut run, OWNER, "id0");
    let properties = judged(&run, Some("relay"));
    let reason = properties[0].reason().expect("not known");
    assert!(reason.contains("the attack relay never struck"), "{reason}");
    assert_eq!(
        attempts(&Facts::read(&run.history), "bound"),
        (0, 0, BTreeMap::new())
    );
}

/// The verifier may have forgotten the new key, or not.
#[test]
fn the_last_step_before_a_crash_may_be_undone() {
    for held in ["id0", "new"] {
        let mut run = start(&["id2", held], true);
        replace(&mut run, true);
        run.step(VERIFIER).restarts = true;
        run.state(VERIFIER, [text("id", "id1"), list("holds", &["id1"])]);
        accepted(&mut run, OTHER, "id0");
        assert_eq!(violated(&judged(&run, Some("steal"))), [""; 0], "{held}");
    }
}

#[test]
fn states_without_keys_are_not_known() {
    let mut run = ByHand::new([OWNER, VERIFIER]);
    run.step(OWNER);
    run.state(OWNER, [text("id", "id0")]);
    accepted(&mut run, OWNER, "id0");
    let properties = judged(&run, None);
    let reason = properties[0].reason().expect("not known");
    assert!(
        reason.contains("the keys of peer-00 are not recorded"),
        "{reason}"
    );
}
