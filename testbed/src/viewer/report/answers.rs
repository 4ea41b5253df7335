//! What a report knows, and what it leaves out.
//!
//! The page needs the run before all else, then what is small, then the
//! diagram. What room is left is for whole traces, the newest first; so they
//! are the first to be left out. Of a diagram without room for all, what
//! surrounds the snapshots is kept, the end, and the beginning (`windows`).

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

/// What an answer that is usually small may take: a quarter of all, so that
/// none leaves no room for the diagram.
const SHARE: usize = super::MOST / 4;

/// So many traces are listed. The page asks for no more.
const LISTED: usize = 1000;

/// A step hardly takes fewer bytes in the diagram: 137 in a snapshot of 20
/// peers. No more spans are looked at than can fit at that size.
const LEAST_STEP: usize = 100;

/// A span hardly takes fewer bytes as OTLP JSON: 1,100 in that run. A trace
/// that cannot fit at that size is not even looked at.
const LEAST_SPAN: u64 = 500;

/// Cuts are found by reading the whole run, as its judges did. For a larger one
/// this takes too long for a report. A guess.
const MOST_FOR_CUTS: usize = 1_000_000;

/// Writes the answers, in at most so many bytes but for some sentences.
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
    // As text within the text: a seed has digits that are not to be lost.
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

    /// What is there as a whole or not at all.
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

    /// The first measurements, and what was seen first of the host.
    fn results(&mut self, folder: &Folder) -> Result<(), Error> {
        // In JSON each line has a byte more, and each quote.
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

    /// The newest traces, or fewer where many peers take part in each.
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

    /// The `whole` diagram, if it fits; otherwise what matters most of it.
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

    /// Those of the listed traces that fit.
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
                // To try often what does not fit would take long.
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

/// Does what takes long at the same time, where a thread can be had.
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

/// How many to try next when so many take `bytes`, and there are only `left`.
/// Fewer than in proportion, as they are not all of one size.
fn fewer(many: usize, bytes: usize, left: usize) -> usize {
    let fit = many as u128 * left as u128 / bytes.max(1) as u128 * 15 / 16;
    usize::try_from(fit).map_or(0, |fit| fit.min(many.saturating_sub(1)))
}

fn count(number: usize) -> String {
    thousands(number as u64)
}
