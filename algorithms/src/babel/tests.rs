use std::time::Duration;

use super::*;
use crate::testing::{Network, count, neighbours};
use crate::{Effect, Input, step};

/// A ring of five with a chord.
const EDGES: [(u32, u32); 6] = [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4), (1, 3)];

fn config() -> Config {
    Config {
        destinations: 5,
        open: true,
        hello: None,
        misses: 4,
        table: None,
        gather: Duration::ZERO,
        ask: Duration::from_secs(2),
        significant: 1,
        cost: Cost::Hops,
    }
}

fn node(me: u32, config: Config) -> Babel {
    let me = NodeId(me);
    Babel::new(me, &neighbours(&EDGES, me), Arc::new(config))
}

fn update(routes: &[(u32, u16, u16)]) -> Message {
    let routes = routes.iter().map(|(to, number, metric)| Advert {
        destination: NodeId(*to),
        distance: Distance {
            number: *number,
            metric: *metric,
        },
    });
    let routes = routes.collect();
    Message::Update { routes }
}

/// What a node sends when it handles that.
fn sent(babel: &mut Babel, input: Input<Babel>) -> Vec<(NodeId, Message)> {
    let effects = step(babel, input, 1).into_iter();
    let sends = effects.filter_map(|effect| match effect {
        Effect::Send { to, message, .. } => Some((to, message)),
        Effect::SetTimer { .. }
        | Effect::CancelTimer { .. }
        | Effect::Output(_)
        | Effect::Persist => None,
    });
    sends.collect()
}

fn heard(babel: &mut Babel, from: u32, message: Message) -> Vec<(NodeId, Message)> {
    let from = NodeId(from);
    sent(babel, Input::Message { from, message })
}

/// The nodes from `first` on, up to one that comes twice, if any does.
fn loops<A: Algorithm>(
    network: &Network<A>,
    next: impl Fn(&A, NodeId) -> Option<NodeId>,
) -> Option<Vec<NodeId>> {
    let nodes = || (0..network.processes.len() as u32).map(NodeId);
    nodes().find_map(|to| {
        nodes().find_map(|first| {
            let mut path = vec![first];
            let mut at = first;
            while at != to {
                at = next(&network.processes[usize::from(at)], to)?;
                if path.contains(&at) {
                    path.push(at);
                    return Some(path);
                }
                path.push(at);
            }
            None
        })
    })
}

/// Links are closed and opened while messages are under way, which overtake each other. A loop
/// that is there after any step.
fn wild<A: Algorithm<Message = Message, Command = Command>>(
    process: impl Fn(NodeId) -> A,
    next: impl Fn(&A, NodeId) -> Option<NodeId>,
    seed: u64,
) -> Option<Vec<NodeId>> {
    let mut network = Network::new(count(&EDGES), process, seed);
    for me in 0..5 {
        network.now(NodeId(me), Input::Start);
    }
    for round in 0..6 {
        let (a, b) = EDGES[((seed + round) % 6) as usize];
        for command in [Command::Down, Command::Up] {
            network.later(NodeId(a), Input::Command(command(NodeId(b))));
            network.later(NodeId(b), Input::Command(command(NodeId(a))));
        }
        for _ in 0..40 {
            if !network.step() {
                break;
            }
            if let Some(found) = loops(&network, &next) {
                return Some(found);
            }
        }
    }
    None
}

#[test]
fn next_hops_form_no_loop_whatever_is_under_way() {
    for seed in 0..300 {
        let found = wild(|me| node(me.0, config()), Babel::next_hop, seed);
        assert_eq!(found, None, "seed {seed}");
    }
}

/// With damping the neighbours of a node have an old distance for a while.
#[test]
fn nor_where_small_changes_wait() {
    for seed in 0..300 {
        let damped = || Config {
            significant: 3,
            ..config()
        };
        let found = wild(|me| node(me.0, damped()), Babel::next_hop, seed);
        assert_eq!(found, None, "seed {seed}");
    }
}

/// Node 1 of the ring with neighbours 0, 2 and 3, whose links are up.
#[test]
fn a_small_change_waits_for_the_next_table() {
    let damped = Config {
        significant: 3,
        ..config()
    };
    let mut babel = node(1, damped);
    sent(&mut babel, Input::Start);
    let far = NodeId(4);
    let metric = |said: &[(NodeId, Message)]| {
        let of_far = said.iter().find_map(|(_, message)| match message {
            Message::Update { routes } | Message::Table { routes, .. } => {
                routes.iter().find(|advert| advert.destination == far)
            }
            _ => None,
        });
        of_far.map(|advert| advert.distance.metric)
    };
    // The node announces a new route at once.
    assert_eq!(metric(&heard(&mut babel, 0, update(&[(4, 7, 5)]))), Some(6));
    // It becomes two links longer, which waits, and then a third, which does not.
    assert_eq!(heard(&mut babel, 0, update(&[(4, 8, 7)])), []);
    assert_eq!(metric(&heard(&mut babel, 0, update(&[(4, 8, 8)]))), Some(9));
    assert_eq!(heard(&mut babel, 0, update(&[(4, 8, 7)])), []);
    assert_eq!(
        metric(&sent(&mut babel, Input::Timer(Timer::Table))),
        Some(8)
    );
    // The node retracts a lost route at once.
    let lost = heard(&mut babel, 0, update(&[(4, 8, INFINITY)]));
    assert_eq!(metric(&lost), Some(INFINITY));
}

