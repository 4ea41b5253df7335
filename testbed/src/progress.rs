//! Progress on standard error, if it is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use node::stderr;

/// Shows progress bars, unless standard error is no terminal or `--quiet` is given.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    quiet: bool,
}

/// A progress bar. It disappears when it is dropped.
#[derive(Debug)]
pub struct Bar(ProgressBar);

impl Progress {
    /// No bars if `quiet`.
    pub fn new(quiet: bool) -> Self {
        Self { quiet }
    }

    /// Prints a note on standard error, unless quiet. If standard error is closed, the
    /// note is dropped.
    pub fn say(self, text: &str) {
        if !self.quiet {
            stderr::note(text);
        }
    }

    /// A bar of `length` steps.
    pub fn bar(self, what: &'static str, length: u64) -> Bar {
        let style = ProgressStyle::with_template("{msg} [{bar:30}] {pos} of {len}, {elapsed}")
            .expect("a constant template");
        let bar = ProgressBar::with_draw_target(Some(length), self.target()).with_style(style);
        Bar(bar.with_message(what))
    }

    /// A progress line.
    pub fn note(self) -> Note {
        let style = ProgressStyle::with_template("{msg}, {elapsed}").expect("a constant template");
        Note(ProgressBar::with_draw_target(None, self.target()).with_style(style))
    }

    fn target(self) -> ProgressDrawTarget {
        match self.quiet {
            true => ProgressDrawTarget::hidden(),
            false => ProgressDrawTarget::stderr(),
        }
    }
}

/// A line with the progress of work whose length is unknown. It disappears when it is
/// dropped.
#[derive(Debug)]
pub struct Note(ProgressBar);

impl Note {
    /// Shows `text`, if the line is visible.
    pub fn show(&self, text: impl FnOnce() -> String) {
        if !self.0.is_hidden() {
            self.0.set_message(text());
        }
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        self.0.finish_and_clear();
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
