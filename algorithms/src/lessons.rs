//! The list of lessons: one entry for each algorithm, and for each application
//! that algorithms are tried on.
//!
//! The lesson itself is the algorithm's own file, which is built in: its head
//! explains the idea, and messages and state are shown as they stand there. An
//! entry adds only what is not in the file. A new algorithm is one more entry in
//! [`ALL`].

mod shown;

/// A lesson.
#[derive(Clone, Copy, Debug)]
pub struct Lesson {
    /// Its name on the command line: "chandy-lamport".
    pub name: &'static str,
    /// The heading.
    pub title: &'static str,
    /// Its subject, in a line.
    pub about: &'static str,
    /// Its assumptions about the network and the processes.
    pub needs: &'static str,
    /// Its theoretical cost, in messages and in time.
    pub cost: &'static str,
    /// The arguments of `testbed` that run it: "snapshot --algorithm lai-yang".
    pub run: &'static str,
    /// Its file in `algorithms/src`.
    pub file: &'static str,
    /// The content of the file.
    pub source: &'static str,
    /// Commands, each with its result.
    pub try_: &'static [(&'static str, &'static str)],
}

/// Commands, each with its result.
macro_rules! commands {
    ($($typed:literal => $shows:literal,)+) => { &[$(($typed, $shows)),+] };
}

