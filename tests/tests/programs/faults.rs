//! The faults of a scenario, over real peers: in virtual and in real time, each has its
//! effect, and is a span at its moment.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;
use support::{CALM, Runs, record, refused, run};
use trace::history::History;
use trace::steps::Event;
use trace::store::Store;

/// A bank that five peers never stop to use, with two snapshots some 100 ms apart.
const SNAPSHOT: &str = "--peers 5 --seed 1 --quiet snapshot --patience 3s";

struct Ran {
    record: Value,
    history: History,
    rows: String,
    /// The spans of faults, with their times.
    marks: Vec<(u64, String)>,
}

fn ran(time: &str, scenario: &str, experiment: &str, status: i32) -> Ran {
    ran_any(time, scenario, experiment, &[status])
}

/// As [`ran`], with one of these statuses.
fn ran_any(time: &str, scenario: &str, experiment: &str, statuses: &[i32]) -> Ran {
    let runs = Runs::new();
    // Other tests run beside it.
    let words = CALM
        .split(' ')
        .chain(["--time", time, "--scenario", scenario]);
    let words = words.chain(experiment.split_whitespace());
    let ended = run(&mut runs.testbed(words));
    let status = ended.status.expect("no signal");
    assert!(statuses.contains(&status), "{ended}");
    let folder = runs.only();
    let spans = std::fs::read(folder.join("spans.jsonl")).expect("spans");
    let store = Store::read_jsonl(&spans[..]).expect("spans of the testbed");
    let mut marks = Vec::new();
    store.for_each(|service, span| {
        if service == trace::LABORATORY && MARKS.contains(&&*span.name) {
            marks.push((span.start_time_unix_nano, span.name.clone()));
        }
    });
    marks.sort();
    Ran {
        record: record(&folder),
        history: History::read(&store),
        rows: std::fs::read_to_string(folder.join("results.csv")).expect("rows"),
        marks,
    }
}

const MARKS: [&str; 9] = [
    "kill",
    "restart",
    "partition",
    "heal",
    "pause",
    "resume",
    "slow",
    "usual",
    "links",
];

/// Both clocks of a run over real peers.
const CLOCKS: [&str; 2] = ["virtual", "wall"];

/// A message that has arrived: its ends, when it was sent, and when its receiver took it.
struct Arrived {
    from: String,
    to: String,
    sent: u64,
    at: u64,
}

impl Ran {
    fn names(&self) -> Vec<&str> {
        self.marks.iter().map(|(_, name)| &**name).collect()
    }

    fn at(&self, name: &str) -> u64 {
        let mut marks = self.marks.iter();
        let (at, _) = marks.find(|(_, mark)| mark == name).expect(name);
        *at
    }

    fn arrived(&self) -> Vec<Arrived> {
        let mut sent = BTreeMap::new();
        for (_, _, step) in self.history.steps() {
            for event in &step.events {
                if let Event::Sent { message, .. } = event {
                    sent.insert(message.id, step.at_unix_nano);
                }
            }
        }
        let received = self.history.steps().filter_map(|(to, _, step)| {
            let received = step.received.as_ref()?;
            Some(Arrived {
                from: received.from.to_string(),
                to: to.to_string(),
                sent: sent[&received.message.id],
                at: step.at_unix_nano,
            })
        });
        received.collect()
    }

    fn steps_of(&self, name: &str, during: Range<u64>) -> usize {
        let steps = self.history.steps();
        let mine = steps.filter(|(of, ..)| ***of == *name);
        mine.filter(|(.., step)| during.contains(&step.at_unix_nano))
            .count()
    }
}

#[test]
fn a_cut_link_delivers_nothing_until_it_heals() {
    const CUT: &str = r#"at = "50ms", heal = "150ms", group = [0], others = [1, 2, 3]"#;
    for time in CLOCKS {
        for (way, cut) in [
            ("", [true, true]),
            (", one_way = \"from\"", [true, false]),
            (", one_way = \"to\"", [false, true]),
        ] {
            let ran = ran(
                time,
                &format!("{{partition = [{{{CUT}{way}}}]}}"),
                SNAPSHOT,
                0,
            );
            assert_eq!(ran.names(), ["partition", "heal"], "{time}{way}");
            let (from, to) = (ran.at("partition"), ran.at("heal"));
            let mut waited = 0;
            for one in ran.arrived() {
                let is_cut = match (&*one.from, &*one.to) {
                    ("peer-04", _) | (_, "peer-04") => false,
                    ("peer-00", _) => cut[0],
                    (_, "peer-00") => cut[1],
                    _ => false,
                };
                if is_cut && (from..to).contains(&one.sent) {
                    assert!(one.at >= to, "{time}{way}: {} at {}", one.sent, one.at);
                    waited += 1;
                }
            }
            assert!(waited > 0, "{time}{way}");
        }
    }
}