/// A node that has forwarded a request announces the requested sequence number, although the metric is
/// the same.
#[test]
fn a_requested_number_does_not_wait() {
    let damped = Config {
        significant: 3,
        ..config()
    };
    let mut babel = node(1, damped);
    sent(&mut babel, Input::Start);
    heard(&mut babel, 0, update(&[(4, 7, 1)]));
    assert_eq!(heard(&mut babel, 0, update(&[(4, 8, 1)])), []);
    let request = Message::Request(Request {
        destination: NodeId(4),
        number: 9,
        hops: 5,
    });
    assert_eq!(heard(&mut babel, 2, request).len(), 1);
    let told = heard(&mut babel, 0, update(&[(4, 9, 1)]));
    assert!(told.iter().any(|(to, _)| *to == NodeId(2)), "{told:?}");
}

#[test]
fn without_feasibility_they_do() {
    for flaw in [Flaw::BellmanFord, Flaw::DistanceForgotten] {
        let found = (0..100).any(|seed| {
            let flawed = |me: NodeId| Flawed::new(node(me.0, config()), flaw);
            wild(flawed, |one, to| one.right().next_hop(to), seed).is_some()
        });
        assert!(found, "{flaw:?}");
    }
}

#[test]
fn a_newer_number_is_better_at_any_metric_and_wraps_around() {
    let distance = |number, metric| Distance { number, metric };
    for (one, other, is_better) in [
        (distance(1, 5), distance(1, 6), true),
        (distance(1, 6), distance(1, 6), false),
        (distance(1, 7), distance(1, 6), false),
        (distance(2, 9), distance(1, 6), true),
        (distance(1, 1), distance(2, 6), false),
        (distance(0, 9), distance(u16::MAX, 6), true),
        (distance(u16::MAX, 1), distance(0, 6), false),
        (distance(32_768, 1), distance(0, 6), false),
    ] {
        assert_eq!(one.is_better_than(other), is_better, "{one:?} {other:?}");
    }
}

/// Node 0 reaches 2 over 1, and hears of it from 4 as well.
#[test]
fn a_route_that_may_lead_back_is_refused_and_asked_for() {
    let mut babel = node(0, config());
    sent(&mut babel, Input::Start);
    heard(&mut babel, 1, update(&[(2, 7, 1)]));
    let said = heard(&mut babel, 4, update(&[(2, 7, 2)]));
    assert_eq!(
        (babel.next_hop(NodeId(2)), said.len()),
        (Some(NodeId(1)), 0)
    );
    assert_eq!((babel.served(NodeId(1)), babel.served(NodeId(4))), (1, 0));
    // 2 is not below the distance 2 that it has announced itself.
    let said = sent(&mut babel, Input::Command(Command::Down(NodeId(1))));
    assert_eq!(babel.next_hop(NodeId(2)), None);
    let request = Message::Request(Request {
        destination: NodeId(2),
        number: 8,
        hops: 127,
    });
    let retraction = update(&[(2, 7, INFINITY)]);
    let to = NodeId(4);
    assert_eq!(said, [(to, request.clone()), (to, retraction)]);
    let again = sent(&mut babel, Input::Timer(Timer::Ask(NodeId(2))));
    assert_eq!(again, [(to, request)]);
    let said = heard(&mut babel, 4, update(&[(2, 8, 2)]));
    assert_eq!(babel.next_hop(NodeId(2)), Some(to));
    assert_eq!(said, [(to, update(&[(2, 8, 3)]))]);
}

#[test]
fn requests_are_answered_passed_on_and_end() {
    let request = |destination, number, hops| {
        let destination = NodeId(destination);
        Message::Request(Request {
            destination,
            number,
            hops,
        })
    };
    let mut babel = node(0, config());
    sent(&mut babel, Input::Start);
    heard(&mut babel, 1, update(&[(2, 7, 1)]));
    let (one, four) = (NodeId(1), NodeId(4));
    let answer = update(&[(2, 7, 2)]);
    assert_eq!(heard(&mut babel, 4, request(2, 7, 9)), [(four, answer)]);
    let on = request(2, 8, 8);
    assert_eq!(heard(&mut babel, 4, request(2, 8, 9)), [(one, on)]);
    for (from, asked) in [
        (4, request(2, 8, 1)),
        (4, request(2, 8, 0)),
        (1, request(2, 8, 9)),
        (4, request(3, 1, 9)),
        (4, request(77, 1, 9)),
    ] {
        assert_eq!(heard(&mut babel, from, asked.clone()), [], "{asked:?}");
    }
    // Its own number: 1 after the start.
    let own = heard(&mut babel, 4, request(0, 2, 9));
    let all = [one, four].map(|to| (to, update(&[(0, 2, 0)])));
    assert_eq!(own, all);
    let known = heard(&mut babel, 4, request(0, 2, 9));
    assert_eq!(known, [(four, update(&[(0, 2, 0)]))]);
}