/// All lessons, in the order in which they are best read. Applications come
/// after the algorithms.
pub const ALL: &[Lesson] = &[
    Lesson {
        name: "ping-pong",
        title: "PING and PONG",
        about: "is a process there, and how far away?",
        needs: "a channel in each direction; loss, crashes and disorder only cost answers",
        cost: "2 messages and one round trip a ping",
        run: "ping",
        file: "ping_pong.rs",
        source: include_str!("ping_pong.rs"),
        try_: commands! {
            "testbed --peers 20 ping" => "one PING, one PONG, and the round trip",
            "testbed ping --count 1000 --size 4K" => "how round trips are spread",
            "testbed --peers 20 --view ping" => "the same, with the messages drawn in the browser",
        },
    },
    Lesson {
        name: "echo",
        title: "The echo algorithm: a wave through an unknown network",
        about: "how to reach all processes and know it",
        needs: "edges in both directions, connected; channels that lose nothing, in any order; no crashes",
        cost: "2|E| messages; O(N) time, or 2e or 2e+1 message delays if all are equal, e hops being the way to the farthest",
        run: "wave",
        file: "echo.rs",
        source: include_str!("echo.rs"),
        try_: commands! {
            "testbed --peers 20 wave --topology random:4" =>
                "two messages on each edge, and a spanning tree",
            "testbed --peers 20 wave --topology ring --initiators 3" =>
                "three waves that do not mix",
            "testbed check wave --peers 4 --topology ring" => "every schedule",
            "testbed simulate wave --seeds 100 --loss 0.05" => "a message is lost: no process decides",
        },
    },
    Lesson {
        name: "flood",
        title: "Flooding: a rumour that reaches all processes",
        about: "how does news reach all, and how often?",
        needs: "edges in both directions, connected; without a fanout, no loss and no crashes where there is only one path; any order",
        cost: "2|E| - (N-1) messages a rumour, or at most K for each process that has it; hops to the farthest",
        run: "gossip",
        file: "flood.rs",
        source: include_str!("flood.rs"),
        try_: commands! {
            "testbed --peers 20 gossip --topology random:4" =>
                "each rumour at all processes, how fast, and how many duplicates",
            "testbed --peers 20 gossip --topology random:4 --fanout 2" =>
                "fewer copies, and some processes get none",
            "testbed --peers 20 gossip --topology random:4 --kill 3@200ms" =>
                "one process crashes, and the rumours take another path",
            "testbed simulate gossip --peers 50 --fanout 3 --loss 0.1 --seeds 1000" =>
                "1,000 schedules of a network that loses messages",
            "testbed check gossip --peers 4 --topology ring" => "every schedule",
        },
    },
    Lesson {
        name: "chang-roberts",
        title: "Chang and Roberts' election on a ring",
        about: "how do equals agree on one of them?",
        needs: "a ring; identities that differ; channels that lose nothing, in any order; no crashes",
        cost: "if all N are candidates: 2N-1 to N(N+1)/2 messages, N H(N) on average, and N to announce; all know after 2N-1 hops",
        run: "elect",
        file: "chang_roberts.rs",
        source: include_str!("chang_roberts.rs"),
        try_: commands! {
            "testbed --peers 8 elect" => "how many ELECTION messages, beside what theory says",
            "testbed --peers 8 elect --seed 7" =>
                "the seed assigns the identities: another number",
            "testbed --peers 8 elect --candidates 1" =>
                "one candidate: its identity goes all the way round",
            "testbed simulate elect --peers 8 --seeds 10000" => "10,000 schedules",
            "testbed check elect --peers 4 --channel per-message" =>
                "every schedule, in channels without order",
        },
    },
    Lesson {
        name: "ricart-agrawala",
        title: "Ricart and Agrawala's mutual exclusion",
        about: "how do equals take turns?",
        needs: "a channel between any two, which loses nothing, in any order; no crashes",
        cost: "2(N-1) messages an entry; one message delay from one process to the next",
        run: "mutex",
        file: "ricart_agrawala.rs",
        source: include_str!("ricart_agrawala.rs"),
        try_: commands! {
            "testbed --peers 8 mutex" =>
                "two entries each, never two at once, with 14 messages an entry",
            "testbed simulate mutex --peers 5 --seeds 1000 --channel per-message" =>
                "it needs no order",
            "testbed check mutex --peers 3 --entries 1" => "every schedule",
            "testbed --peers 5 mutex --kill 3@10ms --timeout 3s" =>
                "one crash, and soon no process enters",
        },
    },
    Lesson {
        name: "dijkstra-scholten",
        title: "Dijkstra and Scholten's termination detection",
        about: "is all the work done?",
        needs: "channels in both directions that neither lose nor duplicate messages, in any order; no crashes; one root",
        cost: "one SIGNAL a message of the application; after the end as many hops as the tree is high, or one more",
        run: "terminate",
        file: "dijkstra_scholten.rs",
        source: include_str!("dijkstra_scholten.rs"),
        try_: commands! {
            "testbed --peers 10 terminate" =>
                "as many SIGNALs as JOBs, and the end is never announced early",
            "testbed --peers 10 terminate --topology ring --jobs 1000" =>
                "more work, fewer channels",
            "testbed simulate terminate --peers 8 --seeds 1000" => "1,000 schedules",
            "testbed check terminate --peers 3 --jobs 3" => "every schedule",
        },
    },
    Lesson {
        name: "naive",
        title: "How not to take a snapshot",
        about: "wrong on purpose: ask all processes",
        needs: "a system that stands still",
        cost: "in a full mesh 2(N-1) messages, and correctness",
        run: "snapshot --algorithm naive",
        file: "naive_snapshot.rs",
        source: include_str!("naive_snapshot.rs"),
        try_: commands! {
            "testbed --peers 20 snapshot --algorithm naive" =>
                "money is missing, and the checker names the transfers",
            "testbed check snapshot --algorithm naive --peers 2" =>
                "a shortest run in which it fails",
            "testbed snapshot --algorithm naive --workload token" =>
                "which tokens are missing, or duplicated",
        },
    },
    Lesson {
        name: "chandy-lamport",
        title: "Chandy and Lamport's snapshot",
        about: "a global state of a running system",
        needs: "channels that lose nothing and keep the order (FIFO); any strongly connected topology; no crashes",
        cost: "a marker on each channel, N(N-1) in a full mesh, where it takes 3 message delays; FINISHED messages back",
        run: "snapshot",
        file: "chandy_lamport.rs",
        source: include_str!("chandy_lamport.rs"),
        try_: commands! {
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
        name: "lai-yang",
        title: "Lai and Yang's snapshot, with Mattern's counters",
        about: "a snapshot without FIFO channels",
        needs: "channels that neither lose nor duplicate messages, in any order; strongly connected; no crashes",
        cost: "an announcement on each channel, N(N-1) in a full mesh; a number or more on each message",
        run: "snapshot --algorithm lai-yang",
        file: "lai_yang.rs",
        source: include_str!("lai_yang.rs"),
        try_: commands! {
            "testbed --peers 20 snapshot --algorithm lai-yang --channel per-message" =>
                "correct where Chandy and Lamport's is not",
            "testbed simulate snapshot --algorithm lai-yang --channel per-message --seeds 10000" =>
                "10,000 schedules",
            "testbed check snapshot --algorithm lai-yang --channel per-message --peers 2" =>
                "every schedule",
        },
    },
    Lesson {
        name: "bank",
        title: "Bank transfers",
        about: "application: money that moves",
        needs: "channels that neither lose nor duplicate messages, in any order",
        cost: "one message a transfer",
        run: "snapshot --workload bank",
        file: "bank.rs",
        source: include_str!("bank.rs"),
        try_: commands! {
            "testbed --peers 20 snapshot --workload bank" =>
                "balances and transfers under way add up",
            "testbed --peers 20 snapshot --rate 500" =>
                "more transfers: more of them in the channels",
        },
    },
    Lesson {
        name: "token",
        title: "Tokens that wander",
        about: "application: tokens with names",
        needs: "channels that neither lose nor duplicate messages, in any order",
        cost: "one message a hop",
        run: "snapshot --workload token",
        file: "token.rs",
        source: include_str!("token.rs"),
        try_: commands! {
            "testbed --peers 20 snapshot --workload token" => "each token exists once",
            "testbed snapshot --workload token --algorithm naive" =>
                "some are missing, or duplicated",
        },
    },
    Lesson {
        name: "producer-consumer",
        title: "Producers and consumers",
        about: "application: items made and used up",
        needs: "channels that neither lose nor duplicate messages, in any order",
        cost: "one message an item",
        run: "snapshot --workload producer-consumer",
        file: "producer_consumer.rs",
        source: include_str!("producer_consumer.rs"),
        try_: commands! {
            "testbed --peers 20 snapshot --workload producer-consumer" =>
                "produced = consumed + buffered + in channels",
        },
    },
    Lesson {
        name: "work",
        title: "Work that spreads: a diffusing computation",
        about: "application: jobs that lead to jobs",
        needs: "channels that neither lose nor duplicate messages, in any order",
        cost: "one message a job but the first",
        run: "terminate",
        file: "work.rs",
        source: include_str!("work.rs"),
        try_: commands! {
            "testbed --peers 10 terminate --jobs 500" => "500 jobs, 499 messages",
            "testbed --peers 10 --view terminate" =>
                "the work spreads, and its end is detected",
        },
    },
];

impl Lesson {
    /// The lesson of that name.
    pub fn find(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|lesson| lesson.name == name)
    }

    /// Where its file is, from the root of the repository.
    pub fn path(&self) -> String {
        format!("algorithms/src/{}", self.file)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Modules that are not lessons: the common part of the snapshot algorithms, the
    /// modules of derived code, and this one.
    const NONE: [&str; 4] = ["derived", "lessons", "snapshot", "wire"];

    #[test]
    fn every_algorithm_is_a_lesson() {
        let modules = include_str!("lib.rs").lines();
        let modules = modules.filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
        let modules: BTreeSet<_> = modules.filter(|module| !NONE.contains(module)).collect();
        let files = ALL
            .iter()
            .filter_map(|lesson| lesson.file.strip_suffix(".rs"));
        assert_eq!(
            files.collect::<BTreeSet<_>>(),
            modules,
            "a new algorithm has its entry in ALL"
        );
        let names: BTreeSet<_> = ALL.iter().map(|lesson| lesson.name).collect();
        assert_eq!(names.len(), ALL.len(), "each has its own name");
        for name in names {
            assert_eq!(Lesson::find(name).map(|lesson| lesson.name), Some(name));
        }
    }

    #[test]
    fn the_source_is_that_of_the_file() {
        for lesson in ALL {
            let path = format!("{}/src/{}", env!("CARGO_MANIFEST_DIR"), lesson.file);
            let file = std::fs::read_to_string(path).expect(lesson.file);
            assert!(file == lesson.source, "{}", lesson.name);
        }
    }

    #[test]
    fn every_lesson_is_read_in_one_sitting() {
        for lesson in ALL {
            let lines = lesson.source.lines();
            let lines = lines.take_while(|line| *line != "#[cfg(test)]").count();
            assert!(
                lines <= 250,
                "{}: {lines} lines before its tests",
                lesson.name
            );
        }
    }

    #[test]
    fn every_lesson_is_complete() {
        for lesson in ALL {
            let Lesson { name, run, .. } = *lesson;
            let idea = lesson.idea();
            assert!(idea.len() > 400, "{name}: {idea}");
            for part in ["\nWhat it needs", "\nCost: ", " is in this file"] {
                assert!(idea.contains(part), "the head of {name} lacks {part:?}");
            }
            for (field, text) in [
                ("title", lesson.title),
                ("about", lesson.about),
                ("needs", lesson.needs),
                ("cost", lesson.cost),
                ("run", run),
            ] {
                assert!(!text.is_empty() && !text.contains('\n'), "{name}: {field}");
            }
            assert!(!lesson.try_.is_empty(), "{name}");
            let command = run.split(' ').next().unwrap_or(run);
            for (typed, shows) in lesson.try_ {
                let mut words = typed.split(' ');
                assert_eq!(words.next(), Some("testbed"), "{name}: {typed}");
                assert!(words.any(|word| word == command), "{name}: {typed}");
                assert!(!shows.is_empty(), "{name}: {typed}");
            }
        }
    }
}
