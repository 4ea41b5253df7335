//! What came of the messages.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use lab::planned::Faults;
use lab::spread;
use lab::stats::{Measure, Summary, Times, show, thousands};
use serde::Serialize;

use super::pace::Tried;
use crate::experiment::Findings;

/// `results` in `run.json`.
#[derive(Debug, Serialize)]
pub struct Results {
    /// How many messages were to be sent, and how many were.
    pub(super) messages: u64,
    pub(super) published: u64,
    /// Why the others were not.
    pub(super) refused: BTreeMap<String, u64>,
    /// How many deliveries there should be, and how many there were.
    pub(super) expected: u64,
    pub(super) delivered: u64,
    /// How many copies came, the first ones included, and their bytes.
    pub(super) copies: u64,
    pub(super) copied_bytes: u64,
    /// What the laboratory had no room for.
    pub(super) not_watched: u64,
    /// What was none of the messages, or came twice.
    pub(super) strange: u64,
    /// Copies that were given up because a peer was slow.
    pub(super) slow: BTreeMap<String, u64>,
    /// The least, the median and the greatest.
    pub(super) degree: [usize; 3],
    /// Who stopped, and after how many seconds.
    pub(super) stopped: BTreeMap<String, f64>,
    /// Deliveries to them that are not expected.
    pub(super) excused: u64,
    pub(super) mesh: usize,
    /// Whether publishers sent to all of their neighbours.
    pub(super) flood_publish: bool,
    /// What came of the planned kills.
    pub(super) faults: Faults,
    /// How many meshes had fewer peers than they should have at least.
    pub(super) small_meshes: usize,
    pub(super) peers: usize,
    /// How many deliveries took so many hops; 0: not known.
    pub(super) hops: BTreeMap<u32, u64>,
    /// From the time at which a message was to be sent until it came.
    pub(super) delivery_ns: Option<Summary>,
    pub(super) spread: Vec<Spreading>,
    /// The time from one message to the next, and what was tried to find it.
    pub(super) interval_seconds: f64,
    pub(super) tried: Vec<Tried>,
    /// Deliveries that had not been made when the run was interrupted. They are
    /// not expected.
    pub(super) under_way: u64,
    /// What was measured, in the form of all experiments.
    pub(super) measures: Vec<Measure>,
    /// All of it for people, in lines.
    pub(super) told: Vec<String>,
}

/// How long messages took to reach a part of the peers.
#[derive(Debug, Serialize)]
pub(super) struct Spreading {
    percent: u32,
    time_ns: Option<Summary>,
    never: u64,
}

/// The same as it is measured.
pub(super) struct Spread {
    percent: u32,
    times: Times,
    never: u64,
}

impl Spread {
    pub(super) fn new(percent: u32) -> Self {
        Self {
            percent,
            times: Times::new(),
            never: 0,
        }
    }

    /// A message that came to others after these times, in order.
    pub(super) fn record(&mut self, after: &[Duration], others: usize) {
        let needed = (others * self.percent as usize).div_ceil(100);
        match after.get(needed.saturating_sub(1)) {
            Some(time) => self.times.record(*time),
            None => self.never += 1,
        }
    }

    pub(super) fn told(self) -> Spreading {
        Spreading {
            percent: self.percent,
            time_ns: self.times.summary(),
            never: self.never,
        }
    }
}

impl Results {
    /// What is wrong with them.
    pub(super) fn findings(&self) -> Findings {
        let mut findings = Findings::default();
        findings.unknown.extend(self.faults.never());
        if self.delivered == 0 {
            findings.incomplete.push("nothing was delivered".into());
        }
        if self.delivered < self.expected {
            let slow = self.given_up().map(|slow| format!("; {slow}"));
            findings.incomplete.push(format!(
                "{} of {} deliveries were made{}",
                self.delivered,
                self.expected,
                slow.unwrap_or_default()
            ));
        }
        for (why, count) in &self.refused {
            findings
                .violations
                .push(format!("{count} messages were not published: {why}"));
        }
        if self.strange > 0 {
            findings.violations.push(format!(
                "{} deliveries were of no message, or a second one",
                self.strange
            ));
        }
        if self.not_watched > 0 {
            findings
                .untrusted
                .push(format!("{} events were not seen", self.not_watched));
        }
        findings
    }

    /// The results as text.
    pub(super) fn text(&self) -> String {
        let lines = self.told.iter().map(|line| format!("{line}\n"));
        lines.collect::<String>() + &self.faults.text()
    }

    /// The run was interrupted: of what was not published nothing is expected, and
    /// what had not arrived is under way.
    pub(super) fn interrupt(&mut self) {
        let others = self.peers as u64 - 1;
        let published = (self.published * others).saturating_sub(self.excused);
        self.under_way = published.saturating_sub(self.delivered);
        self.expected = self.delivered;
        self.spread.iter_mut().for_each(|spread| spread.never = 0);
    }

    /// With what is told to people, and to whoever compares runs.
    pub(super) fn told(mut self) -> Self {
        self.measures = self.measures();
        let mut text = String::new();
        let _ = self.write(&mut text);
        self.told = text.lines().map(str::to_owned).collect();
        self
    }

