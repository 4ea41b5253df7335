//! The command line of `testbed program`, or of a crate's program, for a run of an assignment.

use super::assignment::{Assignment, Run, Subject};
use super::values::name_of;

/// The options that describe the run, as words. What depends on the place of the grading, as the
/// program's file and the folder of runs, is not among them.
pub fn words(assignment: &Assignment, run: &Run) -> Vec<String> {
    if let Some(command) = &run.command {
        return command.clone();
    }
    let mut words = Words::default();
    if let Subject::Program(workload) = &assignment.subject {
        words.push("workload", name_of(workload));
    }
    words.push_some("peers", run.peers);
    words.push_some("clients", run.clients);
    words.push("rate", run.rate);
    words.push("seconds", run.seconds);
    words.push("recovery", format!("{}ms", run.recovery.as_millis()));
    words.push_some("latency", run.latency.as_ref().map(|latency| &latency.text));
    if !run.nemesis.is_empty() {
        let names: Vec<_> = run.nemesis.iter().map(name_of).collect();
        words.push("nemesis", names.join(","));
    }
    let interval = run.nemesis_interval;
    words.push_some(
        "nemesis-interval",
        interval.map(|time| format!("{}ms", time.as_millis())),
    );
    for (name, probability) in [("loss", run.loss), ("duplication", run.duplication)] {
        words.push_some(name, (probability != 0.0).then_some(probability));
    }
    words.push_some("neighbours", run.neighbours.as_ref().map(name_of));
    words.push_some("consistency", run.consistency.as_ref().map(name_of));
    for expected in &run.expect {
        words.push("expect", &expected.text);
    }
    words.0
}

#[derive(Default)]
struct Words(Vec<String>);

impl Words {
    fn push(&mut self, name: &str, value: impl ToString) {
        self.0.extend([format!("--{name}"), value.to_string()]);
    }

    fn push_some(&mut self, name: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.push(name, value);
        }
    }
}
