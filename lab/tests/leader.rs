//! Clients that ask whoever leads, written with `lab::own` alone: a register that one process
//! hands over to the next. A process that does not lead refuses.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use lab::model::{self, Action, Checked, Network, Plan};
use lab::own::linearizability::{self, Interval, Register};
use lab::own::{
    Algorithm, Answer, Client, Describe, History, Judgement, Message, NodeId, Out, Output, Request,
    ScheduledCommand, System, To,
};
use lab::simulator::{Scenario, Schedule, run};
use lab::system::{self, judge};
use trace::recorder::StoreRecorder;
use trace::steps::Processes;
use trace::store::Store;
use trace::telemetry::Sink;

const PROCESSES: u32 = 3;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
enum Command {
    Read,
    Write { value: u64 },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Output, Describe)]
enum Said {
    Leads,
    Value { value: u64 },
    Written,
    Refused,
}

/// The register, on its way to the next leader.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
struct Handover {
    #[message(tag = 1)]
    value: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
struct Holder {
    value: u64,
    leads: bool,
    #[describe(skip)]
    me: NodeId,
    /// Whether it hands over the value, or forgets it.
    #[describe(skip)]
    remembers: bool,
}

impl Holder {
    fn lead(&mut self, out: &mut Out<Self>) {
        self.leads = true;
        out.output(Said::Leads);
        if self.me.0 + 1 < PROCESSES {
            out.set_timer((), Duration::from_millis(50));
        }
    }
}

impl Algorithm for Holder {
    type Message = Handover;
    type Timer = ();
    type Command = Command;
    type Output = Said;

    fn on_start(&mut self, out: &mut Out<Self>) {
        if self.me == NodeId(0) {
            self.lead(out);
        }
    }

    fn on_command(&mut self, command: Command, out: &mut Out<Self>) {
        out.output(match command {
            _ if !self.leads => Said::Refused,
            Command::Read => Said::Value { value: self.value },
            Command::Write { value } => {
                self.value = value;
                Said::Written
            }
        });
    }

    fn on_message(&mut self, _: NodeId, Handover { value }: Handover, out: &mut Out<Self>) {
        self.value = value;
        self.lead(out);
    }

    fn on_timer(&mut self, (): (), out: &mut Out<Self>) {
        self.leads = false;
        let value = if self.remembers { self.value } else { 0 };
        out.send(NodeId(self.me.0 + 1), Handover { value });
    }
}

/// Two clients: one writes and one reads.
#[derive(Clone, Copy)]
struct Holders {
    remembers: bool,
    operations: u64,
    retries: u32,
    to: To,
}

const HOLDERS: Holders = Holders {
    remembers: true,
    operations: 50,
    retries: 100,
    to: To::Leader,
};

impl System for Holders {
    type Algorithm = Holder;

    fn processes(&self) -> u32 {
        PROCESSES
    }

    fn process(&self, me: NodeId) -> Holder {
        Holder {
            value: 0,
            leads: false,
            me,
            remembers: self.remembers,
        }
    }

    fn commands(&self) -> Vec<ScheduledCommand<Command>> {
        Vec::new()
    }

    fn clients(&self) -> Vec<Client<Command>> {
        let client = |think, requests| Client {
            at: Duration::ZERO,
            to: self.to,
            requests,
            think: Duration::from_millis(think),
            patience: Duration::from_secs(1),
            retries: self.retries,
        };
        let values = 1..=self.operations;
        let write = |value| Request::new("write", Command::Write { value });
        let read = |_| Request::new("read", Command::Read);
        vec![
            client(9, values.clone().map(write).collect()),
            client(4, values.map(read).collect()),
        ]
    }