#[test]
fn what_cannot_be_is_ignored() {
    let mut babel = node(0, config());
    sent(&mut babel, Input::Start);
    let before = babel.clone();
    for (from, message) in [
        // Only a destination is at distance 0 of itself.
        (1, update(&[(2, 7, 0), (1, 7, 3), (0, 9, 1), (99, 1, 1)])),
        // It is no neighbour.
        (2, update(&[(2, 7, 0)])),
        (77, Message::Hello { number: 1 }),
        (77, Message::Ihu { number: 1 }),
    ] {
        assert_eq!(heard(&mut babel, from, message), []);
    }
    for command in [
        Command::Up(NodeId(77)),
        Command::Down(NodeId(77)),
        Command::Cost {
            neighbour: NodeId(77),
            more: 3,
        },
    ] {
        assert_eq!(sent(&mut babel, Input::Command(command)), []);
    }
    assert_eq!(babel, before);
}

#[test]
fn a_table_replaces_what_was_known_and_costs_are_added() {
    let mut babel = node(0, config());
    sent(&mut babel, Input::Start);
    heard(&mut babel, 1, update(&[(2, 7, 1), (3, 5, 1)]));
    let Message::Update { routes } = update(&[(3, 5, 1)]) else {
        panic!("an update");
    };
    let table = Message::Table {
        routes,
        wants: true,
    };
    let said = heard(&mut babel, 1, table);
    assert!(matches!(
        said[0],
        (NodeId(1), Message::Table { wants: false, .. })
    ));
    assert_eq!(babel.next_hop(NodeId(2)), None);
    let neighbour = NodeId(1);
    let more = 40;
    let said = sent(
        &mut babel,
        Input::Command(Command::Cost { neighbour, more }),
    );
    assert_eq!(said[0].1, update(&[(2, 7, INFINITY), (3, 5, 42)][1..]));
}

/// The IHU comes within the third of these times.
#[test]
fn a_round_trip_is_measured_and_counts_when_it_comes_twice() {
    let laps = [1, 2, 4, 8].map(Duration::from_millis).to_vec();
    let mut babel = node(
        0,
        Config {
            hello: Some(Duration::from_secs(4)),
            cost: Cost::RoundTrip(laps),
            ..config()
        },
    );
    sent(&mut babel, Input::Start);
    let one = NodeId(1);
    let mut measure = |laps: u32, number| {
        for _ in 0..laps {
            sent(&mut babel, Input::Timer(Timer::Lap(one)));
        }
        heard(&mut babel, 1, Message::Ihu { number });
        let cost = babel.cost(one);
        sent(&mut babel, Input::Timer(Timer::Hello));
        cost
    };
    assert_eq!(measure(2, 0), Some(7));
    assert_eq!(measure(0, 1), Some(7));
    assert_eq!(measure(0, 2), Some(1));
    assert_eq!(measure(9, 3), Some(1));
    assert_eq!(measure(9, 4), Some(15));
    // An answer to another HELLO measures nothing.
    assert_eq!(measure(0, 4), Some(15));
}

#[test]
fn a_silent_link_takes_its_routes_with_it() {
    let mut babel = node(
        0,
        Config {
            hello: Some(Duration::from_secs(4)),
            ..config()
        },
    );
    sent(&mut babel, Input::Start);
    assert_eq!(
        heard(&mut babel, 1, update(&[(2, 7, 1)])),
        [],
        "it is not up"
    );
    let said = heard(&mut babel, 1, Message::Ihu { number: 0 });
    assert!(matches!(said[0].1, Message::Table { wants: true, .. }));
    heard(&mut babel, 1, update(&[(2, 7, 1)]));
    assert_eq!(babel.next_hop(NodeId(2)), Some(NodeId(1)));
    sent(&mut babel, Input::Timer(Timer::Silent(NodeId(1))));
    assert_eq!(
        (babel.next_hop(NodeId(2)), babel.is_up(NodeId(1))),
        (None, false)
    );
    let said = heard(&mut babel, 1, Message::Hello { number: 5 });
    assert!(matches!(
        said[..],
        [(_, Message::Ihu { number: 5 }), (_, Message::Hello { .. })]
    ));
}
