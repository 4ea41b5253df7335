//! Checks an election: do all processes elect the same leader?
//!
//! For any election in which each state has the process's identity, as the number
//! `id`; a candidate sends ELECTION with its own identity as `id`; and a process
//! that knows the leader outputs `Elected`, with the leader's identity as the
//! number `leader` and, optionally, its name as the text `process`.

use std::collections::BTreeMap;
use std::fmt;

use trace::history::History;

use super::Property;

/// What was recorded of an election.
struct Run<'a> {
    history: &'a History,
    elected: Vec<Elected<'a>>,
    /// The candidates' identities, each with its process.
    candidates: BTreeMap<i64, &'a str>,
}

/// An output `Elected`.
struct Elected<'a> {
    by: &'a str,
    /// The number of its step.
    step: u64,
    /// Whether the leader's identity is the process's own.
    itself: bool,
    leader: i64,
    process: Option<&'a str>,
}

/// Checks a run.
pub fn check(history: &History) -> Vec<Property> {
    let run = Run::read(history);
    vec![
        agreement(&run),
        one_leader(&run),
        validity(&run),
        largest(&run),
        integrity(&run),
        termination(&run),
    ]
}

/// Safety: all name the same leader.
fn agreement(run: &Run<'_>) -> Property {
    let mut property = Property::of("agreement", run.history).looks_at("output Elected");
    for elected in &run.elected {
        let first = &run.elected[0];
        let same = (elected.leader, elected.process) == (first.leader, first.process);
        property.check(same, || format!("{elected}, but {first}"));
    }
    property
}

/// Safety: at most one process outputs its own identity as the leader's.
fn one_leader(run: &Run<'_>) -> Property {
    let mut property =
        Property::of("one leader", run.history).looks_at("output Elected of the leader itself");
    let mut leaders = run.elected.iter().filter(|elected| elected.itself);
    if let Some(first) = leaders.next() {
        property.check(true, String::new);
        for other in leaders {
            property.check(other.by == first.by, || {
                format!("{other}, itself, and {first}, itself")
            });
        }
    }
    property
}

/// Safety: the leader was a candidate.
fn validity(run: &Run<'_>) -> Property {
    let mut property = Property::of("validity", run.history).looks_at("output Elected");
    for elected in &run.elected {
        let owner = run.candidates.get(&elected.leader);
        let right = elected.process.is_none_or(|named| Some(&named) == owner);
        property.check(owner.is_some() && right, || match owner {
            Some(owner) => format!("{elected}, but that is the identity of {owner}"),
            None => format!("{elected}, which is no candidate's identity"),
        });
    }
    property
}

/// Safety: no candidate has a larger identity than the leader.
fn largest(run: &Run<'_>) -> Property {
    let mut property = Property::of("largest", run.history).looks_at("output Elected");
    if let Some((largest, owner)) = run.candidates.last_key_value() {
        for elected in &run.elected {
            property.check(elected.leader >= *largest, || {
                format!("{elected}, but {owner} is a candidate with {largest}")
            });
        }
    }
    property
}

/// Safety: no process outputs `Elected` twice, not even for the same leader.
fn integrity(run: &Run<'_>) -> Property {
    let mut property = Property::of("integrity", run.history).looks_at("output Elected");
    let mut first = BTreeMap::new();
    for elected in &run.elected {
        let earlier = first.insert(elected.by, elected);
        property.check(earlier.is_none(), || match earlier {
            Some(earlier) => format!("{elected}, after {earlier}"),
            None => String::new(),
        });
    }
    property
}

/// Liveness: once there is an election, every process learns the leader.
fn termination(run: &Run<'_>) -> Property {
    let mut property = Property::of("termination", run.history).looks_at("message ELECTION");
    if run
        .history
        .sends()
        .any(|(.., message)| message.kind == "ELECTION")
    {
        for process in run.history.processes.keys() {
            let knows = run.elected.iter().any(|elected| elected.by == &**process);
            property.check_in_the_end(knows, || format!("{process} never says who is elected"));
        }
    }
    property
}

impl<'a> Run<'a> {
    fn read(history: &'a History) -> Self {
        let identity = |process: &str, at: usize| {
            let step = history.processes[process].get(at)?;
            step.state.get_integer("id")
        };
        let elected = history.outputs().filter_map(|(by, at, kind, fields)| {
            let leader = fields.get_integer("leader")?;
            (kind == "Elected").then(|| Elected {
                by,
                step: history.processes[by][at].number,
                itself: identity(by, at) == Some(leader),
                leader,
                process: fields.get_text("process"),
            })
        });
        let candidates = history.sends().filter_map(|(by, at, _, message)| {
            let id = message.fields.get_integer("id")?;
            let own = message.kind == "ELECTION" && identity(by, at) == Some(id);
            own.then_some((id, &**by))
        });
        Self {
            history,
            elected: elected.collect(),
            candidates: candidates.collect(),
        }
    }
}

