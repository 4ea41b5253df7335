//! An overlay whose nodes replace the links that serve least.

mod options;
mod series;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use algorithms::auth::Secret;
use algorithms::membership::{self, Membership};
use algorithms::overlay::{Command, Config, Output, Overlay};
use algorithms::{Algorithm, NodeId};
use trace::history::{History, Moment};

use super::membership::lines;
use super::routing::{mean_of, outages, terms};
use super::{Figure, Judgement, ScheduledCommand, System};
use crate::checkers::Property;
use crate::checkers::membership as admission;
use crate::checkers::overlay::{self, Findings, Terms, Times};
use crate::checkers::routing;
use crate::stats::{Measure, nanos, show};
pub use options::Options;

/// Nodes of an overlay. `A` is the type of the processes.
#[derive(Clone)]
pub struct Overlays<A> {
    /// With whom each process may open a link.
    pub neighbours: Vec<Vec<NodeId>>,
    /// What nodes choose.
    pub config: Arc<Config>,
    /// How many processes are behind a NAT, from the last one on.
    pub hidden: u32,
    /// When each process outputs what it has, which ends the run; `None` in a check, where a run
    /// ends when nothing is left to happen.
    pub duration: Option<Duration>,
    /// When all have to reach all; that is judged in runs with a duration.
    pub times: Times,
    /// Whether channels keep the order.
    pub fifo: bool,
    /// Whether links go out until the run ends.
    pub goes_out: bool,
    /// Who may have a link, and with which key the registry signs that; `None`: everybody.
    pub admission: Option<(Arc<membership::Config>, Secret)>,
    /// Whether one of the processes is an impostor.
    pub is_attacked: bool,
    /// The process of the type.
    pub process: Arc<dyn Fn(Overlay) -> A + Send + Sync>,
}

/// How long a run waits for a process that is down when it should output what it has. A guess.
const PATIENCE: Duration = Duration::from_secs(1);

/// The choices of a node behind a NAT. It uses up what other nodes accept, and accepts nothing.
fn hidden(config: &Config) -> Config {
    Config {
        hidden: true,
        links: config.links.div_ceil(2),
        accepted: 0,
        ..config.clone()
    }
}

impl<A> Overlays<A> {
    fn count(&self) -> u32 {
        self.neighbours.len() as u32
    }

    fn is_hidden(&self, id: NodeId) -> bool {
        id.0 >= self.count().saturating_sub(self.hidden)
    }

    fn terms(&self) -> Terms {
        Terms {
            own: self.config.links,
            accepted: self.config.accepted,
            hidden: (0..self.count())
                .map(NodeId)
                .filter(|id| self.is_hidden(*id))
                .map(|id| id.to_string())
                .collect(),
            drains: self.config.drain.is_some(),
            registry: self.config.registry.to_string(),
            times: self.duration.map(|_| self.times),
            routing: terms(
                &self.neighbours,
                &self.config.routing,
                self.fifo,
                self.goes_out,
                self.duration,
            ),
        }
    }

    /// What was found of certificates, if links need some.
    fn admitted(&self, history: &History) -> Option<admission::Findings> {
        let (config, _) = self.admission.as_ref()?;
        let remind = config.remind.filter(|_| self.duration.is_some());
        let terms = admission::Terms {
            registry: config.registry.to_string(),
            // Links come and go, and all reach all is required above.
            neighbours: BTreeMap::new(),
            is_attacked: self.is_attacked,
            goes_out: self.goes_out,
            times: remind.map(|remind| admission::Times {
                remind: nanos(remind),
                rest: self.times.rest,
                known: self.times.joined,
                epoch: config.epoch.map_or(u64::MAX, nanos),
            }),
        };
        Some(admission::check(history, &terms))
    }

    fn measures(&self, findings: &Findings) -> Vec<Measure> {
        let (reached, all) = findings.reached;
        let packets = &findings.packets;
        let lost = packets.sent.saturating_sub(packets.delivered);
        let share = mean_of((packets.sent, lost));
        let (bytes, took) = findings.overhead;
        let nodes = took.saturating_mul(self.count());
        vec![
            Measure::ratio(
                "mean distance",
                mean_of((reached, findings.distance)),
                reached,
            ),
            Measure::ratio("pairs connected", mean_of((all, reached)), all),
            Measure::numbers("hops", packets.hops, lost),
            Measure::times("packet delay", packets.took, lost),
            Measure::ratio("packets lost", share, packets.sent),
            Measure::total("links opened", findings.opened),
            Measure::rate("overhead bytes of a node", nodes, bytes, 0),
        ]
    }

