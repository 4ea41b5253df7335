//! The results of a trial: its counts, its findings, and its text.

use std::time::Duration;

use serde::Serialize;
use trace::history::History;
use trace::store::Store;

use super::{Bad, Limit, Scenario, Shortened, Trial, Tried};
use crate::narrative::{in_steps, narrative};
use crate::planned::Faults;
use crate::planned::Strike;
use crate::shell;
use crate::simulator::shrink::Failure;
use crate::simulator::{Frequency, RandomFaults};
use crate::stats::{per_second, show};
use crate::system::{self, Coverage, Results, System};
use crate::values;
use crate::verdict::Findings;

/// What the simulator counted, in `results` of `run.json`. Schedules are named by
/// their seeds.
#[derive(Debug, Serialize)]
pub struct Counted {
    /// How many were tried.
    pub schedules: u64,
    /// Steps of processes in all of them.
    pub steps: u64,
    /// The first one.
    pub first_schedule: u64,
    /// The first one in which something is wrong.
    pub failed_schedule: Option<u64>,
    /// The first one that met a limit.
    pub endless_schedule: Option<u64>,
    /// The one whose spans are recorded.
    pub recorded_schedule: u64,
    /// How a failure was made smaller, which is then recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shrunk: Option<Shortened>,
    /// The command that runs the recorded schedule alone, if it is not right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again: Option<String>,
    /// What was checked in all of them.
    pub coverage: Coverage,
    /// What came of the planned faults.
    pub faults: Faults,
    /// Messages that were lost at random.
    pub lost_at_random: u64,
    /// Messages that came twice at random.
    pub doubled_at_random: u64,
    /// How often processes left by churn, before the ends of their schedules.
    pub left_by_churn: u64,
    /// Outages of links, before the ends of their schedules.
    pub outages: u64,
    /// Crashes at random times, before the ends of their schedules.
    pub crashes_at_random: u64,
    /// Partitions at random times, before the ends of their schedules.
    pub partitions_at_random: u64,
    /// What came of the faults at random times in the recorded schedule.
    pub faults_at_random: Faults,
    /// The time of the recorded schedule, in its own seconds.
    #[serde(serialize_with = "values::seconds")]
    pub simulated_seconds: Duration,
    /// The longest path of messages in it: each was sent after the one before was received.
    pub message_delays: u64,
    /// The first schedule that is wrong, a line for each step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub narrative: Vec<String>,
    /// Why the record of the run cannot be trusted.
    #[serde(skip)]
    pub(super) untrusted: Option<String>,
    /// How long the longest schedule took.
    #[serde(skip)]
    longest: Duration,
}

impl<S: System> Trial<S> {
    /// The results of what was tried, and recorded in `store`, so far. `command` is the
    /// command line of the run, and `seed` that of its choices.
    pub fn results(&self, store: &Store, command: &[String], seed: u64) -> Results<Counted> {
        let tried = self.tried.get();
        let unfinished = match tried.map(|tried| &tried.ran) {
            Some(Some(ran)) => ran.unfinished(),
            Some(None) => Some("the schedule was not recorded to its end".into()),
            None => Some("the run was interrupted".into()),
        };
        let kept = tried.and_then(|_| self.tally().kept.clone());
        let of_spans;
        let history = match &kept {
            Some(ran) => &ran.recorded,
            None => {
                of_spans = History {
                    unfinished,
                    ..History::read(store)
                };
                &of_spans
            }
        };
        let system = tried
            .and_then(Tried::smallest)
            .map_or(&self.system, |smallest| smallest.case.system());
        let judgement = system::judge(system, history);
        let is_wrong = self.bad().is_some_and(|(_, bad)| bad.wrong);
        Results {
            engine: Counted {
                simulated_seconds: tried
                    .and_then(|tried| tried.ran.as_ref())
                    .map_or(Duration::ZERO, |ran| ran.took),
                message_delays: history.longest_path(),
                narrative: match is_wrong {
                    true => narrative(history, &judgement),
                    false => Vec::new(),
                },
                faults_at_random: tried.map_or_else(Faults::default, |tried| self.drawn(tried)),
                // The record of an interrupted trial may be incomplete.
                untrusted: tried.and_then(|_| history.missing()),
                again: self.again(command, seed),
                ..self.counted()
            },
            judgement,
        }
    }

    /// The command that runs the schedule alone that is not right.
    fn again(&self, command: &[String], seed: u64) -> Option<String> {
        let (schedule, _) = self.bad()?;
        let shrunk = self.tried.get().and_then(|tried| tried.shrunk.as_ref());
        Some(match shrunk {
            Some((shrunk, _)) => self.again_smallest(command, seed, shrunk),
            None => shell::again(command, seed, schedule),
        })
    }

