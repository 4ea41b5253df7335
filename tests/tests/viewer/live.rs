//! The page of a run that goes on.

use support::Runs;

use super::{has, has_browser, printed, script, steps, text, texts};

#[test]
fn the_page_follows_a_live_run_and_stays_after_it() {
    if !has_browser() {
        return;
    }
    let runs = Runs::new();
    let arguments = "--peers 8 --view=127.0.0.1:0 snapshot --snapshots 20 --every 500ms";
    let testbed = runs.testbed(arguments.split(' '));
    let mut live = script("live.mjs");
    live.arg(testbed.get_program()).args(testbed.get_args());
    let seen = printed(&mut live);
    let looks = seen["looks"].as_array().expect("looks");
    let counts: Vec<_> = looks.iter().map(|look| look["steps"].as_u64()).collect();
    assert!(counts.is_sorted_by(|a, b| a < b), "{counts:?}");
    for look in looks {
        assert_eq!(look["badge"], "running", "{looks:?}");
    }
    assert_eq!(seen["verdict"], "pass");
    assert_eq!(seen["steps"], steps(&runs.only()).len());
    let followed = &seen["followed"];
    assert_eq!(followed["stays"], followed["stayed"]);
    // What was followed to the end is still shown.
    has(text(&seen["cut"]), &["Snapshot 0/19", "✓ Consistent."]);
    assert_eq!(seen["again"], seen["steps"], "after a reload");
    assert_eq!(texts(&seen["problems"]), [""; 0]);
    assert_eq!(seen["status"], 0);
}

#[test]
fn the_topology_shows_cut_links_and_killed_peers() {
    if !has_browser() {
        return;
    }
    let runs = Runs::new();
    let arguments = "--peers 5 --view=127.0.0.1:0 snapshot --snapshots 1000 --every 2s";
    let testbed = runs.testbed(arguments.split(' '));
    let mut reach = script("reach.mjs");
    reach.arg(testbed.get_program()).args(testbed.get_args());
    let seen = printed(&mut reach);
    assert_eq!(
        seen["said"],
        "The link between peer-00 and peer-01 was cut."
    );
    let [cut, dead] = ["peer-00 – peer-01: the link is cut", "peer-03: killed"];
    for (moment, cuts, deaths) in [
        ("cut", &[cut][..], &[][..]),
        ("again", &[cut], &[]),
        ("before", &[], &[]),
        ("killed", &[cut], &[dead]),
        ("healed", &[], &[dead]),
    ] {
        let shown = &seen[moment];
        assert_eq!(texts(&shown["cut"]), cuts, "{moment}");
        assert_eq!(texts(&shown["dead"]), deaths, "{moment}");
        let legend = texts(&shown["legend"]);
        let explained = |what| legend.contains(&what);
        assert_eq!(
            explained("link that is cut"),
            !cuts.is_empty(),
            "{legend:?}"
        );
        assert_eq!(
            explained("peer that was killed"),
            !deaths.is_empty(),
            "{legend:?}"
        );
    }
    has(
        text(&seen["cell"]),
        &["peer-00 → peer-01: the link is cut, "],
    );
    assert_eq!(texts(&seen["problems"]), [""; 0]);
}

/// The page must leave the processor to the peers.
#[test]
fn the_page_requests_only_the_data_of_its_view() {
    if !has_browser() {
        return;
    }
    let runs = Runs::new();
    let arguments =
        "--peers 8 --view=127.0.0.1:0 snapshot --snapshots 1000 --every 500ms --timeout 10m";
    let testbed = runs.testbed(arguments.split(' '));
    let mut requests = script("requests.mjs");
    requests.arg(testbed.get_program()).args(testbed.get_args());
    let seen = printed(&mut requests);
    for view in ["diagram", "topology", "traces", "results", "runs"] {
        let (all, asked) = (seen[view]["all"].as_u64(), &seen[view]["count"]);
        assert!(all.is_some_and(|all| all <= 15), "{view}: {asked}");
        let draws = ["diagram", "topology"].contains(&view);
        let reads = asked["/api/diagram"].as_u64().unwrap_or(0);
        assert_eq!(reads >= 2, draws, "{view}: {asked}");
    }
    assert_eq!(texts(&seen["paused"]), ["The run is paused."]);
    assert_eq!(texts(&seen["resumed"]), [""; 0]);
    let gone = "viewer stopped: the run is shown as it was last";
    assert_eq!(texts(&seen["gone"]["badges"]), [gone]);
    assert_eq!(texts(&seen["gone"]["buttons"]), [""; 0]);
    assert_eq!(texts(&seen["problems"]), [""; 0]);
}
