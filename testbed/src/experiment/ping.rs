//! `testbed ping`: PING from one peer to others, PONG back, and the time in
//! between.

mod destination;
mod over;
mod results;

use csv::StringRecord;
use std::time::Duration;
use trace::time;

use algorithms::NodeId;
use algorithms::ping_pong::PingPong;
use lab::system::System as _;
use lab::system::ping::{Ending, PeerPair, Pings};
use node::driver::Report;
use opentelemetry::trace::{SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use serde_json::json;
use tokio::time::{Instant, Interval, MissedTickBehavior, timeout};

pub use destination::Destination;
use over::PingProtocol;
use results::{Outcome, Row, Tally};
pub use results::{Results, Who};
use trace::store::Store;

use super::{Experiment, Findings, RunContext};
use crate::experiment::Error;
use crate::network::{Builder, ExternalPeer, Network, Speaks};
use crate::progress::Progress;
use crate::rows::Rows;
use crate::rows::columns;
use crate::run;
use crate::run::Record;

/// How long the other side may take to close its channel after this side closed it.
const HANG_UP: Duration = Duration::from_secs(5);

/// The options of the experiment, checked.
#[derive(Debug)]
pub struct Options {
    /// The pings. With an interval of zero, the next follows as soon as the answer
    /// arrives.
    pub pings: Pings,
    /// The peer of another process, if one is pinged.
    pub external: Option<ExternalPeer>,
}

/// The experiment.
#[derive(Debug)]
pub struct Ping {
    options: Options,
    /// The pings so far, once peers are connected.
    tally: Option<Tally>,
}

impl Ping {
    /// With these options.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            tally: None,
        }
    }
}

impl Options {
    async fn ping_all(
        &self,
        network: &mut Network<PingPong>,
        tally: &mut Tally,
        rows: &mut Rows,
        progress: &Progress,
    ) -> Result<(), Error> {
        let bar = progress.bar("pinging", self.pings.endings());
        let interval = self.pings.interval;
        let mut pace = (!interval.is_zero()).then(|| pace(interval));
        // A process counts its pings from 0.
        let mut given = vec![0; network.drivers.len()];
        for &pair in &self.pings.pairs {
            let mut is_open = false;
            let mut over = PingProtocol::Channel;
            for _ in 0..self.pings.count {
                if let Some(pace) = &mut pace {
                    pace.tick().await;
                }
                let id = given[pair.from as usize];
                given[pair.from as usize] += 1;
                let sent = time::now();
                let outcome = self.ping(network, pair, id, &mut over).await?;
                is_open = over == PingProtocol::Channel && !matches!(outcome, Outcome::Lost { .. });
                let row = Row::new(tally.next(), pair, sent, outcome);
                rows.save(&row)?;
                tally.add(row, |node| self.who(network, node));
                bar.step();
            }
            if is_open {
                let closed = hang_up(network, pair).await?;
                tally.hung_up(closed);
            }
            tally.went(over);
        }
        Ok(())
    }

    fn who(&self, network: &Network<PingPong>, node: u32) -> Who {
        let ours = network.drivers.get(node as usize);
        let ours = ours.map(|driver| driver.handle().peer_id());
        let external = || self.external.as_ref().map(|external| external.peer);
        Who {
            name: self.name(node),
            peer_id: ours.or_else(external).map(|id| id.to_string()),
        }
    }

    /// The name of a peer; for an external peer, its PeerId.
    fn name(&self, node: u32) -> String {
        match &self.external {
            // Its number follows those of the run's own peers.
            Some(external) if self.pings.pairs.iter().any(|pair| pair.to == node) => {
                external.peer.to_string()
            }
            _ => NodeId(node).to_string(),
        }
    }

    /// Sends one PING and waits for its outcome, as one trace.
    async fn ping(
        &self,
        network: &mut Network<PingPong>,
        pair: PeerPair,
        id: u64,
        over: &mut PingProtocol,
    ) -> Result<Outcome, Error> {
        let PeerPair { from, to } = pair;
        let tracer = &network.tracers[from as usize];
        let span = tracer
            .span_builder(format!("ping {}", self.name(to)))
            .with_kind(SpanKind::Client)
            .with_attributes([
                KeyValue::new("rpc.system.name", "libp2p"),
                KeyValue::new("rpc.method", "PING"),
                KeyValue::new("p2p.remote", self.name(to)),
            ])
            .start_with_context(tracer, &Context::new());
        let context = Context::new().with_span(span);
        let mut outcome = match *over {
            PingProtocol::Channel => self.ping_channel(network, pair, id, &context).await?,
            PingProtocol::Libp2p => self.ping_libp2p(network, from).await,
        };
        if let Some(external) = &self.external
            && over.is_lacking(&outcome, external.peer)
        {
            outcome = self.fall_back(network, from, over).await;
        }
        context
            .span()
            .set_attribute(KeyValue::new("network.protocol.name", over.protocol()));
        if let Some(reason) = outcome.loss() {
            context
                .span()
                .set_attribute(KeyValue::new("error.type", "lost"));
            context.span().set_status(Status::error(reason.to_owned()));
        }
        context.span().end();
        Ok(outcome)
    }

