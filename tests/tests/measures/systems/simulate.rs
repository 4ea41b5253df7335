//! In virtual time.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use support::saved::{self, no_panic};
use support::{Runs, run};

use super::testbed;

#[test]
fn every_algorithm_passes_many_schedules() {
    for (system, schedules) in [
        ("snapshot --initiators 2 --snapshots 2", 200),
        ("snapshot --algorithm lai-yang --channel per-message", 200),
        ("ping --count 3", 500),
        ("elect", 1000),
        ("mutex", 200),
        ("mutex --channel per-message", 200),
        ("wave --initiators 3", 500),
        ("wave --channel per-message", 500),
        ("gossip", 200),
        ("gossip --channel per-message --duplication 0.1", 200),
        ("gossip --fanout 3 --loss 0.1 --duplication 0.1", 200),
        ("terminate", 500),
        ("terminate --channel per-message", 500),
        ("agree --kill 0@2ms", 200),
        ("agree --ending messages --channel per-message", 200),
        ("generals --traitors 2 --liars 0,4:custom", 200),
        ("hub --questions 10", 100),
        ("hub --channel per-message", 100),
        ("hub --old 2 --life 2s --epoch 1s", 100),
        ("hub --crash 2", 100),
        ("hub --loss 0.1", 100),
        ("hub --hubs 3 --crash 2 --loss 0.05", 100),
        ("hub --hubs 3 --kill 1@2s --channel per-message", 100),
        ("audit", 100),
        (
            "audit --cheat other --channel per-message --duplication 0.1",
            100,
        ),
        ("audit --cheat silent --loss 0.05", 100),
        ("audit --cheat fetch --delay 20ms --deadline 50ms", 100),
        ("auth", 20),
        ("auth --channel per-message --duplication 0.1", 20),
        ("auth --scheme bound --attack relay --loss 0.05", 20),
        ("auth --scheme challenge,bound --attack replay", 20),
        ("auth --scheme challenge,bound --attack steal", 20),
        ("auth --attack forge", 20),
        ("route --table 3 --operations 20", 100),
        (
            "route --table 3 --way backtrack --channel per-message --loss 0.1 --crash 2",
            50,
        ),
        ("membership --crash 2 --partition 1", 20),
        ("membership --attack forge", 5),
        ("routing", 50),
        ("overlay --crash 2 --partition 1", 5),
        ("routing --topology ring --partition 2 --crash 2", 50),
        (
            "routing --cost rtt --kill 3@3s --delay 5ms --duration 80s",
            20,
        ),
        (
            "route --score mixed --churn exponential:5s --duplication 0.1",
            50,
        ),
    ] {
        let arguments = format!("--peers 8 simulate {system} --seeds {schedules}");
        let ended = testbed(&arguments, 0);
        let tried = format!("schedules         {schedules}, ");
        ended.says(&[&tried, "verdict           pass"]);
    }
}

/// The same seed gives the same spans, byte for byte.
#[test]
fn a_seed_decides_every_byte() {
    for system in [
        "snapshot",
        "snapshot --algorithm lai-yang --workload token --acts 3",
        "snapshot --algorithm naive --workload producer-consumer",
        "ping",
        "elect",
        "mutex",
        "wave",
        "gossip --fanout 2",
        "terminate",
        "agree",
        "generals --liars 0:custom",
        "auth --attack replay",
        "audit",
    ] {
        let spans = |seed: &str| {
            let runs = Runs::new();
            let options = "--loss 0.01 --shrink 0s";
            let arguments = format!("--seed {seed} --peers 5 simulate {system} {options}");
            // The verdict does not matter here.
            run(&mut runs.testbed(arguments.split(' ')));
            fs::read(runs.only().join("spans.jsonl")).expect("spans")
        };
        let once = spans("7");
        assert!(!once.is_empty(), "{system}");
        assert!(once == spans("7"), "{system}: not the same bytes");
        assert!(once != spans("8"), "{system}: the seed does not matter");
    }
}

/// The words of the command that runs the recorded schedule alone, without the folder of
/// the first run, which is another's.
fn again(record: &Value) -> Vec<String> {
    let command = record["results"]["again"].as_str().expect("a command");
    let reason = record["verdict"]["reasons"][0].as_str().expect("a reason");
    assert!(reason.ends_with(&format!("; again: {command}")), "{reason}");
    let words = shlex::split(command).expect("words of a shell");
    let at = words.iter().position(|word| word == "--out");
    let words = words.into_iter().enumerate().skip(1);
    let words = words.filter(|(i, _)| at.is_none_or(|at| *i != at && *i != at + 1));
    words.map(|(_, word)| word).collect()
}

