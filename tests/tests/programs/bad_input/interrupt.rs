//! Ctrl-C, in every phase: the run folder is whole, and what was measured is
//! in it. The exported spans show which phase a run has reached.

use serde_json::Value;
use support::collector::{Collector, Manner, Protocol};
use support::saved::no_panic;
use support::{Running, Runs, ports, saved, with_hangup};

/// A run that exports to a collector.
struct Exporting {
    runs: Runs,
    collector: Collector,
    running: Running,
}

impl Exporting {
    fn start(manner: Manner, args: &[&str]) -> Self {
        let runs = Runs::new();
        let collector = Collector::start(Protocol::Http, manner);
        let mut command = runs.testbed(["--otlp", &collector.url()]);
        let running = Running::start(command.args(args));
        Self {
            runs,
            collector,
            running,
        }
    }

    /// Presses Ctrl-C once, and returns what the run saved.
    fn interrupt(self) -> Value {
        self.running.signal("INT");
        let ended = self.running.end().exits(3);
        no_panic(&ended);
        assert!(
            ended
                .stdout
                .contains("verdict           unknown: interrupted"),
            "{ended}"
        );
        let folder = self.runs.only();
        let record = saved::record(&folder);
        assert_eq!(record["verdict"]["status"], "unknown");
        assert_eq!(
            record["verdict"]["reasons"],
            serde_json::json!(["interrupted"])
        );
        assert!(folder.join("report.html").is_file(), "{ended}");
        // Every span ended, and is there.
        assert_eq!(record["spans"]["lost"], 0);
        let spans: usize = support::spans::saved(&folder).iter().map(Vec::len).sum();
        assert_eq!(record["spans"]["stored"], spans);
        let measured = record["results"]["sent"].as_u64().unwrap_or(0);
        assert_eq!(saved::rows(&folder).len() as u64, measured);
        record
    }
}

/// The names of the phases that ended.
fn phases(record: &Value) -> Vec<&str> {
    let phases = record["phases"].as_array().expect("an array").iter();
    phases.filter_map(|phase| phase["name"].as_str()).collect()
}

#[test]
fn interrupt_while_connecting() {
    let args = ["--peers=300", "--transport=memory", "ping"];
    let run = Exporting::start(Manner::Takes, &args);
    run.collector.wait_for("DialPeer", 1);
    let record = run.interrupt();
    assert_eq!(phases(&record), ["NewNetwork"]);
    assert_eq!(record["results"], Value::Null);
}

#[test]
fn interrupt_while_pinging() {
    let args = ["--peers=3", "ping", "--count=1000000", "--interval=1ms"];
    let run = Exporting::start(Manner::Takes, &args);
    run.collector.wait_for("PONG", 3);
    let record = run.interrupt();
    assert_eq!(phases(&record), ["NewNetwork", "ConnectPeers"]);
    let sent = record["results"]["sent"].as_u64();
    assert!(sent >= Some(3), "{sent:?}");
    assert_eq!(record["results"]["answered"].as_u64(), sent);
}

#[test]
fn interrupt_while_waiting_for_a_pong() {
    let (_listener, address) = ports::silent();
    let id = node::keys::from_seed(1, 0).public().to_peer_id();
    let to = format!("/ip4/127.0.0.1/tcp/{}/p2p/{id}", address.port());
    let run = Exporting::start(Manner::Takes, &["ping", "--to", &to]);
    run.collector.wait_for("NewNetwork", 1);
    let record = run.interrupt();
    assert_eq!(phases(&record), ["NewNetwork"]);
}

/// The run has passed already, and says so.
#[test]
fn interrupt_while_viewing() {
    let runs = Runs::new();
    let mut command = runs.testbed(["--peers=3", "--view=127.0.0.1:0", "ping"]);
    let mut running = Running::start(&mut command);
    running.line("look at it: http://127.0.0.1:");
    running.line("verdict           pass");
    running.signal("INT");
    no_panic(&running.end().exits(0));
    let record = saved::record(&runs.only());
    assert_eq!(record["verdict"]["status"], "pass");
}

