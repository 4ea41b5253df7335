//! Proofs of identity and audits on real peers, with attackers and cheaters among them.

use support::saved::{self, no_panic};
use support::{Runs, run};

/// The names of the violated properties of a live run.
fn violated(arguments: &str, status: i32) -> Vec<String> {
    let runs = Runs::new();
    let arguments = format!("--transport memory {arguments}");
    let ended = run(&mut runs.testbed(arguments.split(' '))).exits(status);
    no_panic(&ended);
    let record = saved::record(&runs.only());
    let properties = record["results"]["properties"].as_array();
    let all = properties.expect("properties").iter();
    let wrong = all.filter(|one| one["outcome"] == "violated");
    let names = wrong.filter_map(|one| one["name"].as_str());
    names.map(str::to_owned).collect()
}

fn holder(scheme: &str) -> String {
    format!("{scheme}: accepted only who holds the key now")
}

#[test]
fn attacks_on_real_peers_break_the_schemes_that_they_are_known_to_break() {
    for (attack, broken) in [
        ("replay", &["static"][..]),
        ("relay", &["static", "challenge"]),
        ("steal", &["static"]),
    ] {
        let broken: Vec<_> = broken.iter().map(|scheme| holder(scheme)).collect();
        let arguments = format!("--peers 4 auth --attack {attack}");
        assert_eq!(violated(&arguments, 1), broken, "{attack}");
        let bound = format!("--peers 4 auth --scheme bound --attack {attack}");
        assert_eq!(violated(&bound, 0), [""; 0], "{attack}");
    }
    let kept = "--peers 4 auth --attack steal --never-replaced --scheme bound";
    assert_eq!(violated(kept, 1), ["no accepted key is a stolen one"]);
}

/// Its answers are right: only the time tells.
#[test]
fn real_peers_that_fetch_blocks_are_not_detected() {
    let audit =
        |cheat: &str, status| violated(&format!("--peers 10 audit --cheat {cheat}"), status);
    assert_eq!(audit("forge", 0), [""; 0]);
    assert_eq!(audit("other", 0), [""; 0]);
    let credited = "only the holder of a block is credited";
    assert_eq!(audit("fetch", 1)[0], credited);
}
