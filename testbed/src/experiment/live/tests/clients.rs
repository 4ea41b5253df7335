//! Clients that ask whoever leads, over real peers.

use std::time::Duration;

use serde_json::Value;

use crate::cli::commands::systems::own;
use crate::cli::own::Run;
use crate::own::linearizability::{self, Interval, Register};
use crate::own::{
    Algorithm, Answer, Client, Describe, History, Judgement, Message, NodeId, Out, Output, Request,
    ScheduledCommand, System, To, throughput,
};
use crate::run::latest;

const PROCESSES: u32 = 3;
/// How many writes a leader carries out before it hands over.
const TERM: u64 = 5;
const WRITES: u64 = 40;

/// The register, on its way to the next leader.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
struct Handover {
    #[message(tag = 1)]
    value: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
struct Write {
    value: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Output, Describe)]
enum Said {
    Leads,
    Written,
    Refused,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
struct Holder {
    value: u64,
    /// How many writes it still carries out as the leader.
    left: u64,
    #[describe(skip)]
    me: NodeId,
}

impl Algorithm for Holder {
    type Message = Handover;
    type Timer = ();
    type Command = Write;
    type Output = Said;

    fn on_start(&mut self, out: &mut Out<Self>) {
        if self.left > 0 {
            out.output(Said::Leads);
        }
    }

    fn on_command(&mut self, Write { value }: Write, out: &mut Out<Self>) {
        if self.left == 0 {
            return out.output(Said::Refused);
        }
        self.value = value;
        self.left -= 1;
        out.output(Said::Written);
        if self.left == 0 {
            let next = NodeId((self.me.0 + 1) % PROCESSES);
            out.send(next, Handover { value });
        }
    }

    fn on_message(&mut self, _: NodeId, Handover { value }: Handover, out: &mut Out<Self>) {
        (self.value, self.left) = (value, TERM);
        out.output(Said::Leads);
    }

    fn on_timer(&mut self, (): (), _: &mut Out<Self>) {}
}

struct Holders;

impl System for Holders {
    type Algorithm = Holder;

    fn processes(&self) -> u32 {
        PROCESSES
    }

    fn process(&self, me: NodeId) -> Holder {
        let left = if me == NodeId(0) { TERM } else { 0 };
        Holder { value: 0, left, me }
    }

    fn commands(&self) -> Vec<ScheduledCommand<Write>> {
        Vec::new()
    }

    /// The last one asks a process that leads at times only, and does not repeat what that
    /// refuses.
    fn clients(&self) -> Vec<Client<Write>> {
        let client = |to, retries| Client {
            at: Duration::ZERO,
            to,
            requests: (1..=WRITES)
                .map(|value| Request::new("write", Write { value }))
                .collect(),
            think: Duration::from_millis(1),
            patience: Duration::from_secs(20),
            retries,
        };
        vec![
            client(To::Leader, u32::MAX),
            client(To::Leader, u32::MAX),
            client(To::Process(NodeId(1)), 0),
        ]
    }

    fn answers(&self, _: NodeId, _: &Write, output: &Said) -> Option<Answer> {
        match output {
            Said::Written => Some(Answer::Done),
            Said::Refused => Some(Answer::Refused),
            Said::Leads => None,
        }
    }

    fn leads(&self, node: NodeId, output: &Said) -> Option<NodeId> {
        (*output == Said::Leads).then_some(node)
    }

    fn ends(&self, _: NodeId, _: &Said) -> bool {
        false
    }

    fn endings(&self) -> u64 {
        0
    }

    fn judge(&self, history: &History) -> Judgement {
        let mut operations = history.operations(|_, kind, _| kind != "Leads");
        operations.retain(|one| one.answer.is_none_or(|answer| answer.kind == "Written"));
        let intervals: Vec<_> = operations
            .iter()
            .map(|one| {
                let value = one.request.fields.get_integer("value").unwrap_or_default();
                let answer = one.answer.map(|_| linearizability::Answer::Done);
                Interval::of(one, linearizability::Ask::Write(value), answer)
            })
            .collect();
        let (name, measures) = ("linearizable", throughput(&operations));
        Judgement {
            properties: vec![linearizability::check(
                name,
                &Register(0),
                &intervals,
                history,
            )],
            summary: measures.iter().map(ToString::to_string).collect(),
            measures,
            ..Judgement::default()
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_real_peers_follow_the_leader() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let words = ["own", "--quiet", "--peers", "3", "--out"].map(str::to_owned);
    let words = words.into_iter().chain([out.path().display().to_string()]);
    let outcome =
        own(&Run::parse(words), Value::Null, |_| Holders).expect("a command that is right");
    outcome.await.expect("a run");
    let record = latest(out.path()).expect("a run").record();
    let record: Value = record.expect("it is whole");
    assert_eq!(record["verdict"]["status"], "pass", "{}", record["verdict"]);
    let results = &record["results"];
    assert_eq!(results["ended"], 3 * WRITES);
    assert_eq!(results["expected"], 3 * WRITES);
    let checked = results["properties"][0]["checked"].as_u64();
    let carried_out = checked.expect("the property of linearizability");
    assert!(carried_out >= 2 * WRITES, "{results}");
    let measures = results["measures"].as_array().expect("measures");
    let named = |name: &str| measures.iter().find(|one| one["name"] == name);
    let rate = named("operations a second").expect("a rate");
    assert_eq!((&rate["unit"], &rate["lost"]), (&"1/s".into(), &0.into()));
    assert_eq!(rate["count"], carried_out);
    assert_eq!(
        named("write").map(|one| &one["count"]),
        Some(&carried_out.into())
    );
}
