//! A step of one process, which depends on that process and its input alone. Many states
//! have the same process with the same input, so outcomes are remembered.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::{Arc, Mutex, PoisonError};

use algorithms::{Algorithm, Choices, Effect, NodeId};
use opentelemetry::Context;
use trace::steps::{Fault, RequestRecord, Step};

use super::World;
use super::channels::Sent;
use super::identity::digest;
use super::process::{Process, Timer};
use crate::model::search::Fingerprints;

/// What a process handles in a step.
pub(super) enum Given<A: Algorithm> {
    Start,
    Restart,
    /// The command. What a client asks for has a record, and the time of the step.
    Command(A::Command, Option<(RequestRecord, u64)>),
    Message(Arc<Sent<A::Message>>),
    /// The timer at that place.
    Timer(usize),
}

/// The result of a step.
#[derive(Debug)]
pub(super) struct Outcome<A: Algorithm> {
    /// The process after it.
    pub(super) process: Arc<Process<A>>,
    pub(super) sent: Vec<Arc<Sent<A::Message>>>,
    pub(super) outputs: Vec<A::Output>,
    pub(super) fault: Option<Fault>,
    pub(super) choices: Choices,
}

/// The messages and the outputs of a step.
type Others<A> = (
    Vec<Arc<Sent<<A as Algorithm>::Message>>>,
    Vec<<A as Algorithm>::Output>,
);

/// The most outcomes that a share of the memory has. A guess: some hundred MB in all.
const MOST: usize = 4096;

/// The number of shares. A guess: threads seldom wait for each other.
const SHARES: u64 = 64;

type Share<A> = HashMap<u64, Arc<Outcome<A>>, BuildHasherDefault<Fingerprints>>;

/// Outcomes that are known.
#[derive(Debug)]
pub(in crate::model) struct Memory<A: Algorithm>(Vec<Mutex<Share<A>>>);

impl<A: Algorithm> Default for Memory<A> {
    fn default() -> Self {
        Self((0..SHARES).map(|_| Mutex::default()).collect())
    }
}

impl<A: Algorithm> Memory<A> {
    /// The outcome with that key, which is computed if it is not known.
    fn outcome(&self, key: u64, compute: impl FnOnce() -> Outcome<A>) -> Arc<Outcome<A>> {
        let share = &self.0[(key % SHARES) as usize];
        let known = || share.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outcome) = known().get(&key) {
            return Arc::clone(outcome);
        }
        let outcome = Arc::new(compute());
        let mut known = known();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key, Arc::clone(&outcome));
        outcome
    }
}

impl<A: Algorithm> World<A> {
    /// Lets a process take a step. Nothing of the state changes yet.
    pub(super) fn outcome(
        &self,
        node: u32,
        given: Given<A>,
        choices: Choices,
        memory: Option<&Memory<A>>,
    ) -> Arc<Outcome<A>> {
        match memory {
            None => Arc::new(self.compute(node, given, choices)),
            Some(memory) => {
                let key = self.key(node, &given, &choices);
                memory.outcome(key, || self.compute(node, given, choices))
            }
        }
    }

    /// All that an outcome depends on.
    fn key(&self, node: u32, given: &Given<A>, choices: &Choices) -> u64 {
        let given = match given {
            Given::Start => digest(0),
            Given::Restart => digest(1),
            Given::Command(command, request) => digest((2, command, request)),
            Given::Message(sent) => {
                let received = &sent.received;
                let ids = (received.id, received.sequence);
                digest((3, sent.from, &sent.message, ids))
            }
            Given::Timer(place) => digest((4, place)),
        };
        let process = self.processes[node as usize].key();
        digest((node, process, self.start, self.now, choices.given(), given))
    }

    fn compute(&self, node: u32, given: Given<A>, choices: Choices) -> Outcome<A> {
        let mut process = Process::clone(&self.processes[node as usize]);
        let asymmetry = self.asymmetry(node, &given, &choices);
        process.steps.choose(choices);
        let mut step = self.take(&mut process, given);
        let choices = process.steps.chosen().unwrap_or_default();
        process.taken += 1;
        if let Some(mut record) = step.record.take() {
            record.at_unix_nano = record.at_unix_nano.saturating_add(self.since());
            process.see(record);
        }
        let fault = step.fault.take().or(asymmetry);
        let (sent, outputs) = match fault {
            None => self.carry_out(node, step, &mut process),
            Some(_) => (Vec::new(), Vec::new()),
        };
        process.digests = self.fixed.identity.process(node, &process);
        Outcome {
            process: Arc::new(process),
            sent,
            outputs,
            fault,
            choices,
        }
    }

    /// Lets the process take the step.
    fn take(&self, process: &mut Process<A>, given: Given<A>) -> Step<A> {
        let (steps, directory) = (&mut process.steps, &self.fixed.directory);
        match given {
            Given::Start => steps.start(directory),
            Given::Restart => {
                process.is_down = false;
                steps.restart(directory)
            }
            Given::Command(command, request) => {
                let (record, at) = request.unzip();
                let mut step = steps.command(command, record, Context::new(), directory);
                if let (Some(at), Some(record)) = (at, &mut step.record) {
                    record.at_unix_nano = at;
                }
                step
            }
            Given::Message(sent) => {
                let (from, message) = (NodeId(sent.from), sent.message.clone());
                steps.message(from, message, &sent.received, directory)
            }
            Given::Timer(place) => {
                let timer = process.timers.keys().nth(place).cloned();
                let timer = timer.expect("it is there");
                let set_by = process.timers.remove(&timer).map(|timer| timer.set_by);
                steps.timer(timer, &set_by.expect("it is there"), directory)
            }
        }
    }

    /// Sets and cancels timers, and numbers the messages. Returns what concerns others.
    fn carry_out(&self, node: u32, step: Step<A>, process: &mut Process<A>) -> Others<A> {
        let mut ids = step.first_message..;
        let (mut all_sent, mut outputs) = (Vec::new(), Vec::new());
        for effect in step.effects {
            match effect {
                Effect::Send { to, message, .. } => {
                    let ids = [ids.next().unwrap_or_default(), process.next_sequence(to.0)];
                    let mut sent = Sent::new((node, to.0), message, ids, &step.context);
                    sent.digests = self.fixed.identity.sent(&sent);
                    all_sent.push(Arc::new(sent));
                }
                Effect::SetTimer { timer, after } => {
                    let timing = Timer {
                        set_by: step.context.clone(),
                        after,
                        due: self.now.saturating_add(after),
                        set_at: process.taken,
                    };
                    process.timers.insert(timer, timing);
                }
                Effect::CancelTimer { timer } => {
                    process.timers.remove(&timer);
                }
                Effect::Persist => {}
                Effect::Output(output) => {
                    process.outputs = self.fixed.identity.outputs(&process.outputs, &output);
                    outputs.push(output);
                }
            }
        }
        (all_sent, outputs)
    }
}