    /// What is wrong, or not known, by the results.
    pub fn findings(&self, results: &Results<Counted>) -> Findings {
        let Results { judgement, engine } = results;
        let tried = self.tried.get();
        let mut findings = Findings {
            untrusted: engine.untrusted.iter().cloned().collect(),
            ..Findings::default()
        };
        if let (Some((seed, bad)), Some(command)) = (self.bad(), &engine.again) {
            if bad.wrong {
                let smallest = tried.and_then(Tried::smallest);
                let shrunk = smallest.map(|smallest| {
                    let (schedule, peers) = (smallest.seed, smallest.case.peers());
                    format!(", shrunk to schedule {schedule} of {peers} peers")
                });
                let shrunk = shrunk.unwrap_or_default();
                let fails = format!("schedule {seed} fails{shrunk}; again: {command}");
                findings.violations.push(fails);
                let panicked = bad.panicked.as_ref();
                let panicked = panicked.map(|said| format!("code of the system panicked: {said}"));
                findings.violations.extend(panicked);
                let ran = tried.and_then(|tried| tried.ran.as_ref());
                let fault = ran.and_then(|ran| ran.fault.as_ref());
                findings.violations.extend(fault.map(ToString::to_string));
                findings.violations.extend(judgement.violated());
            }
            if let Some(limit) = bad.limit {
                let endless =
                    format!("schedule {seed} did not end within {limit}; again: {command}");
                // Virtual time is a property of the network; events and memory
                // are limited for the sake of the machine.
                match limit {
                    Limit::Time(_) => findings.violations.push(endless),
                    Limit::Events(_) | Limit::Memory(_) => findings.unknown.push(endless),
                }
            }
        }
        if tried.is_some() {
            findings.unknown.extend(engine.faults.never());
            // A trial that ends early may not have come to them.
            if self.bad().is_none() {
                findings.unknown.extend(engine.none_drawn(&self.scenario));
            }
            findings.unknown.extend(engine.coverage.unknown());
        }
        findings
    }

    /// The results as text, in lines.
    pub fn text(&self, results: &Results<Counted>) -> String {
        let Results { judgement, engine } = results;
        let tried = self.tried.get();
        let (schedules, steps) = (engine.schedules, engine.steps);
        let of = match tried {
            Some(tried) => format!(" ({} a second, judged)", per_second(steps, tried.took)),
            None => format!(
                " of {} schedules that ended before the interruption",
                self.count
            ),
        };
        format!(
            "schedules         {schedules}, {steps} steps{of}\n{}{}{}schedule {}, {}{}:\n{}{}{}",
            engine.network(&self.scenario),
            engine.coverage.text("schedules"),
            engine
                .shrunk
                .as_ref()
                .map_or(String::new(), Shortened::text),
            engine.recorded_schedule,
            match self.is_recorded {
                true => "which is recorded",
                false => "whose results follow",
            },
            match tried {
                Some(_) => format!(
                    ", takes {} of simulated time; its longest chain of messages has {}",
                    show(engine.simulated_seconds),
                    engine.message_delays
                ),
                None => String::new(),
            },
            engine.faults_at_random.text(),
            judgement.text(),
            in_steps(&engine.narrative)
        )
    }

    /// What came of the faults that the recorded schedule has drawn.
    fn drawn(&self, tried: &Tried<S>) -> Faults {
        let Some(ran) = &tried.ran else {
            return Faults::default();
        };
        let (drawn, took) = (&ran.drawn, ran.took);
        let smallest = tried.smallest();
        let scenario = smallest.map_or(&self.scenario, |smallest| &smallest.case.scenario);
        let strikes = ran.strikes.of_drawn(scenario, drawn, took);
        let planned = drawn.events().into_iter().map(|event| event.planned());
        // Those after its end were never to happen.
        let (planned, strikes): (Vec<_>, Vec<_>) = planned
            .zip(strikes)
            .filter(|(_, strike)| *strike != Strike::Never)
            .unzip();
        let mut faults = Faults::new(planned);
        faults.add(took, |place| strikes[place]);
        faults
    }

