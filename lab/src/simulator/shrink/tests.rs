use std::collections::{BTreeMap, BTreeSet};

use algorithms::{Algorithm, Describe, Message, NodeId, Out, Output};
use trace::history::{History, Moment};

use super::*;
use crate::checkers::Property;
use crate::liars::Liars;
use crate::simulator::NEVER;
use crate::simulator::tests::bank;
use crate::system::wave::Waves;
use crate::system::{Engine, Judgement, ScheduledCommand, Setup};
use crate::topology::Topology;

/// Long enough for every test, so that time does not decide.
const BUDGET: Duration = Duration::from_secs(600);

const MS: Duration = Duration::from_millis(1);

/// Process 0 grants each process one entry, and does not persist to which it has.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
struct Gate {
    granted: BTreeSet<NodeId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
struct Ask {}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Output, Describe)]
struct Granted {
    to: u64,
}

impl Algorithm for Gate {
    type Message = Ask;
    type Timer = ();
    type Command = ();
    type Output = Granted;

    fn on_command(&mut self, (): (), out: &mut Out<Self>) {
        out.send(NodeId(0), Ask {});
    }

    fn on_message(&mut self, from: NodeId, Ask {}: Ask, out: &mut Out<Self>) {
        if self.granted.insert(from) {
            out.output(Granted { to: from.0.into() });
        }
    }

    fn on_timer(&mut self, (): (), _: &mut Out<Self>) {}
}

/// Each process but the first asks at each of these times.
#[derive(Clone, Debug)]
struct Gates {
    processes: u32,
    times: &'static [u32],
    /// Whether the judge counts grants as if no run were a part of another.
    counts: bool,
}

const ONCE: &str = "granted once";

impl System for Gates {
    type Algorithm = Gate;

    fn processes(&self) -> u32 {
        self.processes
    }

    fn process(&self, _: NodeId) -> Gate {
        Gate {
            granted: BTreeSet::new(),
        }
    }

    fn commands(&self) -> Vec<ScheduledCommand<()>> {
        let asks = |at: &u32| {
            let at = *at * MS;
            (1..self.processes).map(move |node| ScheduledCommand {
                at,
                node: NodeId(node),
                command: (),
                operation: "ask",
            })
        };
        self.times.iter().flat_map(asks).collect()
    }

    fn ends(&self, _: NodeId, _: &Granted) -> bool {
        true
    }

    /// One more than there can be: a run goes on until it is quiet.
    fn endings(&self) -> u64 {
        1 + self.commands().len() as u64
    }

    fn safe(&self, now: &Moment<'_>) -> Vec<Property> {
        let mut once = Property::new(ONCE);
        let mut counts = BTreeMap::<_, u64>::new();
        for (_, _, fields) in now.outputs() {
            let to = fields.get_integer("to");
            let count = counts.entry(to).or_default();
            *count += 1;
            once.check(*count == 1, || format!("{to:?} is granted {count} times"));
        }
        match self.counts {
            true => Vec::new(),
            false => vec![once],
        }
    }

    fn judge(&self, history: &History) -> Judgement {
        let mut all = Property::new("as many grants as processes");
        let grants = history.count_outputs("Granted");
        all.check(grants + 1 == u64::from(self.processes), || {
            format!("{grants} grants")
        });
        Judgement {
            properties: self.counts.then_some(all).into_iter().collect(),
            ..Judgement::default()
        }
    }
}

fn gates(times: &'static [u32], counts: bool) -> Rebuild<Gates> {
    rebuild(20, move |setup: &Setup| Gates {
        processes: setup.peers,
        times,
        counts,
    })
}

/// A system of so many peers, all of which are neighbours.
fn rebuild<S: System>(
    peers: u32,
    build: impl Fn(&Setup) -> S + Send + Sync + 'static,
) -> Rebuild<S> {
    let setup = Setup {
        peers,
        topology: Topology::Full.to_string(),
        neighbours: Vec::new(),
        seed: 1,
        liars: Liars::default(),
        engine: Engine::Simulator,
        stops: Vec::new(),
        random_crashes: false,
        outages: None,
        fifo: true,
    };
    Rebuild::new(&setup, Topology::Full, move |setup| Some(build(setup)))
}

/// The first failing schedule of a system in a scenario, made smaller.
fn shrink<S: System>(rebuild: Rebuild<S>, scenario: &Scenario) -> Shrunk<S> {
    shrink_within(rebuild, scenario, &AtomicBool::new(false))
}

