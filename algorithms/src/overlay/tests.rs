use std::time::Duration;

use super::*;
use crate::{Effect, Field, Input, step};

const SECOND: Duration = Duration::from_secs(1);

fn config(drain: Option<Duration>) -> Arc<Config> {
    Arc::new(Config {
        routing: Arc::new(babel::Config {
            destinations: 5,
            open: false,
            hello: None,
            misses: 4,
            table: None,
            gather: Duration::ZERO,
            ask: SECOND,
            significant: 1,
            cost: babel::Cost::Hops,
        }),
        registry: NodeId(0),
        links: 1,
        accepted: 2,
        hidden: false,
        refresh: Some(SECOND),
        score: Score::Routes,
        target: Target::Random,
        drain,
        database: 2,
        answer: SECOND,
        island: Some(SECOND),
        packets: None,
    })
}

fn node(me: u32, drain: Option<Duration>) -> Overlay {
    let others: Vec<_> = (0..5).map(NodeId).filter(|other| other.0 != me).collect();
    Overlay::new(NodeId(me), &others, config(drain))
}

/// The messages that a node sends when it handles that, but for those of routing, and its outputs.
fn done(node: &mut Overlay, input: Input<Overlay>) -> (Vec<(u32, Message)>, Vec<Output>) {
    let (mut sent, mut outputs) = (Vec::new(), Vec::new());
    for effect in step(node, input, 1) {
        match effect {
            Effect::Send { to, message, .. } if !matches!(message, Message::Routing(_)) => {
                sent.push((to.0, message));
            }
            Effect::Output(output) => outputs.push(output),
            Effect::Send { .. }
            | Effect::SetTimer { .. }
            | Effect::CancelTimer { .. }
            | Effect::Persist => {}
        }
    }
    (sent, outputs)
}

fn hears(node: &mut Overlay, from: u32, message: Message) -> Vec<(u32, Message)> {
    let from = NodeId(from);
    done(node, Input::Message { from, message }).0
}

/// Distances of destinations from a neighbour, as the routing protocol has them.
fn table(metrics: &[(u32, u16)]) -> Message {
    let routes = metrics.iter().map(|(to, metric)| babel::Advert {
        destination: NodeId(*to),
        distance: babel::Distance {
            number: 1,
            metric: *metric,
        },
    });
    let routes = routes.collect();
    Message::Routing(babel::Message::Update { routes })
}

