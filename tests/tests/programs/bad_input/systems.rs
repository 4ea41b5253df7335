//! The algorithms' options, and scenario files.

use std::fs;

use support::{Runs, run};

use super::refused;

#[test]
fn invalid_values_are_rejected() {
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "an unknown algorithm",
            "snapshot --algorithm paxos",
            &["paxos", "chandy-lamport", "lai-yang"],
        ),
        (
            "an unknown workload",
            "snapshot --workload chess",
            &["chess", "bank", "token"],
        ),
        (
            "an unknown channel",
            "snapshot --channel lossy",
            &["lossy", "stream", "per-message"],
        ),
        (
            "more initiators than peers",
            "--peers 3 snapshot --initiators 4",
            &["--initiators 4", "3 peers"],
        ),
        ("no initiator", "snapshot --initiators 0", &["0"]),
        (
            "a delay that ends before it begins",
            "snapshot --delay 9ms..1ms",
            &["9ms..1ms", "before it begins"],
        ),
        (
            "a delay without a unit",
            "snapshot --delay 5",
            &["\"5\"", "1ms..10ms"],
        ),
        ("a rate of nothing", "snapshot --rate 0", &["0", "50"]),
        (
            "who is to be stopped",
            "snapshot --kill 3",
            &["\"3\"", "3@100ms"],
        ),
        (
            "stopping a stranger",
            "--peers 3 snapshot --kill 7@1s",
            &["--kill 7", "0 to 2"],
        ),
        (
            "stopping a peer twice",
            "--peers 3 snapshot --kill 1@1s --kill 1@2s",
            &["named twice"],
        ),
        (
            "an unknown score",
            "route --score age,speed",
            &["\"speed\"", "age, rtt, success and mixed"],
        ),
        (
            "a score twice",
            "route --score mixed,age",
            &["age counts twice"],
        ),
        (
            "a table without entries",
            "route --table 0",
            &["--table", "from 1 on"],
        ),
        (
            "a drop beyond all",
            "route --drop 110%",
            &["110%", "0.05 or 5%"],
        ),
        (
            "a drop where any message may be lost",
            "check route --drop 5%",
            &["--drop", "--lossy"],
        ),
        (
            "more messages than a run can have",
            "route --operations 2M",
            &["--operations 2000000", "1000000"],
        ),
        (
            "more breaks than links",
            "--peers 4 --topology ring simulate routing --breaks 5",
            &["--breaks 5", "4 links", "--breaks 4 or less"],
        ),
        (
            "more destinations than peers",
            "--peers 4 simulate routing --destinations 5",
            &["--destinations 5", "4 peers"],
        ),
        (
            "links that are down at once",
            "routing --misses 0",
            &["--misses", "from 1 on"],
        ),
        (
            "epochs that end before all know of them",
            "membership --epoch 2s",
            &["--epoch 2s", "--remind 1s", "a longer --epoch"],
        ),
        (
            "certificates that cannot be renewed in time",
            "membership --holds 1",
            &["'1'", "--holds", "2 at least"],
        ),
        (
            "epochs in which not every peer presents itself",
            "overlay --epoch 1s",
            &["--epoch 1s", "each 4s", "a longer --epoch"],
        ),
        (
            "an overlay whose registry some cannot reach",
            "--peers 6 --topology ring simulate overlay",
            &["topology ring", "--topology full"],
        ),
        (
            "an impostor where nobody needs a certificate",
            "overlay --attack forge",
            &["--attack forge", "add --epoch 1m"],
        ),
        (
            "an impostor without two others",
            "--peers 2 membership --attack forge",
            &["--attack forge", "2 peers", "--peers 3 or more"],
        ),
        (
            "an unknown cost",
            "routing --cost bytes",
            &["bytes", "hops, rtt"],
        ),
        (
            "sessions without a time",
            "route --churn weibull",
            &["weibull", "weibull:20m"],
        ),
        (
            "the end of no churn",
            "route --churn-until 5s",
            &["--churn-until 5s", "add --churn weibull:20m"],
        ),
        (
            "two churns",
            "--scenario {churn={session=\"5m\",until=\"5s\"}} route --churn weibull:20m",
            &["--churn weibull:1200s,0.5", "leave one of them out"],
        ),
        (
            "churn without times",
            "check route --churn weibull:20m",
            &["--churn", "--crashes N"],
        ),
        (
            "outages without a distribution",
            "overlay --outages soon",
            &["soon", "45%<2m", "outages.csv"],
        ),
        (
            "a share of outages that falls",
            "overlay --outages 45%<2m,40%<3m",
            &["40%<3m", "both the shares and the times rise"],
        ),
        (
            "a trace that is not there",
            "overlay --outages none.csv",
            &["none.csv", "No such file"],
        ),
        (
            "the end of no outages",
            "overlay --outages-until 5s",
            &["--outages-until 5s", "add --outages 45%<2m"],
        ),
        (
            "two outages",
            "--scenario {outages={length=\"5m\"}} overlay --outages 45%<2m",
            &["--outages 45%<120s", "leave one of them out"],
        ),
        (
            "too many outages",
            "simulate overlay --peers 1000 --outages 1s --outages-every 1s --outages-until 1h",
            &["499500 links", "take a longer `every`"],
        ),
        (
            "outages under datagrams",
            "--transport quic overlay --outages 45%<2m",
            &["--outages 45%<120s", "byte stream", "--transport tcp"],
        ),
        (
            "outages without times",
            "check overlay --outages 45%<2m",
            &["--outages", "--crashes N"],
        ),
        (
            "a refresh within a drain",
            "overlay --refresh 2s",
            &["--refresh 2s", "--drain 3s", "take a longer"],
        ),
        (
            "a busy loop",
            "routing --hello 1us",
            &["'1us'", "--hello", "1ms is the most"],
        ),
        (
            "too many behind a NAT",
            "simulate overlay --peers 12 --hidden 11",
            &["--hidden 11", "accept 6 links", "a larger --accept"],
        ),
        (
            "a database of more than all",
            "overlay --database 2n",
            &["2n", "0.05n"],
        ),
        (
            "more links than peers",
            "--peers 4 overlay --links 4",
            &["--links 4", "3 others", "--links 3"],
        ),
        (
            "prefixes without neighbours",
            "route --topology xor:0",
            &["xor:0", "xor:2"],
        ),
        (
            "a liar outside the run",
            "--peers 3 generals --liars 3:forge",
            &["--liars 3", "0 to 2"],
        ),
        (
            "a liar named twice",
            "--peers 4 generals --liars 1:forge --liars 1:silent",
            &["peer 1 is named twice"],
        ),
        (
            "a lie that there is not",
            "--peers 4 generals --liars 1:exaggerate",
            &[
                "1:exaggerate",
                "silent, equivocate, forge, custom",
                "0,3:equivocate",
            ],
        ),
        (
            "a liar where none can lie",
            "--peers 4 simulate elect --liars 1:forge",
            &["--liars 1:forge", "leave --liars out", "`generals`"],
        ),
        (
            "a liar of gossipsub",
            "--peers 4 gossip --protocol gossipsub --liars 1:forge",
            &["--liars", "gossipsub"],
        ),
        (
            "a parameter of gossipsub in a flood",
            "--peers 4 gossip --idontwant 64K",
            &["--mesh", "--protocol gossipsub"],
        ),
        (
            "announcements of messages that are gone",
            "--peers 4 gossip --protocol gossipsub --history-gossip 6",
            &["--history-gossip 6", "at most --history, 5"],
        ),
        (
            "a validation that outlasts the messages",
            "--peers 4 gossip --protocol gossipsub --validation 1m",
            &["--validation 60s", "longer --history"],
        ),
        (
            "a back-off of half a second",
            "--peers 4 gossip --protocol gossipsub --prune-backoff 500ms",
            &["--prune-backoff 500ms", "whole seconds"],
        ),
        (
            "a share of more than all",
            "--peers 4 gossip --protocol gossipsub --gossip-factor 2",
            &["--gossip-factor", "between 0 and 1"],
        ),
        (
            "a size in words",
            "--peers 4 gossip --protocol gossipsub --idontwant always",
            &["--idontwant", "never"],
        ),
        (
            "a history without an end",
            "--peers 4 gossip --protocol gossipsub --history 5000",
            &["--history", "1..=1000"],
        ),
        (
            "more traitors than can be afforded",
            "--peers 20 generals --traitors 5",
            &["--traitors", "5"],
        ),
        (
            "cheaters alone",
            "--peers 4 audit --cheaters 100%",
            &["4 of 4 peers would cheat", "fewer cheaters"],
        ),
        (
            "more auditors than honest peers",
            "--peers 5 audit --auditors 5",
            &["--auditors 5", "4 peers are honest", "--auditors 4 or less"],
        ),
        (
            "a share of more than all blocks",
            "audit --lacks 110%",
            &["110%", "between 0 and 1"],
        ),
        (
            "a file without blocks",
            "audit --blocks 0",
            &["--blocks", "1..=65536"],
        ),
        (
            "an attack without a verifier",
            "--peers 2 auth --attack relay",
            &["--attack relay", "2 peers", "--peers 3 or more"],
        ),
        (
            "an attacker that is a prover",
            "--peers 4 auth --attack relay --provers 4",
            &["--provers 4", "the last one attacks", "--provers 3 or less"],
        ),
        (
            "a scheme that there is not",
            "auth --scheme static,password",
            &["password", "static, challenge, bound"],
        ),
        (
            "agreement without a mesh",
            "--peers 8 --topology ring agree",
            &["--topology full"],
        ),
        (
            "a restart without a crash",
            "snapshot --crash 3@100ms",
            &["\"3@100ms\"", "3@100ms..2s"],
        ),
        (
            "a restart before its crash",
            "snapshot --crash 3@2s..1s",
            &["\"3@2s..1s\"", "before it crashes"],
        ),
        (
            "a crash of a stranger",
            "--peers 3 snapshot --crash 7@1s..2s",
            &["--crash 7", "0 to 2"],
        ),
        (
            "a crash of a peer that is down",
            "--peers 3 snapshot --crash 1@1s..3s --crash 1@2s..4s",
            &["--crash 1", "before it has restarted"],
        ),
        (
            "a crash of a peer that was killed",
            "--peers 3 simulate snapshot --crash 1@1s..3s --kill 1@500ms",
            &["--crash 1", "before it has restarted"],
        ),
        (
            "a restart in gossipsub",
            "gossip --protocol gossipsub --crash 1@1s..3s",
            &["--crash", "gossipsub"],
        ),
        (
            "an election without a ring",
            "--peers 8 --topology star elect",
            &["peer 1", "--topology ring"],
        ),
        (
            "more candidates than peers",
            "--peers 3 elect --candidates 4",
            &["--candidates 4"],
        ),
        (
            "mutual exclusion without a mesh",
            "--peers 8 --topology ring mutex",
            &["--topology full"],
        ),
        (
            "a probability over one",
            "simulate elect --loss 2",
            &["--loss", "between 0 and 1", "5%"],
        ),
        (
            "a number in words",
            "--peers twenty wave",
            &["twenty", "not a number", "write for example 20"],
        ),
        (
            "a random topology without a degree",
            "wave --topology random",
            &["number of neighbours", "random:8"],
        ),
        (
            "a limit of faults in words",
            "check wave --lossy=some",
            &["some", "no number of faults", "expected for example 2"],
        ),
        ("no schedule", "simulate elect --seeds 0", &["0"]),
        (
            "a rate of another unit",
            "simulate elect --crash 0.1/x",
            &["--crash", "0.1/x", "in simulate 2 or 0.1/s"],
        ),
        (
            "a rate that is no number",
            "simulate elect --partition NaN/s",
            &["--partition", "NaN/s", "write for example 2 or 0.1/s"],
        ),
        (
            "more crashes than can be simulated",
            "--peers 4 simulate elect --crash 1000/s",
            &["crash 1000/s", "some 4000 until 1.00 s", "at most 1000"],
        ),
        (
            "no time for random faults",
            "simulate elect --crash 1 --faults-until 0s",
            &["until 0s", "--faults-until 1s"],
        ),
        (
            "a check that stops a process",
            "check snapshot --kill 1@1s",
            &["--kill", "simulate"],
        ),
        (
            "times of crashes in the model checker",
            "check snapshot --crash 1@1s..2s",
            &["--crash", "--crashes N"],
        ),
        (
            "a check with a delay",
            "check snapshot --delay 1ms",
            &["--delay", "simulate"],
        ),
        ("no state", "check elect --max-states 0", &["0"]),
        (
            "an unknown protocol",
            "gossip --protocol rumor",
            &["rumor", "flood"],
        ),
        ("nothing to publish", "gossip --messages 0", &["0"]),
        (
            "more to publish than can be held",
            "gossip --messages 4000000000",
            &["--messages", "4000000000", "100000"],
        ),
        (
            "no time between messages",
            "gossip --interval 0s",
            &["--interval", "'0s'", "time between two messages", "50ms"],
        ),
        (
            "a message over the limit",
            "gossip --size 2M",
            &["--size", "2097152 bytes", "1M"],
        ),
        (
            "longer than it may take",
            "gossip --messages 1001 --timeout 30s",
            &["--timeout 30s", "begins after 50s", "--timeout 80s"],
        ),
        (
            "snapshots that it would not wait for",
            "--peers 5 snapshot --snapshots 20 --every 2s --timeout 30s",
            &["--timeout 30s", "begins after 40s", "--timeout 70s"],
        ),
        (
            "no neighbour to send to",
            "gossip --fanout 0",
            &["--fanout", "0"],
        ),
        (
            "more to tell than there are neighbours",
            "--peers 8 --topology line gossip --fanout 3",
            &[
                "--fanout 3: no peer has a greater degree than 2 in topology line",
                "take --fanout 2 or less",
            ],
        ),
        (
            "patience without a unit",
            "gossip --patience 5",
            &["--patience", "1.5s"],
        ),
    ];
    for &(name, arguments, parts) in cases {
        let runs = Runs::new();
        let ended = run(&mut runs.testbed(arguments.split(' ')));
        refused(name, &ended, 2, parts);
    }
}