#[test]
fn a_paused_process_takes_no_step() {
    for time in CLOCKS {
        let pause = r#"{pause = [{process = 2, at = "50ms", resume = "150ms"}]}"#;
        let ran = ran(time, pause, SNAPSHOT, 0);
        assert_eq!(ran.names(), ["pause", "resume"], "{time}");
        let during = ran.at("pause")..ran.at("resume");
        // It may end what it had begun.
        assert!(ran.steps_of("peer-02", during.clone()) < 3, "{time}");
        assert!(ran.steps_of("peer-01", during.clone()) > 5, "{time}");
        assert!(ran.steps_of("peer-02", during.end..u64::MAX) > 5, "{time}");
        let faults = ran.record["results"]["faults"].as_array().expect("a list");
        assert_eq!(faults.len(), 2, "{time}: {faults:?}");
    }
}

#[test]
fn what_reaches_a_slow_peer_arrives_later() {
    const BY: u64 = 30_000_000;
    for time in CLOCKS {
        let slow = r#"{slow = [{process = 2, at = "50ms", until = "150ms", by = "30ms"}]}"#;
        let ran = ran(time, slow, SNAPSHOT, 0);
        assert_eq!(ran.names(), ["slow", "usual"], "{time}");
        let during = ran.at("slow")..ran.at("usual");
        let all = ran.arrived().into_iter();
        let slowed = all.filter(|one| during.contains(&one.sent) && during.contains(&one.at));
        let (slow, others): (Vec<_>, Vec<_>) = slowed.partition(|one| one.to == "peer-02");
        assert!(!slow.is_empty(), "{time}");
        assert!(slow.iter().all(|one| one.at - one.sent >= BY), "{time}");
        assert!(others.iter().any(|one| one.at - one.sent < BY), "{time}");
    }
}

#[test]
fn links_change_while_a_run_goes_on() {
    // The shortest latency of `wan`.
    const LEAST: u64 = 20_000_000;
    for time in CLOCKS {
        let links = r#"{links = [{at = "50ms", network = "wan"}], delay = "0"}"#;
        let ran = ran(time, links, SNAPSHOT, 0);
        assert_eq!(ran.names(), ["links"], "{time}");
        let changed = ran.at("links");
        let all = ran.arrived().into_iter();
        let (later, earlier): (Vec<_>, Vec<_>) = all.partition(|one| one.sent > changed);
        assert!(!later.is_empty(), "{time}");
        assert!(later.iter().all(|one| one.at - one.sent >= LEAST), "{time}");
        assert!(
            earlier.iter().any(|one| one.at - one.sent < LEAST),
            "{time}"
        );
    }
}

#[test]
fn a_process_restarts_with_its_state_or_without() {
    for time in CLOCKS {
        for (state, restarts) in [("kept", 0), ("lost", 1)] {
            let crash = format!(
                r#"{{crash = [{{process = 2, at = "50ms", restart = "90ms", state = "{state}"}}]}}"#
            );
            // A bank loses money with messages.
            let ran = ran(time, &crash, SNAPSHOT, 1);
            assert_eq!(ran.names(), ["kill", "restart"], "{time} {state}");
            let down = ran.at("kill")..ran.at("restart");
            assert_eq!(ran.steps_of("peer-02", down.clone()), 0, "{time} {state}");
            assert!(
                ran.steps_of("peer-02", down.end..u64::MAX) > 0,
                "{time} {state}"
            );
            let anew = ran.history.steps().filter(|(.., step)| step.restarts);
            assert_eq!(anew.count(), restarts, "{time} {state}");
        }
    }
}

