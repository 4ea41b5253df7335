//! A replicated register, written with `lab::own` alone, and the operations of its clients:
//! that of Attiya, Bar-Noy and Dolev, "Sharing Memory Robustly in Message-Passing Systems"
//! (JACM 1995), with one writer.
//!
//! A value has the number of its write. The writer stores it at a majority. A reader asks a
//! majority for theirs, takes the newest, and writes it back to a majority before it
//! returns it. Without writing back, a reader may return the old value after another has
//! returned the new one.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::Duration;

use lab::delay::Delay;
use lab::model::{self, Action, Checked, Network, Plan};
use lab::own::linearizability::{self, Interval, Register};
use lab::own::{
    Algorithm, Answer, Client, Crash, Describe, History, Judgement, Message, NodeId, Out, Output,
    Request, ScheduledCommand, System, To, throughput,
};
use lab::simulator::{Memory, Scenario, run};
use lab::system::judge;
use trace::steps::Processes;

const PROCESSES: u32 = 3;
const MAJORITY: usize = 2;
/// The process that writes.
const WRITER: NodeId = NodeId(0);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
enum Command {
    Read,
    Write { value: u64 },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Output, Describe)]
enum Said {
    Value { value: u64 },
    Written,
}

/// A value, and the number of its write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Message, Describe)]
#[message(nested)]
struct Version {
    #[message(tag = 1)]
    number: u64,
    #[message(tag = 2)]
    value: u64,
}

/// Each has the number of its sender's or receiver's operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
enum Parcel {
    #[message(tag = 1, request)]
    Query {
        #[message(tag = 1)]
        operation: u64,
    },
    #[message(tag = 2, reply)]
    Reply {
        #[message(tag = 1)]
        operation: u64,
        #[message(tag = 2)]
        #[describe(flatten)]
        version: Version,
    },
    #[message(tag = 3, request)]
    Store {
        #[message(tag = 1)]
        operation: u64,
        #[message(tag = 2)]
        #[describe(flatten)]
        version: Version,
    },
    #[message(tag = 4, reply)]
    Stored {
        #[message(tag = 1)]
        operation: u64,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Idle,
    Asks,
    WritesBack,
    Writes,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
struct Replica {
    #[describe(flatten)]
    version: Version,
    operation: u64,
    #[describe(skip)]
    phase: Phase,
    /// The newest version that a reader has got.
    #[describe(skip)]
    newest: Version,
    /// The processes that have answered in this phase.
    heard: BTreeSet<NodeId>,
    #[describe(skip)]
    me: NodeId,
    /// The others that it asks: together they are a majority, or more.
    #[describe(skip)]
    others: Vec<NodeId>,
    #[describe(skip)]
    writes_back: bool,
}

impl Replica {
    fn begin(&mut self, phase: Phase, message: &Parcel, out: &mut Out<Self>) {
        self.phase = phase;
        self.heard = BTreeSet::from([self.me]);
        out.broadcast(self.others.iter().copied(), message);
    }

    fn store(&mut self, phase: Phase, version: Version, out: &mut Out<Self>) {
        self.version = self.version.max(version);
        let operation = self.operation;
        self.begin(phase, &Parcel::Store { operation, version }, out);
    }

    fn has_majority(&mut self, from: NodeId) -> bool {
        self.heard.insert(from) && self.heard.len() == MAJORITY
    }

    fn end(&mut self, out: &mut Out<Self>) {
        let value = self.newest.value;
        out.output(match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Writes => Said::Written,
            Phase::Idle | Phase::Asks | Phase::WritesBack => Said::Value { value },
        });
    }
}

impl Algorithm for Replica {
    type Message = Parcel;
    type Timer = ();
    type Command = Command;
    type Output = Said;

    fn on_command(&mut self, command: Command, out: &mut Out<Self>) {
        self.operation += 1;
        let operation = self.operation;
        match command {
            Command::Read => {
                self.newest = self.version;
                self.begin(Phase::Asks, &Parcel::Query { operation }, out);
            }
            Command::Write { value } => {
                let number = self.version.number + 1;
                self.store(Phase::Writes, Version { number, value }, out);
            }
        }
    }

    fn on_message(&mut self, from: NodeId, message: Parcel, out: &mut Out<Self>) {
        match message {
            Parcel::Query { operation } => {
                let version = self.version;
                out.send(from, Parcel::Reply { operation, version });
            }
            Parcel::Store { operation, version } => {
                self.version = self.version.max(version);
                out.send(from, Parcel::Stored { operation });
            }
            Parcel::Reply { operation, version }
                if operation == self.operation && self.phase == Phase::Asks =>
            {
                self.newest = self.newest.max(version);
                if self.has_majority(from) {
                    match self.writes_back {
                        true => self.store(Phase::WritesBack, self.newest, out),
                        false => self.end(out),
                    }
                }
            }
            Parcel::Stored { operation }
                if operation == self.operation
                    && matches!(self.phase, Phase::Writes | Phase::WritesBack) =>
            {
                if self.has_majority(from) {
                    self.end(out);
                }
            }
            Parcel::Reply { .. } | Parcel::Stored { .. } => {}
        }
    }

    fn on_timer(&mut self, (): (), _: &mut Out<Self>) {}
}

/// One process writes, and the others read.
#[derive(Clone, Copy)]
struct Registers {
    /// How many others each process asks.
    asks: u32,
    writes_back: bool,
    writes: u64,
    reads: [u64; 2],
}

impl System for Registers {
    type Algorithm = Replica;

    fn processes(&self) -> u32 {
        PROCESSES
    }

