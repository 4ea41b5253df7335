//! Faults in a live run, caused from the page.

use serde_json::{Value, json};
use support::{Running, Runs, http};

/// A run of snapshots that goes on for long, with its page.
fn start(runs: &Runs, experiment: &str) -> (Running, String) {
    let words = format!("--peers 4 --seed 7 --view=127.0.0.1:0 {experiment}");
    let mut running = Running::start(&mut runs.testbed(words.split(' ')));
    let address = http::address(&running.line("http://")).to_owned();
    // The network is ready when actions are allowed.
    while state(&address)["allowed"] == json!([]) {
        std::thread::yield_now();
    }
    (running, address)
}

fn state(address: &str) -> Value {
    http::get(address, "/api/control").json()
}

/// Requests an action. Returns the reason if it is refused.
fn press(address: &str, press: &Value) -> Option<String> {
    let answer = http::post(address, "/api/control", &press.to_string());
    match answer.status {
        200 => None,
        400 => Some(answer.json()["error"]["message"].to_string()),
        status => panic!("{status}: {}", answer.body),
    }
}

fn refused(address: &str, wrong: &Value, part: &str) {
    let why = press(address, wrong).expect("it is refused");
    assert!(why.contains(part), "{part} in {why}");
}

/// How many steps the diagram has.
fn spans(address: &str) -> usize {
    let diagram = http::get(address, "/api/diagram").json();
    diagram["steps"]["peer"].as_array().expect("a list").len()
}

#[test]
fn a_paused_run_resumes() {
    let runs = Runs::new();
    let (mut running, address) = start(&runs, "snapshot --snapshots 3 --every 300ms");
    assert_eq!(press(&address, &json!({ "action": "pause" })), None);
    refused(&address, &json!({ "action": "pause" }), "paused already");
    assert_eq!(state(&address)["paused"], true);
    // What was under way in that moment ends, and then nothing more happens.
    let mut last = 0;
    let mut same = 0;
    while same < 20 {
        let now = spans(&address);
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
    assert_eq!(press(&address, &json!({ "action": "resume" })), None);
    refused(&address, &json!({ "action": "resume" }), "not paused");
    running.line("verdict           pass");
    let record = support::saved::record(&runs.only());
    assert_eq!(record["results"]["ended"], 3);
    assert!(spans(&address) > last);
    assert_eq!(state(&address)["allowed"], json!([]));
    refused(&address, &json!({ "action": "pause" }), "over");
    running.signal("INT");
    running.end().exits(0);
}

#[test]
fn a_snapshot_waits_for_a_cut_link() {
    let runs = Runs::new();
    let (mut running, address) = start(&runs, "snapshot --snapshots 2 --every 200ms --delay 0");
    let link = |action| json!({ "action": action, "peer": "peer-01", "other": "peer-02" });
    refused(&address, &link("heal"), "whole already");
    assert_eq!(press(&address, &link("cut")), None);
    refused(&address, &link("cut"), "cut already");
    // All have recorded, though the initiator's step is not stored yet: it is part of an
    // operation that goes on. The two ends of the link wait for each other's marker.
    let waiting = |address: &str| {
        let cuts = http::get(address, "/api/cuts").json()["cuts"].clone();
        cuts[0]["recorded"]
            .as_array()
            .is_some_and(|all| all.len() == 3)
    };
    while !waiting(&address) {
        std::thread::yield_now();
    }
    let cuts = http::get(&address, "/api/cuts").json();
    assert_eq!(cuts["cuts"][0]["complete"], json!([]));
    assert_eq!(press(&address, &link("heal")), None);
    running.line("verdict           pass");
    let faults = http::get(&address, "/api/topology").json()["faults"].clone();
    for (fault, action) in [(&faults[0], "cut"), (&faults[1], "heal")] {
        let struck = [&fault["action"], &fault["peer"], &fault["other"]];
        assert_eq!(struck, [action, "peer-01", "peer-02"], "{faults}");
        assert!(fault["at"].as_i64() > Some(0), "{faults}");
    }
    let trace = http::get(&address, "/api/traces?service=testbed&operation=cut").json();
    let span = &trace["data"][0]["spans"][0];
    assert!(span.to_string().contains("peer-02"), "{trace}");
    running.signal("INT");
    running.end().exits(0);
}

#[test]
fn a_snapshot_aborts_when_a_peer_is_killed() {
    let runs = Runs::new();
    let options = "snapshot --snapshots 2 --every 300ms --patience 1s";
    let (mut running, address) = start(&runs, options);
    let kill = |peer: &str| json!({ "action": "kill", "peer": peer });
    refused(&address, &kill("peer-00"), "has an operation to end");
    refused(&address, &kill("<img src=x>"), "no peer that runs");
    assert_eq!(press(&address, &kill("peer-03")), None);
    refused(&address, &kill("peer-03"), "no peer that runs");
    running.line("aborted by peer-");
    running.line("verdict           pass");
    running.signal("INT");
    running.end().exits(0);
}

#[test]
fn a_killed_peer_restarts() {
    let runs = Runs::new();
    let options = "snapshot --snapshots 100 --every 1s --patience 1s";
    let (running, address) = start(&runs, options);
    let on = |action: &str, peer: &str| json!({ "action": action, "peer": peer });
    let faults = || http::get(&address, "/api/topology").json()["faults"].clone();
    refused(&address, &on("restart", "peer-03"), "is not down");
    refused(&address, &on("restart", "peer-07"), "no peer that runs");
    assert_eq!(press(&address, &on("kill", "peer-03")), None);
    assert_eq!(press(&address, &on("restart", "peer-03")), None);
    refused(&address, &on("restart", "peer-03"), "is not down");
    while faults().as_array().is_none_or(|all| all.len() < 2) {
        std::thread::yield_now();
    }
    // It runs again.
    assert_eq!(press(&address, &on("kill", "peer-03")), None);
    while faults().as_array().is_none_or(|all| all.len() < 3) {
        std::thread::yield_now();
    }
    let faults = faults();
    for (place, action) in ["kill", "restart", "kill"].into_iter().enumerate() {
        let struck = [&faults[place]["action"], &faults[place]["peer"]];
        assert_eq!(struck, [action, "peer-03"], "{faults}");
    }
    let crashes = http::get(&address, "/api/diagram").json()["crashes"].clone();
    let happened = crashes.as_array().expect("a list").iter();
    let happened: Vec<_> = happened.map(|crash| crash["happened"].clone()).collect();
    assert_eq!(happened, ["crash", "restart", "crash"], "{crashes}");
    running.signal("INT");
    running.end();
}

#[test]
fn invalid_options_are_rejected() {
    let runs = Runs::new();
    let (running, address) = start(&runs, "mutex --entries 200 --hold 50ms");
    assert_eq!(state(&address)["allowed"], json!(["pause", "cut"]));
    for (wrong, part) in [
        (json!({ "action": "explode" }), "explode"),
        (json!({ "action": "kill", "peer": "peer-03" }), "survive"),
        (json!({ "action": "cut", "peer": "peer-01" }), "other"),
        (
            json!({ "action": "cut", "peer": "peer-01", "other": "peer-01" }),
            "no link",
        ),
        (json!({ "action": "pause", "for": 3 }), "for"),
        (json!([1, 2]), "at line 1"),
    ] {
        refused(&address, &wrong, part);
    }
    running.signal("INT");
    running.end();
}
