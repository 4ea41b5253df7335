//! The answers that a report contains, and those that it leaves out.
//!
//! The page needs the run first, then the small answers, then the diagram. The remaining
//! room is for whole traces, the newest first, so traces are the first to be left out.
//! If the diagram does not fit, it keeps the steps around the snapshots, the end, and
//! the beginning (`windows`).

use std::io::Write;
use std::panic::resume_unwind;
use std::thread;

use lab::checkers::snapshot::Drawn;
use lab::stats::thousands;
use serde_json::Value;
use trace::store::{Query, Store, Summary};

use super::Error;
use super::budget::{Answers, Fit};
use super::windows;
use crate::run::Folder;
use crate::viewer::bodies;
use crate::viewer::diagram::{self, Diagram, StepsQuery};

/// The most bytes of an answer that is usually small: a quarter of all, so that there is
/// room left for the diagram.
const SHARE: usize = super::MOST / 4;

/// The most traces that are listed. The page queries no more.
const LISTED: usize = 1000;

/// A lower estimate of a step's bytes in the diagram; a snapshot of 20 peers takes 137.
/// No more spans are read than can fit at that size.
const LEAST_STEP: usize = 100;

/// A lower estimate of a span's bytes as OTLP JSON; that run takes 1,100. A trace that
/// cannot fit at that size is not read.
const LEAST_SPAN: u64 = 500;

/// The most spans of a run whose cuts are shown. Finding cuts reads the whole run, as its
/// judges did, which takes too long for larger runs. A guess.
const MOST_FOR_CUTS: usize = 1_000_000;

/// Writes the answers, in at most `most` bytes plus the sentences on what is left out.
pub(super) fn write(
    out: &mut impl Write,
    most: usize,
    folder: &Folder,
    run: &Value,
    store: &Store,
) -> Result<(), Error> {
    let mut report = Report {
        answers: Answers::begin(out, most)?,
        store,
        left_out: Vec::new(),
    };
    // As a JSON text, since a number would lose digits of the seed in JavaScript.
    report.small("/api/run", &run.to_string(), "what stands in run.json")?;
    report.small(
        "/api/v3/services",
        &bodies::services(store),
        "the list of peers",
    )?;
    report.results(folder)?;
    let topology = bodies::topology(store, run);
    report.small("/api/topology", &topology, "the connections")?;
    let listed = report.list()?;
    let may_fit = store.len() <= report.answers.left() / LEAST_STEP;
    let (cuts, whole) = both(
        || (store.len() <= MOST_FOR_CUTS).then(|| bodies::cuts(store)),
        || may_fit.then(|| diagram::diagram(store, all(store))),
    );
    match &cuts {
        Some(cuts) => report.small("/api/cuts", cuts, "the snapshots")?,
        None => report.says("Of a run as large as this the snapshots are left out."),
    }
    let cuts = cuts.map_or(Vec::new(), |cuts| cuts.cuts);
    report.diagram(whole, &cuts, run)?;
    report.traces(&listed)?;
    if !report.left_out.is_empty() {
        report.says("`testbed view` with the folder of the run shows all of it.");
    }
    Ok(report.answers.end(&report.left_out)?)
}

struct Report<'a, W> {
    answers: Answers<W>,
    store: &'a Store,
    left_out: Vec<String>,
}