fn shrink_within<S: System>(
    rebuild: Rebuild<S>,
    scenario: &Scenario,
    over: &AtomicBool,
) -> Shrunk<S> {
    let case = rebuild.case(rebuild.peers(), scenario.clone());
    let case = case.expect("the system of the run");
    let fails = |seed: &u64| {
        let ran = case.schedule(*seed).run();
        !crate::system::judge(case.system(), &ran.recorded).holds()
    };
    let seed = (0..500).find(fails).expect("a schedule that fails");
    let shrinking = Shrinking {
        budget: BUDGET,
        rebuild,
    };
    let shrunk = shrinking.shrink(scenario, Limits::default(), [seed, seed], over);
    shrunk.expect("it fails again")
}

/// The smallest failure: what ran, and its violated properties.
fn smallest<S: System>(shrunk: &Shrunk<S>) -> (Size, Vec<&'static str>, History) {
    let Failure { case, seed, .. } = &shrunk.smallest;
    let ran = case.schedule(*seed).run();
    let judgement = crate::system::judge(case.system(), &ran.recorded);
    let wrong = judgement.properties.iter().filter(|one| !one.holds());
    let names = wrong.map(|one| one.name).collect();
    (Size::of(case, &ran), names, ran.recorded)
}

fn scenario(text: &str) -> Scenario {
    Scenario::parse(text).expect("a scenario")
}

