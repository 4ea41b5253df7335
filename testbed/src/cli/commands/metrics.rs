//! The metrics of a run, for Prometheus, while it goes on.

use std::sync::Arc;

use node::metrics::SpanMetrics;
use node::metrics::{self, Metrics};
use node::stderr::note;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use trace::telemetry::Sink;

use crate::cli::Error;
use crate::experiment::erased::Erased;
use crate::host::Watch;
use crate::run::Record;
use crate::run::RunOptions;

/// The metrics while they are served: until this is dropped.
pub(super) struct Served {
    metrics: Arc<Metrics>,
    lost: Gauge,
    _until: DropGuard,
}

/// Listens on the address of `--metrics`, if it is given, and prints the address.
pub(super) async fn listen(options: &RunOptions) -> Result<Option<TcpListener>, Error> {
    let Some(address) = options.metrics else {
        return Ok(None);
    };
    let listener = metrics::bind(address).await?;
    if let (Ok(address), false) = (listener.local_addr(), options.quiet) {
        note(format_args!("metrics at http://{address}/metrics"));
    }
    Ok(Some(listener))
}

impl Served {
    pub(super) fn start(
        listener: TcpListener,
        experiment: &mut dyn Erased,
        record: &Record,
        sink: &Arc<Sink>,
        host: &Watch,
    ) -> Self {
        let lost = Gauge::default();
        let metrics = Arc::new(Metrics::new(|all| {
            all.register(
                "testbed_run",
                "What is run",
                Info::new([
                    ("run", record.id.clone()),
                    ("experiment", record.experiment.name.to_string()),
                    ("transport", record.transport.clone()),
                    ("topology", record.topology.clone()),
                    ("seed", record.seed.to_string()),
                    ("peers", record.peers.to_string()),
                ]),
            );
            spans(all, sink, &lost);
            all.register_collector(Box::new(host.metrics()));
            experiment.register(all);
        }));
        let until = CancellationToken::new();
        let ended = until.clone().cancelled_owned();
        tokio::spawn(metrics::serve(listener, Arc::clone(&metrics), ended));
        Self {
            metrics,
            lost,
            _until: until.drop_guard(),
        }
    }

    /// Where peers are counted.
    pub(super) fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// The run is over.
    pub(super) fn ended(&self, record: &Record) {
        self.lost
            .set(record.spans.lost.try_into().unwrap_or(i64::MAX));
    }
}

fn spans(all: &mut Registry, sink: &Arc<Sink>, lost: &Gauge) {
    all.register_collector(Box::new(SpanMetrics(Arc::clone(sink))));
    all.register(
        "testbed_spans_lost",
        "Spans that began and were never stored; known when the run is over",
        lost.clone(),
    );
}
