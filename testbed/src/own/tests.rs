//! A breach of a rule by an algorithm or a system fails the run, with the same words
//! in every engine.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use super::*;

/// A breach of a rule by the algorithm or the system.
#[derive(Clone, Copy, Debug)]
enum Breach {
    /// The process sends to that process.
    SendTo(u32),
    /// The process sends to that process at its start, before any command.
    SendAtStartTo(u32),
    /// The system commands that process.
    Command(u32),
    /// The system has so many processes.
    Processes(u32),
    /// The system has no endings.
    NoEndings,
    /// A handler panics: that of the start, a command, a message or a timer.
    Panics(&'static str),
    /// A timer sets itself again, endlessly.
    Endless,
    /// The judge panics.
    JudgePanics,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
struct Note {}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Output, Describe)]
struct Done {}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
struct Process {
    #[describe(skip)]
    at_start: Option<NodeId>,
    #[describe(skip)]
    on_command: Option<NodeId>,
    #[describe(skip)]
    panics_on: Option<&'static str>,
    #[describe(skip)]
    is_endless: bool,
}

impl Process {
    fn handle(&self, what: &str) {
        assert!(self.panics_on != Some(what), "out of luck");
    }
}

impl Algorithm for Process {
    type Message = Note;
    type Timer = ();
    type Command = ();
    type Output = Done;

    fn on_start(&mut self, out: &mut Out<Self>) {
        self.handle("start");
        if let Some(to) = self.at_start {
            out.send(to, Note {});
        }
    }

    fn on_command(&mut self, (): (), out: &mut Out<Self>) {
        self.handle("command");
        if let Some(to) = self.on_command {
            out.send(to, Note {});
        }
        if self.is_endless || self.panics_on == Some("timer") {
            out.set_timer((), Duration::from_millis(1));
        }
        if !self.is_endless && self.panics_on.is_none() {
            out.output(Done {});
        }
    }

    fn on_message(&mut self, _: NodeId, _: Note, _: &mut Out<Self>) {
        self.handle("message");
    }

    fn on_timer(&mut self, (): (), out: &mut Out<Self>) {
        self.handle("timer");
        out.set_timer((), Duration::from_millis(1));
    }
}

struct Broken(Breach);

impl System for Broken {
    type Algorithm = Process;

    fn processes(&self) -> u32 {
        match self.0 {
            Breach::Processes(count) => count,
            _ => 3,
        }
    }

    fn process(&self, id: NodeId) -> Process {
        let (at_start, on_command) = match self.0 {
            Breach::SendTo(to) if id.0 == 0 => (None, Some(NodeId(to))),
            Breach::SendAtStartTo(to) if id.0 == 0 => (Some(NodeId(to)), None),
            Breach::Panics("message") if id.0 == 0 => (None, Some(NodeId(1))),
            _ => (None, None),
        };
        Process {
            at_start,
            on_command,
            panics_on: match self.0 {
                Breach::Panics("start") if id.0 != 1 => None,
                Breach::Panics(what) => Some(what),
                _ => None,
            },
            is_endless: matches!(self.0, Breach::Endless),
        }
    }

    fn commands(&self) -> Vec<ScheduledCommand<()>> {
        let node = match self.0 {
            Breach::Command(node) => node,
            _ => 0,
        };
        vec![ScheduledCommand {
            at: Duration::ZERO,
            node: NodeId(node),
            command: (),
            operation: "note",
        }]
    }

    fn ends(&self, _: NodeId, _: &Done) -> bool {
        true
    }

    fn endings(&self) -> u64 {
        match self.0 {
            Breach::NoEndings => 0,
            _ => 1,
        }
    }

    fn judge(&self, history: &History) -> Judgement {
        assert!(!matches!(self.0, Breach::JudgePanics), "out of luck");
        let mut done = Property::of("done", history);
        done.check_in_the_end(history.count_outputs("Done") == 1, || {
            "nothing was done".into()
        });
        Judgement {
            properties: vec![done],
            ..Judgement::default()
        }
    }
}

/// The verdict on a run of three processes in a line, on an engine.
async fn verdict(breach: Breach, engine: &str, out: &Path) -> Value {
    let out = out.display();
    let line = format!(
        "own --peers 3 --topology line --transport memory --seed 1 --quiet --out {out} {engine}"
    );
    let run = Run::parse(line.split(' '));
    let outcome = commands::systems::own(&run, serde_json::json!({}), move |_| Broken(breach));
    let outcome = outcome.expect("a run");
    outcome.await.expect("a run that is saved");
    let mut runs = std::fs::read_dir(format!("{out}")).expect("a folder");
    let run = runs.next().expect("a run").expect("its folder").path();
    let saved = std::fs::read(run.join("run.json")).expect("a saved run");
    std::fs::remove_dir_all(run).expect("a folder of ours");
    let saved: Value = serde_json::from_slice(&saved).expect("JSON");
    saved["verdict"].clone()
}

