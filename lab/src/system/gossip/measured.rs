//! How far and how fast messages came, from the record of a run.
//!
//! Times are those of the spans. Peers of one run read one clock; those of
//! several machines may differ by what their clocks do.

use std::time::Duration;

use algorithms::NodeId;
use trace::history::History;

use super::deliveries::{Message, Stopped};
use crate::spread::Spread;
use crate::stats::{Measure, Summary, Times, show, thousands};

/// Of how many in a hundred of all peers the time is told until they have a
/// message. Its publisher is one of them.
const PARTS: [u64; 3] = [50, 95, 100];

/// What was measured.
pub(super) struct Measured {
    peers: u64,
    /// How a message spreads at best.
    spread: Spread,
    /// How many messages were published.
    pub(super) published: u64,
    /// How many deliveries there should be, and how many not because somebody was
    /// stopped.
    expected: u64,
    excused: u64,
    stopped: Stopped,
    /// How often somebody got one first.
    pub(super) delivered: u64,
    /// How many copies were sent.
    pub(super) sent: u64,
    /// How many copies came.
    pub(super) received: u64,
    /// What the copies said, in bytes.
    bytes: u64,
    hops: Times,
    /// The times until so many had a message, for each of [`PARTS`].
    until: [Times; 3],
}

impl Measured {
    /// Reads a run of so many peers, among which messages spread like this at
    /// best, and its messages.
    pub(super) fn read(
        history: &History,
        messages: &[Message],
        stopped: &Stopped,
        peers: u64,
        spread: Spread,
    ) -> Self {
        let mut measured = Self {
            peers,
            spread,
            published: history.said("Published"),
            expected: 0,
            excused: 0,
            stopped: stopped.clone(),
            delivered: history.said("Delivered"),
            sent: 0,
            received: 0,
            bytes: 0,
            hops: Times::new(),
            until: PARTS.map(|_| Times::new()),
        };
        for (.., message) in history.sends() {
            if message.fields.get_text("rumour").is_some() {
                measured.sent += 1;
                let size = message.fields.get_integer("size");
                measured.bytes += size.map_or(0, i64::cast_unsigned);
            }
        }
        let received = history
            .steps()
            .filter_map(|(.., step)| step.received.as_ref());
        let of_rumours = received.filter(|one| one.message.fields.get_text("rumour").is_some());
        measured.received = of_rumours.count() as u64;
        for message in messages {
            let arrivals = || message.arrivals.values();
            for hops in arrivals().filter_map(|arrival| arrival.hops) {
                measured.hops.count(hops, 1);
            }
            let delivered = arrivals().map(|arrival| arrival.at).collect();
            measured.add(message.at, delivered, peers - message.missed(stopped));
        }
        measured
    }

    /// So many deliveries there would be, but for those that are excused.
    pub(super) fn expecting(self, all: u64, excused: u64) -> Self {
        Self {
            expected: all.saturating_sub(excused),
            excused,
            ..self
        }
    }

    /// A message that was published then, and delivered at these times. So many
    /// peers could have it.
    fn add(&mut self, published: u64, mut delivered: Vec<u64>, peers: u64) {
        delivered.sort_unstable();
        for (part, until) in PARTS.iter().zip(&mut self.until) {
            let have = (peers * part).div_ceil(100);
            // The publisher has it from the start.
            let last = match have.saturating_sub(1) {
                0 => Some(published),
                others => delivered.get(others as usize - 1).copied(),
            };
            if let Some(last) = last {
                until.record(Duration::from_nanos(last.saturating_sub(published)));
            }
        }
    }

    /// All of it, in the form of all experiments.
    pub(super) fn measures(&self) -> Vec<Measure> {
        let lost = |times: &Times| {
            let count = times.summary().map_or(0, |summary| summary.count);
            self.published.saturating_sub(count)
        };
        let until = PARTS.iter().zip(&self.until).map(|(part, times)| {
            Measure::times(&format!("time to {part} %"), times.summary(), lost(times))
        });
        let mut all: Vec<_> = until.collect();
        let duplicates = self.received.saturating_sub(self.delivered);
        let missing = self.expected.saturating_sub(self.delivered);
        let hops = Measure::numbers("hops", self.hops.summary(), missing);
        all.push(hops.with_theory(self.theory()));
        for (name, part) in [
            ("duplicates a delivery", ratio(duplicates, self.delivered)),
            ("bytes a delivery", ratio(self.bytes, self.delivered)),
        ] {
            all.push(Measure::ratio(name, part, self.delivered));
        }
        all.push(Measure::ratio(
            "delivered",
            ratio(self.delivered, self.expected),
            self.expected,
        ));
        all
    }

    /// After how many hops all can have a message, if none is told twice.
    fn theory(&self) -> f64 {
        self.spread.hops(self.peers)
    }

