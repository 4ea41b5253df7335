//! Over real peers.

use super::testbed;

const INVARIANTS: [&str; 9] = [
    "I1 no orphan: holds",
    "I2 channel state: holds",
    "I3 markers: holds",
    "I4 vector clocks: holds",
    "I5 conservation: holds",
    "I6 every message once: holds",
    "I7 replay: holds",
    "I8 liveness: holds",
    "I9 FIFO: holds",
];

/// A run in which a planned fault never struck shows nothing about that fault.
#[test]
fn a_kill_that_never_happened_is_unknown() {
    for system in ["snapshot", "gossip --messages 1"] {
        let arguments = format!("--peers 4 --transport memory {system} --kill 3@20s");
        let ended = testbed(&arguments, 3);
        let never = "verdict           unknown: the crash of peer-03 at 20.0 s never happened: the run ended after";
        ended.says(&[never]);
    }
}

#[test]
fn a_snapshot_of_twenty_peers_is_consistent() {
    let ended = testbed("--peers 20 snapshot", 0);
    ended.says(&INVARIANTS);
    ended.says(&[
        "20 peers, 190 connections",
        "snapshot 0/0",
        "peer-19  balance=",
        "markers           380, in theory 380",
        "total: 2000 before; in the cut 2000",
        "verdict           pass",
    ]);
}

#[test]
fn concurrent_snapshots_in_a_sparse_network() {
    let arguments = "--peers 12 --topology random:3 --transport memory snapshot \
                     --initiators 4 --snapshots 5 --every 10ms";
    let ended = testbed(arguments, 0);
    ended.says(&INVARIANTS);
    ended.says(&["complete          20, in theory 20"]);
}

#[test]
fn without_order_the_checker_names_the_message() {
    let ended = testbed("--peers 20 snapshot --rate 200 --channel per-message", 1);
    ended.says(&[
        "I2 channel state: VIOLATED",
        "I9 FIFO: VIOLATED",
        "TRANSFER id=",
        "verdict           fail: violated: ",
    ]);
}

#[test]
fn lai_yang_needs_no_order() {
    let ended = testbed(
        "--peers 20 snapshot --rate 200 --algorithm lai-yang --channel per-message",
        0,
    );
    ended.says(&INVARIANTS[..2]);
    ended.says(&["I6 every message once: holds", "verdict           pass"]);
}

#[test]
fn the_naive_snapshot_fails() {
    let ended = testbed("--peers 20 snapshot --rate 200 --algorithm naive", 1);
    ended.says(&["I2 channel state: VIOLATED", "I5 conservation: VIOLATED"]);
}

#[test]
fn every_workload_is_conserved() {
    for workload in ["token", "producer-consumer"] {
        let arguments = format!("--peers 6 --transport memory snapshot --workload {workload}");
        testbed(&arguments, 0).says(&["I5 conservation: holds (1 checked)"]);
    }
}

#[test]
fn a_crash_aborts_the_snapshot_and_names_the_peer() {
    let arguments = "--peers 6 snapshot --kill 3@150ms --patience 500ms";
    let ended = testbed(arguments, 0);
    ended.says(&[
        "complete          0",
        "aborted by peer-00: no state from peer-03;",
    ]);
}

/// The markers to the peer came while it was down. It takes part again, and has no
/// state to report.
#[test]
fn a_snapshot_is_aborted_although_the_crashed_peer_restarts() {
    let arguments = "--peers 6 snapshot --every 300ms --crash 3@100ms..600ms --patience 3s";
    let ended = testbed(arguments, 0);
    ended.says(&[
        "complete          0",
        "aborted by peer-00: no state from peer-03;",
        "I9 FIFO: holds",
        "fault             the crash of peer-03 at 100 ms",
        "fault             the restart of peer-03 at 600 ms",
    ]);
}

/// More commands at once than a process has room for.
#[test]
fn commands_wait_for_room() {
    let arguments = "--peers 6 --transport memory mutex --entries 60 --hold 0s --delay 0";
    testbed(arguments, 0).says(&["entries           360, in theory 360"]);
    let arguments =
        "--peers 6 --transport memory snapshot --initiators 6 --snapshots 60 --every 0s";
    testbed(arguments, 0).says(&["complete          360, in theory 360"]);
}

#[test]
fn a_run_over_its_timeout_fails() {
    let ended = testbed(
        "--peers 3 snapshot --every 100ms --delay 10s --timeout 300ms",
        1,
    );
    ended.says(&["0 of 1 operations ended within 300ms"]);
}

