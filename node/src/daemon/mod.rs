//! One peer on its own, as the `testbed-node` program runs it.

mod cli;
mod commands;
mod console;
mod error;
mod gossip;
mod lines;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use algorithms::NodeId;
use algorithms::ping_pong::PingPong;
use clap::Parser as _;
use libp2p::identity::Keypair;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use cli::Cli;

use console::Console;
use error::Error;
use lines::Output;

use trace::telemetry::{Export, Sink};

use crate::driver::{Directory, Driver, Process, Report};
use crate::export::{Exporter, Target};
use crate::gossip::Watch;
use crate::metrics::{self, Metrics, SpanMetrics};
use crate::{Config, Limits, Transport, address, keys, logs, start, stderr};

/// How many reports wait. They are only logged.
const REPORTS: usize = 64;

/// The program, from its command line to its exit status. It is not generic, so
/// that a binary that calls it compiles in a second.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    logs::start(cli.verbose);
    let runtime = Runtime::new().map_err(Error::System);
    match runtime.and_then(|runtime| runtime.block_on(run(cli))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            stderr::note(format_args!("error: {error}"));
            error.exit_code()
        }
    }
}

/// Runs a peer until it is stopped, or cannot continue.
///
/// # Errors
/// [`Error`]: the peer cannot start, listen, or reach a peer that it has to dial.
async fn run(cli: Cli) -> Result<(), Error> {
    let stop = crate::interrupt::watch().map_err(Error::System)?;
    let found = Target::find(cli.otlp.as_deref())?;
    for warning in found.warnings {
        // Logs of this level are off unless -v is given.
        stderr::note(format_args!("warning: {warning}"));
    }
    let exporter = found.target.map(Exporter::start).transpose()?;
    let tracing = exporter.is_some();
    let sink = Sink::new(
        None,
        exporter.map(|exporter| Arc::new(exporter) as Arc<dyn Export>),
    );
    let metrics = serve_metrics(&cli, &sink, &stop).await?;
    let tasks = TaskTracker::new();
    let (watch, deliveries) = Watch::new(gossip::ROOM);
    let driver = start_peer(&cli, &sink, tracing, metrics, watch.clone(), &tasks)?;
    let output = cli.stdin.then(Output::start);
    let events = output.as_ref().map(|output| output.lines.clone());
    let reporting = tokio::spawn(gossip::report(watch, deliveries, events));
    let work = async {
        listen(&cli, &driver).await?;
        dial(&cli, &driver).await?;
        match &output {
            Some(output) => {
                let handle = driver.handle().clone();
                let console = Console {
                    tracer: tracing.then(|| sink.tracer(&cli.name, &handle.peer_id().to_string())),
                    handle,
                    answers: output.lines.clone(),
                };
                console.run().await;
            }
            None => stop.cancelled().await,
        }
        Ok(())
    };
    let failed = tokio::select! {
        result = work => result.err(),
        () = stop.cancelled() => None,
    };
    stop.cancel();
    drop(driver);
    tasks.close();
    tasks.wait().await;
    reporting.abort();
    let _ = reporting.await;
    if let Some(output) = output {
        output.end().await;
    }
    if let Some(why) = sink.flush().await {
        tracing::warn!(
            "{} spans were not exported: {why}",
            sink.counts().not_exported
        );
    }
    failed.map_or(Ok(()), Err)
}

fn start_peer(
    cli: &Cli,
    sink: &Arc<Sink>,
    tracing: bool,
    metrics: Option<Arc<Metrics>>,
    watch: Watch,
    tasks: &TaskTracker,
) -> Result<Driver<PingPong>, Error> {
    let key = match (&cli.key, cli.seed) {
        (Some(path), _) => keys::from_file(path)?,
        (None, Some(seed)) => keys::of_daemon(seed),
        (None, None) => Keypair::generate_ed25519(),
    };
    let mut config = Config::new(key);
    config.transports = [Transport::Tcp, Transport::Quic].into();
    config.protocols = cli.protocols.iter().copied().collect();
    config.limits = Some(Limits {
        established_per_address: cli.per_address,
        ..Limits::default()
    });
    config.gossip.queue = cli.queue;
    config.watch = Some(watch);
    config.topics.clone_from(&cli.topic);
    config.metrics = metrics;
    let peer = start(config)?;
    let id = peer.handle.peer_id();
    let (reports, receiver) = mpsc::channel(REPORTS);
    tokio::spawn(log(receiver));
    let process = Process {
        algorithm: PingPong::default(),
        id: NodeId(0),
        directory: Directory::new(vec![id]),
        tracer: tracing.then(|| sink.tracer(&cli.name, &id.to_string())),
        links: None,
        seed: cli.seed.unwrap_or_else(rand::random),
        admission: None,
        lateness: Arc::default(),
        peer,
        tasks: tasks.clone(),
    };
    Ok(Driver::start(process, reports))
}

/// Listens, and prints the full address of each listener, ready to be dialled.
async fn listen(cli: &Cli, driver: &Driver<PingPong>) -> Result<(), Error> {
    for wanted in &cli.listen {
        let heard = driver.handle().listen(wanted.clone()).await?;
        let full = heard.with_p2p(driver.handle().peer_id());
        let full = full.expect("a listener's address names no peer");
        // A closed standard output does not stop a peer.
        let _ = writeln!(std::io::stdout(), "listening on {full}");
    }
    Ok(())
}

async fn dial(cli: &Cli, driver: &Driver<PingPong>) -> Result<(), Error> {
    for address in &cli.dial {
        if address::transport(address).is_none() {
            return Err(Error::Address(address.clone()));
        }
        let peer = driver.handle().dial(address.clone()).await?;
        let _ = writeln!(std::io::stdout(), "connected to {peer}");
    }
    Ok(())
}

async fn serve_metrics(
    cli: &Cli,
    sink: &Arc<Sink>,
    stop: &CancellationToken,
) -> Result<Option<Arc<Metrics>>, Error> {
    let Some(address) = cli.metrics else {
        return Ok(None);
    };
    let listener = metrics::bind(address).await?;
    if let Ok(address) = listener.local_addr() {
        let _ = writeln!(std::io::stdout(), "metrics at http://{address}/metrics");
    }
    let spans = SpanMetrics(Arc::clone(sink));
    let metrics = Arc::new(Metrics::new(|all| all.register_collector(Box::new(spans))));
    let served = metrics::serve(
        listener,
        Arc::clone(&metrics),
        stop.clone().cancelled_owned(),
    );
    tokio::spawn(served);
    Ok(Some(metrics))
}

async fn log(mut reports: mpsc::Receiver<Report<PingPong>>) {
    while let Some(report) = reports.recv().await {
        tracing::debug!(?report, "ping_pong");
    }
}