#[test]
fn a_saved_run_is_served_until_the_interrupt() {
    let runs = Runs::new();
    support::run(&mut runs.testbed(["--peers=3", "ping"])).exits(0);
    for signal in ["INT", "TERM"] {
        let mut running = Running::start(&mut runs.testbed(["view", "--listen", "127.0.0.1:0"]));
        running.line("until Ctrl-C");
        running.signal(signal);
        no_panic(&running.end().exits(0));
    }
}

/// A collector that never answers holds up the orderly end. A second Ctrl-C does not wait
/// for it.
#[test]
fn a_second_interrupt_ends_at_once() {
    let args = ["--peers=3", "ping", "--count=1000000", "--interval=1ms"];
    let mut run = Exporting::start(Manner::IsSilent, &args);
    run.collector.wait_for_request();
    while !run.running.ends_soon() {
        run.running.signal("INT");
    }
    let ended = run.running.end().exits(130);
    no_panic(&ended);
    // The end of the run was not saved, but the record is valid.
    let record = saved::record(&run.runs.only());
    assert_eq!(record["verdict"]["status"], "unknown");
}

/// As from `timeout`, which signals its command and then its group.
#[test]
fn two_signals_at_a_time_are_one() {
    let runs = Runs::new();
    let running = under_way(&runs, &mut runs.testbed(LONG));
    let twice = format!("kill -TERM {0}; sleep 0.01; kill -TERM {0}", running.id());
    let sent = std::process::Command::new("sh")
        .args(["-c", &twice])
        .status();
    assert!(sent.expect("a shell").success());
    no_panic(&running.end().exits(3));
    let record = saved::record(&runs.only());
    assert_eq!(record["verdict"]["reasons"][0], "interrupted");
}

/// A run that goes on for long, once something is measured.
fn under_way(runs: &Runs, command: &mut std::process::Command) -> Running {
    let running = Running::start(command);
    let _rows = runs.measured();
    running
}

const LONG: [&str; 4] = ["--peers=3", "ping", "--count=1000000", "--interval=1ms"];

/// As when its terminal is closed.
#[test]
fn a_hangup_saves_the_run() {
    let runs = Runs::new();
    let running = under_way(&runs, &mut with_hangup(&runs.testbed(LONG)));
    running.signal("HUP");
    no_panic(&running.end().exits(3));
    let record = saved::record(&runs.only());
    assert_eq!(record["verdict"]["reasons"][0], "interrupted");
}

/// As under nohup.
#[test]
fn an_ignored_hangup_does_not_end_the_run() {
    let runs = Runs::new();
    let testbed = runs.testbed(LONG);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]);
    shell.arg(testbed.get_program()).args(testbed.get_args());
    let mut running = under_way(&runs, &mut shell);
    running.signal("HUP");
    assert!(!running.ends_soon(), "it ended");
    running.signal("TERM");
    no_panic(&running.end().exits(3));
}

#[test]
fn the_viewer_reports_a_run_whose_process_died() {
    let runs = Runs::new();
    let mut running = under_way(&runs, &mut runs.testbed(LONG));
    let view = ["view", "--listen", "127.0.0.1:0"];
    let mut viewing = Running::start(&mut runs.testbed(view));
    viewing.line("until Ctrl-C");
    viewing.signal("INT");
    let ended = viewing.end().exits(0);
    assert_eq!(ended.stderr, "", "it goes on");
    running.signal("KILL");
    while !running.ends_soon() {}
    let mut viewing = Running::start(&mut runs.testbed(view));
    viewing.line("until Ctrl-C");
    viewing.signal("INT");
    // The streams are read apart: lines of one may come before those of the other.
    let ended = viewing.end().exits(0);
    assert!(ended.stderr.contains("the run died"), "{ended}");
}
