//! The nearest schedule that passes: of those that were tried, the one that goes like the
//! failing one for the most steps.

use std::fmt;
use std::ops::ControlFlow;

use serde::Serialize;
use trace::history::History;

use super::{Case, Failure, Searcher, Shrinker};
use crate::delay::Delay;
use crate::narrative::handled;
use crate::simulator::{End, Scenario};
use crate::system::System;

/// How many schedules are compared at most. A guess.
const COMPARED: u64 = 200;

/// How many steps they have at most, all together. A guess.
const STEPS: u64 = 1_000_000;

/// A schedule that passes, beside one that fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Passing {
    /// Its seed.
    pub schedule: u64,
    /// Its scenario, as an inline table.
    pub scenario: String,
    /// How many of its first steps are those of the failing one.
    pub same_steps: usize,
    /// The first step of the failing one that differs, and what it handles.
    pub failing_step: Option<String>,
    /// The first of its own steps that differs.
    pub passing_step: Option<String>,
}

impl<S: System> Shrinker<'_, S> {
    /// The nearest schedule by `seeds` that passes, and what it runs: the same system in
    /// the same scenario. Where none passes, messages travel for `delay`, as they did when
    /// the failure was found; then it need only pass for as many steps as the failing one
    /// has.
    pub(super) fn nearest_passing(
        &mut self,
        delay: &Delay,
        seeds: &[u64],
    ) -> Option<(Passing, Case<S>)> {
        let Failure { case, seed, steps } = self.smallest.clone();
        let most = COMPARED.min(STEPS / steps.max(1)) as usize;
        let seeds = &seeds[..seeds.len().min(most)];
        let (failing, _) = self.searcher.judged(&case, seed)?;
        let failing = inputs(&failing.recorded);
        let to_the_end = Scenario {
            steps: None,
            ..case.scenario.clone()
        };
        let with_delay = Scenario {
            delay: delay.clone(),
            ..to_the_end.clone()
        };
        let mut scenarios = vec![to_the_end, with_delay, case.scenario.clone()];
        scenarios.dedup();
        scenarios.into_iter().find_map(|scenario| {
            let case = case.within(scenario);
            let passing = self.nearest(&failing, &case, seeds)?;
            Some((passing, case))
        })
    }

    fn nearest(&mut self, failing: &[String], case: &Case<S>, seeds: &[u64]) -> Option<Passing> {
        let mut nearest = None::<Passing>;
        for seed in seeds {
            self.searcher.tried += 1;
            let Some(inputs) = inputs_if_right(&self.searcher, case, *seed) else {
                continue;
            };
            let passing = Passing::beside(failing, &inputs, &case.scenario, *seed);
            let known = nearest.as_ref().map(|known| known.same_steps);
            if known.is_none_or(|known| known < passing.same_steps) {
                nearest = Some(passing);
            }
        }
        nearest
    }
}

impl Passing {
    /// A passing schedule whose steps handle these inputs.
    fn beside(failing: &[String], passing: &[String], scenario: &Scenario, schedule: u64) -> Self {
        let both = failing.iter().zip(passing);
        let same_steps = both.take_while(|(a, b)| a == b).count();
        Self {
            schedule,
            scenario: scenario.to_string(),
            same_steps,
            failing_step: failing.get(same_steps).cloned(),
            passing_step: passing.get(same_steps).cloned(),
        }
    }
}

/// The schedule, and the step at which it parts from the failing one, in three lines.
impl fmt::Display for Passing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (schedule, same) = (self.schedule, self.same_steps);
        let ended = || "nothing more happens".to_owned();
        let [passes, fails] =
            [&self.passing_step, &self.failing_step].map(|step| step.clone().unwrap_or_else(ended));
        write!(
            f,
            "schedule {schedule} of {}; the first {same} steps are the same (each start is one)\n\
             {:18}passes if {passes}\n\
             {:18}fails if  {fails}",
            self.scenario, "", ""
        )
    }
}

/// What each step handles, if the schedule passes.
fn inputs_if_right<S: System>(
    searcher: &Searcher<'_>,
    case: &Case<S>,
    seed: u64,
) -> Option<Vec<String>> {
    let (ran, judgement) = searcher.judged(case, seed)?;
    let has_ended = matches!(ran.end, End::Decided | End::Quiet | End::Cut(_));
    (has_ended && judgement.holds()).then(|| inputs(&ran.recorded))
}

/// What each step handles, cause before effect.
fn inputs(history: &History) -> Vec<String> {
    let mut inputs = Vec::new();
    history.for_each_moment(|_, process, step| {
        inputs.push(handled(process, step));
        ControlFlow::Continue(())
    });
    inputs
}
