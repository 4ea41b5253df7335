//! 1,000 peers that ask for ten times their ration for five minutes, in the simulator.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use algorithms::hub::{Command, Hub, Message, Node, Output, Parcel, Server, Terms, Timer, VERSION};
use algorithms::{Algorithm, Describe, Effect, Fields, Input, NodeId, Out};
use lab::simulator::{Limits, Scenario, Schedule};
use lab::system::{Judgement, ScheduledCommand, System};
use proto::Bytes;
use trace::history::History;
use trace::steps::Processes;

use crate::figures::thousands;

const NODES: u32 = 1_000;
const MINUTES: u64 = 5;

/// As `testbed hub` has them.
const TICK: Duration = Duration::from_millis(200);
const FILL: u64 = 1_000;
const BURST: u64 = 64 << 10;

/// In each tick a peer asks to pass on ten times what its bucket grows by.
const SIZE: u64 = 500;
const EACH: u64 = 10 * FILL / SIZE;
/// From the first to the last are five minutes.
const ROUNDS: u64 = MINUTES * 300 + 1;

/// What was passed on for each, in bytes.
static PASSED: LazyLock<Vec<AtomicU64>> =
    LazyLock::new(|| (0..=NODES).map(|_| AtomicU64::new(0)).collect());

pub(crate) fn greedy() -> String {
    let directory = Processes::new(NODES + 1);
    let (scenario, stop) = (Scenario::default(), AtomicBool::new(false));
    let schedule = Schedule {
        limits: Limits {
            events: u64::MAX,
            ..Limits::default()
        },
        stop: &stop,
        ..Schedule::new(&Greedy, &directory, &scenario, 1)
    };
    let began = Instant::now();
    let ran = schedule.run_unrecorded();
    let expected = BURST + FILL * 300 * MINUTES;
    let passed = PASSED[1..]
        .iter()
        .map(|bytes| bytes.load(Ordering::Relaxed));
    let (least, most) = passed.clone().fold((u64::MAX, 0), |(least, most), bytes| {
        (least.min(bytes), most.max(bytes))
    });
    let off = |bytes: u64| 100.0 * (bytes as f64 / expected as f64 - 1.0);
    let mean = passed.sum::<u64>() / u64::from(NODES);
    format!(
        "{:+.3} % of burst + ration in the mean, {:+.3} % the least, {:+.3} % the most (target within 0.1 %): {} peers asked for {} bytes each in {MINUTES} virtual minutes, {} of {} were passed on; {} steps in {:.0} s",
        off(mean),
        off(least),
        off(most),
        thousands(NODES.into()),
        thousands((ROUNDS * EACH * SIZE) as f64),
        thousands(mean as f64),
        thousands(expected as f64),
        thousands(ran.steps as f64),
        began.elapsed().as_secs_f64()
    )
}

/// A hub, and peers that ask too much.
struct Greedy;

impl System for Greedy {
    type Algorithm = Asking;

    fn processes(&self) -> u32 {
        NODES + 1
    }

    fn process(&self, id: NodeId) -> Asking {
        let hub = NodeId(0);
        let terms = Terms {
            burst: BURST,
            tick: TICK,
            fill: FILL,
            ..crate::terms()
        };
        Asking {
            hub: match id {
                NodeId(0) => Hub::Server(Server::new(id.to_string(), terms, [7; 32])),
                id => Hub::Node(Node::new(
                    id.to_string(),
                    vec![(hub, hub.to_string())],
                    VERSION,
                    None,
                )),
            },
            to: NodeId(id.0 % NODES + 1),
            rounds: 0,
        }
    }

    fn commands(&self) -> Vec<ScheduledCommand<Command>> {
        let join = |node| ScheduledCommand {
            at: Duration::ZERO,
            node: NodeId(node),
            command: Command::Join,
            operation: "join",
        };
        (1..=NODES).map(join).collect()
    }

    fn ends(&self, _: NodeId, output: &Output) -> bool {
        matches!(output, Output::Left)
    }

    fn endings(&self) -> u64 {
        NODES.into()
    }

    fn judge(&self, _: &History) -> Judgement {
        Judgement::default()
    }
}

/// A process that asks in each round, from when all are registered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Asking {
    hub: Hub,
    to: NodeId,
    rounds: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum When {
    Hub(Timer),
    Round,
}

impl Asking {
    fn step(&mut self, input: Input<Hub>, out: &mut Out<Self>) {
        for effect in out.step_below(&mut self.hub, input) {
            match effect {
                Effect::Send { to, message, .. } => {
                    if let Message::Relayed(parcel) = &message {
                        count(parcel);
                    }
                    out.send(to, message);
                }
                Effect::SetTimer { timer, after } => out.set_timer(When::Hub(timer), after),
                Effect::CancelTimer { timer } => out.cancel_timer(When::Hub(timer)),
                Effect::Output(output) => {
                    if output == Output::Joined {
                        // By then the others have registered as well.
                        out.set_timer(When::Round, Duration::from_secs(10));
                    }
                    out.output(output);
                }
                Effect::Persist => out.persist(),
            }
        }
    }

    fn round(&mut self, out: &mut Out<Self>) {
        for number in 0..EACH {
            let parcel = Parcel {
                number,
                peer: self.to.to_string(),
                data: Bytes::from_static(&[0; SIZE as usize]),
            };
            out.send(NodeId(0), Message::Forward(parcel));
        }
        self.rounds += 1;
        match self.rounds < ROUNDS {
            true => out.set_timer(When::Round, TICK),
            false => out.output(Output::Left),
        }
    }
}

fn count(parcel: &Parcel) {
    let number = parcel.peer.rsplit('-').next().map(str::parse::<usize>);
    let number = number.and_then(Result::ok).expect("a process of the run");
    PASSED[number].fetch_add(parcel.data.len() as u64, Ordering::Relaxed);
}

impl Algorithm for Asking {
    type Message = Message;
    type Timer = When;
    type Command = Command;
    type Output = Output;

    fn on_start(&mut self, out: &mut Out<Self>) {
        self.step(Input::Start, out);
    }

    fn on_command(&mut self, command: Command, out: &mut Out<Self>) {
        self.step(Input::Command(command), out);
    }

    fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Self>) {
        self.step(Input::Message { from, message }, out);
    }

    fn on_timer(&mut self, timer: When, out: &mut Out<Self>) {
        match timer {
            When::Hub(timer) => self.step(Input::Timer(timer), out),
            When::Round => self.round(out),
        }
    }
}

impl Describe for Asking {
    fn describe(&self, fields: &mut Fields) {
        self.hub.describe(fields);
    }
}
