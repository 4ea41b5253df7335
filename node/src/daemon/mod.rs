//! One peer on its own, as the `testbed-node` program runs it.

mod algorithm;
mod asking;
mod beside;
mod cli;
mod commands;
mod console;
mod counts;
mod error;
mod gossip;
mod hubs;
mod known;
mod lines;
mod neighbours;
mod node;
mod race;
mod reports;
mod spans;
mod start;
mod via;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use prometheus_client::registry::Registry;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use cli::Cli;

use asking::Asking;
use console::Console;
use counts::{HubCounts, Races};
use error::Error;
use hubs::Hubs;
use lines::Output;
use node::Node;
use spans::Spans;

use trace::telemetry::{Export, Sink};

use crate::database::Database;
use crate::export::{Exporter, Target};
use crate::gossip::Watch;
use crate::metrics::{self, Metrics, SpanMetrics};
use crate::reach::Sessions;
use crate::{Handle, address, logs, stderr};

/// The name of the program. `testbed` is that program as well where this is its first word.
pub const NAME: &str = "testbed-node";

/// How long an address that others may reach is waited for. A guess: the system tells of all
/// of them at once.
const ADDRESSES: Duration = Duration::from_secs(1);

/// How long a router may take to forget the ports that it maps. A guess: it takes some
/// milliseconds, and its lease of an hour ends by itself.
const UNMAPPING: Duration = Duration::from_millis(500);

/// The program, from its command line to its exit status. It is not generic, so
/// that a binary that calls it compiles in a second.
pub fn main() -> ExitCode {
    main_with(std::env::args_os())
}

/// The same with that command line, the program's name included.
pub fn main_with(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = Cli::parse_from(args);
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
    let sessions = cli.hub.then(Arc::<Sessions>::default);
    let counts = sessions.as_deref().map(HubCounts::new);
    let races = Races::new();
    let database = known::open(&cli).await?;
    let add = |all: &mut Registry| {
        all.register_collector(Box::new(SpanMetrics(Arc::clone(&sink))));
        if let Some(counts) = &counts {
            counts.register(all);
        }
        if !cli.via.is_empty() {
            races.register(all);
        }
        if let Some(database) = &database {
            database.counts().register(all);
        }
    };
    let metrics = serve_metrics(&cli, add, &stop).await?;
    let tasks = TaskTracker::new();
    let (watch, deliveries) = Watch::new(gossip::ROOM);
    let hubs = match cli.hub {
        true => Hubs::new("--beside", &cli.beside)?,
        false => Hubs::new("--via", &cli.via)?,
    };
    let (heard, neighbours) = mpsc::channel(neighbours::ROOM);
    let role = start::Role {
        mdns: cli.mdns.then_some(heard),
        hubs: hubs.clone(),
        sessions: sessions.clone(),
        counts,
        database: database.clone(),
    };
    let (driver, reports) =
        start::start(&cli, &sink, tracing, metrics, watch.clone(), &tasks, role)?;
    let output = cli.stdin.then(Output::start);
    let events = output.as_ref().map(|output| output.lines.clone());
    let handle = driver.handle().clone();
    let tracer = tracing.then(|| sink.tracer(&cli.name, &handle.peer_id().to_string()));
    let node = Node {
        asking: Arc::new(Asking::new(driver)),
        spans: Spans(tracer.clone()),
        hubs: hubs.seen_from(handle.peer_id()),
        races,
    };
    drop(handle);
    let mut aside = JoinSet::new();
    aside.spawn(gossip::report(watch, deliveries, events.clone()));
    let found = neighbours::follow(neighbours, node.handle().clone(), events.clone());
    aside.spawn(found);
    let (entering, mut entered) = watch::channel(None);
    let followed = reports::follow(reports, node.clone(), sessions, entering, events);
    aside.spawn(followed);
    let work = async {
        neighbours::warn_unfound(&cli);
        listen(&cli, node.handle()).await?;
        if cli.hub {
            aside.spawn(beside::stay(node.clone()));
        }
        if !cli.via.is_empty() {
            if cli.listen.iter().any(address::is_everywhere) {
                // Where there is loopback alone, none comes.
                let _ = timeout(ADDRESSES, node.handle().wait_reachable()).await;
            }
            let hub = via::register(&node, &mut entered).await?;
            aside.spawn(via::stay(node.clone(), entered, hub));
        }
        if let Some(database) = &database {
            aside.spawn(known::stay(node.handle().clone(), database.clone()));
        }
        dial(&cli, node.handle(), database.as_ref()).await?;
        match &output {
            Some(output) => {
                let console = Console {
                    tracer,
                    node: node.clone(),
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
    aside.shutdown().await;
    if node.handle().close().await > 0 {
        // libp2p does not say when the router has forgotten them.
        sleep(UNMAPPING).await;
    }
    drop(node);
    tasks.close();
    tasks.wait().await;
    if let Some(database) = database {
        database.close().await;
    }
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

/// Listens, and prints the full address of each listener, ready to be dialled.
async fn listen(cli: &Cli, handle: &Handle) -> Result<(), Error> {
    for wanted in &cli.listen {
        let heard = handle.listen(wanted.clone()).await?;
        let full = heard.with_p2p(handle.peer_id());
        let full = full.expect("a listener's address names no peer");
        // A closed standard output does not stop a peer.
        let _ = writeln!(std::io::stdout(), "listening on {full}");
    }
    Ok(())
}

/// Dials those that it has to. A node that knows others does without one that is not there.
async fn dial(cli: &Cli, handle: &Handle, database: Option<&Database>) -> Result<(), Error> {
    for address in &cli.dial {
        if address::transport(address).is_none() {
            return Err(Error::Address(address.clone()));
        }
        match (handle.dial(address.clone()).await, database) {
            (Ok(peer), _) => drop(writeln!(std::io::stdout(), "connected to {peer}")),
            (Err(error), Some(database)) if known::has_others(handle, database).await => {
                stderr::note(format_args!(
                    "warning: --dial: {error}; the node goes on with the peers of --database"
                ));
            }
            (Err(error), _) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn serve_metrics(
    cli: &Cli,
    add: impl FnOnce(&mut Registry),
    stop: &CancellationToken,
) -> Result<Option<Arc<Metrics>>, Error> {
    let Some(address) = cli.metrics else {
        return Ok(None);
    };
    let listener = metrics::bind(address).await?;
    if let Ok(address) = listener.local_addr() {
        let _ = writeln!(std::io::stdout(), "metrics at http://{address}/metrics");
    }
    let metrics = Arc::new(Metrics::new(add));
    let served = metrics::serve(
        listener,
        Arc::clone(&metrics),
        stop.clone().cancelled_owned(),
    );
    tokio::spawn(served);
    Ok(Some(metrics))
}
