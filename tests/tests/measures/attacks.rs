//! Attacks on gossipsub, with and without scores: each does the harm that its name says.

use serde_json::Value;
use support::{measured, refused};

/// Thirty honest peers and fifteen attackers for a minute of virtual time.
fn attacked(kind: &str, scoring: &str) -> Value {
    let words = format!(
        "--seed 3 --time virtual --network wan --security none --peers 45 gossip --protocol \
         gossipsub --no-flood-publish --messages 120 --interval 500ms --attack {kind} \
         --attackers 15 --scoring {scoring}"
    );
    let (_, mut record, _) = measured(&words, 0);
    let results = record["results"].take();
    assert_eq!(results["expected"], 120 * 29, "attackers get nothing");
    assert_eq!(results["standing"]["attackers"]["peers"], 15);
    results
}

/// The same without and with scores.
fn both(kind: &str) -> [Value; 2] {
    let [off, on] = ["off", "on"].map(|scoring| attacked(kind, scoring));
    assert_eq!(last(&off)["honest"], Value::Null, "no scores");
    let honest = &last(&on)["honest"];
    assert_eq!(
        honest["negative"], 0,
        "no honest peer is punished: {honest}"
    );
    [off, on]
}

/// P1 and P2 are computed beside libp2p's sum. Honest peers have nothing else, but for P3 of
/// those that hardly ever came first.
#[test]
fn the_parts_of_a_score_add_up_to_the_sum() {
    let results = attacked("spam", "on");
    let samples = results["standing"]["samples"].as_array().expect("samples");
    for sample in samples {
        let honest = &sample["honest"];
        let [time, first] =
            ["mean_time_in_mesh", "mean_first_deliveries"].map(|part| number(&honest[part]));
        let rest = number(&honest["mean"]) - time - first;
        assert!(rest.abs() < 0.1, "{sample}");
    }
    let honest = &last(&results)["honest"];
    assert!(number(&honest["mean_time_in_mesh"]) > 0.1, "{honest}");
    assert!(number(&honest["mean_first_deliveries"]) > 1.0, "{honest}");
    let attackers = &last(&results)["attackers"];
    assert_eq!(attackers["mean_first_deliveries"], 0.0, "{attackers}");
    assert!(number(&attackers["mean"]) < -80.0, "{attackers}");
}