/// The names of the violated properties.
fn violated(record: &Value) -> BTreeSet<&str> {
    let properties = record["results"]["properties"].as_array();
    let all = properties.expect("properties").iter();
    let wrong = all.filter(|property| property["outcome"] == "violated");
    wrong
        .filter_map(|property| property["name"].as_str())
        .collect()
}

/// Of a failing schedule of 20 peers, a smaller one is recorded, and the command that the
/// verdict names leads to the same one, byte for byte.
#[test]
fn a_failing_schedule_is_made_smaller_and_reproduced() {
    let runs = Runs::new();
    let arguments = "--seed 1 --peers 20 simulate snapshot --channel per-message --seeds 500";
    let ended = run(runs.testbed(arguments.split(' ')).args(["--shrink", "2m"])).exits(1);
    let folder = runs.only();
    let record = saved::record(&folder);
    assert!(saved::follows(&record), "{record:#}");
    let shrunk = &record["results"]["shrunk"];
    assert_eq!(shrunk["from"]["peers"], 20, "{shrunk:#}");
    assert!(shrunk["to"]["peers"].as_u64() <= Some(4), "{shrunk:#}");
    let from = "shrunk            from 20 peers, ";
    ended.says(&[
        from,
        "as it was found: testbed view ",
        "the run, step by step; !",
    ]);
    let spans = |name: &str| fs::read(folder.join(name)).expect(name);
    let original = String::from_utf8(spans("original.jsonl")).expect("text");
    assert!(original.contains("peer-19"));
    assert_eq!(
        shrunk["passing"].is_null(),
        !folder.join("passing.jsonl").exists()
    );

    let others = Runs::new();
    let ended = run(&mut others.testbed(again(&record))).exits(1);
    let repeated = saved::record(&others.only());
    assert!(repeated["results"]["shrunk"].is_null(), "{ended}");
    assert_eq!(violated(&repeated), violated(&record), "{ended}");
    let bytes = fs::read(others.only().join("spans.jsonl")).expect("spans");
    assert!(bytes == spans("spans.jsonl"), "{ended}");
}

/// The schedule as it was found is recorded, and reproduced.
#[test]
fn shrinking_can_be_turned_off() {
    let runs = Runs::new();
    let arguments = "--seed 1 --peers 6 simulate wave --loss 0.2 --seeds 50 --shrink 0s";
    let ended = run(&mut runs.testbed(arguments.split(' '))).exits(1);
    assert!(!ended.stdout.contains("shrunk"), "{ended}");
    let folder = runs.only();
    let record = saved::record(&folder);
    assert!(!folder.join("original.jsonl").exists());
    let others = Runs::new();
    run(&mut others.testbed(again(&record))).exits(1);
    let spans = |folder: &Path| fs::read(folder.join("spans.jsonl")).expect("spans");
    assert!(spans(&others.only()) == spans(&folder));
}

/// Ctrl-C ends the search for a smaller failure, and what was found is saved.
#[test]
fn an_interrupted_search_saves_the_smallest_failure() {
    let runs = Runs::new();
    let words = "--seed 1 --peers 20 -vv simulate snapshot --loss 0.01 --shrink 10m";
    let mut command = runs.testbed(words.split(' '));
    let mut running = support::Running::start(&mut command);
    running.line("shrinks the failing schedule");
    running.signal("INT");
    let ended = running.end().exits(1);
    no_panic(&ended);
    ended.says(&["verdict           fail: schedule 1 fails", "; interrupted"]);
    let record = saved::record(&runs.only());
    assert!(saved::follows(&record), "{record:#}");
    assert!(record["spans"]["stored"].as_u64() > Some(0), "{record:#}");
}

/// A scenario in the command line, and a part of a run.
#[test]
fn a_part_of_a_run_is_given_in_the_command_line() {
    let simulate = |scenario: &str, status| {
        let runs = Runs::new();
        let all = "--seed 1 --peers 3 simulate ping --scenario".split(' ');
        let ended = run(runs.testbed(all).arg(scenario)).exits(status);
        no_panic(&ended);
        ended
    };
    let part = "the scenario ends the run after 5 steps";
    simulate("{steps = 5}", 3).says(&[part]);
    simulate("{loss = 0}", 0).says(&["verdict           pass"]);
    for (scenario, message) in [
        ("{steps = -1}", "{steps = -1}: line 1: "),
        ("{", "{: line 1: "),
        ("{lost = 1}", "unknown field `lost`"),
        (
            "{commands = [70]}",
            "commands = [70] in the scenario: the system has ",
        ),
    ] {
        let ended = simulate(scenario, 2);
        assert!(ended.stderr.contains(message), "{message}: {ended}");
    }
}