    /// Sends a PING over a channel; the processes send and answer it.
    async fn ping_channel(
        &self,
        network: &mut Network<PingPong>,
        pair: PeerPair,
        id: u64,
        context: &Context,
    ) -> Result<Outcome, Error> {
        let command = self.pings.command(pair.to);
        let began = Instant::now();
        let driver = &network.drivers[pair.from as usize];
        driver.command(command, None, context.clone()).await?;
        let names = |node: NodeId| self.name(node.0);
        Ok(outcome(network, pair, id, began, names).await)
    }
}

impl Experiment for Ping {
    /// `None` if the run ended before peers were connected.
    type Results = Option<Results>;

    fn describe(&self) -> run::Experiment {
        let Options { pings, external } = &self.options;
        let pair = match &pings.pairs[..] {
            [PeerPair { from, to }] => json!({ "from": from, "to": to }),
            all => json!({ "pairs": all.len() }),
        };
        let address = external.as_ref();
        run::Experiment {
            name: "ping".into(),
            options: json!({
                "pair": pair,
                "address": address.map(|external| external.address.to_string()),
                "count": pings.count,
                "size_bytes": pings.data.len(),
                "interval_seconds": pings.interval.as_secs_f64(),
                "timeout_seconds": pings.timeout.as_secs_f64(),
            }),
        }
    }

    async fn run(&mut self, context: RunContext<'_>) -> Result<(), Error> {
        let options = &self.options;
        let builder = Builder {
            external: options.external.as_ref(),
            ..context.builder(Speaks::Channels)
        };
        let mut network = builder
            .build(context.record, |id| options.pings.process(id))
            .await?;
        let began = Instant::now();
        let _timing = context.host.timing();
        let tally = self.tally.insert(Tally::new(options.pings.endings()));
        let pings = options.ping_all(&mut network, tally, context.rows, context.progress);
        let result = pings.await;
        context.record.phase("Ping", began.elapsed());
        result
    }

    fn results(&mut self, _: &mut Record, _: &Store) -> Self::Results {
        self.tally.take().map(Tally::results)
    }

    fn judge(&self, results: &Self::Results, _: &Record) -> Findings {
        match results {
            Some(results) => results.findings(),
            None => Findings {
                incomplete: vec!["no peer was pinged".into()],
                ..Findings::default()
            },
        }
    }

    fn columns(&self, _: &Self::Results) -> StringRecord {
        columns::<Row>()
    }

    fn render(&self, results: &Self::Results) -> String {
        results.as_ref().map(Results::text).unwrap_or_default()
    }
}

/// Waits for the outcome of the current ping. Reports that its process made before it
/// took the command belong to earlier pings.
async fn outcome(
    network: &mut Network<PingPong>,
    pair: PeerPair,
    ping: u64,
    began: Instant,
    name: impl Fn(NodeId) -> String,
) -> Outcome {
    let lost = |reason: &str| Outcome::Lost {
        reason: reason.to_owned(),
    };
    let (from, to) = (NodeId(pair.from), NodeId(pair.to));
    while let Some(report) = network.reports.recv().await {
        match report {
            Report::Output {
                node, output, at, ..
            } if node == from => match Pings::ending(&output) {
                Some((id, Ending::Answered)) if id == ping => {
                    return Outcome::Answered {
                        round_trip: at - began,
                    };
                }
                Some((id, Ending::TimedOut)) if id == ping => return Outcome::TimedOut,
                Some(_) | None => tracing::debug!(?output, "not of this ping"),
            },
            Report::Lost {
                node,
                commands,
                to: receiver,
                kind,
                reason,
                ..
            } if (node, receiver) == (from, to) && commands > ping
                || (node, receiver) == (to, from) =>
            {
                let node = name(node);
                return lost(&format!("{kind} from {node} was lost: {reason}"));
            }
            Report::HungUp {
                node,
                commands,
                from: other,
            } if (node, other) == (from, to) && commands > ping => {
                let to = name(to);
                return lost(&format!("{to} closed the channel before it answered"));
            }
            report => tracing::debug!(?report, "not of this ping"),
        }
    }
    lost("the network has stopped")
}

/// Closes the channel, and waits until the other side has closed its own.
async fn hang_up(
    network: &mut Network<PingPong>,
    PeerPair { from, to }: PeerPair,
) -> Result<bool, Error> {
    let driver = &network.drivers[from as usize];
    driver.hang_up(NodeId(to)).await?;
    let closed = async {
        while let Some(report) = network.reports.recv().await {
            match report {
                Report::HungUp {
                    node: NodeId(node),
                    from: NodeId(other),
                    ..
                } if (node, other) == (from, to) => {
                    return true;
                }
                report => tracing::debug!(?report, "while hanging up"),
            }
        }
        false
    };
    Ok(timeout(HANG_UP, closed).await.unwrap_or(false))
}

/// A timer that starts now. If an answer took longer than the interval, the next PING
/// follows at once.
fn pace(interval: Duration) -> Interval {
    let mut pace = tokio::time::interval(interval);
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    pace
}
