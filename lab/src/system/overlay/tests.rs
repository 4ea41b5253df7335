use algorithms::Party;
use algorithms::babel;
use algorithms::membership::{Attack, Disguise};
use algorithms::overlay::{Flaw, Flawed, Hostile, Score, Target};
use trace::steps::Processes;

use super::*;
use crate::delay::Delay;
use crate::simulator::{Crash, Memory, Partition, Scenario, run};
use crate::stats::nanos;
use crate::system::judge;
use crate::topology::{Topology, ids, neighbours};

const SECOND: Duration = Duration::from_secs(1);

/// Nodes with two links of their own each, which replace one each second.
fn system(peers: u32, drain: Option<Duration>, score: Score, target: Target) -> Overlays<Overlay> {
    made(peers, drain, (score, target), |overlay| overlay)
}

/// The same of such processes.
fn made<A>(
    peers: u32,
    drain: Option<Duration>,
    (score, target): (Score, Target),
    process: impl Fn(Overlay) -> A + Send + Sync + 'static,
) -> Overlays<A> {
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
                significant: 1,
                cost: babel::Cost::Hops,
            }),
            registry: NodeId(0),
            links: 2,
            accepted: 4,
            hidden: false,
            refresh: Some(SECOND * 2),
            score,
            target,
            drain,
            database: 8,
            answer: SECOND * 3,
            island: Some(SECOND * 6),
            packets: Some(SECOND / 2),
        }),
        hidden: 0,
        duration: Some(SECOND * 60),
        times: Times {
            joined: nanos(SECOND * 15),
            rest: nanos(SECOND * 45),
            gap: nanos(SECOND * 3),
        },
        fifo: true,
        goes_out: false,
        admission: None,
        is_attacked: false,
        process: Arc::new(process),
    }
}

fn judged<A: Algorithm<Command = Command, Output = Output>>(
    system: &Overlays<A>,
    scenario: &Scenario,
    seed: u64,
) -> (Judgement, Findings) {
    let all = system.neighbours.iter();
    let all = all.map(|all| all.iter().map(|id| id.0).collect());
    let directory = Processes::new(system.processes()).with_neighbours(all.collect());
    let recorded = run(system, &directory, scenario, seed).recorded;
    let findings = overlay::check(&recorded, &system.terms());
    (judge(system, &recorded), findings)
}

fn crashes(crash: Vec<Crash>) -> Scenario {
    Scenario {
        crash,
        ..Scenario::default()
    }
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
    let scores = [Score::Random, Score::Routes, Score::Bytes];
    for (seed, score) in (0..).zip(scores) {
        for drain in [Some(SECOND * 2), None] {
            let target = [Target::Random, Target::Distant][usize::from(seed == 1)];
            let system = system(8, drain, score, target);
            let (judgement, findings) = judged(&system, &Scenario::default(), seed);
            assert!(judgement.holds(), "{score:?} {drain:?}: {judgement:?}");
            let replaced = findings.closed.get("replaced");
            assert!(replaced.is_some_and(|count| *count > 10), "{findings:?}");
        }
    }
}

/// Whether all had to reach all, and did.
fn all_reach_all(findings: &Findings) -> bool {
    let ends = findings.properties.last().expect("a property");
    ends.checked > 0 && ends.holds()
}

/// Two of eight are behind a NAT, and all reach all.
#[test]
fn peers_behind_a_nat_open_links() {
    let mut system = system(8, Some(SECOND * 2), Score::Routes, Target::Random);
    system.hidden = 2;
    for seed in 0..3 {
        let (judgement, findings) = judged(&system, &Scenario::default(), seed);
        assert!(judgement.holds(), "seed {seed}: {judgement:?}");
        assert!(all_reach_all(&findings), "seed {seed}: {findings:?}");
    }
}

/// Nodes stop for good, and one restarts with the peers that it knew.
#[test]
fn all_reach_all_after_crashes() {
    let mut system = system(8, Some(SECOND * 2), Score::Routes, Target::Random);
    system.duration = Some(SECOND * 80);
    let scenario = crashes(vec![
        crash(2, 10, None),
        crash(3, 12, None),
        crash(5, 14, Some(20)),
    ]);
    for seed in 0..5 {
        let (judgement, findings) = judged(&system, &scenario, seed);
        assert!(judgement.holds(), "seed {seed}: {judgement:?}");
        assert!(all_reach_all(&findings), "seed {seed}: {findings:?}");
        assert!(findings.closed.contains_key("silent"), "{findings:?}");
    }
}