    /// How a message spreads at best: a peer sends it to its mesh, or to all of its
    /// neighbours where they are fewer, and not back.
    fn at_best(&self) -> spread::Spread {
        let [_, degree, _] = self.degree;
        let mesh = self.mesh.min(degree);
        let first = if self.flood_publish { degree } else { mesh };
        spread::Spread::new(first as u64, mesh.saturating_sub(1) as u64)
    }

    /// After how many hops all can have a message, if none hears it twice.
    fn theory(&self) -> f64 {
        self.at_best().hops(self.peers as u64)
    }

    /// Copies that never left: to whom most of them were to go. Others may have
    /// brought the same messages.
    fn given_up(&self) -> Option<String> {
        let (slowest, _) = self.slow.iter().max_by_key(|(_, count)| **count)?;
        Some(format!(
            "{} copies to {} slow peers were given up, most to {slowest}",
            thousands(self.slow.values().sum()),
            self.slow.len()
        ))
    }

    fn measures(&self) -> Vec<Measure> {
        let part = |a: u64, b: u64| a as f64 / b.max(1) as f64;
        let lost = self.expected.saturating_sub(self.delivered);
        let spread = self.spread.iter().map(
            |Spreading {
                 percent,
                 time_ns,
                 never,
             }| { Measure::times(&format!("time to {percent} %"), *time_ns, *never) },
        );
        let mut all: Vec<_> = spread.collect();
        all.push(Measure::times("time to a peer", self.delivery_ns, lost));
        let (hops, unknown) = self.known_hops();
        all.push(Measure::numbers("hops", hops, lost + unknown).with_theory(self.theory()));
        let duplicates = self.copies.saturating_sub(self.delivered);
        all.push(Measure::ratio(
            "duplicates a delivery",
            part(duplicates, self.delivered),
            self.delivered,
        ));
        all.push(Measure::ratio(
            "bytes a delivery",
            part(self.copied_bytes, self.delivered),
            self.delivered,
        ));
        all.push(Measure::ratio(
            "delivered",
            part(self.delivered, self.expected),
            self.expected,
        ));
        all
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let part = |a: u64, b: u64| a as f64 / b.max(1) as f64;
        writeln!(
            out,
            "published         {} of {} messages",
            self.published, self.messages
        )?;
        writeln!(
            out,
            "delivered         {} of {} ({:.2} %)",
            thousands(self.delivered),
            thousands(self.expected),
            100.0 * part(self.delivered, self.expected)
        )?;
        writeln!(
            out,
            "copies            {:.2} for each delivery ({:.2} of them duplicates), {} bytes of data",
            part(self.copies, self.delivered),
            part(self.copies.saturating_sub(self.delivered), self.delivered),
            thousands(self.copied_bytes.checked_div(self.delivered).unwrap_or(0))
        )?;
        if self.under_way > 0 {
            writeln!(
                out,
                "under way         {} deliveries when the run was interrupted",
                thousands(self.under_way)
            )?;
        }
        for (peer, seconds) in &self.stopped {
            writeln!(out, "stopped           {peer} after {seconds:.1} s")?;
        }
        if self.excused > 0 {
            writeln!(
                out,
                "                  {} deliveries to who stopped are not expected",
                self.excused
            )?;
        }
        if !self.tried.is_empty() {
            let found = Duration::from_secs_f64(self.interval_seconds);
            writeln!(
                out,
                "interval          {}, the shortest that does not saturate the host ({} were tried)",
                show(found),
                self.tried.len()
            )?;
        }
        if let Some(slow) = self.given_up() {
            writeln!(out, "given up          {slow}")?;
        }
        let [least, median, greatest] = self.degree;
        writeln!(
            out,
            "degree            {least} to {greatest}, {median} in the median; meshes of {}, {} too small",
            self.mesh, self.small_meshes
        )?;
        self.write_hops(out)?;
        for Spreading {
            percent,
            time_ns,
            never,
        } in &self.spread
        {
            write_times(out, &format!("to {percent} %"), time_ns.as_ref())?;
            if *never > 0 {
                writeln!(out, "                  {never} messages never got so far")?;
            }
        }
        write_times(out, "to a peer", self.delivery_ns.as_ref())
    }

    /// The hops of deliveries, and of how many they are not known.
    fn known_hops(&self) -> (Option<Summary>, u64) {
        let mut known = Times::new();
        for (hops, deliveries) in self.hops.range(1..) {
            known.count(u64::from(*hops), *deliveries);
        }
        (known.summary(), self.hops.get(&0).copied().unwrap_or(0))
    }

    fn write_hops(&self, out: &mut String) -> std::fmt::Result {
        let (Some(hops), unknown) = self.known_hops() else {
            return Ok(());
        };
        writeln!(
            out,
            "hops              {} in the median, at most {} (n = {}, {unknown} not known); in theory {:.1}, if none hears it twice: {}",
            hops.p50,
            hops.max,
            hops.count,
            self.theory(),
            self.at_best()
        )
    }
}

fn write_times(out: &mut String, name: &str, times: Option<&Summary>) -> std::fmt::Result {
    let Some(times) = times else {
        return writeln!(out, "{name:<17} never (n = 0)");
    };
    let show = |nanos| show(Duration::from_nanos(nanos));
    writeln!(
        out,
        "{name:<17} p50 {}, p99 {}, max {} (n = {})",
        show(times.p50),
        show(times.p99),
        show(times.max),
        times.count
    )
}
