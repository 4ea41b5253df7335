use algorithms::raft::{Flaw, Flawed};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use trace::steps::Processes;

use super::*;

use crate::simulator::{Crash, Memory, Partition, Scenario, run};
use crate::system::judge;

const MS: Duration = Duration::from_millis(1);

fn system<A>(
    commands: u32,
    last_term: u64,
    process: impl Fn(Raft) -> A + Send + Sync + 'static,
) -> ReplicatedLog<A> {
    ReplicatedLog {
        processes: 3,
        commands,
        every: MS * 20,
        times: Times {
            election: (MS * 30, MS * 60),
            heartbeat: MS * 20,
            last_term,
        },
        process: Arc::new(process),
    }
}

/// A second in which processes crash and restart, one at a time is often cut off, and some
/// messages are lost.
fn faults(seed: u64) -> Scenario {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut scenario = Scenario {
        loss: 0.05,
        ..Scenario::default()
    };
    for process in [0, 1, 2, 0, 1, 2] {
        let at = MS * rng.random_range(0..1000);
        scenario.crash.push(Crash {
            process,
            at,
            restart: Some(at + MS * 50),
            state: Memory::Lost,
        });
    }
    let mut at = MS * 100;
    while at < MS * 1000 {
        let heal = at + MS * rng.random_range(20..150);
        scenario.partition.push(Partition {
            at,
            heal: Some(heal),
            group: vec![rng.random_range(0..3)],
            ..Partition::default()
        });
        at = heal + MS * rng.random_range(0..20);
    }
    scenario
}

/// The names of the properties that some schedule of these violates.
fn violated<A: Algorithm<Command = Command, Output = Output>>(
    system: &ReplicatedLog<A>,
    seeds: u64,
) -> Vec<&'static str> {
    let processes = Processes::new(3);
    let wrong = (0..seeds).find_map(|seed| {
        let history = run(system, &processes, &faults(seed), seed).recorded;
        let judged = judge(system, &history);
        let wrong = judged
            .properties
            .iter()
            .filter(|property| !property.holds());
        let names: Vec<_> = wrong.map(|property| property.name).collect();
        (!names.is_empty()).then_some(names)
    });
    wrong.unwrap_or_default()
}

#[test]
fn no_schedule_of_crashes_losses_and_partitions_violates_anything() {
    assert_eq!(violated(&system(40, u64::MAX, |raft| raft), 300), [""; 0]);
}

#[test]
fn each_mistake_violates_a_property_in_some_schedule() {
    for (flaw, property) in [
        (Flaw::VotesTwice, "election safety"),
        (Flaw::ForgetsVote, "election safety"),
        (Flaw::IgnoresLog, "leader completeness"),
        (Flaw::CountsOldTerms, "leader completeness"),
        (Flaw::SkipsConsistencyCheck, "log matching"),
    ] {
        let flawed = system(40, u64::MAX, move |raft| Flawed::new(raft, flaw));
        let found = violated(&flawed, 3_000);
        assert!(found.contains(&property), "{flaw:?}: {found:?}");
    }
}
