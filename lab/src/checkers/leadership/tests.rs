use super::*;
use crate::checkers::by_hand::{ByHand, text, violated};

fn elected(run: &mut ByHand, process: &str, leader: &str) {
    run.say(process, "Elected", [text("process", leader)]);
}

fn names(run: &ByHand) -> Vec<&'static str> {
    violated(&check(&run.history, run.history.processes.len() as u32))
}

/// peer-00 asks both larger ones; peer-02 leads.
fn election() -> ByHand {
    let mut run = ByHand::new(["peer-00", "peer-01", "peer-02"]);
    run.step("peer-00");
    run.send("peer-00", "peer-01", "ELECTION", []);
    run.send("peer-00", "peer-02", "ELECTION", []);
    for process in ["peer-02", "peer-00", "peer-01"] {
        run.step(process);
        elected(&mut run, process, "peer-02");
    }
    run
}

#[test]
fn a_right_election_violates_nothing() {
    assert_eq!(names(&election()), [""; 0]);
}

#[test]
fn a_smaller_process_leads_only_if_the_larger_ones_are_down() {
    let mut run = ByHand::new(["peer-00", "peer-01"]);
    run.step("peer-00");
    run.send("peer-00", "peer-01", "ELECTION", []);
    run.step("peer-00");
    elected(&mut run, "peer-00", "peer-00");
    assert_eq!(names(&run), ["largest that is up", "termination"]);
    run.crash("peer-01");
    assert_eq!(names(&run), [""; 0]);
}

#[test]
fn processes_that_follow_two_leaders_disagree() {
    let mut run = election();
    run.step("peer-01");
    elected(&mut run, "peer-01", "peer-01");
    assert_eq!(names(&run), ["largest that is up", "agreement"]);
}
