//! The results of the pings.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use algorithms::NodeId;
use lab::stats::{Measure, Summary, Times, show};
use lab::system::ping::PeerPair;
use serde::Serialize;

use super::PingProtocol;
use crate::experiment::Findings;

/// How many losses are listed individually; all are in `results.csv`.
const TOLD: usize = 20;

/// The outcome of one ping.
pub(super) enum Outcome {
    Answered {
        round_trip: Duration,
    },
    /// No answer arrived in time, and the channel is still open.
    TimedOut,
    /// No answer can arrive: the channel is gone.
    Lost {
        reason: String,
    },
}

/// Why a ping without an answer counts as lost although its channel is open.
const TIMED_OUT: &str = "no answer in time";

impl Outcome {
    /// Why there is no answer.
    pub(super) fn loss(&self) -> Option<&str> {
        match self {
            Self::Answered { .. } => None,
            Self::TimedOut => Some(TIMED_OUT),
            Self::Lost { reason } => Some(reason),
        }
    }
}

/// A line of `results.csv`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Row {
    ping: u64,
    from: u32,
    to: u32,
    sent_unix_ns: u64,
    round_trip_ns: Option<u64>,
    lost: Option<String>,
}

impl Row {
    pub(super) fn new(
        ping: u64,
        PeerPair { from, to }: PeerPair,
        sent: SystemTime,
        outcome: Outcome,
    ) -> Self {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let round_trip = match outcome {
            Outcome::Answered { round_trip } => Some(nanos(round_trip)),
            Outcome::TimedOut | Outcome::Lost { .. } => None,
        };
        Self {
            ping,
            from,
            to,
            sent_unix_ns: nanos(sent.duration_since(UNIX_EPOCH).unwrap_or_default()),
            round_trip_ns: round_trip,
            lost: outcome.loss().map(str::to_owned),
        }
    }
}

/// The pings of a run so far.
#[derive(Debug)]
pub(super) struct Tally {
    expected: u64,
    sent: u64,
    times: Times,
    first: Option<First>,
    losses: Vec<Row>,
    lost: u64,
    timed_out: u64,
    not_closed: u64,
    over: PingProtocol,
    /// The names of the peers in `losses`.
    names: BTreeMap<u32, String>,
}

/// `results` in `run.json`.
#[derive(Debug, Serialize)]
pub struct Results {
    /// Which protocol the pings went over.
    pub protocol: &'static str,
    /// Pings that were to be sent.
    pub expected: u64,
    /// Pings that were sent.
    pub sent: u64,
    /// Pings that were answered.
    pub answered: u64,
    /// Pings that were not.
    pub lost: u64,
    /// How many of the lost pings timed out.
    pub timed_out: u64,
    /// Channels that the other side did not close in time.
    pub channels_left_open: u64,
    /// The round trips.
    pub round_trip_ns: Option<Summary>,
    /// The first ping.
    pub first: Option<First>,
    /// The first pings that were lost.
    pub losses: Vec<Row>,
    /// The names of the peers in `losses`, by their number.
    pub names: BTreeMap<u32, String>,
    /// What was measured, in the form of all experiments.
    pub measures: Vec<Measure>,
}

/// The first ping, with the names of its two peers.
#[derive(Clone, Debug, Serialize)]
pub struct First {
    from: Who,
    to: Who,
    round_trip_ns: Option<u64>,
}

/// A peer: its name in the run, and its PeerId.
#[derive(Clone, Debug, Serialize)]
pub struct Who {
    /// Its name.
    pub name: String,
    /// Its PeerId, if it is known.
    pub peer_id: Option<String>,
}

impl Tally {
    pub(super) fn new(expected: u64) -> Self {
        Self {
            expected,
            sent: 0,
            times: Times::new(),
            first: None,
            losses: Vec::new(),
            lost: 0,
            timed_out: 0,
            not_closed: 0,
            over: PingProtocol::Channel,
            names: BTreeMap::new(),
        }
    }

    /// The number of the next ping.
    pub(super) fn next(&self) -> u64 {
        self.sent
    }

    pub(super) fn add(&mut self, row: Row, who: impl Fn(u32) -> Who) {
        self.sent += 1;
        match row.round_trip_ns {
            Some(nanos) => self.times.record(Duration::from_nanos(nanos)),
            None => {
                self.lost += 1;
                self.timed_out += u64::from(row.lost.as_deref() == Some(TIMED_OUT));
                if self.losses.len() < TOLD {
                    for node in [row.from, row.to] {
                        self.names.entry(node).or_insert_with(|| who(node).name);
                    }
                    self.losses.push(row.clone());
                }
            }
        }
        self.first.get_or_insert_with(|| First {
            from: who(row.from),
            to: who(row.to),
            round_trip_ns: row.round_trip_ns,
        });
    }

