//! Reports of runs made by hand.

use std::fs;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use serde_json::json;
use tempfile::TempDir;
use trace::steps::key;
use trace::store::samples::{self, attribute, resource, span};

use super::*;

/// The folder of a run with these measurements.
fn folder(csv: &str) -> (TempDir, Folder) {
    let place = tempfile::tempdir().expect("a temporary folder");
    fs::write(place.path().join("run.json"), "{}").expect("a file of ours");
    fs::write(place.path().join("results.csv"), csv).expect("a file of ours");
    let host = format!("seconds\n{}", "0.123\n".repeat(csv.len() / 8));
    fs::write(place.path().join("host.csv"), host).expect("a file of ours");
    let folder = Folder::open(place.path()).expect("just made");
    (place, folder)
}

/// A run of `traces` traces of `spans` steps each, all on one peer.
fn run_of(peer: &str, traces: u8, spans: u8) -> Store {
    let store = Store::new();
    let service = store.add_service(resource(peer));
    for trace in 1..=traces {
        for id in 1..=spans {
            let number = u64::from(trace) * u64::from(spans) + u64::from(id);
            let mut step = span([trace; 16], id, 0, "timer", number);
            let number = i64::try_from(number).expect("a small one");
            step.attributes = vec![attribute(key::STEP, Any::IntValue(number))];
            store.insert(service, &step).expect("a good span");
        }
    }
    store
}

/// The report in at most `most` bytes, and its answers.
fn report(store: &Store, csv: &str, most: usize) -> (String, Value) {
    let (_place, folder) = folder(csv);
    let page = Page {
        before: "<head>".into(),
        after: "</head>".into(),
    };
    let run = json!({ "seed": u64::MAX, "peers": 1, "topology": "full" });
    let mut out = Vec::new();
    write(&mut out, &page, most, &folder, &run, store).expect("a Vec takes all");
    let text = String::from_utf8(out).expect("UTF-8");
    let begin = text.find('{').expect("an object");
    let end = text.rfind('}').expect("an object");
    let answers = serde_json::from_str(&text[begin..=end]).expect("JSON");
    (text, answers)
}

fn left_out(answers: &Value) -> Vec<&str> {
    let sentences = answers["left-out"].as_array().expect("a list").iter();
    sentences.map(|one| one.as_str().expect("a text")).collect()
}

#[test]
fn the_page_is_one_file() {
    let page = page::page(crate::viewer::page::read, 7).expect("its files fit together");
    let nonce = format!("nonce=\"{:032x}\"", 7);
    let head = &page.before;
    for tag in ["<script", "<style"] {
        let tags = head.matches(tag).count();
        assert!(tags > 1, "{tag}");
        let with = head.lines().filter(|line| line.starts_with(tag));
        assert_eq!(with.filter(|line| line.contains(&nonce)).count(), tags);
    }
    for holder in ["Jason Miller", "Leon Sorokin", "Apache License"] {
        assert!(head.contains(holder), "the licence of {holder}");
    }
    let (_, rest) = head.split_once("{\"imports\":").expect("an import map");
    let (map, rest) = rest.split_once('}').expect("its end");
    assert!(!rest.contains("src="), "the script is in the page");
    let map: Value = serde_json::from_str(&format!("{map}}}")).expect("JSON");
    let app = map["app.js"].as_str().expect("the first module");
    let app = app.strip_prefix("data:text/javascript;base64,");
    let app = BASE64_STANDARD
        .decode(app.expect("an address"))
        .expect("base64");
    let app = String::from_utf8(app).expect("UTF-8");
    assert!(app.contains(" from 'vendor/preact-htm.js';"), "{app}");
    assert!(app.contains(" from 'diagram/space-time.js';"), "{app}");
}

#[test]
fn a_missing_file_of_the_page_is_named() {
    for (gone, by) in [
        ("diagram/view.js", "diagram/"),
        ("vendor/uplot.js", "results/"),
        ("style.css", "index.html"),
        ("icon.svg", "index.html"),
    ] {
        let read = |path: &str| match path == gone {
            true => None,
            false => crate::viewer::page::read(path),
        };
        let error = page::page(read, 7).expect_err(gone).to_string();
        let named = error.starts_with(by) && error.contains(&format!("wants {gone},"));
        assert!(named, "{error}");
    }
}

