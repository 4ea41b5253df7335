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
        every: MS * 60,
        times: Times {
            election: (MS * 50, MS * 100),
            heartbeat: MS * 20,
            last_term,
        },
        process: Arc::new(process),
    }
}

/// Half a second in which processes crash and restart, one is cut off at a time, and some
/// messages are lost.
fn faults(seed: u64) -> Scenario {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut at = move || MS * rng.random_range(0..1000);
    let mut scenario = Scenario {
        loss: 0.05,
        ..Scenario::default()
    };
    for process in 0..3 {
        let (crash, part) = (at(), at());
        scenario.crash.push(Crash {
            process,
            at: crash,
            restart: Some(crash + MS * 100),
            state: Memory::Lost,
        });
        scenario.partition.push(Partition {
            at: part,
            heal: Some(part + MS * 200),
            group: vec![process],
        });
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
    assert_eq!(violated(&system(5, u64::MAX, |raft| raft), 300), [""; 0]);
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
        let flawed = system(5, u64::MAX, move |raft| Flawed::new(raft, flaw));
        let found = violated(&flawed, 20_000);
        assert!(found.contains(&property), "{flaw:?}: {found:?}");
    }
}