/// The two sides of a partition become two overlays. The side without the registry is an island
/// afterwards.
#[test]
fn islands_are_joined_after_a_partition() {
    let mut system = system(8, Some(SECOND * 2), Score::Routes, Target::Random);
    system.duration = Some(SECOND * 120);
    let scenario = Scenario {
        partition: vec![Partition {
            at: SECOND * 10,
            heal: Some(SECOND * 60),
            group: vec![4, 5, 6, 7],
            others: None,
            one_way: None,
            messages: None,
        }],
        ..Scenario::default()
    };
    for seed in 0..5 {
        let (judgement, findings) = judged(&system, &scenario, seed);
        assert!(judgement.holds(), "seed {seed}: {judgement:?}");
        assert!(all_reach_all(&findings), "seed {seed}: {findings:?}");
    }
}

/// Without the registry islands are not reconnected, so nothing is required; the overlay is there.
#[test]
fn the_overlay_lives_on_without_its_registry() {
    let system = system(8, Some(SECOND * 2), Score::Routes, Target::Random);
    for seed in 0..5 {
        let (judgement, findings) = judged(&system, &crashes(vec![crash(0, 20, None)]), seed);
        assert!(judgement.holds(), "seed {seed}: {judgement:?}");
        assert!(
            findings.reached.0 >= 40,
            "seed {seed}: {:?}",
            findings.reached
        );
        assert!(!all_reach_all(&findings));
    }
}

/// Nodes that lack links and are refused ask again after a while, and not at once.
#[test]
fn nodes_that_are_refused_do_not_flood() {
    let mut system = system(6, None, Score::Routes, Target::Random);
    let mut config = Config::clone(&system.config);
    (config.links, config.accepted, config.database) = (5, 1, 100);
    system.config = Arc::new(config);
    let (judgement, _) = judged(&system, &Scenario::default(), 1);
    assert!(judgement.holds(), "{judgement:?}");
    let figures = judgement.figures.iter();
    for figure in figures.filter(|figure| ["opens", "asks"].contains(&figure.name)) {
        // Six nodes, a minute, and a look each 375 ms on average, for at most five links.
        let most = 6 * 160 * 5 * 2;
        assert!(figure.measured < most, "{figure:?}");
    }
}

/// Nodes whose links need certificates.
fn certified(peers: u32) -> Overlays<Overlay> {
    let secret = Secret::new([1; 32]);
    let config = membership::Config {
        registry: NodeId(0),
        key: secret.key(),
        holds: 3,
        epoch: Some(SECOND * 5),
        remind: Some(SECOND * 3),
        open: false,
    };
    let drain = Some(SECOND * 2);
    Overlays {
        admission: Some((Arc::new(config), secret)),
        ..system(peers, drain, Score::Routes, Target::Random)
    }
}

#[test]
fn links_need_certificates() {
    let system = certified(8);
    let partition = Scenario {
        partition: vec![Partition {
            at: SECOND * 5,
            heal: Some(SECOND * 14),
            group: vec![2, 5, 6],
            ..Partition::default()
        }],
        ..Scenario::default()
    };
    for scenario in [
        Scenario::default(),
        partition,
        crashes(vec![crash(3, 5, Some(14))]),
    ] {
        for seed in 1..=3 {
            let (judgement, findings) = judged(&system, &scenario, seed);
            assert!(
                judgement.holds() && all_reach_all(&findings),
                "{}",
                judgement.text()
            );
            let names: Vec<_> = judgement.properties.iter().map(|one| one.name).collect();
            assert!(
                names.contains(&"only who has a certificate is trusted"),
                "{names:?}"
            );
        }
    }
}

/// Whoever forges or borrows has no link that is used, and a replay works until the certificate ends.
#[test]
fn impostors_have_no_links() {
    for attack in [Attack::Forge, Attack::Borrow, Attack::Replay] {
        let system = certified(8);
        let process = move |overlay: Overlay| match overlay.id() {
            last @ NodeId(7) => {
                let disguise = Disguise::new(last, attack, Secret::new([2; 32]));
                Party::Adversary(Hostile::new(overlay, disguise))
            }
            _ => Party::Honest(overlay),
        };
        let attacked: Overlays<Party<Overlay, Flawed, Hostile>> = Overlays {
            neighbours: system.neighbours,
            config: system.config,
            hidden: system.hidden,
            admission: system.admission,
            is_attacked: true,
            duration: system.duration,
            times: system.times,
            fifo: true,
            goes_out: false,
            process: Arc::new(process),
        };
        for seed in 1..=2 {
            let (judgement, findings) = judged(&attacked, &Scenario::default(), seed);
            assert!(
                judgement.holds() && all_reach_all(&findings),
                "{}",
                judgement.text()
            );
            assert_eq!(findings.reached.1, 42, "{attack:?}");
            let refused = judgement.text();
            let refused = refused.lines().find(|line| line.starts_with("refused"));
            assert!(
                refused.is_some_and(|line| !line.contains("nothing")),
                "{refused:?}"
            );
        }
    }
}

