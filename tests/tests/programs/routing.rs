//! `testbed routing`, `testbed overlay` and `testbed membership`: over real peers, with a network
//! that is cut and heals, and peers that stop.

use serde_json::Value;
use support::saved::{measure, measured};

/// Six peers of which two are cut off for longer than the time-out, and another one stops.
#[test]
fn routes_go_around_a_cut_and_come_back_over_real_peers() {
    let words = "--peers=6 --topology=full --transport=memory \
                 --scenario={partition=[{at=\"2s\",heal=\"6s\",group=[0,1]}]} \
                 routing --hello=500ms --update=2s --kill=3@7s --breaks=0 --duration=20s";
    let (ended, record, _) = measured(words, 0);
    ended.says(&[
        "the partition of peer-00, peer-01",
        "routes            20 of 30 at the end, mean distance 1.00",
        "no loop in the next hops: holds",
        "distances are right at rest: holds",
        "no black hole outlives the time-out: holds",
        "verdict           pass",
    ]);
    let holes = measure(&record, "black holes")["count"].as_u64();
    assert!(holes >= Some(20), "{ended}");
}

/// A peer stops and restarts with what it has persisted, in virtual time.
#[test]
fn a_peer_that_restarts_is_routed_over_again() {
    let words = "--time=virtual --peers=8 --seed=4 routing --crash=3@10s..40s --crash=5@12s..13s \
                 --breaks=0";
    let (ended, record, _) = measured(words, 0);
    ended.says(&[
        "routes            56 of 56 at the end",
        "distances are right at rest: holds",
        "no black hole outlives the time-out: holds",
        "verdict           pass",
    ]);
    let rests = measure(&record, "at rest after")["count"].as_u64();
    assert!(rests >= Some(1), "{ended}");
}

#[test]
fn mistakes_are_found_over_real_peers() {
    let words = "--peers=5 --topology=ring --transport=memory routing --hello=200ms --update=1s \
                 --kill=2@1s --breaks=0 --duration=4s --mistake=silence-ignored";
    let (ended, ..) = measured(words, 1);
    ended.says(&[
        "no black hole outlives the time-out: VIOLATED",
        "verdict           fail",
    ]);
}

/// A peer stops, another one restarts, and links are replaced meanwhile.
#[test]
fn an_overlay_of_real_peers_survives() {
    let words = "--time=virtual --peers=12 --seed=2 overlay --kill=3@20s --crash=5@22s..40s";
    let (ended, ..) = measured(words, 0);
    ended.says(&[
        "no loop in the next hops: holds",
        "links are bounded: holds",
        "no route leads over a replaced link: holds",
        "a packet ends once, and where it should: holds",
        "all reach all in the end: holds (11 checked)",
        "verdict           pass",
    ]);
    let words = "--peers=8 --transport=memory overlay --hello=500ms";
    let (ended, ..) = measured(words, 0);
    ended.says(&[
        "no route leads over a replaced link: holds",
        "all reach all in the end: holds (8 checked)",
    ]);
}

/// Links go out in a simulated overlay. Without a record the results are the same.
#[test]
fn outages_are_masked_and_counted() {
    let words = "--peers=8 simulate overlay --links=2 --refresh=20s --packets=2s --duration=5m \
                 --outages=exponential:40s --outages-every=4m --outages-until=3m --seed=3";
    let [(one, record, _), (other, unrecorded, _)] =
        ["", " --no-record"].map(|option| measured(&format!("{words}{option}"), 0));
    one.says(&[
        "outages           links went out ",
        " in use; ",
        " masked (",
        "noticed at an end after",
        "all reach all in the end: holds (8 checked)",
        "verdict           pass",
    ]);
    other.says(&["verdict           pass"]);
    let masked = measure(&record, "outages masked");
    assert!(masked["count"].as_u64() >= Some(5), "{one}");
    let share = masked["p50"].as_f64().expect("a share");
    assert!((0.2..=1.0).contains(&share), "{one}");
    let noticed = measure(&record, "outage noticed");
    // The time-out is four seconds.
    assert!(noticed["max"].as_f64() <= Some(4.1e9), "{one}");
    let measures = |record: &Value| record["results"]["measures"].clone();
    assert_eq!(measures(&record), measures(&unrecorded));
    assert_eq!(unrecorded["spans"]["stored"], 0, "{other}");
    let outages = &record["experiment"]["options"]["network"]["outages"];
    assert!(outages.is_string(), "{outages}");
}

/// Those of a file, over real peers in virtual time, that go on until the run ends.
#[test]
fn a_trace_of_outages_is_followed_over_real_peers() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("outages.csv");
    std::fs::write(
        &path,
        "# from,until,of\n10s,50s,0-1\n11s,50s,2\n12s,50s,1-3\n",
    )
    .expect("a file of ours");
    let words = format!(
        "--time=virtual --peers=5 --seed=5 routing --topology=full --hello=1s --update=4s \
         --breaks=0 --duration=2m --outages={}",
        path.display()
    );
    let (ended, record, _) = measured(&words, 0);
    ended.says(&[
        "outages           2 of links, 2 of them in use; 2 of 2 masked (100.0 %)",
        "distances are right at rest: holds",
        "no black hole outlives the time-out: holds",
        "verdict           pass",
    ]);
    assert_eq!(measure(&record, "way restored")["lost"], 0, "{ended}");
}

/// A stream that is to be opened over a link that is out fails after ten seconds, with what waits for
/// it. That is the outage's doing.
#[test]
fn losses_in_an_outage_are_no_failure() {
    let words = "--time=virtual --peers=9 --seed=3 overlay --links=2 --hello=1s --duration=90s \
                 --outages=exponential:20s --outages-every=2m";
    let (ended, ..) = measured(words, 0);
    ended.says(&["outages           ", "verdict           pass"]);
}

/// Links of real peers need certificates, which are renewed; the registry stops, and none ends.
#[test]
fn certificates_outlive_their_registry() {
    let words = "--time=virtual --peers=8 --seed=2 overlay --epoch=5s --kill=0@30s --duration=60s";
    let (ended, ..) = measured(words, 0);
    ended.says(&[
        "pairs             42 of 42 have a route in the end",
        " 0 ended unrenewed",
        "only who has a certificate is trusted: holds",
        "no epoch is followed by an older one: holds",
        "verdict           pass",
    ]);
}

/// An impostor among the real peers of an overlay.
#[test]
fn an_impostor_has_no_link_that_counts() {
    let words = "--time=virtual --peers=8 --seed=2 overlay --epoch=5s --attack=forge";
    let (ended, ..) = measured(words, 0);
    ended.says(&[
        "pairs             42 of 42 have a route in the end",
        " signature",
        "only who has a certificate is trusted: holds",
        "all reach all in the end: holds (7 checked)",
        "verdict           pass",
    ]);
}

/// An impostor among real peers, and peers that do not look at what it presents.
#[test]
fn impostors_are_refused_by_real_peers() {
    let words = "--peers=5 --transport=memory membership --attack=borrow --duration=6s";
    let (ended, ..) = measured(words, 0);
    ended.says(&[
        "only who has a certificate is trusted: holds",
        " subject",
        "verdict           pass",
    ]);
    let words = "--time=virtual --peers=5 membership --attack=borrow --mistake=subject-unchecked";
    let (ended, ..) = measured(words, 1);
    ended.says(&[
        "only who has a certificate is trusted: VIOLATED",
        "verdict           fail",
    ]);
}
