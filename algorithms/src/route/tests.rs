use std::time::Duration;

use super::*;
use crate::testing::{Network, mesh, neighbours};
use crate::{Effect, Input, step};

const MESSAGES: u32 = 40;

fn config(table: usize, way: Way) -> Config {
    Config {
        table,
        score: vec![Score::Age],
        way,
        ttl: 64,
        tries: 2,
        laps: vec![Duration::from_millis(4), Duration::from_millis(8)],
        upkeep: None,
        patience: Duration::from_secs(5),
    }
}

/// Nodes that can all reach each other.
fn nodes(count: u32, config: &Config, seed: u64) -> Network<Route> {
    let edges = mesh(count);
    let node = |me| Route::new(me, &neighbours(&edges, me), config.clone());
    let mut network = Network::new(count, node, seed);
    for me in 0..count {
        network.now(NodeId(me), Input::Start);
    }
    network
}

/// Sends messages one after the other, and returns the key of each with its ending. Timers run
/// out when nothing else is left to happen.
fn endings(network: &mut Network<Route>, keys: impl Iterator<Item = u64>) -> Vec<(u64, Output)> {
    let count = network.processes.len() as u32;
    let mut endings = Vec::new();
    for (number, key) in (0..MESSAGES).zip(keys) {
        let sender = NodeId(number % count);
        let before = network.outputs.len();
        network.now(sender, Input::Command(Command::Route(key)));
        network.run_messages();
        let mut new = network.outputs.drain(before..).map(|(_, output)| output);
        assert!(matches!(new.next(), Some(Output::Sent { .. })));
        endings.push((key, new.next().expect("an ending")));
        assert_eq!(new.next(), None);
    }
    endings
}

fn any_keys() -> impl Iterator<Item = u64> {
    (0..).map(|number| id(NodeId(1_000_000 + number)))
}

fn nearest(count: u32, key: u64) -> NodeId {
    let all = (0..count).map(NodeId);
    all.min_by_key(|node| id(*node) ^ key).expect("nodes")
}

#[test]
fn ids_differ() {
    let ids: BTreeSet<_> = (0..100_000).map(|node| id(NodeId(node))).collect();
    assert_eq!(ids.len(), 100_000);
    assert_eq!(
        id(NodeId(0)),
        0xe220_a839_7b1d_cdaf,
        "the first output of SplitMix64 from 0"
    );
}

#[test]
fn tables_that_know_all_reach_the_nearest() {
    for way in [Way::Nearer, Way::Backtrack { detours: 2 }] {
        for seed in 0..20 {
            let mut network = nodes(9, &config(8, way), seed);
            for (key, ending) in endings(&mut network, any_keys()) {
                let Output::Nearest { at, hops, .. } = ending else {
                    panic!("{ending:?}");
                };
                assert_eq!(at, nearest(9, key));
                assert!(way != Way::Nearer || hops <= 1, "{hops}");
            }
        }
    }
}

#[test]
fn a_message_for_an_id_is_delivered() {
    let keys = || (0..).map(|number| id(NodeId(number % 9)));
    let mut network = nodes(9, &config(8, Way::Nearer), 1);
    for (key, ending) in endings(&mut network, keys()) {
        assert!(matches!(ending, Output::Delivered { at, .. } if id(at) == key));
    }
}

/// Small tables end at local minima. With detours, fewer messages do.
#[test]
fn detours_lead_out_of_local_minima() {
    let reached = |way| {
        let mut network = nodes(60, &config(3, way), 1);
        let all = endings(&mut network, any_keys()).into_iter();
        let right = all.filter(|(key, ending)| {
            matches!(ending, Output::Nearest { at, .. } if *at == nearest(60, *key))
        });
        right.count()
    };
    let (nearer, detours) = (
        reached(Way::Nearer),
        reached(Way::Backtrack { detours: 30 }),
    );
    assert!(
        nearer < MESSAGES as usize && nearer < detours,
        "{nearer} {detours}"
    );
}

#[test]
fn a_message_without_hops_is_cut_short() {
    let few = Config {
        ttl: 1,
        ..config(2, Way::Nearer)
    };
    let mut network = nodes(60, &few, 1);
    let all = endings(&mut network, any_keys());
    let cut = all
        .iter()
        .filter(|(_, ending)| matches!(ending, Output::CutShort { hops: 1, .. }));
    assert!(cut.count() > 0, "{all:?}");
}

/// A node whose messages are not answered.
fn alone(way: Way) -> Route {
    let others: Vec<_> = (1..5).map(NodeId).collect();
    let mut node = Route::new(NodeId(0), &others, config(4, way));
    step(&mut node, Input::Start, 0);
    node
}

fn sends(effects: &[Effect<Route>]) -> Vec<(NodeId, &Message)> {
    let sends = effects.iter().filter_map(|effect| match effect {
        Effect::Send { to, message, .. } => Some((*to, message)),
        _ => None,
    });
    sends.collect()
}

