//! Peers behind NATs. Where network namespaces are not permitted, the command says so in
//! one line, and nothing else is tested.

use serde_json::Value;
use support::{Ended, run, testbed};

/// The exit status of a command that was skipped.
pub(crate) const SKIPPED: i32 = 77;

fn nat(args: &str) -> Ended {
    run(testbed().arg("nat").args(args.split_whitespace()))
}

/// Whether it was skipped, and how it has to say so.
fn is_skipped(ended: &Ended) -> bool {
    if ended.status != Some(SKIPPED) {
        return false;
    }
    let lines: Vec<_> = ended.stdout.lines().collect();
    let [line] = lines[..] else {
        panic!("not one line: {ended}");
    };
    assert!(line.starts_with("SKIPPED nat: "), "{ended}");
    // Where everything has to be tried.
    let must_run = std::env::var_os("CI").is_some() && !line.contains("not found");
    assert!(!must_run, "CI is set, and it was skipped: {ended}");
    true
}

/// Over TCP and QUIC, one of each way, with real peers and a hub.
#[test]
fn peers_get_through() {
    let ended = nat("--matrix none,cone --rtt 20ms --parallel 2 --format json");
    let document: Value = serde_json::from_str(&ended.stdout).expect("one document");
    if ended.status == Some(SKIPPED) {
        assert!(document["skipped"].is_string(), "{ended}");
        return;
    }
    assert_eq!(document["verdict"]["status"], "pass", "{ended}");
    let cells = document["cells"].as_array().expect("cells");
    let hows = cells
        .iter()
        .flat_map(|cell| cell["runs"].as_array().expect("runs"));
    let hows: std::collections::BTreeSet<_> = hows.map(|run| run["how"].to_string()).collect();
    let expected = ["\"direct\"", "\"punched\"", "\"reversed\""];
    assert_eq!(
        hows.iter().map(String::as_str).collect::<Vec<_>>(),
        expected
    );
}

/// Without punched holes the same peers stay with the relay: it is the holes that get them
/// through.
#[test]
fn without_holes_two_cones_stay_relayed() {
    let ended = nat("--matrix cone --control --rtt 20ms --parallel 2");
    if !is_skipped(&ended) {
        let ended = ended.exits(0);
        assert_eq!(ended.stdout.matches("relayed").count(), 3, "{ended}");
    }
}

#[test]
fn each_nat_does_what_it_should() {
    let ended = nat("--verify --rtt 10ms --seed 1 --also double,hairpin,firewall,restart,upnp");
    if is_skipped(&ended) {
        return;
    }
    let ended = ended.exits(0);
    let verified = ended.stdout.matches("verified").count();
    assert_eq!(verified, 2 * (4 * 4 + 5), "{ended}");
}

#[test]
fn json_has_each_cell() {
    let ended = nat("--verify --matrix none,symmetric --transport quic --format json --rtt 10ms");
    let document: Value = serde_json::from_str(&ended.stdout).expect("one document");
    if ended.status == Some(SKIPPED) {
        assert!(document["skipped"].is_string(), "{ended}");
        return;
    }
    let ended = ended.exits(0);
    assert_eq!(document["verdict"]["status"], "pass", "{ended}");
    let cells = document["cells"].as_array().expect("cells");
    let theory = |dialler: &str, listener: &str| {
        let mut cells = cells.iter();
        let cell = cells.find(|cell| {
            cell["scene"]["dialler"] == dialler && cell["scene"]["listener"] == listener
        });
        cell.expect("a cell")["theory"].clone()
    };
    assert_eq!(theory("none", "symmetric"), "reversed");
    assert_eq!(theory("symmetric", "symmetric"), "relayed");
}

#[test]
fn without_its_programs_it_is_skipped() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ended = run(testbed().arg("nat").env("PATH", folder.path()));
    assert!(is_skipped(&ended), "{ended}");
    assert!(ended.stdout.contains("not found"), "{ended}");
}

/// A program that is no peer leaves its cells unmeasured; one that is not there is refused.
#[test]
fn only_a_peer_may_be_on_a_side() {
    let ended = nat("--matrix none --transport tcp --rtt 10ms --listener /bin/true");
    if !is_skipped(&ended) {
        let ended = ended.exits(3);
        for part in ["listener /bin/true", "has not printed \"listening on\""] {
            assert!(ended.stdout.contains(part), "{ended}");
        }
    }
    let ended = nat("--dialler no/such/peer").exits(2);
    assert!(ended.stderr.contains("--dialler no/such/peer"), "{ended}");
}
