//! Live runs in which processes crash and restart, on real peers.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use trace::history::History;

use crate::cli::commands::systems::own;
use crate::cli::own::Run;
use crate::own::{
    Algorithm, Answer, Describe, Judgement, Message, NodeId, Out, Output, Property,
    ScheduledCommand, System,
};
use crate::run::latest;

/// How many numbers the counter receives after its restart.
const MORE: u64 = 50;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
struct Number {
    #[message(tag = 1)]
    value: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Output, Describe)]
enum Event {
    Restarted {
        durable: u64,
        volatile: u64,
    },
    /// The counter has received enough since its restart.
    Done {},
}

/// Process 0 sends numbers to process 1, which counts them. Each has persisted how many
/// it has sent or received.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
struct Counter {
    #[describe(durable)]
    durable: u64,
    volatile: u64,
    restarted: bool,
    #[describe(skip)]
    me: NodeId,
    #[describe(skip)]
    persists: bool,
}

impl Algorithm for Counter {
    type Message = Number;
    type Timer = ();
    type Command = ();
    type Output = Event;

    fn on_command(&mut self, (): (), out: &mut Out<Self>) {
        self.on_timer((), out);
    }

    fn on_message(&mut self, _: NodeId, _: Number, out: &mut Out<Self>) {
        self.durable += 1;
        self.volatile += 1;
        if self.persists {
            out.persist();
        }
        if self.restarted && self.volatile == MORE {
            out.output(Event::Done {});
        }
    }

    fn on_timer(&mut self, (): (), out: &mut Out<Self>) {
        self.durable += 1;
        out.persist();
        let value = self.durable;
        out.send(NodeId(1), Number { value });
        out.set_timer((), Duration::from_millis(2));
    }

    fn on_restart(&mut self, out: &mut Out<Self>) {
        self.restarted = true;
        let Self {
            durable, volatile, ..
        } = *self;
        out.output(Event::Restarted { durable, volatile });
        if self.me == NodeId(0) {
            self.on_timer((), out);
        }
    }
}

struct Counting {
    persists: bool,
}

impl System for Counting {
    type Algorithm = Counter;

    fn processes(&self) -> u32 {
        2
    }

    fn process(&self, me: NodeId) -> Counter {
        Counter {
            durable: 0,
            volatile: 0,
            restarted: false,
            me,
            persists: self.persists,
        }
    }

    fn commands(&self) -> Vec<ScheduledCommand<()>> {
        vec![ScheduledCommand {
            at: Duration::ZERO,
            node: NodeId(0),
            command: (),
            operation: "count",
        }]
    }

    fn ends(&self, _: NodeId, output: &Event) -> bool {
        matches!(output, Event::Done {})
    }

    fn endings(&self) -> u64 {
        1
    }

    /// The run would end with the crash if it did not count on the restart.
    fn endings_of(&self, node: NodeId) -> Option<u64> {
        Some(u64::from(node == NodeId(1)))
    }

    fn answers(&self, _: NodeId, (): &(), _: &Event) -> Option<Answer> {
        None
    }

    fn judge(&self, history: &History) -> Judgement {
        let properties = vec![durable(history), fifo(history), restarts(history)];
        Judgement {
            properties,
            ..Judgement::default()
        }
    }
}

/// After each restart of the counter, the durable field is the number of messages received before, and the
/// volatile one is lost.
fn durable(history: &History) -> Property {
    let mut property = Property::new("only durable fields survive");
    for (name, place, kind, fields) in history.outputs() {
        if kind == "Restarted" && **name == *"peer-01" {
            let before = &history.processes[name][..place];
            let received = before.iter().filter(|step| step.received.is_some());
            let expected = [Some(received.count() as i64), Some(0)];
            let found = ["durable", "volatile"].map(|field| fields.get_integer(field));
            property.check(found == expected, || format!("{found:?}, not {expected:?}"));
        }
    }
    property
}

/// Numbers come in their order and once. The only ones that are missing were sent while
/// the receiver was down, or shortly before.
fn fifo(history: &History) -> Property {
    let mut property = Property::new("order");
    let received = history.steps().filter_map(|(.., step)| {
        let message = &step.received.as_ref()?.message;
        Some((step.at_unix_nano, message.fields.get_integer("value")?))
    });
    let received: Vec<_> = received.collect();
    let mut gaps = BTreeSet::new();
    for pair in received.windows(2) {
        let [(_, first), (at, second)] = [pair[0], pair[1]];
        property.check(first < second, || format!("{second} after {first}"));
        if second != first + 1 {
            gaps.insert(at);
        }
    }
    property.check(gaps.len() <= history.crashes.len(), || {
        format!("{} gaps", gaps.len())
    });
    property
}

/// No step is taken while the process is down.
fn restarts(history: &History) -> Property {
    let mut property = Property::new("a process that is down takes no step");
    for crash in &history.crashes {
        let down = crash.at..crash.restarted.unwrap_or(u64::MAX);
        let mut steps = history.processes[&crash.process].iter();
        let step = steps.find(|step| down.contains(&step.at_unix_nano));
        property.check(step.is_none(), || {
            format!("step {:?}", step.map(|s| s.number))
        });
    }
    property
}

async fn run(persists: bool, options: &str) -> Value {
    let out = tempfile::tempdir().expect("a temporary folder");
    let words = format!("own --quiet --peers 2 {options} --out");
    let words = words.split_whitespace().map(str::to_owned);
    let words = words.chain([out.path().display().to_string()]);
    let outcome = own(&Run::parse(words), Value::Null, move |_| Counting {
        persists,
    });
    outcome
        .expect("a command that is right")
        .await
        .expect("a run");
    let record = latest(out.path()).expect("a run").record();
    record.expect("it is whole")
}

fn passes(record: &Value) {
    assert_eq!(record["verdict"]["status"], "pass", "{}", record["verdict"]);
    assert_eq!(record["results"]["lost"], 0);
    assert_eq!(record["results"]["ended"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn durable_fields_survive_and_later_messages_arrive() {
    for options in [
        "--transport tcp --delay 0 --crash 1@30ms..90ms",
        "--transport quic --delay 0 --crash 1@30ms..90ms",
        "--transport memory --delay 0..20ms --crash 1@50ms..60ms",
    ] {
        let record = run(true, options).await;
        passes(&record);
        let faults = record["results"]["faults"].as_array().expect("a list");
        assert_eq!(faults.len(), 2, "the crash and the restart: {faults:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_without_persistence_is_judged_wrong() {
    let record = run(false, "--transport memory --delay 0 --crash 1@40ms..60ms").await;
    let verdict = &record["verdict"];
    assert_eq!(verdict["status"], "fail", "{verdict}");
    assert!(
        verdict.to_string().contains("only durable fields survive"),
        "{verdict}"
    );
}

/// Each is down when the other begins to restart. The one that is ready last dials the
/// other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peers_that_restart_together_are_connected() {
    let options = "--transport tcp --delay 0 --crash 0@40ms..60ms --crash 1@40ms..60ms";
    passes(&run(true, options).await);
}
