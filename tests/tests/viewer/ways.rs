//! How connections of peers of a hub came about, on the page that collects their spans.

use serde_json::{Value, json};
use support::{Running, http, node, testbed};

use super::{has, has_browser, printed, script, text, texts};

/// A node that reports to that collector, and its address.
fn reporting(name: &str, url: &str, args: &[&str]) -> (Running, String) {
    let mut command = node();
    command.args(["--name", name, "--otlp", url]).args(args);
    let mut running = Running::start_with_input(&mut command);
    let line = running.line("listening on ");
    let address = line.trim_start_matches("listening on ").to_owned();
    (running, address)
}

#[test]
fn the_topology_shows_how_connections_came_about() {
    if !has_browser() {
        return;
    }
    let mut view = testbed();
    let mut view = Running::start(view.args(["view", "--collect", "--listen", "127.0.0.1:0"]));
    let line = view.line("http://");
    let url = format!("http://{}", http::address(&line));
    let (hub, via) = reporting("hub", &url, &["--hub", "--bits", "8"]);
    let (mut one, _) = reporting("peer-a", &url, &["--via", &via, "--stdin"]);
    one.line("registered at ");
    let (mut other, address) = reporting("peer-b", &url, &["--via", &via, "--stdin"]);
    other.line("registered at ");
    let id = address.rsplit('/').next().expect("a full address");
    one.write(&json!({ "id": 1, "do": "ping", "peer": id }).to_string());
    let answer: Value = serde_json::from_str(&one.line("\"id\":1,")).expect("an answer");
    let how = text(&answer["how"]);
    for running in [one, other, hub] {
        running.signal("TERM");
        let _ = running.end().exits(0);
    }
    let topology = http::get(http::address(&line), "/api/topology").json();
    assert_eq!(topology["ways"], json!([["peer-a", "peer-b", how]]));
    let edges = json!([["hub", "peer-a"], ["hub", "peer-b"], ["peer-a", "peer-b"]]);
    assert_eq!(topology["edges"], edges);
    let seen = printed(script("ways.mjs").args([&url, "peer-a"]));
    assert_eq!(texts(&seen["problems"]), [""; 0]);
    has(text(&seen["note"]), &[&format!("3 connections (1 {how})")]);
    let [drawn] = texts(&seen["lines"])[..] else {
        panic!("{seen}");
    };
    has(drawn, &["peer-a – peer-b: ", how]);
    let legend = texts(&seen["legend"]).join("\n");
    has(&legend, &[&format!("{how}: ")]);
    let neighbours = text(&seen["neighbours"]);
    assert_eq!(neighbours, format!("connected with hub, peer-b ({how})"));
    // The peers know each other by their PeerIds, and the page by their names.
    has(text(&seen["note"]), &["3 peers"]);
    view.signal("INT");
    let _ = view.end().exits(0);
}