/// A link over which an answer takes longer than it may be silent never works. That is the network's
/// doing.
#[test]
fn a_network_that_is_too_slow_is_not_held_against_the_nodes() {
    let slow = Scenario {
        delay: Delay::Uniform(SECOND * 5..SECOND * 6),
        ..Scenario::default()
    };
    for seed in 1..=3 {
        let drain = Some(SECOND * 2);
        let system = system(4, drain, Score::Routes, Target::Random);
        let (judgement, findings) = judged(&system, &slow, seed);
        assert!(
            judgement.holds() && !all_reach_all(&findings),
            "{}",
            judgement.text()
        );
    }
}

/// No epoch begins without the registry, so nobody is expelled.
#[test]
fn certificates_do_not_end_without_the_registry() {
    let system = certified(8);
    for seed in 1..=3 {
        let (judgement, findings) = judged(&system, &crashes(vec![crash(0, 20, None)]), seed);
        assert!(judgement.holds(), "{}", judgement.text());
        assert_eq!(findings.reached, (42, 42), "{}", judgement.text());
        assert_eq!(findings.closed.get("expelled"), None, "{findings:?}");
    }
}

/// Who has none has no links: the registry never was there.
#[test]
fn nobody_joins_without_a_certificate() {
    let (judgement, findings) = judged(&certified(4), &crashes(vec![crash(0, 0, None)]), 1);
    assert_eq!(
        (findings.opened, findings.reached.0),
        (0, 0),
        "{}",
        judgement.text()
    );
}

/// Whether the judge finds that mistake, and nothing without it.
#[track_caller]
fn finds(flaw: Flaw, property: &str, accepted: usize) {
    let choice = (Score::Routes, Target::Random);
    let mut right = made(8, Some(SECOND * 2), choice, |overlay| overlay);
    let mut wrong = made(8, Some(SECOND * 2), choice, move |overlay| {
        Flawed::new(overlay, flaw)
    });
    for config in [&mut right.config, &mut wrong.config] {
        Arc::make_mut(config).accepted = accepted;
    }
    let scenario = Scenario::default();
    for seed in 1..=3 {
        let (judgement, _) = judged(&right, &scenario, seed);
        assert!(judgement.holds(), "{seed}: {:?}", judgement.violated());
    }
    let found = (1..=3).any(|seed| {
        let violated = judged(&wrong, &scenario, seed).0.violated();
        violated.iter().any(|text| text.contains(property))
    });
    assert!(found, "{flaw:?}");
}

#[test]
fn mistakes_are_found() {
    let served = "no route leads over a replaced link";
    finds(Flaw::DrainUnconfirmed, served, 4);
    finds(Flaw::AllAccepted, "links are bounded", 2);
    let twice = "a packet ends once, and where it should";
    finds(Flaw::DeliveredTwice, twice, 4);
}

/// Refreshed each 2 s for a minute, while two links go out.
#[test]
fn intervals_add_up_to_the_whole_run() {
    let out = |ends: [u32; 2], from: u32| Partition {
        group: vec![ends[0]],
        others: Some(vec![ends[1]]),
        at: SECOND * from,
        heal: Some(SECOND * (from + 8)),
        ..Partition::default()
    };
    let scenario = Scenario {
        partition: vec![out([0, 1], 20), out([2, 3], 30)],
        ..Scenario::default()
    };
    for drain in [None, Some(SECOND)] {
        let system = system(8, drain, Score::Random, Target::Random);
        let (judgement, findings) = judged(&system, &scenario, 1);
        let rows = &judgement.intervals;
        let sum = |of: fn(&overlay::Interval) -> u64| rows.iter().map(of).sum::<u64>();
        assert_eq!(rows.len(), 30, "{}", judgement.text());
        assert_eq!(sum(|row| row.links_opened), findings.opened);
        let closed = |why: &str| findings.closed.get(why).copied().unwrap_or(0);
        assert_eq!(sum(|row| row.closed_replaced), closed("replaced"));
        assert_eq!(sum(|row| row.closed_other), closed("other"));
        let all_closed: u64 = findings.closed.values().sum();
        assert_eq!(sum(|row| row.links_closed), all_closed);
        let packets = &findings.packets;
        assert_eq!(sum(|row| row.packets_sent), packets.sent);
        assert_eq!(sum(|row| row.packets_delivered), packets.delivered);
        let dropped: u64 = packets.dropped.values().sum();
        assert_eq!(sum(|row| row.packets_dropped), dropped);
        let last = rows.last().expect("30 rows");
        assert_eq!((last.peers, last.pairs_connected), (8, Some(1.0)));
        let (pairs, _) = findings.reached;
        let mean = findings.distance as f64 / pairs as f64;
        assert_eq!(last.mean_distance, Some(mean));
    }
}
