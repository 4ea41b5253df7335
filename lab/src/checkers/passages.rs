//! When messages were sent, and when they came.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use trace::history::History;
use trace::steps::Event;

/// A message between two nodes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passage<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    pub(super) kind: &'a str,
    pub(super) sent: u64,
    /// When it came last, if it did.
    pub(super) received: Option<u64>,
    /// Whether its sender has restarted since.
    pub(super) is_forgotten: bool,
}

/// The messages of the last part of a run, between processes that run in the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Late {
    /// How long the slowest took, or has taken up to the end, in nanoseconds.
    pub(super) delay: u64,
    /// When the last one was sent that did not come, although there was time for it.
    pub(super) lost: Option<u64>,
}

/// Of those that were sent at that time or later, in a run that ended at `end`. One that is not
/// older at the end than the slowest of the run may be still under way.
pub(super) fn late(history: &History, since: u64, end: u64) -> Late {
    let runs = |name: &str| history.stopped(name).is_none();
    let all = all(history);
    let took = |message: &Passage<'_>| message.received.unwrap_or(end).saturating_sub(message.sent);
    let arrived = all.iter().filter(|message| message.received.is_some());
    let most = arrived.map(took).max().unwrap_or_default();
    let mut late = Late::default();
    let first = all.partition_point(|message| message.sent < since);
    for message in all[first..].iter().filter(|message| runs(message.to)) {
        match message.received {
            None if took(message) > most => late.lost = Some(message.sent),
            Some(_) | None => late.delay = late.delay.max(took(message)),
        }
    }
    late
}

/// All messages, each with the times when it was sent and when it came.
pub(super) fn all(history: &History) -> Vec<Passage<'_>> {
    let mut received = FxHashMap::<u64, u64>::default();
    for (.., step) in history.steps() {
        if let Some(one) = &step.received {
            let at = received.entry(one.message.id).or_default();
            *at = step.at_unix_nano.max(*at);
        }
    }
    let restarts: BTreeMap<&str, usize> = history
        .steps()
        .filter(|(.., step)| step.restarts)
        .map(|(name, at, _)| (&**name, at))
        .collect();
    let mut all: Vec<_> = history
        .steps()
        .flat_map(|(from, at, step)| {
            let sends = step.events.iter().filter_map(|event| match event {
                Event::Sent { to, message } => Some((to, message)),
                Event::Output { .. } => None,
            });
            let received = &received;
            let is_forgotten = restarts.get(&**from).is_some_and(|restart| at < *restart);
            sends.map(move |(to, message)| Passage {
                from,
                to,
                kind: &message.kind,
                sent: step.at_unix_nano,
                received: received.get(&message.id).copied(),
                is_forgotten,
            })
        })
        .collect();
    all.sort_by_key(|message| message.sent);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkers::by_hand::ByHand;

    const A: &str = "peer-00";
    const B: &str = "peer-01";

    fn sent(run: &mut ByHand, at: u64) -> u64 {
        run.step(A).at_unix_nano = at;
        run.send(A, B, "NOTE", [])
    }

    #[test]
    fn what_is_under_way_is_not_lost() {
        let mut run = ByHand::new([A, B]);
        let first = sent(&mut run, 10);
        run.receive(B, first);
        run.history.processes.get_mut(B).expect("a process")[0].at_unix_nano = 50;
        sent(&mut run, 70);
        let under_way = Late {
            delay: 30,
            lost: None,
        };
        assert_eq!(late(&run.history, 60, 100), under_way);
        let lost = Late {
            delay: 0,
            lost: Some(70),
        };
        assert_eq!(late(&run.history, 60, 111), lost);
        assert_eq!(late(&run.history, 0, 111).delay, 40);
        run.crash(B);
        assert_eq!(late(&run.history, 60, 111), Late::default());
    }
}
