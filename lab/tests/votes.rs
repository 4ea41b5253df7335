//! Votes that survive a crash, written with `lab::own` alone: an invariant that no judge of
//! a whole run states, and a process that restarts.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::Duration;

use lab::model::{self, Action, Checked, Network, Plan};
use lab::own::{Algorithm, Crash, Describe, History, Judgement, Message, Moment, NodeId, Out};
use lab::own::{Output, Property, ScheduledCommand, System};
use lab::simulator::{Frequency, Memory, RandomFaults, Scenario, run};
use lab::system::judge;
use trace::steps::Processes;

const PROCESSES: u32 = 3;

/// A process votes once a term; a majority of votes makes a leader.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
struct Voter {
    #[describe(durable)]
    term: u64,
    #[describe(durable)]
    voted_for: Option<NodeId>,
    votes: BTreeSet<NodeId>,
    #[describe(skip)]
    me: NodeId,
    /// Whether it persists its vote.
    #[describe(skip)]
    persists: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
enum Vote {
    #[message(tag = 1, request)]
    Request {
        #[message(tag = 1)]
        term: u64,
    },
    #[message(tag = 2, reply)]
    Granted {
        #[message(tag = 1)]
        term: u64,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Output, Describe)]
struct Leads {
    term: u64,
}

impl Voter {
    fn vote(&mut self, term: u64, candidate: NodeId, out: &mut Out<Self>) {
        self.term = term;
        self.voted_for = Some(candidate);
        if self.persists {
            out.persist();
        }
    }
}

impl Algorithm for Voter {
    type Message = Vote;
    type Timer = ();
    type Command = u64;
    type Output = Leads;

    /// The process stands for election in a term.
    fn on_command(&mut self, term: u64, out: &mut Out<Self>) {
        if term > self.term {
            self.vote(term, self.me, out);
            self.votes = BTreeSet::from([self.me]);
            let others = (0..PROCESSES).map(NodeId).filter(|other| *other != self.me);
            out.broadcast(others, &Vote::Request { term });
        }
    }

    fn on_message(&mut self, from: NodeId, vote: Vote, out: &mut Out<Self>) {
        match vote {
            Vote::Request { term } => {
                let is_free = term > self.term || self.voted_for == Some(from);
                if term >= self.term && is_free {
                    self.vote(term, from, out);
                    out.send(from, Vote::Granted { term });
                }
            }
            Vote::Granted { term } => {
                let is_mine = term == self.term && self.voted_for == Some(self.me);
                if is_mine && self.votes.insert(from) && self.votes.len() == 2 {
                    out.output(Leads { term });
                }
            }
        }
    }

    fn on_timer(&mut self, (): (), _: &mut Out<Self>) {}
}

/// Two of three processes stand in the same term.
struct Election {
    persists: bool,
    ignores_history: bool,
}

impl System for Election {
    type Algorithm = Voter;

    fn processes(&self) -> u32 {
        PROCESSES
    }

    fn process(&self, me: NodeId) -> Voter {
        Voter {
            term: 0,
            voted_for: None,
            votes: BTreeSet::new(),
            me,
            persists: self.persists,
        }
    }

    fn commands(&self) -> Vec<ScheduledCommand<u64>> {
        let stand = |node| ScheduledCommand {
            at: Duration::ZERO,
            node: NodeId(node),
            command: 1,
            operation: "stand",
        };
        vec![stand(0), stand(1)]
    }

    fn ends(&self, _: NodeId, _: &Leads) -> bool {
        true
    }

    /// One more than there can be, so that a run goes on after the first leader.
    fn endings(&self) -> u64 {
        2
    }

    fn gives_up_after(&self) -> Option<Duration> {
        Some(Duration::ZERO)
    }

    /// The invariant reads outputs alone.
    fn ignores_history(&self) -> bool {
        self.ignores_history
    }

    fn safe(&self, now: &Moment<'_>) -> Vec<Property> {
        let mut one = Property::new("at most one leader a term");
        let mut leaders = BTreeMap::new();
        for (process, kind, fields) in now.outputs() {
            if let ("Leads", Some(term)) = (kind, fields.get_integer("term")) {
                let first = leaders.entry(term).or_insert(process);
                one.check(*first == process, || {
                    format!("{first} and {process} lead term {term}")
                });
            }
        }
        vec![one]
    }

