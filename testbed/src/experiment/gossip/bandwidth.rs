//! Bytes of gossipsub over time: at regular times, what each peer has sent and received since
//! the time before.

use std::collections::BTreeMap;
use std::time::Duration;

use node::PeerId;
use node::gossip::Counts;
use node::traffic::{self, Flow, Traffic};
use serde::Serialize;

use crate::experiment::percentiles::Percentiles;
use crate::network::Members;

/// How many samples a run has at most, evenly over the time of its messages. A guess: a plot
/// shows as many.
const SAMPLES: u32 = 60;

/// The least time between two samples: heartbeats are so far apart.
const APART: Duration = Duration::from_secs(1);

/// When samples are taken, while messages are sent for so long.
pub(super) fn times(lasts: Duration) -> impl Iterator<Item = Duration> {
    let apart = APART.max(lasts / SAMPLES);
    let all = (0..=SAMPLES).map(move |number| apart * number);
    all.take_while(move |at| *at <= lasts)
}

/// What peers sent and received between two times, in seconds since the first message.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Sample {
    from_seconds: f64,
    to_seconds: f64,
    sent_bytes: Percentiles,
    received_bytes: Percentiles,
}

/// The samples so far.
#[derive(Debug, Default)]
pub(super) struct Bandwidth {
    /// What each peer had sent and received at the last time.
    last: Option<(Duration, BTreeMap<PeerId, Traffic>)>,
    pub(super) samples: Vec<Sample>,
}

impl Bandwidth {
    /// Of the peers whose number is below `honest`, so long after the first message.
    pub(super) fn take(&mut self, counts: &Counts, members: &Members, honest: u32, at: Duration) {
        let now = counts.traffic();
        if let Some((then, before)) = self.last.replace((at, now.clone())) {
            let traffic = traffic::since(now, &before).into_iter();
            let is_honest =
                |peer: &PeerId| members.numbers.get(peer).is_some_and(|one| *one < honest);
            let of: Vec<_> = traffic
                .filter_map(|(peer, traffic)| is_honest(&peer).then_some(traffic))
                .collect();
            let bytes = |flow: fn(&Traffic) -> Flow| {
                Percentiles::of(of.iter().map(|one| flow(one).bytes).collect())
            };
            self.samples.push(Sample {
                from_seconds: then.as_secs_f64(),
                to_seconds: at.as_secs_f64(),
                sent_bytes: bytes(|one| one.sent),
                received_bytes: bytes(|one| one.received),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_a_second_apart_or_as_many_as_a_plot_shows() {
        let seconds = Duration::from_secs;
        assert_eq!(times(seconds(3)).count(), 4);
        let hour: Vec<_> = times(seconds(3600)).collect();
        assert_eq!((hour.len(), hour[1]), (61, seconds(60)));
        assert_eq!(times(Duration::ZERO).count(), 1);
    }
}