#[tokio::test]
async fn a_broken_rule_fails_with_the_same_words_in_every_engine() {
    let only = "a process may send to its neighbours only";
    for (breach, words) in [
        (
            Breach::SendTo(0),
            format!("peer-00 sends NOTE to itself; {only}"),
        ),
        (
            Breach::SendTo(2),
            format!("peer-00 sends NOTE to peer-02, which is no neighbour of it; {only}"),
        ),
        (
            Breach::SendTo(3),
            format!("peer-00 sends NOTE to peer-03, which is no process of the run; {only}"),
        ),
        (
            Breach::SendTo(u32::MAX),
            format!(
                "peer-00 sends NOTE to {}, which is no process of the run; {only}",
                NodeId(u32::MAX)
            ),
        ),
        (
            Breach::SendAtStartTo(2),
            format!("peer-00 sends NOTE to peer-02, which is no neighbour of it; {only}"),
        ),
        (
            Breach::Command(3),
            "the system commands peer-03 to \"note\", which is no process of the run".into(),
        ),
        (
            Breach::Processes(2),
            "the system has 2 processes, and the run has 3 peers".into(),
        ),
        (
            Breach::Processes(4),
            "the system has 4 processes, and the run has 3 peers".into(),
        ),
        (Breach::NoEndings, "the system has no endings".into()),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        for engine in ["live", "simulate", "simulate --seeds 9", "check"] {
            let verdict = verdict(breach, engine, folder.path()).await;
            assert_eq!(verdict["status"], "fail", "{breach:?}, {engine}: {verdict}");
            let reasons = verdict["reasons"].as_array().expect("reasons");
            let said = reasons.iter().filter_map(Value::as_str);
            let said = said.filter(|reason| reason.contains(&words)).count();
            assert_eq!(said, 1, "{breach:?}, {engine}: {verdict}");
        }
    }
}

#[tokio::test]
async fn a_valid_system_passes_in_every_engine() {
    let folder = tempfile::tempdir().expect("a folder");
    for engine in ["live", "simulate", "check"] {
        let verdict = verdict(Breach::SendTo(1), engine, folder.path()).await;
        assert_eq!(verdict["status"], "pass", "{engine}: {verdict}");
    }
}

/// Whether the verdict has that status, and exactly one reason with these words.
fn says(verdict: &Value, status: &str, words: &str) -> bool {
    let reasons = verdict["reasons"].as_array().expect("reasons");
    let said = reasons.iter().filter_map(Value::as_str);
    verdict["status"] == status && said.filter(|reason| reason.contains(words)).count() == 1
}

#[tokio::test]
async fn a_panic_in_a_handler_fails_with_the_same_words_in_every_engine() {
    for (handler, words) in [
        (
            "start",
            "peer-01 panicked while handling its start: out of luck (",
        ),
        (
            "command",
            "peer-00 panicked while handling a command: out of luck (",
        ),
        (
            "message",
            "peer-01 panicked while handling NOTE from peer-00: out of luck (",
        ),
        (
            "timer",
            "peer-00 panicked while handling the timer (): out of luck (",
        ),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        for engine in ["live", "simulate", "simulate --seeds 100", "check"] {
            let verdict = verdict(Breach::Panics(handler), engine, folder.path()).await;
            assert!(
                says(&verdict, "fail", words),
                "{handler}, {engine}: {verdict}"
            );
            let again = "schedule 1 fails; again: ";
            assert_eq!(
                says(&verdict, "fail", again),
                engine.starts_with("simulate"),
                "{handler}, {engine}: {verdict}"
            );
        }
    }
}

#[tokio::test]
async fn a_panic_of_the_judge_leaves_all_properties_unknown() {
    let folder = tempfile::tempdir().expect("a folder");
    for engine in ["live", "simulate", "simulate --seeds 9", "check"] {
        let verdict = verdict(Breach::JudgePanics, engine, folder.path()).await;
        let words = "the judge panicked: out of luck (";
        assert!(says(&verdict, "unknown", words), "{engine}: {verdict}");
    }
}

#[tokio::test]
async fn an_endless_schedule_is_reported_with_its_limit() {
    let folder = tempfile::tempdir().expect("a folder");
    for (engine, status, words) in [
        (
            "simulate --seeds 9 --max-events 1000",
            "unknown",
            "schedule 1 did not end within 1,000 events (--max-events); again: ",
        ),
        (
            "simulate --max-time 1s",
            "fail",
            "schedule 1 did not end within 1.00 s of its own time (--max-time); again: ",
        ),
        (
            "simulate --max-memory 16M",
            "unknown",
            "schedule 1 did not end within 16 MiB of memory (--max-memory); again: ",
        ),
    ] {
        let verdict = verdict(Breach::Endless, engine, folder.path()).await;
        assert!(says(&verdict, status, words), "{engine}: {verdict}");
    }
}

#[tokio::test]
async fn a_run_that_is_too_long_names_the_way_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let verdict = verdict(Breach::Endless, "--timeout 300ms live", folder.path()).await;
    let reasons = verdict["reasons"].to_string();
    assert!(
        reasons.contains("0 of 1 operations ended within 300ms (if"),
        "{reasons}"
    );
    assert!(reasons.contains("System::gives_up_after"), "{reasons}");
}

#[test]
fn setup_has_the_engine_the_neighbours_and_the_planned_crashes() {
    for (line, engine, stops) in [
        ("", Engine::Live, 0),
        ("--kill 1@1s live", Engine::Live, 1),
        ("simulate --kill 1@1s", Engine::Simulator, 1),
        ("check --channel per-message", Engine::ModelChecker, 0),
    ] {
        let words = format!("own --peers 3 --topology line --transport memory {line}");
        let run = Run::parse(words.split_whitespace());
        let given = Arc::new(Mutex::new(None));
        let keep = Arc::clone(&given);
        let outcome = commands::systems::own(&run, Value::Null, move |setup| {
            *keep.lock().expect("no panic") = Some(setup.clone());
            Broken(Breach::NoEndings)
        });
        drop(outcome.expect("a run"));
        let setup = given.lock().expect("no panic").take().expect("a setup");
        assert_eq!((setup.engine, setup.stops.len()), (engine, stops), "{line}");
        assert_eq!(setup.fifo, !line.contains("per-message"), "{line}");
        assert_eq!(setup.neighbours_of(NodeId(1)), [NodeId(0), NodeId(2)]);
        assert_eq!(setup.neighbours_of(NodeId(3)), []);
    }
}