    fn judge(&self, _: &History) -> Judgement {
        Judgement::default()
    }
}

fn check(persists: bool, restarts: u32, ignores_history: bool) -> Checked<Action> {
    let network = Network {
        crashes: 1,
        restarts,
        ..Network::RELIABLE
    };
    let plan = Plan::new(network, Processes::new(PROCESSES), 1);
    let system = Election {
        persists,
        ignores_history,
    };
    model::check(&system, &plan, |_| ControlFlow::Continue(()))
}

#[test]
fn a_vote_that_is_not_persisted_gives_a_term_two_leaders() {
    let found = [true, false].map(|ignores_history| check(false, 1, ignores_history));
    let ways = found.map(|found| found.counterexample.expect("two leaders of a term"));
    for way in &ways {
        let count = |wanted: fn(&Action) -> bool| way.iter().filter(|one| wanted(one)).count();
        assert_eq!(count(|one| matches!(one, Action::Crash(..))), 1, "{way:?}");
        assert_eq!(count(|one| matches!(one, Action::Restart(_))), 1, "{way:?}");
    }
    assert_eq!(ways[0].len(), ways[1].len(), "both are shortest");
}

#[test]
fn persisted_votes_keep_a_term_to_one_leader() {
    for (persists, restarts) in [(true, 1), (true, 0), (false, 0)] {
        let states = [true, false].map(|ignores_history| {
            let found = check(persists, restarts, ignores_history);
            assert_eq!(found.bound, None);
            assert_eq!(found.counterexample, None, "{persists}, {restarts}");
            assert!(found.coverage.properties[0].checked > 0);
            found.extent.states
        });
        assert!(
            states[0] < states[1],
            "fewer situations than histories: {states:?}"
        );
    }
}

/// A scenario in which process 2 restarts.
fn restarts() -> Scenario {
    Scenario {
        crash: vec![Crash {
            process: 2,
            at: Duration::from_millis(4),
            restart: Some(Duration::from_millis(5)),
            state: Memory::Lost,
        }],
        ..Scenario::default()
    }
}

/// The judged run of a schedule.
fn simulate(scenario: &Scenario, persists: bool, seed: u64) -> (History, Vec<Property>) {
    let system = Election {
        persists,
        ignores_history: false,
    };
    let history = run(&system, &Processes::new(PROCESSES), scenario, seed).recorded;
    let properties = judge(&system, &history).properties;
    (history, properties)
}

#[test]
fn simulated_crashes_are_in_the_history() {
    let (history, _) = simulate(&restarts(), true, 1);
    let [crash] = &history.crashes[..] else {
        panic!("one crash: {:?}", history.crashes);
    };
    assert_eq!(&*crash.process, "peer-02");
    assert_eq!(crash.restarted, Some(crash.at + 1_000_000));
    assert_eq!(history.stopped("peer-02"), None);
}

#[test]
fn simulated_restarts_violate_the_invariant_unless_votes_are_persisted() {
    let violations = |persists| {
        let all = (0..300).flat_map(|seed| simulate(&restarts(), persists, seed).1);
        all.flat_map(|property| property.violations)
            .collect::<Vec<_>>()
    };
    assert_eq!(violations(true), [""; 0]);
    let found = violations(false);
    let first = found.first().expect("a schedule with two leaders");
    assert!(first.ends_with("lead term 1"), "{first}");
    assert!(first.starts_with("after peer-0"), "{first}");
}

/// As `simulate --crash 2 --faults-until 20ms` has it.
#[test]
fn random_crashes_find_the_vote_that_is_not_persisted() {
    let scenario = Scenario {
        random: RandomFaults {
            crash: Frequency::Count(2),
            until: Duration::from_millis(20),
            ..RandomFaults::default()
        },
        ..Scenario::default()
    };
    let first_violation = |persists| {
        let is_violated = |seed: &u64| {
            let properties = simulate(&scenario, persists, *seed).1;
            properties.iter().any(|property| !property.holds())
        };
        (0..3000).find(is_violated)
    };
    assert_eq!(first_violation(true), None);
    let seed = first_violation(false).expect("a schedule with two leaders");
    let (history, _) = simulate(&scenario, false, seed);
    assert!(!history.crashes.is_empty());
}

/// An election in which process 0 stands once more, after all faults are over.
struct Recovery {
    election: Election,
    stands_again: Duration,
}

impl System for Recovery {
    type Algorithm = Voter;

    fn processes(&self) -> u32 {
        PROCESSES
    }

    fn process(&self, me: NodeId) -> Voter {
        self.election.process(me)
    }

    fn commands(&self) -> Vec<ScheduledCommand<u64>> {
        let again = ScheduledCommand {
            at: self.stands_again,
            node: NodeId(0),
            command: 2,
            operation: "stand",
        };
        let mut all = self.election.commands();
        all.push(again);
        all
    }

    fn ends(&self, _: NodeId, leads: &Leads) -> bool {
        leads.term == 2
    }

    fn endings(&self) -> u64 {
        1
    }

    fn judge(&self, history: &History) -> Judgement {
        let mut recovers = Property::of("a leader within 200 ms after the last fault", history);
        if let Some(healed) = history.healed() {
            let took = history.first_output("Leads", healed);
            let is_in_time = took.is_some_and(|took| took <= Duration::from_millis(200));
            recovers.check_in_the_end(is_in_time, || format!("it took {took:?}"));
        }
        Judgement {
            properties: vec![recovers],
            ..Judgement::default()
        }
    }
}

#[test]
fn a_leader_follows_within_a_time_after_the_last_fault_heals() {
    let scenario = Scenario {
        random: RandomFaults {
            crash: Frequency::Count(2),
            partition: Frequency::Count(2),
            until: Duration::from_millis(100),
            ..RandomFaults::default()
        },
        ..Scenario::default()
    };
    for (stands_again, is_right) in [(150, true), (400, false)] {
        let system = Recovery {
            election: Election {
                persists: true,
                ignores_history: false,
            },
            stands_again: Duration::from_millis(stands_again),
        };
        let holds = |seed| {
            let history = run(&system, &Processes::new(PROCESSES), &scenario, seed).recorded;
            assert_eq!(history.crashes.len(), 2, "seed {seed}");
            assert_eq!(history.partitions.len(), 2, "seed {seed}");
            let judged = judge(&system, &history);
            assert_eq!(judged.properties[0].checked, 1, "seed {seed}");
            judged.holds()
        };
        assert_eq!((0..300).all(holds), is_right, "{stands_again} ms");
    }
}
