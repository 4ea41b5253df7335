//! A system over real peers: its operations are started, traced, and waited
//! for, and its judge reads the spans.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use algorithms::NodeId;
use node::driver::Report;
use opentelemetry::Context;
use opentelemetry::trace::{TraceContextExt as _, Tracer as _};
use serde_json::json;
use tokio::time::{Instant, sleep_until};

use super::{Bench, Experiment};
use crate::Error;
use crate::history::History;
use crate::network::{Builder, Links, Network};
use crate::run::Record;
use crate::store::Store;
use crate::system::{Judgement, System};

/// How many losses are told one by one.
const TOLD: usize = 5;

/// A system over real peers.
#[derive(Debug)]
pub struct Live<S> {
    /// What runs.
    pub system: S,
    /// What happens to messages, besides what the machine does.
    pub links: Links,
    /// Who stops, and when.
    pub kill: Vec<Kill>,
    /// How long to wait for the end.
    pub timeout: Duration,
    judgement: Mutex<Judgement>,
    progress: Mutex<Progress>,
}

/// A peer that is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kill {
    /// Which.
    pub node: u32,
    /// When, after the start.
    pub at: Duration,
}

/// How far a run came.
#[derive(Debug, Default)]
struct Progress {
    ended: u64,
    late: bool,
    lost: u64,
    losses: Vec<String>,
}

/// What is to be done at some time.
enum Due<C> {
    Command(NodeId, C, &'static str),
    Kill(u32),
}

impl<S: System> Live<S> {
    /// A system, with what happens to it.
    pub fn new(system: S, links: Links, kill: Vec<Kill>, timeout: Duration) -> Self {
        Self {
            system,
            links,
            kill,
            timeout,
            judgement: Mutex::default(),
            progress: Mutex::default(),
        }
    }

    async fn go_on(
        &self,
        network: &mut Network<S::Algorithm>,
        bench: &Bench<'_>,
    ) -> Result<(), Error> {
        let start = Instant::now();
        let mut due = self.due();
        let mut operations = BTreeMap::<NodeId, VecDeque<Context>>::new();
        let bar = bench.progress.bar("operations", self.system.endings());
        let mut killed = Vec::new();
        while lock(&self.progress).ended < self.system.endings() {
            let next = due.front().map(|(at, _)| start + *at);
            tokio::select! {
                () = sleep_until(next.unwrap_or(start)), if next.is_some() => {
                    match due.pop_front().expect("it is due").1 {
                        Due::Command(node, command, operation) => {
                            if killed.contains(&node.0) {
                                continue;
                            }
                            let tracer = &network.tracers[usize::from(node)];
                            let span = tracer.start_with_context(operation, &Context::new());
                            let context = Context::new().with_span(span);
                            operations.entry(node).or_default().push_back(context.clone());
                            let driver = network.drivers.iter().find(|driver| driver.id() == node);
                            let driver = driver.expect("it was not stopped");
                            let given = driver.command(command, context).await;
                            given.map_err(|e| Error::Failed(e.to_string()))?;
                        }
                        Due::Kill(node) => {
                            killed.push(node);
                            network.drivers.retain(|driver| driver.id() != NodeId(node));
                        }
                    }
                }
                report = network.reports.recv() => match report {
                    Some(report) => {
                        if let Some(node) = self.hear(report, &killed) {
                            bar.step();
                            let operation = operations.get_mut(&node).and_then(VecDeque::pop_front);
                            operation.inspect(|context| context.span().end());
                        }
                    }
                    None => return Err(Error::Failed("the network has stopped".into())),
                },
                () = sleep_until(start + self.timeout) => {
                    lock(&self.progress).late = true;
                    break;
                }
            }
        }
        Ok(())
    }

    /// What is to be done, in the order of time.
    fn due(
        &self,
    ) -> VecDeque<(
        Duration,
        Due<<S::Algorithm as algorithms::Algorithm>::Command>,
    )> {
        let commands = self.system.commands().into_iter();
        let commands = commands.map(|asked| {
            let due = Due::Command(asked.node, asked.command, asked.operation);
            (asked.at, due)
        });
        let kills = self.kill.iter().map(|kill| (kill.at, Due::Kill(kill.node)));
        let mut due: Vec<_> = commands.chain(kills).collect();
        due.sort_by_key(|(at, _)| *at);
        due.into()
    }

    /// Notes what a process says. Returns it if an operation of its ends.
    fn hear(&self, report: Report<S::Algorithm>, killed: &[u32]) -> Option<NodeId> {
        let mut progress = lock(&self.progress);
        match report {
            Report::Output { node, output, .. } if self.system.ends(node, &output) => {
                progress.ended += 1;
                Some(node)
            }
            Report::Lost {
                node,
                to,
                kind,
                reason,
            } if !killed.contains(&to.0) && !killed.contains(&node.0) => {
                progress.lost += 1;
                if progress.losses.len() < TOLD {
                    let loss = format!("{kind} from {node} to {to} was lost: {reason}");
                    progress.losses.push(loss);
                }
                None
            }
            Report::Output { .. } | Report::Lost { .. } | Report::HungUp { .. } => None,
        }
    }
}

impl<S: System> Experiment for Live<S> {
    async fn run(&self, bench: Bench<'_>) -> Result<(), Error> {
        let builder = Builder {
            options: bench.options,
            outsider: None,
            sink: bench.sink,
            tasks: bench.tasks,
            progress: bench.progress,
            links: Some(&self.links),
        };
        let build = builder.build(bench.record, |id| self.system.process(id));
        let mut network = build.await?;
        let began = Instant::now();
        let result = self.go_on(&mut network, &bench).await;
        bench.record.phase("Run", began.elapsed());
        result
    }

    fn judge(&self, record: &mut Record, store: &Store) -> Vec<String> {
        let judgement = self.system.judge(&History::read(store));
        let progress = lock(&self.progress);
        let mut wrong: Vec<_> = judgement.violated().into_iter().collect();
        if progress.late {
            wrong.push(format!(
                "{} of {} operations ended within {:?}",
                progress.ended,
                self.system.endings(),
                self.timeout
            ));
        }
        if progress.lost > 0 {
            wrong.push(format!(
                "{} messages were lost: {}",
                progress.lost,
                progress.losses.join("; ")
            ));
        }
        record.results = json!({
            "ended": progress.ended,
            "expected": self.system.endings(),
            "lost": progress.lost,
            "properties": judgement.properties,
            "figures": judgement.figures,
            "told": judgement.told,
        });
        *lock(&self.judgement) = judgement;
        wrong
    }

    fn tell(&self, _: &Record) -> String {
        lock(&self.judgement).text()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