#[test]
fn a_scenario_is_read_from_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("crash.toml");
    let scenario = "delay = \"exponential:5ms\"\n[[crash]]\nprocess = 1\nat = \"1ms\"\n";
    fs::write(&path, scenario).expect("a file");
    let path = path.display();
    let ended = testbed(&format!("--peers 3 simulate wave --scenario {path}"), 1);
    ended.says(&["W2 decision: VIOLATED"]);
    // The order is what the file says, as if --channel had said it.
    let order = folder.path().join("order.toml");
    fs::write(&order, "delay = \"exponential:5ms\"\nfifo = false\n").expect("a file");
    let order = order.display();
    let arguments =
        format!("--peers 6 simulate snapshot --algorithm lai-yang --seeds 200 --scenario {order}");
    testbed(&arguments, 0).says(&["schedules         200, ", "verdict           pass"]);
    // All faults that a ping survives, at once.
    let faults = folder.path().join("faults.toml");
    let scenario = "delay = \"exponential:5ms\"\nloss = 0.1\nduplication = 0.1\nfifo = false\n\
                    [[crash]]\nprocess = 3\nat = \"5ms\"\nrestart = \"15ms\"\nstate = \"lost\"\n\
                    [[crash]]\nprocess = 0\nat = \"8ms\"\n\
                    [[partition]]\nat = \"10ms\"\nheal = \"40ms\"\ngroup = [1, 2]\n";
    fs::write(&faults, scenario).expect("a file");
    let faults = faults.display();
    let arguments = format!("--peers 6 simulate ping --count 5 --seeds 500 --scenario {faults}");
    testbed(&arguments, 0).says(&["every ping ends once: holds"]);
    // A snapshot is aborted, as it is when --kill stops a peer.
    let arguments = format!("--peers 3 simulate snapshot --scenario {path}");
    testbed(&arguments, 0).says(&["aborted by peer-00: no state from peer-01"]);
}

/// The process that would announce the termination crashes before it does, so the judge
/// has nothing to check. Over many schedules it is enough that some had something to
/// check.
#[test]
fn a_judge_with_nothing_to_check_is_unknown() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("crash.toml");
    fs::write(&path, "[[crash]]\nprocess = 0\nat = \"1ms\"\n").expect("a file");
    let scenario = path.display();
    let ended = testbed(
        &format!("--peers 4 simulate terminate --scenario {scenario}"),
        3,
    );
    ended.says(&[
        "announced once: not known (0 checked: no output Terminated; there were the message JOB (",
        "verdict           unknown: not known: announced once, never early: all are passive",
    ]);
    // A snapshot is rightly aborted, and there is no cut to judge.
    fs::write(&path, "[[crash]]\nprocess = 1\nat = \"1ms\"\n").expect("a file");
    let ended = testbed(
        &format!("--peers 3 simulate snapshot --scenario {scenario}"),
        0,
    );
    ended.says(&["I1 no orphan: nothing to check (every snapshot was aborted"]);
}

/// A planned fault has to strike, in one schedule at least, and so do its
/// restart and its heal.
#[test]
fn a_fault_that_never_happened_is_unknown() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("faults.toml");
    let late = "[[crash]]\nprocess = 3\nat = \"60s\"\n\
                [[partition]]\nat = \"60s\"\nheal = \"61s\"\ngroup = [0]\n";
    let never = [
        "the crash of peer-03 at 60.0 s never happened: ",
        "the partition of peer-00 at 60.0 s never happened: ",
    ];
    let no_heal = "[[partition]]\nat = \"0s\"\nheal = \"60s\"\ngroup = [3]\n";
    let meets_nothing = "[[crash]]\nprocess = 3\nat = \"0s\"\nrestart = \"0s\"\n";
    let cases: [(&str, &str, i32, &[&str]); 5] = [
        (late, "elect --peers 4", 3, &never),
        (
            late,
            "elect --peers 4 --seeds 20",
            3,
            &["the longest of 20 schedules ended"],
        ),
        // It strikes in some schedules alone, and what it does is seen there.
        (
            "[[crash]]\nprocess = 3\nat = \"8ms\"\n",
            "gossip --peers 4 --messages 1 --seeds 50",
            0,
            &["fault             the crash of peer-03 at 8.00 ms in "],
        ),
        (
            no_heal,
            "gossip --peers 4 --messages 1",
            1,
            &["the heal of peer-03 at 60.0 s never happened"],
        ),
        (
            meets_nothing,
            "elect --peers 4",
            0,
            &["it changed nothing, since no message, timer or command met it"],
        ),
    ];
    for (scenario, system, status, parts) in cases {
        fs::write(&path, scenario).expect("a file");
        let scenario = path.display();
        let ended = testbed(&format!("simulate {system} --scenario {scenario}"), status);
        ended.says(parts);
    }
    let ended = testbed(
        "simulate elect --peers 3 --loss 0.000001 --duplication 0.5",
        0,
    );
    ended.says(&[
        "no message: loss 0.000001 struck none",
        "doubled           ",
    ]);
}

