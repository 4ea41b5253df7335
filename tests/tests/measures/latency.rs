//! `testbed latency`, as a user tries it.

use std::time::Duration;

use support::{CALM, Running, Runs, measured, refused};

#[test]
fn the_stack_beside_plain_tcp() {
    for transport in ["tcp", "quic", "memory"] {
        let words = format!(
            "--seed 1 --peers 6 --transport {transport} latency --size 1K,64K --messages 120"
        );
        let (ended, record, rows) = measured(&words, 0);
        let sizes = record["results"]["sizes"].as_array().expect("sizes");
        for (size, bytes) in sizes.iter().zip([1024, 65536]) {
            assert_eq!(size["size_bytes"], bytes);
            for road in ["stack", "tcp"] {
                let of = &size[road];
                assert_eq!(
                    (&of["sent"], &of["lost"]),
                    (&120.into(), &0.into()),
                    "{size}"
                );
                let p50 = |way: &str| of[way]["p50"].as_u64().expect("a time");
                assert!(p50("one_way_ns") < p50("round_trip_ns"), "{size}");
            }
            assert!(size["round_trip_ratio"].as_f64() > Some(0.0), "{size}");
        }
        assert_eq!(rows.lines().count(), 1 + 2 * 2 * 120);
        for row in rows.lines().filter(|row| row.starts_with("stack")) {
            let fields: Vec<_> = row.split(',').collect();
            assert_ne!(fields[2], fields[3], "no peer sends to itself: {row}");
        }
        // A request and its answer.
        assert!(record["spans"]["stored"].as_u64() >= Some(2 * 2 * 120));
        assert_eq!(record["spans"]["without_parent"], 0);
        assert!(ended.stdout.contains("plain TCP p50"), "{ended}");
    }
}

#[test]
fn many_pairs_send_at_once() {
    let words = "--seed 1 --peers 8 latency --concurrent 50 --messages 500";
    let (ended, ..) = measured(words, 0);
    assert!(ended.stdout.contains("n = 500"), "{ended}");
}

/// Coordinated omission: a program that stands still for a while, and measures
/// only from when it sent, would see one slow message. Here every message that was to be
/// sent meanwhile counts as late.
#[test]
fn messages_delayed_by_a_stall_are_counted_as_late() {
    let runs = Runs::new();
    let words = format!("-q --seed 1 {CALM} --peers 4 latency --interval 5ms --messages 400");
    let running = Running::start(&mut runs.testbed(words.split(' ')));
    let rows = runs.measured();
    running.stall(Duration::from_millis(500));
    running.end().exits(0);
    let text = std::fs::read_to_string(rows).expect("results");
    let late = text.lines().skip(1).filter(|row| {
        let took = row
            .rsplit(',')
            .next()
            .and_then(|nanos| nanos.parse::<u64>().ok());
        took.is_some_and(|nanos| nanos > 50_000_000)
    });
    // Half a second has a hundred of them.
    let late = late.count();
    assert!(late >= 60, "only {late} were late");
}

/// Messages further apart than an answer may take are sent all the same.
#[test]
fn patience_limits_answers_alone() {
    let words = "--seed 1 --peers 4 latency --messages 4 --interval 1s --patience 500ms";
    let (_, record, _) = measured(words, 0);
    let of = &record["results"]["sizes"][0];
    for road in ["stack", "tcp"] {
        assert_eq!(
            (&of[road]["sent"], &of[road]["lost"]),
            (&4.into(), &0.into())
        );
    }
}

#[test]
fn invalid_options_are_rejected() {
    for (arguments, parts) in [
        ("--size 2M", &["2M", "1M"][..]),
        ("--size 1K,,2K", &["--size"]),
        ("--interval 0s", &["'0s'"]),
        (
            "--interval 1ms --concurrent 3",
            &["--interval", "--concurrent"],
        ),
        ("--pairs myself", &["myself", "random"]),
        ("--messages 0", &["0"]),
    ] {
        refused(&format!("latency {arguments}"), parts);
    }
}
