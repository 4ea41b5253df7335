//! The lessons that `snapshot` runs: algorithms, and applications that they record.

use crate::lesson::{Lesson, algorithm_file, commands};

pub(super) const LESSONS: &[Lesson] = &[
    Lesson {
        order: 72,
        name: "naive",
        title: "How not to take a snapshot",
        about: "wrong on purpose: ask all processes",
        needs: "a system that stands still",
        cost: "in a full mesh 2(N-1) messages, and correctness",
        run: "snapshot --algorithm naive",
        file: algorithm_file!("naive_snapshot.rs"),
        commands: commands! {
            "testbed --peers 20 snapshot --algorithm naive" =>
                "money is missing, and the checker names the transfers",
            "testbed check snapshot --algorithm naive --peers 2" =>
                "a shortest run in which it fails",
            "testbed snapshot --algorithm naive --workload token" =>
                "which tokens are missing, or duplicated",
        },
    },
    Lesson {
        order: 80,
        name: "chandy-lamport",
        title: "Chandy and Lamport's snapshot",
        about: "a global state of a running system",
        needs: "channels that lose nothing and keep the order (FIFO); any strongly connected topology; no crashes",
        cost: "a marker on each channel, N(N-1) in a full mesh, where it takes 3 message delays; FINISHED messages back",
        run: "snapshot",
        file: algorithm_file!("chandy_lamport.rs"),
        commands: commands! {
            "testbed --peers 20 snapshot" =>
                "a consistent cut of a bank that goes on, with 380 markers",
            "testbed --peers 20 snapshot --channel per-message" =>
                "without order, markers and messages overtake each other: it fails",
            "testbed simulate snapshot --peers 20 --seeds 10000" =>
                "the same file, in 10,000 schedules",
            "testbed check snapshot --peers 3" => "the same file, in every schedule",
            "testbed --peers 20 snapshot --initiators 3 --snapshots 4" =>
                "several snapshots at once",
            "testbed --peers 8 snapshot --kill 3@100ms --patience 1s" =>
                "a crash: the initiator aborts",
        },
    },
    Lesson {
        order: 90,
        name: "lai-yang",
        title: "Lai and Yang's snapshot, with Mattern's counters",
        about: "a snapshot without FIFO channels",
        needs: "channels that neither lose nor duplicate messages, in any order; strongly connected; no crashes",
        cost: "an announcement on each channel, N(N-1) in a full mesh; a number or more on each message",
        run: "snapshot --algorithm lai-yang",
        file: algorithm_file!("lai_yang.rs"),
        commands: commands! {
            "testbed --peers 20 snapshot --algorithm lai-yang --channel per-message" =>
                "correct where Chandy and Lamport's is not",
            "testbed simulate snapshot --algorithm lai-yang --channel per-message --seeds 10000" =>
                "10,000 schedules",
            "testbed check snapshot --algorithm lai-yang --channel per-message --peers 2" =>
                "every schedule",
        },
    },
    Lesson {
        order: 100,
        name: "bank",
        title: "Bank transfers",
        about: "application: money that moves",
        needs: "channels that neither lose nor duplicate messages, in any order",
        cost: "one message a transfer",
        run: "snapshot --workload bank",
        file: algorithm_file!("bank.rs"),
        commands: commands! {
            "testbed --peers 20 snapshot --workload bank" =>
                "balances and transfers under way add up",
            "testbed --peers 20 snapshot --rate 500" =>
                "more transfers: more of them in the channels",
        },
    },
    Lesson {
        order: 110,
        name: "token",
        title: "Tokens that wander",
        about: "application: tokens with names",
        needs: "channels that neither lose nor duplicate messages, in any order",
        cost: "one message a hop",
        run: "snapshot --workload token",
        file: algorithm_file!("token.rs"),
        commands: commands! {
            "testbed --peers 20 snapshot --workload token" => "each token exists once",
            "testbed snapshot --workload token --algorithm naive" =>
                "some are missing, or duplicated",
        },
    },
    Lesson {
        order: 120,
        name: "producer-consumer",
        title: "Producers and consumers",
        about: "application: items made and used up",
        needs: "channels that neither lose nor duplicate messages, in any order",
        cost: "one message an item",
        run: "snapshot --workload producer-consumer",
        file: algorithm_file!("producer_consumer.rs"),
        commands: commands! {
            "testbed --peers 20 snapshot --workload producer-consumer" =>
                "produced = consumed + buffered + in channels",
        },
    },
];
