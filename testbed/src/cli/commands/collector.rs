//! The collector of a run: warnings before the run, and the flush at its end.

use std::time::Duration;

use node::export::{LONGEST, PATIENCE};
use node::stderr::note;
use tokio::time::timeout;
use trace::telemetry::Sink;

use crate::run::RunOptions;

/// A shorter wait is not announced.
const SHORT: Duration = Duration::from_millis(500);

/// Prints the warnings of the options.
pub(super) fn warn(options: &RunOptions) {
    for warning in &options.warnings {
        note(format_args!("warning: {warning}"));
    }
}

/// Exports the remaining spans, and prints a line when that takes time. Returns why some
/// spans were not exported, or the collector's warning.
pub(super) async fn end(sink: &Sink, options: &RunOptions) -> Option<String> {
    let mut flush = std::pin::pin!(sink.flush());
    if let Ok(why) = timeout(SHORT, &mut flush).await {
        return why;
    }
    if let (Some(target), false) = (&options.otlp, options.quiet) {
        let pending = sink.pending();
        note(format_args!(
            "waiting for {target} to take {pending} spans: up to {PATIENCE:?} where it takes \
             none, {LONGEST:?} in all"
        ));
    }
    flush.await
}
