//! The traces, and each as a waterfall.

use support::{Runs, run};

use super::{has, has_browser, look_well, text, texts};

#[test]
fn the_page_shows_traces_and_each_as_a_waterfall() {
    if !has_browser() {
        return;
    }
    let runs = Runs::new();
    run(&mut runs.testbed(["--peers", "5", "--seed", "7", "ping", "--to", "3"])).exits(0);
    let seen = look_well("viewer.mjs", &runs.only());
    let head = ["ping", "pass", "5", "full", "tcp", "seed\n7"];
    has(text(&seen["head"]), &head);
    assert_eq!(texts(&seen["traces"]), ["Setup", "ping peer-03"]);
    let rows = texts(&seen["rows"]);
    let expected = ["peer-00\nping peer-03", "peer-03\nPING", "peer-00\nPONG"];
    assert_eq!(rows.len(), expected.len(), "{rows:?}");
    for (row, part) in rows.iter().zip(expected) {
        has(row, &[part]);
    }
    let details = [
        "PING",
        "server",
        "rpc.system.name\nlibp2p",
        "p2p.remote\npeer-00",
        "12D3Koo",
    ];
    has(text(&seen["details"]), &details);
    assert_eq!(seen["linkShowsTheSame"], true);
    assert_eq!(texts(&seen["banners"]), [""; 0]);
}
