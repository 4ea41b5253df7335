//! What the commands do.

mod collector;
mod described;
mod doctor;
mod export;
mod grade;
mod graph;
mod judge;
mod lessons;
mod metrics;
mod nat;
mod new;
mod output;
mod source;
pub(crate) mod sweep;
pub(crate) mod systems;
mod threads;
mod view;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use algorithms::NodeId;
use clap::CommandFactory as _;
use futures::future::BoxFuture;
use lab::stats::thousands;
use node::export::Exporter;
use node::stderr::note;
use node::{PeerId, interrupt};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::block_in_place;
use tokio_util::task::TaskTracker;
use trace::recorder::StoreRecorder;
use trace::store::Store;
use trace::telemetry::{Export, Sink};

use crate::cli::Error;
use crate::cli::gossip::Protocol;
use crate::cli::registry::System;
use crate::cli::{Cli, Command, Common, Measure};
use crate::control::control;
use crate::experiment::erased::{Erased, Measured};
use crate::experiment::{self, Experiment, Findings, RunContext};
use crate::host::{self, Watch, outgrows};
use crate::progress::Progress;
use crate::run::{Folder, Record, RunOptions, Status, Time, Verdict};
use crate::viewer;
use crate::virtual_time::{self, Livelock};
use metrics::Served;
use view::Page;