#[test]
fn a_report_answers_as_the_server_does() {
    let (_, answers) = report(&samples::store(), "a,b\n1,2\n", MOST);
    assert_eq!(left_out(&answers), [""; 0]);
    // A seed has more digits than a number of JavaScript, so it is a text.
    let run = answers["/api/run"].as_str().expect("a text");
    assert!(run.contains(&u64::MAX.to_string()), "{run}");
    assert_eq!(answers["/api/results"]["csv"], "a,b\n1,2\n");
    assert_eq!(answers["/api/results"]["host"], "seconds\n0.123\n");
    assert_eq!(
        answers["/api/v3/services"]["services"],
        json!(["peer-0", "peer-1"])
    );
    assert_eq!(answers["/api/cuts"]["cuts"], json!([]));
    assert_eq!(answers["/api/topology"]["edges"], json!([]));
    assert_eq!(answers["/api/diagram?after=0"]["next"], 3);
    let trace = format!("/api/v3/traces/{}", "07".repeat(16));
    let spans = &answers[&trace]["result"]["resourceSpans"];
    assert_eq!(spans.as_array().map(Vec::len), Some(2));
    let summaries = &answers["/api/v3/trace-summaries"]["summaries"];
    assert_eq!(summaries[0]["spanCount"], 3);
}

#[test]
fn a_name_of_a_peer_cannot_end_a_script() {
    let evil = "</script><script>alert(1)</script><!--<script>";
    let (text, answers) = report(&run_of(evil, 1, 3), &format!("{evil}\n"), MOST);
    assert_eq!(text.matches('<').count(), 4, "{text}");
    assert_eq!(answers["/api/v3/services"]["services"], json!([evil]));
    assert_eq!(answers["/api/results"]["csv"], format!("{evil}\n"));
}

#[test]
fn traces_are_left_out_first_and_then_the_end_of_the_diagram() {
    let store = run_of("peer-0", 200, 20);
    let (whole, _) = report(&store, "", MOST);
    let rest = "`testbed view` with the folder of the run shows all of it.";
    // Only some traces fit.
    let (text, answers) = report(&store, "", whole.len() * 3 / 4);
    assert!(text.len() <= whole.len() * 3 / 4, "{}", text.len());
    assert_eq!(answers["/api/diagram?after=0"]["next"], 4000);
    let all = answers.as_object().expect("an object").keys();
    let held = all.filter(|key| key.starts_with("/api/v3/traces/")).count();
    assert!((1..200).contains(&held), "{held}");
    let traces = format!("Of 200 traces, {held} can be opened here.");
    assert_eq!(left_out(&answers), [&traces, rest]);
    // Not even the diagram fits.
    let (text, answers) = report(&store, "", 200_000);
    assert!(text.len() <= 200_000, "{}", text.len());
    let diagram = &answers["/api/diagram?after=0"];
    assert_eq!(
        (&diagram["next"], &diagram["more"]),
        (&json!(4000), &json!(false))
    );
    let left = diagram["left"].as_u64().expect("a number");
    let shown = 4000 - left;
    assert!((1000..2000).contains(&shown), "{shown}");
    let omitted = left_out(&answers);
    let diagram = format!(
        "The diagram shows 1,{:03} of 4,000 spans: the beginning and the end.",
        shown % 1000
    );
    assert!(omitted.contains(&diagram.as_str()), "{omitted:?}");
    assert_eq!(omitted.last(), Some(&rest));
}

#[test]
fn a_report_without_room_says_so_and_is_whole() {
    let rows = "0123456789\n".repeat(300_000);
    let (text, answers) = report(&run_of("peer-0", 2, 2), &rows, 2000);
    assert!(text.len() < 4000, "{}", text.len());
    let omitted = left_out(&answers).join(" ");
    for part in [
        "Of the measurements only the first 166,817 are here; results.csv has all.",
        "Of what was seen of the host only the first 43,689 are here; host.csv has all.",
        "Left out: the measurements, which would take",
    ] {
        assert!(omitted.contains(part), "{omitted}");
    }
}