fn links(node: &Overlay) -> Vec<String> {
    match links::texts(&node.links) {
        Field::List(texts) => texts.iter().map(|text| (**text).to_owned()).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_node_asks_the_registry_and_then_the_peer_it_names() {
    let mut node = node(3, None);
    let (sent, _) = done(&mut node, Input::Start);
    assert_eq!(sent, [(0, Message::Ask)]);
    let sent = hears(&mut node, 0, Message::Introduce { peer: NodeId(2) });
    assert!(sent.contains(&(2, Message::Open)), "{sent:?}");
    assert!(links(&node).is_empty(), "it is only asked for");
    hears(&mut node, 2, Message::Accept);
    assert_eq!(links(&node), ["peer-02 own"]);
    // Nobody but the registry introduces.
    let sent = hears(&mut node, 2, Message::Introduce { peer: NodeId(4) });
    assert_eq!(sent, []);
}

/// A refusal is not answered at once: two nodes would answer each other for ever.
#[test]
fn a_node_that_is_refused_waits() {
    let mut node = node(3, None);
    done(&mut node, Input::Start);
    hears(&mut node, 0, Message::Introduce { peer: NodeId(2) });
    assert_eq!(hears(&mut node, 2, Message::Refuse), []);
    let (sent, _) = done(&mut node, Input::Timer(Timer::Connect));
    assert_eq!(sent, [(0, Message::Ask), (2, Message::Open)]);
}

/// Neither a node from outside of the run, nor one that it is introduced to, is sent anything.
#[test]
fn nodes_outside_of_the_run_are_ignored() {
    let mut node = node(3, None);
    done(&mut node, Input::Start);
    assert_eq!(hears(&mut node, 9, Message::Open), []);
    for peer in [9, 3].map(NodeId) {
        assert_eq!(hears(&mut node, 0, Message::Introduce { peer }), []);
    }
    assert_eq!(node.peers.count(), 0);
}

/// The links that it has asked for do not come beside the new ones.
#[test]
fn a_node_in_an_island_starts_anew() {
    let mut node = node(3, None);
    done(&mut node, Input::Start);
    hears(&mut node, 1, Message::Open);
    hears(&mut node, 0, Message::Introduce { peer: NodeId(2) });
    let (sent, _) = done(&mut node, Input::Timer(Timer::Island));
    assert_eq!(sent, [(0, Message::Ask)]);
    hears(&mut node, 0, Message::Introduce { peer: NodeId(4) });
    let (sent, outputs) = done(&mut node, Input::Timer(Timer::Anew));
    assert!(sent.contains(&(1, Message::Close)), "{sent:?}");
    assert!(sent.contains(&(4, Message::Open)), "{sent:?}");
    assert!(outputs.contains(&Output::Anew), "{outputs:?}");
    assert_eq!(hears(&mut node, 2, Message::Accept), [(2, Message::Close)]);
    hears(&mut node, 4, Message::Accept);
    assert_eq!(links(&node), ["peer-04 own"]);
}

#[test]
fn links_are_bounded_and_a_late_answer_opens_none() {
    let mut node = node(3, None);
    let answers: Vec<_> = [1, 2, 4]
        .map(|from| hears(&mut node, from, Message::Open))
        .concat();
    let accept = |to| (to, Message::Accept);
    assert_eq!(answers, [accept(1), accept(2), (4, Message::Refuse)]);
    assert_eq!(hears(&mut node, 4, Message::Accept), [(4, Message::Close)]);
    assert_eq!(links(&node), ["peer-01 accepted", "peer-02 accepted"]);
}

/// Both ends have asked: exactly one of the two links is there, and it is the same at both.
#[test]
fn of_two_opens_that_cross_that_of_the_smaller_id_counts() {
    let mut ends = [(1, 2), (2, 1)].map(|(me, other)| {
        let mut node = node(me, None);
        done(&mut node, Input::Start);
        let peer = NodeId(other);
        let sent = hears(&mut node, 0, Message::Introduce { peer });
        assert!(sent.contains(&(other, Message::Open)), "{sent:?}");
        node
    });
    let [one, two] = &mut ends;
    assert_eq!(hears(one, 2, Message::Open), []);
    assert_eq!(hears(two, 1, Message::Open), [(1, Message::Accept)]);
    hears(one, 2, Message::Accept);
    assert_eq!(links(one), ["peer-02 own"]);
    assert_eq!(links(two), ["peer-01 accepted"]);
}

/// A node with a link of its own to peer 1, and one that peer 2 has opened; both reach peer 4.
fn between(drain: Option<Duration>) -> Overlay {
    let mut node = node(3, drain);
    done(&mut node, Input::Start);
    hears(&mut node, 0, Message::Introduce { peer: NodeId(1) });
    hears(&mut node, 1, Message::Accept);
    hears(&mut node, 2, Message::Open);
    hears(&mut node, 1, table(&[(1, 0), (4, 2)]));
    hears(&mut node, 2, table(&[(1, 1), (2, 0), (4, 1)]));
    assert_eq!(
        node.routing.route_texts(),
        Field::from(vec![
            "peer-01 via peer-01 at 1",
            "peer-02 via peer-02 at 1",
            "peer-04 via peer-02 at 2"
        ])
    );
    // A link that has not seen an interval is kept.
    assert_eq!(done(&mut node, Input::Timer(Timer::Refresh)).0, []);
    node
}

#[test]
fn a_link_is_drained_and_closed_when_both_ends_route_over_others() {
    let mut node = between(Some(SECOND));
    let (sent, _) = done(&mut node, Input::Timer(Timer::Refresh));
    assert_eq!(sent, [(1, Message::Drain)]);
    assert_eq!(links(&node)[0], "peer-01 own drains");
    // Peer 1 says that it has no route, but this node still has one: peer 1 itself.
    assert_eq!(hears(&mut node, 1, Message::Drained), []);
    let newer = Message::Routing(babel::Message::Update {
        routes: vec![babel::Advert {
            destination: NodeId(1),
            distance: babel::Distance {
                number: 2,
                metric: 1,
            },
        }],
    });
    let sent = hears(&mut node, 2, newer);
    assert!(sent.contains(&(1, Message::Close)), "{sent:?}");
    assert_eq!(links(&node), ["peer-02 accepted"]);
}

#[test]
fn a_link_that_is_the_last_way_to_somebody_is_kept() {
    let mut node = between(Some(SECOND));
    done(&mut node, Input::Timer(Timer::Refresh));
    let (sent, outputs) = done(&mut node, Input::Timer(Timer::Drain(NodeId(1))));
    assert_eq!(sent, [(1, Message::Keep)]);
    let neighbour = NodeId(1);
    assert_eq!(outputs, [Output::Kept { neighbour }]);
    assert_eq!(links(&node)[0], "peer-01 own");

    // Without a drain it is closed at once, since peer 2 is no farther from peer 1.
    let mut node = between(None);
    let (sent, _) = done(&mut node, Input::Timer(Timer::Refresh));
    assert!(sent.contains(&(1, Message::Close)), "{sent:?}");
    // Peer 2 may have its way to peer 1 over this node.
    let mut node = between(None);
    hears(&mut node, 2, table(&[(1, 2)]));
    let (sent, outputs) = done(&mut node, Input::Timer(Timer::Refresh));
    assert_eq!((sent, outputs), (vec![], vec![Output::Kept { neighbour }]));
}

#[test]
fn packets_over_closed_links_and_to_unknown_nodes_are_dropped() {
    let mut node = between(None);
    let packet = |destination| Packet {
        origin: NodeId(1),
        number: 7,
        destination: NodeId(destination),
        hops: 1,
        data: vec![0; 100].into(),
    };
    let mut of = |from: u32, destination| {
        let from = NodeId(from);
        let message = Message::Packet(packet(destination));
        done(&mut node, Input::Message { from, message })
    };
    let (sent, _) = of(1, 4);
    let forwarded = Packet {
        hops: 2,
        ..packet(4)
    };
    assert_eq!(sent, [(2, Message::Packet(forwarded))]);
    let dropped = |why| Output::Dropped {
        origin: NodeId(1),
        number: 7,
        why,
    };
    assert_eq!(of(1, 0).1, [dropped(interface::Drop::NoRoute)]);
    assert_eq!(of(0, 4).1, [dropped(interface::Drop::NoLink)]);
    let arrived = Output::Delivered {
        origin: NodeId(1),
        number: 7,
        hops: 2,
    };
    assert_eq!(of(1, 3).1, [arrived]);
}

#[test]
fn a_full_database_forgets_those_that_do_not_answer() {
    let mut node = node(3, None);
    for peer in [1, 2] {
        hears(&mut node, 0, Message::Introduce { peer: NodeId(peer) });
    }
    node.peers.failed(NodeId(2));
    hears(&mut node, 0, Message::Introduce { peer: NodeId(4) });
    assert_eq!(node.peers.count(), 2);
    assert_eq!(node.peers.known(), [NodeId(1), NodeId(4)]);
}