/// Executes the command. Returns the exit status.
///
/// # Errors
/// [`Error`]: nothing was run, or the run could not be saved.
pub async fn run(cli: Cli) -> Result<ExitCode, Error> {
    match cli.command {
        Command::Ping(args) => measure(&cli.common, &args).await,
        Command::System(System::Gossip(args)) if args.protocol == Protocol::Gossipsub => {
            measure(&cli.common, &args).await
        }
        Command::Interop(args) => measure(&cli.common, &args).await,
        Command::Kad(args) => measure(&cli.common, &args).await,
        Command::Nat(args) => nat::run(&cli.common, &args).await,
        Command::Graph(args) => graph::run(&cli.common, &args),
        Command::Latency(args) => measure(&cli.common, &args).await,
        Command::Program(args) => measure(&cli.common, &*args).await,
        Command::Grade(args) => grade::run(&cli.common, &args).await,
        Command::Sweep(args) => sweep::run(&cli.common, &args).await,
        Command::System(asked) => systems::live(&cli.common, &asked).await,
        Command::Simulate(args) => systems::simulate(&cli.common, &args).await,
        Command::Check(args) => systems::check(&cli.common, &args).await,
        Command::Doctor(args) => doctor::examine(&cli.common, &args).await,
        Command::List => {
            output::print(&lessons::list(cli.common.format.try_into()?))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Explain { algorithm } => {
            output::print(&lessons::explain(
                &algorithm,
                cli.common.format.try_into()?,
            )?)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Judge(args) => judge::saved(&cli.common, &args),
        Command::New(args) => new::new(&args),
        Command::Export(args) => export::export(&cli.common, &args),
        Command::View(args) => view::saved(&cli.common, &args).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "testbed", &mut script);
            output::print(&String::from_utf8_lossy(&script))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Runs a command on a runtime of its own, as a task on the same worker threads as
/// the peers.
///
/// # Errors
/// Those of the command, and [`Error::Threads`] where the process cannot start the
/// threads that it needs.
pub fn block_on(
    command: impl Future<Output = Result<ExitCode, Error>> + Send + 'static,
) -> Result<ExitCode, Error> {
    let threads = threads::probe();
    let runtime = threads.and_then(|()| Runtime::new());
    let runtime = runtime.map_err(Error::Threads)?;
    runtime.block_on(async {
        // The panic handler has reported a panic already.
        let ended = tokio::spawn(command).await;
        ended.unwrap_or(Ok(ExitCode::from(1)))
    })
}

/// The exit status of a program whose command has ended.
pub fn exit(ended: Result<ExitCode, Error>) -> ExitCode {
    match ended {
        Ok(code) => code,
        Err(error) => {
            note(format_args!("error: {error}"));
            error.exit_code()
        }
    }
}

/// Runs the experiment of a command.
async fn measure(common: &Common, args: &impl Measure) -> Result<ExitCode, Error> {
    let (experiment, options) = args.checked(common)?;
    measured(experiment, &options).await
}

/// An experiment that runs.
type Running<'a> = BoxFuture<'a, Result<(), experiment::Error>>;

/// How a run came to its end.
enum Ended {
    Itself(Result<(), experiment::Error>),
    Interrupted,
    /// It exceeded its memory limit; so many bytes were in use.
    Outgrown(u64),
    /// No virtual time passed any more.
    Livelock(Livelock),
}

/// Runs an experiment.
async fn measured(experiment: impl Experiment, options: &RunOptions) -> Result<ExitCode, Error> {
    run_erased(&mut Measured::new(experiment), options).await
}

/// Runs an experiment from the folder to the verdict.
async fn run_erased(experiment: &mut dyn Erased, options: &RunOptions) -> Result<ExitCode, Error> {
    let interrupt = interrupt::watch().map_err(Error::Signals)?;
    crate::sweep::obey(&interrupt);
    collector::warn(options);
    let began = Instant::now();
    let store = Arc::new(Store::new());
    let exporter = options.otlp.clone().map(Exporter::start).transpose();
    let exporter = exporter?;
    let mut record = Record::new(options, experiment.describe());
    let (fault_sender, mut fault_requests) = control();
    let page = match options.view {
        Some(address) => Some(Page::open(address, &store, &record, fault_sender).await?),
        None => None,
    };
    let listener = metrics::listen(options).await?;
    let folder = Folder::create(&options.out, &mut record)?;
    let mut rows = folder.results()?;
    if let Some(page) = &page {
        page.saved_in(&folder, &record);
        page.announce(options);
    }
    let sink = Sink::new(
        Some(Arc::new(StoreRecorder::start(store.clone()))),
        exporter.map(|exporter| Arc::new(exporter) as Arc<dyn Export>),
    );
    let tasks = TaskTracker::new();
    let host = Watch::start(options.bounds);
    let served =
        listener.map(|listener| Served::start(listener, experiment, &record, &sink, &host));
    let context = RunContext {
        host: &host,
        options,
        record: &mut record,
        folder: Some(&folder),
        rows: &mut rows,
        sink: &sink,
        metrics: served.as_ref().map(Served::metrics),
        tasks: &tasks,
        progress: &Progress::new(options.quiet),
        fault_requests: &mut fault_requests,
    };
    let most = match experiment.bounds_memory() {
        true => u64::MAX,
        false => options.limits.memory_most(),
    };
    let signal = interrupt.clone();
    let stop = async move {
        tokio::select! {
            () = signal.cancelled() => Ended::Interrupted,
            memory = outgrows(most) => Ended::Outgrown(memory),
        }
    };
    let ended = match options.time {
        Time::Wall => until(stop, experiment.run(context)).await,
        Time::Virtual => in_virtual_time(stop, experiment.run(context), options.seed, &tasks)?,
    };
    drop(fault_requests);
    // The network is gone; its last steps end.
    tasks.close();
    tasks.wait().await;
    record.spans.export_error = collector::end(&sink, options).await;
    record.spans.count(sink.counts());
    record.spans.without_parent = store.orphan_count();
    record.seconds = Some(began.elapsed().as_secs_f64());
    record.cpu_seconds = host::cpu_seconds();
    record.host_use = Some(host.summary());
    let findings = experiment.end(&mut record, &store);
    record.verdict = verdict(findings, &record, ended);
    let columns = experiment.save(&mut rows);
    let rows = columns.and_then(|columns| rows.finish(&columns));
    let rows = rows.map_err(Error::from);
    let rows = rows.and_then(|()| Ok(tell_apart(&mut record, &folder)?));
    let tables = experiment.save_tables(&folder).map_err(Error::from);
    let spans = folder.save_spans(&store);
    if spans.is_err() {
        record.spans.lose();
    }
    let host = folder.save_host(&host).map_err(Error::from);
    let files = spans.map_err(Error::from).and(rows).and(tables).and(host);
    if let Err(error) = files {
        record.verdict.fail(error.to_string());
    }
    if let Some(served) = &served {
        served.ended(&record);
    }
    let saved = folder.save(&record);
    let report = match record.spans.stored > 0 {
        true => report(&folder, &record, &store),
        false => None,
    };
    let rendered = experiment.render();
    let printed = output::result(&rendered, options, &record, &folder, report.as_deref());
    if let Some(page) = page {
        page.stay(&record, &interrupt).await?;
    }
    saved?;
    printed?;
    Ok(record.verdict.status.into())
}

/// Runs an experiment until it ends, or has to.
async fn until(stop: impl Future<Output = Ended>, run: Running<'_>) -> Ended {
    tokio::select! {
        biased;
        result = run => Ended::Itself(result),
        ended = stop => ended,
    }
}

/// The same on a clock of its own. What may stop the run, and what watches it, stay on this
/// one. No task of the run is left when it returns.
fn in_virtual_time(
    stop: impl Future<Output = Ended> + Send + 'static,
    run: Running<'_>,
    seed: u64,
    tasks: &TaskTracker,
) -> Result<Ended, Error> {
    let stop = tokio::spawn(stop);
    let abort = stop.abort_handle();
    let work = move |livelock: oneshot::Receiver<Livelock>| async move {
        let stopped = async {
            tokio::select! {
                biased;
                ended = stop => ended.unwrap_or(Ended::Interrupted),
                Ok(livelock) = livelock => Ended::Livelock(livelock),
            }
        };
        let ended = until(stopped, run).await;
        // In a livelock they would go on for ever.
        if !matches!(ended, Ended::Livelock(_)) {
            tasks.close();
            tasks.wait().await;
        }
        ended
    };
    let ended = block_in_place(|| virtual_time::block_on(seed, work));
    abort.abort();
    ended.map_err(Error::Threads)
}

/// Saves the report. A run whose report cannot be saved is still valid.
fn report(folder: &Folder, record: &Record, store: &Store) -> Option<PathBuf> {
    let saved = viewer::report::save(folder, &record.to_json(), store);
    let warn = |error| note(format_args!("warning: there is no report.html: {error}"));
    saved.map_err(warn).ok()
}

/// Summarizes measurements during which the process was paused separately from the
/// rest.
fn tell_apart(record: &mut Record, folder: &Folder) -> Result<(), crate::run::Error> {
    if let Some(host) = record
        .host_use
        .as_mut()
        .filter(|_| record.time == Time::Wall)
    {
        host.apart = folder.apart(&host.pauses)?;
    }
    Ok(())
}

/// Why the host, not the network, determined the measurements: never in virtual time. Where
/// nothing was measured, a pause still explains operations that did not end in time.
fn against_the_host(record: &Record, findings: &Findings) -> Vec<String> {
    let Some(host) = record
        .host_use
        .as_ref()
        .filter(|_| record.time == Time::Wall)
    else {
        return Vec::new();
    };
    let saturated = host.saturated.as_ref().map(ToString::to_string);
    let matters = host.timed || !findings.incomplete.is_empty();
    let still = host.stood_still().filter(|_| matters);
    saturated.into_iter().chain(still).collect()
}

/// Who took the most turns in a livelock.
fn busiest(livelock: &Livelock, record: &Record) -> String {
    let name = |busy: PeerId| {
        let id = |peer| PeerId::from(node::keys::from_seed(record.seed, peer).public());
        let peer = (0..record.peers).find(|peer| id(*peer) == busy);
        peer.map_or_else(|| busy.to_string(), |peer| NodeId(peer).to_string())
    };
    let shown = livelock.busy.iter().take(3);
    let shown: Vec<_> = shown
        .map(|(peer, turns)| format!("{} with {} turns", name(*peer), thousands(*turns)))
        .collect();
    match shown.is_empty() {
        true => "no task of a peer took a turn in the last half second".into(),
        false => format!("the busiest in the last half second: {}", shown.join(", ")),
    }
}

/// The verdict on a run, from its judge's findings and how it ended.
fn verdict(mut findings: Findings, record: &Record, ended: Ended) -> Verdict {
    if record.spans.lost > 0 {
        let reason = format!("{} spans were lost", record.spans.lost);
        findings.untrusted.push(reason);
    }
    if findings.is_wrong() {
        findings.untrusted.extend(record.membership.doubt());
    }
    match ended {
        Ended::Itself(Ok(())) => {
            let host = against_the_host(record, &findings);
            findings.verdict(host)
        }
        Ended::Itself(Err(error)) => Verdict {
            status: Status::Fail,
            reasons: vec![error.to_string()],
        },
        Ended::Interrupted => findings.cut_short("interrupted".into()),
        Ended::Livelock(livelock) => findings.cut_short(format!(
            "ended early: for {:.0?} no virtual time passed, while some of {} tasks woke each \
             other without end; {}",
            livelock.lasted,
            livelock.tasks,
            busiest(&livelock, record)
        )),
        Ended::Outgrown(memory) => findings.cut_short(format!(
            "ended early: the run took {} MiB of memory, and {} MiB were free when it began; \
             ask for a shorter run, or a lower rate",
            memory >> 20,
            record.limits.memory_available >> 20
        )),
    }
}
