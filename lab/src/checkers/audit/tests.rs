use super::super::by_hand::{ByHand, Named, integer, list, text, vacuous, violated};
use super::*;

const A: &str = "peer-00";
const HOLDER: &str = "peer-01";
const CHEATER: &str = "peer-02";

const CREDITED: &str = "only the holder of a block is credited";
const FALSE_FINDING: &str = "no finding against the holder of a block";
const DROPPED: &str = "no honest process is dropped";
const SCORES: &str = "scores follow the rule";
const AGAIN: &str = "a dropped process is not asked again";
const DETECTED: &str = "cheaters are detected as often as theory says";

/// The cheater lacks blocks 2 and 3 of four.
fn start() -> ByHand {
    let mut run = ByHand::new([A, HOLDER, CHEATER]);
    run.step(CHEATER);
    run.state(CHEATER, [list("lacks", &["2", "3"])]);
    run
}

fn question(number: i64, index: i64) -> [Named; 2] {
    [integer("number", number), integer("index", index)]
}

/// The auditor asks for a block, gets an answer, and finds it so; then it drops the target, if
/// its score is 0.
fn probe(run: &mut ByHand, target: &str, number: i64, index: i64, finding: &str, score: i64) {
    run.step(A);
    let probe = run.send(A, target, "PROBE", question(number, index));
    run.receive(target, probe);
    if finding == "missed" {
        run.step(A);
    } else {
        let answer = run.send(target, A, "ANSWER", question(number, index));
        run.receive(A, answer);
    }
    found(run, target, number, index, finding, score);
}

fn found(run: &mut ByHand, target: &str, number: i64, index: i64, finding: &str, score: i64) {
    let of = [
        text("target", target),
        text("finding", finding),
        integer("score", score),
    ];
    run.say(A, "Found", of.into_iter().chain(question(number, index)));
    if score == 0 {
        run.say(A, "Dropped", [text("target", target)]);
    }
}

fn judged(run: &ByHand) -> Vec<Property> {
    let terms = Terms {
        first: 2,
        most: 3,
        missed: 2,
        has_deadline: false,
        blocks: 4,
        probes: 2,
    };
    check(&run.history, &Facts::read(&run.history), &terms)
}

#[test]
fn a_right_run_violates_nothing() {
    let mut run = start();
    probe(&mut run, HOLDER, 1, 2, "right", 3);
    probe(&mut run, HOLDER, 2, 3, "right", 3);
    probe(&mut run, CHEATER, 3, 0, "right", 3);
    probe(&mut run, CHEATER, 4, 2, "wrong", 0);
    let properties = judged(&run);
    assert_eq!(violated(&properties), [""; 0]);
    assert_eq!(vacuous(&properties), [""; 0]);
}

#[test]
fn a_block_that_is_lacking_is_not_to_be_credited() {
    let mut run = start();
    probe(&mut run, CHEATER, 1, 3, "right", 3);
    let properties = judged(&run);
    assert_eq!(violated(&properties), [CREDITED]);
    let violation = &properties[0].violations[0];
    assert_eq!(
        violation,
        "peer-00 (step 2) found peer-02 right for block 3, which peer-02 lacks"
    );
}

#[test]
fn the_holder_of_a_block_is_not_wrong() {
    let mut run = start();
    probe(&mut run, HOLDER, 1, 3, "wrong", 0);
    assert_eq!(violated(&judged(&run)), [FALSE_FINDING, DROPPED]);
    // An answer had come before.
    let mut run = start();
    probe(&mut run, HOLDER, 1, 3, "right", 3);
    run.step(A);
    found(&mut run, HOLDER, 1, 3, "missed", 1);
    assert_eq!(violated(&judged(&run)), [FALSE_FINDING]);
}

/// Nobody knows whether it was silent, or a message was lost.
#[test]
fn silence_after_a_loss_is_not_known() {
    let mut run = start();
    run.step(A);
    run.send(A, HOLDER, "PROBE", question(1, 2));
    run.step(A);
    found(&mut run, HOLDER, 1, 2, "missed", 0);
    let properties = judged(&run);
    assert_eq!(violated(&properties), [""; 0]);
    let reason = properties[2].reason().expect("not known");
    assert!(reason.contains("a message of the two was lost"), "{reason}");
}

/// All messages of the two have arrived.
#[test]
fn a_process_that_has_answered_is_not_to_be_dropped() {
    let mut run = start();
    run.step(A);
    let probe = run.send(A, HOLDER, "PROBE", question(1, 2));
    run.step(A);
    found(&mut run, HOLDER, 1, 2, "missed", 0);
    run.receive(HOLDER, probe);
    let late = run.send(HOLDER, A, "ANSWER", question(1, 2));
    run.receive(A, late);
    assert_eq!(violated(&judged(&run)), [DROPPED]);
}

#[test]
fn a_process_that_has_stopped_may_be_dropped() {
    let mut run = start();
    run.step(A);
    found(&mut run, HOLDER, 1, 2, "missed", 0);
    assert_eq!(violated(&judged(&run)), [DROPPED]);
    run.crash(HOLDER);
    let properties = judged(&run);
    assert_eq!(violated(&properties), [""; 0]);
    assert_eq!(properties[2].reason(), None);
}

#[test]
fn scores_are_computed_again() {
    for (finding, score) in [("right", 2), ("wrong", 1), ("missed", 1), ("right", 4)] {
        let mut run = start();
        probe(
            &mut run,
            CHEATER,
            1,
            if finding == "right" { 0 } else { 2 },
            finding,
            score,
        );
        assert_eq!(violated(&judged(&run)), [SCORES], "{finding} {score}");
    }
    // At 0, without being dropped; and dropped although it is above 0.
    let mut run = start();
    probe(&mut run, CHEATER, 1, 0, "right", 3);
    run.say(A, "Dropped", [text("target", CHEATER)]);
    assert_eq!(violated(&judged(&run)), [SCORES]);
    // A restarted auditor begins with new scores.
    let mut run = start();
    probe(&mut run, HOLDER, 1, 0, "right", 3);
    run.step(A).restarts = true;
    probe(&mut run, HOLDER, 1, 0, "right", 3);
    assert_eq!(violated(&judged(&run)), [""; 0]);
}

#[test]
fn a_dropped_process_is_to_be_left_alone() {
    let mut run = start();
    probe(&mut run, CHEATER, 1, 2, "wrong", 0);
    run.step(A);
    run.send(A, CHEATER, "PROBE", question(2, 0));
    assert_eq!(violated(&judged(&run)), [AGAIN]);
}

/// Half of the blocks are lacking, and no one of 40 audits finds one of them.
#[test]
fn detection_that_is_too_rare_is_wrong() {
    let audits = |count: usize, finding: &str, score| {
        let mut run = start();
        for auditor in 0..count {
            let name = format!("auditor-{auditor:02}");
            run.history
                .processes
                .insert(name.as_str().into(), Vec::new());
            for number in 1..=2 {
                run.step(&name);
                let of = [
                    text("target", CHEATER),
                    text("finding", finding),
                    integer("score", score),
                ];
                run.say(&name, "Found", of.into_iter().chain(question(number, 0)));
            }
        }
        judged(&run)
    };
    assert_eq!(violated(&audits(40, "right", 3)), [DETECTED]);
    // So few show nothing.
    assert_eq!(violated(&audits(5, "right", 3)), [""; 0]);
    let mut run = start();
    probe(&mut run, HOLDER, 1, 2, "right", 3);
    run.history.processes.remove(CHEATER);
    let properties = judged(&run);
    let reason = properties[5].reason().expect("idle");
    assert_eq!(reason, "no process lacks blocks");
}
