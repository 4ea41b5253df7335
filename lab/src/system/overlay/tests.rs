use algorithms::babel;
use algorithms::overlay::{Score, Target};
use trace::steps::Processes;

use super::*;
use crate::simulator::{Crash, Memory, Scenario, run};
use crate::system::judge;
use crate::topology::{Topology, ids, neighbours};

const SECOND: Duration = Duration::from_secs(1);

/// Nodes with two links of their own each, which replace one each second.
fn system(peers: u32, drain: Option<Duration>, score: Score, target: Target) -> Overlays {
    let edges = Topology::Full.edges(peers, 0).expect("a topology");
    Overlays {
        neighbours: ids(neighbours(peers, &edges)),
        config: Arc::new(Config {
            routing: Arc::new(babel::Config {
                destinations: peers,
                open: false,
                hello: Some(SECOND),
                misses: 3,
                table: Some(SECOND * 4),
                gather: Duration::from_millis(20),
                ask: SECOND * 2,
                cost: babel::Cost::Hops,
            }),
            registry: NodeId(0),
            links: 2,
            accepted: 4,
            refresh: Some(SECOND * 2),
            score,
            target,
            drain,
            database: 8,
            answer: SECOND * 3,
            island: Some(SECOND * 6),
            packets: Some(SECOND / 2),
        }),
        duration: Some(SECOND * 60),
        rest: SECOND * 30,
    }
}

fn judged(system: &Overlays, crashes: Vec<Crash>, seed: u64) -> (Judgement, Findings) {
    let all = system.neighbours.iter();
    let all = all.map(|all| all.iter().map(|id| id.0).collect());
    let directory = Processes::new(system.processes()).with_neighbours(all.collect());
    let scenario = Scenario {
        crash: crashes,
        ..Scenario::default()
    };
    let recorded = run(system, &directory, &scenario, seed).recorded;
    let findings = overlay::check(&recorded, &system.terms());
    (judge(system, &recorded), findings)
}

fn crash(process: u32, at: u32, restart: Option<u32>) -> Crash {
    Crash {
        process,
        at: SECOND * at,
        restart: restart.map(|at| SECOND * at),
        state: Memory::Lost,
    }
}

#[test]
fn links_are_replaced_and_all_reach_all() {
    let scores = [Score::Random, Score::Routes, Score::Packets];
    for (seed, score) in (0..).zip(scores) {
        for drain in [Some(SECOND * 2), None] {
            let target = [Target::Random, Target::Distant][usize::from(seed == 1)];
            let system = system(8, drain, score, target);
            let (judgement, findings) = judged(&system, vec![], seed);
            assert!(judgement.holds(), "{score:?} {drain:?}: {judgement:?}");
            let replaced = findings.closed.get("replaced");
            assert!(replaced.is_some_and(|count| *count > 10), "{findings:?}");
        }
    }
}

/// The registry stops for good, one node stops, and one restarts with the peers that it knew.
#[test]
fn the_overlay_lives_on_without_its_registry() {
    let system = system(8, Some(SECOND * 2), Score::Routes, Target::Random);
    let crashes = vec![
        crash(0, 10, None),
        crash(3, 12, None),
        crash(5, 14, Some(20)),
    ];
    for seed in 0..5 {
        let (judgement, findings) = judged(&system, crashes.clone(), seed);
        assert!(judgement.holds(), "seed {seed}: {judgement:?}");
        assert_eq!(findings.reached.1, 30, "seed {seed}");
        assert!(findings.closed.contains_key("silent"), "{findings:?}");
    }
}
