//! The costs that lessons state, counted in the simulator, where every message
//! takes a millisecond and nothing else takes time, over all small networks.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use algorithms::NodeId;
use algorithms::bank::Bank;
use algorithms::bully;
use algorithms::chandy_lamport::ChandyLamport;
use algorithms::lai_yang::LaiYang;
use algorithms::naive_snapshot::NaiveSnapshot;
use algorithms::raft::Times;
use algorithms::rounds::Ending;
use trace::history::History;
use trace::steps::{Event, Processes};

use super::agreement::Agreement;
use super::election::{Bullies, Election};
use super::generals::Generals;
use super::gossip::{Flooding, Plan};
use super::mutual_exclusion::MutualExclusion;
use super::ping::{PeerPair, Pings};
use super::replicated_log::ReplicatedLog;
use super::snapshot::{Pair, Snapshots};
use super::termination::Termination;
use super::wave::Waves;
use super::{
    System, SystemOptions as _, agreement, election, generals, gossip, mutual_exclusion, ping,
    replicated_log, snapshot, termination, wave,
};
use crate::delay::Delay;
use crate::liars::Liars;
use crate::simulator::{EPOCH, Scenario, run};

/// How long a message travels, in nanoseconds.
const DELAY: u64 = 1_000_000;

fn simulate<S: System>(system: &S) -> History {
    simulate_schedule(system, 0)
}

fn simulate_schedule<S: System>(system: &S, seed: u64) -> History {
    let delay = Duration::from_nanos(DELAY);
    let scenario = Scenario {
        delay: Delay::Uniform(delay..delay),
        ..Scenario::default()
    };
    let directory = Processes::new(system.processes());
    run(system, &directory, &scenario, seed).recorded
}

/// The times of that output, in message delays since the start, each with its
/// process.
fn said<'a>(history: &'a History, wanted: &'a str) -> Vec<(&'a str, f64)> {
    let all = history.outputs();
    let all = all.filter(|(_, _, kind, _)| *kind == wanted);
    let when = all.map(|(by, at, ..)| {
        let at = history.processes[by][at].at_unix_nano;
        (&**by, (at - EPOCH) as f64 / DELAY as f64)
    });
    when.collect()
}

/// The time of the last such output.
fn last(history: &History, wanted: &str) -> f64 {
    let times = said(history, wanted).into_iter().map(|(_, at)| at);
    times.max_by(f64::total_cmp).expect("it is said")
}

/// All connected networks of 2 to `most` processes: the neighbours of each.
fn connected(most: u32) -> impl Iterator<Item = Vec<Vec<u32>>> {
    (2..=most).flat_map(|count| {
        let edges: Vec<(u32, u32)> = (0..count)
            .flat_map(|a| (a + 1..count).map(move |b| (a, b)))
            .collect();
        let all = (0..1_u64 << edges.len()).map(move |chosen| {
            let mut neighbours = vec![Vec::new(); count as usize];
            for (place, &(a, b)) in edges.iter().enumerate() {
                if chosen >> place & 1 == 1 {
                    neighbours[a as usize].push(b);
                    neighbours[b as usize].push(a);
                }
            }
            neighbours
        });
        all.filter(|neighbours| distances(neighbours, 0).iter().all(Option::is_some))
    })
}

fn mesh(count: u32) -> Vec<Vec<u32>> {
    let others = |me| (0..count).filter(|other| *other != me).collect();
    (0..count).map(others).collect()
}

fn ring(count: u32) -> Vec<Vec<u32>> {
    let two = |me| vec![(me + 1) % count, (me + count - 1) % count];
    (0..count).map(two).collect()
}

/// How many hops each process is away.
fn distances(neighbours: &[Vec<u32>], from: u32) -> Vec<Option<u64>> {
    let mut distances = vec![None; neighbours.len()];
    distances[from as usize] = Some(0);
    let mut next = std::collections::VecDeque::from([from]);
    while let Some(node) = next.pop_front() {
        let hops = distances[node as usize].map(|hops| hops + 1);
        for &other in &neighbours[node as usize] {
            if distances[other as usize].is_none() {
                distances[other as usize] = hops;
                next.push_back(other);
            }
        }
    }
    distances
}

fn edges(neighbours: &[Vec<u32>]) -> u64 {
    neighbours.iter().map(Vec::len).sum::<usize>() as u64 / 2
}

/// How many hops the farthest process is away.
fn farthest(distances: &[Option<u64>]) -> u64 {
    distances.iter().flatten().copied().max().unwrap_or(0)
}

