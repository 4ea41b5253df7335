//! A system over real peers: its operations are started, traced, and waited
//! for, and its judge reads the spans.

mod clock;
mod companion;
mod fault_requests;
mod overload;
mod session;
#[cfg(test)]
mod tests;

use csv::StringRecord;
use std::time::Duration;
use tokio::time::Instant;

use lab::planned::Faults;
use lab::simulator::Scenario;
use lab::stats::nanos;
use lab::system::clients::Clients;
use lab::system::{self, Results, System};
use serde::Serialize;
use trace::LABORATORY;
use trace::history::History;
use trace::store::Store;

pub use companion::Companion;

use super::planned::{Drawn, Plan};
use super::{Experiment, Findings, RunContext, intervals};
use crate::experiment::Error;
use crate::network::{Builder, Links, Speaks};
use crate::rows::{self, Rows, judgement_columns, save_judgement};
use crate::run::{self, Folder, Record};
use overload::Punctuality;
use session::{Progress, Session};

/// A system over real peers.
pub struct Live<S: System> {
    description: run::Experiment,
    system: S,
    /// What goes on beside it.
    companion: Option<Box<dyn Companion<S::Algorithm>>>,
    links: Links,
    scenario: Scenario,
    /// What is planned, once the run has begun.
    plan: Option<Plan>,
    timeout: Duration,
    progress: Progress,
    /// How long the run took, once it is over.
    took: Option<Duration>,
    punctuality: Punctuality,
}

/// What a live run counts, in `results` of `run.json`.
#[derive(Debug, Serialize)]
pub struct Counted {
    /// The number of operations that ended, and the number expected.
    pub ended: u64,
    /// See [`ended`](Self::ended).
    pub expected: u64,
    /// Messages that did not arrive although neither of their peers was down after they
    /// were sent.
    pub lost: u64,
    /// The outcome of the planned faults.
    pub faults: Faults,
    /// The faults of churn and at random times.
    pub drawn_faults: Drawn,
    /// How late timers fired.
    pub late: Lateness,
    /// Why the record of the run cannot be trusted.
    #[serde(skip)]
    untrusted: Vec<String>,
}

/// How late timers fired.
#[derive(Debug, Serialize)]
pub struct Lateness {
    /// The number of timers.
    pub count: u64,
    /// The median.
    pub p50_ns: u64,
    /// The longest.
    pub max_ns: u64,
}

impl<S: System> Live<S> {
    /// A run of `system`. `description` is for `run.json`; `links` states what happens to
    /// messages besides what the machine does. Also takes the scenario, of which faults count
    /// alone, and the time limit.
    pub fn new(
        description: run::Experiment,
        system: S,
        links: Links,
        scenario: Scenario,
        timeout: Duration,
    ) -> Self {
        Self {
            description,
            system,
            companion: None,
            links,
            scenario,
            plan: None,
            timeout,
            progress: Progress::default(),
            took: None,
            punctuality: Punctuality::default(),
        }
    }
}

impl<S: System> Live<S> {
    /// The same with that beside it.
    #[must_use]
    pub fn beside(self, companion: Box<dyn Companion<S::Algorithm>>) -> Self {
        Self {
            companion: Some(companion),
            ..self
        }
    }

    fn drawn_faults(&self) -> Drawn {
        let plan = self.plan.as_ref();
        plan.map_or_else(Drawn::default, |plan| plan.drawn(&self.progress.struck))
    }

    /// The outcome of the planned faults.
    fn faults(&self, history: &History) -> Faults {
        let last = history.steps().map(|(.., step)| step.at_unix_nano).max();
        let plan = self.plan.as_ref();
        plan.map_or_else(Faults::default, |plan| {
            plan.faults(&self.progress.struck, self.took, last)
        })
    }
}

impl<S: System> Experiment for Live<S> {
    type Results = Results<Counted>;

    fn describe(&self) -> run::Experiment {
        self.description.clone()
    }

