//! The results of the operations.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lab::planned::Faults;
use lab::stats::{Measure, Summary, Times, least_median_most, nanos, show};
use node::lookup::{Error as LookupError, Found};
use node::traffic::{Flow, Traffic};
use serde::Serialize;

use super::oracle::{K, Oracle};
use super::plan::{Kind, Operation};
use crate::experiment::Findings;
use crate::experiment::percentiles::Percentiles;
use crate::experiment::planned::Drawn;
use crate::network::{Members, Tables};

/// The outcome of one operation.
pub(super) struct Outcome {
    pub(super) intended: SystemTime,
    /// Its duration, from its intended start.
    pub(super) after: Duration,
    pub(super) found: Result<Found, LookupError>,
}

/// The measurements of all operations.
#[derive(Debug, Default)]
pub(super) struct Tally {
    peers: u32,
    asked: u32,
    /// How many peers each routing table had, ascending.
    tables: Vec<usize>,
    /// Whether the routing tables were preloaded.
    given: bool,
    kinds: BTreeMap<Kind, OfKind>,
    /// Lookups that found all of the closest peers, and those that did not.
    exact: u64,
    not_exact: u64,
    /// How many peers did not run when operations ended, and how many ended.
    unreachable: (u64, u64),
    /// Whether the scenario has faults.
    pub(super) is_disturbed: bool,
    /// When the last operation ended, in nanoseconds since 1970.
    last: Option<u64>,
}

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "String")]
struct Failure {
    reason: String,
    /// Whether it timed out: with more time it might succeed.
    timed_out: bool,
}

impl From<Failure> for String {
    fn from(failure: Failure) -> Self {
        failure.reason
    }
}

#[derive(Debug, Default)]
struct OfKind {
    failed: BTreeMap<Failure, u64>,
    times: Times,
    hops: Times,
    requests: Times,
    unknown_hops: u64,
}

/// A line of `results.csv`.
#[derive(Debug, Default, Serialize)]
pub(super) struct Row {
    operation: usize,
    pub(super) kind: Kind,
    peer: u32,
    intended_unix_ns: u64,
    after_ns: u64,
    pub(super) hops: Option<u32>,
    requests: Option<u32>,
    /// How many of the closest peers it found or stored at, and how many there are
    /// in all.
    pub(super) right: Option<usize>,
    pub(super) of: Option<usize>,
    pub(super) failed: Option<String>,
}

/// `results` in `run.json`.
#[derive(Debug, Serialize)]
pub struct Results {
    peers: u32,
    log2_peers: f64,
    asked: u32,
    /// The sizes of the routing tables: minimum, median and maximum.
    table: [usize; 3],
    #[serde(skip)]
    given: bool,
    kinds: BTreeMap<Kind, KindSummary>,
    exact: u64,
    not_exact: u64,
    /// The share of peers that did not run, on average over the ends of operations.
    unreachable: Option<f64>,
    /// The bytes of Kademlia's messages that a peer has sent, and received.
    sent_bytes: Percentiles,
    received_bytes: Percentiles,
    /// The outcome of the planned faults.
    faults: Faults,
    /// The faults of churn and at random times.
    drawn_faults: Drawn,
    /// Whether there were faults: what fails is measured then, and not wrong.
    #[serde(skip)]
    is_disturbed: bool,
    measures: Vec<Measure>,
    #[serde(rename = "told")]
    pub(super) summary: Vec<String>,
}

#[derive(Debug, Serialize)]
struct KindSummary {
    asked: u64,
    succeeded: u64,
    failed: BTreeMap<Failure, u64>,
    time_ns: Option<Summary>,
    hops: Option<Summary>,
    unknown_hops: u64,
    requests: Option<Summary>,
}

impl Tally {
    pub(super) fn new(tables: Vec<usize>, how: Tables, peers: u32, asked: u32) -> Self {
        Self {
            peers,
            asked,
            tables,
            given: how == Tables::Given,
            ..Self::default()
        }
    }