impl<W: Write> Report<'_, W> {
    fn says(&mut self, sentence: impl Into<String>) {
        self.left_out.push(sentence.into());
    }

    /// Adds an answer that is either complete or left out.
    fn small(
        &mut self,
        asked: &str,
        answer: &impl serde::Serialize,
        what: &str,
    ) -> Result<(), Error> {
        if let Fit::TooLarge(bytes) = self.answers.add(asked, answer, SHARE)? {
            let kib = count(bytes.div_ceil(1024));
            self.says(format!("Left out: {what}, which would take {kib} KiB."));
        }
        Ok(())
    }

    /// Adds the first measurements, and the first samples of the host.
    fn results(&mut self, folder: &Folder) -> Result<(), Error> {
        // In JSON each line end and each quote takes one byte more.
        let (most, most_of_host) = (SHARE * 7 / 16, SHARE / 16);
        let results = bodies::results(Some(folder.path()), most as u64, most_of_host as u64)?;
        for (text, rest, what, file) in [
            (
                &results.csv,
                results.csv_rest,
                "the measurements",
                "results",
            ),
            (
                &results.host,
                results.host_rest,
                "what was seen of the host",
                "host",
            ),
        ] {
            if rest > 0 {
                let lines = count(text.lines().count().saturating_sub(1));
                self.says(format!(
                    "Of {what} only the first {lines} are here; {file}.csv has all."
                ));
            }
        }
        self.small("/api/results", &results, "the measurements")
    }

    /// Adds the list of the newest traces; fewer if many peers take part in each.
    fn list(&mut self) -> Result<Vec<Summary>, Error> {
        let all = self.store.trace_count();
        let mut limit = LISTED;
        loop {
            let query = Query {
                limit: Some(limit),
                ..Query::default()
            };
            let list = bodies::summaries(self.store, &query);
            let fit = self.answers.add("/api/v3/trace-summaries", &list, SHARE)?;
            if let Fit::TooLarge(bytes) = fit {
                limit = fewer(limit.min(all), bytes, SHARE.min(self.answers.left()));
                if limit > 0 {
                    continue;
                }
            }
            let listed = if fit == Fit::Whole {
                list.summaries
            } else {
                vec![]
            };
            if listed.len() < all {
                let (listed, all) = (count(listed.len()), count(all));
                self.says(format!("The list has the newest {listed} of {all} traces."));
            }
            return Ok(listed);
        }
    }

    /// Adds the `whole` diagram if it fits, otherwise its most important parts.
    fn diagram(
        &mut self,
        whole: Option<Diagram>,
        cuts: &[Drawn],
        run: &Value,
    ) -> Result<(), Error> {
        const ASKED: &str = "/api/diagram?after=0";
        let all = self.store.len();
        let left = self.answers.left();
        let mut most = left / LEAST_STEP;
        if let Some(whole) = whole {
            match self.answers.add(ASKED, &whole, left)? {
                Fit::Whole => return Ok(()),
                Fit::TooLarge(bytes) => most = fewer(all, bytes, left),
            }
        }
        let (starts, base) = (self.store.starts(), self.store.first_start());
        let kept = loop {
            if most == 0 {
                self.says("There is no room for the diagram.");
                return Ok(());
            }
            let kept = windows::choose(&starts, base, cuts, run, most);
            let diagram = diagram::at_places(self.store, &kept.places);
            match self.answers.add(ASKED, &diagram, left)? {
                Fit::Whole => break kept,
                Fit::TooLarge(bytes) => most = fewer(most.min(all), bytes, left),
            }
        };
        let (spans, all) = (count(kept.places.len()), count(all));
        let around = match &kept.snapshots[..] {
            [] => String::new(),
            [one] => format!("what surrounds the snapshot {one}, "),
            many => format!("what surrounds the snapshots {}, ", many.join(", ")),
        };
        self.says(format!(
            "The diagram shows {spans} of {all} spans: {around}the beginning and the end."
        ));
        Ok(())
    }

    /// Adds those of the listed traces that fit.
    fn traces(&mut self, listed: &[Summary]) -> Result<(), Error> {
        let mut most_spans = u64::MAX;
        let mut held = 0;
        for summary in listed {
            let left = self.answers.left();
            let spans = summary.span_count;
            if spans > most_spans || spans.saturating_mul(LEAST_SPAN) > left as u64 {
                continue;
            }
            let id = u128::from_str_radix(&summary.trace_id, 16).expect("our own digits");
            let Some(trace) = bodies::trace(self.store, id.to_be_bytes()) else {
                continue;
            };
            let asked = format!("/api/v3/traces/{}", summary.trace_id);
            match self.answers.add(&asked, &trace, left)? {
                Fit::Whole => held += 1,
                // Trying many traces that do not fit would take long.
                Fit::TooLarge(_) => most_spans = spans / 2,
            }
        }
        if held < self.store.trace_count() {
            let (held, all) = (count(held), count(self.store.trace_count()));
            self.says(format!("Of {all} traces, {held} can be opened here."));
        }
        Ok(())
    }
}

/// All spans. A report has no other run to compare their states with.
fn all(store: &Store) -> StepsQuery {
    StepsQuery {
        after: 0,
        most: store.len().saturating_add(1),
        states: false,
    }
}

/// Runs `a` and `b` in parallel, if a thread can be started.
fn both<A: Send, B>(a: impl Fn() -> A + Sync, b: impl FnOnce() -> B) -> (A, B) {
    thread::scope(|scope| {
        let other = thread::Builder::new().spawn_scoped(scope, &a);
        let b = b();
        let a = match other {
            Ok(other) => other.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(_) => a(),
        };
        (a, b)
    })
}

/// How many to try next if `many` take `bytes`, and only `left` bytes are left. Somewhat
/// fewer than in proportion, since their sizes differ.
fn fewer(many: usize, bytes: usize, left: usize) -> usize {
    let fit = many as u128 * left as u128 / bytes.max(1) as u128 * 15 / 16;
    usize::try_from(fit).map_or(0, |fit| fit.min(many.saturating_sub(1)))
}

fn count(number: usize) -> String {
    thousands(number as u64)
}