/// `peer-02 (step 4) elects 7`
impl fmt::Display for Elected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            by, step, leader, ..
        } = self;
        write!(f, "{by} (step {step}) elects {leader}")?;
        match self.process {
            Some(process) => write!(f, ", {process}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::by_hand::{ByHand, integer, text, vacuous, violated};
    use super::*;

    const A: &str = "peer-00";
    const B: &str = "peer-01";
    const C: &str = "peer-02";

    /// A has the identity 5 and C 7, and both are candidates.
    fn stand() -> ByHand {
        let mut run = ByHand::new([A, B, C]);
        for (process, next, id) in [(A, B, 5), (C, A, 7)] {
            run.send(process, next, "ELECTION", [integer("id", id)]);
            run.state(process, [integer("id", id)]);
        }
        run
    }

    fn elect(run: &mut ByHand, by: &str, leader: i64, process: &str) {
        let id = match by {
            A => 5,
            C => 7,
            _ => 3,
        };
        run.step(by);
        run.state(by, [integer("id", id)]);
        let fields = [integer("leader", leader), text("process", process)];
        run.say(by, "Elected", fields);
    }

    fn good() -> ByHand {
        let mut run = stand();
        for by in [C, A, B] {
            elect(&mut run, by, 7, C);
        }
        run
    }

    /// The only violation, which is one of the property `of`.
    fn violation(run: &ByHand, of: &str) -> String {
        let properties = check(&run.history);
        assert_eq!(violated(&properties), [of]);
        let wrong: Vec<_> = properties.iter().flat_map(|p| &p.violations).collect();
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        wrong[0].clone()
    }

    #[test]
    fn a_correct_election_passes() {
        let properties = check(&good().history);
        assert_eq!(violated(&properties), [""; 0]);
        assert_eq!(vacuous(&properties), [""; 0]);
    }

    #[test]
    fn without_candidates_no_leader_is_required() {
        let properties = check(&ByHand::new([A, B, C]).history);
        assert_eq!(violated(&properties), [""; 0]);
        assert_eq!(vacuous(&properties).len(), properties.len());
    }

    #[test]
    fn different_leaders_are_found() {
        let mut run = good();
        // B outputs the identity without the process.
        let steps = run.history.processes.get_mut(B).unwrap();
        steps.clear();
        run.step(B);
        run.say(B, "Elected", [integer("leader", 7)]);
        let wrong = "peer-01 (step 1) elects 7, but peer-00 (step 2) elects 7, peer-02";
        assert_eq!(violation(&run, "agreement"), wrong);
    }

    #[test]
    fn two_leaders_of_one_identity_are_found() {
        let mut run = good();
        run.state(B, [integer("id", 7)]);
        let wrong = "peer-02 (step 2) elects 7, peer-02, itself, \
                     and peer-01 (step 1) elects 7, peer-02, itself";
        assert_eq!(violation(&run, "one leader"), wrong);
    }

    #[test]
    fn two_leaders_are_found() {
        let mut run = stand();
        elect(&mut run, A, 5, A);
        elect(&mut run, B, 7, C);
        elect(&mut run, C, 7, C);
        let violated = violated(&check(&run.history));
        assert_eq!(violated, ["agreement", "one leader", "largest"]);
    }

    #[test]
    fn a_leader_without_a_process_is_found() {
        let mut run = stand();
        for by in [A, B, C] {
            elect(&mut run, by, 9, C);
        }
        let properties = check(&run.history);
        assert_eq!(violated(&properties), ["validity"]);
        let wrong = "peer-00 (step 2) elects 9, peer-02, which is no candidate's identity";
        assert_eq!(properties[2].violations[0], wrong);
    }

    #[test]
    fn a_leader_with_the_identity_of_another_is_found() {
        let mut run = stand();
        for by in [A, B, C] {
            elect(&mut run, by, 7, B);
        }
        let properties = check(&run.history);
        assert_eq!(violated(&properties), ["validity"]);
        let wrong = "peer-00 (step 2) elects 7, peer-01, but that is the identity of peer-02";
        assert_eq!(properties[2].violations[0], wrong);
    }

    #[test]
    fn a_leader_with_a_smaller_identity_is_found() {
        let mut run = stand();
        for by in [A, B, C] {
            elect(&mut run, by, 5, A);
        }
        let properties = check(&run.history);
        assert_eq!(violated(&properties), ["largest"]);
        let wrong = "peer-00 (step 2) elects 5, peer-00, but peer-02 is a candidate with 7";
        assert_eq!(properties[3].violations[0], wrong);
    }

    #[test]
    fn a_second_announcement_is_found() {
        let mut run = good();
        elect(&mut run, B, 7, C);
        let wrong = "peer-01 (step 2) elects 7, peer-02, \
                     after peer-01 (step 1) elects 7, peer-02";
        assert_eq!(violation(&run, "integrity"), wrong);
    }

    #[test]
    fn a_process_without_a_leader_is_found() {
        let mut run = stand();
        elect(&mut run, C, 7, C);
        elect(&mut run, A, 7, C);
        let wrong = "peer-01 never says who is elected";
        assert_eq!(violation(&run, "termination"), wrong);
    }
}