#[test]
fn a_process_restarts_whatever_else_happens_meanwhile() {
    const CRASH: &str = r#"crash = [{process = 2, at = "60ms", restart = "90ms"}]"#;
    for (other, dial, begins) in [
        // The pause ends while the process is down.
        (
            r#"pause = [{process = 2, at = "50ms", resume = "80ms"}]"#,
            "30s",
            "restart",
        ),
        // Several dials end without an answer before the partition heals.
        (
            r#"partition = [{at = "50ms", heal = "1s", group = [2]}]"#,
            "200ms",
            "heal",
        ),
    ] {
        for time in CLOCKS {
            let scenario = format!("{{{CRASH}, {other}}}");
            let experiment = format!("--dial-timeout {dial} {SNAPSHOT}");
            // A bank may lose money with messages.
            let ran = ran_any(time, &scenario, &experiment, &[0, 1]);
            let verdict = ran.record["verdict"].to_string();
            assert!(!verdict.contains("dial"), "{time}: {other}: {verdict}");
            assert!(ran.at("restart") >= ran.at(begins), "{time}: {other}");
            let after = ran.at("restart")..u64::MAX;
            assert!(ran.steps_of("peer-02", after) > 0, "{time}: {other}");
        }
    }
}

#[test]
fn churn_and_random_faults_are_drawn_from_the_seed() {
    let churn =
        r#"{churn = {session = "exponential:300ms", downtime = "50ms", until = "2s", keep = [0]}}"#;
    let experiment = "--peers 5 --seed 1 --quiet elect --algorithm bully";
    let [one, other] = [0, 1].map(|_| ran("virtual", churn, experiment, 0));
    assert_eq!(one.marks, other.marks);
    let drawn = &one.record["results"]["drawn_faults"];
    assert!(drawn["happened"].as_u64().expect("a number") > 0, "{drawn}");
    assert!(
        one.history
            .crashes
            .iter()
            .all(|crash| &*crash.process != "peer-00")
    );
}

/// A row of `results.csv`: a message of gossipsub and one of its receivers. Times are in
/// nanoseconds since 1970.
struct Delivered {
    publisher: u64,
    peer: u64,
    sent: u64,
    at: Option<u64>,
}

impl Ran {
    fn delivered(&self) -> Vec<Delivered> {
        let mut rows = csv::Reader::from_reader(self.rows.as_bytes());
        let headers = rows.headers().expect("a header").clone();
        let column = |name: &str| headers.iter().position(|one| one == name).expect(name);
        let columns = ["publisher", "peer", "sent_unix_ns", "after_ns"].map(column);
        let rows = rows.records().map(|row| {
            let row = row.expect("a row");
            let [publisher, peer, sent, after] = columns.map(|column| row[column].parse().ok());
            let sent: u64 = sent.expect("a time");
            Delivered {
                publisher: publisher.expect("a number"),
                peer: peer.expect("a number"),
                sent,
                at: after.map(|after: u64| sent + after),
            }
        });
        rows.collect()
    }
}

#[test]
fn messages_of_gossipsub_cross_a_partition_after_it_heals() {
    let cut = r#"{partition = [{at = "1s", heal = "3s", group = [0, 1, 2, 3, 4, 5]}]}"#;
    let gossip =
        "--peers 12 --seed 1 --quiet gossip --protocol gossipsub --duration 5s --interval 100ms";
    for time in CLOCKS {
        let ran = ran(time, cut, gossip, 0);
        assert_eq!(ran.names(), ["partition", "heal"], "{time}");
        let during = ran.at("partition")..ran.at("heal");
        let (mut within, mut across) = (0, 0);
        for one in ran.delivered() {
            // A message of the same moment may come before the fault.
            if one.sent <= during.start || one.sent + 200_000_000 > during.end {
                continue;
            }
            match (one.publisher < 6) == (one.peer < 6) {
                true => within += u64::from(one.at.is_some_and(|at| at < during.end)),
                false => {
                    assert!(one.at.is_none_or(|at| at >= during.end), "{time}");
                    across += u64::from(one.at.is_some());
                }
            }
        }
        assert!(within > 10 && across > 10, "{time}: {within} {across}");
    }
}