#[test]
fn echo() {
    let time = |neighbours: Vec<Vec<u32>>| {
        let system = Waves {
            neighbours,
            initiators: 1,
        };
        let history = simulate(&system);
        let messages = history.count("EXPLORER") + history.count("ECHO");
        assert_eq!(messages, 2 * edges(&system.neighbours), "{system:?}");
        last(&history, "Decided")
    };
    for neighbours in connected(5) {
        let distances = distances(&neighbours, 0);
        let hops = farthest(&distances);
        let is_farthest = |node: u32| distances[node as usize] == Some(hops);
        let is_joined = (0..).zip(&neighbours).any(|(node, others)| {
            is_farthest(node) && others.iter().any(|other| is_farthest(*other))
        });
        let expected = 2 * hops + u64::from(is_joined);
        assert_eq!(time(neighbours.clone()), expected as f64, "{neighbours:?}");
    }
    for (neighbours, expected) in [
        (mesh(20), 3.0),
        (ring(4), 4.0),
        (ring(5), 5.0),
        (ring(7), 7.0),
    ] {
        assert_eq!(time(neighbours.clone()), expected, "{neighbours:?}");
    }
}

#[test]
fn flood() {
    for neighbours in connected(5) {
        let count = neighbours.len() as u64;
        let plan = Plan {
            messages: 1,
            interval: Duration::ZERO,
            size: 0,
            fanout: None,
            patience: Duration::ZERO,
        };
        let system = Flooding::new(neighbours.clone(), plan, edges(&neighbours));
        let history = simulate(&system);
        let copies = 2 * edges(&neighbours) - (count - 1);
        assert_eq!(history.count("RUMOUR"), copies, "{neighbours:?}");
        let [(publisher, _)] = said(&history, "Published")[..] else {
            panic!("one is published");
        };
        let publisher = history
            .processes
            .keys()
            .position(|name| **name == *publisher);
        let publisher = publisher.expect("it is a process") as u32;
        let hops = farthest(&distances(&neighbours, publisher));
        assert_eq!(last(&history, "Delivered"), hops as f64, "{neighbours:?}");
    }
}

/// Over all orders in which identities can stand on the ring.
#[test]
fn chang_roberts() {
    for count in 2..=6_u64 {
        let mut messages = Vec::new();
        for identities in orders((1..=count).collect()) {
            let system = Election {
                identities,
                candidates: count as u32,
            };
            let history = simulate(&system);
            messages.push(history.count("ELECTION"));
            assert_eq!(history.count("ELECTED"), count, "{system:?}");
            let hops = 2 * count - 1;
            assert_eq!(last(&history, "Elected"), hops as f64, "{system:?}");
        }
        assert_eq!(messages.iter().min(), Some(&(2 * count - 1)), "{count}");
        assert_eq!(
            messages.iter().max(),
            Some(&(count * (count + 1) / 2)),
            "{count}"
        );
        let mean = messages.iter().sum::<u64>() as f64 / messages.len() as f64;
        let harmonic: f64 = (1..=count).map(|i| 1.0 / i as f64).sum();
        assert!(
            (mean - count as f64 * harmonic).abs() < 1e-9,
            "{count}: {mean}"
        );
    }
}

#[test]
fn bully() {
    for processes in 2..=6_u32 {
        let election = |node| Bullies {
            processes,
            timeout: Duration::from_nanos(100 * DELAY),
            elections: vec![(NodeId(node), Duration::ZERO)],
            crashes: Some(0),
        };
        let (n, best) = (u64::from(processes), simulate(&election(processes - 1)));
        assert_eq!(best.count("ELECTION"), 0);
        assert_eq!(best.count("COORDINATOR"), n - 1);
        let worst = simulate(&election(0));
        let questions = bully::most_questions(n);
        assert_eq!(worst.count("ELECTION"), questions, "{processes}");
        assert!(worst.count("ANSWER") <= questions);
        assert!(worst.count("COORDINATOR") <= (n - 1) * (n - 1));
    }
}

/// One leader, and commands that are far apart.
#[test]
fn raft() {
    for processes in 3..=6_u32 {
        let (delay, commands) = (Duration::from_nanos(DELAY), 5);
        let system = ReplicatedLog {
            processes,
            commands,
            every: delay * 1000,
            times: Times {
                election: (delay * 200, delay * 400),
                heartbeat: delay * 50,
                last_term: 1,
            },
            process: Arc::new(|raft| raft),
        };
        let history = (0..).map(|seed| simulate_schedule(&system, seed));
        let is_one = |history: &History| {
            let others = u64::from(processes) - 1;
            history.count("REQUEST_VOTE") == others && history.count_outputs("Leads") == 1
        };
        let history = history.take(100).find(is_one).expect("one stands alone");
        let others = u64::from(processes) - 1;
        // The entries, among them the first of the leader, which has no command.
        let (mut entries, mut heartbeats) = (0, 0);
        for (.., step) in history.steps() {
            let appends = step.events.iter().filter(|event| match event {
                Event::Sent { message, .. } => message.kind == "APPEND_ENTRIES",
                Event::Output { .. } => false,
            });
            if appends.count() as u64 == others {
                *match step.timer {
                    Some(_) => &mut heartbeats,
                    None => &mut entries,
                } += 1;
            }
        }
        assert_eq!(entries, u64::from(commands) + 1, "{processes}");
        let rounds = entries + heartbeats;
        assert_eq!(history.count("APPEND_ENTRIES"), rounds * others);
    }
}