    async fn run(&mut self, context: RunContext<'_>) -> Result<(), Error> {
        system::check(&self.system, context.options.peers)?;
        let builder = Builder {
            links: Some(&self.links),
            ..context.builder(Speaks::Channels)
        };
        let build = builder.build(context.record, |id| self.system.process(id));
        let mut network = build.await?;
        if let Some(companion) = &mut self.companion {
            let began = Instant::now();
            companion.begin(&network.drivers).await?;
            context.record.phase("StartPrograms", began.elapsed());
        }
        let began = Instant::now();
        let requests = Clients::new(self.system.clients()).requests();
        let expected = self.system.endings() + requests;
        let bar = context.progress.bar("operations", expected);
        let laboratory = context
            .sink
            .tracer_among_others(LABORATORY, &context.record.instance());
        context
            .fault_requests
            .allow(fault_requests::allowed(&self.system));
        let (peers, seed) = (context.options.peers, context.options.seed);
        let end = system::last_command(&self.system);
        let plan = &*self
            .plan
            .insert(Plan::new(&self.scenario, peers, seed, end));
        let (system, progress) = (&self.system, &mut self.progress);
        let mut session = Session::new(system, progress, bar, laboratory, plan);
        session.companion = self.companion.as_deref_mut();
        let _measuring = self.system.measures().then(|| context.host.measuring());
        let result = session
            .run(&mut network, self.timeout, context.fault_requests)
            .await;
        // What goes on beside it ends with it.
        drop(session);
        self.companion = None;
        self.progress.is_over = result.is_ok();
        self.took = Some(began.elapsed());
        self.punctuality = Punctuality {
            late: network.lateness.now(),
            ran: began.elapsed(),
            bound: context.options.bounds.lag,
        };
        context.record.phase("Run", began.elapsed());
        result
    }

    fn results(&mut self, _: &mut Record, store: &Store) -> Results<Counted> {
        let history = History {
            unfinished: self.progress.unfinished(self.timeout),
            ..History::read_in_part(store, S::reads)
        };
        let late = &self.punctuality.late;
        Results {
            judgement: system::judge(&self.system, &history),
            engine: Counted {
                ended: self.progress.ended(),
                expected: self.progress.expected(&self.system),
                lost: self.progress.lost,
                faults: self.faults(&history),
                drawn_faults: self.drawn_faults(),
                late: Lateness {
                    count: late.count,
                    p50_ns: nanos(late.median),
                    max_ns: nanos(late.most),
                },
                untrusted: history
                    .missing()
                    .into_iter()
                    .chain(history.foreign())
                    .collect(),
            },
        }
    }

    fn judge(&self, results: &Results<Counted>, record: &Record) -> Findings {
        let Results { judgement, engine } = results;
        let Self {
            progress,
            punctuality,
            ..
        } = self;
        let never = engine.faults.never().into_iter();
        let never = never.chain(engine.drawn_faults.never());
        let mut findings = Findings {
            unknown: never.chain(judgement.unknown()).collect(),
            untrusted: engine.untrusted.clone(),
            ..Findings::from(Vec::from_iter(judgement.violated()))
        };
        let pauses = record.host_use.iter().flat_map(|host| &host.pauses);
        let paused: f64 = pauses.map(|pause| pause.seconds).sum();
        let paused = Duration::try_from_secs_f64(paused).unwrap_or_default();
        findings.overload.extend(punctuality.overload(paused));
        if progress.late {
            let may_be_lost = system::is_own::<S>() && self.system.gives_up_after().is_none();
            let way_out = match may_be_lost {
                true => " (if those that are missing may be lost, see System::gives_up_after)",
                false => "",
            };
            findings.incomplete.push(format!(
                "{} of {} operations ended within {:?}{way_out}",
                engine.ended, engine.expected, self.timeout
            ));
        }
        if engine.lost > 0 {
            findings.violations.push(format!(
                "{} messages were lost: {}",
                engine.lost,
                progress.losses.join("; ")
            ));
        }
        findings
    }

    fn save(&self, results: &Results<Counted>, rows: &mut Rows) -> Result<(), rows::Error> {
        save_judgement(&results.judgement, rows)
    }

    fn save_tables(&self, results: &Results<Counted>, folder: &Folder) -> Result<(), Error> {
        intervals::save(&results.judgement, folder)
    }

    fn columns(&self, results: &Results<Counted>) -> StringRecord {
        judgement_columns(&results.judgement)
    }

    fn render(&self, Results { judgement, engine }: &Results<Counted>) -> String {
        let late = self.punctuality.line().map(|line| line + "\n");
        let drawn = engine.drawn_faults.text();
        judgement.text() + &late.unwrap_or_default() + &engine.faults.text() + &drawn
    }
}
