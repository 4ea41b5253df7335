//! A system over real peers: its operations are started, traced, and waited
//! for, and its judge reads the spans.

mod clock;
mod fault_requests;
mod operations;
mod overload;
mod session;
#[cfg(test)]
mod tests;

use csv::StringRecord;
use std::time::{Duration, Instant};

use algorithms::NodeId;
use lab::planned::{Faults, Kill, Planned, Strike};
use lab::stats::nanos;
use lab::system::{self, Judgement, System};
use serde_json::json;
use trace::LABORATORY;
use trace::history::History;
use trace::store::Store;

use super::{Experiment, Findings, RunContext};
use crate::Error;
use crate::error::of_lab;
use crate::network::{Builder, Links, Speaks};
use crate::rows::{Rows, judgement_columns, save_judgement};
use crate::run::Record;
use overload::Punctuality;
use session::{Progress, Session};

/// A system over real peers.
#[derive(Debug)]
pub struct Live<S> {
    system: S,
    links: Links,
    kill: Vec<Kill>,
    timeout: Duration,
    progress: Progress,
    /// How long the run took, once it is over.
    took: Option<Duration>,
    faults: Faults,
    punctuality: Punctuality,
    judgement: Judgement,
}

impl<S: System> Live<S> {
    /// A system; what happens to its messages besides what the machine does;
    /// who stops, and when; and how long to wait for the end.
    pub fn new(system: S, links: Links, kill: Vec<Kill>, timeout: Duration) -> Self {
        Self {
            system,
            links,
            kill,
            timeout,
            progress: Progress::default(),
            took: None,
            faults: Faults::default(),
            punctuality: Punctuality::default(),
            judgement: Judgement::default(),
        }
    }
}

impl<S: System> Live<S> {
    /// What came of the planned kills.
    fn faults(&self, history: &History) -> Faults {
        let planned = self.kill.iter();
        let planned = planned.map(|kill| Planned::kill(kill.node, kill.at));
        let mut faults = Faults::new(planned.collect());
        let last = history.steps().map(|(.., step)| step.at_unix_nano).max();
        if let Some(took) = self.took {
            faults.add(took, |place| {
                let node = NodeId(self.kill[place].node);
                let at = history.stopped.get(node.to_string().as_str()).copied();
                match self.progress.kills.contains(&node) {
                    false => Strike::Never,
                    // No process took a step after it.
                    true if at > last => Strike::Late,
                    true => Strike::Happened,
                }
            });
        }
        faults
    }
}

impl<S: System> Experiment for Live<S> {
    async fn run(&mut self, bench: RunContext<'_>) -> Result<(), Error> {
        system::check(&self.system, bench.options.peers).map_err(of_lab)?;
        let builder = Builder {
            links: Some(&self.links),
            ..bench.builder(Speaks::Channels)
        };
        let build = builder.build(bench.record, |id| self.system.process(id));
        let mut network = build.await?;
        let began = Instant::now();
        let bar = bench.progress.bar("operations", self.system.endings());
        let laboratory = bench.sink.tracer_among_others(LABORATORY, &bench.record.id);
        bench.desk.allow(fault_requests::allowed(&self.system));
        let (system, progress) = (&self.system, &mut self.progress);
        let mut session = Session::new(system, progress, bar, laboratory, &self.kill);
        let _measuring = self.system.measures().then(|| bench.host.measuring());
        let result = session.run(&mut network, self.timeout, bench.desk).await;
        self.progress.is_over = result.is_ok();
        self.took = Some(began.elapsed());
        self.punctuality = Punctuality {
            late: network.lateness.now(),
            ran: began.elapsed(),
            bound: bench.options.bounds.lag,
        };
        bench.record.phase("Run", began.elapsed());
        result
    }

    fn judge(&mut self, record: &mut Record, store: &Store) -> Findings {
        if self.progress.crashed {
            self.system.expect_crash();
        }
        let history = History {
            unfinished: self.progress.unfinished(self.timeout),
            ..History::read(store)
        };
        self.judgement = system::judge(&self.system, &history);
        self.faults = self.faults(&history);
        let Self {
            progress,
            punctuality,
            judgement,
            ..
        } = self;
        let expected = self.system.endings();
        let mut findings = Findings {
            unknown: self
                .faults
                .never()
                .into_iter()
                .chain(judgement.unknown())
                .collect(),
            untrusted: history
                .missing()
                .into_iter()
                .chain(history.foreign())
                .collect(),
            ..Findings::from(Vec::from_iter(judgement.violated()))
        };
        let pauses = record.host_use.iter().flat_map(|host| &host.pauses);
        let paused: f64 = pauses.map(|pause| pause.seconds).sum();
        let paused = Duration::try_from_secs_f64(paused).unwrap_or_default();
        findings.overload.extend(punctuality.overload(paused));
        if progress.late {
            findings.incomplete.push(format!(
                "{} of {expected} operations ended within {:?}",
                progress.ended, self.timeout
            ));
        }
        if progress.lost > 0 {
            findings.violations.push(format!(
                "{} messages were lost: {}",
                progress.lost,
                progress.losses.join("; ")
            ));
        }
        record.results = judgement.results(json!({
            "ended": progress.ended,
            "expected": expected,
            "lost": progress.lost,
            "faults": self.faults.planned(),
            "late": {
                "count": punctuality.late.count,
                "p50_ns": nanos(punctuality.late.median),
                "max_ns": nanos(punctuality.late.most),
            },
        }));
        findings
    }

    fn save(&self, rows: &mut Rows) -> Result<(), Error> {
        save_judgement(&self.judgement, rows)
    }

    fn columns(&self) -> StringRecord {
        judgement_columns(&self.judgement)
    }

    fn render(&self, _: &Record) -> String {
        let late = self.punctuality.line().map(|line| line + "\n");
        self.judgement.text() + &late.unwrap_or_default() + &self.faults.text()
    }
}