    fn answers(&self, _: NodeId, _: &Command, output: &Said) -> Option<Answer> {
        match output {
            Said::Value { .. } | Said::Written => Some(Answer::Done),
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
        let all = history.operations(|_, kind, _| kind != "Leads");
        // A refused operation has no effect.
        let done = all.iter().filter(|one| {
            let refused = one.answer.is_some_and(|answer| answer.kind == "Refused");
            !refused
        });
        let intervals: Vec<_> = done
            .map(|operation| {
                let asked = match operation.request.fields.get_integer("value") {
                    Some(value) => linearizability::Ask::Write(value),
                    None => linearizability::Ask::Read,
                };
                let answer = operation
                    .answer
                    .map(|said| match said.fields.get_integer("value") {
                        Some(value) => linearizability::Answer::Value(value),
                        None => linearizability::Answer::Done,
                    });
                Interval::of(operation, asked, answer)
            })
            .collect();
        let name = "the register is linearizable";
        Judgement {
            properties: vec![linearizability::check(
                name,
                &Register(0),
                &intervals,
                history,
            )],
            ..Judgement::default()
        }
    }
}

fn simulate(system: Holders, seed: u64) -> (History, Judgement) {
    let scenario = Scenario::default();
    let history = run(&system, &Processes::new(PROCESSES), &scenario, seed).recorded;
    let judged = judge(&system, &history);
    (history, judged)
}

#[test]
fn simulated_clients_follow_the_leader() {
    for seed in 0..20 {
        let (history, judged) = simulate(HOLDERS, seed);
        assert!(judged.holds(), "{seed}: {:?}", judged.properties);
        assert_eq!(
            judged.properties[0].checked, 100,
            "each is carried out once"
        );
        let operations = history.operations(|_, kind, _| kind != "Leads");
        let asked = |process| operations.iter().any(|one| &**one.process == process);
        assert!(["peer-00", "peer-01", "peer-02"].into_iter().all(asked));
    }
}

#[test]
fn simulated_handovers_that_forget_the_value_are_found() {
    let system = Holders {
        remembers: false,
        ..HOLDERS
    };
    let found = (0..20).flat_map(|seed| simulate(system, seed).1.properties);
    let wrong: Vec<_> = found.flat_map(|property| property.violations).collect();
    assert!(!wrong.is_empty());
    assert!(wrong[0].contains("Read -> Value(0)"), "{}", wrong[0]);
}

/// What is recorded of operations does not depend on the form of the record.
#[test]
fn operations_are_the_same_in_spans() {
    let (in_memory, _) = simulate(HOLDERS, 1);
    let store = Arc::new(Store::new());
    let recorder = StoreRecorder::start(Arc::clone(&store));
    let sink = Sink::new(Some(Arc::new(recorder)), None);
    let (processes, scenario) = (Processes::new(PROCESSES), Scenario::default());
    Schedule::new(&HOLDERS, &processes, &scenario, 1).run_traced(&sink);
    sink.counts();
    let in_spans = History::read(&store);
    let [in_memory, in_spans] =
        [&in_memory, &in_spans].map(|history| history.operations(|_, kind, _| kind != "Leads"));
    assert!(in_memory.len() > 100, "{}", in_memory.len());
    assert_eq!(in_memory, in_spans);
}

fn check(remembers: bool) -> (Holders, Checked<Action>) {
    let system = Holders {
        remembers,
        operations: 1,
        retries: 3,
        ..HOLDERS
    };
    let plan = Plan::new(Network::RELIABLE, Processes::new(PROCESSES), 1);
    let found = model::check(&system, &plan, |_| ControlFlow::Continue(()));
    (system, found)
}

#[test]
fn checked_clients_follow_the_leader() {
    let (_, found) = check(true);
    assert_eq!((found.bound, found.counterexample), (None, None));
    assert!(found.coverage.properties[0].checked > 0);
}

#[test]
fn checked_handovers_that_forget_the_value_are_found() {
    let (system, found) = check(false);
    let way = found.counterexample.expect("a lost write");
    let plan = Plan::new(Network::RELIABLE, Processes::new(PROCESSES), 1);
    let mut world = model::start(&system, &plan);
    for action in way {
        world.act(&system, action);
    }
    let judged = judge(&system, &world.history());
    let violations = &judged.properties[0].violations;
    assert!(violations[0].contains("Read -> Value(0)"), "{violations:?}");
}

#[test]
fn clients_of_no_process_are_rejected() {
    let stray = Holders {
        to: To::Process(NodeId(3)),
        ..HOLDERS
    };
    let error = system::check(&stray, PROCESSES).expect_err("there is no such process");
    assert_eq!(
        error.to_string(),
        "a client of the system asks peer-03, which is no process of the run: there are 3, \
         from peer-00 on"
    );
    let nothing = Holders {
        operations: 0,
        ..HOLDERS
    };
    let error = system::check(&nothing, PROCESSES).expect_err("the run could not end");
    assert!(error.to_string().contains("no endings"), "{error}");
}