#[test]
fn invalid_scenario_files_are_rejected() {
    let folder = tempfile::tempdir().expect("a folder");
    let cases: [(&str, &str, &[&str]); 9] = [
        (
            "a negative rate",
            "[random]\ncrash = \"-0.1/s\"\n",
            &["line 2", "-0.1/s", "0.1/s"],
        ),
        (
            "a time without a unit",
            "loss = \"5%\"\ndelay = 5\n",
            &["line 2", "integer `5`", "a delay in quotation marks", "5ms"],
        ),
        (
            "one crash that is no list",
            "[crash]\nprocess = 1\nat = \"1s\"\n",
            &["line 1", "[[crash]]"],
        ),
        (
            "a probability over one",
            "loss = \"200%\"\n",
            &["line 1", "between 0 and 1", "5%"],
        ),
        (
            "an unknown key",
            "loss = 0.1\nlos = 1\n",
            &["line 2", "unknown field `los`"],
        ),
        ("a bad value", "\ndelay = \"soon\"\n", &["line 2", "soon"]),
        ("no TOML", "delay: 5ms\n", &["line 1"]),
        (
            "an unknown process",
            "[[crash]]\nprocess = 9\nat = \"1s\"\n",
            &["process 9", "0 to 3"],
        ),
        (
            "a restart before the crash",
            "[[crash]]\nprocess = 1\nat = \"2s\"\nrestart = \"1s\"\n",
            &["before"],
        ),
    ];
    for (name, text, parts) in cases {
        let path = folder.path().join("scenario.toml");
        fs::write(&path, text).expect("a file");
        let runs = Runs::new();
        let scenario = path.to_str().expect("a path in UTF-8");
        let arguments = ["--peers", "4", "simulate", "wave", "--scenario", scenario];
        refused(name, &run(&mut runs.testbed(arguments)), 2, parts);
    }
    let path = folder.path().join("scenario.toml");
    fs::write(&path, "fifo = false\n").expect("a file");
    let scenario = path.to_str().expect("a path in UTF-8");
    let mut arguments = vec![
        "--peers",
        "4",
        "simulate",
        "snapshot",
        "--scenario",
        scenario,
    ];
    let runs = Runs::new();
    let parts = ["scenario.toml", "fifo = false", "--channel per-message"];
    refused("no order", &run(&mut runs.testbed(&arguments)), 2, &parts);
    arguments.extend(["--channel", "per-message", "--seeds", "100"]);
    run(&mut runs.testbed(&arguments)).exits(1);
    let runs = Runs::new();
    let arguments = ["simulate", "wave", "--scenario", "nowhere.toml"];
    refused(
        "no file",
        &run(&mut runs.testbed(arguments)),
        2,
        &["nowhere.toml"],
    );
}

#[test]
fn a_disconnected_topology_is_rejected() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("edges");
    fs::write(&path, "0 1\n2 3\n").expect("a file");
    let topology = format!("file:{}", path.display());
    for system in ["snapshot", "wave", "gossip", "terminate"] {
        let runs = Runs::new();
        let ended = run(&mut runs.testbed(["--topology", &topology, system]));
        refused(system, &ended, 2, &["peer 2 cannot be reached from peer 0"]);
    }
}

/// Values that a newcomer writes, and that have one meaning.
#[test]
fn numbers_with_units_and_percentages_are_accepted() {
    for arguments in [
        "--peers 4 simulate wave --seeds 1k",
        "--peers 4 simulate gossip --fanout 2 --loss 5% --seeds 20",
    ] {
        let runs = Runs::new();
        run(&mut runs.testbed(arguments.split(' '))).exits(0);
    }
}
