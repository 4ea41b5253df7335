//! A system whose processes also output without a command, while commands are given.

use std::time::Duration;

use serde_json::Value;

use crate::cli::commands::systems::own;
use crate::cli::own::Run;
use crate::own::{
    Algorithm, Describe, History, Judgement, Message, NodeId, Out, Output, Property,
    ScheduledCommand, System,
};
use crate::run::latest;

mod clients;
mod restarts;

const PROCESSES: u32 = 8;
const COMMANDS: u32 = 40;

/// A message for all.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
struct News {}

/// A process has delivered a message, its own or another's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Output, Describe)]
struct Delivered {
    own: bool,
}

/// Broadcasts a message on each command.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
struct Broadcaster {
    #[describe(skip)]
    me: NodeId,
}

impl Algorithm for Broadcaster {
    type Message = News;
    type Timer = ();
    type Command = ();
    type Output = Delivered;

    fn on_command(&mut self, (): (), out: &mut Out<Self>) {
        for to in (0..PROCESSES).map(NodeId).filter(|to| *to != self.me) {
            out.send(to, News {});
        }
        out.output(Delivered { own: true });
    }

    fn on_message(&mut self, _: NodeId, _: News, out: &mut Out<Self>) {
        out.output(Delivered { own: false });
    }

    fn on_timer(&mut self, (): (), _: &mut Out<Self>) {}
}

struct Broadcast;

impl System for Broadcast {
    type Algorithm = Broadcaster;

    fn processes(&self) -> u32 {
        PROCESSES
    }

    fn process(&self, me: NodeId) -> Broadcaster {
        Broadcaster { me }
    }

    fn commands(&self) -> Vec<ScheduledCommand<()>> {
        let times = (0..COMMANDS).map(|number| Duration::from_millis(number.into()));
        let all = times.flat_map(|at| (0..PROCESSES).map(move |node| (at, NodeId(node))));
        let all = all.map(|(at, node)| ScheduledCommand {
            at,
            node,
            command: (),
            operation: "broadcast",
        });
        all.collect()
    }

    /// Each output ends an operation, also one that no command caused.
    fn ends(&self, _: NodeId, _: &Delivered) -> bool {
        true
    }

    fn endings(&self) -> u64 {
        u64::from(PROCESSES * COMMANDS * PROCESSES)
    }

    fn judge(&self, history: &History) -> Judgement {
        let mut all = Property::new("everything is delivered everywhere");
        let said = history.count_outputs("Delivered");
        all.check(said == self.endings(), || format!("{said} were"));
        Judgement {
            properties: vec![all],
            ..Judgement::default()
        }
    }
}

/// Regression test: an output that was made before a command was taken ended the
/// command's operation. The step that took the command was then lost, and a correct
/// run failed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_step_of_a_command_is_recorded() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let words = [
        "own", "--quiet", "--peers", "8", "--delay", "0..2ms", "--out",
    ];
    let words = words.map(str::to_owned).into_iter();
    let words = words.chain([out.path().display().to_string()]);
    let outcome = own(&Run::parse(words), serde_json::json!({}), |_| Broadcast)
        .expect("a command that is right");
    outcome.await.expect("a run");
    let record = latest(out.path()).expect("a run").record();
    let record: Value = record.expect("it is whole");
    assert_eq!(record["verdict"]["status"], "pass", "{}", record["verdict"]);
    assert_eq!(record["results"]["lost"], 0);
}
