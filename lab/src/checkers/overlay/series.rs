//! A run of an overlay interval by interval: the same numbers as of the whole run, over time.

mod connected;
#[cfg(test)]
mod tests;

use std::time::Duration;

use algorithms::Fields;
use serde::Serialize;
use trace::history::History;
use trace::steps::StepRecord;

use super::outputs;
use crate::checkers::routing::Used;
use crate::stats::{median, nanos};

/// The most intervals of a run. One that has more of them is summarized over several at a time. A
/// guess: more points would not be seen in a plot.
const MOST: u64 = 1_000;

/// An interval of a run: a row of `intervals.csv`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Interval {
    /// When it begins, in seconds since the first step of the run.
    pub from_seconds: f64,
    /// When it ends.
    pub until_seconds: f64,
    /// How many peers run at its end.
    pub peers: u64,
    /// The share of pairs of these at its end of which the first reaches the second: over next hops,
    /// peers that run, and links that are not out. `None` without pairs.
    pub pairs_connected: Option<f64>,
    /// How many links lie between these on average. `None` if no pair is connected.
    pub mean_distance: Option<f64>,
    /// How many links were opened, each counted by who asked for it.
    pub links_opened: u64,
    /// How many were closed, each counted at each end that noticed it.
    pub links_closed: u64,
    /// Of these: they served least.
    pub closed_replaced: u64,
    /// The other end had closed them.
    pub closed_other: u64,
    /// Nothing came back over them.
    pub closed_silent: u64,
    /// They never worked.
    pub closed_vain: u64,
    /// Their node started anew.
    pub closed_island: u64,
    /// The other end had no certificate that held.
    pub closed_expelled: u64,
    /// How many packets were sent.
    pub packets_sent: u64,
    /// How many arrived.
    pub packets_delivered: u64,
    /// How many were dropped.
    pub packets_dropped: u64,
    /// Of these: there was no route.
    pub dropped_no_route: u64,
    /// They came over a link that was closed.
    pub dropped_no_link: u64,
    /// They had crossed as many links as they may.
    pub dropped_too_far: u64,
    /// How many bytes those carried that came over a closed link.
    pub lost_at_closes_bytes: u64,
    /// How many outages began of links that were in use, but for those of which the run does not show
    /// whether they were masked.
    pub outages: u64,
    /// How many of these were masked before they ended.
    pub outages_masked: u64,
    /// After what time no next hop led over a link any more whose outage began then: half of the ends
    /// that noticed it had by then.
    pub detection_p50_seconds: Option<f64>,
    /// How many bytes a peer received in each second in messages beside packets. All peers count.
    pub overhead_bytes_per_second: f64,
}

/// The intervals of a run, one for each time of that length. The last one is between half and one and
/// a half of it. `outages` are those of the run over whose links next hops led.
pub fn series(history: &History, outages: &[Used], every: Duration) -> Vec<Interval> {
    let Some(clock) = Clock::of(history, nanos(every)) else {
        return Vec::new();
    };
    let mut rows: Vec<Interval> = (0..clock.count).map(|at| clock.interval(at)).collect();
    for (.., step) in history.steps() {
        let row = &mut rows[clock.place(step.at_unix_nano)];
        for (kind, fields) in outputs(step) {
            row.count(kind, fields, step);
        }
        row.overhead_bytes_per_second += received_beside_packets(step) as f64;
    }
    let nodes = history.processes.len() as f64;
    for row in &mut rows {
        let time = (row.until_seconds - row.from_seconds) * nodes;
        row.overhead_bytes_per_second /= if time > 0.0 { time } else { f64::INFINITY };
    }
    for (row, sample) in rows.iter_mut().zip(connected::samples(history, &clock)) {
        let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        row.peers = sample.peers;
        let pairs = sample.peers * sample.peers.saturating_sub(1);
        row.pairs_connected = share(sample.reached, pairs);
        row.mean_distance = share(sample.distance, sample.reached);
    }
    add_outages(&mut rows, outages, &clock);
    rows
}