    /// All of it for people: a line each. `messages` were to be published.
    pub(super) fn tell(&self, [min, median, max]: [u64; 3], messages: u64) -> Vec<String> {
        let mut lines = vec![
            line(
                "degree",
                &format!(
                    "min {min}, median {median}, max {max} ({} peers)",
                    self.peers
                ),
            ),
            line(
                "delivered",
                &format!(
                    "{} of {} ({:.2} %), of {} of {} messages published",
                    thousands(self.delivered),
                    thousands(self.expected),
                    100.0 * ratio(self.delivered, self.expected),
                    thousands(self.published),
                    thousands(messages)
                ),
            ),
        ];
        for (peer, after) in &self.stopped {
            let seconds = after.as_secs_f64();
            let text = format!("{} after {seconds:.1} s", NodeId(*peer));
            lines.push(line("stopped", &text));
        }
        if self.excused > 0 {
            let excused = thousands(self.excused);
            let text = format!("{excused} deliveries to who stopped, or by them, are not expected");
            lines.push(line("", &text));
        }
        let duplicates = self.received.saturating_sub(self.delivered);
        lines.push(line(
            "a delivery",
            &format!(
                "{:.2} duplicates, {:.2} copies sent, {} bytes of payload sent",
                ratio(duplicates, self.delivered),
                ratio(self.sent, self.delivered),
                thousands(ratio(self.bytes, self.delivered).round() as u64)
            ),
        ));
        let on_the_way = self.sent.saturating_sub(self.received);
        lines.push(line(
            "not received",
            &format!(
                "{} copies: under way when the run was over, or lost",
                thousands(on_the_way)
            ),
        ));
        lines.push(line(
            "hops",
            &match self.hops.summary() {
                Some(Summary {
                    p50,
                    p99,
                    max,
                    count,
                    ..
                }) => {
                    format!("p50 {p50}, p99 {p99}, max {max} (n={count})")
                }
                None => "none (n=0)".into(),
            },
        ));
        let peers = self.peers as f64;
        lines.push(line(
            "in theory",
            &format!(
                "{:.1} hops, if none hears it twice: {}; log2 N = {:.1} rounds at least, if everybody who knows tells one in each; log2 N + ln N = {:.1} until all know",
                self.theory(),
                self.spread,
                peers.log2(),
                peers.log2() + peers.ln()
            ),
        ));
        for (part, until) in PARTS.iter().zip(&self.until) {
            lines.push(line(&format!("until {part} %"), &self.until(until)));
        }
        lines
    }

    /// Messages that never came so far are counted beside those that did.
    fn until(&self, times: &Times) -> String {
        let summary = times.summary();
        let count = summary.map_or(0, |summary| summary.count);
        let text = match summary {
            Some(Summary { p50, p99, max, .. }) => {
                let [p50, p99, max] = [p50, p99, max].map(|time| show(Duration::from_nanos(time)));
                format!("p50 {p50}, p99 {p99}, max {max} (n={count})")
            }
            None => "none (n=0)".into(),
        };
        match self.published.saturating_sub(count) {
            0 => text,
            never => format!("{text}; {never} of {} messages never", self.published),
        }
    }
}

fn ratio(of: u64, to: u64) -> f64 {
    of as f64 / to.max(1) as f64
}

fn line(name: &str, text: &str) -> String {
    format!("{name:<17} {text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(peers: u64) -> Measured {
        Measured {
            published: 2,
            delivered: 0,
            ..Measured::read(
                &History::default(),
                &[],
                &Stopped::new(),
                peers,
                Spread::new(2, 1),
            )
            .expecting(2, 0)
        }
    }

    #[test]
    fn what_never_came_to_all_is_counted() {
        let mut measured = measured(4);
        let ms = |time: u64| time * 1_000_000;
        for delivered in [vec![ms(30), ms(10), ms(20)], vec![ms(5)]] {
            measured.add(0, delivered, 4);
        }
        let [half, most, all] = &measured.until;
        let ends = ["(n=2)", "(n=1); 1 of 2 messages never"];
        assert!(measured.until(half).ends_with(ends[0]), "two of four");
        assert!(measured.until(most).ends_with(ends[1]), "four of four");
        let summary = all.summary().expect("one");
        assert!(summary.max.abs_diff(ms(30)) < ms(1), "{summary:?}");
        let text = measured.until(all);
        assert!(text.ends_with(ends[1]), "{text}");
    }

    #[test]
    fn without_anything_nothing_is_made_up() {
        let lines = measured(2).tell([1, 1, 1], 2);
        let nothing = "until 100 %       none (n=0); 2 of 2 messages never";
        assert_eq!(lines.last().map(String::as_str), Some(nothing));
        assert!(lines.contains(&"hops              none (n=0)".to_owned()));
    }
}
