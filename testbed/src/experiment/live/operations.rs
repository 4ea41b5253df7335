//! The operations of a process that are in progress.

use std::collections::VecDeque;

use opentelemetry::Context;
use opentelemetry::trace::{Status, TraceContextExt as _};

/// The spans of operations, in the order in which their commands were given. A
/// process takes its commands in that order.
#[derive(Debug, Default)]
pub(super) struct Operations {
    /// How many operations have ended. Those in the queue follow them.
    ended: u64,
    queue: VecDeque<Context>,
}

impl Operations {
    /// Adds an operation whose command is about to be given.
    pub(super) fn begin(&mut self, context: Context) {
        self.queue.push_back(context);
    }

    /// Whether any operation has not ended.
    pub(super) fn any(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Ends all of them: their process has crashed.
    pub(super) fn abort(self) {
        for context in self.queue {
            let status = Status::error("the process has crashed");
            context.span().set_status(status);
            context.span().end();
        }
    }

    /// Ends the first open operation, on an output that completes one. `commands` is how
    /// many commands the process had taken by then. An operation whose command was not
    /// taken yet does not end: the step that takes it belongs to the operation's span.
    pub(super) fn end_first(&mut self, commands: u64) {
        if self.ended < commands
            && let Some(context) = self.queue.pop_front()
        {
            self.ended += 1;
            context.span().end();
        }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{Tracer as _, TracerProvider as _};
    use opentelemetry_sdk::trace::SdkTracerProvider;

    use super::*;

    #[test]
    fn output_before_its_command_ends_no_operation() {
        let provider = SdkTracerProvider::default();
        let tracer = provider.tracer("test");
        let begin = || Context::new().with_span(tracer.start("operation"));
        let (first, second) = (begin(), begin());
        let mut operations = Operations::default();
        operations.begin(first.clone());
        operations.begin(second.clone());
        let open = || [&first, &second].map(|context| context.span().is_recording());
        for (commands, expected) in [
            (0, [true, true]),
            (1, [false, true]),
            (1, [false, true]),
            (2, [false, false]),
            (2, [false, false]),
        ] {
            operations.end_first(commands);
            assert_eq!(open(), expected, "{commands} commands taken");
        }
        assert!(!operations.any());
    }
}
