//! Checks a consensus: do all processes decide on the same value?
//!
//! For any algorithm in which each state has the input of its process, as the number
//! `input`, and a process that decides outputs `Decided`, with the number `value`.
//! Nothing is asked of processes that lie.

use std::collections::{BTreeMap, BTreeSet};

use trace::history::History;

use super::Property;

/// What was recorded of a consensus.
struct Run<'a> {
    history: &'a History,
    decisions: Vec<Decision<'a>>,
    inputs: BTreeSet<i64>,
    liars: BTreeSet<&'a str>,
}

/// An output `Decided`.
struct Decision<'a> {
    by: &'a str,
    /// The number of its step.
    step: u64,
    value: i64,
}

/// Checks a run.
pub fn check(history: &History) -> Vec<Property> {
    let run = Run::read(history);
    vec![
        agreement(&run),
        validity(&run),
        integrity(&run),
        termination(&run),
    ]
}

/// Safety: no two decide on different values, not even one that stops afterwards.
fn agreement(run: &Run<'_>) -> Property {
    let mut property = Property::of("agreement", run.history).looks_at("output Decided");
    for decision in &run.decisions {
        let first = &run.decisions[0];
        let is_same = decision.value == first.value;
        property.check(is_same, || format!("{decision}, but {first}"));
    }
    property
}

/// Safety: what is decided is the input of a process, if none lies.
fn validity(run: &Run<'_>) -> Property {
    let mut property = Property::of("validity", run.history).looks_at("output Decided");
    if !run.liars.is_empty() && !run.decisions.is_empty() {
        property.idle("a liar may have any input");
        return property;
    }
    for decision in &run.decisions {
        let is_input = run.inputs.contains(&decision.value);
        property.check(is_input, || format!("{decision}, which is no input"));
    }
    property
}

/// Safety: no process decides twice.
fn integrity(run: &Run<'_>) -> Property {
    let mut property = Property::of("integrity", run.history).looks_at("output Decided");
    let mut first = BTreeMap::new();
    for decision in &run.decisions {
        let earlier = first.insert(decision.by, decision);
        property.check(earlier.is_none(), || match earlier {
            Some(earlier) => format!("{decision}, after {earlier}"),
            None => String::new(),
        });
    }
    property
}

/// Liveness: every process decides that does not stop.
fn termination(run: &Run<'_>) -> Property {
    let mut property = Property::of("termination", run.history);
    for process in run.history.processes.keys() {
        let crashed = |crash: &trace::history::CrashRecord| crash.process == *process;
        if run.history.crashes.iter().any(crashed) || run.liars.contains(&**process) {
            continue;
        }
        let decides = run.decisions.iter().any(|one| one.by == &**process);
        property.check_in_the_end(decides, || format!("{process} never decides"));
    }
    property
}

impl<'a> Run<'a> {
    fn read(history: &'a History) -> Self {
        let liars = history.liars();
        let decisions = history.outputs().filter_map(|(by, at, kind, fields)| {
            let value = fields.get_integer("value")?;
            let counts = kind == "Decided" && !liars.contains(&**by);
            counts.then(|| Decision {
                by,
                step: history.processes[by][at].number,
                value,
            })
        });
        let inputs = history.steps();
        let inputs = inputs.filter_map(|(.., step)| step.state.get_integer("input"));
        Self {
            history,
            decisions: decisions.collect(),
            inputs: inputs.collect(),
            liars,
        }
    }
}

/// `peer-02 (step 4) decides on 7`
impl std::fmt::Display for Decision<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { by, step, value } = self;
        write!(f, "{by} (step {step}) decides on {value}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::by_hand::{ByHand, integer, text, vacuous, violated};
    use super::*;

    const A: &str = "peer-00";
    const B: &str = "peer-01";
    const C: &str = "peer-02";

    /// Three processes with the inputs 1, 2 and 3.
    fn begin() -> ByHand {
        let mut run = ByHand::new([A, B, C]);
        for (process, input) in [(A, 1), (B, 2), (C, 3)] {
            run.step(process);
            run.state(process, [integer("input", input)]);
        }
        run
    }

    fn decide(run: &mut ByHand, process: &str, value: i64) {
        run.say(process, "Decided", [integer("value", value)]);
    }

    #[test]
    fn right_run_passes_also_if_a_process_stops() {
        let mut run = begin();
        for process in [A, B, C] {
            decide(&mut run, process, 2);
        }
        assert_eq!(violated(&check(&run.history)), [""; 0]);
        let mut run = begin();
        decide(&mut run, A, 3);
        decide(&mut run, B, 3);
        run.crash(C);
        assert_eq!(violated(&check(&run.history)), [""; 0]);
        assert_eq!(vacuous(&check(&run.history)), [""; 0]);
    }

    #[test]
    fn each_mistake_violates_its_property() {
        for (decisions, expected) in [
            (&[(A, 1), (B, 1), (C, 2)][..], &["agreement"][..]),
            (&[(A, 4), (B, 4), (C, 4)], &["validity"]),
            (&[(A, 1), (B, 1), (C, 1), (C, 1)], &["integrity"]),
            (&[(A, 1), (B, 1)], &["termination"]),
            (&[], &["termination"]),
        ] {
            let mut run = begin();
            for &(process, value) in decisions {
                decide(&mut run, process, value);
            }
            assert_eq!(violated(&check(&run.history)), expected, "{decisions:?}");
        }
    }

    #[test]
    fn nothing_is_asked_of_a_liar() {
        let mut run = begin();
        run.state(C, [text("liar", "forge"), integer("input", 3)]);
        for (process, value) in [(A, 9), (B, 9), (C, 1), (C, 2)] {
            decide(&mut run, process, value);
        }
        assert_eq!(violated(&check(&run.history)), [""; 0]);
    }
}