fn orders(of: Vec<u64>) -> Vec<Vec<u64>> {
    match of.len() {
        0 => vec![Vec::new()],
        _ => {
            let first = of.iter().map(|first| {
                let rest = of.iter().copied().filter(|other| other != first);
                let rest = orders(rest.collect()).into_iter();
                rest.map(|rest| [vec![*first], rest].concat())
            });
            first.flatten().collect()
        }
    }
}

#[test]
fn ricart_agrawala() {
    for processes in 2..=6 {
        let system = MutualExclusion {
            processes,
            entries: 2,
            hold: Duration::from_nanos(3 * DELAY),
        };
        let history = simulate(&system);
        let messages = history.count("REQUEST") + history.count("REPLY");
        let each = u64::from(2 * (processes - 1));
        assert_eq!(messages, each * system.endings(), "{processes}");
        let in_order = |kind| {
            let mut times: Vec<_> = said(&history, kind).into_iter().map(|(_, at)| at).collect();
            times.sort_by(f64::total_cmp);
            times
        };
        let (entered, left) = (in_order("Entered"), in_order("Left"));
        // While another process waits: all entries of the first round are
        // requested at once.
        for place in 1..processes as usize {
            assert_eq!(
                entered[place] - left[place - 1],
                1.0,
                "{processes}, {place}"
            );
        }
    }
}

/// The time from the end of the computation to its announcement.
#[test]
fn dijkstra_scholten() {
    for (neighbours, jobs, pace) in [
        (mesh(6), 40, 20),
        (ring(6), 40, 20),
        (mesh(4), 30, 1),
        (ring(5), 100, 0),
    ] {
        let system = Termination {
            neighbours,
            jobs,
            pace: Duration::from_nanos(pace * DELAY / 10),
        };
        for seed in 0..50 {
            let history = simulate_schedule(&system, seed);
            assert_eq!(history.count("SIGNAL"), history.count("JOB"), "{seed}");
            assert_eq!(history.count("JOB"), u64::from(jobs) - 1, "{seed}");
            let (end, height) = end(&history);
            let announced = last(&history, "Terminated");
            let took = announced - end;
            assert!(
                took <= height as f64 + 1.0 + 1e-9,
                "schedule {seed} of {system:?}: {took} delays after the end of a tree of height {height}"
            );
        }
    }
}

/// When the last process became passive, and how high the tree then was.
fn end(history: &History) -> (f64, u64) {
    let is_active = |at: usize, name: &str| {
        let step = history.processes[name].get(at);
        step.and_then(|step| step.state.get_flag("active")) == Some(true)
    };
    let mut end = 0;
    for (name, at, step) in history.steps() {
        let was = at > 0 && is_active(at - 1, name);
        let worked = was
            || step
                .received
                .as_ref()
                .is_some_and(|r| r.message.kind == "JOB");
        if worked && !is_active(at, name) {
            end = end.max(step.at_unix_nano);
        }
    }
    let mut parents = BTreeMap::new();
    for (name, at, kind, fields) in history.outputs() {
        if history.processes[name][at].at_unix_nano > end {
            continue;
        }
        match kind {
            "Engaged" => drop(parents.insert(&**name, fields.get_text("parent").expect("one"))),
            "Disengaged" => drop(parents.remove(&**name)),
            _ => {}
        }
    }
    let depth = |name: &&str| {
        let up = |name: &&str| parents.get(*name).copied();
        std::iter::successors(Some(*name), up).count() as u64 - 1
    };
    let height = parents.keys().map(depth).max().unwrap_or(0);
    ((end - EPOCH) as f64 / DELAY as f64, height)
}

/// Rounds of ten message delays.
const ROUNDS: Ending = Ending::Clock {
    round: Duration::from_nanos(10 * DELAY),
    pace: Duration::ZERO,
};

