//! What was measured, beside what theory says, and the verdict.

use std::time::Duration;

use lab::stats::show;
use serde_json::{Value, json};

use super::{Attempt, Cell, How, Plan, Run, Scene, table, theory};
use crate::run::{Status, Verdict};

/// How many reasons of the verdict are printed as text.
const REASONS: usize = 6;

/// What was measured in all cells.
#[derive(Debug)]
pub struct Report<'a> {
    plan: &'a Plan,
    cells: Vec<Measured>,
    interrupted: bool,
}

/// The attempts in one cell.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) cell: Cell,
    pub(super) expected: How,
    runs: Vec<Run>,
}

impl Measured {
    /// How most attempts came out, and how many of them.
    pub(super) fn most(&self) -> Option<(How, usize)> {
        let all = [How::Direct, How::Reversed, How::Punched, How::Relayed];
        let counted = all.map(|how| (how, self.times(how).count()));
        // The first of those that came out as often.
        let most = counted
            .into_iter()
            .rev()
            .max_by_key(|(_, count)| *count)
            .expect("four of them");
        (most.1 > 0).then_some(most)
    }

    fn times(&self, how: How) -> impl Iterator<Item = f64> {
        self.runs.iter().filter_map(move |run| match &run.attempt {
            Attempt::Reached(reached) if reached.how == how => Some(reached.connect_seconds),
            _ => None,
        })
    }

    /// `punched 4/5 355 ms`
    pub(super) fn text(&self) -> String {
        let Some((how, count)) = self.most() else {
            return match self.runs.first().map(|run| &run.attempt) {
                None => "-".to_owned(),
                Some(Attempt::Verified) => "verified".to_owned(),
                Some(Attempt::Invalid { .. }) => "invalid".to_owned(),
                Some(Attempt::Unmeasured { .. }) => "unmeasured".to_owned(),
                Some(_) => "failed".to_owned(),
            };
        };
        let share = match count == self.runs.len() {
            true => String::new(),
            false => format!(" {count}/{}", self.runs.len()),
        };
        let time = median(self.times(how).collect()).unwrap_or_default();
        let time = Duration::try_from_secs_f64(time).unwrap_or_default();
        let mark = if how == self.expected { "" } else { " !" };
        format!("{how}{share} {}{mark}", show(time))
    }

    /// What contradicts theory.
    fn differences(&self) -> Vec<String> {
        let (cell, expected) = (self.cell, self.expected);
        let mut all: Vec<_> = self
            .runs
            .iter()
            .filter_map(|run| match &run.attempt {
                Attempt::Reached(reached) if reached.how == expected => None,
                Attempt::Reached(reached) => Some(format!("is {}", reached.how)),
                Attempt::Failed { error } => Some(format!("failed ({error})")),
                Attempt::Verified | Attempt::Invalid { .. } | Attempt::Unmeasured { .. } => None,
            })
            .map(|found| format!("{cell} {found}, and theory says {expected}"))
            .collect();
        all.sort();
        all.dedup();
        all
    }

    /// Why the cell, or one of its attempts, says nothing.
    fn gaps(&self, runs: u32) -> Vec<String> {
        let cell = self.cell;
        let mut all: Vec<_> = self
            .runs
            .iter()
            .filter_map(|run| match &run.attempt {
                Attempt::Invalid { error } => Some(format!("{cell} is invalid: {error}")),
                Attempt::Unmeasured { error } => Some(format!("{cell} was not measured: {error}")),
                Attempt::Reached(_) | Attempt::Failed { .. } | Attempt::Verified => None,
            })
            .collect();
        all.sort();
        all.dedup();
        if self.runs.len() < runs as usize {
            all.push(format!(
                "{cell} was measured {} of {runs} times",
                self.runs.len()
            ));
        }
        all
    }
}

impl<'a> Report<'a> {
    /// The report on these attempts.
    pub fn new(plan: &'a Plan, runs: &[Run], interrupted: bool) -> Self {
        let cells = plan.cells().into_iter().map(|cell| Measured {
            cell,
            expected: theory::expected(cell, plan.punching),
            runs: runs
                .iter()
                .filter(|run| run.cell == cell)
                .cloned()
                .collect(),
        });
        Self {
            plan,
            cells: cells.collect(),
            interrupted,
        }
    }

    /// Fails where a cell contradicts theory. Unknown where a cell says nothing.
    pub fn verdict(&self) -> Verdict {
        let wrong: Vec<_> = self.cells.iter().flat_map(Measured::differences).collect();
        let gaps = self.cells.iter().flat_map(|cell| cell.gaps(self.plan.runs));
        let mut unknown: Vec<_> = gaps.collect();
        if self.interrupted {
            unknown = vec!["interrupted".to_owned()];
        }
        let status = match (wrong.is_empty(), unknown.is_empty()) {
            (false, _) => Status::Fail,
            (true, false) => Status::Unknown,
            (true, true) => Status::Pass,
        };
        let reasons = wrong.into_iter().chain(unknown).collect();
        Verdict { status, reasons }
    }

    /// As text: a table for each transport.
    pub fn text(&self) -> String {
        let plan = self.plan;
        let mut text = heading(plan);
        for carrier in &plan.carriers {
            let cells = self
                .cells
                .iter()
                .filter(|cell| cell.cell.carrier == *carrier);
            let (pairs, others): (Vec<_>, Vec<_>) =
                cells.partition(|cell| matches!(cell.cell.scene, Scene::Pair { .. }));
            text.push_str(&table::render(*carrier, &plan.kinds, &pairs, &others));
        }
        text.push_str(&self.relayed_bytes());
        text.push_str(&format!(
            "verdict           {}\n",
            shortened(self.verdict())
        ));
        text
    }