    /// Records one operation.
    pub(super) fn take(
        &mut self,
        number: usize,
        operation: &Operation,
        outcome: &Outcome,
        oracle: &Oracle,
        members: &Members,
    ) -> Row {
        let of = self.kinds.entry(operation.kind).or_default();
        let failed = failure(operation, &outcome.found, members);
        let mut row = Row {
            operation: number,
            kind: operation.kind,
            peer: operation.peer,
            intended_unix_ns: nanos(
                outcome
                    .intended
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default(),
            ),
            after_ns: nanos(outcome.after),
            hops: None,
            requests: None,
            right: None,
            of: None,
            failed: failed.as_ref().map(|failure| failure.reason.clone()),
        };
        let ended = row.intended_unix_ns + row.after_ns;
        self.last = self.last.max(Some(ended));
        let active = members.active().len();
        let (down, ends) = &mut self.unreachable;
        *down += members.tracers.len().saturating_sub(active) as u64;
        *ends += 1;
        if let Some(failure) = failed {
            *of.failed.entry(failure).or_default() += 1;
        }
        let Ok(found) = &outcome.found else {
            return row;
        };
        (row.hops, row.requests) = (found.hops, Some(found.requests));
        if row.failed.is_none() {
            of.times.record(outcome.after);
            of.requests.count(found.requests.into(), 1);
            match found.hops {
                Some(hops) => of.hops.count(hops.into(), 1),
                None => of.unknown_hops += 1,
            }
        }
        if operation.kind == Kind::Find {
            let peers = found
                .peers
                .iter()
                .filter_map(|peer| members.numbers.get(peer));
            let peers: Vec<_> = peers.copied().collect();
            let runs = |peer| members.handles.contains_key(&peer);
            let verdict = oracle.right(&operation.key, operation.peer, &peers, runs);
            (row.right, row.of) = (Some(verdict.right), Some(verdict.of));
            match verdict.is_exact() {
                true => self.exact += 1,
                false => self.not_exact += 1,
            }
        }
        row
    }

    /// The share of peers that did not run, on average over the ends of operations.
    fn unreachable(&self) -> Option<f64> {
        let (down, ends) = self.unreachable;
        let all = ends * u64::from(self.peers);
        (all > 0).then(|| down as f64 / all as f64)
    }

    /// When the last operation ended, in nanoseconds since 1970.
    pub(super) fn last(&self) -> Option<u64> {
        self.last
    }

    /// `traffic` is what each peer has sent and received meanwhile.
    pub(super) fn results(&self, traffic: &[Traffic]) -> Results {
        let bytes = |flow: fn(&Traffic) -> Flow| {
            Percentiles::of(traffic.iter().map(|peer| flow(peer).bytes).collect())
        };
        let tables: Vec<_> = self.tables.iter().map(|size| *size as u64).collect();
        let kinds = self.kinds.iter().map(|(kind, of)| (*kind, of.summary()));
        let mut results = Results {
            peers: self.peers,
            log2_peers: f64::from(self.peers.max(1)).log2(),
            asked: self.asked,
            table: least_median_most(&tables).map(|size| size as usize),
            given: self.given,
            kinds: kinds.collect(),
            exact: self.exact,
            not_exact: self.not_exact,
            faults: Faults::default(),
            drawn_faults: Drawn::default(),
            is_disturbed: self.is_disturbed,
            unreachable: self.unreachable(),
            sent_bytes: bytes(|peer| peer.sent),
            received_bytes: bytes(|peer| peer.received),
            measures: Vec::new(),
            summary: Vec::new(),
        };
        results.measures = results.measures();
        let mut text = String::new();
        let _ = results.write(&mut text);
        results.summary = text.lines().map(str::to_owned).collect();
        results
    }
}

impl OfKind {
    fn summary(&self) -> KindSummary {
        let time_ns = self.times.summary();
        let succeeded = time_ns.map_or(0, |times| times.count);
        KindSummary {
            asked: succeeded + self.failed.values().sum::<u64>(),
            succeeded,
            failed: self.failed.clone(),
            time_ns,
            hops: self.hops.summary(),
            unknown_hops: self.unknown_hops,
            requests: self.requests.summary(),
        }
    }
}

impl Results {
    /// Adds what came of the faults.
    pub(super) fn set_faults(&mut self, planned: Faults, drawn: Drawn) {
        (self.faults, self.drawn_faults) = (planned, drawn);
    }

    /// The faults, in lines.
    pub(super) fn faults_text(&self) -> String {
        self.faults.text() + &self.drawn_faults.text()
    }

    /// Why the run does not pass.
    pub(super) fn findings(&self) -> Findings {
        let mut findings = Findings {
            unknown: self.faults.never(),
            ..Findings::default()
        };
        findings.unknown.extend(self.drawn_faults.never());
        let answered: u64 = self.kinds.values().map(|of| of.asked).sum();
        if answered < u64::from(self.asked) || answered == 0 {
            findings
                .incomplete
                .push(format!("{answered} of {} operations ended", self.asked));
        }
        if self.is_disturbed {
            return findings;
        }
        for (kind, of) in &self.kinds {
            for (failure, count) in &of.failed {
                let why = &failure.reason;
                let reason = format!("{count} of {} {}: {why}", of.asked, kind.name());
                match failure.timed_out {
                    true => findings.incomplete.push(reason),
                    false => findings.violations.push(reason),
                }
            }
        }
        if self.not_exact > 0 {
            let all = self.exact + self.not_exact;
            findings.violations.push(format!(
                "{} of {all} find: the oracle knows closer peers than were found",
                self.not_exact
            ));
        }
        findings
    }