impl Interval {
    /// Counts an output of a step.
    fn count(&mut self, kind: &str, fields: &Fields, step: &StepRecord) {
        match kind {
            "Opened" => self.links_opened += u64::from(fields.get_flag("own") == Some(true)),
            "Closed" => {
                self.links_closed += 1;
                self.count_reason(fields);
            }
            "Sent" => self.packets_sent += 1,
            "Delivered" => self.packets_delivered += 1,
            "Dropped" => {
                self.packets_dropped += 1;
                self.count_reason(fields);
                if fields.get_text("why") == Some("no_link") {
                    self.lost_at_closes_bytes += carried(step);
                }
            }
            _ => {}
        }
    }

    /// The reasons of links that are closed, and of packets that are dropped, have different names.
    fn count_reason(&mut self, fields: &Fields) {
        let count = match fields.get_text("why").unwrap_or_default() {
            "replaced" => &mut self.closed_replaced,
            "other" => &mut self.closed_other,
            "silent" => &mut self.closed_silent,
            "vain" => &mut self.closed_vain,
            "island" => &mut self.closed_island,
            "expelled" => &mut self.closed_expelled,
            "no_route" => &mut self.dropped_no_route,
            "no_link" => &mut self.dropped_no_link,
            "too_far" => &mut self.dropped_too_far,
            // It counts in the sum.
            _ => return,
        };
        *count += 1;
    }
}

/// The bytes that the packet carries which a step handles.
fn carried(step: &StepRecord) -> u64 {
    let received = step.received.as_ref();
    let size = received.and_then(|received| received.message.fields.get_integer("data.size"));
    size.map_or(0, i64::unsigned_abs)
}

fn received_beside_packets(step: &StepRecord) -> u64 {
    let received = step.received.as_ref();
    let other = received.filter(|received| received.message.kind != "PACKET");
    other.and_then(|received| received.size).unwrap_or(0)
}

fn add_outages(rows: &mut [Interval], outages: &[Used], clock: &Clock) {
    let mut noticed = vec![Vec::new(); rows.len()];
    for outage in outages {
        let place = clock.place(outage.began);
        rows[place].outages += u64::from(outage.is_masked.is_some());
        rows[place].outages_masked += u64::from(outage.is_masked == Some(true));
        noticed[place].extend(outage.noticed.iter().map(|nanos| *nanos as f64 / 1e9));
    }
    for (row, noticed) in rows.iter_mut().zip(noticed) {
        row.detection_p50_seconds = median(noticed);
    }
}

/// The times of the intervals, in nanoseconds since the Unix epoch.
struct Clock {
    began: u64,
    end: u64,
    every: u64,
    count: u64,
}

impl Clock {
    /// `None` for a run without steps, and for intervals without length.
    fn of(history: &History, every: u64) -> Option<Self> {
        let times = || history.steps().map(|(.., step)| step.at_unix_nano);
        let (began, end) = (times().min()?, times().max()?);
        let count = |every: u64| (end - began).saturating_add(every / 2) / every;
        let every = match every {
            0 => return None,
            every => every.saturating_mul(count(every).div_ceil(MOST).max(1)),
        };
        let count = count(every).max(1);
        Some(Self {
            began,
            end,
            every,
            count,
        })
    }

    /// The interval of that time. A time before the run is in the first one.
    fn place(&self, at: u64) -> usize {
        let place = at.saturating_sub(self.began) / self.every;
        place.min(self.count - 1) as usize
    }

    /// When that interval ends. What happens then belongs to the next one, but for the last.
    fn until(&self, place: u64) -> u64 {
        match place + 1 == self.count {
            true => self.end.saturating_add(1),
            false => self.began + (place + 1) * self.every,
        }
    }

    fn interval(&self, place: u64) -> Interval {
        let until = self.until(place).min(self.end);
        Interval {
            from_seconds: (place * self.every) as f64 / 1e9,
            until_seconds: (until - self.began) as f64 / 1e9,
            ..Interval::default()
        }
    }
}