    /// As JSON.
    pub fn json(&self) -> Value {
        let plan = self.plan;
        let cells: Vec<_> = self
            .cells
            .iter()
            .map(|measured| {
                let mut cell =
                    serde_json::to_value(measured.cell).expect("a cell has no other keys");
                cell["theory"] = json!(measured.expected);
                cell["runs"] = json!(measured.runs);
                cell
            })
            .collect();
        json!({
            "command": "nat",
            "seed": plan.seed,
            "runs": plan.runs,
            "rtt_seconds": plan.links.rtt.as_secs_f64(),
            "jitter_seconds": plan.links.jitter.as_secs_f64(),
            "loss": plan.links.loss,
            "punching": plan.punching,
            "programs": plan.programs,
            "cells": cells,
            "verdict": self.verdict(),
        })
    }

    /// What the hub received, by how the listener was reached.
    fn relayed_bytes(&self) -> String {
        let mut parts = Vec::new();
        for how in [How::Direct, How::Reversed, How::Punched, How::Relayed] {
            let runs = self.cells.iter().flat_map(|cell| &cell.runs);
            let of = runs.filter(|run| run.attempt.how() == Some(how));
            let bytes: Vec<_> = of.map(|run| run.relay_bytes as f64).collect();
            if let Some(bytes) = median(bytes) {
                parts.push(format!("{how} {:.1} kB", bytes / 1e3));
            }
        }
        match parts.is_empty() {
            true => String::new(),
            false => format!("hub received      {} (medians)\n", parts.join(", ")),
        }
    }
}

fn heading(plan: &Plan) -> String {
    let links = plan.links;
    let jitter = match links.jitter {
        Duration::ZERO => String::new(),
        jitter => format!(", jitter up to {}", show(jitter)),
    };
    let punching = if plan.punching {
        ""
    } else {
        ", without hole punching"
    };
    format!(
        "round trip {}{jitter}, loss {}, {} run{} a cell, seed {}{punching}\n{}",
        show(links.rtt),
        links.loss,
        plan.runs,
        if plan.runs == 1 { "" } else { "s" },
        plan.seed,
        programs(plan),
    )
}

/// Which program was on which side, if peers ran.
fn programs(plan: &Plan) -> String {
    match plan.verify {
        true => String::new(),
        false => format!("{}\n", plan.programs),
    }
}

/// With the first reasons alone.
fn shortened(mut verdict: Verdict) -> Verdict {
    let others = verdict.reasons.len().saturating_sub(REASONS);
    if others > 0 {
        verdict.reasons.truncate(REASONS);
        let more = format!("and {others} more, which --format json prints");
        verdict.reasons.push(more);
    }
    verdict
}

fn median(mut all: Vec<f64>) -> Option<f64> {
    all.sort_by(f64::total_cmp);
    all.get(all.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nat::{Carrier, Kind, Links, Programs, Reached};

    fn plan(runs: u32) -> Plan {
        Plan {
            kinds: vec![Kind::Cone],
            also: Vec::new(),
            carriers: vec![Carrier::Tcp],
            runs,
            links: Links {
                rtt: Duration::from_millis(40),
                jitter: Duration::ZERO,
                loss: 0.0,
            },
            parallel: 1,
            seed: 1,
            punching: true,
            verify: false,
            programs: Programs::default(),
            otlp: None,
        }
    }

    fn reached(how: How) -> Attempt {
        Attempt::Reached(Reached {
            how,
            connect_seconds: 0.355,
            relayed_seconds: None,
            seconds: 0.04,
            legs: Vec::new(),
        })
    }

    fn report(plan: &Plan, attempts: Vec<Attempt>) -> (String, Verdict) {
        let cell = plan.cells()[0];
        let runs: Vec<_> = attempts
            .into_iter()
            .map(|attempt| Run {
                cell,
                attempt,
                relay_bytes: 1000,
            })
            .collect();
        let report = Report::new(plan, &runs, false);
        (report.cells[0].text(), report.verdict())
    }

    #[test]
    fn verdict_compares_with_theory() {
        let error = || "why".to_owned();
        for (attempts, text, status) in [
            (vec![reached(How::Punched)], "punched 355 ms", Status::Pass),
            (
                vec![reached(How::Relayed)],
                "relayed 355 ms !",
                Status::Fail,
            ),
            (
                vec![Attempt::Failed { error: error() }],
                "failed",
                Status::Fail,
            ),
            (
                vec![Attempt::Invalid { error: error() }],
                "invalid",
                Status::Unknown,
            ),
            (
                vec![Attempt::Unmeasured { error: error() }],
                "unmeasured",
                Status::Unknown,
            ),
            (vec![Attempt::Verified], "verified", Status::Pass),
            (vec![], "-", Status::Unknown),
        ] {
            let (shown, verdict) = report(&plan(1), attempts);
            assert_eq!(
                (shown.as_str(), verdict.status),
                (text, status),
                "{verdict}"
            );
        }
    }

    #[test]
    fn one_attempt_that_differs_is_named() {
        let attempts = vec![
            reached(How::Punched),
            reached(How::Relayed),
            reached(How::Punched),
        ];
        let (shown, verdict) = report(&plan(3), attempts);
        assert_eq!(shown, "punched 2/3 355 ms");
        let reason = "tcp cone -> cone is relayed, and theory says punched";
        assert_eq!(verdict.reasons, [reason]);
    }
}
