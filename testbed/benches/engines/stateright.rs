//! The model checker beside Stateright: the same algorithms over the same channels, through
//! an adapter that makes an actor of each process.

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::thread;
use std::time::{Duration, Instant};

use algorithms::{Effect, Input, step};
use lab::model::{Bounds, Network, Plan, check};
use lab::own::{NodeId, Symmetry};
use stateright::actor::{Actor, ActorModel, Id, Network as Channels, Out};
use stateright::{Checker as _, Expectation, Model as _};
use trace::steps::Processes;

use crate::examples::{Example, Schedules, abd, paxos, two_phase_commit};
use crate::figures::{median, rate, thousands};

/// A process as an actor of Stateright.
#[derive(Clone)]
struct Adapted<A>(A);

impl<A: Example> Adapted<A> {
    fn step(state: &mut A, input: Input<A>, out: &mut Out<Self>)
    where
        A::Message: Ord,
    {
        for effect in step(state, input, 0) {
            match effect {
                Effect::Send { to, message, .. } => out.send(Id::from(usize::from(to)), message),
                Effect::SetTimer { timer, after } => out.set_timer(timer, after..after),
                Effect::CancelTimer { timer } => out.cancel_timer(timer),
                Effect::Output(_) | Effect::Persist => {}
            }
        }
    }
}

impl<A: Example> Actor for Adapted<A>
where
    A::Message: Ord,
{
    type Msg = A::Message;
    type State = A;
    type Timer = A::Timer;
    type Random = ();
    type Storage = ();

    fn on_start(&self, _: Id, _: &Option<()>, out: &mut Out<Self>) -> A {
        let mut state = self.0.clone();
        Self::step(&mut state, Input::Start, out);
        state
    }

    fn on_msg(
        &self,
        _: Id,
        state: &mut Cow<'_, A>,
        from: Id,
        message: A::Message,
        out: &mut Out<Self>,
    ) {
        let from = NodeId(usize::from(from) as u32);
        Self::step(state.to_mut(), Input::Message { from, message }, out);
    }

    fn on_timeout(&self, _: Id, state: &mut Cow<'_, A>, timer: &A::Timer, out: &mut Out<Self>) {
        Self::step(state.to_mut(), Input::Timer(timer.clone()), out);
    }
}

/// The states of a search, and how long it took.
type Searched = (u64, Duration);

/// Searches with Stateright, breadth first, on as many threads.
fn theirs<A: Example>(processes: &[A], threads: NonZeroUsize) -> Searched
where
    A::Message: Ord,
{
    let model = ActorModel::<Adapted<A>, (), ()>::new((), ())
        .actors(processes.iter().cloned().map(Adapted))
        .init_network(Channels::new_unordered_nonduplicating([]))
        .property(Expectation::Always, "values", |_, state| {
            A::may_say(state.actor_states.iter().filter_map(|one| one.said()))
        });
    let began = Instant::now();
    let checked = model.checker().threads(threads.get()).spawn_bfs().join();
    assert!(checked.discoveries().is_empty(), "no run is wrong");
    (checked.unique_state_count() as u64, began.elapsed())
}

fn ours<A: Example>(
    processes: &[A],
    symmetry: Option<Symmetry<A>>,
    threads: NonZeroUsize,
) -> Searched {
    let network = Network {
        fifo: false,
        ..Network::RELIABLE
    };
    let system = Schedules {
        processes: processes.to_vec(),
        symmetry,
    };
    let usual = Plan::new(network, Processes::new(processes.len() as u32), 1);
    let plan = Plan {
        threads,
        bounds: Bounds {
            states: NonZeroUsize::MAX,
            ..usual.bounds
        },
        ..usual
    };
    let found = check(&system, &plan, |_| ControlFlow::Continue(()));
    assert!(found.is_whole(), "all states were tried, and none is wrong");
    (found.extent.states, found.took)
}

fn threads() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Both in turn.
fn beside<A: Example>(name: &str, processes: &[A], rounds: usize) -> String
where
    A::Message: Ord,
{
    let threads = threads();
    let (mut our_rates, mut their_rates, mut counts) = (Vec::new(), Vec::new(), (0, 0));
    for _ in 0..rounds {
        let (states, took) = ours(processes, None, threads);
        our_rates.push(rate(states, took));
        let (their_states, took) = theirs(processes, threads);
        their_rates.push(rate(their_states, took));
        counts = (states, their_states);
    }
    let (ours, theirs) = (median(our_rates), median(their_rates));
    format!(
        "{:.2} of Stateright's states a second (target 0.5), {} and {}; {name}: {} states, there {}; {threads} threads, median of {rounds} rounds",
        ours / theirs,
        thousands(ours),
        thousands(theirs),
        thousands(counts.0 as f64),
        thousands(counts.1 as f64),
    )
}

/// Five participants.
pub(crate) fn two_phase_commit(rounds: usize) -> String {
    beside("2PC of 5", &two_phase_commit::processes(5), rounds)
}

/// Three servers, two clients.
pub(crate) fn paxos(rounds: usize) -> String {
    beside("Paxos of 3, 2 clients", &paxos::processes(3, 2), rounds)
}

/// Two servers, three clients.
pub(crate) fn abd(rounds: usize) -> String {
    beside("a register of 2, 3 clients", &abd::processes(2, 3), rounds)
}

/// Five participants that are interchangeable.
pub(crate) fn symmetry() -> String {
    let processes = two_phase_commit::processes(5);
    let (all, took_all) = ours(&processes, None, threads());
    let (some, took) = ours(&processes, Some(two_phase_commit::symmetry(5)), threads());
    format!(
        "{:.1} times fewer states (no target): {} in place of {}, {:.2} s in place of {:.2} s; 2PC of 5, all participants interchangeable",
        all as f64 / some as f64,
        thousands(some as f64),
        thousands(all as f64),
        took.as_secs_f64(),
        took_all.as_secs_f64(),
    )
}
