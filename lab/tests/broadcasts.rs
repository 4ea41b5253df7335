//! A process that crashes in the middle of a broadcast: some processes have its message, and
//! some never get it from there.

use std::ops::ControlFlow;
use std::time::Duration;

use lab::model::{self, Action, Checked, Network, Plan};
use lab::own::{Algorithm, Describe, History, Judgement, Message, NodeId, Out, Output, Property};
use lab::own::{ScheduledCommand, System};
use lab::simulator::{Crash, Memory, Scenario, run};
use lab::system::judge;
use trace::steps::Processes;

const PROCESSES: u32 = 3;

/// Process 0 sends a message to all; each delivers it once.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
struct Process {
    #[describe(skip)]
    me: NodeId,
    /// Whether each sends it on, before it delivers it.
    #[describe(skip)]
    forwards: bool,
    has_it: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
struct Post {}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Output, Describe)]
struct Delivered {}

impl Process {
    fn deliver(&mut self, out: &mut Out<Self>) {
        if self.has_it {
            return;
        }
        self.has_it = true;
        if self.forwards || self.me == NodeId(0) {
            let others = (0..PROCESSES).map(NodeId).filter(|one| *one != self.me);
            out.broadcast(others, &Post {});
        }
        out.output(Delivered {});
    }
}

impl Algorithm for Process {
    type Message = Post;
    type Timer = ();
    type Command = ();
    type Output = Delivered;

    fn on_command(&mut self, (): (), out: &mut Out<Self>) {
        self.deliver(out);
    }

    fn on_message(&mut self, _: NodeId, _: Post, out: &mut Out<Self>) {
        self.deliver(out);
    }

    fn on_timer(&mut self, (): (), _: &mut Out<Self>) {}
}

struct Broadcast {
    forwards: bool,
}

impl System for Broadcast {
    type Algorithm = Process;

    fn processes(&self) -> u32 {
        PROCESSES
    }

    fn process(&self, me: NodeId) -> Process {
        Process {
            me,
            forwards: self.forwards,
            has_it: false,
        }
    }

    fn commands(&self) -> Vec<ScheduledCommand<()>> {
        vec![ScheduledCommand {
            at: Duration::from_millis(1),
            node: NodeId(0),
            command: (),
            operation: "broadcast",
        }]
    }

    fn ends(&self, node: NodeId, _: &Delivered) -> bool {
        node != NodeId(0)
    }

    fn endings(&self) -> u64 {
        u64::from(PROCESSES) - 1
    }

    fn gives_up_after(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }

    /// If one correct process delivers it, all of them do (Hadzilacos and Toueg, "A Modular
    /// Approach to Fault-Tolerant Broadcasts and Related Problems", 1994).
    fn judge(&self, history: &History) -> Judgement {
        let is_correct = |process: &&std::sync::Arc<str>| {
            let mut crashes = history.crashes.iter();
            crashes.all(|crash| crash.process != **process)
        };
        let correct = history.processes.keys().filter(is_correct);
        let delivers = correct.map(|one| history.outputs().any(|(by, ..)| by == one));
        let delivers: Vec<_> = delivers.collect();
        let mut agreement = Property::new("agreement");
        let all = delivers.iter().all(|one| *one == delivers[0]);
        agreement.check(all, || {
            format!("correct processes that deliver: {delivers:?}")
        });
        Judgement {
            properties: vec![agreement],
            ..Judgement::default()
        }
    }
}

fn check(forwards: bool, crashes: u32) -> Checked<Action> {
    let network = Network {
        crashes,
        ..Network::RELIABLE
    };
    let plan = Plan::new(network, Processes::new(PROCESSES), 1);
    model::check(
        &Broadcast { forwards },
        &plan,
        |_| ControlFlow::Continue(()),
    )
}

#[test]
fn half_a_broadcast_is_checked() {
    assert_eq!(check(false, 0).counterexample, None, "without a crash");
    let way = check(false, 1).counterexample.expect("half a broadcast");
    let lost = way.iter().find_map(|action| match action {
        Action::Crash(0, lost) => Some(lost.len()),
        _ => None,
    });
    assert_eq!(lost, Some(1), "one of two gets it: {way:?}");
    for crashes in 1..=2 {
        let found = check(true, crashes);
        assert!(found.is_whole(), "each forwards it: {found:?}");
    }
}

#[test]
fn half_a_broadcast_is_simulated() {
    let violated = |forwards, state, restart| {
        let scenario = Scenario {
            crash: vec![Crash {
                process: 0,
                at: Duration::from_micros(1_500),
                restart,
                state,
            }],
            ..Scenario::default()
        };
        let system = Broadcast { forwards };
        let is_violated = |seed: &u64| {
            let history = run(&system, &Processes::new(PROCESSES), &scenario, *seed).recorded;
            !judge(&system, &history).holds()
        };
        (0..200).filter(is_violated).count()
    };
    let later = Some(Duration::from_millis(100));
    for (state, restart) in [(Memory::Kept, None), (Memory::Lost, later)] {
        let count = violated(false, state, restart);
        assert!((20..180).contains(&count), "{count} of 200 seeds");
        assert_eq!(violated(true, state, restart), 0);
    }
    // A process that keeps its memory loses nothing that it has sent.
    assert_eq!(violated(false, Memory::Kept, later), 0);
}
