//! `testbed-node --database`: a node that has been in a network comes back into it.

use std::fs;
use std::path::{Path, PathBuf};

use support::saved::no_panic;
use support::{Running, http, node, ports, run, until};
use tempfile::TempDir;

/// Kademlia would dial others as well.
const ALONE: [&str; 2] = ["--protocols", "identify,channel"];

/// A node that serves metrics.
struct Node {
    running: Running,
    address: String,
    metrics: String,
}

impl Node {
    fn start<'a>(args: impl IntoIterator<Item = &'a str>) -> Self {
        let mut command = node();
        let mut running = Running::start(command.args(["--metrics", "127.0.0.1:0"]).args(args));
        let line = running.line("metrics at http://");
        let metrics = http::address(&line).trim_end_matches("/metrics").to_owned();
        let line = running.line("listening on ");
        let address = line.trim_start_matches("listening on ").to_owned();
        Self {
            running,
            address,
            metrics,
        }
    }

    fn id(&self) -> &str {
        let (_, id) = self.address.rsplit_once("/p2p/").expect("a full address");
        id
    }

    /// Waits until that metric of its database is as it should be.
    fn serves(&self, sample: &str, is_it: impl Fn(u32) -> bool) {
        let name = format!("testbed_database_{sample} ");
        until(sample, || {
            let served = http::get(&self.metrics, "/metrics").body;
            let mut values = served.lines().filter_map(|line| line.strip_prefix(&name));
            let value = values.next().expect("it is served");
            is_it(value.parse().expect("a count")).then_some(())
        });
    }

    fn keeps(&self, live: u32) {
        self.serves("peers{state=\"live\"}", |peers| peers == live);
    }

    fn has_dialled(&self, outcome: &str, least: u32) {
        let sample = format!("dials_total{{outcome=\"{outcome}\"}}");
        self.serves(&sample, |dials| dials >= least);
    }

    fn ends(self, signal: &str) {
        self.running.signal(signal);
        let ended = self.running.end();
        no_panic(&ended);
        assert!(signal == "KILL" || ended.status == Some(0), "{ended}");
    }
}

/// An address at which nobody else listens, so that a node can be started there again.
fn listen(number: u8) -> String {
    let [high, low] = (std::process::id() as u16).to_be_bytes();
    format!("/ip4/127.{high}.{low}.{number}/tcp/7465")
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of ASCII")
}

#[test]
fn a_node_comes_back_without_being_told_whom_to_dial() {
    let folder = folder();
    let database = folder.path().join("peers.db");
    let listen = listen(1);
    let there = || Node::start(["--listen", &listen, "--seed", "1"]);
    let back = |more: &[&str]| {
        let args = ["--seed", "2", "--database", text(&database)];
        Node::start(ALONE.iter().chain(&args).chain(more).copied())
    };
    let first = there();
    let mut second = back(&["--dial", &first.address]);
    let met = format!("connected to {}", first.id());
    second.running.line(&met);
    second.keeps(1);
    // What is committed outlives the process, however that ends.
    second.ends("KILL");
    first.ends("TERM");

    let again = format!("{met} of the database");
    let first = there();
    let mut second = back(&[]);
    second.running.line(&again);
    second.ends("TERM");
    first.ends("TERM");

    // Before the other one is there, and after it was gone.
    let mut second = back(&[]);
    second.has_dialled("failed", 1);
    for _ in 0..2 {
        let first = there();
        second.running.line(&again);
        first.ends("KILL");
    }
    second.ends("TERM");
}

#[test]
fn a_bootstrap_peer_that_is_gone_does_not_stop_a_node_that_knows_others() {
    let folder = folder();
    let database = folder.path().join("peers.db");
    let (_socket, nobody) = ports::refusing();
    let gone = format!("/ip4/{}/tcp/{}", nobody.ip(), nobody.port());
    let with = ["--database", text(&database)];
    let ended = run(node().args(with).args(["--dial", &gone])).exits(1);
    assert!(ended.stderr.contains("error: --dial: "), "{ended}");

    let other = Node::start([]);
    let known = Node::start(with.into_iter().chain(["--dial", &other.address]));
    known.keeps(1);
    known.ends("TERM");
    let mut back = Node::start(with.into_iter().chain(["--dial", &gone]));
    let line = back.running.warning("goes on with the peers of --database");
    assert!(line.contains(&gone), "{line}");
    back.has_dialled("reached", 1);
    back.ends("TERM");
}

