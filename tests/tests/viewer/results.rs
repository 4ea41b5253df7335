//! The results of what measures: gossipsub, Kademlia, latency.

use serde_json::{Value, json};
use support::{CALM, Runs, run, saved};

use super::{has, has_browser, look_well, text, texts};

/// What the page shows of a run with these words, and the run's record.
fn seen(words: &str) -> Option<(Value, Value)> {
    if !has_browser() {
        return None;
    }
    let runs = Runs::new();
    let words = format!("--seed 1 {CALM} {words}");
    run(&mut runs.testbed(words.split(' '))).exits(0);
    let path = runs.only();
    let (seen, record) = (look_well("results.mjs", &path), saved::record(&path));
    assert_eq!(texts(&seen["sticksOut"]), [""; 0]);
    check_measures(&seen, &record);
    check_host(&seen);
    Some((seen, record))
}

/// Every measure has a row, with how many there are and how many are lost.
fn check_measures(seen: &Value, record: &Value) {
    let rows = texts(&seen["measures"]);
    let measures = record["results"]["measures"].as_array().expect("measures");
    assert_eq!(rows.len(), measures.len(), "{rows:?}");
    for (row, measure) in rows.iter().zip(measures) {
        let name = text(&measure["name"]);
        let [count, lost] = ["count", "lost"].map(|part| measure[part].to_string());
        let row = row.replace(',', "");
        let begin = format!("{} {count} {lost} ", name.replace(',', ""));
        assert!(row.starts_with(&begin), "{begin:?}: {row:?}");
    }
    let lost = measures.iter().filter(|one| one["lost"] != 0);
    assert_eq!(texts(&seen["lost"]).len(), lost.count());
}

fn check_host(seen: &Value) {
    let titles = ["Processors", "Lateness of tasks", "Memory", "Loopback"];
    for title in titles {
        let rows = numbers(seen, title);
        assert!(!rows.is_empty(), "{title}");
    }
}

/// The rows of the table of a plot.
fn numbers(seen: &Value, title: &str) -> Vec<Vec<String>> {
    let all = seen["numbers"].as_array().expect("tables");
    let wanted = format!("{title}: the numbers");
    let found = all.iter().find(|one| {
        let title = text(&one["title"]);
        title.eq_ignore_ascii_case(&wanted)
    });
    let found = found.unwrap_or_else(|| panic!("{wanted}: {all:?}"));
    let rows = found["rows"].as_array().expect("rows").iter();
    rows.map(|row| texts(row).into_iter().map(str::to_owned).collect())
        .collect()
}

#[test]
fn gossip_beside_theory() {
    for (protocol, theory) in [("gossipsub", "after 1.7."), ("flood", "after 1.61.")] {
        let words = format!("--peers 30 gossip --protocol {protocol} --messages 10");
        let Some((seen, record)) = seen(&words) else {
            return;
        };
        let hops = record["results"]["hops"].as_object().expect("hops");
        let rows = numbers(&seen, "Hops beside theory");
        for (hops, deliveries) in hops.iter().filter(|(hops, _)| *hops != "0") {
            let row = rows.iter().find(|row| row[0] == *hops);
            let row = row.unwrap_or_else(|| panic!("{hops}: {rows:?}"));
            assert_eq!(row[1].replace(',', ""), deliveries.to_string());
        }
        assert!(texts(&seen["headings"]).contains(&"The way of a message"));
        let spread = numbers(&seen, "How a message spread");
        assert_eq!(spread.len(), 6, "{spread:?}");
        assert!(spread.iter().flatten().all(|cell| cell != "never"));
        let notes = texts(&seen["notes"]).join(" ");
        has(
            &notes,
            &["the publisher sends to F = 8 others", "all n = 30", theory],
        );
    }
}

#[test]
fn scores_and_bytes_of_an_attack_over_time() {
    let words = "--time virtual --peers 16 gossip --protocol gossipsub --messages 10 --interval 1s \
                 --attack drop --attackers 4 --scoring on";
    let Some((seen, record)) = seen(words) else {
        return;
    };
    let samples = &record["results"]["standing"]["samples"];
    for title in ["Scores", "Who is in a mesh"] {
        let rows = numbers(&seen, title);
        assert_eq!(
            Some(rows.len()),
            samples.as_array().map(Vec::len),
            "{title}"
        );
    }
    let meshes = numbers(&seen, "Who is in a mesh");
    let last = meshes.last().expect("a sample");
    let attackers = samples[samples.as_array().map_or(0, Vec::len) - 1]["mesh_attackers"].as_f64();
    let shown: Option<f64> = last[2].parse().ok();
    let near = |a: f64, b: f64| (a - b).abs() < 0.01;
    assert!(
        std::iter::zip(shown, attackers).all(|(a, b)| near(a, b)),
        "{last:?}"
    );
    assert!(!numbers(&seen, "Bytes that a peer received").is_empty());
}

#[test]
fn lookups_beside_the_oracle() {
    let Some((seen, record)) = seen("--peers 20 kad --operations 50") else {
        return;
    };
    assert!(texts(&seen["headings"]).contains(&"Oracle: holds"));
    let rows = numbers(&seen, "Hops");
    let counted: u64 = rows
        .iter()
        .flat_map(|row| &row[1..])
        .map(|cell| cell.parse::<u64>().expect("a number"))
        .sum();
    let kinds = record["results"]["kinds"].as_object().expect("kinds");
    let hops = kinds.values().map(|kind| kind["hops"]["count"].as_u64());
    assert_eq!(counted, hops.map(Option::unwrap_or_default).sum::<u64>());
    has(&texts(&seen["notes"]).join(" "), &["log2 n = 4.3"]);
    let message = "50 operations one after the other, 0 of them failed";
    assert!(texts(&seen["charts"]).contains(&message));
}

#[test]
fn latency_beside_plain_tcp() {
    let Some((seen, record)) =
        seen("--peers 6 latency --size 1K,64K --messages 120 --interval 2ms")
    else {
        return;
    };
    let sizes = record["results"]["sizes"].as_array().expect("sizes");
    assert_eq!(sizes.len(), 2);
    for title in ["1,024 bytes", "65,536 bytes"] {
        let rows = numbers(&seen, title);
        let of: Vec<_> = rows.iter().map(|row| &row[..3]).collect();
        for (row, name) in of.iter().zip(["one way, stack", "round trip, stack"]) {
            assert_eq!(**row, [name, "120", "0"], "{title}");
        }
        assert_eq!(of.len(), 4, "both ways over both roads");
    }
}

#[test]
fn external_peers_are_named() {
    if !has_browser() {
        return;
    }
    let runs = Runs::new();
    let words = format!("{CALM} --peers 3 latency --messages 120 --interval 2ms");
    run(&mut runs.testbed(words.split(' '))).exits(0);
    let path = runs.only();
    assert!(texts(&look_well("results.mjs", &path)["visitors"]).is_empty());
    let mut record = saved::record(&path);
    record["refused"] = json!({"connections": 3, "peers": {"12D3KooWA": 2, "12D3KooWB": 1}});
    std::fs::write(path.join("run.json"), record.to_string()).expect("our file");
    let seen = look_well("results.mjs", &path);
    let lines = texts(&seen["visitors"]).join(" ");
    has(
        &lines,
        &[
            "Refused: 3 connections",
            "12D3KooWA: 2 connections",
            "12D3KooWB: 1 connection",
        ],
    );
}
