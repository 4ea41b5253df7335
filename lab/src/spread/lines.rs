//! The measured spread of messages, as text.

use std::time::Duration;

use super::{Spread, ratio};
use crate::stats::{Summary, show, thousands};

/// How many peers that stopped are named. A guess: more would not be read.
const SHOWN: usize = 8;

impl Spread {
    /// All of it, in lines.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.degree(), self.delivered()];
        if self.under_way > 0 {
            let under_way = thousands(self.under_way);
            let text = format!("{under_way} deliveries when the run was interrupted");
            lines.push(line("under way", &text));
        }
        for (peer, seconds) in self.stopped.iter().take(SHOWN) {
            lines.push(line("stopped", &format!("{peer} after {seconds:.1} s")));
        }
        if self.stopped.len() > SHOWN {
            let rest = self.stopped.len() - SHOWN;
            lines.push(line("", &format!("and {rest} more")));
        }
        if self.excused > 0 {
            let excused = thousands(self.excused);
            let text =
                format!("{excused} deliveries to peers that stopped, or by them, are not expected");
            lines.push(line("", &text));
        }
        lines.push(self.copies());
        if let Some(sent) = self.sent {
            let missing = thousands(sent.saturating_sub(self.copies));
            let text = format!("{missing} copies: under way when the run was over, or lost");
            lines.push(line("not received", &text));
        }
        lines.extend([self.hops(), self.in_theory()]);
        for reached in &self.spread {
            let times = times(reached.time_ns.as_ref());
            let text = match reached.never {
                0 => times,
                never => format!("{times}; {never} of {} messages never", self.published),
            };
            lines.push(line(&format!("to {} %", reached.percent), &text));
        }
        lines.push(line("to a peer", &times(self.delivery_ns.as_ref())));
        lines
    }

    fn degree(&self) -> String {
        let [min, median, max] = self.degree;
        let peers = self.peers;
        line(
            "degree",
            &format!("min {min}, median {median}, max {max} ({peers} peers)"),
        )
    }

    fn delivered(&self) -> String {
        line(
            "delivered",
            &format!(
                "{} of {} ({:.2} %), of {} of {} messages published",
                thousands(self.delivered),
                thousands(self.expected),
                100.0 * ratio(self.delivered, self.expected),
                thousands(self.published),
                thousands(self.messages)
            ),
        )
    }

    fn copies(&self) -> String {
        let (sent, done) = match self.sent {
            Some(sent) => (format!(", {:.2} copies sent", self.each(sent)), "sent"),
            None => (String::new(), "received"),
        };
        let bytes = thousands(self.each(self.copied_bytes).round() as u64);
        let duplicates = self.each(self.duplicates());
        let copies = self.each(self.copies);
        line(
            "a delivery",
            &format!(
                "{copies:.2} copies received, {duplicates:.2} of them duplicates{sent}; {bytes} bytes of data {done}"
            ),
        )
    }

    fn hops(&self) -> String {
        let (known, unknown) = self.known_hops();
        let unknown = match unknown {
            0 => String::new(),
            unknown => format!("; not known of {unknown}"),
        };
        let text = match known {
            Some(Summary {
                p50,
                p99,
                max,
                count,
                ..
            }) => format!("p50 {p50}, p99 {p99}, max {max} (n = {count}){unknown}"),
            None => format!("none (n = 0){unknown}"),
        };
        line("hops", &text)
    }

    fn in_theory(&self) -> String {
        let peers = self.peers as f64;
        line(
            "in theory",
            &format!(
                "{:.1} hops, if no peer hears it twice: {}; log2 N = {:.1} rounds at least, if every peer that has it sends it to one in each; log2 N + ln N = {:.1} until all know",
                self.theory(),
                self.bound,
                peers.log2(),
                peers.log2() + peers.ln()
            ),
        )
    }
}

fn times(times: Option<&Summary>) -> String {
    let Some(Summary {
        p50,
        p99,
        max,
        count,
        ..
    }) = times
    else {
        return "none (n = 0)".into();
    };
    let [p50, p99, max] = [p50, p99, max].map(|nanos| show(Duration::from_nanos(*nanos)));
    format!("p50 {p50}, p99 {p99}, max {max} (n = {count})")
}

fn line(name: &str, text: &str) -> String {
    format!("{name:<17} {text}")
}
