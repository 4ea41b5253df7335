//! One process of a simulation.

use std::collections::BTreeMap;

use algorithms::Algorithm;
use trace::steps::Processes;
use trace::steps::{Step, StepRecord, Steps};

#[derive(Debug)]
pub(super) struct Process<A: Algorithm> {
    pub(super) steps: Steps<A>,
    pub(super) records: Vec<StepRecord>,
    /// The running timers, each with its latest setting.
    timers: BTreeMap<A::Timer, u64>,
}

impl<A: Algorithm> Process<A> {
    pub(super) fn new(steps: Steps<A>) -> Self {
        Self {
            steps,
            records: Vec::new(),
            timers: BTreeMap::new(),
        }
    }

    pub(super) fn set_timer(&mut self, timer: A::Timer, setting: u64) {
        self.timers.insert(timer, setting);
    }

    pub(super) fn cancel_timer(&mut self, timer: &A::Timer) {
        self.timers.remove(timer);
    }

    /// Whether this is the latest setting of a running timer. The timer then no
    /// longer runs.
    pub(super) fn runs_out(&mut self, timer: &A::Timer, setting: u64) -> bool {
        let counts = self.timers.get(timer) == Some(&setting);
        if counts {
            self.timers.remove(timer);
        }
        counts
    }

    /// Restarts after a crash that took its memory.
    pub(super) fn restart(&mut self, directory: &Processes) -> Step<A> {
        self.timers.clear();
        self.steps.restart(directory)
    }
}
