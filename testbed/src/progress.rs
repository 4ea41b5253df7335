//! Progress on standard error, where a person looks at it.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shows bars, or does not: when standard error is no terminal, or with
/// `--quiet`.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    quiet: bool,
}

/// One bar. It goes away when it is dropped.
#[derive(Debug)]
pub struct Bar(ProgressBar);

impl Progress {
    /// No bars if `quiet`.
    pub fn new(quiet: bool) -> Self {
        Self { quiet }
    }

    /// A bar of `length` steps.
    pub fn bar(self, what: &'static str, length: u64) -> Bar {
        let target = match self.quiet {
            true => ProgressDrawTarget::hidden(),
            false => ProgressDrawTarget::stderr(),
        };
        let style = ProgressStyle::with_template("{msg} [{bar:30}] {pos} of {len}, {elapsed}")
            .expect("a constant template");
        let bar = ProgressBar::with_draw_target(Some(length), target).with_style(style);
        Bar(bar.with_message(what))
    }
}

impl Bar {
    /// One more is done.
    pub fn step(&self) {
        self.0.inc(1);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