    fn measures(&self) -> Vec<Measure> {
        let mut all = Vec::new();
        for (kind, of) in &self.kinds {
            let (name, lost) = (kind.name(), of.asked - of.succeeded);
            all.push(Measure::times(&format!("{name} time"), of.time_ns, lost));
            let hops = Measure::numbers(&format!("{name} hops"), of.hops, lost + of.unknown_hops);
            all.push(hops.with_theory(self.log2_peers));
            all.push(Measure::numbers(
                &format!("{name} requests"),
                of.requests,
                lost,
            ));
        }
        let bytes = [
            ("bytes that a peer sent", &self.sent_bytes),
            ("bytes that a peer received", &self.received_bytes),
        ];
        all.extend(bytes.map(|(name, bytes)| Measure::numbers(name, bytes.summary(), 0)));
        all
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let [least, median, greatest] = self.table;
        writeln!(
            out,
            "tables            {least} to {greatest} peers, {median} in the median{}",
            match self.given {
                true => ", as they were given",
                false => "",
            }
        )?;
        for (kind, of) in &self.kinds {
            of.write(kind.name(), out)?;
        }
        if let Some(share) = self.unreachable.filter(|share| *share > 0.0) {
            let percent = 100.0 * share;
            writeln!(
                out,
                "unreachable       {percent:.1} % of the peers, on average"
            )?;
        }
        writeln!(
            out,
            "sent              {}",
            self.sent_bytes.text("Kademlia")
        )?;
        writeln!(
            out,
            "received          {}",
            self.received_bytes.text("Kademlia")
        )?;
        let ended: u64 = self.kinds.values().map(|of| of.asked).sum();
        if ended < u64::from(self.asked) {
            writeln!(out, "operations        {ended} of {} ended", self.asked)?;
        }
        writeln!(
            out,
            "theory            log2 {} = {:.1} hops (each halves the distance, at worst)",
            self.peers, self.log2_peers
        )?;
        let all = self.exact + self.not_exact;
        if all > 0 {
            writeln!(
                out,
                "oracle            {} of {all} find came to the {} closest peers that ran",
                self.exact,
                K.min(self.peers.saturating_sub(1) as usize)
            )?;
        }
        Ok(())
    }
}

impl KindSummary {
    fn write(&self, name: &str, out: &mut String) -> std::fmt::Result {
        write!(out, "{name:<17} {} of {}", self.succeeded, self.asked)?;
        if let (Some(time), Some(requests)) = (&self.time_ns, &self.requests) {
            let show = |nanos| show(Duration::from_nanos(nanos));
            write!(
                out,
                ": p50 {}, p99 {}, max {}; requests {} in the median",
                show(time.p50),
                show(time.p99),
                show(time.max),
                requests.p50
            )?;
        }
        match &self.hops {
            Some(hops) => writeln!(
                out,
                "; hops {} in the median, at most {} (n = {})",
                hops.p50, hops.max, hops.count
            ),
            None => writeln!(out, "; hops unknown"),
        }
    }
}

/// Why an operation failed: its error, or a wrong result.
fn failure(
    operation: &Operation,
    found: &Result<Found, LookupError>,
    members: &Members,
) -> Option<Failure> {
    match found {
        Err(error) => Some(Failure {
            reason: error.to_string(),
            timed_out: *error == LookupError::TimedOut,
        }),
        Ok(found) => wrong(operation, found, members).map(|why| Failure {
            reason: why.to_owned(),
            timed_out: false,
        }),
    }
}

fn wrong(operation: &Operation, found: &Found, members: &Members) -> Option<&'static str> {
    let copies = K.min(members.handles.len().saturating_sub(1));
    match operation.kind {
        Kind::Put if found.copies < copies => Some("stored by fewer peers than are closest"),
        Kind::Get if found.value.as_ref() != Some(&operation.value) => Some("another value came"),
        Kind::Providers => {
            let found = found
                .peers
                .iter()
                .filter_map(|peer| members.numbers.get(peer));
            let mut found = found.copied();
            let provider = operation.provider;
            (!found.any(|peer| Some(peer) == provider)).then_some("another provider came")
        }
        Kind::Put | Kind::Get | Kind::Provide | Kind::Find => None,
    }
}
