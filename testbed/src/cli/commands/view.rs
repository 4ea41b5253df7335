//! The page: of a run that goes on, and of one that was saved.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use node::interrupt;
use node::stderr::note;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use trace::store::Store;

use super::output;
use super::source::Source;
use crate::cli::{Common, Error, Memory, Usage, View};
use crate::control::FaultSender;
use crate::run::RunOptions;
use crate::run::{Folder, Record};
use crate::viewer::{self, Runs, Takes, Viewer};

/// The page while it is served.
pub(super) struct Page {
    url: String,
    run: watch::Sender<Value>,
    runs: Arc<Runs>,
    closing: CancellationToken,
    server: JoinHandle<()>,
}

impl Page {
    /// Serves the spans in `store`, including those that are still to come.
    pub(super) async fn open(
        address: SocketAddr,
        store: &Arc<Store>,
        record: &Record,
        fault_sender: FaultSender,
    ) -> Result<Self, Error> {
        let (store, run) = (Arc::clone(store), record.to_json());
        Self::serve(("--view", address), store, run, Takes::Faults(fault_sender)).await
    }

    async fn serve(
        (option, address): (&'static str, SocketAddr),
        store: Arc<Store>,
        run: Value,
        takes: Takes,
    ) -> Result<Self, Error> {
        let listener = viewer::bind(address).await;
        let listener = listener.map_err(|source| Error::Page { option, source })?;
        let url = listener.url();
        if let Some(warning) = listener.warning() {
            note(warning);
        }
        let (sender, run) = watch::channel(run);
        let closing = CancellationToken::new();
        let runs = Arc::new(Runs::default());
        let viewer = Viewer {
            store,
            run,
            runs: Arc::clone(&runs),
            takes,
        };
        let closed = closing.clone().cancelled_owned();
        let server = tokio::spawn(viewer::serve(listener, viewer, closed));
        Ok(Self {
            url,
            run: sender,
            runs,
            closing,
            server,
        })
    }

    /// Sets where the run is saved, and under which name.
    pub(super) fn saved_in(&self, folder: &Folder, record: &Record) {
        self.runs.saved_in(folder.path());
        self.run.send_replace(record.to_json());
    }

    /// Prints the page's URL, on standard error: standard output is for the result.
    pub(super) fn announce(&self, options: &RunOptions) {
        if !options.quiet {
            note(format_args!("look at it: {} (until Ctrl-C)", self.url));
        }
    }

    /// Shows how the run ended, until the program is interrupted.
    pub(super) async fn stay(
        self,
        record: &Record,
        enough: &CancellationToken,
    ) -> Result<(), Error> {
        self.run.send_replace(record.to_json());
        self.until(enough).await
    }

    async fn until(self, enough: &CancellationToken) -> Result<(), Error> {
        let Self {
            run,
            closing,
            mut server,
            ..
        } = self;
        drop(run); // The page shows that the run has ended.
        let ended = tokio::select! {
            () = enough.cancelled() => {
                closing.cancel();
                server.await
            }
            ended = &mut server => ended,
        };
        ended.map_err(Error::Server)
    }
}

/// `testbed view`: a saved run, or a file.
pub(super) async fn saved(common: &Common, args: &View) -> Result<ExitCode, Error> {
    let interrupt = interrupt::watch().map_err(Error::Signals)?;
    match (args.collect, args.store_limit, &args.run) {
        (true, limit, None) => return collected(args.listen, limit, &interrupt).await,
        (true, _, Some(path)) => {
            let given = format!("--collect with {}", path.display());
            let reason = "it waits for new spans; leave out the one or the other";
            return Err(Usage::value(given, reason).into());
        }
        (false, Some(_), _) => {
            let reason = "is for --collect: spans of a run are never given up";
            return Err(Usage::option("--store-limit", reason).into());
        }
        (false, None, _) => {}
    }
    let source = Source::read(common, args.run.as_deref(), &interrupt).await?;
    let Some(source) = source else {
        return Ok(ExitCode::SUCCESS);
    };
    let store = Arc::new(source.store);
    let page = Page::serve(("--listen", args.listen), store, source.run, Takes::Nothing).await?;
    let path = match (&source.folder, &args.run) {
        (Some(folder), _) => folder.path(),
        (None, file) => file.as_deref().unwrap_or(Path::new("")),
    };
    if let Some(folder) = &source.folder {
        page.runs.saved_in(folder.path());
    }
    let (path, url) = (path.display(), &page.url);
    output::print(&format!("{path} at {url} until Ctrl-C\n"))?;
    page.until(&interrupt).await?;
    Ok(ExitCode::SUCCESS)
}

/// `testbed view --collect`: shows the spans that others report from now on.
async fn collected(
    listen: SocketAddr,
    limit: Option<Memory>,
    interrupt: &CancellationToken,
) -> Result<ExitCode, Error> {
    let limit = limit.unwrap_or(Memory::DEFAULT);
    let store = Arc::new(Store::with_limit(limit.0));
    let run = json!({ "experiment": { "name": "collected spans", "options": {} } });
    let page = Page::serve(("--listen", listen), store, run, Takes::Spans).await?;
    let url = &page.url;
    output::print(&format!(
        "OTLP over HTTP and gRPC is taken, and shown, at {url} until Ctrl-C\n"
    ))?;
    // The page shows the run as live while this sender exists.
    let _live = page.run.clone();
    page.until(interrupt).await?;
    Ok(ExitCode::SUCCESS)
}