    fn process(&self, me: NodeId) -> Replica {
        let nothing = Version {
            number: 0,
            value: 0,
        };
        Replica {
            version: nothing,
            operation: 0,
            phase: Phase::Idle,
            newest: nothing,
            heard: BTreeSet::new(),
            me,
            others: (1..=self.asks)
                .map(|before| NodeId((me.0 + PROCESSES - before) % PROCESSES))
                .collect(),
            writes_back: self.writes_back,
        }
    }

    fn commands(&self) -> Vec<ScheduledCommand<Command>> {
        Vec::new()
    }

    fn clients(&self) -> Vec<Client<Command>> {
        let client = |node, requests| Client {
            at: Duration::ZERO,
            to: To::Process(node),
            requests,
            think: Duration::ZERO,
            patience: Duration::from_secs(1),
            retries: 0,
        };
        let writes = (1..=self.writes).map(|value| Request::new("write", Command::Write { value }));
        let mut all = vec![client(WRITER, writes.collect())];
        for (node, reads) in (1..).map(NodeId).zip(self.reads) {
            let reads = (0..reads).map(|_| Request::new("read", Command::Read));
            all.push(client(node, reads.collect()));
        }
        all
    }

    fn answers(&self, _: NodeId, command: &Command, output: &Said) -> Option<Answer> {
        match (command, output) {
            (Command::Read, Said::Value { .. }) | (Command::Write { .. }, Said::Written) => {
                Some(Answer::Done)
            }
            (Command::Read | Command::Write { .. }, _) => None,
        }
    }

    fn ends(&self, _: NodeId, _: &Said) -> bool {
        false
    }

    fn endings(&self) -> u64 {
        0
    }

    fn survives_crashes(&self) -> bool {
        true
    }

    fn judge(&self, history: &History) -> Judgement {
        let operations = history
            .operations(|request, kind, _| (&*request.operation == "read") == (kind == "Value"));
        let intervals: Vec<_> = operations
            .iter()
            .map(|operation| {
                let value = operation.request.fields.get_integer("value");
                let asked = match value {
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
            measures: throughput(&operations),
            ..Judgement::default()
        }
    }
}

/// Each operation has the smallest majority, which keeps the number of states small.
fn small(writes_back: bool) -> Registers {
    Registers {
        asks: 1,
        writes_back,
        writes: 1,
        reads: [1, 1],
    }
}

fn check(system: Registers, crashes: u32) -> Checked<Action> {
    let network = Network {
        crashes,
        ..Network::RELIABLE
    };
    let plan = Plan::new(network, Processes::new(PROCESSES), 1);
    model::check(&system, &plan, |_| ControlFlow::Continue(()))
}

#[test]
fn checked_reads_that_write_back_are_linearizable() {
    for crashes in [0, 1] {
        let found = check(small(true), crashes);
        assert_eq!((found.bound, found.counterexample), (None, None));
        assert!(found.coverage.properties[0].checked > 0);
    }
}

#[test]
fn checked_reads_without_writing_back_are_stale() {
    let system = small(false);
    let found = check(system, 0);
    let way = found.counterexample.expect("an old value after a new one");
    let plan = Plan::new(Network::RELIABLE, Processes::new(PROCESSES), 1);
    let mut world = model::start(&system, &plan);
    for action in way {
        world.act(&system, action);
    }
    let judged = judge(&system, &world.history());
    let [violation] = &judged.properties[0].violations[..] else {
        panic!("one violation: {:?}", judged.properties);
    };
    assert!(violation.contains("Read -> Value(0)"), "{violation}");
    assert!(
        violation.contains("the state could then be 1"),
        "{violation}"
    );
}

fn simulate(writes_back: bool, crash: Option<Crash>, seed: u64) -> Judgement {
    let system = Registers {
        asks: 2,
        writes_back,
        writes: 20,
        reads: [20, 20],
    };
    let scenario = Scenario {
        delay: Delay::Uniform(Duration::from_micros(100)..Duration::from_millis(20)),
        fifo: false,
        crash: Vec::from_iter(crash),
        ..Scenario::default()
    };
    let ran = run(&system, &Processes::new(PROCESSES), &scenario, seed);
    judge(&system, &ran.recorded)
}

#[test]
fn simulated_reads_are_stale_unless_they_write_back() {
    let stale = |writes_back| {
        let all = (0..200).map(|seed| simulate(writes_back, None, seed));
        all.filter(|judged| !judged.holds()).count()
    };
    assert_eq!(stale(true), 0);
    let found = stale(false);
    assert!(found > 0, "no schedule is wrong");
}

#[test]
fn simulated_operations_have_latencies_and_a_throughput() {
    let judged = simulate(true, None, 1);
    assert_eq!(judged.properties[0].checked, 60);
    let measures = judged.all_measures();
    let counts: Vec<_> = measures
        .iter()
        .map(|one| (&*one.name, one.count, one.lost, one.p50 > Some(0.0)))
        .collect();
    assert_eq!(
        counts,
        [
            ("read", 40, 0, true),
            ("write", 20, 0, true),
            ("operations a second", 60, 0, true),
        ]
    );
}

/// The operation that the crash interrupts has no answer, and its process is not asked for
/// the others.
#[test]
fn operations_of_a_crashed_process_stay_open() {
    for seed in 0..50 {
        let crash = Crash {
            process: 0,
            at: Duration::from_millis(30),
            restart: None,
            state: Memory::Lost,
        };
        let judged = simulate(true, Some(crash), seed);
        assert!(judged.holds(), "{:?}", judged.properties);
        let measures = judged.all_measures();
        let write = measures.iter().find(|one| one.name == "write");
        let write = write.expect("the first write");
        assert_eq!(write.lost, 1, "{write:?}");
        assert!(write.count < 19, "{write:?}");
        let read = measures.iter().find(|one| one.name == "read");
        assert_eq!(read.map(|one| (one.count, one.lost)), Some((40, 0)));
    }
}
