//! Compares the model checker with a plain breadth-first search, over all systems.

use std::collections::{HashSet, VecDeque};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use clap::Parser as _;
use lab::model::{Action, Bounds, Checked, Plan, World, check, start};
use lab::options::Channel;
use lab::system::{Engine, Setup, System, Visitor};
use lab::topology;
use trace::steps::Processes;

use crate::cli::choice::Choice as _;
use crate::cli::{Cli, Command, need};
use crate::network::neighbours;

/// The most states that a system of the table may have, so that the test stays quick.
const MOST: u64 = 200_000;

/// The result of the plain search.
#[derive(Debug, PartialEq, Eq)]
struct Plain {
    /// How many states were tried, including the one with the violation.
    states: u64,
    example: Option<Vec<Action>>,
    counterexample: Option<Vec<Action>>,
}

/// Breadth-first: one queue, one thread, each state with its path.
fn plain<S: System>(system: &S, plan: &Plan) -> Plain {
    let first = start(system, plan);
    let mut known = HashSet::from([first.identity()]);
    let mut queue = VecDeque::from([(first, Vec::new())]);
    let mut found = Plain {
        states: 0,
        example: None,
        counterexample: None,
    };
    while let Some((world, way)) = queue.pop_front() {
        found.states += 1;
        // Each state is searched four times, and one took some 5 KiB.
        assert!(found.states <= MOST, "more than {MOST} states");
        let actions = world.actions();
        if !world.has_ended(system) && !actions.is_empty() {
            for action in actions {
                let mut next: World<_> = world.clone();
                next.act(system, action.clone());
                if known.insert(next.identity()) {
                    queue.push_back((next, [&way[..], &[action]].concat()));
                }
            }
            continue;
        }
        let judged = system.judge(&world.history());
        let ends = world.has_ended(system) || system.gives_up_after().is_some();
        if !judged.holds() || !ends {
            found.counterexample = Some(way);
            return found;
        }
        if found.example.is_none() && system.is_nonvacuous(&judged) {
            found.example = Some(way);
        }
    }
    found
}

impl From<Checked<Action>> for Plain {
    fn from(checked: Checked<Action>) -> Self {
        Self {
            states: checked.extent.states,
            example: checked.example,
            counterexample: checked.counterexample,
        }
    }
}

/// Searches a system in both ways, and on different numbers of threads.
struct Compare<'a> {
    line: &'a str,
    plan: Plan,
}

impl Visitor for Compare<'_> {
    type Output = Plain;

    fn visit<S: System + 'static>(self, system: S) -> Plain {
        let plain = plain(&system, &self.plan);
        for threads in [1, 2, 5] {
            let plan = Plan {
                threads: NonZeroUsize::new(threads).expect("not zero"),
                ..self.plan.clone()
            };
            let found = check(&system, &plan, |_| ControlFlow::Continue(()));
            assert_eq!(found.bound, None, "{}", self.line);
            assert_eq!(
                Plain::from(found),
                plain,
                "{}, on {threads} threads",
                self.line
            );
        }
        plain
    }
}

/// The command line's system, compared.
fn compare(line: &str) -> Plain {
    let words = format!("testbed --transport memory --seed 1 check {line}");
    let cli = Cli::try_parse_from(words.split(' ')).expect("a command line");
    let Command::Check(args) = cli.command else {
        panic!("{line}: not for the checker");
    };
    let chosen = &args.system;
    let options = cli.common.checked(need::of_system(chosen, 3));
    let options = options.expect("options");
    let neighbours = neighbours(&options);
    let processes = Processes::new(options.peers).with_neighbours(neighbours.clone());
    let plan = args.states.plan(chosen.net(), processes, options.seed);
    let setup = Setup {
        peers: options.peers,
        topology: options.topology.clone(),
        neighbours: topology::ids(neighbours),
        seed: options.seed,
        liars: chosen.net().liars(),
        engine: Engine::ModelChecker,
        stops: Vec::new(),
        random_crashes: false,
        outages: None,
        fifo: chosen.net().channel == Channel::Stream,
    };
    let plan = Plan {
        bounds: Bounds::default(),
        ..plan.expect("a plan")
    };
    let built = chosen.build(setup, Compare { line, plan });
    built.expect("a system")
}

#[test]
fn the_first_wrong_run_is_a_shortest_one_of_every_system() {
    for (line, steps) in [
        ("snapshot --peers 2", None),
        ("snapshot --peers 2 --channel per-message", Some(4)),
        ("snapshot --peers 2 --lossy", Some(6)),
        ("snapshot --peers 2 --algorithm naive", None),
        ("snapshot --peers 3 --algorithm naive", Some(6)),
        (
            "snapshot --peers 2 --algorithm lai-yang --channel per-message",
            None,
        ),
        ("snapshot --peers 2 --workload token", None),
        ("ping --peers 2", None),
        ("ping --peers 2 --lossy --duplicating", None),
        ("elect --peers 3", None),
        ("elect --peers 3 --lossy", None),
        ("elect --peers 2 --duplicating", None),
        ("mutex --peers 2 --entries 1", None),
        ("mutex --peers 2 --entries 1 --channel per-message", None),
        ("wave --peers 4 --topology ring", None),
        ("wave --peers 4 --topology ring --lossy", Some(3)),
        ("wave --peers 2 --duplicating", None),
        ("gossip --peers 3", None),
        ("gossip --peers 3 --topology line --lossy", None),
        ("terminate --peers 3 --jobs 3", None),
        ("terminate --peers 3 --jobs 3 --lossy", Some(3)),
    ] {
        let found = compare(line);
        let way = found.counterexample.as_ref().map(Vec::len);
        if steps.is_some() {
            assert_eq!(way, steps, "{line}");
        }
    }
}