    /// What came of the schedules so far.
    fn counted(&self) -> Counted {
        let bad = self.bad();
        let of = |is: fn(&Bad) -> bool| {
            let bad = bad.as_ref().filter(|(_, bad)| is(bad));
            bad.map(|(seed, _)| *seed)
        };
        let (wrong, endless) = (of(|bad| bad.wrong), of(|bad| bad.limit.is_some()));
        let tried = self.tried.get();
        let smallest = tried.and_then(Tried::smallest);
        let recorded = smallest.map_or_else(|| self.seed(self.place()), |smallest| smallest.seed);
        let shrunk = tried.and_then(|tried| tried.shrunk.as_ref());
        let tally = self.tally();
        Counted {
            schedules: tally.tried,
            steps: tally.steps,
            first_schedule: self.first,
            failed_schedule: wrong,
            endless_schedule: endless,
            recorded_schedule: recorded,
            shrunk: shrunk.map(|(_, shortened)| shortened.clone()),
            again: None,
            coverage: tally.coverage.clone(),
            faults: tally.faults.clone(),
            lost_at_random: tally.lost,
            doubled_at_random: tally.doubled,
            left_by_churn: tally.left,
            outages: tally.out,
            crashes_at_random: tally.crashed,
            partitions_at_random: tally.parted,
            faults_at_random: Faults::default(),
            simulated_seconds: Duration::ZERO,
            message_delays: 0,
            narrative: Vec::new(),
            untrusted: None,
            longest: tally.longest,
        }
    }
}

impl<S> Tried<S> {
    /// The failure that is recorded, if it is smaller than the one that was found.
    fn smallest(&self) -> Option<&Failure<S>> {
        let (shrunk, _) = self.shrunk.as_ref()?;
        shrunk.is_smaller.then_some(&shrunk.smallest)
    }
}

impl Counted {
    /// What the network of that scenario did, a line each.
    fn network(&self, scenario: &Scenario) -> String {
        let Scenario {
            loss, duplication, ..
        } = *scenario;
        let rates = [
            ("lost", loss, self.lost_at_random, "loss"),
            (
                "doubled",
                duplication,
                self.doubled_at_random,
                "duplication",
            ),
        ];
        let rates = rates.iter().filter(|(_, rate, ..)| *rate > 0.0);
        let rates = rates.map(|(name, rate, count, of)| match count {
            0 => format!("{name:<17} no message: {of} {rate} struck none\n"),
            _ => format!("{name:<17} {count} messages ({of} {rate})\n"),
        });
        let drawn = self.kinds(scenario).into_iter();
        let drawn = drawn.filter(|(_, frequency, _)| !frequency.is_never());
        let drawn = drawn.map(|(name, frequency, count)| {
            let until = show(scenario.random.until);
            format!("{name:<17} {count} at random ({frequency} until {until})\n")
        });
        let churn = match scenario.churn.is_none() {
            true => String::new(),
            false => format!(
                "churn             processes left {} times\n",
                self.left_by_churn
            ),
        };
        let outages = match scenario.outages.is_none() {
            true => String::new(),
            false => format!("outages           links went out {} times\n", self.outages),
        };
        rates.chain(drawn).collect::<String>() + &churn + &outages + &self.faults.text()
    }

    /// The kinds of faults at random times: how often they were to happen, and did.
    fn kinds(&self, scenario: &Scenario) -> [(&'static str, Frequency, u64); 2] {
        let RandomFaults {
            crash, partition, ..
        } = scenario.random;
        [
            ("crashes", crash, self.crashes_at_random),
            ("partitions", partition, self.partitions_at_random),
        ]
    }

    /// The kinds of which none happened in any schedule, a line each.
    fn none_drawn(&self, scenario: &Scenario) -> Vec<String> {
        let kinds = self.kinds(scenario).into_iter();
        let none = kinds.filter(|(_, frequency, count)| {
            self.schedules > 0 && !frequency.is_never() && *count == 0
        });
        let none = none.map(|(name, frequency, _)| {
            format!(
                "no {name} at random ({frequency}) in {} schedules, of which the longest ended \
                 after {}; take more --seeds, or a shorter --faults-until",
                self.schedules,
                show(self.longest)
            )
        });
        let left = scenario.churn.is_none() || self.left_by_churn > 0 || self.schedules == 0;
        let never = (!left).then(|| {
            format!(
                "no process left by churn in {} schedules, of which the longest ended after {}; \
                 take more --seeds, or shorter sessions",
                self.schedules,
                show(self.longest)
            )
        });
        let out = scenario.outages.is_none() || self.outages > 0 || self.schedules == 0;
        let never_out = (!out).then(|| {
            format!(
                "no link went out in {} schedules, of which the longest ended after {}; take more \
                 --seeds, or a shorter --outages-every",
                self.schedules,
                show(self.longest)
            )
        });
        none.chain(never).chain(never_out).collect()
    }
}