#[test]
fn a_silent_entry_leaves_the_table_and_another_one_is_tried() {
    let mut node = alone(Way::Backtrack { detours: 9 });
    let key = id(NodeId(3));
    let effects = step(&mut node, Input::Command(Command::Route(key)), 0);
    assert!(matches!(
        sends(&effects)[..],
        [(NodeId(3), Message::Route(_))]
    ));
    let mut timer = || {
        let message = InstanceId::new(NodeId(0), 0);
        step(&mut node, Input::Timer(Timer::Hop(message)), 0)
    };
    // Two laps for each of two tries.
    assert!(sends(&timer()).is_empty());
    assert!(matches!(
        sends(&timer())[..],
        [(NodeId(3), Message::Route(_))]
    ));
    assert!(sends(&timer()).is_empty());
    let effects = timer();
    assert!(matches!(sends(&effects)[..], [(other, Message::Route(_))] if other != NodeId(3)));
    assert!(node.table.get(NodeId(3)).is_none());
}

/// A copy is acknowledged, and not forwarded: its acknowledgement was lost.
#[test]
fn a_copy_is_dropped() {
    let mut node = alone(Way::Nearer);
    let letter = Letter {
        message: InstanceId::new(NodeId(4), 7),
        key: id(NodeId(2)),
        hops: 1,
        detours: 0,
        nearest: NodeId(4),
        visited: Vec::new(),
    };
    let mut receive = || {
        let message = Message::Route(letter.clone());
        let from = NodeId(4);
        step(&mut node, Input::Message { from, message }, 0)
    };
    assert_eq!(sends(&receive()).len(), 2);
    let effects = receive();
    assert!(matches!(
        sends(&effects)[..],
        [(NodeId(4), Message::Taken { .. })]
    ));
}

/// Messages that answer no request change nothing: a stranger may send any.
#[test]
fn answers_that_nobody_waits_for_are_ignored() {
    let mut node = alone(Way::Nearer);
    step(&mut node, Input::Command(Command::Route(id(NodeId(3)))), 0);
    let answer = |number| Answer {
        message: InstanceId::new(NodeId(0), number),
        nearest: NodeId(3),
        hops: u32::MAX,
        cut_short: false,
    };
    for (from, number) in [(NodeId(1), 0), (NodeId(99), 0), (NodeId(3), 1)] {
        let message = Message::Answer(answer(number));
        let effects = step(&mut node, Input::Message { from, message }, 0);
        assert_eq!(sends(&effects).len(), 1, "it is acknowledged");
        assert!(
            !effects
                .iter()
                .any(|effect| matches!(effect, Effect::Output(_)))
        );
    }
    let known = Message::Known {
        nodes: (0..1000).map(NodeId).collect(),
    };
    let (from, before) = (NodeId(1), node.clone());
    step(
        &mut node,
        Input::Message {
            from,
            message: known,
        },
        0,
    );
    assert_eq!(node, before);
    let from = NodeId(3);
    let message = Message::Answer(answer(0));
    let effects = step(&mut node, Input::Message { from, message }, 0);
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Output(Output::Delivered { .. })))
    );
}

#[test]
fn a_full_table_keeps_the_nearest_and_one_of_each_prefix() {
    let all: Vec<_> = (1..200).map(NodeId).collect();
    for score in [Score::Age, Score::Rtt, Score::Success] {
        let mut node = Route::new(
            NodeId(0),
            &all,
            Config {
                score: vec![score],
                ..config(6, Way::Nearer)
            },
        );
        step(&mut node, Input::Start, 0);
        let own = node.id;
        let mut prefixes: Vec<_> = node
            .table
            .entries
            .iter()
            .map(|entry| (entry.id ^ own).leading_zeros())
            .collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        assert_eq!(prefixes.len(), 6, "{score:?}");
        let nearest = all
            .iter()
            .min_by_key(|other| id(**other) ^ own)
            .expect("nodes");
        assert!(node.table.get(*nearest).is_some(), "{score:?}");
    }
}

#[test]
fn scores_decide_which_entry_leaves() {
    let wait = |laps: &[Duration], ran_out: usize| {
        let mut wait = Wait::default();
        for _ in 0..ran_out {
            wait.next(laps, 1);
        }
        wait
    };
    let laps = [Duration::from_millis(1); 9];
    // All of these have no prefix in common with the own id.
    let group: Vec<_> = (1..)
        .map(NodeId)
        .filter(|node| (id(*node) ^ id(NodeId(0))).leading_zeros() == 0)
        .take(3)
        .collect();
    for (score, left) in [
        (vec![Score::Age], 2),
        (vec![Score::Rtt], 0),
        (vec![Score::Success], 1),
        // The newest is the second in both others, and the first two are the last in one.
        (vec![Score::Age, Score::Rtt, Score::Success], 2),
    ] {
        let mut table = Table::new(id(NodeId(0)), 3, score.clone());
        let near = (1..)
            .map(NodeId)
            .find(|node| (id(*node) ^ id(NodeId(0))).leading_zeros() > 0)
            .expect("a node");
        table.add(near, id(near), None);
        table.most = 4;
        for (node, ran_out) in group.iter().zip([5, 1, 3]) {
            table.add(*node, id(*node), Some(&wait(&laps, ran_out)));
        }
        for (node, missed) in group.iter().zip([0, 4, 1]) {
            for _ in 0..missed {
                table.get(*node).expect("an entry").misses();
            }
        }
        table.most = 3;
        // Nothing is known of a further one, so that the right one leaves when that has gone.
        table.remove_worst();
        assert_eq!(table.entries.len(), 3);
        assert!(table.get(group[left]).is_none(), "{score:?}");
        assert!(table.get(near).is_some(), "{score:?}");
    }
}
