//! When the faults of a run ended, for bounded liveness: what has to happen within a time
//! after the last fault healed.

use std::time::Duration;

use super::History;

impl History {
    /// When the last fault struck or ended, in nanoseconds since the Unix epoch: a crash, a
    /// restart, a partition, a cut or a heal. `None` without faults.
    pub fn last_fault(&self) -> Option<u64> {
        let crashes = self.crashes.iter();
        let crashes = crashes.map(|crash| crash.restarted.unwrap_or(crash.at));
        let partitions = self.partitions.iter();
        let partitions = partitions.map(|partition| partition.healed.unwrap_or(partition.at));
        crashes.chain(partitions).max()
    }

    /// When the last fault ended, in nanoseconds since the Unix epoch: from then on every
    /// process runs, and no two are separated. Without faults it is the time of the first
    /// step. `None` if a process never restarted or a partition never healed.
    ///
    /// The model checker has no times: there all steps have the same one.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use trace::history::History;
    /// fn recovers(history: &History) -> Option<bool> {
    ///     let healed = history.healed()?;
    ///     let elected = history.first_output("Elected", healed);
    ///     Some(elected.is_some_and(|took| took <= Duration::from_secs(1)))
    /// }
    /// # assert_eq!(recovers(&History::default()), None);
    /// ```
    pub fn healed(&self) -> Option<u64> {
        let is_up = self.crashes.iter().all(|crash| crash.restarted.is_some());
        let mut partitions = self.partitions.iter();
        let is_whole = partitions.all(|partition| partition.healed.is_some());
        if !is_up || !is_whole {
            return None;
        }
        let first = || self.steps().map(|(.., step)| step.at_unix_nano).min();
        self.last_fault().or_else(first)
    }

    /// How long after `since`, in nanoseconds since the Unix epoch, the first output of
    /// that kind came, of those at that time or later.
    pub fn first_output(&self, kind: &str, since: u64) -> Option<Duration> {
        let outputs = self.outputs().filter(|(_, _, output, _)| *output == kind);
        let times = outputs.map(|(process, at, ..)| self.processes[process][at].at_unix_nano);
        let first = times.filter(|at| *at >= since).min()?;
        Some(Duration::from_nanos(first - since))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue};

    use super::super::faults::{CUT, GROUP, HEAL, KILL, OTHERS, PARTITION, PEER, RESTART};
    use super::super::{CrashRecord, PartitionRecord};
    use super::*;
    use crate::LABORATORY;
    use crate::steps::{Event, StepRecord, key};
    use crate::store::{Store, samples};

    fn crash(at: u64, restarted: Option<u64>) -> CrashRecord {
        CrashRecord {
            process: "a".into(),
            at,
            restarted,
        }
    }

    fn partition(at: u64, healed: Option<u64>) -> PartitionRecord {
        PartitionRecord {
            group: vec!["a".into()],
            others: vec!["b".into(), "c".into()],
            at,
            healed,
        }
    }

    /// A run with steps at 5 and 40, of which the second has an output.
    fn run(crashes: Vec<CrashRecord>, partitions: Vec<PartitionRecord>) -> History {
        let step = |at_unix_nano, events| StepRecord {
            at_unix_nano,
            events,
            ..StepRecord::default()
        };
        let elected = Event::Output {
            kind: "Elected".into(),
            fields: std::iter::empty().collect(),
        };
        let steps = vec![step(5, Vec::new()), step(40, vec![elected])];
        History {
            processes: [(Arc::from("a"), steps)].into(),
            crashes,
            partitions,
            losses: Vec::new(),
            unfinished: None,
        }
    }

    #[test]
    fn a_run_is_healed_when_its_last_fault_ended() {
        type Times = &'static [(u64, Option<u64>)];
        let cases: [(Times, Times, Option<u64>, Option<u64>); 6] = [
            (&[], &[], None, Some(5)),
            (&[(10, Some(20))], &[], Some(20), Some(20)),
            (&[(10, Some(20))], &[(15, Some(30))], Some(30), Some(30)),
            (&[(10, Some(35))], &[(15, Some(30))], Some(35), Some(35)),
            (&[(10, Some(20)), (25, None)], &[], Some(25), None),
            (&[(10, Some(20))], &[(15, None)], Some(20), None),
        ];
        for (crashes, partitions, last, healed) in cases {
            let down = crashes.iter().map(|(at, end)| crash(*at, *end)).collect();
            let parted = partitions.iter();
            let parted = parted.map(|(at, end)| partition(*at, *end)).collect();
            let run = run(down, parted);
            assert_eq!(run.last_fault(), last, "{run:?}");
            assert_eq!(run.healed(), healed, "{run:?}");
        }
    }

    #[test]
    fn an_output_counts_from_that_time_on() {
        let run = run(Vec::new(), Vec::new());
        let nanos = |count| Some(Duration::from_nanos(count));
        for (since, expected) in [(0, nanos(40)), (40, nanos(0)), (41, None)] {
            assert_eq!(run.first_output("Elected", since), expected, "{since}");
        }
        assert_eq!(run.first_output("Lost", 0), None);
    }

    #[test]
    fn partitions_and_cuts_are_read_from_spans() {
        let store = Store::new();
        let laboratory = store.add_service(samples::resource(LABORATORY));
        let peer = store.add_service(samples::resource("peer-0"));
        let list = |name: &str, texts: &[&str]| {
            let values = texts.iter().map(|text| AnyValue {
                value: Some(Value::StringValue((*text).to_owned())),
            });
            let values = values.collect();
            samples::attribute(name, Value::ArrayValue(ArrayValue { values }))
        };
        let mut id = 0;
        let mut add = |service, name, at, attributes| {
            id += 1;
            let mut span = samples::span([1; 16], id, 0, name, at);
            span.attributes = attributes;
            store.insert(service, &span).expect("a good span");
        };
        let sides = || vec![list(GROUP, &["a"]), list(OTHERS, &["b", "c"])];
        let link = |one, other| vec![samples::text(PEER, one), samples::text(key::REMOTE, other)];
        add(laboratory, HEAL, 30, sides());
        add(laboratory, PARTITION, 30, sides());
        add(laboratory, PARTITION, 10, sides());
        add(laboratory, CUT, 20, link("b", "a"));
        add(laboratory, HEAL, 25, link("a", "b"));
        add(laboratory, KILL, 1, vec![samples::text(PEER, "c")]);
        add(laboratory, RESTART, 2, vec![samples::text(PEER, "c")]);
        // Neither malformed spans nor a peer's own operation of that name.
        add(laboratory, PARTITION, 3, vec![samples::text(GROUP, "a")]);
        add(laboratory, CUT, 3, vec![samples::text(PEER, "a")]);
        add(peer, CUT, 3, link("a", "b"));
        let cut = PartitionRecord {
            group: vec!["a".into()],
            others: vec!["b".into()],
            at: 20,
            healed: Some(25),
        };
        let expected = vec![partition(10, Some(30)), cut, partition(30, None)];
        let history = History::read(&store);
        let base = history.crashes[0].at - 1;
        assert_eq!(history.last_fault(), Some(base + 30));
        let since = |one: &PartitionRecord| PartitionRecord {
            at: one.at - base,
            healed: one.healed.map(|at| at - base),
            ..one.clone()
        };
        let read: Vec<_> = history.partitions.iter().map(since).collect();
        assert_eq!(read, expected);
        assert_eq!(history.healed(), None);
    }
}