fn last(results: &Value) -> &Value {
    let samples = results["standing"]["samples"].as_array();
    samples.and_then(|all| all.last()).expect("samples")
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

#[test]
fn attackers_that_drop_lose_their_places_when_peers_have_scores() {
    for kind in ["drop", "cold-boot"] {
        let [off, on] = both(kind);
        let places = |results: &Value| number(&last(results)["mesh_attackers"]);
        assert!(places(&off) > 1.0, "{kind}: {}", places(&off));
        assert!(places(&on) < places(&off) / 4.0, "{kind}: {}", places(&on));
        let first = number(&off["standing"]["samples"][0]["mesh_attackers"]);
        // A cold boot is there before the first message; the others enter then.
        assert_eq!(first > 1.0, kind == "cold-boot", "{kind}: {first}");
    }
}

#[test]
fn an_eclipse_takes_the_places_of_one_mesh() {
    let [off, on] = both("eclipse");
    let mesh = |results: &Value| number(&last(results)["victim_mesh"]["attackers"]);
    assert!(mesh(&off) >= 2.0, "{off}");
    assert_eq!(mesh(&on), 0.0, "{on}");
    for results in [&off, &on] {
        let victim = &results["standing"]["victim"];
        assert_eq!(victim["peer"], 0);
        assert!(number(&victim["delivered"]) > 0.9 * number(&victim["expected"]));
    }
}

#[test]
fn spam_is_never_delivered_and_its_senders_get_no_gossip() {
    let [off, on] = both("spam");
    for results in [&off, &on] {
        assert_eq!(results["strange"], 0, "invalid messages are not delivered");
        assert_eq!(results["delivered"], results["expected"]);
    }
    assert!(number(&last(&on)["attackers"]["max"]) < -80.0, "graylisted");
    let gossip =
        |results: &Value| number(&results["standing"]["attackers"]["received_bytes"]["p50"]);
    assert!(gossip(&on) < gossip(&off) / 4.0, "{on} {off}");
}

#[test]
fn announcements_of_nothing_are_believed_for_a_while_alone() {
    let [off, on] = both("ihave");
    let asked = |results: &Value| number(&results["traffic"]["control"]["iwant"]["sent"]);
    assert!(asked(&off) > 1000.0, "{}", asked(&off));
    assert!(asked(&on) < asked(&off) / 4.0, "{}", asked(&on));
}

/// Scores know no penalty for it: a message is sent to a neighbour three times at most.
#[test]
fn those_who_ask_for_everything_make_others_send_more() {
    let [off, on] = both("iwant");
    let quiet = attacked("eclipse", "off");
    let sent = |results: &Value| number(&results["traffic"]["sent_bytes"]["sum"]);
    assert!(
        sent(&off) > 1.5 * sent(&quiet),
        "{} {}",
        sent(&off),
        sent(&quiet)
    );
    let ratio = sent(&on) / sent(&off);
    assert!((0.9..1.1).contains(&ratio), "{ratio}");
}

/// Each peer has a mesh of each topic, and attackers enter all of them.
#[test]
fn attackers_enter_the_meshes_of_all_topics() {
    let words = "--seed 3 --time virtual --peers 20 gossip --protocol gossipsub --topics 3 \
                 --messages 30 --interval 500ms --attack drop --attackers 5 --scoring on";
    let (_, record, _) = measured(words, 0);
    assert_eq!(record["results"]["delivered"], 30 * 14);
    let mesh = |name: &str| number(&last(&record["results"])[name]);
    let (honest, attackers) = (mesh("mesh_honest"), mesh("mesh_attackers"));
    assert!(attackers > 0.5, "{attackers}");
    assert!(
        (3.0..=12.0).contains(&(honest + attackers)),
        "{honest} {attackers}"
    );
}

#[test]
fn attacks_run_over_sockets_as_well() {
    let words = "--seed 3 --peers 12 gossip --protocol gossipsub --messages 40 --interval 100ms \
                 --attack spam --attackers 4 --scoring on";
    let (ended, record, _) = measured(words, 0);
    let scores = &last(&record["results"])["attackers"];
    assert!(number(&scores["max"]) < 0.0, "{scores}");
    for part in ["attackers         4 (spam)", "of attackers at the end p5"] {
        assert!(ended.stdout.contains(part), "{part}: {ended}");
    }
}

#[test]
fn a_file_of_parameters_is_read_and_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("scoring.toml");
    for (text, part) in [
        ("topic_weight = nan", "topic_weight = NaN is no number"),
        (
            "mesh_message_deliveries_threshold = inf",
            "deliveries_threshold",
        ),
        (
            "mesh_message_deliveries_decay = 1.0",
            "mesh_message_deliveries_decay",
        ),
        ("behaviour_penalty_weight = 3.0", "behaviour_penalty_weight"),
        ("decay_interval = \"1\"", "decay_interval"),
        ("topic_wait = 1.0", "topic_wait"),
    ] {
        std::fs::write(&path, text).expect("a file");
        let words = format!("gossip --protocol gossipsub --scoring {}", path.display());
        refused(&words, &["--scoring", part, "docs/attacks.md"]);
    }
    let text = "topic_weight = 0.5\ndecay_interval = \"2s\"";
    std::fs::write(&path, text).expect("a file");
    let words = format!(
        "--seed 3 --time virtual --peers 8 gossip --protocol gossipsub --messages 5 --scoring {}",
        path.display()
    );
    let (_, record, _) = measured(&words, 0);
    let scoring = &record["experiment"]["options"]["scoring"];
    assert_eq!(scoring["topic_weight"], 0.5);
    assert_eq!(scoring["decay_interval"], 2.0);
    assert_eq!(
        scoring["topic_score_cap"], 0.0,
        "the others are the usual ones"
    );
}

/// A paused peer does not answer, and is not asked.
#[test]
fn a_paused_peer_is_not_asked_for_scores() {
    let pause = r#"{pause=[{process=2,at="2s",resume="5s"}]}"#;
    let words = format!(
        "--seed 3 --time virtual --peers 8 --scenario {pause} gossip --protocol gossipsub \
         --messages 8 --interval 1s --scoring on"
    );
    let (_, record, _) = measured(&words, 0);
    let samples = record["results"]["standing"]["samples"].as_array();
    assert_eq!(samples.map(Vec::len), Some(8));
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (arguments, parts) in [
        ("--attack flood", &["flood", "cold-boot", "iwant"][..]),
        ("--attackers 3", &["--attack"]),
        (
            "--attack drop --attackers 19",
            &["--attackers 19", "at least 2"],
        ),
        ("--attack spam --unsigned", &["--attack spam", "--unsigned"]),
        ("--scoring soon.toml", &["--scoring soon.toml", "off, on"]),
    ] {
        refused(&format!("gossip --protocol gossipsub {arguments}"), parts);
    }
    refused("gossip --scoring on", &["--protocol gossipsub"]);
    let paused = r#"{pause=[{process=1,at="1s",resume="2s"}]}"#;
    let words = format!("--scenario {paused} gossip --protocol gossipsub --attack drop");
    refused(&words, &["--attack", "scenario"]);
}
