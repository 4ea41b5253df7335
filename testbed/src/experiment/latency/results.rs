//! The results of the messages.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use lab::stats::{Measure, Summary, Times, nanos, show, thousands};
use serde::Serialize;

use super::pace::Sent;
use super::{Options, Path};
use crate::experiment::Error;
use crate::experiment::Findings;
use crate::rows::Rows;

/// The measurements, by size and path.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<(usize, Path), Ways>);

/// The measurements of one size over one path.
#[derive(Debug, Default)]
struct Ways {
    sent: u64,
    one_way: Times,
    round_trip: Times,
}

/// A line of `results.csv`.
#[derive(Default, Serialize)]
pub(super) struct Row {
    // The column keeps the name that saved runs have.
    #[serde(rename = "road")]
    path: &'static str,
    size_bytes: usize,
    from: Option<u32>,
    to: Option<u32>,
    intended_unix_ns: u64,
    one_way_ns: Option<u64>,
    round_trip_ns: Option<u64>,
}

/// `results` in `run.json`.
#[derive(Debug, Serialize)]
pub struct Results {
    sizes: Vec<SizeResults>,
    measures: Vec<Measure>,
    #[serde(rename = "told")]
    pub(super) summary: Vec<String>,
}

#[derive(Debug, Serialize)]
struct SizeResults {
    size_bytes: usize,
    stack: PathSummary,
    /// `None` in virtual time and with links, which plain sockets do not have.
    tcp: Option<PathSummary>,
    /// The stack's median divided by that of plain TCP.
    one_way_ratio: Option<f64>,
    round_trip_ratio: Option<f64>,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
struct PathSummary {
    sent: u64,
    lost: u64,
    one_way_ns: Option<Summary>,
    round_trip_ns: Option<Summary>,
}

impl Path {
    fn name(self) -> &'static str {
        match self {
            Self::Stack => "stack",
            Self::Tcp => "tcp",
        }
    }
}

impl Tally {
    /// Records the messages of a turn.
    pub(super) fn take(
        &mut self,
        path: Path,
        size: usize,
        all: &[Sent],
        rows: &mut Rows,
    ) -> Result<(), Error> {
        let ways = self.0.entry((size, path)).or_default();
        for sent in all {
            ways.sent += 1;
            if let (Some(one_way), Some(round_trip)) = (sent.one_way, sent.round_trip) {
                ways.one_way.record(one_way);
                ways.round_trip.record(round_trip);
            }
            let peer = |peer| (path == Path::Stack).then_some(peer);
            let row = Row {
                path: path.name(),
                size_bytes: size,
                from: peer(sent.pair.0),
                to: peer(sent.pair.1),
                intended_unix_ns: nanos(
                    sent.intended.duration_since(UNIX_EPOCH).unwrap_or_default(),
                ),
                one_way_ns: sent.one_way.map(nanos),
                round_trip_ns: sent.round_trip.map(nanos),
            };
            rows.save(row)?;
        }
        Ok(())
    }

    pub(super) fn results(&self) -> Results {
        let mut sizes: Vec<_> = self.0.keys().map(|(size, _)| *size).collect();
        sizes.dedup();
        let of = |size, path| {
            let ways: Option<&Ways> = self.0.get(&(size, path));
            ways.map(Ways::summary)
        };
        let sizes = sizes.into_iter().map(|size| {
            let stack = of(size, Path::Stack).unwrap_or_default();
            let tcp = of(size, Path::Tcp);
            SizeResults {
                size_bytes: size,
                one_way_ratio: ratio(stack.one_way_ns, tcp.and_then(|tcp| tcp.one_way_ns)),
                round_trip_ratio: ratio(stack.round_trip_ns, tcp.and_then(|tcp| tcp.round_trip_ns)),
                stack,
                tcp,
            }
        });
        let mut results = Results {
            sizes: sizes.collect(),
            measures: Vec::new(),
            summary: Vec::new(),
        };
        results.measures = results
            .sizes
            .iter()
            .flat_map(SizeResults::measures)
            .collect();
        let mut text = String::new();
        for size in &results.sizes {
            let _ = size.write(&mut text);
        }
        results.summary = text.lines().map(str::to_owned).collect();
        results
    }
}

