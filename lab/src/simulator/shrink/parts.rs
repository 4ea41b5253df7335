//! Parts of a run: fewer commands, and fewer steps.

use std::collections::BTreeSet;

use trace::history::History;

use super::{Case, Shrinker};
use crate::simulator::Scenario;
use crate::system::{self, System};

/// By how many seeds a run without some commands is tried. A guess.
const SEEDS: usize = 20;

/// The most commands of a run of which some are left out. A guess.
const COMMANDS: usize = 2_000;

/// How many lengths of a run are judged before its end is left out. A guess.
const LENGTHS: u64 = 32;

impl<S: System> Shrinker<'_, S> {
    /// Leaves out commands: one half of them, then quarters, down to single ones.
    pub(super) fn fewer_commands(&mut self, seeds: &[u64]) -> bool {
        let case = &self.smallest.case;
        let all = || (0_u32..).take(case.commands()).collect();
        let mut kept: BTreeSet<u32> = case.scenario.commands.clone().unwrap_or_else(all);
        if kept.is_empty() || kept.len() > COMMANDS || !self.has_parts() {
            return false;
        }
        // A property that is violated by the lack of commands says nothing of those left.
        let none = self.giving(&BTreeSet::new());
        if self.searcher.try_one(&none, self.smallest.seed) {
            return false;
        }
        let seeds = &seeds[..seeds.len().min(SEEDS)];
        let before = kept.len();
        let mut length = kept.len().div_ceil(2);
        loop {
            let parts: Vec<_> = kept.iter().copied().collect();
            for part in parts.chunks(length) {
                let fewer: BTreeSet<_> = kept
                    .iter()
                    .filter(|number| !part.contains(number))
                    .copied()
                    .collect();
                let case = self.giving(&fewer);
                if !fewer.is_empty() && self.accepts(case, seeds) {
                    kept = fewer;
                }
            }
            if length == 1 || self.searcher.is_over() {
                return kept.len() < before;
            }
            length = length.div_ceil(2);
        }
    }

    fn giving(&self, commands: &BTreeSet<u32>) -> Case<S> {
        let case = &self.smallest.case;
        case.within(Scenario {
            commands: Some(commands.clone()),
            ..case.scenario.clone()
        })
    }

    /// Ends the run earlier, where a part of it has the violation; then prefers schedules
    /// of fewer steps.
    pub(super) fn fewer_steps(&mut self, seeds: &[u64]) -> bool {
        let mut found = self.has_parts() && self.cut();
        let mut left = seeds;
        loop {
            let steps = self.smallest.steps;
            let case = match self.smallest.case.scenario.steps {
                Some(_) => self.ending_after(steps.saturating_sub(1)),
                None => self.smallest.case.clone(),
            };
            let Some(failed) = self.searcher.first(&case, left, steps) else {
                return found;
            };
            self.keep(case, failed);
            found = true;
            if self.has_parts == Some(true) {
                self.cut();
            }
            let place = left.iter().position(|seed| *seed == failed.seed);
            left = &left[place.map_or(left.len(), |place| place + 1)..];
        }
    }

    fn ending_after(&self, steps: u64) -> Case<S> {
        let case = &self.smallest.case;
        case.within(Scenario {
            steps: Some(steps),
            ..case.scenario.clone()
        })
    }

    /// Ends the run at the first step after which it has the violation.
    fn cut(&mut self) -> bool {
        let end = self.smallest.steps;
        // Without the violation, and with it.
        let [mut without, mut with] = [0, end];
        while without + 1 < with {
            let middle = without + (with - without) / 2;
            match self.fails_within(middle) {
                true => with = middle,
                false => without = middle,
            }
        }
        if with == end || self.searcher.is_over() {
            return false;
        }
        self.smallest.case = self.ending_after(with);
        self.smallest.steps = with;
        true
    }

    fn fails_within(&mut self, steps: u64) -> bool {
        let case = self.ending_after(steps);
        self.searcher.try_one(&case, self.smallest.seed)
    }

    /// Whether the violation is one of what happens, and not of what is missing: a run that
    /// is cut short still has it, and it begins once, at some step, and stays.
    fn has_parts(&mut self) -> bool {
        if let Some(known) = self.has_parts {
            return known;
        }
        let has = self.is_of_what_happens() && self.begins_once();
        if !self.searcher.is_over() {
            self.has_parts = Some(has);
        }
        has
    }

    fn is_of_what_happens(&self) -> bool {
        let Some((mut ran, _)) = self
            .searcher
            .judged(&self.smallest.case, self.smallest.seed)
        else {
            return false;
        };
        ran.recorded = History {
            unfinished: Some("a part of the run".to_owned()),
            ..ran.recorded
        };
        let judgement = system::judge(self.smallest.case.system(), &ran.recorded);
        self.searcher.violation.is_in(&ran, &judgement)
    }

    fn begins_once(&mut self) -> bool {
        let end = self.smallest.steps;
        let apart = (end / LENGTHS).max(1);
        let mut has_begun = false;
        for steps in (0..end).step_by(usize::try_from(apart).unwrap_or(usize::MAX)) {
            let fails = self.fails_within(steps);
            let is_first = steps == 0;
            if self.searcher.is_over() || (fails && is_first) || (has_begun && !fails) {
                return false;
            }
            has_begun |= fails;
        }
        true
    }
}