#[test]
fn a_database_belongs_to_one_process_and_one_network() {
    let folder = folder();
    let database = folder.path().join("peers.db");
    let with = ["--database", text(&database)];
    let first = Node::start(with);
    let refused = |more: &[&str], parts: &[&str]| {
        let ended = run(node().args(with).args(more)).exits(2);
        for part in parts {
            assert!(ended.stderr.contains(part), "{part}: {ended}");
        }
        assert_eq!(ended.stderr.lines().count(), 1, "{ended}");
    };
    let name = text(&database);
    refused(&[], &["--database", name, "in use by another process"]);
    first.keeps(0);
    // No stale lock.
    first.ends("KILL");
    refused(
        &["--network", "another"],
        &[name, "another", "--network testbed/1.0.0"],
    );
    refused(&["--key", name], &["that is the file of --key"]);
    Node::start(with).ends("TERM");
}

#[test]
fn a_database_that_cannot_be_is_refused() {
    let folder = folder();
    let nowhere = folder.path().join("nowhere/peers.db");
    for (args, part) in [
        (&["--database", text(&nowhere)][..], "No such file"),
        (&["--database", text(folder.path())], "is a folder"),
        (&["--database", "/dev/null/peers.db"], "Not a directory"),
        (&["--database-size", "10"], "--database <FILE>"),
        (&["--network", "mine"], "--database <FILE>"),
        (
            &["--database", "p.db", "--database-size", "0"],
            "1..=100000",
        ),
        (&["--database", "p.db", "--network", ""], "testbed/1.0.0"),
    ] {
        let ended = run(node().args(args)).exits(2);
        assert!(ended.stderr.contains(part), "{ended}");
    }
    assert!(!Path::new("p.db").exists());
}

#[test]
fn a_damaged_database_is_put_aside() {
    let folder = folder();
    let database = folder.path().join("peers.db");
    fs::write(&database, "no database").expect("written");
    let damaged = Node::start(["--database", text(&database)]);
    damaged.keeps(0);
    damaged.running.signal("TERM");
    let ended = damaged.running.end().exits(0);
    let (_, kept) = ended.stderr.split_once("and now at ").expect("a warning");
    let (kept, _) = kept.split_once(';').expect("a path");
    assert!(kept.contains("peers.db.corrupt-2"), "{ended}");
    let before = fs::read_to_string(PathBuf::from(kept));
    assert_eq!(before.expect("it is there"), "no database");
    let ended = run_once(&database);
    assert_eq!(ended, "", "the new one is whole");
}

/// What a node with that database says on standard error.
fn run_once(database: &Path) -> String {
    let node = Node::start(["--database", text(database)]);
    node.running.signal("TERM");
    node.running.end().exits(0).stderr
}

#[test]
fn a_database_keeps_as_many_peers_as_it_is_told_to() {
    let folder = folder();
    let database = folder.path().join("peers.db");
    let others: Vec<_> = (0..3).map(|_| Node::start([])).collect();
    let dial = others.iter().flat_map(|other| ["--dial", &other.address]);
    let with = ["--database", text(&database), "--database-size", "2"];
    let node = Node::start(with.into_iter().chain(ALONE).chain(dial));
    // The two first are connected, so they stay.
    node.serves("unsaved_total{reason=\"size\"}", |unsaved| unsaved == 1);
    node.keeps(2);
    node.ends("TERM");
    let mut back = Node::start(with.into_iter().chain(ALONE));
    back.has_dialled("reached", 2);
    for _ in 0..2 {
        let line = back.running.line("of the database");
        assert!(!line.contains(others[2].id()), "{line}");
    }
    back.ends("TERM");
}
