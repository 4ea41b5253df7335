//! The results of the messages.

use std::collections::BTreeMap;
use std::time::Duration;

use lab::planned::Faults;
use lab::spread::{DUPLICATES, Spread};
use lab::stats::{Measure, show, thousands};
use node::gossip;
use serde::Serialize;

use super::pace::Tried;
use super::places::Places;
use super::standing::Standing;
use super::traffic::Traffic;
use crate::experiment::Findings;
use crate::experiment::planned::Drawn;

/// `results` in `run.json`.
#[derive(Debug, Serialize)]
pub struct Results {
    /// How messages spread.
    #[serde(flatten)]
    pub(super) measured: Spread,
    /// What gossipsub sent and received.
    pub(super) traffic: Traffic,
    /// Both by region and by class; `None` without a world.
    pub(super) places: Option<Places>,
    /// Events that were dropped because the laboratory's queue was full.
    pub(super) not_watched: u64,
    /// Deliveries of unknown messages, and duplicate deliveries.
    pub(super) strange: u64,
    /// Deliveries to peers that had restarted, and had had the message before.
    pub(super) again: u64,
    /// Copies that libp2p dropped because their receiver was slow, by receiver.
    pub(super) slow: BTreeMap<String, u64>,
    /// The number of peers that a mesh should have.
    pub(super) mesh: usize,
    /// Whether publishers sent to all of their neighbours.
    pub(super) flood_publish: bool,
    /// The outcome of the planned kills.
    pub(super) faults: Faults,
    /// The faults of churn and at random times.
    pub(super) drawn_faults: Drawn,
    /// Whether there were faults beside kills: what they lose is measured, and not wrong.
    #[serde(skip)]
    pub(super) is_disturbed: bool,
    /// What peers thought of each other, and what attackers did.
    pub(super) standing: Standing,
    /// The number of meshes that had fewer peers than their minimum.
    pub(super) small_meshes: usize,
    /// The time from one message to the next, and the intervals that were tried.
    pub(super) interval_seconds: f64,
    pub(super) tried: Vec<Tried>,
    /// What was measured, in the form of all experiments.
    pub(super) measures: Vec<Measure>,
    /// The summary as text, in lines.
    #[serde(rename = "told")]
    pub(super) summary: Vec<String>,
}

impl Results {
    /// Why the run does not pass, or cannot be trusted.
    pub(super) fn findings(&self) -> Findings {
        let mut findings = Findings::default();
        findings.unknown.extend(self.faults.never());
        findings.unknown.extend(self.drawn_faults.never());
        if self.measured.delivered == 0 {
            findings.incomplete.push("nothing was delivered".into());
        }
        if self.measured.delivered < self.measured.expected && !self.is_disturbed {
            let slow = self.given_up().map(|slow| format!("; {slow}"));
            findings.incomplete.push(format!(
                "{} of {} deliveries were made{}",
                self.measured.delivered,
                self.measured.expected,
                slow.unwrap_or_default()
            ));
        }
        // A peer can lose all its neighbours to faults and attackers.
        let alone = gossip::Error::NobodyThere.to_string();
        let refused = self.measured.refused.iter();
        for (why, count) in refused.filter(|(why, _)| !self.is_disturbed || **why != alone) {
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
        let lines = self.summary.iter().map(|line| format!("{line}\n"));
        lines.collect::<String>() + &self.faults.text() + &self.drawn_faults.text()
    }

    /// Adds the measures and the summary, which are derived from the measurements.
    pub(super) fn with_summary(mut self) -> Self {
        self.measures = self.measured.measures();
        self.compare_duplicates();
        self.measures.extend(self.traffic.measures());
        self.measures.extend(self.standing.measures());
        self.summary = self.lines();
        self
    }

    /// Each peer gets a copy from every peer of its mesh but the one that it sends the message
    /// to first; one of them is no duplicate. IDONTWANT and attackers change that.
    fn compare_duplicates(&mut self) {
        if self.traffic.has_idontwant() || self.standing.attackers.is_some() {
            return;
        }
        let theory = self.mesh.saturating_sub(1) as f64;
        for measure in &mut self.measures {
            if measure.name == DUPLICATES {
                *measure = measure.clone().with_theory(theory);
            }
        }
    }

    /// The copies that libp2p dropped before sending, and the receiver with most of
    /// them. Other copies may have brought the same messages.
    fn given_up(&self) -> Option<String> {
        let (slowest, _) = self.slow.iter().max_by_key(|(_, count)| **count)?;
        Some(format!(
            "{} copies to {} slow peers were given up, most to {slowest}",
            thousands(self.slow.values().sum()),
            self.slow.len()
        ))
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "meshes            of {} peers, {} too small",
            self.mesh, self.small_meshes
        )];
        if !self.tried.is_empty() {
            let found = Duration::from_secs_f64(self.interval_seconds);
            lines.push(format!(
                "interval          {}, the shortest that does not saturate the host ({} were tried)",
                show(found),
                self.tried.len()
            ));
        }
        if let Some(slow) = self.given_up() {
            lines.push(format!("given up          {slow}"));
        }
        lines.extend(self.measured.lines());
        if self.again > 0 {
            lines.push(format!(
                "again             {} deliveries to peers that had restarted, of messages that they had had",
                thousands(self.again)
            ));
        }
        lines.extend(self.traffic.lines());
        lines.extend(self.standing.lines());
        lines.extend(self.places.iter().flat_map(Places::lines));
        lines
    }
}