impl Ways {
    fn summary(&self) -> PathSummary {
        let round_trip_ns = self.round_trip.summary();
        PathSummary {
            sent: self.sent,
            lost: self.sent - round_trip_ns.map_or(0, |times| times.count),
            one_way_ns: self.one_way.summary(),
            round_trip_ns,
        }
    }
}

impl Results {
    /// Why the run does not pass.
    pub(super) fn findings(&self, options: &Options) -> Findings {
        let mut findings = Findings::default();
        let sent: u64 = self.sizes.iter().map(|size| size.stack.sent).sum();
        let expected = u64::from(options.messages) * options.sizes.len() as u64;
        if sent < expected {
            findings
                .incomplete
                .push(format!("{sent} of {expected} messages were sent"));
        }
        for size in &self.sizes {
            for (path, of) in size.paths() {
                if of.lost > 0 {
                    findings.incomplete.push(format!(
                        "{} of {} messages of {} bytes got no answer within {:?} ({})",
                        of.lost,
                        of.sent,
                        size.size_bytes,
                        options.patience,
                        path.name()
                    ));
                }
            }
        }
        findings
    }
}

impl SizeResults {
    fn paths(&self) -> impl Iterator<Item = (Path, PathSummary)> {
        let tcp = self.tcp.map(|tcp| (Path::Tcp, tcp));
        std::iter::once((Path::Stack, self.stack)).chain(tcp)
    }

    fn measures(&self) -> Vec<Measure> {
        let mut all = Vec::new();
        for (path, of) in self.paths() {
            let name = |what| format!("{what}, {} bytes, {}", self.size_bytes, path.name());
            all.push(Measure::times(&name("one way"), of.one_way_ns, of.lost));
            all.push(Measure::times(
                &name("round trip"),
                of.round_trip_ns,
                of.lost,
            ));
        }
        if self.tcp.is_none() {
            return all;
        }
        let count = self.stack.round_trip_ns.map_or(0, |times| times.count);
        let name = format!("stack / tcp, {} bytes", self.size_bytes);
        all.push(Measure::ratio(
            &name,
            self.round_trip_ratio.unwrap_or(f64::NAN),
            count,
        ));
        all
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "{} bytes", thousands(self.size_bytes as u64))?;
        let (stack, tcp) = (&self.stack, self.tcp.unwrap_or_default());
        write_ways(out, "one way", stack.one_way_ns, tcp.one_way_ns)?;
        write_ways(out, "round trip", stack.round_trip_ns, tcp.round_trip_ns)?;
        let over_tcp = match self.tcp {
            Some(tcp) => format!(", over plain TCP {}", tcp.lost),
            None => String::new(),
        };
        if stack.lost + tcp.lost > 0 {
            writeln!(out, "  lost            {}{over_tcp}", stack.lost)?;
        }
        Ok(())
    }
}

fn write_ways(
    out: &mut String,
    name: &str,
    stack: Option<Summary>,
    tcp: Option<Summary>,
) -> std::fmt::Result {
    let Some(times) = stack else {
        return writeln!(out, "  {name:<15} never (n = 0)");
    };
    let shown = |nanos| show(Duration::from_nanos(nanos));
    let beside = tcp.map(|floor| {
        format!(
            "; plain TCP p50 {}, p99 {}: {:.2} times",
            shown(floor.p50),
            shown(floor.p99),
            ratio(stack, tcp).unwrap_or(f64::NAN)
        )
    });
    writeln!(
        out,
        "  {name:<15} p50 {}, p99 {}, max {} (n = {}){}",
        shown(times.p50),
        shown(times.p99),
        shown(times.max),
        times.count,
        beside.unwrap_or_default()
    )
}

fn ratio(of: Option<Summary>, to: Option<Summary>) -> Option<f64> {
    Some(of?.p50 as f64 / to?.p50.max(1) as f64)
}