/// Its timers are always due. Once, they starved everything else: the snapshot, the time
/// limit, and signals.
#[test]
fn an_overloaded_host_makes_the_verdict_unknown() {
    let arguments = "--peers 8 snapshot --rate 200000 --every 1s --timeout 20s";
    let ended = testbed(arguments, 3);
    ended.says(&[
        "timers            late by ",
        "verdict           unknown: overloaded: timers were late by ",
    ]);
}

#[test]
fn the_other_algorithms_cost_what_theory_says() {
    for (arguments, parts) in [
        (
            "--peers 8 elect",
            &["agreement: holds", "ELECTED           8, in theory 8"][..],
        ),
        (
            "--peers 8 --topology ring elect --candidates 3",
            &["largest: holds"],
        ),
        (
            "--peers 8 mutex",
            &[
                "mutual exclusion: holds",
                "messages          224, in theory 224",
            ],
        ),
        (
            "--peers 8 wave",
            &["W3 dependence: holds", "messages          56, in theory 56"],
        ),
        (
            "--peers 20 --topology random:4 wave",
            &["messages          80, in theory 80"],
        ),
        (
            "--peers 8 terminate",
            &[
                "announced once: holds",
                "SIGNAL            99, in theory 99",
            ],
        ),
        (
            "--peers 5 agree",
            &["agreement: holds", "VALUES            40, in theory 40"],
        ),
        ("--peers 4 agree --kill 0@1500ms", &["agreement: holds"]),
        (
            "--peers 5 agree --ending messages",
            &["agreement: holds", "VALUES            40, in theory 40"],
        ),
        (
            "--peers 4 generals --liars 2:forge",
            // The run does not wait for what the liar says.
            &["IC2 the commander's order: holds (2 checked)"],
        ),
        (
            "--peers 8 hub",
            &["no more than the ration: holds", "sessions          7 ("],
        ),
        (
            "--peers 8 audit",
            &[
                "only the holder of a block is credited: holds",
                "false accusations 0, in theory 0",
            ],
        ),
        (
            "--peers 4 auth",
            &[
                "bound: accepted only who holds the key now: holds (24 checked)",
                "messages          240, in theory 240",
            ],
        ),
    ] {
        let ended = testbed(&format!("--transport memory {arguments}"), 0);
        ended.says(parts);
    }
}

/// A hub that restarts has its key, so no peer pays a second time; and those that speak an
/// old version are told so.
#[test]
fn a_hub_that_restarts_loses_no_session() {
    let arguments = "--peers 20 --transport memory hub --old 1 --crash 0@2s..3s";
    let ended = testbed(arguments, 0);
    ended.says(&[
        "sessions          18 (",
        "no session without a proof: holds",
        "no registration without a session: holds",
        "who asks is answered: holds",
        "verdict           pass",
    ]);
}

/// The peers of a hub that restarts register again, and hubs hand over to each other meanwhile.
#[test]
fn one_of_several_hubs_restarts() {
    let arguments = "--peers 24 --transport memory hub --hubs 4 --restart 1@2s";
    let ended = testbed(arguments, 0);
    ended.says(&[
        "topology hubs:4",
        "peers register at the nearest hub that answers: holds",
        "what is handed over was paid for: holds",
        "a receiver that is registered is found: holds",
        "verdict           pass",
    ]);
}

/// 20 peers with 4 connections each: 40 edges, so 80 - 19 copies a message.
#[test]
fn every_rumour_reaches_all_peers() {
    let arguments = "--peers 20 --topology random:4 --transport memory gossip --interval 10ms";
    testbed(arguments, 0).says(&[
        "degree            min 4, median 4, max 4 (20 peers)",
        "delivered         190 of 190 (100.00 %), of 10 of 10 messages published",
        "copies sent       610, in theory 610",
        "(n = 190)",
        "to 100 %          p50 ",
        "(n = 10)\n",
        "validity: holds (200 checked)",
        "sent on once: holds (200 checked)",
        "verdict           pass",
    ]);
}

/// A peer that the flood misses does not keep the run from ending, is reported, and is no
/// failure.
#[test]
fn a_run_with_a_fanout_ends_without_the_missing_deliveries() {
    let arguments = "--peers 20 --topology random:4 --transport memory \
                     gossip --interval 10ms --fanout 1 --patience 300ms";
    testbed(arguments, 0).says(&[
        "of 190 (",
        "to 100 %          none (n = 0); 10 of 10 messages never",
        "sent on once: holds",
        "verdict           pass",
    ]);
}

/// The killed peer misses deliveries; the others get every rumour over another path.
#[test]
fn rumours_take_another_path_around_a_crash() {
    let arguments = "--peers 8 --transport memory \
                     gossip --interval 10ms --kill 3@20ms --patience 300ms";
    testbed(arguments, 0).says(&["no duplication: holds", "verdict           pass"]);
}
