//! Virtual time: how many steps a second, and how long many seeds take.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lab::simulator::{Scenario, Schedule, run};
use lab::system::System as _;
use trace::recorder::StoreRecorder;
use trace::steps::Processes;
use trace::telemetry::Sink;

use crate::bank::{BankSnapshots, bank};
use crate::figures::{median, rate, thousands};

const PEERS: u32 = 20;

/// Steps a second on one core, without spans and with them.
pub(crate) fn steps(rounds: u64) -> String {
    // Ten snapshots among some 100,000 steps.
    let system = BankSnapshots {
        each: 10,
        every: Duration::from_secs(5),
        ..bank(PEERS)
    };
    let directory = Processes::new(PEERS);
    let (mut bare, mut traced, mut taken) = (Vec::new(), Vec::new(), 0);
    for seed in 0..rounds {
        let began = Instant::now();
        taken = Schedule::new(&system, &directory, &Scenario::default(), seed)
            .run_unrecorded()
            .steps;
        bare.push(rate(taken, began.elapsed()));

        let sink = Sink::new(Some(Arc::new(StoreRecorder::start(Arc::default()))), None);
        let began = Instant::now();
        taken = Schedule::new(&system, &directory, &Scenario::default(), seed)
            .run_traced(&sink)
            .steps;
        // Waits until all spans are stored, which is part of the cost.
        let counts = sink.counts();
        traced.push(rate(taken, began.elapsed()));
        assert_eq!(counts.started, counts.stored, "no span is lost");
    }
    format!(
        "{} steps a second (target 1,000,000), with spans {} (target 200,000); medians of {rounds} runs of {} steps, {PEERS} peers",
        thousands(median(bare)),
        thousands(median(traced)),
        thousands(taken as f64)
    )
}

/// How long it takes to run and judge so many schedules, on all cores.
pub(crate) fn seeds(count: u64) -> String {
    let system = bank(PEERS);
    let directory = Processes::new(PEERS);
    let (next, steps, wrong) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= count {
                return;
            }
            let ran = run(&system, &directory, &Scenario::default(), seed);
            let judgement = system.judge(&ran.recorded);
            let holds = judgement.holds();
            steps.fetch_add(ran.steps, Ordering::Relaxed);
            wrong.fetch_add(u64::from(!holds), Ordering::Relaxed);
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(work);
        }
    });
    let took = began.elapsed();
    let steps = steps.into_inner();
    format!(
        "{:.1} s for {} seeds of a snapshot among {PEERS} peers (target 60 s for 10,000); {} wrong, {} steps, {} a second judged, {cores} cores",
        took.as_secs_f64(),
        thousands(count as f64),
        wrong.into_inner(),
        thousands(steps as f64),
        thousands(rate(steps, took))
    )
}