/// The times of the faults that the failing schedule has drawn are in the record, and the
/// printed command draws them again.
#[test]
fn random_faults_are_in_the_record_and_drawn_again() {
    let faults = "--crash 2 --partition 0.5/s --faults-until 100ms --crash-state kept";
    let system = "--peers 4 simulate gossip --messages 4 --fanout 1";
    let ended = testbed(&format!("{system} {faults} --seeds 100"), 0);
    let line = |text: &str, start: &str| {
        let mut lines = text.lines();
        let line = lines.find(|line| line.starts_with(start));
        line.unwrap_or_else(|| panic!("{start} in {text}"))
            .to_owned()
    };
    let crashes = line(&ended.stdout, "crashes           ");
    assert!(
        crashes.ends_with(" at random (2 until 100 ms)"),
        "{crashes}"
    );
    line(&ended.stdout, "partitions        ");
    let runs = Runs::new();
    let wrong = format!("--seed 1 --peers 4 simulate elect {faults} --seeds 1000 --shrink 0s");
    let ended = run(&mut runs.testbed(wrong.split(' '))).exits(1);
    let command = again(&saved::record(&runs.only()));
    let random = |runs: &Runs| {
        let results = saved::record(&runs.only())["results"].take();
        ["faults_at_random", "recorded_schedule"].map(|name| results[name].clone())
    };
    let first = random(&runs);
    let name = first[0][0]["name"].as_str().expect("a fault");
    line(&ended.stdout, &format!("fault             {name} at "));
    let runs = Runs::new();
    run(&mut runs.testbed(command)).exits(1);
    assert_eq!(random(&runs), first);
    let ended = testbed("--peers 4 simulate elect --crash 0.000001/s --seeds 3", 3);
    ended.says(&["no crashes at random (0.000001/s) in 3 schedules"]);
}

/// A bank that goes on while no snapshot is taken has schedules of any length.
#[test]
fn an_endless_schedule_is_saved_and_reproduced() {
    let system = "--peers 4 simulate snapshot --every 100s --seeds 10";
    let ended = testbed(&format!("{system} --max-events 5000"), 3);
    ended.says(&[
            "verdict           unknown: schedule 1 did not end within 5,000 events (--max-events); again: ",
        ]);
    let ended = testbed(&format!("{system} --max-time 1s"), 1);
    ended.says(&[
        "schedule 1 did not end within 1.00 s of its own time (--max-time); again: ",
        "I8 liveness: VIOLATED",
    ]);
}

/// The first Ctrl-C ends it at once, within a schedule, and what was tried until
/// then is saved.
#[test]
fn an_interrupted_trial_saves_its_measurements() {
    for (system, tried) in [
        ("snapshot --every 500s", "0"),
        ("elect --seeds 100000000", ""),
    ] {
        let runs = Runs::new();
        let words = format!("--seed 1 --peers 8 -vv simulate {system}");
        let mut command = runs.testbed(words.split(' '));
        let mut running = support::Running::start(&mut command);
        running.line("simulates");
        running.signal("INT");
        let ended = running.end().exits(3);
        no_panic(&ended);
        let of = "schedules that ended before the interruption";
        ended.says(&["verdict           unknown: interrupted", of]);
        let lines = ended.stdout.lines();
        let line = lines
            .clone()
            .find(|line| line.starts_with("schedules "))
            .expect("a line");
        assert!(line.contains(&format!("         {tried}")), "{line}");
        let record = saved::record(&runs.only());
        assert!(saved::follows(&record), "{record:#}");
        assert!(record["spans"]["stored"].as_u64() > Some(0), "{record:#}");
    }
}

/// On a line there is no other path, and the judge names the peer that never delivers.
#[test]
fn a_lost_rumour_is_reported_as_missing() {
    let arguments = "--peers 6 --topology line simulate gossip --loss 0.3 --seeds 20";
    let ended = testbed(arguments, 1);
    ended.says(&["validity: VIOLATED: peer-0", "never delivers peer-0"]);
}

#[test]
fn a_lost_message_is_reported_as_missing() {
    let ended = testbed("--peers 6 simulate elect --loss 0.5 --seeds 50", 1);
    ended.says(&["termination: VIOLATED", "--loss 0.5"]);
}