/// Of many faults, the crash that loses the memory of process 0 is needed, and two
/// commands of one process.
#[test]
fn what_a_failure_needs_is_kept_and_nothing_else() {
    let many = r#"
        delay = "exponential:2ms"
        loss = 0.01
        duplication = 0.1
        fifo = false
        [[crash]]
        process = 7
        at = "3ms"
        [[crash]]
        process = 0
        at = "25ms"
        restart = "26ms"
        state = "lost"
        [[partition]]
        at = "5ms"
        heal = "8ms"
        group = [11, 12]
    "#;
    let shrunk = shrink(gates(&[0, 10, 30, 40], false), &scenario(many));
    let (size, violated, _) = smallest(&shrunk);
    assert!(shrunk.is_smaller && shrunk.is_whole);
    assert_eq!(violated, [ONCE]);
    // Two starts and a restart, two commands and two messages.
    let expected = Size {
        peers: 2,
        commands: 2,
        steps: 7,
        messages: 2,
        faults: 1,
    };
    assert_eq!(size, expected);
    let text = shrunk.smallest.case.scenario.to_string();
    let crash = r#"{process = 0, at = "25ms", restart = "26ms", state = "lost"}"#;
    assert!(text.starts_with(r#"{delay = "1ms", "#), "{text}");
    assert!(
        text.contains(&format!("crash = [{crash}], commands = ")),
        "{text}"
    );
}

/// The markers of snapshots are overtaken among 20 peers; 3 are enough.
#[test]
fn failure_of_twenty_peers_is_shrunk_to_a_few() {
    let rebuild = rebuild(20, |setup| bank(setup.peers));
    let shrunk = shrink(rebuild, &scenario("fifo = false"));
    let (size, violated, _) = smallest(&shrunk);
    assert!(size.peers <= 4, "{size}");
    let (ran, judgement) = {
        let Failure { case, seed, .. } = &shrunk.original;
        let ran = case.schedule(*seed).run();
        let judgement = crate::system::judge(case.system(), &ran.recorded);
        (ran, judgement)
    };
    let first = Violation::of(&ran, &judgement).expect("a violation");
    let Violation::Property(name) = first else {
        panic!("{first:?}");
    };
    assert!(violated.contains(&name), "{name}: {violated:?}");
    assert!(size.steps < ran.steps / 10, "{size}");
    assert!(!shrunk.smallest.case.scenario.fifo, "it needs the disorder");
}

/// A wave that does not decide is violated by what is missing: no command and no step may
/// be left out.
#[test]
fn missing_outputs_keep_the_whole_run() {
    let rebuild = rebuild(20, |setup| {
        let numbers = |all: &Vec<NodeId>| all.iter().map(|id| id.0).collect();
        Waves {
            neighbours: setup.neighbours.iter().map(numbers).collect(),
            initiators: 2,
        }
    });
    let crashes = "[[crash]]\nprocess = 9\nat = \"1ms\"\n[[crash]]\nprocess = 15\nat = \"0ms\"\n";
    let shrunk = shrink(rebuild, &scenario(crashes));
    let (size, violated, _) = smallest(&shrunk);
    assert!(violated.contains(&"W2 decision"), "{violated:?}");
    assert_eq!((size.peers, size.faults), (2, 1));
    let Scenario {
        commands, steps, ..
    } = &shrunk.smallest.case.scenario;
    assert_eq!((commands, steps), (&None, &None));
}

/// The judge takes any run for a whole one, so that a part of a run violates the property
/// by what it lacks: that is not the failure that was found.
#[test]
fn absence_is_no_violation_of_a_part() {
    let crash = "[[crash]]\nprocess = 0\nat = \"20ms\"\nrestart = \"21ms\"\nstate = \"lost\"\n";
    let shrunk = shrink(gates(&[0, 30], true), &scenario(crash));
    let (size, _, history) = smallest(&shrunk);
    assert_eq!((size.peers, size.commands), (2, 2));
    assert_eq!(history.count_outputs("Granted"), 2);
    assert_eq!(shrunk.smallest.case.scenario.commands, None);
    assert_eq!(shrunk.smallest.case.scenario.steps, None);
}

#[test]
fn the_same_failure_is_shrunk_in_the_same_way() {
    let run = || {
        let rebuild = rebuild(4, |setup| bank(setup.peers));
        let shrunk = shrink(rebuild, &scenario("fifo = false"));
        let Failure { case, seed, .. } = &shrunk.smallest;
        let (_, _, history) = smallest(&shrunk);
        let passing = shrunk.passing.map(|(passing, _)| passing);
        (case.scenario.clone(), *seed, shrunk.tried, passing, history)
    };
    assert!(run() == run());
}

/// Process 0 loses its memory after the first message, or before it.
#[test]
fn nearest_passing_schedule_parts_at_one_step() {
    let crash = "[[crash]]\nprocess = 0\nat = \"5ms\"\nrestart = \"5ms\"\nstate = \"lost\"\n";
    let shrunk = shrink(gates(&[0, 20], false), &scenario(crash));
    let delay = |scenario: &Scenario| scenario.delay.to_string();
    assert_eq!(delay(&shrunk.smallest.case.scenario), "1ms");
    // With that delay no schedule passes.
    let (passing, case) = shrunk.passing.expect("a schedule that passes");
    assert_eq!(delay(&case.scenario), "1ms..10ms");
    assert_eq!(passing.same_steps, 3, "{passing}");
    let [fails, passes] = [passing.failing_step, passing.passing_step].map(Option::unwrap);
    assert_eq!(fails, "peer-00 (step 2) receives ASK from peer-01");
    assert_eq!(passes, "peer-00 (step 2) starts again");
    let ran = case.schedule(passing.schedule).run();
    assert!(crate::system::judge(case.system(), &ran.recorded).holds());
}

/// Of faults at random times, those that the failure needs stay, at fixed times.
#[test]
fn random_faults_get_fixed_times() {
    let random = "[random]\ncrash = 60\npartition = 2\nuntil = \"40ms\"\nduration = \"2ms\"\n";
    let shrunk = shrink(gates(&[0, 20, 30], false), &scenario(random));
    let (size, violated, _) = smallest(&shrunk);
    assert_eq!(violated, [ONCE]);
    assert_eq!((size.peers, size.commands, size.faults), (2, 2, 1));
    let scenario = &shrunk.smallest.case.scenario;
    assert!(scenario.random.is_none());
    assert_eq!((scenario.crash.len(), scenario.crash[0].process), (1, 0));
}

/// A failure stays as it is when no time is left, and an interruption keeps what was found.
#[test]
fn search_ends_when_it_is_told_to() {
    let crash = "[[crash]]\nprocess = 0\nat = \"6ms\"\nrestart = \"7ms\"\nstate = \"lost\"\n";
    let over = AtomicBool::new(true);
    let case = gates(&[0, 20], false);
    let shrinking = Shrinking {
        budget: BUDGET,
        rebuild: case,
    };
    let crash = scenario(crash);
    let shrunk = shrinking.shrink(&crash, Limits::default(), [0, 0], &over);
    assert!(shrunk.is_none());
    assert!(!NEVER.load(Ordering::Relaxed));
    let mut searcher = Searcher {
        violation: Violation::Property(ONCE),
        limits: Limits::default(),
        over: &NEVER,
        tried: 0,
        most: 3,
    };
    let case = shrinking.rebuild.case(20, Scenario::default());
    let case = case.expect("a system");
    assert_eq!(searcher.first(&case, &[0, 1, 2, 3, 4], u64::MAX), None);
    assert_eq!(searcher.tried, 3);
    assert!(searcher.is_over());
}

#[test]
fn sizes_rise_to_one_fewer() {
    let all = |peers| sizes(peers).collect::<Vec<_>>();
    assert_eq!(all(2), [0_u32; 0]);
    assert_eq!(all(3), [2]);
    assert_eq!(all(5), [2, 3, 4]);
    assert_eq!(all(20), [2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 18, 19]);
    assert!(all(u32::MAX).len() < 120);
}
