//! The cost of recording a step: `cargo bench -p testbed-trace`.
//!
//! A process handles messages, untraced and traced into a store, in turn. The
//! difference is the cost of recording; the floor is the cost of filling a `Vec` with
//! as many bytes as the store then holds. Wall time includes the wait for the store at
//! the end; CPU time is that of all threads.

#![allow(missing_docs, clippy::print_stdout)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use algorithms::{Algorithm, Describe, Message, NodeId, Out};
use trace::recorder::StoreRecorder;
use trace::steps::{Clock, Processes, Received, RecordTo, Steps};
use trace::store::Store;
use trace::telemetry::{Sink, from_wire};

const STEPS: u64 = 500_000;
const ROUNDS: usize = 7;

/// The number of messages that one step sends, all in its trace.
const TRACE: u64 = 100;

/// Counts messages, and answers them if asked to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
struct Counter {
    count: u64,
    answers: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
#[message(kind = "COUNT")]
struct Count {
    #[message(tag = 1)]
    number: u64,
}

impl Algorithm for Counter {
    type Message = Count;
    type Timer = ();
    type Command = ();
    type Output = ();

    fn on_command(&mut self, (): (), _: &mut Out<Self>) {}

    fn on_message(&mut self, from: NodeId, message: Count, out: &mut Out<Self>) {
        self.count += 1;
        if self.answers {
            out.send(from, message);
        }
    }

    fn on_timer(&mut self, (): (), _: &mut Out<Self>) {}
}

/// The time of one step, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    wall: f64,
    cpu: f64,
}

fn measure(work: impl FnOnce()) -> Cost {
    let (began, cpu) = (Instant::now(), cpu_nanos());
    work();
    Cost {
        wall: began.elapsed().as_nanos() as f64 / STEPS as f64,
        cpu: (cpu_nanos() - cpu) / STEPS as f64,
    }
}

/// User and system time of this process: fields 14 and 15 of proc(5)'s `stat`, in
/// hundredths of a second.
fn cpu_nanos() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        * 1e7
}

fn take_steps(record_to: RecordTo, answers: bool) {
    let directory = Processes::new(2);
    let counter = Counter { count: 0, answers };
    let mut steps = Steps::new(counter, NodeId(0), record_to, Clock::Spans, 1);
    for number in 0..STEPS {
        let wire = proto::TraceContext {
            trace_id: (number / TRACE + 1)
                .wrapping_mul(u64::MAX / 3)
                .to_be_bytes()
                .repeat(2)
                .try_into()
                .expect("16 bytes"),
            span_id: (number / TRACE + 1).to_be_bytes(),
            flags: 1,
        };
        let received = Received {
            id: number,
            sequence: number,
            incarnation: 1,
            deadline_unix_nano: None,
            size: Some(9),
            sent_by: Some(from_wire(wire)),
        };
        black_box(steps.message(NodeId(1), Count { number }, &received, &directory));
    }
}

fn fill(bytes: usize) {
    let mut filled = Vec::new();
    let some = vec![7; bytes / STEPS as usize];
    for _ in 0..STEPS {
        filled.extend_from_slice(black_box(&some));
    }
    black_box(filled);
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    for (name, answers) in [("step_recorded", false), ("step_with_answer", true)] {
        let (mut untraced, mut traced, mut floor) = (Vec::new(), Vec::new(), Vec::new());
        let mut bytes = 0;
        for _ in 0..ROUNDS {
            untraced.push(measure(|| take_steps(RecordTo::Nothing, answers)));
            let store = Arc::new(Store::new());
            let recorder = StoreRecorder::start(Arc::clone(&store));
            let sink = Sink::new(Some(Arc::new(recorder)), None);
            let tracer = sink.tracer("peer", "instance");
            traced.push(measure(|| {
                take_steps(RecordTo::Spans(tracer), answers);
                assert_eq!(sink.counts().stored, STEPS);
            }));
            bytes = store.bytes();
            floor.push(measure(|| fill(bytes)));
        }
        let wall = |costs: &[Cost]| median(costs.iter().map(|cost| cost.wall));
        let cpu = |costs: &[Cost]| median(costs.iter().map(|cost| cost.cpu));
        let ours = wall(&traced) - wall(&untraced);
        println!(
            "{name} {ours:.0} ns a step, {:.0} ns of CPU (target 500); floor {:.0} ns, ratio {:.1}; {} bytes a span; medians of {ROUNDS} rounds of {STEPS} steps, untraced {:.0} ns",
            cpu(&traced) - cpu(&untraced),
            wall(&floor),
            ours / wall(&floor),
            bytes as u64 / STEPS,
            wall(&untraced),
        );
    }
}