#[test]
fn flood_set() {
    for (processes, faults) in (2..=5).flat_map(|count| [(count, 0), (count, 1), (count, 2)]) {
        for ending in [ROUNDS, Ending::Messages] {
            let system = Agreement {
                processes,
                faults,
                ending,
            };
            let history = simulate(&system);
            let messages = (faults + 1) * processes * (processes - 1);
            assert_eq!(history.count("VALUES"), u64::from(messages), "{system:?}");
            let rounds = f64::from(faults + 1);
            let delays = match ending {
                Ending::Messages => rounds,
                Ending::Clock { .. } => 10.0 * rounds,
            };
            assert_eq!(last(&history, "Decided"), delays, "{system:?}");
        }
    }
}

#[test]
fn oral_messages() {
    for (processes, traitors) in [(2, 0), (4, 0), (4, 1), (5, 1), (7, 2)] {
        let system = Generals {
            processes,
            traitors,
            attack: true,
            liars: Liars::default(),
            ending: ROUNDS,
        };
        let history = simulate(&system);
        let lieutenants = processes - 1;
        let messages = lieutenants + traitors * lieutenants * (lieutenants - 1);
        assert_eq!(history.count("ORDERS"), u64::from(messages), "{system:?}");
        let rounds = f64::from(traitors + 1);
        assert_eq!(last(&history, "Obeys"), 10.0 * rounds, "{system:?}");
    }
}

fn snapshot<P: Pair>(neighbours: Vec<Vec<u32>>) -> History {
    simulate(&Snapshots::<P> {
        neighbours,
        initiators: 1,
        each: 1,
        every: Duration::from_millis(50),
        amount: 100,
        pace: Duration::from_millis(5),
        limit: u64::MAX,
        patience: Duration::from_secs(10),
        fifo: true,
        algorithm: PhantomData,
    })
}

#[test]
fn snapshots() {
    for count in 3..=6 {
        let channels = u64::from(count * (count - 1));
        let history = snapshot::<(Bank, ChandyLamport<Bank>)>(mesh(count));
        assert_eq!(history.count("MARKER"), channels, "{count}");
        let first = said(&history, "Recorded").into_iter().map(|(_, at)| at);
        let first = first.min_by(f64::total_cmp).expect("some record");
        assert_eq!(last(&history, "Complete") - first, 3.0, "{count}");
        let history = snapshot::<(Bank, LaiYang<Bank>)>(mesh(count));
        assert_eq!(history.count("ANNOUNCE"), channels, "{count}");
        let history = snapshot::<(Bank, NaiveSnapshot<Bank>)>(mesh(count));
        let messages = history.count("REQUEST") + history.count("FINISHED");
        assert_eq!(messages, u64::from(2 * (count - 1)), "{count}");
    }
    for neighbours in connected(4) {
        let channels = 2 * edges(&neighbours);
        let history = snapshot::<(Bank, ChandyLamport<Bank>)>(neighbours.clone());
        assert_eq!(history.count("MARKER"), channels, "{neighbours:?}");
        let history = snapshot::<(Bank, LaiYang<Bank>)>(neighbours);
        assert_eq!(history.count("ANNOUNCE"), channels);
    }
}

#[test]
fn ping_pong() {
    let system = Pings {
        processes: 3,
        pairs: PeerPair::first(&mesh(3)),
        count: 1,
        data: proto::Bytes::new(),
        interval: Duration::ZERO,
        timeout: Duration::from_secs(1),
    };
    let history = simulate(&system);
    assert_eq!(history.count("PING") + history.count("PONG"), 2 * 3);
    assert_eq!(last(&history, "Answered"), 2.0);
}

/// Every lesson of an algorithm has its costs counted here.
#[test]
fn no_lesson_is_left_out() {
    const COUNTED: [&str; 13] = [
        "ping-pong",
        "echo",
        "flood",
        "chang-roberts",
        "bully",
        "ricart-agrawala",
        "dijkstra-scholten",
        "flood-set",
        "oral-messages",
        "raft",
        "naive",
        "chandy-lamport",
        "lai-yang",
    ];
    let all = [
        ping::Options::LESSONS,
        wave::Options::LESSONS,
        gossip::Options::LESSONS,
        election::Options::LESSONS,
        mutual_exclusion::Options::LESSONS,
        termination::Options::LESSONS,
        agreement::Options::LESSONS,
        generals::Options::LESSONS,
        replicated_log::Options::LESSONS,
        snapshot::Options::LESSONS,
    ];
    let algorithms = all.into_iter().flatten();
    let algorithms = algorithms.filter(|lesson| !lesson.about.starts_with("application"));
    let names: Vec<_> = algorithms.map(|lesson| lesson.name).collect();
    assert_eq!(names, COUNTED);
}
