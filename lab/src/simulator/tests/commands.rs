//! Scheduled commands beside the requests of clients.

use std::time::Duration;

use algorithms::{Algorithm, Describe, Message, NodeId, Out, Output};
use trace::history::History;

use crate::simulator::{EPOCH, Scenario, run};
use crate::system::clients::{Answer, Client, Request, To};
use crate::system::{Judgement, ScheduledCommand, System};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
struct Silence {}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Output, Describe)]
struct Done {}

/// Answers each command after 10 ms.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
struct Worker {
    commands: u64,
}

impl Algorithm for Worker {
    type Message = Silence;
    type Timer = u64;
    type Command = ();
    type Output = Done;

    fn on_command(&mut self, (): (), out: &mut Out<Self>) {
        self.commands += 1;
        out.set_timer(self.commands, Duration::from_millis(10));
    }

    fn on_message(&mut self, _: NodeId, _: Silence, _: &mut Out<Self>) {}

    fn on_timer(&mut self, _: u64, out: &mut Out<Self>) {
        out.output(Done {});
    }
}

/// A command at 0 ms, and a client that asks twice from 5 ms on.
struct Work;

impl System for Work {
    type Algorithm = Worker;

    fn processes(&self) -> u32 {
        1
    }

    fn process(&self, _: NodeId) -> Worker {
        Worker { commands: 0 }
    }

    fn commands(&self) -> Vec<ScheduledCommand<()>> {
        vec![ScheduledCommand {
            at: Duration::ZERO,
            node: NodeId(0),
            command: (),
            operation: "work",
        }]
    }

    fn clients(&self) -> Vec<Client<()>> {
        vec![Client {
            at: Duration::from_millis(5),
            to: To::Process(NodeId(0)),
            requests: vec![Request::new("ask", ()), Request::new("ask", ())],
            think: Duration::ZERO,
            patience: Duration::from_secs(1),
            retries: 0,
        }]
    }

    fn answers(&self, _: NodeId, (): &(), _: &Done) -> Option<Answer> {
        Some(Answer::Done)
    }

    fn ends(&self, _: NodeId, _: &Done) -> bool {
        true
    }

    fn endings(&self) -> u64 {
        3
    }

    fn judge(&self, _: &History) -> Judgement {
        Judgement::default()
    }
}

#[test]
fn an_answer_belongs_to_the_command_that_was_given_first() {
    let ran = run(&Work, &super::mesh(1), &Scenario::default(), 1);
    let steps = ran.recorded.steps();
    let asked = steps.filter(|(.., step)| step.request.is_some());
    let asked: Vec<_> = asked
        .map(|(.., step)| (step.at_unix_nano - EPOCH) / 1_000_000)
        .collect();
    // The output at 10 ms answers the scheduled command.
    assert_eq!(asked, [5, 15]);
}