#[test]
fn a_peer_of_gossipsub_pauses_and_another_restarts() {
    let faults = r#"{pause = [{process = 5, at = "1s", resume = "2s"}],
                     crash = [{process = 3, at = "1s", restart = "2s"}]}"#;
    let faults = faults.replace('\n', " ");
    let gossip =
        "--peers 12 --seed 1 --quiet gossip --protocol gossipsub --duration 6s --interval 100ms";
    for time in CLOCKS {
        let ran = ran(time, &faults, gossip, 0);
        let mut names = ran.names();
        names.sort_unstable();
        assert_eq!(names, ["kill", "pause", "restart", "resume"], "{time}");
        let all = ran.delivered();
        let came = |peer, during: Range<u64>| {
            let mine = all.iter().filter(|one| one.peer == peer);
            mine.filter_map(|one| one.at)
                .filter(|at| during.contains(at))
                .count()
        };
        let paused = ran.at("pause")..ran.at("resume");
        // What it had begun to handle may be reported a moment later.
        assert!(came(5, paused.clone()) < 3, "{time}");
        assert!(came(5, paused.end..u64::MAX) > 20, "{time}");
        assert_eq!(
            came(3, ran.at("kill") + 50_000_000..ran.at("restart")),
            0,
            "{time}"
        );
        assert!(came(3, ran.at("restart")..u64::MAX) > 10, "{time}");
        assert!(came(4, paused) > 3, "{time}");
    }
}

#[test]
fn churn_of_gossipsub_and_kademlia_is_drawn_from_the_seed() {
    let churn = r#"{churn = {session = "weibull:10s,0.5", downtime = "2s", until = "10s"}}"#;
    for experiment in [
        "--peers 16 --seed 1 --quiet gossip --protocol gossipsub --duration 12s",
        "--peers 16 --seed 1 --quiet kad --operations 60 --interval 200ms",
    ] {
        let [one, other] = [0, 1].map(|_| ran("virtual", churn, experiment, 0));
        assert_eq!(one.marks, other.marks, "{experiment}");
        assert!(one.rows == other.rows, "{experiment}");
        let drawn = &one.record["results"]["drawn_faults"];
        assert!(drawn["happened"].as_u64().expect("a number") > 3, "{drawn}");
        assert!(one.names().contains(&"restart"), "{experiment}");
    }
}

#[test]
fn a_fault_that_never_strikes_makes_a_run_unknown() {
    for time in CLOCKS {
        let late = r#"{pause = [{process = 2, at = "500s", resume = "501s"}]}"#;
        let ran = ran(time, late, SNAPSHOT, 3);
        let verdict = ran.record["verdict"].to_string();
        let never = "the pause of peer-02 at 500 s never happened";
        assert!(verdict.contains(never), "{verdict}");
        assert!(ran.names().is_empty());
    }
}

#[test]
fn what_real_peers_cannot_do_is_refused() {
    for (words, parts) in [
        ("--scenario {loss=0.1} snapshot", vec!["loss", "simulate"]),
        ("--scenario {fifo=false} snapshot", vec!["fifo", "simulate"]),
        ("--scenario {steps=9} snapshot", vec!["steps", "simulate"]),
        (
            "--scenario {partition=[{at=\"1s\",group=[0],messages=\"lost\"}]} snapshot",
            vec!["messages = \"lost\"", "held"],
        ),
        (
            "--scenario {pause=[{process=2,at=\"1s\",resume=\"2s\"}]} ping",
            vec!["pause", "no faults"],
        ),
        ("--scenario {delay=\"2ms\"} kad", vec!["delay", "network"]),
        (
            "--peers 4 --scenario {slow=[{process=9,at=\"1s\",by=\"1s\"}]} snapshot",
            vec!["process 9", "from 0 to 3"],
        ),
        (
            "--transport quic --scenario {slow=[{process=1,at=\"1s\",by=\"1s\"}]} snapshot",
            vec!["QUIC", "tcp, ws or memory"],
        ),
        (
            "--network lan --scenario {network=\"wan\"} snapshot",
            vec!["leave one of them out"],
        ),
        (
            "check wave --scenario {loss=0.1}",
            vec!["--scenario", "simulate"],
        ),
        (
            "--scenario {churn={trace=\"none.csv\"}} snapshot",
            vec!["none.csv"],
        ),
        (
            "--scenario {churn={session=\"1s\"}} snapshot",
            vec!["until"],
        ),
    ] {
        refused(words, &parts);
    }
}