    fn summary(&self, findings: &Findings) -> Vec<String> {
        let (reached, all) = findings.reached;
        let mean = match reached {
            0 => "none".to_owned(),
            _ => format!("{:.2}", mean_of((reached, findings.distance))),
        };
        let packets = &findings.packets;
        let listed = |counts: &std::collections::BTreeMap<String, u64>| {
            let texts: Vec<_> = counts.iter().map(|(why, n)| format!("{n} {why}")).collect();
            match texts.is_empty() {
                true => "none".to_owned(),
                false => texts.join(", "),
            }
        };
        let hops = packets.hops.as_ref();
        let hops = hops.map_or(String::new(), |hops| {
            format!(", over {} hops (p50), at most {}", hops.p50, hops.max)
        });
        let took = packets.took.as_ref();
        let took = took.map_or(String::new(), |took| {
            let [p50, max] = [took.p50, took.max].map(|nanos| show(Duration::from_nanos(nanos)));
            format!(", in {p50} (p50), {max} at most")
        });
        let mut lines = vec![
            format!(
                "pairs             {reached} of {all} have a route in the end, mean distance {mean}"
            ),
            format!(
                "links             {} opened; closed at an end: {}",
                findings.opened,
                listed(&findings.closed)
            ),
            format!(
                "packets           {} of {} arrived{hops}{took}",
                packets.delivered, packets.sent
            ),
            format!(
                "                  dropped: {}; {} lost with a link, or under way in the end",
                listed(&packets.dropped),
                packets.gone
            ),
        ];
        let (bytes, took) = findings.overhead;
        // A check has no times and no sizes.
        if bytes > 0 && !took.is_zero() {
            let rate = bytes as f64 / took.as_secs_f64() / f64::from(self.count());
            lines.push(format!(
                "overhead          {rate:.0} bytes a second that a node receives, beside packets"
            ));
        }
        lines
    }
}

impl<A: Algorithm<Command = Command, Output = Output>> System for Overlays<A> {
    type Algorithm = A;

    fn processes(&self) -> u32 {
        self.count()
    }

    fn process(&self, id: NodeId) -> A {
        let neighbours = self.neighbours.get(usize::from(id));
        let neighbours = neighbours.map_or(&[][..], Vec::as_slice);
        let config = match self.is_hidden(id) {
            true => Arc::new(hidden(&self.config)),
            false => Arc::clone(&self.config),
        };
        let overlay = Overlay::new(id, neighbours, config);
        (self.process)(match &self.admission {
            None => overlay,
            Some((config, secret)) => {
                let secret = (id == config.registry).then(|| secret.clone());
                let config = Arc::clone(config);
                overlay.with_membership(Membership::new(id, neighbours, secret, config))
            }
        })
    }

    fn commands(&self) -> Vec<ScheduledCommand<Command>> {
        let shows = self.duration.into_iter().flat_map(|at| {
            let nodes = (0..self.count()).map(NodeId);
            nodes.map(move |node| ScheduledCommand {
                at,
                node,
                command: Command::Show,
                operation: "show",
            })
        });
        shows.collect()
    }

    fn ends(&self, _: NodeId, output: &Output) -> bool {
        matches!(output, Output::Shown { .. })
    }

    /// In a check nothing is asked for, and so one ending is always missing.
    fn endings(&self) -> u64 {
        self.duration.map_or(1, |_| self.count().into())
    }

    fn endings_of(&self, _: NodeId) -> Option<u64> {
        Some(self.duration.is_some().into())
    }

    fn gives_up_after(&self) -> Option<Duration> {
        Some(PATIENCE)
    }

    fn lasts(&self, _: Duration) -> Duration {
        PATIENCE
    }

    fn counts_bytes(&self) -> bool {
        true
    }

    fn reads(kind: &str) -> bool {
        kind == "PACKET"
    }

    fn orders_causally(&self) -> bool {
        false
    }

    fn needs_fifo(&self) -> bool {
        true
    }

    fn survives_crashes(&self) -> bool {
        true
    }

    fn safe(&self, now: &Moment<'_>) -> Vec<Property> {
        routing::safe(now)
    }

    fn judge(&self, history: &History) -> Judgement {
        let findings = overlay::check(history, &self.terms());
        let outages = routing::outages(history);
        // In a check nothing is refreshed.
        let refresh = self.config.refresh;
        let used = outages.as_ref().map_or(&[][..], |outages| &outages.used);
        let intervals = refresh.map(|every| overlay::series(history, used, every));
        let intervals = intervals.unwrap_or_default();
        let mut summary = self.summary(&findings);
        summary.extend(outages::lines(outages.as_ref()));
        summary.extend(series::line(&intervals));
        let counted = |name, kind, formula| Figure::counted(history, name, kind, formula);
        let measures = self.measures(&findings);
        let mut properties = findings.properties;
        if let Some(found) = self.admitted(history) {
            summary.extend(lines(&found));
            properties.extend(found.properties);
        }
        Judgement {
            properties,
            measures: [measures, outages::measures(outages.as_ref())].concat(),
            summary,
            figures: vec![
                counted("opens", "OPEN", "one for each link that is asked for"),
                counted("drains", "DRAIN", "one for each link that is replaced"),
                counted("asks", "ASK", "while a node knows too few peers"),
                counted("hellos", "HELLO", "one each way of a link, each --hello"),
                counted("tables", "TABLE", "of new links, and each --update"),
                counted("updates", "UPDATE", "where a distance has changed"),
                counted("requests", "REQUEST", "where a node starves"),
            ],
            intervals,
            ..Judgement::default()
        }
    }
}