    /// Records the protocol that a pair's pings used.
    pub(super) fn went(&mut self, over: PingProtocol) {
        self.over = over;
    }

    pub(super) fn hung_up(&mut self, closed: bool) {
        self.not_closed += u64::from(!closed);
    }

    /// The results of the pings so far.
    pub(super) fn results(self) -> Results {
        Results {
            protocol: self.over.protocol(),
            expected: self.expected,
            sent: self.sent,
            answered: self.sent - self.lost,
            lost: self.lost,
            timed_out: self.timed_out,
            channels_left_open: self.not_closed,
            round_trip_ns: self.times.summary(),
            first: self.first,
            losses: self.losses,
            names: self.names,
            measures: vec![Measure::times(
                "round trip",
                self.times.summary(),
                self.lost,
            )],
        }
    }
}

impl Results {
    /// Why the run does not pass.
    pub(super) fn findings(&self) -> Findings {
        let mut findings = Findings::default();
        let broken = self.lost - self.timed_out;
        for (count, found) in [
            (broken, &mut findings.violations),
            (self.timed_out, &mut findings.incomplete),
        ] {
            if count > 0 {
                found.push(format!("{count} of {} pings were lost", self.sent));
            }
        }
        if self.sent < self.expected {
            findings.incomplete.push(format!(
                "{} of {} pings were sent",
                self.sent, self.expected
            ));
        }
        if self.channels_left_open > 0 {
            findings.incomplete.push(format!(
                "{} channels were not closed by the other side",
                self.channels_left_open
            ));
        }
        findings
    }

    /// The results as text.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let show = |nanos: u64| show(Duration::from_nanos(nanos));
        let name = |who: &Who| match &who.peer_id {
            Some(id) if *id != who.name => format!("{} {id}", who.name),
            Some(_) | None => who.name.clone(),
        };
        let channels = PingProtocol::Channel.protocol();
        let over_channels = self.protocol == channels;
        if let (
            Some(First {
                from,
                to,
                round_trip_ns,
            }),
            1,
        ) = (&self.first, self.expected)
        {
            let _ = writeln!(text, "{} pinged {}", name(from), name(to));
            if let Some(nanos) = round_trip_ns {
                let what = match over_channels {
                    true => "channels",
                    false => "stream",
                };
                let _ = writeln!(
                    text,
                    "  round trip      {}, opening the {what} included",
                    show(*nanos)
                );
            }
        } else {
            let _ = writeln!(
                text,
                "{} pings: {} answered, {} lost",
                self.sent, self.answered, self.lost
            );
            if let Some(Summary {
                count,
                min,
                p50,
                p90,
                p99,
                max,
            }) = self.round_trip_ns
            {
                let line = [
                    ("min", min),
                    ("p50", p50),
                    ("p90", p90),
                    ("p99", p99),
                    ("max", max),
                ]
                .map(|(name, nanos)| format!("{name} {}", show(nanos)))
                .join(", ");
                let _ = writeln!(text, "  round trip      {line} (n = {count})");
            }
        }
        if !over_channels && self.answered > 0 {
            let protocol = &self.protocol;
            let _ = writeln!(
                text,
                "  over            {protocol}, {} bytes: the peer does not speak {channels}",
                node::ping::SIZE
            );
        }
        for Row {
            ping,
            from,
            to,
            lost,
            ..
        } in &self.losses
        {
            let called = |node: &u32| {
                let name = self.names.get(node).cloned();
                name.unwrap_or_else(|| NodeId(*node).to_string())
            };
            let (from, to) = (called(from), called(to));
            let why = lost.as_deref().unwrap_or("lost");
            let _ = writeln!(text, "  ping {ping}, {from} to {to}: {why}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(sent: u64, lost: u64, timed_out: u64) -> Results {
        Results {
            protocol: "",
            expected: 10,
            sent,
            answered: sent - lost,
            lost,
            timed_out,
            channels_left_open: 0,
            round_trip_ns: None,
            first: None,
            losses: Vec::new(),
            names: BTreeMap::new(),
            measures: Vec::new(),
        }
    }

    /// Incomplete operations make the verdict unknown on a saturated host.
    #[test]
    fn late_answers_are_incomplete_and_impossible_ones_violations() {
        for (sent, lost, timed_out, violations, incomplete) in [
            (10, 0, 0, 0, 0),
            (10, 3, 3, 0, 1),
            (10, 3, 1, 1, 1),
            (10, 3, 0, 1, 0),
            (9, 0, 0, 0, 1),
        ] {
            let findings = results(sent, lost, timed_out).findings();
            let found = (findings.violations.len(), findings.incomplete.len());
            assert_eq!(found, (violations, incomplete), "{sent} {lost} {timed_out}");
        }
    }
}
