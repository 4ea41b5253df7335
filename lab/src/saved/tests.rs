//! A saved run is judged as it was when it ran, or by another judge.

use std::sync::Arc;

use algorithms::NodeId;
use serde_json::{Value, json};
use trace::recorder::StoreRecorder;
use trace::steps::Processes;
use trace::store::Store;
use trace::telemetry::Sink;

use super::Saved;
use crate::own;
use crate::simulator::{Limits, Scenario, Trial};
use crate::system::election::Election;
use crate::system::wave::Waves;
use crate::system::{Engine, Setup, System};
use crate::topology::Topology;
use crate::verdict::Status;

fn numbers(neighbours: &[Vec<NodeId>]) -> Vec<Vec<u32>> {
    let numbers = |all: &Vec<NodeId>| all.iter().map(|id| id.0).collect();
    neighbours.iter().map(numbers).collect()
}

fn wave(setup: &Setup) -> Waves {
    Waves {
        neighbours: numbers(&setup.neighbours),
        initiators: 1,
    }
}

/// The spans of a simulated wave of three, of which every message is lost with that
/// probability.
fn spans(loss: f64) -> Store {
    let store = Arc::new(Store::new());
    let recorder = StoreRecorder::start(Arc::clone(&store));
    let sink = Sink::new(Some(Arc::new(recorder)), None);
    let scenario = Scenario {
        loss,
        ..Scenario::default()
    };
    let system = Waves {
        neighbours: vec![vec![1, 2], vec![0, 2], vec![0, 1]],
        initiators: 1,
    };
    let limits = Limits::default();
    Trial::new(system, Processes::new(3), scenario, limits, [1, 1]).run(&sink, &());
    sink.counts();
    drop(sink);
    Arc::into_inner(store).expect("nothing else holds it")
}

fn record() -> Value {
    json!({
        "peers": 3, "topology": "full", "seed": 7, "seconds": 1.0, "verdict": {},
        "results": {}, "spans": { "lost": 0 },
        "experiment": { "options": {
            "engine": "model checker",
            "fifo": false,
            "network": { "kill": [{ "peer": 1, "at_seconds": 0.5 }] },
        } },
    })
}

fn judged<S: System>(record: &Value, store: &Store, system: impl Fn(&Setup) -> S) -> super::Judged {
    let saved = Saved::new(record, store).expect("a run");
    let setup = saved.setup(&Topology::Full).expect("a topology");
    saved.judge(&system(&setup))
}

#[test]
fn a_record_says_what_the_run_was_built_for() {
    let saved = Saved::new(&record(), &spans(0.0)).expect("a run");
    let setup = saved.setup(&Topology::Ring).expect("a topology");
    assert_eq!((setup.peers, setup.seed), (3, 7));
    assert_eq!((&*setup.topology, setup.neighbours.len()), ("full", 3));
    assert_eq!((setup.engine, setup.fifo), (Engine::ModelChecker, false));
    let [kill] = &setup.stops[..] else {
        panic!("one crash: {:?}", setup.stops);
    };
    assert_eq!((kill.process, kill.restart), (1, None));
}

/// The recorded run is smaller than the one that was asked for.
#[test]
fn a_shrunk_run_is_built_for_what_remained() {
    let mut record = record();
    (record["peers"], record["topology"]) = (20.into(), "random:8".into());
    record["results"]["shrunk"] = json!({
        "to": { "peers": 3 },
        "scenario": "{crash = [{process = 2, at = \"1ms\"}]}",
    });
    let saved = Saved::new(&record, &spans(0.0)).expect("a run");
    let setup = saved.setup(&Topology::Ring).expect("a topology");
    assert_eq!((setup.peers, &*setup.topology), (3, "full"));
    assert!(setup.fifo);
    assert_eq!((setup.stops.len(), setup.stops[0].process), (1, 2));
}

#[test]
fn spans_alone_have_the_processes_that_they_name() {
    let saved = Saved::new(&Value::Null, &spans(0.0)).expect("a run");
    assert_eq!((saved.peers, saved.seed), (3, None));
    let setup = saved.setup(&Topology::Ring).expect("a topology");
    assert_eq!(setup.topology, "ring");
}

#[test]
fn the_judge_of_a_run_passes_or_fails_it_again() {
    let right = judged(&record(), &spans(0.0), wave);
    assert_eq!(right.verdict.status, Status::Pass, "{}", right.text());
    assert!(right.narrative.is_empty());
    let wrong = judged(&record(), &spans(0.999), wave);
    assert_eq!(wrong.verdict.status, Status::Fail, "{}", wrong.text());
    assert!(!wrong.narrative.is_empty());
}

/// What is missing in it may just not have happened yet, or not have been saved.
#[test]
fn a_run_that_was_cut_short_is_not_known() {
    let mut cut = record();
    cut["results"]["unfinished"] = "the run was interrupted".into();
    let mut lost = record();
    lost["spans"]["lost"] = 1.into();
    let mut died = record();
    died["seconds"] = Value::Null;
    for (record, reason) in [
        (cut, "the run was interrupted"),
        (lost, "1 spans were lost"),
        (died, "the run has not ended"),
    ] {
        let judged = judged(&record, &spans(0.999), wave);
        assert_eq!(judged.verdict.status, Status::Unknown, "{}", judged.text());
        assert!(
            judged.verdict.to_string().contains(reason),
            "{}",
            judged.verdict
        );
    }
}

#[test]
fn the_judge_of_another_system_finds_nothing_of_it() {
    let election = |setup: &Setup| Election::new(setup.peers, setup.peers, setup.seed);
    let judged = judged(&record(), &spans(0.0), election);
    assert_ne!(judged.verdict.status, Status::Pass, "{}", judged.text());
}

#[test]
fn hostile_records_are_refused_with_a_way_out() {
    let mut record = record();
    record["topology"] = "moebius".into();
    let error = Saved::new(&record, &Store::new()).expect_err("no topology");
    assert!(error.to_string().contains("--topology"), "{error}");
    record["topology"] = "full".into();
    record["peers"] = u32::MAX.into();
    let saved = Saved::new(&record, &Store::new()).expect("a run");
    let error = saved.setup(&Topology::Full).expect_err("too large");
    assert!(error.to_string().contains("--peers"), "{error}");
}

#[test]
fn an_own_program_judges_a_file_of_spans() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spans.jsonl");
    let mut file = std::fs::File::create(&path).expect("a file");
    spans(0.0).write_jsonl(&mut file).expect("spans");
    own::run(&format!("judge {}", path.display()), wave).passes();
    let ring = format!("judge {} --peers 4", path.display());
    let found = own::run(&ring, wave);
    assert!(
        found.text.starts_with("echo: 4 processes"),
        "{}",
        found.text
    );
}
