use std::time::Duration;

use super::*;

fn message(publisher: u32, arrivals: &[(u32, u32, u64)]) -> Message {
    let arrivals = arrivals.iter().map(|&(to, via, ms)| {
        let arrival = Arrival {
            via: Some(via),
            after: Duration::from_millis(ms),
            hops: None,
        };
        (to, arrival)
    });
    Message {
        publisher,
        degree: 2,
        sent_unix_ns: 0,
        refused: None,
        arrivals: arrivals.collect(),
    }
}

fn spread(peers: usize, messages: &[Message], stopped: &Stopped, unpublished: u64) -> Spread {
    let observed = Observed {
        degrees: &vec![2; peers],
        planned: messages.len() as u64 + unpublished,
        unpublished,
        messages: messages.iter().collect(),
        stopped,
        copies: Copies::default(),
        bound: Bound::new(2, 1),
    };
    observed.spread()
}

/// The last time until each part had a message, in milliseconds; and how many
/// messages never got so far.
fn until(spread: &Spread) -> Vec<(Option<u64>, u64)> {
    let all = spread.spread.iter().map(|reached| {
        let times = reached.time_ns;
        let max = times.map(|times| (times.max as f64 / 1e6).round() as u64);
        (max, reached.never)
    });
    all.collect()
}

#[test]
fn message_that_never_reached_all_peers_is_counted() {
    let messages = [
        message(0, &[(1, 0, 10), (2, 1, 30), (3, 0, 20)]),
        message(0, &[(1, 0, 5), (2, 1, 6)]),
    ];
    let all = spread(4, &messages, &Stopped::new(), 0);
    let [half, others @ ..] = &until(&all)[..] else {
        panic!("a time for each part")
    };
    assert_eq!(*half, (Some(20), 0));
    assert_eq!(others, [(Some(30), 1); 3]);
    assert_eq!((all.delivered, all.expected), (5, 6));
    let lines = all.lines().join("\n");
    for part in ["(n = 1); 1 of 2 messages never", "5 of 6 (83.33 %)"] {
        assert!(lines.contains(part), "{lines}");
    }
}

/// A peer that dials its neighbours after a restart gets old messages from the first of them.
#[test]
fn a_peer_that_restarts_has_forgotten_what_it_had() {
    let second = |number| Duration::from_secs(number);
    let nanos = |number: u64| 1_000_000_000 * number;
    let mut stopped = Stopped::with_patience(second(1));
    assert!(!stopped.has_forgotten(3, nanos(5)), "it never stopped");
    stopped.stop(3, second(10));
    assert!(stopped.has_forgotten(3, nanos(5)), "it still dials");
    assert!(!stopped.has_forgotten(3, nanos(11)), "it had that later");
    assert!(!stopped.has_forgotten(4, nanos(5)), "another peer");
    stopped.come_back(3, second(20));
    assert!(stopped.has_forgotten(3, nanos(15)));
    assert!(!stopped.has_forgotten(3, nanos(21)));
}

#[test]
fn stopped_peers_are_not_waited_for() {
    let messages = [
        message(0, &[(1, 0, 10), (2, 1, 30), (3, 0, 20)]),
        message(0, &[(1, 0, 5), (2, 1, 6)]),
        message(3, &[(0, 3, 1), (1, 0, 2), (2, 0, 2)]),
    ];
    let stopped = Stopped::from_iter([(3, Duration::from_millis(25))]);
    let all = spread(4, &messages, &stopped, 1);
    // One delivery to it, and three of a message that it never published.
    assert_eq!((all.excused, all.expected, all.delivered), (4, 8, 8));
    assert!(until(&all).iter().all(|(_, never)| *never == 0));
}

#[test]
fn hops_are_those_of_the_first_copies() {
    let mut one = message(0, &[(1, 0, 1), (2, 1, 2), (3, 9, 3), (4, 3, 4)]);
    let found = [1, 2, 3, 4, 5].map(|peer| one.hops(peer));
    assert_eq!(found, [Some(1), Some(2), None, None, None]);
    one.arrivals.get_mut(&4).expect("it came").hops = Some(7);
    assert_eq!(one.hops(4), Some(7));
    let all = spread(5, &[one], &Stopped::new(), 0);
    assert_eq!(all.hops, BTreeMap::from([(0, 1), (1, 1), (2, 1), (7, 1)]));
}

#[test]
fn run_without_deliveries_has_no_times() {
    let lines = spread(2, &[message(0, &[]), message(1, &[])], &Stopped::new(), 0).lines();
    let nothing = "to 100 %          none (n = 0); 2 of 2 messages never".to_owned();
    assert!(lines.contains(&nothing), "{lines:?}");
    assert!(lines.contains(&"hops              none (n = 0)".to_owned()));
}

#[test]
fn interrupted_run_expects_what_was_delivered() {
    let messages = [message(0, &[(1, 0, 10)]), message(0, &[])];
    let mut all = spread(4, &messages, &Stopped::new(), 0);
    all.interrupt();
    assert_eq!((all.expected, all.under_way), (1, 5));
    assert!(until(&all).iter().all(|(_, never)| *never == 0));
}
