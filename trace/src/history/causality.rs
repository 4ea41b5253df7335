//! The causal order of steps: vector clocks, computed from a recorded run.
//!
//! F. Mattern, "Virtual Time and Global States of Distributed Systems", 1989;
//! C. Fidge, "Timestamps in Message-Passing Systems That Preserve the Partial
//! Ordering", 1988. The messages carry no clocks.

use std::collections::HashMap;
use std::sync::Arc;

use super::History;

/// A step of a run: its process, and its index among the steps of that process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepIndex {
    /// The process, by its place in the order of the names.
    pub process: usize,
    /// The step, from 0.
    pub step: usize,
}

/// The order of cause and effect among the steps of a run.
#[derive(Clone, Debug)]
pub struct Causality {
    names: HashMap<Arc<str>, usize>,
    /// For each step of each process, how many steps of every process are in
    /// its past, itself included.
    clocks: Vec<Vec<Box<[u32]>>>,
}

impl Causality {
    /// Computes the clocks. A receipt whose sending was not recorded has only its own
    /// process's past.
    pub fn new(history: &History) -> Self {
        let names: HashMap<_, _> = (0..)
            .zip(history.processes.keys())
            .map(|(index, name)| (Arc::clone(name), index))
            .collect();
        let sent: HashMap<_, _> = history
            .sends()
            .map(|(by, step, _, message)| {
                let process = names[by];
                ((process, message.id), StepIndex { process, step })
            })
            .collect();
        let cause = |process: usize, step: usize| {
            let steps = history.processes.values().nth(process)?;
            let received = steps.get(step)?.received.as_ref()?;
            let from = names.get(&received.from)?;
            sent.get(&(*from, received.message.id)).copied()
        };
        let causes: Vec<Vec<Option<StepIndex>>> = history
            .processes
            .values()
            .enumerate()
            .map(|(process, steps)| (0..steps.len()).map(|at| cause(process, at)).collect())
            .collect();
        let clocks = clocks(&causes);
        Self { names, clocks }
    }

    /// The step of a process that has this name.
    pub fn index(&self, process: &str, step: usize) -> Option<StepIndex> {
        let process = *self.names.get(process)?;
        Some(StepIndex { process, step })
    }

    /// How many steps of every process are in the past of `at`, itself
    /// included: its vector clock.
    pub fn clock(&self, at: StepIndex) -> &[u32] {
        &self.clocks[at.process][at.step]
    }

    /// Whether `a` is `b`, or happened before it.
    pub fn precedes(&self, a: StepIndex, b: StepIndex) -> bool {
        self.clock(b)[a.process] as usize > a.step
    }
}

/// Advances each process until it waits for a sender's clock, repeatedly. A cycle,
/// which only a forged record has, is cut: such causes are ignored.
pub fn clocks(causes: &[Vec<Option<StepIndex>>]) -> Vec<Vec<Box<[u32]>>> {
    let count = causes.len();
    let mut clocks: Vec<Vec<Box<[u32]>>> = causes
        .iter()
        .map(|steps| Vec::with_capacity(steps.len()))
        .collect();
    let mut ignore_causes = false;
    loop {
        let mut advanced = false;
        for process in 0..count {
            while let Some(cause) = causes[process].get(clocks[process].len()) {
                let at = clocks[process].len();
                let mut clock = match clocks[process].last() {
                    Some(last) => last.clone(),
                    None => vec![0; count].into(),
                };
                match cause.map(|cause| clocks[cause.process].get(cause.step)) {
                    Some(Some(past)) => {
                        for (own, past) in clock.iter_mut().zip(past) {
                            *own = (*own).max(*past);
                        }
                    }
                    Some(None) if !ignore_causes => break,
                    Some(None) | None => {}
                }
                ignore_causes = false;
                clock[process] = at as u32 + 1;
                clocks[process].push(clock);
                advanced = true;
            }
        }
        let done = clocks
            .iter()
            .zip(causes)
            .all(|(c, steps)| c.len() == steps.len());
        if done {
            return clocks;
        }
        ignore_causes = !advanced;
    }
}
